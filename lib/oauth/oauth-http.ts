/** The port over which everything of OAuth is sent: bounded, without redirects, to addresses that may have it. */

import type { AbortSource } from '../base/cancellation.ts';
import type { JSONObject } from '../base/json.ts';
import type { Secret } from '../base/secret.ts';

/** A field of a form: `[name, value]`; what is a secret travels as one up to here. */
export type FormField = readonly [name: string, value: string | Secret];

/** Headers of a request; those that hold secrets hold them as such. */
export type OAuthHeaders = Readonly<Record<string, string | Secret>>;

/** What came back, whole. */
export interface OAuthAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The body, where it is a JSON object by its type and by what it holds; hostile. */
  readonly json: JSONObject | undefined;
}

/**
 * Sends requests to authorization servers and for metadata. Each method resolves with a status of 2xx or 4xx, and rejects with
 * AuthorizationError `ERR_MCP_AUTH_ENDPOINT` for a URL that nothing is sent to, `ERR_MCP_AUTH_NETWORK` for what may pass: no connection, no answer in
 * time, 5xx, 408, 425, 429 (`details.status`, and `details.retryAfterMs` where the server says), a redirect, a body that is too long; the reason of `signal` when that fires.
 */
export interface OAuthHTTP {
  /** @param what the URL is, for errors: `the protected resource metadata`. */
  get(url: string, what: string, signal: AbortSource): Promise<OAuthAnswer>;
  /** Posts `application/x-www-form-urlencoded`. */
  postForm(url: string, what: string, fields: readonly FormField[], headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer>;
  /** Posts `application/json`. */
  postJSON(url: string, what: string, body: JSONObject, headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer>;
}
