/**
 * What becomes of a redirect. Requests carry bodies, credentials and session ids, so one is followed only where all of them
 * arrive as they were sent, at the origin they were meant for. Source: RFC 9110 section 15.4.
 */

import { quote } from '../base/text.ts';
import { indexOfInvisible } from './field-syntax.ts';

/** One redirect that came. */
export interface Redirect {
  /** The URL that answered with it: absolute, `http` or `https`. */
  readonly from: string | URL;
  /** The method of the request. */
  readonly method: string;
  readonly status: number;
  /** The `Location` header. */
  readonly location: string | null;
  /** How many redirects of this request were followed before. */
  readonly hops: number;
  readonly maxRedirects: number;
}

/**
 * Why a redirect is refused. `status`: none that asks for this request elsewhere. `no-location`, `bad-location`: nowhere
 * to go. `method`: 301, 302 and 303 let a client make a GET of it. `scheme`: neither `http` nor `https`. `credentials`: a user
 * name or password in the URL. `downgrade`: from `https` to `http`. `cross-origin`: another scheme, host or port.
 * `too-many`: the bound; a loop ends here.
 */
export type RedirectRefusal =
  | 'status' | 'no-location' | 'bad-location' | 'method' | 'scheme' | 'credentials' | 'downgrade' | 'cross-origin' | 'too-many';

/**
 * What to do. With `follow`: send the same request, method, headers and body, to `url`. Without: send nothing; `reason` says why in
 * words and `refusal` for programs. `target` is where the redirect leads, by origin and path at most, for a query can hold
 * secrets; `reason` shows it escaped.
 */
export type RedirectDecision =
  | { readonly follow: true; readonly url: string }
  | { readonly follow: false; readonly refusal: RedirectRefusal; readonly reason: string; readonly target: string | undefined };

// RFC 9110 sections 15.4.8 and 15.4.9: these keep the method.
const KEEP_METHOD: readonly number[] = [307, 308];
// RFC 9110 sections 15.4.2 to 15.4.4: these may change it.
const CHANGE_METHOD: readonly number[] = [301, 302, 303];
const SHOWN_TARGET_CHARACTERS = 300;

const WHEN_MEANT = '; connect to that URL when it is meant';

/** Decides on one redirect. Never throws; a URL to follow has no fragment. */
export function decideRedirect(redirect: Redirect): RedirectDecision {
  const { status, location } = redirect;
  const isKnown = KEEP_METHOD.includes(status) || CHANGE_METHOD.includes(status);
  if (!isKnown) return refusedRedirect('status', `HTTP ${status} is no redirect for a request`);
  if (location === null || location === '') return refusedRedirect('no-location', `HTTP ${status} without a Location`);
  const [from, to] = [urlOf(redirect.from, undefined), urlOf(location, redirect.from)];
  if (from === undefined || to === undefined) return refusedRedirect('bad-location', `HTTP ${status} with a Location that is no URL`);
  const objection = objectionTo(redirect, from, to);
  if (objection !== undefined) {
    const target = nameOfTarget(to);
    return refusedRedirect(objection[0], `HTTP ${status} to ${quote(target, SHOWN_TARGET_CHARACTERS)}, ${objection[1]}`, target);
  }
  to.hash = '';
  return { follow: true, url: to.href };
}

function objectionTo({ method, status, hops, maxRedirects }: Redirect, from: URL, to: URL): readonly [RedirectRefusal, string] | undefined {
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return ['scheme', 'which is neither http nor https'];
  if (to.username !== '' || to.password !== '') return ['credentials', 'with a user name or password'];
  if (from.protocol === 'https:' && to.protocol === 'http:') return ['downgrade', 'which leaves https'];
  // Not by `origin` alone: a blob: URL has the origin of its maker.
  if (to.protocol !== from.protocol || to.host !== from.host) return ['cross-origin', `which is another origin${WHEN_MEANT}`];
  if (CHANGE_METHOD.includes(status)) return ['method', `which does not ask for the same ${method} there, as 307 and 308 do${WHEN_MEANT}`];
  if (hops >= maxRedirects) return ['too-many', `one more than the ${maxRedirects} that are followed`];
  return undefined;
}

/**
 * `reference` as a URL. A character that no URL has is refused, where the URL parser would drop or replace it: what follows a
 * line break, a second `Location` behind a comma and a space, and bytes in an unknown encoding.
 */
function urlOf(reference: string | URL, base: string | URL | undefined): URL | undefined {
  const text = String(reference);
  if (indexOfInvisible(text) !== -1) return undefined;
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Origin and path; of a URL without an origin, the scheme alone. */
function nameOfTarget(url: URL): string {
  return url.protocol === 'https:' || url.protocol === 'http:' ? `${url.origin}${url.pathname}` : url.protocol;
}

function refusedRedirect(refusal: RedirectRefusal, reason: string, target?: string): RedirectDecision {
  return { follow: false, refusal, reason, target };
}
