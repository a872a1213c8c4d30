import { RawNodeHTTPClient } from '../floor-node-http.mjs';
import { toPeer } from './raw-peer.mjs';

/** `node:http` and JSON. */
export const open = (url) => toPeer(new RawNodeHTTPClient(url));
