/** What a token endpoint answers, checked: a token that a header can carry, or an error that says what it is. Source: RFC 6749 sections 5.1, 5.2 and appendix A. */

import { AuthorizationError, isMCPError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import { escapeText, quote } from '../base/text.ts';
import { checkToken } from '../http/header-value.ts';
import type { FormField, OAuthAnswer } from './oauth-http.ts';

/** How an access token is shown to a resource. Source: RFC 6750 section 2.1, RFC 9449 section 7.1. */
export type TokenType = 'Bearer' | 'DPoP';

/** Tokens as they were issued. */
export interface IssuedTokens {
  readonly accessToken: Secret;
  readonly tokenType: TokenType;
  /** Milliseconds that the access token lives; `undefined` where the server does not say. */
  readonly lifetimeMs: number | undefined;
  /** What was granted, where the server says so: absent, it is what was asked for. */
  readonly scope: string | undefined;
  readonly refreshToken: Secret | undefined;
}

/** Who was asked, and with what. */
interface Asked {
  /** For errors. */
  readonly issuer: string;
  /** A text of the server that repeats a secret of these is not shown. */
  readonly sent: readonly FormField[];
}

/** What was asked for, and of whom. */
export interface TokenExpectation extends Asked {
  readonly tokenType: TokenType;
}

/** What is asked for in a token exchange, and of whom. */
export interface ExchangeExpectation extends Asked {
  readonly issuedTokenType: string;
}

const MAX_TOKEN_CHARACTERS = 32_768;
const MAX_SCOPE_CHARACTERS = 16_384;
// Three hundred years: what lives longer was never meant.
const MAX_LIFETIME_S = 10_000_000_000;
const VISIBLE = /^[\x20-\x7e]*$/;
// Source: RFC 6749 section 5.2.
const ERROR_CODE = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
// Source: RFC 9449 sections 5 and 8.
const PROOF_ERRORS: ReadonlySet<string> = new Set(['invalid_dpop_proof', 'use_dpop_nonce']);
// Not an access token of OAuth. Source: RFC 8693 section 2.2.1.
const NO_TOKEN_TYPE = 'n_a';

/**
 * The tokens that `answer` holds.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_REFUSED` (`details.error`, `details.status`) for an error of the server, whichever status it comes with; `ERR_MCP_AUTH_DPOP`
 * where that is about the proof; `ERR_MCP_AUTH_TOKEN` for everything else that is no token of the type asked for.
 */
export function readTokenAnswer(answer: OAuthAnswer, expected: TokenExpectation): IssuedTokens {
  const json = readSuccess(answer, expected);
  const told = textAt(json, 'token_type', expected);
  if (told.toLowerCase() !== expected.tokenType.toLowerCase()) throw noToken(expected, `token_type must be ${expected.tokenType}; got ${quote(told, 40)}`);
  return {
    accessToken: accessTokenAt(json, expected),
    tokenType: expected.tokenType,
    lifetimeMs: lifetimeAt(json, expected),
    scope: scopeAt(json, expected),
    refreshToken: secretAt(json, 'refresh_token', expected),
  };
}

/** The token that was exchanged for another one, to be shown to an authorization server. Source: RFC 8693 section 2.2. @throws AuthorizationError as {@link readTokenAnswer}. */
export function readExchangeAnswer(answer: OAuthAnswer, expected: ExchangeExpectation): Secret {
  const json = readSuccess(answer, expected);
  for (const [name, wanted] of [['issued_token_type', expected.issuedTokenType], ['token_type', NO_TOKEN_TYPE]] as const) {
    const told = textAt(json, name, expected);
    if (told.toLowerCase() !== wanted) throw noToken(expected, `${name} must be ${wanted}; got ${quote(told, 100)}`);
  }
  return secretAt(json, 'access_token', expected) ?? lacking(expected, 'access_token');
}

function readSuccess(answer: OAuthAnswer, expected: Asked): JSONObject {
  const { status, json } = answer;
  const error = json === undefined ? undefined : own(json, 'error');
  // Some servers tell errors with the status 200.
  if (json !== undefined && typeof error === 'string' && ERROR_CODE.test(error)) throw refusal(error, own(json, 'error_description'), status, expected);
  if (status === 200 && json !== undefined && error === undefined) return json;
  const came = json === undefined ? 'no JSON object' : error === undefined ? 'an object' : 'an error that is no code';
  throw noToken(expected, `the answer must be a JSON object with the status 200, or an error as JSON; got status ${status} and ${came}`, status);
}

function refusal(error: string, description: unknown, status: number, { issuer, sent }: Asked): AuthorizationError {
  const isTold = typeof description === 'string' && description !== '' && !sent.some(([, value]) => value instanceof Secret && repeats(description, value.reveal()));
  const message = `${escapeText(issuer, 300)} gave no token: ${quote(error)}${isTold ? `, ${quote(description, 500)}` : ''}`;
  return new AuthorizationError(PROOF_ERRORS.has(error) ? 'ERR_MCP_AUTH_DPOP' : 'ERR_MCP_AUTH_REFUSED', message, { details: { error, status, issuer } });
}

/** Whether `error` tells that a token endpoint refused with this code. */
export function isTokenRefusal(error: unknown, code: string): boolean {
  return isMCPError(error) && error.code === 'ERR_MCP_AUTH_REFUSED' && error.details['error'] === code;
}

/** Whether a text holds the secret as it is, as a form has it, or as it stands behind its scheme in a header. */
function repeats(text: string, secret: string): boolean {
  const bare = secret.replace(/^[A-Za-z]+ /, '');
  return [bare, encodeURIComponent(bare), new URLSearchParams([['', bare]]).toString().slice(1)].some((form) => text.includes(form));
}

function accessTokenAt(json: JSONObject, expected: Asked): Secret {
  const token = secretAt(json, 'access_token', expected) ?? lacking(expected, 'access_token');
  try {
    checkToken(token.reveal());
  } catch (cause) {
    throw noToken(expected, `access_token cannot go into a header. ${cause instanceof Error ? cause.message : ''}`);
  }
  return token;
}

/** A text of visible ASCII; `undefined` where it is absent, null or empty. */
function secretAt(json: JSONObject, name: string, expected: Asked): Secret | undefined {
  const value = own(json, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && value.length <= MAX_TOKEN_CHARACTERS && VISIBLE.test(value)) return new Secret(value);
  throw noToken(expected, `${name} must be at most ${MAX_TOKEN_CHARACTERS} characters of visible ASCII; got ${describe(value)}`);
}

/** A number of seconds; some servers write it as a string. */
function lifetimeAt(json: JSONObject, expected: Asked): number | undefined {
  const value = own(json, 'expires_in');
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === 'string' && /^\d{1,11}$/.test(value) ? Number(value) : value;
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_LIFETIME_S) return Math.floor(seconds) * 1_000;
  throw noToken(expected, `expires_in must be a number of seconds, at most ${MAX_LIFETIME_S}; got ${describe(value)}`);
}

function scopeAt(json: JSONObject, expected: Asked): string | undefined {
  const value = own(json, 'scope');
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length <= MAX_SCOPE_CHARACTERS && VISIBLE.test(value)) return value;
  throw noToken(expected, `scope must be at most ${MAX_SCOPE_CHARACTERS} characters of visible ASCII; got ${describe(value)}`);
}

function textAt(json: JSONObject, name: string, expected: Asked): string {
  const value = own(json, name);
  if (typeof value === 'string') return value;
  throw noToken(expected, `${name} must be a string; got ${describe(value)}`);
}

function lacking(expected: Asked, name: string): never {
  throw noToken(expected, `${name} is missing`);
}

function noToken({ issuer }: Asked, why: string, status?: number): AuthorizationError {
  const details = status === undefined ? { issuer } : { issuer, status };
  return new AuthorizationError('ERR_MCP_AUTH_TOKEN', `${escapeText(issuer, 300)} gave no token that can be used: ${why}`, { details });
}
