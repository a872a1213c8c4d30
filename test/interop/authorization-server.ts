/** A real authorization server, `oidc-provider`, on a port of the loopback interface, with a page on which a user signs in. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider, errors } from 'oidc-provider';
import type { ClientMetadata, Configuration, JWK, ResourceServer } from 'oidc-provider';
import { ProviderStore } from './provider-store.ts';

/** What it grants for one MCP server, whose URL is the resource. */
export interface ServedResource {
  readonly scope: string;
  /** How long its access tokens live, seconds. */
  readonly lifeS: number;
}

/** What it did, in order. */
export interface ProviderLog {
  /** The ids of clients that registered. */
  readonly registered: string[];
  /** The grant types that it issued tokens for. */
  readonly granted: string[];
  /** The codes of errors that it answered with, at whichever endpoint. */
  readonly refused: string[];
}

/** What is told of a token to the MCP server that was shown it. Source: RFC 7662 section 2.2. */
export interface Introspected {
  readonly active: boolean;
  readonly scope?: string;
  readonly aud?: string;
  readonly client_id?: string;
  readonly cnf?: { readonly jkt?: string };
}

/** How one is started. */
export interface AuthorizationServerOptions {
  /** Clients that it knows from the start. */
  readonly clients?: readonly ClientMetadata[];
  /** Whether a proof of possession has to hold a nonce of it. Default: no. */
  readonly wantsNonce?: boolean;
}

const PAGES = '/interaction/';
const USER = 'ada';
// Made once: they take a while.
const KEYS = [privateJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'), privateJWK(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256')];
// The MCP servers, which ask about tokens.
const RESOURCE_SERVER = { client_id: 'resource-server', client_secret: 'a secret of the resource server' };

/** The server, as a test holds it. Use {@link startAuthorizationServer}. */
export class AuthorizationServer {
  readonly issuer: string;
  readonly store: ProviderStore = new ProviderStore();
  readonly log: ProviderLog = { registered: [], granted: [], refused: [] };
  readonly #resources = new Map<string, ServedResource>();
  readonly #provider: Provider;

  constructor(issuer: string, options: AuthorizationServerOptions) {
    this.issuer = issuer;
    this.#provider = new Provider(issuer, configurationOf(this.store, this.#resources, options));
    this.#listenTo(this.#provider);
  }

  /** From now on tokens are issued for `resource`; where nothing is granted there, for it no more. */
  serve(resource: string, served: ServedResource | undefined): void {
    if (served === undefined) this.#resources.delete(resource);
    else this.#resources.set(resource, served);
  }

  /** Answers one request over HTTP. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith(PAGES) !== true) return this.#provider.callback()(request, response);
    if (request.method === 'POST') return this.#decide(request, response);
    const { prompt } = await this.#provider.interactionDetails(request, response);
    response.setHeader('content-type', 'text/html').end(`<form method="post"><p>${prompt.name}</p><button name="answer" value="allow">Allow</button></form>`);
  }

  /** What it says of a token over HTTP. */
  async introspect(token: string): Promise<Introspected> {
    const body = new URLSearchParams({ token, ...RESOURCE_SERVER });
    const response = await fetch(`${this.issuer}/token/introspection`, { method: 'POST', body });
    return (await response.json()) as Introspected;
  }

  #listenTo(provider: Provider): void {
    const { registered, granted, refused } = this.log;
    provider.on('registration_create.success', (_, { clientId }) => registered.push(clientId));
    provider.on('grant.success', ({ oidc }) => granted.push(String(oidc.params?.['grant_type'])));
    const hear = (_: unknown, { error }: { readonly error: string }): unknown => refused.push(error);
    provider.on('registration_create.error', hear).on('grant.error', hear).on('authorization.error', hear);
  }

  /** The user has pressed a button: the one user there is signs in, and allows what is asked for, or nothing. */
  async #decide(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = new URLSearchParams(Buffer.concat(chunks).toString()).get('answer');
    const result = answer === 'allow' ? await this.#allowed(request, response) : { error: 'access_denied', error_description: 'The user said no' };
    await this.#provider.interactionFinished(request, response, result, { mergeWithLastSubmission: answer === 'allow' });
  }

  async #allowed(request: IncomingMessage, response: ServerResponse) {
    const { prompt, params, grantId } = await this.#provider.interactionDetails(request, response);
    if (prompt.name === 'login') return { login: { accountId: USER } };
    const { Grant } = this.#provider;
    const grant = (grantId === undefined ? undefined : await Grant.find(grantId)) ?? new Grant({ accountId: USER, clientId: String(params['client_id']) });
    const { missingOIDCScope = [], missingResourceScopes = {} } = prompt.details as { missingOIDCScope?: string[]; missingResourceScopes?: Record<string, string[]> };
    grant.addOIDCScope(missingOIDCScope.join(' '));
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) grant.addResourceScope(resource, scopes.join(' '));
    return { consent: { grantId: await grant.save() } };
  }
}

function configurationOf(store: ProviderStore, resources: ReadonlyMap<string, ServedResource>, { clients = [], wantsNonce = false }: AuthorizationServerOptions): Configuration {
  return {
    adapter: store.adapter,
    clients: [{ ...RESOURCE_SERVER, redirect_uris: [], response_types: [], grant_types: [], token_endpoint_auth_method: 'client_secret_post' }, ...clients],
    jwks: { keys: KEYS },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_, { uid }) => `${PAGES}${uid}` },
    scopes: ['openid', 'offline_access'],
    ttl: { AccessToken: (_, { resourceServer }) => resourceServer?.accessTokenTTL ?? 60, AuthorizationCode: 60, ClientCredentials: (_, { resourceServer }) => resourceServer?.accessTokenTTL ?? 60, Grant: 3_600, Interaction: 600, RefreshToken: 3_600, Session: 3_600 },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    renderError: (context, { error, error_description: description }) => {
      context.type = 'text';
      context.body = `${error}: ${String(description)}`;
    },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_, { clientId }) => clientId === RESOURCE_SERVER.client_id },
      revocation: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => wantsNonce },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_, resource) => infoOf(resources.get(resource), resource) },
    },
  };
}

function infoOf(served: ServedResource | undefined, resource: string): ResourceServer {
  if (served === undefined) throw new errors.InvalidTarget();
  return { scope: served.scope, audience: resource, accessTokenTTL: served.lifeS, accessTokenFormat: 'opaque' };
}

/** The private half of a pair, as a JWK for `alg`. */
function privateJWK({ privateKey }: { readonly privateKey: KeyObject }, alg: string): JWK {
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg } as JWK;
}

/** One that listens. */
export interface ListeningAuthorizationServer {
  readonly server: AuthorizationServer;
  readonly close: () => Promise<void>;
}

/** Starts one on a free port. */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<ListeningAuthorizationServer> {
  const http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server = new AuthorizationServer(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, options);
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    server.handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const close = async (): Promise<void> => {
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  };
  return { server, close };
}
