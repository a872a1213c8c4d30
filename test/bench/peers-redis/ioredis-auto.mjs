import { openWith } from './ioredis-peer.mjs';

/** `ioredis` told to write the commands of one tick together. */
export const open = (url) => openWith(url, { enableAutoPipelining: true });
