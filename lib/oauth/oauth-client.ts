/** Sends what OAuth sends over a `fetch`: to checked endpoints, without redirects, with bounds on time and size. Secrets are written here and nowhere before. */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { AuthorizationError, LimitError } from '../base/errors.ts';
import type { ErrorDetails } from '../base/errors.ts';
import { isObject, isTooDeep } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { LimitName, Limits } from '../base/limits.ts';
import { Secret } from '../base/secret.ts';
import { escapeText } from '../base/text.ts';
import { place, systemCodeOf } from '../http/failure-facts.ts';
import type { Fetch, FetchInit, FetchResponse } from '../http/fetch-port.ts';
import { READ_HEADERS, SENT_HEADERS } from '../http/header-names.ts';
import { isPlainHeaderValue } from '../http/header-value.ts';
import { contentKindOf } from '../http/media-type.ts';
import { discard, letGoWith, readBody, readerOf } from '../http/response-body.ts';
import { retryAfterMs } from '../http/retry-after.ts';
import { decodeUTF8 } from '../jsonrpc/utf8.ts';
import { checkEndpoint } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';
import type { FormField, OAuthAnswer, OAuthHTTP, OAuthHeaders } from './oauth-http.ts';

/** What an {@link OAuthClient} is made with. */
export interface OAuthClientOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly policy: EndpointPolicy;
  /** Sent with each GET, which is for metadata: servers of 2025-03-26 want to be told the revision. */
  readonly metadataHeaders?: Readonly<Record<string, string>>;
}

interface OAuthRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly what: string;
  readonly headers: OAuthHeaders;
  readonly body?: string;
}

// Below 500, and yet nothing that the server says of what was asked for. Source: RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585 section 4.
const PASSING_ANSWERS: ReadonlySet<number> = new Set([408, 425, 429]);

/** {@link OAuthHTTP} over a `fetch`. */
export class OAuthClient implements OAuthHTTP {
  readonly #options: OAuthClientOptions;

  constructor(options: OAuthClientOptions) {
    this.#options = options;
  }

  get(url: string, what: string, signal: AbortSource): Promise<OAuthAnswer> {
    return this.#request({ method: 'GET', url, what, headers: this.#options.metadataHeaders ?? {} }, signal);
  }

  postForm(url: string, what: string, fields: readonly FormField[], headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer> {
    const form = new URLSearchParams();
    for (const [name, value] of fields) form.append(name, revealed(value));
    return this.#request({ method: 'POST', url, what, headers: { ...headers, [SENT_HEADERS.contentType]: 'application/x-www-form-urlencoded' }, body: form.toString() }, signal);
  }

  postJSON(url: string, what: string, body: JSONObject, headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer> {
    return this.#request({ method: 'POST', url, what, headers: { ...headers, [SENT_HEADERS.contentType]: 'application/json' }, body: JSON.stringify(body) }, signal);
  }

  async #request(request: OAuthRequest, parent: AbortSource): Promise<OAuthAnswer> {
    const { clock, limits, policy } = this.#options;
    const { what } = request;
    const url = checkEndpoint(request.url, what, policy);
    parent.throwIfAborted();
    const timed = timedSignal(clock, limits.authRequestMs, () => lateAnswer(what, url, limits.authRequestMs), parent);
    try {
      return await orAbort(this.#exchange({ ...request, url }, timed.signal), timed.signal);
    } finally {
      timed.release();
    }
  }

  async #exchange({ method, url, what, headers, body }: OAuthRequest, signal: AbortSignal): Promise<OAuthAnswer> {
    const written = writtenHeaders({ [SENT_HEADERS.accept]: 'application/json', ...headers });
    const init: FetchInit = { method, headers: written, signal, redirect: 'manual', ...(body === undefined ? {} : { body }) };
    let response: FetchResponse;
    try {
      response = await this.#options.fetch(url, init);
    } catch (cause) {
      throw roadFailure(what, url, cause);
    }
    const objection = objectionToStatus(response.status);
    if (objection !== undefined) {
      discard(response);
      throw networkFailure(what, url, objection, this.#statusDetails(response));
    }
    return { status: response.status, headers: response.headers, json: await this.#json(response, what, url, signal) };
  }

  #statusDetails({ status, headers }: FetchResponse): ErrorDetails {
    const waitMs = retryAfterMs(headers.get(READ_HEADERS.retryAfter), this.#options.clock.date());
    return { status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
  }

  /** The body, where it is an object; what is not said to be JSON is not read. */
  async #json(response: FetchResponse, what: string, url: string, signal: AbortSignal): Promise<JSONObject | undefined> {
    const { maxAuthBodyBytes, maxDepth } = this.#options.limits;
    if (contentKindOf(response.headers.get(READ_HEADERS.contentType)) !== 'json') {
      discard(response);
      return undefined;
    }
    const reader = readerOf(response);
    if (reader === undefined) return undefined;
    const takeBack = letGoWith(signal, reader);
    try {
      const { status, headers, body } = response;
      const bytes = await readBody({ status, headers, body, reader: () => reader }, maxAuthBodyBytes, (cause) => roadFailure(what, url, cause), 'maxAuthBodyBytes');
      return parsedObject(bytes, maxDepth);
    } catch (cause) {
      if (cause instanceof LimitError) throw networkFailure(what, url, `the answer has more than ${maxAuthBodyBytes} bytes`, limitDetails('maxAuthBodyBytes'));
      throw cause;
    } finally {
      takeBack();
    }
  }
}

/** An object of JSON; `undefined` for whatever is none, or is too deep. */
function parsedObject(bytes: Uint8Array, maxDepth: number): JSONObject | undefined {
  try {
    const text = decodeUTF8(bytes);
    const value: unknown = isTooDeep(text, maxDepth) ? undefined : JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function revealed(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value;
}

/** The headers as they are sent. A `fetch` would show in its error a value that it does not take. */
function writtenHeaders(headers: OAuthHeaders): Record<string, string> {
  const written: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = revealed(value);
    if (!isPlainHeaderValue(text)) throw new TypeError(`The header ${name} must be a plain field value; it has characters that no header can hold`);
    written[name] = text;
  }
  return written;
}

function objectionToStatus(status: number): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  // Some platforms say 0 for a redirect that is not followed.
  if (status < 400) return `it redirected (status ${status}), and what is sent there is for nobody else`;
  return status >= 500 || PASSING_ANSWERS.has(status) ? `it answered with status ${status}` : undefined;
}

/** An endpoint that was refused while its name was looked up is no matter of the network. */
function roadFailure(what: string, url: string, cause: unknown): AuthorizationError {
  for (let inner: unknown = cause, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if (inner instanceof AuthorizationError) return inner;
  }
  const systemCode = systemCodeOf(cause);
  const why = systemCode === undefined ? 'the connection failed' : `the system says ${escapeText(systemCode, 60)}`;
  // Not with the cause: some platforms write the whole URL into it, and the query of a server's URL may be its key.
  return networkFailure(what, url, why, systemCode === undefined ? {} : { systemCode });
}

function lateAnswer(what: string, url: string, authRequestMs: number): AuthorizationError {
  return networkFailure(what, url, `no answer within ${authRequestMs} ms`, limitDetails('authRequestMs'));
}

function limitDetails(limit: LimitName): ErrorDetails {
  return { limit };
}

function networkFailure(what: string, url: string, why: string, details: ErrorDetails): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_NETWORK', `Could not get an answer of ${what} at ${place(url)}: ${why}`, { details: { what, ...details } });
}
