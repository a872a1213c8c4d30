/** As which client a host comes to each authorization server, and what it proves itself by there. */

import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import type { ClientProofs } from './client-authentication.ts';
import { chooseOAuthClient } from './client-choice.ts';
import type { ClientSources, PreRegisteredClient } from './client-choice.ts';
import { registerClient } from './client-registration.ts';
import type { ClientDescription } from './client-registration.ts';
import { boundIssuer, dropClient, keepClient, storedClient } from './client-shelf.ts';
import type { OAuthHTTP } from './oauth-http.ts';
import type { OAuthClientOptions, ResolvedOAuthOptions } from './oauth-options.ts';
import { asSecret } from './oauth-session.ts';
import type { RegisteredClient } from './registered-client.ts';
import { importSigningKey } from './signing-key.ts';

/** Finds the client, or makes it known. */
export class ClientKeeper {
  readonly #options: ResolvedOAuthOptions;
  readonly #http: OAuthHTTP;
  readonly #clock: Clock;

  constructor(options: ResolvedOAuthOptions, http: OAuthHTTP, clock: Clock) {
    this.#options = options;
    this.#http = http;
    this.#clock = clock;
  }

  /** The client that `server` knows already; `undefined` where there is none, or none is known before the redirect URL is. */
  async known(server: AuthorizationServer, serverUrl: string, redirectUrl: string | undefined): Promise<RegisteredClient | undefined> {
    const sources = await this.#sources(server, serverUrl, redirectUrl, undefined);
    const isKnown = sources.preRegistered.some(({ issuer }) => issuer === server.issuer) || (sources.document !== undefined && server.clientIdMetadataDocumentSupported) || sources.stored !== undefined;
    if (!isKnown) return undefined;
    const choice = chooseOAuthClient(server, sources, this.#clock.date());
    return 'client' in choice ? choice.client : undefined;
  }

  /**
   * The client that comes back at `redirectUrl`, registered now where that is not known yet.
   *
   * @throws AuthorizationError `ERR_MCP_AUTH_REGISTRATION`; as the registration; `ERR_MCP_AUTH_STORE`.
   */
  async require(server: AuthorizationServer, serverUrl: string, redirectUrl: string, scopes: readonly string[] | undefined, signal: AbortSource): Promise<RegisteredClient> {
    const { register, clientName, clientUri, offlineAccess, tokenStore } = this.#options;
    const description: ClientDescription | undefined = register ? { clientName, clientUri, redirectUris: [redirectUrl], scopes, wantsRefreshToken: offlineAccess } : undefined;
    const choice = chooseOAuthClient(server, await this.#sources(server, serverUrl, redirectUrl, description), this.#clock.date());
    if ('client' in choice) return choice.client;
    return keepClient(tokenStore, await registerClient(this.#http, server, choice.register, signal), redirectUrl);
  }

  /** Forgets a client that came back at `redirectUrl` and that its authorization server does not know any more. */
  async forget(client: RegisteredClient, redirectUrl: string | undefined): Promise<void> {
    if (redirectUrl !== undefined) await dropClient(this.#options.tokenStore, client, redirectUrl);
  }

  /** What a client proves itself by: a key only where the host gave one with it. */
  async proofsOf({ clientId, issuer, clientSecret, kind }: RegisteredClient): Promise<ClientProofs> {
    const given = kind === 'dynamic' ? undefined : this.#options.clients.find((client) => client.id === clientId && (client.issuer === undefined || client.issuer === issuer));
    if (given?.privateKey === undefined) return { clientSecret };
    const { algorithm, keyId } = given;
    return { clientSecret, signingKey: await importSigningKey(given.privateKey, { algorithm, keyId }) };
  }

  async #sources(server: AuthorizationServer, serverUrl: string, redirectUrl: string | undefined, description: ClientDescription | undefined): Promise<ClientSources> {
    const { clients, clientDocumentUrl, tokenStore } = this.#options;
    const preRegistered = await Promise.all(clients.map((client) => this.#preRegistered(client, server, serverUrl)));
    return {
      preRegistered,
      document: clientDocumentUrl === undefined ? undefined : { url: clientDocumentUrl, tokenEndpointAuthMethod: 'none' },
      stored: redirectUrl === undefined ? undefined : await storedClient(tokenStore, server.issuer, redirectUrl),
      description,
    };
  }

  async #preRegistered({ id, secret, issuer, authMethod }: OAuthClientOptions, server: AuthorizationServer, serverUrl: string): Promise<PreRegisteredClient> {
    const { origin } = new URL(serverUrl);
    return {
      issuer: issuer ?? (await boundIssuer(this.#options.tokenStore, id, origin, server.issuer)),
      clientId: id,
      clientSecret: secret === undefined ? undefined : asSecret(secret),
      tokenEndpointAuthMethod: authMethod,
    };
  }
}
