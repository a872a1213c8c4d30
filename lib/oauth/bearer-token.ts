/** For hosts with a way of their own to a token: no flow, no store. Source: RFC 6750 section 2.1. */

import { orAbort } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import { checkKeys, describe, text } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import type { Admission, Authorization, AuthorizedResponse, Authorizer } from '../http/authorizer.ts';
import { checkToken } from '../http/header-value.ts';
import { checkEndpoint } from './endpoint-policy.ts';
import { randomTokenId } from './jwt.ts';

/** A token, or a function that is asked for it before each request, and once more when a request with it was refused. */
export type BearerTokenSource = string | Secret | ((request: BearerTokenRequest) => string | Secret | Promise<string | Secret>);

/** What a function of tokens is told. */
export interface BearerTokenRequest {
  /** The URL that the token is for: a token is to be given for its origin only. */
  readonly url: string;
  /** Whether the server has just refused the token that was given last. */
  readonly isRefused: boolean;
  /** Fires when nobody waits for the token any more. */
  readonly signal: AbortSignal;
}

/** How a bearer token is used. */
export interface BearerTokenOptions {
  /**
   * Who asks, in words of the host: sessions and cached results are kept apart by it. Default: for a token that is given, that token; for a function
   * nobody else: its sessions and results are shared with no other handle's but those with the same authorization.
   */
  readonly user?: string | undefined;
}

// A server in development on this machine may have it; beside that, https.
const POLICY = Object.freeze({ allowLoopback: true, dangerouslyAllowPrivateAddresses: true });

/**
 * The option `authorization` for a host that has a token: `Authorization: Bearer …` with every request, over https or to this machine only.
 *
 * A request that is refused with 401 rejects with AuthorizationError `ERR_MCP_AUTH_REQUIRED`; a function is asked once more before.
 *
 * @throws TypeError for what is no token and no function; a token with characters that no header can hold.
 */
export function bearerToken(token: BearerTokenSource, options: BearerTokenOptions = {}): Authorization {
  checkKeys('bearerToken', options as unknown, ['user']);
  const user = options.user === undefined ? undefined : text('user', options.user);
  const fixed = typeof token === 'function' ? undefined : givenToken(token);
  // Whose tokens a function gives nobody can tell: two of them are never taken for the same user.
  const asker = JSON.stringify(user === undefined ? ['bearer', fixed?.reveal() ?? null, fixed === undefined ? randomTokenId() : null] : ['user', user]);
  const give = async (request: BearerTokenRequest): Promise<Secret> => fixed ?? givenToken(await (token as Exclude<BearerTokenSource, string | Secret>)(request));
  return {
    authorizerFor: ({ serverName }): Authorizer => ({
      // Only its digest goes any further.
      asker,
      admit: () => new BearerAdmission(serverName, give, fixed === undefined),
    }),
  };
}

class BearerAdmission implements Admission {
  readonly #serverName: string;
  readonly #give: (request: BearerTokenRequest) => Promise<Secret>;
  #mayAskAgain: boolean;
  #isRefused = false;

  constructor(serverName: string, give: (request: BearerTokenRequest) => Promise<Secret>, mayAskAgain: boolean) {
    this.#serverName = serverName;
    this.#give = give;
    this.#mayAskAgain = mayAskAgain;
  }

  async headersFor(url: string, source: AbortSource): Promise<Readonly<Record<string, string>>> {
    checkEndpoint(url, `the URL of ${this.#serverName}`, POLICY);
    const controller = new AbortController();
    const abort = () => controller.abort(source.reason);
    source.addEventListener('abort', abort, { once: true });
    try {
      const token = await orAbort(this.#give({ url, isRefused: this.#isRefused, signal: controller.signal }), source);
      return { Authorization: `Bearer ${token.reveal()}` };
    } finally {
      source.removeEventListener('abort', abort);
    }
  }

  async answered({ status }: AuthorizedResponse): Promise<boolean> {
    if (status !== 401) return false;
    if (!this.#mayAskAgain) {
      throw new AuthorizationError('ERR_MCP_AUTH_REQUIRED', `${this.#serverName} refuses the bearer token with status 401`, { details: { status }, delivery: 'answered' });
    }
    this.#mayAskAgain = false;
    this.#isRefused = true;
    return true;
  }
}

function givenToken(token: unknown): Secret {
  if (token instanceof Secret) {
    checkToken(token.reveal());
    return token;
  }
  if (typeof token !== 'string') throw new TypeError(`A bearer token must be a string or a Secret; got ${describe(token)}`);
  return new Secret(checkToken(token));
}
