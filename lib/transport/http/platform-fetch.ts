import type { Fetch } from './fetch-port.ts';

/** The platform's `fetch`, whichever it is at the moment of the call. */
export const platformFetch: Fetch = (url, init) => fetch(url, init);
