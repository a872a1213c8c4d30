import type { Fetch, FetchInit } from '../../http/fetch-port.ts';

/** The platform's `fetch`, whichever it is at the moment of the call. */
export const platformFetch: Fetch = Object.assign((url: string, init: FetchInit) => fetch(url, init), { signals: 'reused' as const });
