/**
 * Waits on this machine for the browser to come back from an authorization server. Source: RFC 8252 section 7.3, "Loopback Interface
 * Redirection".
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { orAbort } from '../base/abort.ts';
import { deferred } from '../base/deferred.ts';
import { abortSignal, checkKeys, functionOption } from '../base/options.ts';

/** What {@link receiveRedirect} takes. */
export interface ReceiveRedirectOptions {
  /** The path of the redirect URL. Default: `/callback`. */
  readonly path?: string | undefined;
  /** The port; 0 for any that is free, which authorization servers must allow for native clients. Default: 0. */
  readonly port?: number | undefined;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
  /** Whether a request is the one waited for, such as by its `state`; others are answered 400 and not taken. Default: every one that has a `state`. */
  readonly isExpected?: ((url: URL) => boolean) | undefined;
}

/** A receiver that listens. */
export interface RedirectReceiver {
  /** `http://127.0.0.1:<port><path>`: what the authorization server is to send the browser to. */
  readonly redirectUrl: string;
  /** The URL that the browser came with, whole; rejects with the signal's reason. It is to be checked still. */
  readonly redirected: Promise<string>;
  /** Stops listening; fine at any time, and more than once. */
  close(): Promise<void>;
}

// A request is one line and a few headers: more is not from an authorization server.
const MOST_HEADER_BYTES = 16_384;
const MOST_RECEIVER_CONNECTIONS = 32;
const REQUEST_MS = 5_000;
const RECEIVER_HOST = '127.0.0.1';

// Says nothing of what came: it may be anybody's.
const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>${text}</p></html>\n`;
const TAKEN_PAGE = page('You can close this window', 'The answer of the authorization server was handed on.');
const WRONG_PAGE = page('Not what was waited for', 'This address waits for one answer of one authorization server.');

const PAGE_HEADERS = Object.freeze({
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  Connection: 'close',
});

/**
 * Listens on 127.0.0.1 for one redirect of a browser. Takes one request: GET, of this host, on this path, and expected; answers every other one
 * with an error and goes on waiting. Never shows what came, never opens a browser.
 *
 * @throws TypeError, RangeError for wrong options; what the platform throws where the port cannot be had.
 */
export async function receiveRedirect(options: ReceiveRedirectOptions = {}): Promise<RedirectReceiver> {
  checkKeys('receiveRedirect', options as unknown, ['path', 'port', 'signal', 'isExpected']);
  const path = checkRedirectPath(options.path ?? '/callback');
  const signal = abortSignal('signal', options.signal);
  const isExpected = functionOption('isExpected', options.isExpected ?? ((url: URL) => url.searchParams.has('state')));
  signal?.throwIfAborted();
  const { createServer } = await import('node:http');
  const taken = deferred<string>();
  let isTaken = false;
  const server = createServer({ maxHeaderSize: MOST_HEADER_BYTES, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    const url = redirectOf(request, `${RECEIVER_HOST}:${listeningPort(server)}`, path);
    if (typeof url === 'number') return answerPage(response, url, WRONG_PAGE);
    if (isTaken || !isExpected(url)) return answerPage(response, 400, WRONG_PAGE);
    isTaken = true;
    // Whether the browser waits for the page or not.
    response.once('close', () => taken.resolve(url.href));
    answerPage(response, 200, TAKEN_PAGE);
  });
  server.maxConnections = MOST_RECEIVER_CONNECTIONS;
  await listenOn(server, options.port ?? 0);
  const close = () => closeServer(server);
  const redirected = orAbort(taken.promise, signal).finally(() => void close());
  // Who only closes it does not wait for it.
  redirected.catch(() => {});
  return { redirectUrl: `http://${RECEIVER_HOST}:${listeningPort(server)}${path}`, redirected, close };
}

function checkRedirectPath(path: unknown): string {
  if (typeof path === 'string' && path.startsWith('/') && new URL(path, `http://${RECEIVER_HOST}`).pathname === path) return path;
  throw new TypeError('path must be the path of a URL, beginning with a slash, without a query');
}

/** The URL of a request that may be the one, or the status that refuses it. */
function redirectOf({ method, url = '', headers }: IncomingMessage, host: string, path: string): URL | number {
  // A page of the web that was made to resolve to this machine has another host.
  if (headers.host !== host) return 421;
  if (!url.startsWith('/') || !URL.canParse(url, `http://${host}`)) return 400;
  const parsed = new URL(`http://${host}${url}`);
  if (parsed.pathname !== path) return 404;
  return method === 'GET' ? parsed : 405;
}

function answerPage(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, PAGE_HEADERS).end(body);
}

function listeningPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function listenOn(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: RECEIVER_HOST, port, exclusive: true }, () => {
      server.off('error', reject);
      // What goes wrong later concerns one connection.
      server.on('error', () => {});
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
