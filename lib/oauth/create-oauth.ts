/** OAuth for the servers of a host. Source: MCP 2026-07-28, authorization, and its extensions. */

import { Cancellation } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { Authorization, AuthorizerContext } from '../http/authorizer.ts';
import { AuthorizationFlow } from './authorization-flow.ts';
import { validateResponse } from './authorization-response.ts';
import { DPoPProvers } from './dpop.ts';
import { OAuthAuthorizer } from './oauth-authorizer.ts';
import { resolveOAuthOptions } from './oauth-options.ts';
import type { OAuthOptions, ResolvedOAuthOptions } from './oauth-options.ts';
import { randomTokenId } from './jwt.ts';
import { takePending } from './pending-shelf.ts';

/** What `createOAuth` makes: the option `authorization` of any number of servers. Tokens of one are never shown to another. */
export interface OAuth extends Authorization {
  /**
   * Goes on with a sign-in that a request was rejected for: takes the URL that the browser came back to, and gets the tokens. May be called in another process than the request was made in, where
   * the stores of tokens are one. Requests that follow have the tokens.
   *
   * @param server a server with this authorization, or its options: for whom it is.
   * @throws AuthorizationError `ERR_MCP_AUTH_RESPONSE` for an answer that nobody waits for, or that was taken before; and as every sign-in.
   */
  finish(callbackUrl: string | URL): Promise<void>;
}

/**
 * OAuth as MCP has it: finds out who signs users in, registers the client, lets a user sign in or uses a grant, keeps tokens fresh, binds them to a key where that is possible. What is sent where, and
 * what is checked, stands in `docs/oauth.md`.
 *
 * @throws TypeError, RangeError for wrong options; never with a secret in them.
 */
export function createOAuth(options: OAuthOptions = {}): OAuth {
  const resolved = resolveOAuthOptions(options);
  const asker = oauthAskerOf(resolved);
  const provers = new DPoPProvers();
  let last: AuthorizerContext | undefined;
  return {
    authorizerFor: (context) => {
      last = context;
      return new OAuthAuthorizer(resolved, context, asker, provers);
    },
    finish: (callbackUrl) => finishSignIn(resolved, last, provers, callbackUrl),
  };
}

/** One user of one store is one asker; without a store and a user of its own nobody else is the same. */
function oauthAskerOf({ user, hasOwnStore }: ResolvedOAuthOptions): string {
  return JSON.stringify(['oauth', user ?? null, user === undefined && hasOwnStore ? randomTokenId() : null]);
}

async function finishSignIn(options: ResolvedOAuthOptions, context: AuthorizerContext | undefined, provers: DPoPProvers, callbackUrl: string | URL): Promise<void> {
  if (context === undefined) throw new TypeError('finish needs a server that has this authorization: make it first');
  const state = URL.canParse(String(callbackUrl), options.redirectUrl) ? new URL(String(callbackUrl), options.redirectUrl).searchParams.get('state') : null;
  const kept = state === null ? undefined : await takePending(options.tokenStore, state);
  if (kept === undefined) throw new AuthorizationError('ERR_MCP_AUTH_RESPONSE', 'Nobody waits for this authorization response: its state is not known here, or it was answered before');
  const { clock, limits } = context;
  const code = validateResponse(callbackUrl, kept.pending, limits, clock.date());
  await new AuthorizationFlow(options, context, provers).finish(code, kept, new Cancellation());
}
