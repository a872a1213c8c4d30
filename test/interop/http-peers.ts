/** Real servers that listen on a port, each a process of its own, and a way to hold a handle on one for the length of a test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { MCPError, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { EVERYTHING, until } from './peers.ts';
import { MARK_VARIABLE, killMarked, newMark } from './process-census.ts';
import { Recorder } from './recorder.ts';
import type { Fetch } from './recorder.ts';
import { socketsTo } from './socket-census.ts';

/** How server-everything is to be spoken to over HTTP: the words are its own. */
export type HTTPKind = 'sse' | 'streamableHttp';

/** What it prints when it listens, when a session begins, and when one is over. */
const WORDS = {
  streamableHttp: {
    listening: 'listening on port',
    begun: /Session initialized with ID: (\S+)/g,
    ended: /Transport closed for session ([^\s,]+)/g,
  },
  sse: {
    listening: 'running on port',
    begun: /Client Connected: +(\S+)/g,
    ended: /Client Disconnected: +(\S+)/g,
  },
} as const;

const PATHS = { streamableHttp: '/mcp', sse: '/sse' } as const;

/** Between a look for a free port and its use another process may take it. */
const START_ATTEMPTS = 3;

/** The documented bound of `cleanup()` with its farewell to the server, and some time for the machine. */
const CLEANUP_BOUND_MS = 5_000 + 3_000;

/** `server-everything` as a process that listens on a port of the loopback interface. */
export class EverythingProgram {
  readonly kind: HTTPKind;
  readonly port: number;
  /** The mark that the process carries. */
  readonly mark: string = newMark();
  readonly #child: ChildProcess;
  #output = '';

  /** Use {@link startEverything}, which waits until it listens. */
  constructor(kind: HTTPKind, port: number) {
    this.kind = kind;
    this.port = port;
    const env = { ...process.env, PORT: String(port), [MARK_VARIABLE]: this.mark };
    this.#child = spawn(process.execPath, [EVERYTHING, kind], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (text: string): unknown => (this.#output += text);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', hear);
  }

  /** The endpoint. */
  get url(): string {
    return `${this.origin}${PATHS[this.kind]}`;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** All that it printed. */
  get output(): string {
    return this.#output;
  }

  /** The ids of the sessions that began, in order. */
  get begun(): string[] {
    return [...this.#output.matchAll(WORDS[this.kind].begun)].map(([, id = '']) => id);
  }

  /** The ids of the sessions that are over. */
  get ended(): string[] {
    return [...this.#output.matchAll(WORDS[this.kind].ended)].map(([, id = '']) => id);
  }

  get listens(): boolean {
    return this.#output.includes(WORDS[this.kind].listening);
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends the process, and resolves when nothing of it is left. */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    if (!this.hasExited) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exited;
    }
    assert.deepEqual(killMarked(this.mark), [], 'no process of the server is alive');
  }
}

/** Starts server-everything, on `port` or a free one, and resolves when it listens. */
export async function startEverything(kind: HTTPKind, port?: number): Promise<EverythingProgram> {
  for (let attempt = 1; ; attempt += 1) {
    const program = new EverythingProgram(kind, port ?? (await freePort()));
    await until(() => program.listens || program.hasExited, 'the server listens');
    if (!program.hasExited) return program;
    assert.ok(attempt < START_ATTEMPTS, `the server started:\n${program.output}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A handle on a server, as a test gets it. */
export interface HTTPPeer {
  readonly server: StreamableHTTPMCPServer;
  readonly program: EverythingProgram;
  /** What went over the wire. */
  readonly recorder: Recorder;
  /** The newest session of this handle, as the server calls it. */
  readonly session: () => string;
  /** Resolves when the stream for what the server says unasked is open. */
  readonly listening: () => Promise<void>;
}

/** Options of {@link withHTTPPeer}: those of the class; `fetch` is what the recorder hands on to. */
export type HTTPPeerOptions = Partial<StreamableHTTPMCPServerOptions> & { readonly fetch?: Fetch };

/** What a test does with a handle. */
type Body = (peer: HTTPPeer) => Promise<void>;

/**
 * Connects to a server, runs `body`, cleans up, and asserts what holds for every one of these servers: that a session began,
 * that nothing it said was a fault, that no request is pending, that `cleanup()` kept its bound and ended every session.
 */
export async function withHTTPPeer(program: EverythingProgram, options: HTTPPeerOptions, body: Body): Promise<void> {
  await withHTTPServer(program, options, async (peer) => {
    const { server } = peer;
    const faults: MCPError[] = [];
    server.on('fault', (fault) => faults.push(fault));
    await server.connect();
    assert.equal(server.connectionState, 'connected');
    await until(() => peer.session() !== '', 'the server tells of a session');
    await body(peer);
    assert.deepEqual(faults, [], 'a peer that keeps to the protocol gives no fault');
    assert.deepEqual(server.pendingRequests.filter(({ method }) => method !== 'ping'), []);
  });
}

/** As {@link withHTTPPeer}, for a test that connects by itself and expects something to go wrong. */
export async function withHTTPServer(program: EverythingProgram, options: HTTPPeerOptions, body: Body): Promise<void> {
  const recorder = new Recorder(options.fetch);
  const server = new StreamableHTTPMCPServer({ serverName: 'peer', serverUrl: program.url, ...options, fetch: recorder.fetch });
  const before = program.begun.length;
  const session = (): string => program.begun.slice(before).at(-1) ?? '';
  const listening = (): Promise<void> => until(() => recorder.of('GET').some(({ status }) => status === 200), 'the stream is open');
  try {
    await body({ server, program, recorder, session, listening });
  } catch (error) {
    // The first failure is the one to tell of.
    await server.cleanup().catch(() => undefined);
    throw error;
  }
  const began = performance.now();
  await server.cleanup();
  const tookMs = performance.now() - began;
  assert.ok(tookMs < CLEANUP_BOUND_MS, `cleanup() keeps its bound; it took ${Math.round(tookMs)} ms`);
  assert.equal(server.connectionState, 'disconnected');
  assert.deepEqual(server.pendingRequests, []);
  if (program.hasExited) return;
  const left = (): string[] => program.begun.slice(before).filter((id) => !program.ended.includes(id));
  await until(() => left().length === 0, `cleanup() ends its sessions; left: ${left().join(', ')}`);
}

/** Ends `program`, having seen that no socket of this process leads to it any more; idle ones of the platform's fetch take seconds. */
export async function stopUnused(program: EverythingProgram): Promise<void> {
  try {
    await until(() => socketsTo(program.port) === 0, 'no socket leads to the server');
  } finally {
    await program.stop();
  }
}
