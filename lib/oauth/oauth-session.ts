/** One client at one authorization server for one resource: all it takes to have fresh tokens. */

import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { ValidatedCode } from './authorization-response.ts';
import { chooseAuthMethod } from './client-authentication.ts';
import type { ClientProofs } from './client-authentication.ts';
import type { DiscoveredAuthorization } from './discovery.ts';
import type { DPoPProver } from './dpop.ts';
import { machineGrant } from './machine-grants.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import type { OAuthGrant } from './oauth-options.ts';
import type { RegisteredClient } from './registered-client.ts';
import { authorizationCodeGrant } from './token-grants.ts';
import { renewalByGrant, renewalByRefresh } from './token-renewals.ts';
import { ownerOf, requestTokens } from './token-request.ts';
import type { TokenEndpoint } from './token-request.ts';
import { isTokenRefusal } from './token-response.ts';
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
  /** Hears that the authorization server does not know the client any more. */
  readonly clientGone: () => void;
}

/** Tokens of one user for one resource, and where further ones come from. */
export class OAuthSession {
  readonly discovered: DiscoveredAuthorization;
  readonly client: RegisteredClient;
  readonly prover: DPoPProver | undefined;
  readonly endpoint: TokenEndpoint;
  readonly source: TokenSource;
  readonly #renewal: TokenRenewal;
  readonly #clientGone: () => void;

  /** @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION` where the client has nothing that the server takes as a proof. */
  constructor(parts: OAuthSessionParts) {
    const { http, clock, log, store, user, discovered, client, proofs, prover, clientGone } = parts;
    const { server, resource } = discovered;
    this.discovered = discovered;
    this.client = client;
    this.prover = prover;
    this.#clientGone = clientGone;
    const tokenEndpointAuthMethod = chooseAuthMethod(proofs, server, client.registeredMethod);
    this.endpoint = { http, server, client: { clientId: client.clientId, tokenEndpointAuthMethod, ...proofs }, clock, prover };
    this.#renewal = this.#renewalOf(parts);
    this.source = new TokenSource({ owner: ownerOf(this.endpoint, { resource, user }), store, renewal: this.#renewal, clock, log });
  }

  /** Whether it is one for the same tokens as `other`. */
  isFor({ server, resource }: DiscoveredAuthorization, clientId: string): boolean {
    return this.discovered.server.issuer === server.issuer && this.discovered.resource === resource && this.client.clientId === clientId;
  }

  /** Gets tokens for a code whose response was found to be in order, and uses them from now on. @throws AuthorizationError as the token request. */
  async redeem(code: ValidatedCode, user: string | undefined, signal: AbortSource): Promise<void> {
    const { resource, scopes } = code;
    const owner = { issuer: this.endpoint.server.issuer, clientId: this.client.clientId, resource };
    const subject = { resource, user, scope: scopes?.join(' ') };
    await this.source.adopt(await this.#heard(requestTokens(this.endpoint, authorizationCodeGrant(code, owner), subject, signal)));
  }

  /** Puts tokens for what is asked for at the moment in place of those that there are; false where that takes a human. @throws AuthorizationError as the token request. */
  async askAnew(): Promise<boolean> {
    if (!this.#renewal.canRenew(undefined)) return false;
    await this.source.adopt(await this.#renewal.renew(undefined));
    return true;
  }

  /** `work` at the token endpoint; where that does not know a client any more that was registered there, the next sign-in is as a new one. */
  async #heard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.#isOfGoneClient(error)) this.#clientGone();
      throw error;
    }
  }

  #isOfGoneClient(error: unknown): boolean {
    return this.client.kind === 'dynamic' && isTokenRefusal(error, 'invalid_client');
  }

  #renewalOf({ grant, user, scopes, discovered: { resource } }: OAuthSessionParts): TokenRenewal {
    const { endpoint } = this;
    if (grant === undefined) {
      const { canRenew, renew } = renewalByRefresh(endpoint);
      return { canRenew, renew: (tokens) => this.#heard(renew(tokens)), endsTokens: (error) => this.#isOfGoneClient(error) };
    }
    return renewalByGrant(
      endpoint,
      () => ({ resource, user, scope: scopes()?.join(' ') }),
      ({ scope }, signal) => machineGrant(grant, endpoint, { resource, scope }, signal),
    );
  }
}

/** `text` as a secret. */
export function asSecret(text: string | Secret): Secret {
  return text instanceof Secret ? text : new Secret(text);
}
