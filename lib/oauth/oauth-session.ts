/** One client at one authorization server for one resource: all it takes to have fresh tokens. */

import { Cancellation } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { isMCPError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { chooseAuthMethod } from './client-authentication.ts';
import type { ClientProofs } from './client-authentication.ts';
import type { DiscoveredAuthorization } from './discovery.ts';
import type { DPoPProver } from './dpop.ts';
import { machineGrant } from './machine-grants.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import type { OAuthGrant } from './oauth-options.ts';
import type { RegisteredClient } from './registered-client.ts';
import { ownerOf, refreshTokens, requestTokens } from './token-request.ts';
import type { TokenEndpoint } from './token-request.ts';
import { TokenSource } from './token-source.ts';
import type { TokenRenewal } from './token-source.ts';
import type { TokenStore } from './token-store.ts';

/** What an {@link OAuthSession} is made of. */
export interface OAuthSessionParts {
  readonly http: OAuthHTTP;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: TokenStore;
  readonly user: string | undefined;
  readonly grant: OAuthGrant | undefined;
  readonly discovered: DiscoveredAuthorization;
  readonly client: RegisteredClient;
  readonly proofs: ClientProofs;
  readonly prover: DPoPProver | undefined;
  /** What is asked for at the moment. */
  readonly scopes: () => readonly string[] | undefined;
  /** Called when the authorization server says that it does not know the client any more. */
  readonly forgetClient: () => Promise<void>;
}

/** Tokens of one user for one resource, and where further ones come from. */
export class OAuthSession {
  readonly discovered: DiscoveredAuthorization;
  readonly client: RegisteredClient;
  readonly prover: DPoPProver | undefined;
  readonly endpoint: TokenEndpoint;
  readonly source: TokenSource;
  readonly #forgetClient: () => Promise<void>;
  readonly #renewal: TokenRenewal;

  /** @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` where the client has nothing that the server takes as a proof. */
  constructor(parts: OAuthSessionParts) {
    const { http, clock, log, store, user, discovered, client, proofs, prover, forgetClient } = parts;
    const { server, resource } = discovered;
    this.discovered = discovered;
    this.client = client;
    this.prover = prover;
    this.#forgetClient = forgetClient;
    const tokenEndpointAuthMethod = chooseAuthMethod(proofs, server, client.registeredMethod);
    this.endpoint = { http, server, client: { clientId: client.clientId, tokenEndpointAuthMethod, ...proofs }, clock, prover };
    this.#renewal = this.#renewalOf(parts);
    this.source = new TokenSource({ owner: ownerOf(this.endpoint, { resource, user }), store, renewal: this.#renewal, clock, log });
  }

  /** Whether it is one for the same tokens as `other`. */
  isFor({ server, resource }: DiscoveredAuthorization, clientId: string): boolean {
    return this.discovered.server.issuer === server.issuer && this.discovered.resource === resource && this.client.clientId === clientId;
  }

  /**
   * Does `work` as the client. One that was registered by itself and is not known any more is forgotten, so that it is registered anew when it is next needed; one that the host gave is a matter of the host.
   *
   * @throws what `work` throws.
   */
  async asClient<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#isUnknown(error)) await this.#forgetClient();
      throw error;
    }
  }

  #isUnknown(error: unknown): boolean {
    return this.client.kind === 'dynamic' && isMCPError(error) && error.code === 'ERR_MCP_AUTH_REFUSED' && error.details['error'] === 'invalid_client';
  }

  /** Puts tokens for what is asked for at the moment in place of those that there are; false where that takes a human. @throws AuthorizationError as the token request. */
  async askAnew(): Promise<boolean> {
    if (!this.#renewal.canRenew(undefined)) return false;
    await this.source.adopt(await this.#renewal.renew(undefined));
    return true;
  }

  #renewalOf({ grant, user, scopes, discovered: { resource } }: OAuthSessionParts): TokenRenewal {
    const endpoint = this.endpoint;
    if (grant === undefined) {
      return {
        canRenew: (tokens) => tokens?.refreshToken !== undefined,
        // Asked for only where there is one to refresh with.
        renew: (tokens) => (tokens === undefined ? Promise.reject(new TypeError('There are no tokens to refresh')) : this.asClient(refreshTokens(endpoint, tokens, new Cancellation()))),
        // What was issued to a client that is not known any more is known to nobody.
        isOver: (error) => this.#isUnknown(error),
      };
    }
    return {
      canRenew: () => true,
      renew: async () => {
        const scope = scopes()?.join(' ');
        const nobodyGivesUp = new Cancellation();
        return requestTokens(endpoint, await machineGrant(grant, endpoint, { resource, scope }, nobodyGivesUp), { resource, user, scope }, nobodyGivesUp);
      },
    };
  }
}

/** `text` as a secret. */
export function asSecret(text: string | Secret): Secret {
  return text instanceof Secret ? text : new Secret(text);
}
