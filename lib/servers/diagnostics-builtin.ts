/** The one door to `node:diagnostics_channel`. */

import type * as diagnostics from 'node:diagnostics_channel';

export type { Channel } from 'node:diagnostics_channel';

/** The module, or `undefined` where the platform has no way to get it at once: nobody is told anything there. */
export function diagnosticsModule(): typeof diagnostics | undefined {
  if (typeof process !== 'object' || typeof process.getBuiltinModule !== 'function') return undefined;
  return process.getBuiltinModule('node:diagnostics_channel');
}
