/** What is kept from the moment a user is sent to sign in until they come back, maybe to another process. Source: RFC 9207 section 2.4; MCP 2026-07-28, authorization, "Authorization Response Validation". */

import { AuthorizationError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import { unionScopes } from './scopes.ts';

/** The facts of one authorization request, all of which its answer or the token request is held against. */
export interface PendingFacts {
  /** The issuer of the validated metadata, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[] | undefined;
  /** Whether the answer must name the issuer. */
  readonly requiresIssuer: boolean;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly state: Secret;
  readonly verifier: Secret;
}

const TEXTS = ['issuer', 'clientId', 'redirectUri', 'resource', 'state', 'verifier'] as const;
const MAX_KEPT_TEXT_CHARACTERS = 4_096;

/** One authorization request that waits for its answer, which it takes once. */
export class PendingAuthorization {
  readonly facts: PendingFacts;
  #isTaken = false;

  constructor(facts: PendingFacts) {
    this.facts = Object.freeze({ ...facts });
  }

  /**
   * Marks it as answered. `false` where it was before. In one process only: who keeps {@link PendingAuthorization.toStored} elsewhere takes it out of there before it is read back, so that two
   * processes cannot both have it.
   */
  take(): boolean {
    const isFirst = !this.#isTaken;
    this.#isTaken = true;
    return isFirst;
  }

  /** What another process needs to go on, as JSON, with `state` and verifier in the clear: whoever has it and the answer can redeem the code, so it is kept as a password is. */
  toStored(): JSONObject {
    const { state, verifier, scopes, ...facts } = this.facts;
    return { version: 1, ...facts, state: state.reveal(), verifier: verifier.reveal(), ...(scopes === undefined ? {} : { scopes }) };
  }

  /**
   * The request that {@link PendingAuthorization.toStored} wrote.
   *
   * @throws AuthorizationError `ERR_MCP_AUTH_RESPONSE` for whatever is none.
   */
  static fromStored(value: unknown): PendingAuthorization {
    if (!isObject(value) || own(value, 'version') !== 1) throw notStored('version');
    const text = (name: (typeof TEXTS)[number]): string => {
      const member = own(value, name);
      if (typeof member !== 'string' || member === '' || member.length > MAX_KEPT_TEXT_CHARACTERS) throw notStored(name);
      return member;
    };
    const requiresIssuer = own(value, 'requiresIssuer');
    if (typeof requiresIssuer !== 'boolean') throw notStored('requiresIssuer');
    const createdAtMs = own(value, 'createdAtMs');
    if (typeof createdAtMs !== 'number' || !Number.isFinite(createdAtMs)) throw notStored('createdAtMs');
    return new PendingAuthorization({
      issuer: text('issuer'),
      clientId: text('clientId'),
      redirectUri: text('redirectUri'),
      resource: text('resource'),
      scopes: storedScopes(own(value, 'scopes')),
      requiresIssuer,
      createdAtMs,
      state: new Secret(text('state')),
      verifier: new Secret(text('verifier')),
    });
  }
}

function storedScopes(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((scope: unknown): scope is string => typeof scope === 'string')) throw notStored('scopes');
  return unionScopes(value);
}

function notStored(member: string): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_RESPONSE', `Expected a stored authorization request; its member ${member} is missing or wrong`, { details: { member } });
}
