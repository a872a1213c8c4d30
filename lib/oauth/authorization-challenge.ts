/** What a server asks for when it lets a request not in. Source: RFC 6750 section 3, RFC 9449 section 7.1, RFC 9728 section 5.1; MCP 2026-07-28, authorization, "Scope Challenge Handling". */

import { parseChallenges } from '../http/www-authenticate.ts';
import type { Challenge } from '../http/www-authenticate.ts';
import { parseScopes } from './scopes.ts';

/** The schemes that tokens are sent with. */
export type TokenScheme = 'bearer' | 'dpop';

/** What the challenges of one response ask for together; of what two of them say, the first counts. */
export interface AuthorizationChallenge {
  /** In the order in which they came. */
  readonly schemes: readonly TokenScheme[];
  /** Where the protected resource metadata is said to be; hostile. */
  readonly resourceMetadata: string | undefined;
  /** What the request needs. */
  readonly scope: readonly string[] | undefined;
  /** Such as `invalid_token`, `insufficient_scope` or `use_dpop_nonce`; may be another word. */
  readonly error: string | undefined;
  /** `algs`: what a proof may be signed with. Source: RFC 9449 section 7.1. */
  readonly dpopAlgorithms: readonly string[] | undefined;
}

const TOKEN_SCHEMES: readonly TokenScheme[] = ['bearer', 'dpop'];

/**
 * What a `WWW-Authenticate` asks for; `undefined` where none of its challenges is for a token. Never throws. Descriptions, which are for people, are not read.
 */
export function authorizationChallenge(header: string | null): AuthorizationChallenge | undefined {
  const challenges = parseChallenges(header).filter(({ scheme }) => TOKEN_SCHEMES.some((known) => known === scheme));
  if (challenges.length === 0) return undefined;
  const first = (name: string): string | undefined => challenges.map(({ parameters }) => parameters.get(name)).find((value) => value !== undefined);
  const scope = first('scope');
  const algs = first('algs');
  const error = first('error');
  return {
    schemes: [...new Set(challenges.flatMap(tokenSchemeOf))],
    resourceMetadata: first('resource_metadata'),
    scope: scope === undefined ? undefined : parseScopes(scope),
    error: error === undefined ? undefined : errorCodeOf(error),
    dpopAlgorithms: algs?.split(' ').filter((algorithm) => algorithm !== ''),
  };
}

/** `value` where it can be an error code of OAuth, of at most 100 characters; such a word can be shown. Source: RFC 6749 section 5.2. */
export function errorCodeOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(value) ? value : undefined;
}

function tokenSchemeOf({ scheme }: Challenge): readonly TokenScheme[] {
  return TOKEN_SCHEMES.filter((known) => known === scheme);
}
