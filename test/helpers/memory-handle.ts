/** A handle on scripted peers in this process, on a clock that a test turns. */

import assert from 'node:assert/strict';
import type { MCPError } from '../../lib/base/errors.ts';
import type { ServerEvents } from '../../lib/features/server-events.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import type { Road } from '../../lib/servers/lifecycle.ts';
import { resolveStdioOptions } from '../../lib/servers/stdio-options.ts';
import type { StdioMCPServerOptions } from '../../lib/servers/stdio-options.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { ScriptedPeer } from './scripted-peer.ts';
import type { Script } from './scripted-peer.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

/** What a test gets. */
export interface MemoryHandle {
  readonly server: ConnectedServer;
  /** The peer, or the first of several. */
  readonly peer: ScriptedPeer;
  readonly clock: FakeClock;
  /** Every fault so far. */
  readonly faults: readonly MCPError[];
  /** What the logger heard so far. */
  readonly logged: readonly (readonly [level: string, message: string, facts: unknown])[];
  /** Every event of one name from now on. */
  heard<Name extends keyof ServerEvents>(event: Name): Array<ServerEvents[Name]>;
}

/** Options of a test: those of a server that is started, but for what there is to start and what turns the clock. */
export type MemoryOptions = Partial<Omit<StdioMCPServerOptions, 'command' | 'clock'>>;

/** What is there to connect to: a script, a peer, or the peers of one connection after the other, the last of which is asked again. */
export type MemoryTarget = Script | ScriptedPeer | readonly [ScriptedPeer, ...ScriptedPeer[]];

/** Makes a handle that is not connected. Unless the options say otherwise it asks nothing by itself, and a connection that is lost stays lost. */
export function memoryHandle(target: MemoryTarget, options: MemoryOptions = {}): MemoryHandle {
  const peers = peersOf(target);
  const clock = new FakeClock();
  const logged: (readonly [string, string, unknown])[] = [];
  const note = (level: string) => (message: string, facts?: unknown): void => void logged.push([level, message, facts]);
  const logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const quiet = { serverName: 'scripted', healthCheckIntervalMs: 0, maxConnectionRetries: 0, restart: 'never', logger, logLevel: 'DEBUG', protocolVersions: LEGACY_VERSIONS } as const;
  const server = new ConnectedServer(resolveStdioOptions({ ...quiet, ...options, command: ['none'], clock }), roadTo(peers));
  const faults: MCPError[] = [];
  server.on('fault', (fault) => faults.push(fault));
  return {
    server,
    peer: peers[0],
    clock,
    faults,
    logged,
    heard: (event) => {
      const payloads: Array<ServerEvents[typeof event]> = [];
      server.on(event, (payload) => payloads.push(payload));
      return payloads;
    },
  };
}

/** Runs `body` with a connected handle, lets go, and asserts that no timer is left. */
export async function withMemoryHandle<T>(target: MemoryTarget, options: MemoryOptions, body: (handle: MemoryHandle) => Promise<T>): Promise<T> {
  const handle = memoryHandle(target, options);
  let result: T;
  try {
    await handle.server.connect();
    result = await body(handle);
  } finally {
    await handle.server.cleanup();
  }
  await settle();
  assert.equal(handle.clock.waiting, 0, 'no timer is left');
  return result;
}

function peersOf(target: MemoryTarget): readonly [ScriptedPeer, ...ScriptedPeer[]] {
  if (target instanceof ScriptedPeer) return [target];
  return isList(target) ? target : [new ScriptedPeer(target)];
}

function isList(target: Exclude<MemoryTarget, ScriptedPeer>): target is readonly [ScriptedPeer, ...ScriptedPeer[]] {
  return Array.isArray(target);
}

function roadTo(peers: readonly [ScriptedPeer, ...ScriptedPeer[]]): Road {
  const left = [...peers];
  return {
    recovers: 'limited',
    network: () => ({ transport: 'pipe' }),
    open: (connection, signal) => connection.open(((left.length > 1 ? left.shift() : left[0]) as ScriptedPeer).transport, signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: () => Promise.resolve(false),
    left: () => Promise.resolve(),
  };
}
