/** The real servers of this folder's package, and a way to hold one for the length of a test. */
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StdioMCPServer } from '../../lib/index.ts';
import type { MCPError, StdioMCPServerOptions } from '../../lib/index.ts';
import { MARK_VARIABLE, killMarked, newMark, processesMarked } from './process-census.ts';

/** The folder of this package, where `npx` finds the servers by their command names. */
export const PACKAGE_FOLDER: string = dirname(fileURLToPath(import.meta.url));

const program = (name: string): string => join(PACKAGE_FOLDER, 'node_modules/@modelcontextprotocol', name, 'dist/index.js');

/** The program of `@modelcontextprotocol/server-everything`. */
export const EVERYTHING: string = program('server-everything');

/** The program of `@modelcontextprotocol/server-filesystem`; its arguments are the folders it may touch. */
export const FILESYSTEM: string = program('server-filesystem');

/** The program of `@modelcontextprotocol/server-memory`; `MEMORY_FILE_PATH` names its file. */
export const MEMORY: string = program('server-memory');

/** A bound for conditions that come true in milliseconds on an idle machine. */
const CONDITION_DEADLINE_MS = 20_000;

/** The documented bound of `cleanup()`, and some time for the machine. */
const CLEANUP_BOUND_MS = 5_000 + 3_000;

/** A connected peer, as a test gets it. */
export interface Peer {
  readonly server: StdioMCPServer;
  /** The mark that every process of this peer carries. */
  readonly mark: string;
}

/** Options of {@link withPeer}: those of the class; `serverName` has a default. */
export type PeerOptions = Omit<StdioMCPServerOptions, 'serverName'> & { readonly serverName?: string };

/**
 * Connects to a peer, runs `body`, cleans up, and asserts what holds for every one of these servers: that its process
 * was seen alive under its mark, that nothing it said was a fault, that no request is pending, that `cleanup()` kept
 * its bound and left no process of the tree alive.
 */
export async function withPeer(options: PeerOptions, body: (peer: Peer) => Promise<void>): Promise<void> {
  await withServer(options, async ({ server, mark }) => {
    const faults: MCPError[] = [];
    server.on('fault', (fault) => faults.push(fault));
    await server.connect();
    assert.equal(server.connectionState, 'connected');
    assert.ok(processesMarked(mark).includes(server.processId ?? -1), 'the child is alive and carries its mark');
    await body({ server, mark });
    assert.deepEqual(faults, [], 'a peer that keeps to the protocol gives no fault');
    // A health check of an idle connection may be on its way.
    assert.deepEqual(server.pendingRequests.filter(({ method }) => method !== 'ping'), []);
  });
}

/** As {@link withPeer}, for a test that connects by itself and expects something to go wrong. */
export async function withServer(options: PeerOptions, body: (peer: Peer) => Promise<void>): Promise<void> {
  const mark = newMark();
  const server = new StdioMCPServer({
    serverName: 'peer',
    startupTimeoutMs: 30_000,
    ...options,
    serverEnv: { ...options.serverEnv, [MARK_VARIABLE]: mark },
  });
  try {
    await body({ server, mark });
  } catch (error) {
    // The first failure is the one to tell of.
    await server.cleanup().catch(() => undefined);
    killMarked(mark);
    throw error;
  }
  const began = performance.now();
  await server.cleanup();
  const tookMs = performance.now() - began;
  const left = killMarked(mark);
  assert.deepEqual(left, [], 'cleanup() leaves no process of the tree alive');
  assert.ok(tookMs < CLEANUP_BOUND_MS, `cleanup() keeps its bound; it took ${Math.round(tookMs)} ms`);
  assert.equal(server.connectionState, 'disconnected');
  assert.equal(server.signalProcess('SIGTERM'), false, 'nobody is left to get a signal');
}

/** Resolves when `condition` is true; rejects, naming `what`, when that takes too long. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + CONDITION_DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs `body` with a fresh folder (its real path), and removes the folder afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'barewire-interop-')));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
