/** The port at which a transport asks to be let in: what it sends with a request, and what it does about a refusal. */

import type { AbortSource } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Fetch } from './fetch-port.ts';

/** What a response says of whether its request was let in. */
export interface AuthorizedResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** One request to be let in, over as many tries as it takes. */
export interface Admission {
  /**
   * The headers for the next try at `url`. May take long: a human may have to sign in.
   *
   * @throws AuthorizationError, `unsent`, when there is no way in; the reason of `signal` when that fires.
   */
  headersFor(url: string, signal: AbortSource): Promise<Readonly<Record<string, string>>>;
  /**
   * Hears the response of a try, its body unread. Resolves with whether to try again; `false` hands the response on as it is.
   *
   * @throws AuthorizationError, `answered`, when the server does not let this request in and nothing more can be done.
   */
  answered(response: AuthorizedResponse, signal: AbortSource): Promise<boolean>;
}

/** Lets requests to one server in. */
export interface Authorizer {
  /** Who asks, the same for every handle and process that asks in the name of the same user: sessions and results of one are not shown to another. A digest, no secret. */
  readonly asker: string;
  /** Begins a request. */
  admit(method: string): Admission;
  /** The handle is cleaned up: nothing is tried again in the background any more. */
  close?(): void;
}

/** What an authorizer works with. */
export interface AuthorizerContext {
  /** The server's name, for messages. */
  readonly serverName: string;
  /** Sends to authorization servers too. */
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
  /** Makes the deadlines of the server's requests stand, until the function that it returns is called: for as long as a human is waited for. */
  readonly hold: () => () => void;
}

/** The option `authorization`: how a host's servers let its requests in. One may serve many servers; what one server issued is never shown to another. */
export interface Authorization {
  /** Makes the authorizer of one server. */
  authorizerFor(context: AuthorizerContext): Authorizer;
}
