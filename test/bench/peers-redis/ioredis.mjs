import { openWith } from './ioredis-peer.mjs';

/** `ioredis` with its defaults. */
export const open = (url) => openWith(url, {});
