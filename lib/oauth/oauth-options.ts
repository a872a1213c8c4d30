/** The options of `createOAuth`, read once. */

import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe, flag, functionOption, oneOf, text } from '../base/options.ts';
import { Secret } from '../base/secret.ts';
import type { Fetch } from '../http/fetch-port.ts';
import type { ClientCredentials } from './authorization-server.ts';
import { checkClientDocumentURL } from './client-choice.ts';
import { checkEndpoint } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';
import { checkRedirectURI } from './redirect-uri.ts';
import { isScope } from './scopes.ts';
import type { SignIn, SignInRequest } from './sign-in.ts';
import type { SigningAlgorithm } from './signing-key.ts';
import { InMemoryTokenStore } from './token-store.ts';
import type { TokenStore } from './token-store.ts';

/** A client that the host registered with an authorization server itself. */
export interface OAuthClientOptions {
  readonly id: string;
  readonly secret?: string | Secret | undefined;
  /** The key of `private_key_jwt`: PKCS#8 as PEM, or a JWK. */
  readonly privateKey?: string | Secret | JSONObject | undefined;
  /** Of the key, where it does not tell. */
  readonly algorithm?: SigningAlgorithm | undefined;
  /** Of the key, for servers that know several. */
  readonly keyId?: string | undefined;
  /**
   * The issuer that knows the client: it is shown to no other. Without it the client is bound to the first authorization server that its server names, and stays so for as long as the store of
   * tokens remembers: give it wherever you know it.
   */
  readonly issuer?: string | undefined;
  /** How it proves itself. Default: the best way that the server lists and the client has something for. */
  readonly authMethod?: ClientCredentials['tokenEndpointAuthMethod'] | undefined;
}

/** What an assertion is for. */
export interface AssertionRequest {
  /** The authorization server that takes it. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly resource: string;
}

/** A text that the host has, or goes to get each time. */
export type SecretSource<T> = string | Secret | ((request: T) => string | Secret | Promise<string | Secret>);

/** How tokens are got where nobody signs in. */
export type OAuthGrant =
  /** In the name of the client itself. Source: RFC 6749 section 4.4; MCP OAuth client credentials extension. */
  | { readonly type: 'client_credentials' }
  /** In the name of a workload that its platform vouches for; a function is asked for each token, and may read a file. Source: RFC 7523 section 2.1. */
  | { readonly type: 'jwt_bearer'; readonly assertion: SecretSource<AssertionRequest> }
  /** In the name of a user whom an enterprise has signed in: the ID token is exchanged there for an assertion. Source: MCP enterprise-managed authorization extension. */
  | { readonly type: 'enterprise'; readonly identityProvider: IdentityProvider; readonly idToken: SecretSource<AssertionRequest> };

/** Who signs the users of an enterprise in, and as which client it knows the host. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret?: string | Secret | undefined;
}

/** What `createOAuth` is made with. */
export interface OAuthOptions {
  /** Shown to the user who signs in, where the client is registered by itself. Default: `MCP client`. */
  readonly clientName?: string | undefined;
  /** A page about the client. */
  readonly clientUri?: string | undefined;
  /** Clients that are registered already, each with its issuer. They come before all else. */
  readonly client?: OAuthClientOptions | readonly OAuthClientOptions[] | undefined;
  /** The `https:` URL of a client metadata document, which is the id of the client wherever the server reads such documents. */
  readonly clientDocumentUrl?: string | undefined;
  /** Whether the client may be registered by itself where it is not known. Default: true. */
  readonly register?: boolean | undefined;
  /** Where the browser comes back to: an https URL, or one of this machine. Not needed with {@link loopbackSignIn}. */
  readonly redirectUrl?: string | URL | undefined;
  /**
   * Lets a user sign in: is given the URL to show, and resolves with the one that the browser came back to. Without it a request that needs a sign-in rejects with
   * `ERR_MCP_AUTH_REQUIRED`, whose `details.authorizationUrl` is to be shown; `finish` takes the URL that comes back, in any process.
   */
  readonly signIn?: SignIn | ((request: SignInRequest) => Promise<string | URL>) | undefined;
  /** Gets tokens without a user. Default: a user signs in. */
  readonly grant?: OAuthGrant | undefined;
  /** Asked for beside what the server says. Default: none. */
  readonly scopes?: readonly string[] | undefined;
  /** Whether a refresh token is asked for, so that the user need not sign in again. Default: true. */
  readonly offlineAccess?: boolean | undefined;
  /** In whose name, in words of the host: tokens, sessions and cached results of one user are never another's. Default: one user. */
  readonly user?: string | undefined;
  /** Where tokens are kept. Default: in memory. */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * Whether tokens are bound to a key of this process, one for each authorization server, so that who steals one cannot use it (DPoP). Tokens of a store that several processes share are not bound unless asked for, as no other process has the
   * key. Default: where the authorization server knows it and the tokens are kept in memory; and where the server demands it.
   */
  readonly dpop?: boolean | undefined;
  /** Which of the authorization servers that a server names is used. Default: the first. */
  readonly chooseIssuer?: ((issuers: readonly string[]) => string) | undefined;
  /** Origins beside the server's own where its metadata may be. Default: none. */
  readonly allowedMetadataOrigins?: readonly string[] | undefined;
  /** Lets everything of authorization go to this machine too, over http: for development and tests. Default: false. */
  readonly allowLoopback?: boolean | undefined;
  /**
   * Lets a server name addresses of the host's own network: it can then make this process send requests into it. What a name stands for is checked when it is connected to, where `fetch` can do that, as one of
   * `createNodeFetch` can; so servers of one's own network that are reached by names need this too. Default: false.
   */
  readonly dangerouslyAllowPrivateAddresses?: boolean | undefined;
  /** Issuers that may pass for another, by the issuer that a server names: the one that the metadata may say instead. Default: none. */
  readonly dangerouslyAllowIssuers?: Readonly<Record<string, string>> | undefined;
  /** Sends what goes to authorization servers. Default: what sends the requests of the server. */
  readonly fetch?: Fetch | undefined;
}

/** {@link OAuthOptions}, read. */
export interface ResolvedOAuthOptions {
  readonly clientName: string;
  readonly clientUri: string | undefined;
  readonly clients: readonly OAuthClientOptions[];
  readonly clientDocumentUrl: string | undefined;
  readonly register: boolean;
  readonly redirectUrl: string | undefined;
  readonly signIn: SignIn | undefined;
  readonly grant: OAuthGrant | undefined;
  readonly scopes: readonly string[];
  readonly offlineAccess: boolean;
  readonly user: string | undefined;
  readonly tokenStore: TokenStore;
  readonly hasOwnStore: boolean;
  readonly dpop: boolean | undefined;
  readonly chooseIssuer: ((issuers: readonly string[]) => string) | undefined;
  readonly allowedMetadataOrigins: readonly string[];
  readonly policy: EndpointPolicy;
  readonly dangerouslyAllowIssuers: Readonly<Record<string, string>>;
  readonly fetch: Fetch | undefined;
}

const OAUTH_OPTIONS: readonly (keyof OAuthOptions)[] = [
  'clientName', 'clientUri', 'client', 'clientDocumentUrl', 'register', 'redirectUrl', 'signIn', 'grant', 'scopes', 'offlineAccess', 'user', 'tokenStore', 'dpop', 'chooseIssuer',
  'allowedMetadataOrigins', 'allowLoopback', 'dangerouslyAllowPrivateAddresses', 'dangerouslyAllowIssuers', 'fetch',
];
const CLIENT_OPTIONS = ['id', 'secret', 'privateKey', 'algorithm', 'keyId', 'issuer', 'authMethod'];
const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/**
 * Reads the options.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came; never a secret.
 */
export function resolveOAuthOptions(options: OAuthOptions): ResolvedOAuthOptions {
  checkKeys('createOAuth', options, OAUTH_OPTIONS);
  const given = options as OAuthOptions;
  const redirectUrl = given.redirectUrl === undefined ? undefined : checkRedirectURI('redirectUrl', String(given.redirectUrl));
  const policy = Object.freeze({
    allowLoopback: maybe('allowLoopback', given.allowLoopback, false, flag),
    dangerouslyAllowPrivateAddresses: maybe('dangerouslyAllowPrivateAddresses', given.dangerouslyAllowPrivateAddresses, false, flag),
  });
  const signIn = readSignIn(given.signIn, redirectUrl);
  const grant = given.grant === undefined ? undefined : readGrant(given.grant, policy);
  if (grant !== undefined && signIn !== undefined) throw new TypeError('grant and signIn exclude each other: either nobody signs in, or somebody does');
  return Object.freeze({
    clientName: maybe('clientName', given.clientName, 'MCP client', text),
    clientUri: maybe('clientUri', given.clientUri, undefined, text),
    clients: readClients(given.client),
    clientDocumentUrl: maybe('clientDocumentUrl', given.clientDocumentUrl, undefined, checkClientDocumentURL),
    register: maybe('register', given.register, true, flag),
    redirectUrl,
    signIn,
    grant,
    scopes: readTexts('scopes', given.scopes, isScope, 'a scope'),
    offlineAccess: maybe('offlineAccess', given.offlineAccess, true, flag),
    user: maybe('user', given.user, undefined, text),
    tokenStore: readStore(given.tokenStore),
    hasOwnStore: given.tokenStore === undefined,
    dpop: maybe('dpop', given.dpop, undefined, flag),
    chooseIssuer: maybe('chooseIssuer', given.chooseIssuer, undefined, (name, value) => functionOption(name, value as (issuers: readonly string[]) => string)),
    allowedMetadataOrigins: readTexts('allowedMetadataOrigins', given.allowedMetadataOrigins, (origin) => URL.canParse(origin) && new URL(origin).origin === origin, 'an origin, such as https://auth.example'),
    policy,
    dangerouslyAllowIssuers: readIssuers(given.dangerouslyAllowIssuers),
    fetch: maybe('fetch', given.fetch, undefined, (name, value) => functionOption(name, value as Fetch)),
  });
}

function maybe<T, D>(name: string, value: unknown, otherwise: D, read: (name: string, value: unknown) => T): T | D {
  return value === undefined ? otherwise : read(name, value);
}

function readSignIn(signIn: OAuthOptions['signIn'], redirectUrl: string | undefined): SignIn | undefined {
  if (signIn === undefined) return undefined;
  if (typeof signIn === 'function') {
    if (redirectUrl === undefined) throw new TypeError('redirectUrl must be given with a function signIn: where does the browser come back to? loopbackSignIn has one of its own');
    return { begin: () => ({ redirectUrl, visit: signIn }) };
  }
  if (isObject(signIn) && typeof signIn['begin'] === 'function') return signIn;
  throw new TypeError(`signIn must be a function or what loopbackSignIn makes; got ${describe(signIn)}`);
}

function readClients(client: unknown): readonly OAuthClientOptions[] {
  if (client === undefined) return [];
  const list: readonly unknown[] = Array.isArray(client) ? client : [client];
  return Object.freeze(list.map((one, index) => readClient(Array.isArray(client) ? `client[${index}]` : 'client', one)));
}

function readClient(name: string, client: unknown): OAuthClientOptions {
  checkKeys(name, client, CLIENT_OPTIONS);
  text(`${name}.id`, client['id']);
  if (client['secret'] !== undefined) secretText(`${name}.secret`, client['secret']);
  if (client['issuer'] !== undefined) text(`${name}.issuer`, client['issuer']);
  if (client['authMethod'] !== undefined) oneOf(`${name}.authMethod`, client['authMethod'], AUTH_METHODS);
  return Object.freeze({ ...client }) as unknown as OAuthClientOptions;
}

function readGrant(grant: unknown, policy: EndpointPolicy): OAuthGrant {
  if (!isObject(grant)) throw new TypeError(`grant must be an object; got ${describe(grant)}`);
  const type = oneOf('grant.type', grant['type'], ['client_credentials', 'jwt_bearer', 'enterprise'] as const);
  if (type === 'client_credentials') checkKeys('grant', grant, ['type']);
  if (type === 'jwt_bearer') {
    checkKeys('grant', grant, ['type', 'assertion']);
    secretSource('grant.assertion', grant['assertion']);
  }
  if (type === 'enterprise') {
    checkKeys('grant', grant, ['type', 'identityProvider', 'idToken']);
    secretSource('grant.idToken', grant['idToken']);
    const { identityProvider } = grant;
    checkKeys('grant.identityProvider', identityProvider, ['issuer', 'tokenEndpoint', 'clientId', 'clientSecret']);
    text('grant.identityProvider.issuer', identityProvider['issuer']);
    text('grant.identityProvider.clientId', identityProvider['clientId']);
    checkEndpoint(identityProvider['tokenEndpoint'], 'grant.identityProvider.tokenEndpoint', policy);
  }
  return Object.freeze({ ...grant }) as unknown as OAuthGrant;
}

function secretSource(name: string, value: unknown): void {
  if (typeof value !== 'function') secretText(name, value);
}

function secretText(name: string, value: unknown): void {
  if (!(value instanceof Secret)) text(name, value);
}

function readTexts(name: string, value: unknown, isOne: (text: string) => boolean, what: string): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array; got ${describe(value)}`);
  return Object.freeze(
    value.map((item: unknown, index) => {
      if (typeof item === 'string' && isOne(item)) return item;
      throw new TypeError(`${name}[${index}] must be ${what}; got ${describe(item)}`);
    }),
  );
}

function readIssuers(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return Object.freeze({});
  if (!isObject(value)) throw new TypeError(`dangerouslyAllowIssuers must be an object; got ${describe(value)}`);
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([issuer, other]) => [issuer, text(`dangerouslyAllowIssuers[${JSON.stringify(issuer)}]`, other)])));
}

function readStore(store: unknown): TokenStore {
  if (store === undefined) return new InMemoryTokenStore();
  if (isObject(store) && ['read', 'replace', 'tryLock'].every((name) => typeof store[name] === 'function')) return store as unknown as TokenStore;
  throw new TypeError(`tokenStore must be a store of tokens; got ${describe(store)}`);
}
