/** A handle on a scripted peer in this process, on a clock that a test turns. */

import type { Clock } from '../../lib/base/clock.ts';
import type { MCPError } from '../../lib/base/errors.ts';
import type { ServerEvents } from '../../lib/features/server-events.ts';
import { resolveCommonOptions } from '../../lib/servers/common-options.ts';
import type { CommonServerOptions } from '../../lib/servers/common-options.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import type { Road } from '../../lib/servers/lifecycle.ts';
import { FakeClock } from './fake-clock.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import type { Script } from './scripted-peer.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

/** What a test gets. */
export interface MemoryHandle {
  readonly server: ConnectedServer;
  readonly peer: ScriptedPeer;
  readonly clock: FakeClock;
  /** Every fault so far. */
  readonly faults: MCPError[];
  /** Every event of one name from now on. */
  heard<Name extends keyof ServerEvents>(event: Name): Array<ServerEvents[Name]>;
}

/** Options of a test: whatever a handle of any kind has. */
export type MemoryOptions = Partial<CommonServerOptions>;

/** Makes a handle that is not connected. */
export function memoryHandle(script: Script, options: MemoryOptions = {}): MemoryHandle {
  const peer = new ScriptedPeer(script);
  const clock = new FakeClock();
  const road: Road = {
    recovers: 'limited',
    open: (connection, signal) => connection.open(peer.transport, signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: async () => false,
    left: async () => {},
    network: () => ({ transport: 'pipe' }),
  };
  const resolved = resolveCommonOptions('test', { serverName: 'test', clock: clock as Clock, protocolVersions: LEGACY_VERSIONS, ...options });
  const policy = { startupTimeoutMs: 1_000, maxConnectionRetries: 0, restart: 'never', requestTimeoutMs: 1_000, healthCheckIntervalMs: 0, maxRequestRetries: 0 } as const;
  const server = new ConnectedServer({ ...resolved, ...policy }, road);
  const faults: MCPError[] = [];
  server.on('fault', (fault) => faults.push(fault));
  return {
    server,
    peer,
    clock,
    faults,
    heard: (event) => {
      const payloads: Array<ServerEvents[typeof event]> = [];
      server.on(event, (payload) => payloads.push(payload));
      return payloads;
    },
  };
}

/** Runs `body` with a connected handle and cleans up. */
export async function withMemoryHandle<T>(script: Script, options: MemoryOptions, body: (handle: MemoryHandle) => Promise<T>): Promise<T> {
  const handle = memoryHandle(script, options);
  await handle.server.connect();
  try {
    return await body(handle);
  } finally {
    await handle.server.cleanup();
  }
}
