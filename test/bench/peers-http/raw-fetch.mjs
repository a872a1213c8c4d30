import { RawFetchClient } from '../floor-fetch.mjs';
import { toPeer } from './raw-peer.mjs';

/** The platform's fetch and JSON. */
export const open = (url) => toPeer(new RawFetchClient(url));
