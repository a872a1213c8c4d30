/** Signing in from a terminal: the page is shown, never opened; the browser comes back to this machine, or its address is pasted. */

import { loopbackSignIn } from '../index.ts';
import type { OAuthOptions, SignInRequest } from '../index.ts';
import type { Asker } from './asker.ts';
import { converse } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import type { HostIO } from './host-io.ts';
import type { Notes } from './notes.ts';
import { printableLine } from './printable.ts';

/** Where somebody signs in. */
export interface SignInDesk {
  readonly io: HostIO;
  readonly notes: Notes;
  /** Whether a person is there to be asked, without being told to. */
  readonly canAsk: boolean;
  /** Who asks that person other things meanwhile. */
  readonly asker: Asker | undefined;
}

/** How the browser comes back. */
export interface WayBack {
  /** Whether the browser is on another machine, so that it cannot. */
  readonly isElsewhere: boolean;
  /** Where it comes back to on this machine; `undefined` for any port that is free. */
  readonly port: number | undefined;
}

// Nobody listens there: the page that does not open is what is wanted.
const PORT_ELSEWHERE = 8_976;
const REDIRECT_PATH = '/callback';

/** The options of OAuth by which somebody signs in. */
export function signInAtTerminal(desk: SignInDesk, { isElsewhere, port }: WayBack): Pick<OAuthOptions, 'signIn' | 'redirectUrl'> {
  if (isElsewhere) {
    return {
      redirectUrl: `http://127.0.0.1:${port ?? PORT_ELSEWHERE}${REDIRECT_PATH}`,
      signIn: (request) => inTurn(desk, request, (conversation) => {
        showPage(request, desk.notes);
        return askForAddress(request, conversation);
      }),
    };
  }
  const receiving = loopbackSignIn((request) => showPage(request, desk.notes), { path: REDIRECT_PATH, port: port ?? 0 });
  const begin = async (signal: AbortSignal) => {
    const turn = await receiving.begin(signal);
    return { ...turn, visit: (request: SignInRequest) => inTurn(desk, request, () => turn.visit(request)) };
  };
  return { signIn: { begin } };
}

/** One question after the other, each in its own time. */
function inTurn<T>({ io, notes, asker }: SignInDesk, { signal }: SignInRequest, ask: (conversation: Conversation) => Promise<T>): Promise<T> {
  return asker === undefined ? ask(converse(io, notes, AbortSignal.any([io.signal, signal]))) : asker.inTurn(signal, ask);
}

/** Shows the address whole, and whose it is. */
function showPage({ serverName, url, issuer, scopes }: SignInRequest, notes: Notes): void {
  const page = new URL(url);
  notes.show(
    '',
    `The server ${printableLine(serverName)} wants you to sign in. Open this page of ${page.origin} in a browser:`,
    `  ${page.href}`,
    ...(page.hostname.includes('xn--') ? ['  Careful: this name is written in letters that may be made to look like another name.'] : []),
    ...(new URL(issuer).origin === page.origin ? [] : [`  It signs you in with ${printableLine(issuer)}.`]),
    ...(scopes === undefined ? [] : [`  It will be allowed: ${printableLine(scopes.join(', '))}`]),
    '  Nothing is opened here. Sign in only where you know the page; Ctrl-C gives up.',
  );
}

/** The address that the browser ended at, which bears the state of this request. Without further input it is no address. */
async function askForAddress(request: SignInRequest, conversation: Conversation): Promise<string> {
  const state = new URL(request.url).searchParams.get('state');
  conversation.say(`  The browser ends at an address that does not open, ${request.redirectUrl}?…: copy all of it from there.`);
  for (;;) {
    const text = (await conversation.ask('Address: '))?.trim();
    if (text === undefined) return '';
    if (URL.canParse(text) && new URL(text).searchParams.get('state') === state) return text;
    if (text !== '') conversation.say(`  That is not it: it begins with ${request.redirectUrl} and is of this sign-in.`);
  }
}
