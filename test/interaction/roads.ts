/** The demo server at the end of each road, speaking the revisions a test asks for, and a handle on it with the default offer. */

import process from 'node:process';
import { PROTOCOL_VERSIONS, StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { CommonServerOptions, EraName, MCPServerProtocol, ProtocolVersion } from '../../lib/index.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import { resolveStdioOptions } from '../../lib/servers/stdio-options.ts';
import { MemoryTransport } from '../../lib/transport/memory-transport.ts';
import { fixtureCommand, fixturePath } from '../helpers/fixture.ts';
import { startDemo } from '../helpers/http-server.ts';
import type { DemoHTTPServer } from '../helpers/http-server.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../helpers/revisions.ts';

/** What a server speaks, and the flag of the demo servers that says so. */
export interface Spoken {
  readonly flags: readonly string[];
  readonly revisions: readonly ProtocolVersion[];
}

/** Every revision of one era. */
export function ofEra(era: EraName): Spoken {
  return { flags: [`--${era}`], revisions: era === 'modern' ? MODERN_VERSIONS : LEGACY_VERSIONS };
}

/** One revision alone. */
export function only(revision: ProtocolVersion): Spoken {
  return { flags: ['--protocol', revision], revisions: [revision] };
}

/** Options that every kind of handle has. */
export type RoadOptions = Partial<Omit<CommonServerOptions, 'serverName' | 'clock'>> & { readonly healthCheckIntervalMs?: number };

/** A handle that is not connected, and the server it leads to. */
export interface Reached {
  readonly server: MCPServerProtocol;
  /** The server is gone, from one moment to the next. */
  lose(): Promise<void>;
  /** Where nothing starts it again by itself, it is there again. */
  restore(): Promise<void>;
  /** Lets go of the server, once the handle has. */
  stop(): Promise<void>;
}

/** `isAlone`: nobody else uses that server. */
export type Reach = (spoken: Spoken, options?: RoadOptions, isAlone?: boolean) => Promise<Reached>;

/** The roads by name. */
export const ROAD_NAMES = ['memory', 'stdio', 'http'] as const;
export type RoadName = (typeof ROAD_NAMES)[number];

// Machines that do other things meanwhile start programs slowly.
const PATIENCE_MS = 60_000;
const QUIET = { healthCheckIntervalMs: 0, shutdownTimeoutMs: 3_000 };

/** The fixture's conversation with one client. */
interface Conversation {
  receive(message: unknown): Promise<object | undefined>;
  stop(): void;
}
type NewConversation = new (options: { readonly revisions: readonly string[]; readonly send: (message: object) => void }) => Conversation;

async function inMemory({ revisions }: Spoken, options: RoadOptions = {}): Promise<Reached> {
  const { Conversation } = (await import(new URL(`file://${fixturePath('demo-protocol')}`).href)) as { Conversation: NewConversation };
  let conversation: Conversation | undefined;
  let transport: MemoryTransport | undefined;
  // A process or a socket would keep this process alive; deadlines do not.
  const awake = setInterval(() => {}, PATIENCE_MS);
  const begin = (): MemoryTransport => {
    const talk = new Conversation({ revisions, send: (message) => made.deliver(JSON.stringify(message)) });
    const receive = async (text: string, reply: (text: string) => void): Promise<void> => {
      const answer = await talk.receive(JSON.parse(text));
      if (answer !== undefined) reply(JSON.stringify(answer));
    };
    const made = new MemoryTransport({ receive: (text, reply) => void receive(text, reply) });
    [conversation, transport] = [talk, made];
    return made;
  };
  const server = new ConnectedServer(resolveStdioOptions({ serverName: 'memory', command: ['none'], ...QUIET, ...options }), {
    recovers: 'limited',
    open: (connection, signal) => connection.open(begin(), signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: () => Promise.resolve(false),
    left: () => Promise.resolve(),
    network: () => ({ transport: 'pipe' }),
  });
  const stop = async (): Promise<void> => {
    clearInterval(awake);
    conversation?.stop();
  };
  return { server, lose: async () => transport?.end(), restore: () => Promise.resolve(), stop };
}

async function overStdio({ flags }: Spoken, options: RoadOptions = {}): Promise<Reached> {
  const server = new StdioMCPServer({ serverName: 'stdio', command: fixtureCommand('demo-server', ...flags), startupTimeoutMs: PATIENCE_MS, ...QUIET, ...options });
  return { server, lose: async () => void process.kill(server.processId ?? NaN, 'SIGKILL'), restore: () => Promise.resolve(), stop: () => Promise.resolve() };
}

/** Servers over HTTP, one for each flag, that many tests share. */
export class HTTPDemos {
  readonly #demos = new Map<string, Promise<DemoHTTPServer>>();

  readonly reach: Reach = async ({ flags, revisions }, options = {}, isAlone = false) => {
    let demo = await (isAlone ? startDemo(...flags) : this.#shared(flags));
    // The first revision has a transport of its own.
    const serverUrl = revisions.every((revision) => revision === PROTOCOL_VERSIONS.at(-1)) ? demo.sse : demo.url;
    const server = new StreamableHTTPMCPServer({ serverName: 'http', serverUrl, connectTimeoutMs: PATIENCE_MS, retryDelayMs: 5, ...QUIET, ...options });
    const lose = async (): Promise<void> => {
      if (!isAlone) throw new Error('A server that others use is not to be lost');
      process.kill(demo.processId, 'SIGKILL');
    };
    const restore = async (): Promise<void> => {
      demo = await startDemo(...flags, '--port', String(demo.port));
    };
    return { server, lose, restore, stop: () => (isAlone ? demo.stop() : Promise.resolve()) };
  };

  /** Ends all of them. */
  async stop(): Promise<void> {
    for (const demo of this.#demos.values()) await (await demo).stop();
  }

  #shared(flags: readonly string[]): Promise<DemoHTTPServer> {
    const key = flags.join(' ');
    const known = this.#demos.get(key) ?? startDemo(...flags);
    this.#demos.set(key, known);
    return known;
  }
}

/** The ways to a server, with the servers over HTTP that they share. */
export function roadsOver(demos: HTTPDemos): Readonly<Record<RoadName, Reach>> {
  return { memory: inMemory, stdio: overStdio, http: demos.reach };
}
