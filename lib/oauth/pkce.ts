/** Proof that who redeems a code is who asked for it. Source: RFC 7636; MCP 2026-07-28, authorization security considerations, "Authorization Code Protection". */

import { bytesToBase64URL } from '../base/base64.ts';
import { AuthorizationError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { quote } from '../base/text.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { sha256Base64URL } from './jwt.ts';

/** The method that is used; the other one hides nothing. */
export const CHALLENGE_METHOD = 'S256';

const RANDOM_BYTES = 32;

/** 256 random bits in 43 characters of base64url: a code verifier, or a state. Source: RFC 7636 section 4.1. */
export function randomSecret(): Secret {
  return new Secret(bytesToBase64URL(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES))));
}

/** The challenge to a verifier, by `S256`. Source: RFC 7636 section 4.2. */
export function codeChallenge(verifier: Secret): Promise<string> {
  return sha256Base64URL(verifier.reveal());
}

/**
 * Refuses a server that does not say that it knows `S256`: it may then not look at the verifier at all.
 *
 * @throws AuthorizationError `ERR_MCP_AUTH_PKCE`
 */
export function requirePKCE({ issuer, codeChallengeMethodsSupported }: AuthorizationServer): void {
  if (codeChallengeMethodsSupported?.includes(CHALLENGE_METHOD) === true) return;
  const listed = codeChallengeMethodsSupported === undefined ? 'it lists no methods' : 'it lists others';
  throw new AuthorizationError('ERR_MCP_AUTH_PKCE', `Expected ${quote(issuer, 300)} to list S256 in code_challenge_methods_supported; ${listed}`, { details: { issuer }, delivery: 'unsent' });
}
