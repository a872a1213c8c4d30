/** Every road to server-everything, so that what holds on each of them is written once. */
import { after } from 'node:test';
import { createNodeFetch } from '../../lib/index.ts';
import type { MCPServerProtocol, StdioMCPServerOptions } from '../../lib/index.ts';
import { startEverything, stopUnused, withHTTPPeer, withHTTPServer } from './http-peers.ts';
import type { EverythingProgram, HTTPKind, HTTPPeer, HTTPPeerOptions } from './http-peers.ts';
import { EVERYTHING, withPeer, withServer } from './peers.ts';
import type { Peer } from './peers.ts';

/** A handle on server-everything, as a test gets it, whatever the road. */
export interface Guest {
  readonly server: MCPServerProtocol;
  /** The session of this connection as the server's texts name it; `undefined`, the word, where there is none. */
  readonly session: () => string;
  /** What tells this connection from an earlier one: the process or the session. */
  readonly identity: () => string;
  /** Resolves when what the server says unasked comes through. */
  readonly listening: () => Promise<void>;
}

/** The options that every road takes. */
export type GuestOptions = Pick<StdioMCPServerOptions, 'checkArguments' | 'handlers' | 'healthCheckIntervalMs' | 'protocolVersions'>;

/** One way to reach the server. */
export interface Road {
  readonly name: string;
  /** Whether answers and notifications share one channel, so that nothing the server says can be missed or overtaken. */
  readonly oneChannel: boolean;
  /** Runs `body` on a connection, and asserts afterwards that all went well and nothing is left. */
  readonly withGuest: (options: GuestOptions, body: (guest: Guest) => Promise<void>) => Promise<void>;
  /** The same for a test that connects by itself. */
  readonly withStranger: (options: GuestOptions, body: (guest: Guest) => Promise<void>) => Promise<void>;
}

const COMMAND = [process.execPath, EVERYTHING];

const stdio: Road = {
  name: 'stdio',
  oneChannel: true,
  withGuest: (options, body) => withPeer({ ...options, command: COMMAND }, (peer) => body(stdioGuest(peer))),
  withStranger: (options, body) => withServer({ ...options, command: COMMAND }, (peer) => body(stdioGuest(peer))),
};

function stdioGuest({ server }: Peer): Guest {
  return { server, session: () => 'undefined', identity: () => String(server.processId), listening: () => Promise.resolve() };
}

/** A road to one server process for the whole of a test file: started when first needed, ended after the last test. */
function overHTTP(name: string, kind: HTTPKind, more: () => HTTPPeerOptions): Road {
  let starting: Promise<EverythingProgram> | undefined;
  const program = (): Promise<EverythingProgram> => (starting ??= startEverything(kind));
  after(async () => {
    if (starting !== undefined) await stopUnused(await starting);
  });
  return {
    name,
    oneChannel: kind === 'sse',
    withGuest: async (options, body) => withHTTPPeer(await program(), { ...more(), ...options }, (peer) => body(httpGuest(peer))),
    withStranger: async (options, body) => withHTTPServer(await program(), { ...more(), ...options }, (peer) => body(httpGuest(peer))),
  };
}

function httpGuest({ server, session, listening }: HTTPPeer): Guest {
  return { server, session, identity: session, listening };
}

/** All roads. Call it once in a test file, at its top. */
export function everyRoad(): readonly Road[] {
  const nodeFetch = createNodeFetch();
  after(() => nodeFetch.close());
  return [
    stdio,
    overHTTP('Streamable HTTP', 'streamableHttp', () => ({})),
    overHTTP('Streamable HTTP with createNodeFetch', 'streamableHttp', () => ({ fetch: nodeFetch })),
    overHTTP('HTTP+SSE', 'sse', () => ({})),
  ];
}
