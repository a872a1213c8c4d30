/** The arguments of a fetch, checked, and as they go out. */

import type { AbortSource } from '../../base/cancellation.ts';
import { quote } from '../../base/text.ts';
import type { NodeFetchInit } from './node-fetch-contract.ts';

/** A body as it goes out. */
export type OutgoingBody = string | Uint8Array | ReadableStream<Uint8Array> | undefined;

/** What is sent. */
export interface OutgoingRequest {
  readonly method: string;
  /** Name, value, name, value: checked for what they may be named only, and without those that frame the body. */
  readonly headers: readonly string[];
  /** Whether `Host` is among them. */
  readonly hasHost: boolean;
  readonly body: OutgoingBody;
  readonly signal: AbortSource | undefined;
  /** A redirect is the response; otherwise it is an error. */
  readonly takesRedirects: boolean;
}

interface CheckedHeaders {
  readonly list: readonly string[];
  readonly hasHost: boolean;
  readonly hasContentType: boolean;
  readonly contentLength: string | undefined;
}

// They frame the message, or are for the next hop only: the connection's own matter. RFC 9110 section 7.6.1, RFC 9112 section 6.
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['connection', 'expect', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

// https://fetch.spec.whatwg.org/#forbidden-method
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK']);

const TEXT = 'text/plain;charset=UTF-8';
const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

/**
 * Checks the url of a request.
 *
 * @throws TypeError that shows nothing of it but its scheme: it may hold secrets.
 */
export function checkTarget(input: string | URL): URL {
  const text = String(input);
  if (!URL.canParse(text)) throw new TypeError('Expected an absolute url; got something else');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`Expected an http: or https: url; got one of the scheme ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') throw new TypeError('Expected a url without credentials; got one with a user name or a password');
  url.hash = '';
  return url;
}

/** Checks what requests are made with. */
export class RequestReader {
  readonly #codings: string | undefined;
  #lastGiven: unknown;
  #lastChecked: CheckedHeaders | undefined;

  /** @param codings what `Accept-Encoding` says where the caller does not. */
  constructor(codings: string | undefined) {
    this.#codings = codings;
  }

  /** @throws TypeError naming what is wrong, never a header's value. */
  read(init: NodeFetchInit): OutgoingRequest {
    const method = checkMethod(init.method ?? 'GET');
    const given = init.body ?? undefined;
    if (given !== undefined && (method === 'GET' || method === 'HEAD')) throw new TypeError(`A request of the method ${method} has no body`);
    const body = checkBody(given);
    const { list, hasHost, hasContentType, contentLength } = this.#headers(init.headers);
    if (contentLength !== undefined && contentLength !== String(lengthOf(body))) {
      throw new TypeError('The header Content-Length is not the length of the body');
    }
    const kind = hasContentType ? undefined : typeof given === 'string' ? TEXT : given instanceof URLSearchParams ? FORM : undefined;
    return {
      method,
      headers: kind === undefined ? list : [...list, 'Content-Type', kind],
      hasHost,
      body,
      signal: init.signal ?? undefined,
      takesRedirects: takesRedirects(init.redirect),
    };
  }

  #headers(given: NodeFetchInit['headers']): CheckedHeaders {
    // A transport gives the same frozen object with every message: it is checked once.
    if (given !== undefined && given === this.#lastGiven && this.#lastChecked !== undefined) return this.#lastChecked;
    const checked = checkHeaders(given ?? {}, this.#codings);
    if (given !== undefined && !(Symbol.iterator in given) && Object.isFrozen(given)) {
      this.#lastGiven = given;
      this.#lastChecked = checked;
    }
    return checked;
  }
}

/** The length of a body in bytes, where it is known before it is sent. */
export function lengthOf(body: OutgoingBody): number | undefined {
  if (body === undefined) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}

// RFC 9110 section 8.6: without a body, only the methods that give one a meaning say so.
const SAY_NO_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** Adds the headers that frame a body, with their values, to `list`; none where there is no body and none is expected. */
export function frame({ method, body }: Pick<OutgoingRequest, 'method' | 'body'>, list: string[]): void {
  const length = lengthOf(body);
  if (length === undefined) list.push('Transfer-Encoding', 'chunked');
  else if (body !== undefined || SAY_NO_BODY.has(method)) list.push('Content-Length', String(length));
}

function checkMethod(given: string): string {
  const method = given.toUpperCase();
  if (FORBIDDEN_METHODS.has(method)) throw new TypeError(`A fetch does not make requests of the method ${method}`);
  return method;
}

function takesRedirects(redirect: unknown): boolean {
  if (redirect === 'manual') return true;
  if (redirect === undefined || redirect === 'error') return false;
  throw new TypeError('redirect must be manual or error: this fetch never follows redirects');
}

function checkBody(body: NodeFetchInit['body']): OutgoingBody {
  if (body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array) return body ?? undefined;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (body instanceof URLSearchParams) return body.toString();
  if (typeof body === 'object' && typeof body.getReader === 'function') return body;
  throw new TypeError('body must be a string, bytes, URLSearchParams or a ReadableStream of bytes');
}

/** A list under the caller's own names; equal names are joined, as `Headers` does it. */
function checkHeaders(given: NonNullable<NodeFetchInit['headers']>, codings: string | undefined): CheckedHeaders {
  const joined = new Map<string, { readonly name: string; readonly value: string }>();
  for (const [name, value] of Symbol.iterator in given ? given : Object.entries(given)) {
    if (typeof value !== 'string') throw new TypeError(`The header ${quote(name)} must be a string`);
    const lower = name.toLowerCase();
    if (OWN_HEADERS.has(lower)) throw new TypeError(`The header ${quote(name)} is the connection’s own and cannot be given`);
    const before = joined.get(lower);
    joined.set(lower, before === undefined ? { name, value } : { name: before.name, value: `${before.value}, ${value}` });
  }
  if (codings !== undefined && !joined.has('accept-encoding')) joined.set('accept-encoding', { name: 'Accept-Encoding', value: codings });
  const contentLength = joined.get('content-length')?.value;
  // It is written from the body.
  joined.delete('content-length');
  const list = [...joined.values()].flatMap(({ name, value }) => [name, value]);
  return { list, hasHost: joined.has('host'), hasContentType: joined.has('content-type'), contentLength };
}
