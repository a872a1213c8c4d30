/** What a data file of spec-fixtures/oauth says of the servers of one case. In every text `{rs}`, `{as}` and `{other}` stand for their origins. */

import type { JSONObject } from '../../lib/index.ts';

/** Who of the servers: the MCP server, its authorization server, and one that has no part in it unless a case says so. */
export type Party = 'rs' | 'as' | 'other';

/** What a request is answered with. */
export interface ScriptedAnswer {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string;
  /** A body that is this text over and over. */
  readonly repeat?: { readonly text: string; readonly times: number };
  /** The request is left without an answer. */
  readonly hangs?: boolean;
  /** At a token or registration endpoint: what it would say by itself, with these members in place of its own; null takes one away. */
  readonly issue?: JSONObject;
  /** How many requests in a row are answered so; -1 for all that come. Default: 1. */
  readonly times?: number;
}

/** The authorization server. What is not said is as it should be. */
export interface AuthorizationScript {
  /** Members of its metadata in place of its own; null takes one away. */
  readonly metadata?: JSONObject;
  /** What lies at these paths, before all else. */
  readonly documents?: Readonly<Record<string, ScriptedAnswer>>;
  /** Parameters of the authorization response in place of its own; null takes one away. */
  readonly authorize?: Readonly<Record<string, string | null>>;
  /** Its first answers at the token endpoint. */
  readonly token?: readonly ScriptedAnswer[];
  /** Its first answers at the registration endpoint. */
  readonly register?: readonly ScriptedAnswer[];
}

/** The MCP server. What is not said is as it should be. */
export interface ResourceScript {
  /** Its `WWW-Authenticate` with 401. */
  readonly challenge?: string | null;
  readonly metadata?: JSONObject;
  readonly documents?: Readonly<Record<string, ScriptedAnswer>>;
  /** Its first answers to messages, whatever token came with them. */
  readonly answers?: readonly ScriptedAnswer[];
  /** Its first answers to messages with a token that is good. */
  readonly toTokens?: readonly ScriptedAnswer[];
}

/** All servers of a case. */
export interface PairScript {
  readonly resource?: ResourceScript;
  readonly server?: AuthorizationScript;
  readonly other?: AuthorizationScript;
}

/** `value` with the members of `patch` in place of its own; those that are null there are taken away. */
export function patched(value: JSONObject, patch: JSONObject = {}): JSONObject {
  return Object.fromEntries(Object.entries({ ...value, ...patch }).filter(([, member]) => member !== null));
}

/** Gives the answers of a list, each as often as it says; `undefined` when they are used up. */
export class Turns {
  readonly #answers: readonly ScriptedAnswer[];
  #index = 0;
  #used = 0;

  constructor(answers: readonly ScriptedAnswer[] = []) {
    this.#answers = answers;
  }

  next(): ScriptedAnswer | undefined {
    const answer = this.#answers[this.#index];
    if (answer !== undefined && ++this.#used === (answer.times ?? 1)) {
      this.#index++;
      this.#used = 0;
    }
    return answer;
  }
}
