import type { Implementation } from '../protocol/types/implementation.ts';

/** This library's version, as in `package.json`. */
export const VERSION = '0.1.0';

/** Who the client says it is when the host does not say. */
export const CLIENT_INFO: Implementation = Object.freeze({ name: 'barewire', version: VERSION });
