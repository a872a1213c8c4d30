/** Every road to the servers of ours on the official library, so that what holds on each of them is written once. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { Handlers, MCPError, MCPServerProtocol, ProtocolVersion, ServerLogLevel, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { bothEras, listen, modernOnly, withSessions } from './official-servers.ts';
import type { Handler } from './official-servers.ts';
import { until } from './peers.ts';
import { Recorder } from './recorder.ts';
import { socketsTo } from './socket-census.ts';

/** A handle over HTTP, and what went over the wire. */
export interface HTTPGuest {
  readonly server: StreamableHTTPMCPServer;
  readonly recorder: Recorder;
}

/** Lets `handler` listen, runs `body` with a handle that is not connected, and asserts that nothing is left. */
export async function withHandle(handler: Handler, options: Partial<StreamableHTTPMCPServerOptions>, body: (guest: HTTPGuest) => Promise<void>): Promise<void> {
  const listening = await listen(handler);
  const recorder = new Recorder();
  const server = new StreamableHTTPMCPServer({ serverName: 'peer', serverUrl: listening.url, ...options, fetch: recorder.fetch });
  try {
    await body({ server, recorder });
  } finally {
    await server.cleanup();
    await listening.close();
  }
  assert.equal(server.connectionState, 'disconnected');
  await until(() => socketsTo(listening.port) === 0, 'no socket leads to the server');
}

/** The same, connected; what the server says is no fault. */
export async function withOfficial(handler: Handler, body: (guest: HTTPGuest) => Promise<void>, options: Partial<StreamableHTTPMCPServerOptions> = {}): Promise<void> {
  await withHandle(handler, options, (guest) => connected(guest.server, () => body(guest)));
}

/** Connects, runs `body`, and asserts that there was no fault and nothing stays pending. */
async function connected(server: MCPServerProtocol, body: () => Promise<void>): Promise<void> {
  const faults: MCPError[] = [];
  server.on('fault', (fault) => faults.push(fault));
  await server.connect();
  await body();
  // A stream for changes stays open as long as somebody listens; a list that changed may just be asked for again.
  await until(() => server.pendingRequests.every(({ method }) => method === 'subscriptions/listen'), 'every request is answered');
  assert.deepEqual(faults, []);
}

/** What a server and its handle agree on. */
export type Agreed = readonly ['legacy' | 'modern', ProtocolVersion];
export const LEGACY: Agreed = ['legacy', '2025-11-25'];
export const MODERN: Agreed = ['modern', '2026-07-28'];

/** The options that every road takes. */
export interface GuestOptions {
  readonly handlers?: Handlers;
  readonly serverLogLevel?: ServerLogLevel;
}

/** One way to reach a server of ours. */
export interface OfficialRoad {
  readonly name: string;
  readonly agreed: Agreed;
  /** Whether two requests reach the same server: without that it can ask nothing, tell of nothing by itself, and keeps no level. */
  readonly isConnected: boolean;
  /** Runs `body` on a connection, and asserts afterwards that all went well and nothing is left. */
  readonly withGuest: (options: GuestOptions, body: (server: MCPServerProtocol) => Promise<void>) => Promise<void>;
}

/** The legacy era alone. */
export const PINNED: { readonly protocolVersions: readonly ProtocolVersion[] } = { protocolVersions: [LEGACY[1]] };

function overHTTP(name: string, handler: () => Handler, agreed: Agreed, more: Partial<StreamableHTTPMCPServerOptions> = {}, isConnected = true): OfficialRoad {
  const withGuest: OfficialRoad['withGuest'] = (options, body) => withOfficial(handler(), ({ server }) => body(server), { ...more, ...options });
  return { name: `over HTTP, ${name}`, agreed, isConnected, withGuest };
}

function overStdio(name: string, args: readonly string[], agreed: Agreed, more: { readonly protocolVersions?: readonly ProtocolVersion[] } = {}): OfficialRoad {
  const command = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('official-stdio.ts', import.meta.url)), ...args];
  const withGuest: OfficialRoad['withGuest'] = async (options, body) => {
    // Which era a server of both comes to must not depend on how fast it starts here.
    const limits = { probeTimeoutMs: 30_000 };
    const server = new StdioMCPServer({ serverName: 'peer', command, startupTimeoutMs: 60_000, limits, ...more, ...options });
    try {
      await connected(server, () => body(server));
    } finally {
      await server.cleanup();
    }
  };
  return { name: `over stdio, ${name}`, agreed, isConnected: true, withGuest };
}

export const OFFICIAL_ROADS: readonly OfficialRoad[] = [
  overHTTP('for both eras, by default', bothEras, MODERN),
  overHTTP('for both eras, pinned to the legacy one', bothEras, LEGACY, PINNED, false),
  overHTTP('for the modern era only', modernOnly, MODERN),
  overHTTP('with sessions', () => withSessions(50), LEGACY),
  overStdio('for both eras, by default', [], MODERN),
  overStdio('for both eras, pinned to the legacy one', [], LEGACY, PINNED),
  overStdio('for the modern era only', ['legacy=reject'], MODERN),
];
