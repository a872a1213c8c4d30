/** From a refusal to tokens: who signs users in, as which client, and then the sign-in or the grant. Source: MCP 2026-07-28, authorization, "Authorization Flow Steps". */

import { orAbort } from '../base/abort.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError } from '../base/errors.ts';
import { quiet } from '../base/quiet.ts';
import { quote } from '../base/text.ts';
import type { AuthorizerContext } from '../http/authorizer.ts';
import type { AuthorizationChallenge } from './authorization-challenge.ts';
import { requestAuthorization } from './authorization-request.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import { validateResponse } from './authorization-response.ts';
import type { ValidatedCode } from './authorization-response.ts';
import { ClientKeeper } from './client-keeper.ts';
import { discoverAuthorization } from './discovery.ts';
import type { DiscoveredAuthorization } from './discovery.ts';
import type { DPoPProvers } from './dpop.ts';
import { guardedFetch } from './guarded-lookup.ts';
import { OAuthClient } from './oauth-client.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { OAuthSession } from './oauth-session.ts';
import { keepPending } from './pending-shelf.ts';
import type { KeptRequest } from './pending-shelf.ts';
import type { RegisteredClient } from './registered-client.ts';
import { chooseScopes, unionScopes } from './scopes.ts';
import type { SignInTurn } from './sign-in.ts';
import { authorizationCodeGrant } from './token-grants.ts';
import { requestTokens } from './token-request.ts';
import type { TokenSet } from './token-set.ts';

/** What set a flow off. */
export interface FlowCause {
  /** The URL that the request went to. */
  readonly serverUrl: string;
  readonly challenge: AuthorizationChallenge | undefined;
  /** The tokens that the server refused, if it refused some. */
  readonly refused: TokenSet | undefined;
  /** What further scopes the server wants, beside what was asked for before. */
  readonly furtherScopes: readonly string[] | undefined;
  /** Why the tokens there are could not be renewed: what it ends with, unless the server names another authorization server by now. */
  readonly failure: unknown;
}

/** Whether tokens were issued just now, or were there: in the store, or in the hands of another process. */
export type FlowOutcome = 'found' | 'issued';

/** The flows for one server, one at a time. */
export class AuthorizationFlow {
  readonly #options: ResolvedOAuthOptions;
  readonly #context: AuthorizerContext;
  readonly #http: OAuthClient;
  readonly #clients: ClientKeeper;
  readonly #provers: DPoPProvers;
  #session: OAuthSession | undefined;
  /** What the server said when it last let a request not in. */
  #challenge: AuthorizationChallenge | undefined;
  /** What was asked for last. */
  #scopes: readonly string[] | undefined;

  constructor(options: ResolvedOAuthOptions, context: AuthorizerContext, provers: DPoPProvers) {
    const { policy } = options;
    const { clock, limits } = context;
    this.#options = options;
    this.#context = context;
    this.#provers = provers;
    this.#http = new OAuthClient({ fetch: guardedFetch(options.fetch ?? context.fetch, policy), clock, limits, policy });
    this.#clients = new ClientKeeper(options, this.#http, clock);
  }

  /** The session that tokens come from; none before the first refusal. */
  get session(): OAuthSession | undefined {
    return this.#session;
  }

  /** What was asked for last. */
  get scopes(): readonly string[] | undefined {
    return this.#scopes;
  }

  /**
   * Gets tokens in place of those that were refused: out of the store, by a grant, or by a sign-in. Afterwards the session has them.
   *
   * @throws AuthorizationError of every code; what the sign-in of the host rejects with; the reason of `signal`.
   */
  async run(cause: FlowCause, signal: AbortSource): Promise<FlowOutcome> {
    const before = this.#scopes;
    try {
      return await this.#run(cause, signal);
    } catch (error) {
      // What was not granted, as nobody said yes or no, is asked for again.
      this.#scopes = before;
      throw error;
    }
  }

  async #run(cause: FlowCause, signal: AbortSource): Promise<FlowOutcome> {
    const { serverUrl, failure } = cause;
    const { signIn, grant, redirectUrl } = this.#options;
    this.#challenge = cause.challenge ?? this.#challenge;
    const discovered = await this.#discover(serverUrl, signal);
    if (failure !== undefined && discovered.server.issuer === this.#session?.discovered.server.issuer) throw failure;
    this.#scopes = this.#scopesFor(discovered, cause);
    if (grant !== undefined || signIn === undefined) return this.#withoutVisit(discovered, cause, redirectUrl, signal);
    const known = await this.#clients.known(discovered.server, serverUrl, redirectUrl);
    if (known !== undefined && (await this.#hasTokens(await this.#open(discovered, known, redirectUrl), cause, signal))) return 'found';
    await this.#signIn(discovered, cause, signal);
    return 'issued';
  }

  #discover(serverUrl: string, signal: AbortSource): Promise<DiscoveredAuthorization> {
    const { allowedMetadataOrigins, policy, dangerouslyAllowIssuers, chooseIssuer } = this.#options;
    const { clock, limits } = this.#context;
    const question = { serverUrl, challengedUrl: this.#challenge?.resourceMetadata, allowedMetadataOrigins };
    return discoverAuthorization({ http: this.#http, clock, limits, policy, dangerouslyAllowIssuers, chooseIssuer }, question, signal);
  }

  /** Redeems a code that came back to `finish`; whoever reads the store has the tokens from now on. */
  async finish(code: ValidatedCode, { serverUrl, challengedUrl, isBound }: Omit<KeptRequest, 'pending'>, signal: AbortSource): Promise<void> {
    const { redirectUrl, user } = this.#options;
    this.#challenge = { schemes: isBound ? ['dpop'] : [], resourceMetadata: challengedUrl, scope: undefined, error: undefined, dpopAlgorithms: undefined };
    const discovered = await this.#discover(serverUrl, signal);
    const client = await this.#clients.known(discovered.server, serverUrl, redirectUrl);
    if (client === undefined || client.clientId !== code.clientId) throw nobodySignsIn(this.#context.serverName, discovered.server.issuer, true);
    await redeem(await this.#open(discovered, client, redirectUrl), code, user, signal);
  }

  /** A grant that needs nobody; or a host that shows the URL by itself, and hands what comes back to `finish`. */
  async #withoutVisit(discovered: DiscoveredAuthorization, cause: FlowCause, redirectUrl: string | undefined, signal: AbortSource): Promise<FlowOutcome> {
    const { serverName } = this.#context;
    const known = await this.#clients.known(discovered.server, cause.serverUrl, redirectUrl);
    const session = known === undefined ? undefined : await this.#open(discovered, known, redirectUrl);
    if (session !== undefined && (await this.#hasTokens(session, cause, signal))) return this.#options.grant === undefined ? 'found' : 'issued';
    if (this.#options.grant !== undefined || redirectUrl === undefined) throw nobodySignsIn(serverName, discovered.server.issuer, known === undefined);
    const turn = { redirectUrl, visit: () => Promise.reject(new TypeError('Nobody visits it')) };
    const { request, session: opened } = await this.#request(discovered, cause, turn, signal);
    const facts = { serverUrl: cause.serverUrl, challengedUrl: this.#challenge?.resourceMetadata, isBound: opened.prover !== undefined };
    await keepPending(this.#options.tokenStore, { pending: request.pending, ...facts });
    throw visitNeeded(serverName, discovered.server.issuer, request.url);
  }

  async #signIn(discovered: DiscoveredAuthorization, cause: FlowCause, signal: AbortSource): Promise<void> {
    const { serverName, hold, clock, limits } = this.#context;
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    // A human is waited for: no deadline of the server's requests counts meanwhile.
    const goOn = hold();
    let turn: SignInTurn | undefined;
    try {
      turn = await this.#begin(controller.signal);
      if (turn === undefined) throw new TypeError('signIn.begin must give a turn');
      const { request, session } = await this.#request(discovered, cause, turn, signal);
      const { issuer } = discovered.server;
      const visit = turn.visit({ serverName, url: request.url, issuer, redirectUrl: turn.redirectUrl, scopes: request.pending.facts.scopes, signal: controller.signal });
      const response = await orAbort(visit, signal);
      await redeem(session, validateResponse(response, request.pending, limits, clock.date()), this.#options.user, signal);
    } finally {
      goOn();
      signal.removeEventListener('abort', abort);
      await turn?.end?.();
    }
  }

  /** A host need not hear the signal: it is not waited for, and a turn that it gives later is ended. */
  async #begin(signal: AbortSignal): Promise<SignInTurn | undefined> {
    const begun = Promise.resolve(this.#options.signIn?.begin(signal));
    try {
      return await orAbort(begun, signal);
    } catch (error) {
      void quiet(begun.then((late) => late?.end?.()));
      throw error;
    }
  }

  /** The request that a user has to visit, as a client that the authorization server knows. */
  async #request(discovered: DiscoveredAuthorization, { serverUrl }: FlowCause, turn: SignInTurn, signal: AbortSource): Promise<{ request: AuthorizationRequest; session: OAuthSession }> {
    const { redirectUrl } = turn;
    const client = await this.#clients.require(discovered.server, serverUrl, redirectUrl, this.#scopes, signal);
    const session = await this.#open(discovered, client, redirectUrl);
    const request = await requestAuthorization(discovered.server, {
      clientId: client.clientId,
      redirectUri: redirectUrl,
      resource: discovered.resource,
      scopes: this.#scopes,
      parameters: session.prover === undefined ? {} : { dpop_jkt: session.prover.thumbprint },
      nowMs: this.#context.clock.date(),
    });
    return { request, session };
  }

  /** The session for what was found; the same one as long as nothing of it changes, with its tokens. */
  async #open(discovered: DiscoveredAuthorization, client: RegisteredClient, redirectUrl: string | undefined): Promise<OAuthSession> {
    if (this.#session?.isFor(discovered, client.clientId) === true) return this.#session;
    const { tokenStore: store, user, grant } = this.#options;
    const { clock, log } = this.#context;
    const prover = this.#wantsProofs(discovered) ? await this.#provers.of(discovered.server.issuer, clock) : undefined;
    const proofs = await this.#clients.proofsOf(client);
    this.#session = new OAuthSession({ http: this.#http, clock, log, store, user, grant, discovered, client, proofs, prover, scopes: () => this.#scopes, forgetClient: () => this.#clients.forget(client, redirectUrl) });
    return this.#session;
  }

  /** Whether there are tokens that the server may take, without anybody signing in. */
  async #hasTokens(session: OAuthSession, { refused, furtherScopes }: FlowCause, signal: AbortSource): Promise<boolean> {
    // What is there has not what is wanted; a grant has it when it is asked anew.
    if (furtherScopes !== undefined) return session.askAnew();
    const tokens = await session.source.current(signal);
    return tokens !== undefined && (refused === undefined || !tokens.hasTokenOf(refused));
  }

  #scopesFor({ metadata, server }: DiscoveredAuthorization, { challenge, furtherScopes }: FlowCause): readonly string[] | undefined {
    const { offlineAccess, grant, scopes } = this.#options;
    const chosen = chooseScopes({
      challenged: furtherScopes === undefined ? challenge?.scope : unionScopes(this.#scopes, furtherScopes),
      resourceScopes: metadata?.scopesSupported,
      serverScopes: server.scopesSupported,
      wantsRefreshToken: offlineAccess && grant === undefined,
    });
    // What was asked for before stays: a user who allowed something would else have to again.
    return unionScopes(chosen, scopes, this.#scopes);
  }

  #wantsProofs({ metadata, server }: DiscoveredAuthorization): boolean {
    const challenge = this.#challenge;
    const { dpop, hasOwnStore } = this.#options;
    if (dpop !== undefined) return dpop;
    const isDemanded = metadata?.dpopBoundAccessTokensRequired === true || (challenge?.schemes.length === 1 && challenge.schemes[0] === 'dpop');
    return isDemanded || (hasOwnStore && server.dpopSigningAlgValuesSupported?.includes('ES256') === true);
  }
}

/** Tokens for a code whose response was found to be in order; the session has them from now on. */
export async function redeem(session: OAuthSession, code: ValidatedCode, user: string | undefined, signal: AbortSource): Promise<void> {
  const { endpoint, source } = session;
  const { resource, scopes } = code;
  const owner = { issuer: endpoint.server.issuer, clientId: endpoint.client.clientId, resource };
  const tokens = await session.asClient(requestTokens(endpoint, authorizationCodeGrant(code, owner), { resource, user, scope: scopes?.join(' ') }, signal));
  await source.adopt(tokens);
}

function nobodySignsIn(serverName: string, issuer: string, isUnknown: boolean): AuthorizationError {
  const advice = isUnknown ? 'no client is known there: give client, or signIn' : 'give signIn, or redirectUrl and show the URL yourself';
  return new AuthorizationError('ERR_MCP_AUTH_REQUIRED', `${serverName} wants tokens of ${quote(issuer, 300)}, and nobody is there to sign in; ${advice}`, { details: { issuer }, delivery: 'answered' });
}

function visitNeeded(serverName: string, issuer: string, authorizationUrl: string): AuthorizationError {
  const message = `${serverName} wants somebody to sign in with ${quote(issuer, 300)}: show details.authorizationUrl, and hand what comes back to finish()`;
  return new AuthorizationError('ERR_MCP_AUTH_REQUIRED', message, { details: { issuer, authorizationUrl }, delivery: 'answered' });
}
