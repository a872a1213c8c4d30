/** A handle on a {@link ScriptedPeer} in this process, whose time passes only when a test says so. */

import type { Connection } from '../../lib/connection/connection.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import type { Road } from '../../lib/servers/lifecycle.ts';
import { resolveStdioOptions } from '../../lib/servers/stdio-options.ts';
import type { StdioMCPServerOptions } from '../../lib/index.ts';
import { FakeClock } from './fake-clock.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import type { Script } from './scripted-peer.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

/** What a test holds: the handle, connected, the peer it talks to, and the hands of its clock. */
export interface ScriptedServer {
  readonly server: ConnectedServer;
  readonly peer: ScriptedPeer;
  readonly clock: FakeClock;
  /** What the logger heard: level, message and facts. */
  readonly logged: readonly (readonly [level: string, message: string, facts: unknown])[];
}

/** Connects a handle to a peer that does what `script` says, runs `body`, and lets go. */
export async function withScripted(script: Script, options: Partial<StdioMCPServerOptions>, body: (scripted: ScriptedServer) => Promise<void>): Promise<void> {
  const peer = new ScriptedPeer(script);
  const clock = new FakeClock();
  const logged: (readonly [string, string, unknown])[] = [];
  const note = (level: string) => (message: string, facts: unknown): void => void logged.push([level, message, facts]);
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const road: Road = {
    recovers: 'limited',
    open: (connection: Connection, signal: AbortSignal) => connection.open(peer.transport, signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: () => Promise.resolve(false),
    left: () => Promise.resolve(),
    network: () => ({ transport: 'pipe' }),
  };
  const given = { serverName: 'scripted', command: ['none'], checkArguments: false, protocolVersions: LEGACY_VERSIONS, healthCheckIntervalMs: 0, logger, logLevel: 'DEBUG' as const, clock, ...options };
  const server = new ConnectedServer(resolveStdioOptions(given), road);
  try {
    await server.connect();
    await body({ server, peer, clock, logged });
  } finally {
    await server.cleanup();
  }
}
