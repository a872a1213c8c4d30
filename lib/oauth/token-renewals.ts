/** The ways to renew tokens without a human. */

import { Cancellation } from '../base/cancellation.ts';
import type { AbortSource } from '../base/cancellation.ts';
import type { TokenGrant } from './token-grants.ts';
import { refreshTokens, requestTokens } from './token-request.ts';
import type { TokenEndpoint, TokenSubject } from './token-request.ts';
import type { TokenRenewal } from './token-source.ts';

/** By the refresh token, where there is one. Source: RFC 6749 section 6. */
export function renewalByRefresh(endpoint: TokenEndpoint): TokenRenewal {
  return {
    canRenew: (tokens) => tokens?.refreshToken !== undefined,
    renew: async (tokens) => {
      if (tokens === undefined) throw new TypeError('There is no refresh token');
      return refreshTokens(endpoint, tokens, new Cancellation());
    },
  };
}

/**
 * By a grant that a client can always make: its own credentials, or an assertion. `subject` and `makeGrant` are asked each time: what is wanted may change, and an
 * assertion is good once; what they throw is what the renewal throws. What the server refuses is not tried again, nor in another way.
 */
export function renewalByGrant(endpoint: TokenEndpoint, subject: () => TokenSubject, makeGrant: (subject: TokenSubject, signal: AbortSource) => TokenGrant | Promise<TokenGrant>): TokenRenewal {
  return {
    canRenew: () => true,
    renew: async () => {
      const signal = new Cancellation();
      const wanted = subject();
      return requestTokens(endpoint, await makeGrant(wanted, signal), wanted, signal);
    },
  };
}
