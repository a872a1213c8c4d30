/** Stand-ins for what OAuth sends over: answers by URL, and a note of what was asked. */

import type { AbortSource } from '../../lib/base/cancellation.ts';
import type { JSONObject } from '../../lib/base/json.ts';
import type { FormField, OAuthAnswer, OAuthHTTP, OAuthHeaders } from '../../lib/oauth/oauth-http.ts';

/** What is said under a URL: an object with status 200, a status without JSON, a whole answer, or an error to reject with. */
export type ScriptedAnswer = JSONObject | number | Error | { readonly status: number; readonly json: JSONObject | undefined };

/** The same, or a function of what was asked. */
export type Scripted = ScriptedAnswer | ((asked: Asked) => ScriptedAnswer);

/** What was asked. */
export interface Asked {
  readonly method: 'GET' | 'form' | 'json';
  readonly url: string;
  readonly fields?: readonly FormField[];
  readonly body?: JSONObject;
  readonly headers?: OAuthHeaders;
}

/** An {@link OAuthHTTP} that answers by a table, and with 404 for what is not in it. */
export class ScriptedOAuthHTTP implements OAuthHTTP {
  readonly asked: Asked[] = [];
  readonly #answers: Readonly<Record<string, Scripted>>;

  constructor(answers: Readonly<Record<string, Scripted>>) {
    this.#answers = answers;
  }

  /** The URLs that were asked for, in order. */
  get urls(): readonly string[] {
    return this.asked.map(({ url }) => url);
  }

  get(url: string, _what: string, signal: AbortSource): Promise<OAuthAnswer> {
    return this.#answer({ method: 'GET', url }, signal);
  }

  postForm(url: string, _what: string, fields: readonly FormField[], headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer> {
    return this.#answer({ method: 'form', url, fields, headers }, signal);
  }

  postJSON(url: string, _what: string, body: JSONObject, headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer> {
    return this.#answer({ method: 'json', url, body, headers }, signal);
  }

  async #answer(asked: Asked, signal: AbortSource): Promise<OAuthAnswer> {
    signal.throwIfAborted();
    this.asked.push(asked);
    const row = this.#answers[asked.url] ?? 404;
    const scripted = typeof row === 'function' ? row(asked) : row;
    if (scripted instanceof Error) throw scripted;
    const { status, json } = typeof scripted === 'number' ? { status: scripted, json: undefined } : isAnswer(scripted) ? scripted : { status: 200, json: scripted };
    return { status, json, headers: { get: () => null } };
  }
}

function isAnswer(scripted: JSONObject): scripted is { readonly status: number; readonly json: JSONObject | undefined } {
  return 'status' in scripted && 'json' in scripted;
}
