/** What may be done with a token: which scopes are asked for. Source: RFC 6749 section 3.3; MCP 2026-07-28, authorization, "Scope Selection Strategy" and "Step-Up Authorization Flow". */

// RFC 6749 section 3.3, scope-token.
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const MAX_SCOPE_LIST_CHARACTERS = 8_192;
const OFFLINE_ACCESS = 'offline_access';

/** Where the scopes of a first request come from. */
export interface ScopeSources {
  /** `scope` of the challenge, parsed: it counts before all else. */
  readonly challenged: readonly string[] | undefined;
  /** `scopes_supported` of the protected resource metadata. */
  readonly resourceScopes: readonly string[] | undefined;
  /** `scopes_supported` of the authorization server. */
  readonly serverScopes: readonly string[] | undefined;
  /** Whether a refresh token is wanted. */
  readonly wantsRefreshToken: boolean;
}

/**
 * The scopes of a list that is separated by spaces, each once, in their order; `undefined` for an empty list, and for one that is no list of scopes or too long: a scope must not be cut, and a list
 * without some of its scopes is another one.
 */
export function parseScopes(text: string): readonly string[] | undefined {
  if (text.length > MAX_SCOPE_LIST_CHARACTERS) return undefined;
  const scopes = text.split(' ').filter((scope) => scope !== '');
  return scopes.length > 0 && scopes.every(isScope) ? [...new Set(scopes)] : undefined;
}

/** Whether `text` is one scope. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * The scopes to ask for at first: those of the challenge, else those that the resource names, else none, which is `undefined`. `offline_access` comes to them where a refresh token is wanted and the
 * authorization server knows that scope; alone it would ask for no access at all. What is no scope is left out.
 */
export function chooseScopes({ challenged, resourceScopes, serverScopes, wantsRefreshToken }: ScopeSources): readonly string[] | undefined {
  const wanted = unionScopes(challenged ?? resourceScopes);
  if (wanted === undefined) return undefined;
  return wantsRefreshToken && serverScopes?.includes(OFFLINE_ACCESS) === true ? unionScopes(wanted, [OFFLINE_ACCESS]) : wanted;
}

/** All scopes of the lists, each once, in the order in which they come: what was asked for before stays when more is asked for. What is no scope is left out; `undefined` for none. */
export function unionScopes(...lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const scopes = [...new Set(lists.flatMap((list) => list ?? []).filter(isScope))];
  return scopes.length > 0 ? scopes : undefined;
}
