/** The port over which everything of OAuth is sent, answered by a function of the test: what was sent is kept in clear. */

import type { AbortSource } from '../../lib/base/cancellation.ts';
import type { JSONObject } from '../../lib/base/json.ts';
import { Secret } from '../../lib/base/secret.ts';
import type { FormField, OAuthAnswer, OAuthHTTP, OAuthHeaders } from '../../lib/oauth/oauth-http.ts';

/** One form that was posted. */
export interface PostedForm {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers a form. */
export type FormAnswerer = (form: PostedForm, signal: AbortSource) => OAuthAnswer | Promise<OAuthAnswer>;

/** An answer with this JSON, or without any. */
export function oauthAnswer(status: number, json?: JSONObject, headers: Readonly<Record<string, string>> = {}): OAuthAnswer {
  return { status, json, headers: { get: (name) => headers[name.toLowerCase()] ?? null } };
}

const inClear = (pairs: Iterable<readonly [string, string | Secret]>): Record<string, string> =>
  Object.fromEntries([...pairs].map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]));

/** See the head of this file. Forms only. */
export class ScriptedOAuthHTTP implements OAuthHTTP {
  readonly forms: PostedForm[] = [];
  readonly #answer: FormAnswerer;

  constructor(answer: FormAnswerer) {
    this.#answer = answer;
  }

  async postForm(url: string, _what: string, fields: readonly FormField[], headers: OAuthHeaders, signal: AbortSource): Promise<OAuthAnswer> {
    const form = { url, fields: inClear(fields), headers: inClear(Object.entries(headers)) };
    this.forms.push(form);
    return this.#answer(form, signal);
  }

  get(): never {
    throw new Error('Only forms are posted here');
  }

  postJSON(): never {
    throw new Error('Only forms are posted here');
  }
}
