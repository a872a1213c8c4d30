/** A handle on scripted servers in this process: each connection is made to the next one. */

import { resolveCommonOptions } from '../../lib/servers/common-options.ts';
import type { CommonServerOptions } from '../../lib/servers/common-options.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import type { Road } from '../../lib/servers/lifecycle.ts';
import type { ScriptedPeer } from './scripted-peer.ts';
import type { FakeClock } from './fake-clock.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

/** What a test may change. */
export interface MemoryServerOptions extends Partial<CommonServerOptions> {
  readonly clock: FakeClock;
  /** Whether a lost connection is made again. Default: it is. */
  readonly restart?: 'on-crash' | 'never';
}

/** A handle whose first connection is to the first of `peers`, and so on; when there is no further one, the last one is asked again. */
export function memoryServer(peers: readonly ScriptedPeer[], { restart = 'on-crash', ...options }: MemoryServerOptions): ConnectedServer {
  let connections = 0;
  const road: Road = {
    recovers: 'limited',
    network: () => ({ transport: 'pipe' }),
    open: (connection, signal) => connection.open((peers[connections++] ?? (peers.at(-1) as ScriptedPeer)).transport, signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: () => Promise.resolve(false),
    left: () => Promise.resolve(),
  };
  const common = resolveCommonOptions('MemoryServer', { serverName: 'memory', protocolVersions: LEGACY_VERSIONS, ...options });
  const policy = { startupTimeoutMs: 10_000, maxConnectionRetries: 0, restart, requestTimeoutMs: 30_000, healthCheckIntervalMs: 0, maxRequestRetries: 0 };
  return new ConnectedServer({ ...common, ...policy }, road);
}
