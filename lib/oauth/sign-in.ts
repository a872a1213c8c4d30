/** How a host lets a human sign in: it is given a URL to show, and gives back the one that the browser came back with. This library opens nothing. */

import { functionOption } from '../base/options.ts';
import { receiveRedirect } from './redirect-receiver.ts';

/** What a host is to show. */
export interface SignInRequest {
  readonly serverName: string;
  /** Where the user signs in: an https URL, to be opened in a browser. Show its origin: it is chosen by the server. */
  readonly url: string;
  /** Who signs users in, by its metadata. */
  readonly issuer: string;
  /** Where the browser comes back to. */
  readonly redirectUrl: string;
  /** What is asked for. */
  readonly scopes: readonly string[] | undefined;
  /** Fires when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** One sign-in, from before its URL is known. */
export interface SignInTurn {
  readonly redirectUrl: string;
  /** Shows the request; resolves with the URL that the browser came back to, whole. What it rejects with is what the call rejects with. */
  visit(request: SignInRequest): Promise<string | URL>;
  /** Called once, however it went. */
  end?(): unknown;
}

/** A way to sign in that has to be made ready first, such as one that listens on a port. */
export interface SignIn {
  begin(signal: AbortSignal): SignInTurn | Promise<SignInTurn>;
}

/** How {@link loopbackSignIn} listens. */
export interface LoopbackSignInOptions {
  /** The path of the redirect URL. Default: `/callback`. */
  readonly path?: string | undefined;
  /** Default: any that is free. */
  readonly port?: number | undefined;
}

/**
 * Signs in on this machine: listens on 127.0.0.1 for the browser to come back, one time for each sign-in. Source: RFC 8252 section 7.3.
 *
 * @param show hears the request; it prints the URL, or opens it. What it throws ends the sign-in.
 */
export function loopbackSignIn(show: (request: SignInRequest) => unknown, options: LoopbackSignInOptions = {}): SignIn {
  functionOption('show', show);
  return {
    begin: async (signal) => {
      let state: string | null = null;
      const receiver = await receiveRedirect({ ...options, signal, isExpected: (url) => state !== null && url.searchParams.get('state') === state });
      return {
        redirectUrl: receiver.redirectUrl,
        visit: async (request) => {
          state = new URL(request.url).searchParams.get('state');
          await show(request);
          return receiver.redirected;
        },
        end: () => receiver.close(),
      };
    },
  };
}
