/** Lets the requests to one server in with tokens: asks for them when the server does, once for all requests. Source: MCP 2026-07-28, authorization, "Access Token Usage" and "Error Handling". */

import { orAbort } from '../base/abort.ts';
import { Cancellation } from '../base/cancellation.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { AuthorizationError, isMCPError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { READ_HEADERS, SENT_HEADERS } from '../http/header-names.ts';
import type { Admission, AuthorizedResponse, Authorizer, AuthorizerContext } from '../http/authorizer.ts';
import { authorizationChallenge } from './authorization-challenge.ts';
import type { AuthorizationChallenge } from './authorization-challenge.ts';
import { AuthorizationFlow } from './authorization-flow.ts';
import type { FlowCause, FlowOutcome } from './authorization-flow.ts';
import type { DPoPProvers } from './dpop.ts';
import { checkEndpoint } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';
import type { ResolvedOAuthOptions } from './oauth-options.ts';
import { unionScopes } from './scopes.ts';
import type { TokenSet } from './token-set.ts';

// Source: MCP 2026-07-28, authorization, "Step-Up Authorization Flow": a few tries, and then no more.
const MOST_STEP_UPS = 3;
// What a renewal fails with where its authorization server is away, or says no.
const OF_RENEWALS: ReadonlySet<string> = new Set(['ERR_MCP_AUTH_NETWORK', 'ERR_MCP_AUTH_REFUSED', 'ERR_MCP_AUTH_TOKEN', 'ERR_MCP_AUTH_DPOP']);

// Tokens of a server of one's own network, which the host named itself, may go there; over http they go to this machine only.
const SERVER_POLICY: EndpointPolicy = Object.freeze({ allowLoopback: true, dangerouslyAllowPrivateAddresses: true });

// Source: RFC 9449 sections 7.1 and 9.
const PROOF_REFUSALS: ReadonlySet<string | undefined> = new Set(['use_dpop_nonce', 'invalid_dpop_proof']);

/** A flow that several wait for; it ends when the last of them goes. */
interface SharedFlow {
  readonly done: Promise<FlowOutcome>;
  readonly cancellation: Cancellation;
  waiting: number;
}

/** The authorizer of one server. */
export class OAuthAuthorizer implements Authorizer {
  readonly asker: string;
  readonly serverName: string;
  readonly flow: AuthorizationFlow;
  /** Scopes that the server goes on wanting after they were asked for. */
  readonly inVain: Set<string> = new Set();
  #shared: SharedFlow | undefined;

  constructor(options: ResolvedOAuthOptions, context: AuthorizerContext, asker: string, provers: DPoPProvers) {
    this.asker = asker;
    this.serverName = context.serverName;
    this.flow = new AuthorizationFlow(options, context, provers);
  }

  admit(method: string): Admission {
    return new OAuthAdmission(this, method);
  }

  /** Whether a flow runs, which may be about to get what is wanted. */
  get isAuthorizing(): boolean {
    return this.#shared !== undefined;
  }

  /** Runs a flow, or waits for the one that runs. */
  async authorize(cause: FlowCause, signal: AbortSource): Promise<FlowOutcome> {
    const shared = (this.#shared ??= this.#begin(cause));
    shared.waiting++;
    try {
      return await orAbort(shared.done, signal);
    } finally {
      if (--shared.waiting === 0) this.#end(shared);
    }
  }

  #begin(cause: FlowCause): SharedFlow {
    const cancellation = new Cancellation();
    const done = this.flow.run(cause, cancellation).finally(() => this.#forget(shared));
    done.catch(() => {});
    const shared: SharedFlow = { done, cancellation, waiting: 0 };
    return shared;
  }

  /** Whoever comes now begins anew. */
  #forget(shared: SharedFlow): void {
    if (this.#shared === shared) this.#shared = undefined;
  }

  #end(shared: SharedFlow): void {
    this.#forget(shared);
    shared.cancellation.abort(new DOMException('Nobody waits for the authorization any more', 'AbortError'));
  }
}

/** One request: at most one refresh, one authorization beside tokens that were there, one nonce and a few step-ups. */
class OAuthAdmission implements Admission {
  readonly #authorizer: OAuthAuthorizer;
  readonly #method: string;
  #url = '';
  #sent: TokenSet | undefined;
  #hasRefreshed = false;
  #hasAuthorized = false;
  #hasNonce = false;
  #stepUps = 0;

  constructor(authorizer: OAuthAuthorizer, method: string) {
    this.#authorizer = authorizer;
    this.#method = method;
  }

  async headersFor(url: string, signal: AbortSource): Promise<Readonly<Record<string, string>>> {
    this.#url = url;
    this.#sent = await this.#current(signal);
    const { session } = this.#authorizer.flow;
    if (session === undefined || this.#sent === undefined) return {};
    checkEndpoint(url, `the URL of ${this.#authorizer.serverName}`, SERVER_POLICY);
    const headers = this.#sent.headersFor(url);
    if (this.#sent.tokenType !== 'DPoP' || session.prover === undefined) return headers;
    return { ...headers, [SENT_HEADERS.dpop]: await session.prover.proof({ method: this.#method, url, accessToken: this.#sent.accessToken }) };
  }

  async #current(signal: AbortSource): Promise<TokenSet | undefined> {
    try {
      return await this.#authorizer.flow.session?.source.current(signal);
    } catch (failure) {
      await this.#renewedElsewhere(failure, undefined, signal);
      return this.#authorizer.flow.session?.source.current(signal);
    }
  }

  /** What cannot be renewed where it was issued is got from where the server sends users by now; where that is the same place, the failure is what the request ends with. */
  async #renewedElsewhere(failure: unknown, challenge: AuthorizationChallenge | undefined, signal: AbortSource): Promise<void> {
    if (this.#hasAuthorized || this.#method === 'DELETE' || !isMCPError(failure) || !OF_RENEWALS.has(failure.code)) throw failure;
    this.#hasAuthorized = true;
    await this.#authorizer.authorize({ serverUrl: this.#url, challenge, refused: this.#sent, furtherScopes: undefined, failure }, signal);
  }

  async answered(response: AuthorizedResponse, signal: AbortSource): Promise<boolean> {
    if (this.#wantsNonce(response)) return true;
    const { status, headers } = response;
    // The end of a session is told to whoever lets it be told: nobody signs in for that.
    if ((status !== 401 && status !== 403) || this.#method === 'DELETE') return false;
    const challenge = authorizationChallenge(headers.get(READ_HEADERS.wwwAuthenticate));
    // Other tokens would be refused for the same.
    if (this.#sent?.tokenType === 'DPoP' && PROOF_REFUSALS.has(challenge?.error)) throw proofRefused(this.#authorizer.serverName, status, challenge?.error);
    return status === 401 ? this.#refused(challenge, signal) : this.#forbidden(challenge, signal);
  }

  /** Hears each response, as a new nonce may come with any; true where this try was refused for want of it. */
  #wantsNonce(response: AuthorizedResponse): boolean {
    const prover = this.#authorizer.flow.session?.prover;
    if (prover === undefined || this.#sent === undefined) return false;
    const isWanted = prover.heard({ method: this.#method, url: this.#url, accessToken: this.#sent.accessToken }, response);
    if (!isWanted || this.#hasNonce) return false;
    this.#hasNonce = true;
    return true;
  }

  async #refused(challenge: AuthorizationChallenge | undefined, signal: AbortSource): Promise<boolean> {
    const { flow } = this.#authorizer;
    const refused = this.#sent;
    if (!this.#hasRefreshed && flow.session !== undefined) {
      this.#hasRefreshed = true;
      try {
        const next = refused === undefined ? await flow.session.source.current(signal) : await flow.session.source.rejected(refused, signal);
        if (next !== undefined) return true;
      } catch (failure) {
        await this.#renewedElsewhere(failure, challenge, signal);
        return true;
      }
    }
    if (this.#hasAuthorized) throw this.#shut('refuses tokens that were just issued');
    const outcome = await this.#authorizer.authorize({ serverUrl: this.#url, challenge, refused, furtherScopes: undefined, failure: undefined }, signal);
    // Tokens that were only found may be withdrawn, and so may what they are refreshed with.
    this.#hasAuthorized = outcome === 'issued' || this.#hasRefreshed;
    return true;
  }

  async #forbidden(challenge: AuthorizationChallenge | undefined, signal: AbortSource): Promise<boolean> {
    const { inVain, flow, isAuthorizing } = this.#authorizer;
    const wanted = challenge?.scope;
    if (challenge?.error !== 'insufficient_scope' || wanted === undefined || this.#sent === undefined) return false;
    const name = [...wanted].sort().join(' ');
    // Another request may have asked for them meanwhile.
    if (await this.#hasOthers(this.#sent, signal)) return true;
    const asked = unionScopes(flow.scopes, this.#sent.scope?.split(' '));
    const wasAsked = !isAuthorizing && wanted.every((scope) => asked?.includes(scope));
    if (inVain.has(name) || wasAsked || ++this.#stepUps > MOST_STEP_UPS) {
      inVain.add(name);
      throw new AuthorizationError('ERR_MCP_AUTH_SCOPE', `${this.#authorizer.serverName} wants the scopes ${quote(name, 300)}, which were asked for already`, { details: { status: 403, scope: wanted }, delivery: 'answered' });
    }
    await this.#authorizer.authorize({ serverUrl: this.#url, challenge, refused: this.#sent, furtherScopes: wanted, failure: undefined }, signal);
    return true;
  }

  /** Whether there are other tokens than those that were sent. */
  async #hasOthers(sent: TokenSet, signal: AbortSource): Promise<boolean> {
    const replacement = await this.#authorizer.flow.session?.source.replacementOf(sent, signal);
    return replacement !== undefined && ++this.#stepUps <= MOST_STEP_UPS;
  }

  #shut(why: string): AuthorizationError {
    return new AuthorizationError('ERR_MCP_AUTH_REQUIRED', `${this.#authorizer.serverName} ${why} (status 401)`, { details: { status: 401 }, delivery: 'answered' });
  }
}

function proofRefused(serverName: string, status: number, error: string | undefined): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_DPOP', `${serverName} refuses the proof that goes with the token: ${error} (status ${status})`, { details: { status, error }, delivery: 'answered' });
}
