/** One StreamableHTTPMCPServer and the scripted server it talks to, for the length of one test. */

import process from 'node:process';
import { StreamableHTTPMCPServer, createNodeFetch } from '../../lib/index.ts';
import type { Fetch, LogMessage, MCPError, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { HTTPPeer } from './http-server.ts';
import type { PeerOptions, PeerScript } from './http-server.ts';
import { until } from './until.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

// More than makeHTTPServer gives it.
const CLEANUP_DEADLINE_MS = 20_000;

// With HTTP_FETCH=node in the environment the tests of HTTP go over createNodeFetch, else over the platform's fetch.
const nodeFetch = process.env['HTTP_FETCH'] === 'node' ? createNodeFetch() : undefined;

/** What a server said while a test ran. */
export interface HTTPSeen {
  readonly faults: MCPError[];
  readonly states: string[];
  readonly logs: LogMessage[];
  /** How often it was said that the list of tools changed. */
  toolsChanged: number;
}

/** Options of a test: whatever differs from the short waits. */
export type HTTPTestOptions = Partial<StreamableHTTPMCPServerOptions>;

/** Options of a test with a scripted server. */
export interface PeerTestOptions extends HTTPTestOptions {
  readonly peer?: PeerOptions;
}

/**
 * A server that is not connected, with short waits; it neither listens nor falls back to the old transport unless a test says so,
 * so that the requests of a test are the ones it caused.
 */
export function makeHTTPServer(url: string, options: HTTPTestOptions = {}): StreamableHTTPMCPServer {
  return new StreamableHTTPMCPServer({
    serverName: 'test',
    serverUrl: url,
    retryDelayMs: 5,
    timeoutMs: 20_000,
    shutdownTimeoutMs: 3_000,
    checkArguments: false,
    protocolVersions: LEGACY_VERSIONS,
    listen: false,
    legacySSE: false,
    ...(nodeFetch === undefined ? {} : { fetch: nodeFetch }),
    ...options,
  });
}

/** The platform's fetch, which hears of its signal until it has answered and no longer. */
export function deafFetch(): Fetch {
  return async (url, init) => {
    const hearing = new AbortController();
    const abort = () => hearing.abort(init.signal?.reason);
    init.signal?.addEventListener('abort', abort);
    const response = await fetch(url, { ...init, signal: hearing.signal });
    init.signal?.removeEventListener('abort', abort);
    return response;
  };
}

/** Writes down what `server` says from now on. */
export function watchHTTP(server: StreamableHTTPMCPServer): HTTPSeen {
  const seen: HTTPSeen = { faults: [], states: [], logs: [], toolsChanged: 0 };
  server.on('fault', (fault) => seen.faults.push(fault));
  server.on('stateChanged', ({ to }) => seen.states.push(to));
  server.on('log', (message) => seen.logs.push(message));
  server.on('toolsChanged', () => seen.toolsChanged++);
  return seen;
}

/** What a test gets. */
export interface PeerTest {
  readonly server: StreamableHTTPMCPServer;
  readonly peer: HTTPPeer;
  readonly seen: HTTPSeen;
}

/**
 * Starts a scripted server, runs `body` with a handle on it that is not connected, cleans up, and fails when an exchange is still open
 * afterwards.
 */
export async function withPeer<T>(script: PeerScript, options: PeerTestOptions, body: (test: PeerTest) => Promise<T>): Promise<T> {
  const { peer: peerOptions, ...rest } = options;
  const peer = await HTTPPeer.listen(script, peerOptions);
  const server = makeHTTPServer(peer.url, rest);
  const seen = watchHTTP(server);
  try {
    const value = await body({ server, peer, seen });
    await withinTime(server.cleanup(), 'cleanup() ended', CLEANUP_DEADLINE_MS);
    await until(() => peer.raw.busy === 0, 'every exchange was let go');
    return value;
  } finally {
    // The peer first: a cleanup() that waits for it must not keep the test from failing.
    const cleanup = server.cleanup();
    await peer.close();
    await withinTime(cleanup, 'cleanup() ended without its peer', CLEANUP_DEADLINE_MS);
  }
}

/** What `promise` comes to; rejects when that takes longer. */
export async function withinTime<T>(promise: Promise<T>, what: string, deadlineMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${deadlineMs} ms in vain until ${what}`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** As {@link withPeer}, connected. */
export function withConnectedPeer<T>(script: PeerScript, options: PeerTestOptions, body: (test: PeerTest) => Promise<T>): Promise<T> {
  return withPeer(script, options, async (test) => {
    await test.server.connect();
    return body(test);
  });
}

/** Runs `body` with a connected handle on a server that is there already, and cleans up. */
export async function withHTTP<T>(
  url: string,
  options: HTTPTestOptions,
  body: (server: StreamableHTTPMCPServer, seen: HTTPSeen) => Promise<T>,
): Promise<T> {
  const server = makeHTTPServer(url, options);
  const seen = watchHTTP(server);
  try {
    await server.connect();
    return await body(server, seen);
  } finally {
    await withinTime(server.cleanup(), 'cleanup() ended', CLEANUP_DEADLINE_MS);
  }
}

/** Which runtime this is. */
export const RUNTIME: 'node' | 'bun' | 'deno' =
  process.versions['bun'] !== undefined ? 'bun' : process.versions['deno'] !== undefined ? 'deno' : 'node';

/** Why a test is skipped under one of these runtimes; `false` elsewhere. */
export function skipUnder(runtimes: readonly (typeof RUNTIME)[], why: string): string | false {
  return runtimes.includes(RUNTIME) ? `${RUNTIME}: ${why}` : false;
}

/** The fetch of Deno sends a request once more by itself when its connection dies before the response; nobody can tell it not to. */
export const RESENDS: string | false = skipUnder(['deno'], 'its fetch itself sends a request again whose connection died');

/** The fetch of Deno says why a connection failed in words only, so that what was never sent cannot be told from what may have been. */
export const SAYS_NO_CODE: string | false = skipUnder(['deno'], 'its fetch gives no code for what went wrong');
