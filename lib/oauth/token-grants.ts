/** What a token endpoint is asked with, one function a grant. Each names the resource that the token is for. Source: RFC 8707 section 2.2. */

import { AuthorizationError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';
import { ValidatedCode } from './authorization-response.ts';
import type { FormField } from './oauth-http.ts';
import type { TokenOwner, TokenSet } from './token-set.ts';

/** The fields of a request for tokens. */
export type TokenGrant = readonly FormField[];

/** For whom tokens are asked: what {@link TokenOwner} knows of it. */
export type GrantOwner = Pick<TokenOwner, 'issuer' | 'resource' | 'clientId'>;

/** What is exchanged for an assertion that another authorization server takes. */
export interface ExchangedToken {
  /** The issuer that the assertion is for. */
  readonly audience: string;
  readonly resource: string;
  readonly scope?: string | undefined;
  /** What says who the user is, such as an ID token. */
  readonly subjectToken: Secret;
  /** {@link ID_TOKEN_TYPE} where it is left out. */
  readonly subjectTokenType?: string | undefined;
}

/** An ID token of OpenID Connect. Source: RFC 8693 section 3. */
export const ID_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:id_token';
/** An assertion that says who the user is, for another authorization server. Source: MCP enterprise-managed authorization, section 4. */
export const ID_JAG_TYPE = 'urn:ietf:params:oauth:token-type:id-jag';

/**
 * Redeems an authorization code. Source: RFC 6749 section 4.1.3.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_ISSUER` where the code is not of this issuer, and `ERR_MCP_AUTH_RESPONSE` where it is of another client: it is shown to nobody. TypeError for what has the form of a validated code
 * and is none.
 */
export function authorizationCodeGrant(code: ValidatedCode, owner: GrantOwner): TokenGrant {
  if (!ValidatedCode.is(code)) throw new TypeError('A code is redeemed only where validateResponse gave it');
  if (code.issuer !== owner.issuer) throw new AuthorizationError('ERR_MCP_AUTH_ISSUER', `The authorization code is of ${quote(code.issuer, 300)}, and not shown to ${quote(owner.issuer, 300)}`);
  for (const name of ['clientId', 'resource'] as const) {
    if (code[name] !== owner[name]) throw new AuthorizationError('ERR_MCP_AUTH_RESPONSE', `The authorization code was issued for another ${name}`);
  }
  const { resource, redirectUri, verifier } = code;
  return [['grant_type', 'authorization_code'], ['code', code.code], ['redirect_uri', redirectUri], ['code_verifier', verifier], ['resource', resource]];
}

/** New tokens of the same scope for a refresh token. Source: RFC 6749 section 6. @throws TypeError for tokens without one. */
export function refreshTokenGrant({ refreshToken, owner }: TokenSet): TokenGrant {
  if (refreshToken === undefined) throw new TypeError('There is no refresh token');
  return [['grant_type', 'refresh_token'], ['refresh_token', refreshToken], ['resource', owner.resource]];
}

/** Tokens for the client itself. Source: RFC 6749 section 4.4.2. */
export function clientCredentialsGrant(resource: string, scope?: string): TokenGrant {
  return [['grant_type', 'client_credentials'], ...scoped(scope), ['resource', resource]];
}

/** Tokens for whom an assertion speaks of: a user of an enterprise, or a workload. Source: RFC 7523 section 2.1. */
export function jwtBearerGrant(assertion: Secret, resource: string, scope?: string): TokenGrant {
  return [['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'], ['assertion', assertion], ...scoped(scope), ['resource', resource]];
}

/** An assertion for another authorization server. Source: RFC 8693 section 2.1; MCP enterprise-managed authorization, section 4. */
export function tokenExchangeGrant({ audience, resource, scope, subjectToken, subjectTokenType = ID_TOKEN_TYPE }: ExchangedToken): TokenGrant {
  return [
    ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    ['requested_token_type', ID_JAG_TYPE],
    ['audience', audience],
    ['resource', resource],
    ...scoped(scope),
    ['subject_token', subjectToken],
    ['subject_token_type', subjectTokenType],
  ];
}

/** An empty scope is none: servers refuse the empty field. */
function scoped(scope: string | undefined): readonly FormField[] {
  return scope === undefined || scope === '' ? [] : [['scope', scope]];
}
