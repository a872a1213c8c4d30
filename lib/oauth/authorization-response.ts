/** What comes back when a user has signed in, or has not. Source: RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4; MCP 2026-07-28, authorization, "Authorization Response Validation". */

import { AuthorizationError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';
import { errorCodeOf } from './authorization-challenge.ts';
import { isSameText } from './constant-time.ts';
import { PendingAuthorization } from './pending-authorization.ts';
import type { PendingFacts } from './pending-authorization.ts';

const MAX_RESPONSE_CHARACTERS = 16_384;
const SHOWN_DESCRIPTION_CHARACTERS = 300;
// Of two a program may read the first and another one the last.
const ONCE: readonly string[] = ['state', 'iss', 'code', 'error', 'error_description'];

const PROOF: unique symbol = Symbol('validated');

/** A code that came in answer to a request of ours, from the issuer that was asked, with all that a token request must repeat. Only {@link validateResponse} makes one. */
export class ValidatedCode {
  readonly code: Secret;
  readonly verifier: Secret;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  /** What was asked for; what is granted stands in the token response. */
  readonly scopes: readonly string[] | undefined;
  readonly #isValidated = true;

  /** @throws TypeError for anyone but {@link validateResponse}. */
  constructor(proof: typeof PROOF, code: Secret, facts: PendingFacts) {
    if (proof !== PROOF) throw new TypeError('A ValidatedCode is made by validateResponse only');
    this.code = code;
    this.verifier = facts.verifier;
    this.issuer = facts.issuer;
    this.clientId = facts.clientId;
    this.redirectUri = facts.redirectUri;
    this.resource = facts.resource;
    this.scopes = facts.scopes;
    Object.freeze(this);
  }

  /** Whether `value` is one, and not something of the same form. */
  static is(value: unknown): value is ValidatedCode {
    return typeof value === 'object' && value !== null && #isValidated in value && value.#isValidated;
  }
}

/**
 * Checks the answer to `pending`: the URL that the user came back to, whole or from its path on. The answer is taken once; an answer with another `state` takes nothing. The issuer is compared
 * before anything else of the answer is looked at.
 *
 * @param nowMs milliseconds since 1970.
 * @throws AuthorizationError `ERR_MCP_AUTH_RESPONSE` for another URL than the redirect URI, a `state` that is missing or another, an answer that was taken before or comes later than `authPendingMs`, and
 * one that holds neither code nor error, both, or a parameter twice; `ERR_MCP_AUTH_ISSUER` for `iss` of another issuer, or none where it must be there; `ERR_MCP_AUTH_DENIED` where the answer is no, with
 * `details.error`.
 */
export function validateResponse(response: string | URL, pending: PendingAuthorization, limits: Limits, nowMs: number): ValidatedCode {
  const { facts } = pending;
  const parameters = parametersOf(response, facts.redirectUri);
  const state = parameters.get('state');
  if (state === null) throw badResponse('it has no state');
  if (!isSameText(facts.state.reveal(), state)) throw badResponse('its state is not that of the request');
  if (!pending.take()) throw badResponse('the request was answered before');
  if (nowMs - facts.createdAtMs > limits.authPendingMs) throw badResponse(`it comes later than ${limits.authPendingMs} ms after the request (authPendingMs)`, { limit: 'authPendingMs' });
  checkResponseIssuer(parameters.get('iss'), facts);
  const [code, error] = [parameters.get('code'), parameters.get('error')];
  if (code !== null && error !== null) throw badResponse('it holds a code and an error');
  if (error !== null) throw denial(error, parameters.get('error_description'), facts.issuer);
  if (code === null || code === '') throw badResponse('it holds neither a code nor an error');
  return new ValidatedCode(PROOF, new Secret(code), facts);
}

/** The parameters, where the URL is the redirect URI; a query of that must still be there. */
function parametersOf(response: unknown, redirectUri: string): URLSearchParams {
  if (typeof response !== 'string' && !(response instanceof URL)) throw new TypeError(`response must be a string or a URL; got ${describe(response)}`);
  const text = String(response);
  if (text.length > MAX_RESPONSE_CHARACTERS) throw badResponse(`its URL has ${text.length} characters, and ${MAX_RESPONSE_CHARACTERS} are the most`);
  if (!URL.canParse(text, redirectUri)) throw badResponse('it is no URL');
  const [url, expected] = [new URL(text, redirectUri), new URL(redirectUri)];
  const isRedirectURI = url.protocol === expected.protocol && url.host === expected.host && url.pathname === expected.pathname;
  if (!isRedirectURI) throw badResponse('it came to another URL than the redirect URI');
  for (const [name, value] of expected.searchParams) if (!url.searchParams.getAll(name).includes(value)) throw badResponse('it lacks the query of the redirect URI');
  const twice = ONCE.find((name) => url.searchParams.getAll(name).length > 1);
  if (twice !== undefined) throw badResponse(`it holds ${twice} twice`);
  return url.searchParams;
}

/** The table of the specification: a present `iss` is always compared, character by character; an absent one is refused where the server says that it names itself. */
function checkResponseIssuer(iss: string | null, { issuer, requiresIssuer }: PendingFacts): void {
  if (iss === issuer || (iss === null && !requiresIssuer)) return;
  const came = iss === null ? 'it names none' : 'it names another';
  // Nothing that came with it is shown: it may be of whoever wants to be taken for the issuer.
  throw new AuthorizationError('ERR_MCP_AUTH_ISSUER', `Expected an authorization response of the issuer ${quote(issuer, 300)}; ${came}`, { details: { expected: issuer } });
}

function denial(error: string, description: string | null, issuer: string): AuthorizationError {
  const code = errorCodeOf(error);
  const said = description === null || description === '' ? '' : `: ${quote(description, SHOWN_DESCRIPTION_CHARACTERS)}`;
  const why = code === undefined ? 'an error without a valid code' : quote(code);
  return new AuthorizationError('ERR_MCP_AUTH_DENIED', `${quote(issuer, 300)} did not authorize: ${why}${said}`, { details: { error: code, issuer } });
}

function badResponse(reason: string, details: Readonly<Record<string, string>> = {}): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_RESPONSE', `Not the authorization response that was waited for: ${reason}`, { details: { reason, ...details } });
}
