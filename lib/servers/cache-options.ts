/** The option `cache` of a server, read once. */

import { checkKeys, describe, flag } from '../base/options.ts';

/** Whether and how results that a server lets be used again are. Source: 2026-07-28, server, utilities, "Caching". */
export interface CacheOptions {
  /** Default: true. */
  readonly enabled?: boolean | undefined;
  /**
   * Whether a result that is out of date is used when the server cannot be reached, does not answer in time, or answers with an HTTP status
   * of 500 or above; each such use is a `fault` `ERR_MCP_STALE_RESULT`. What the server said has changed is not used. Default: false.
   */
  readonly staleOnError?: boolean | undefined;
  /** Whether results are shared through the `sessionManager` of the server too, which has to be given. Default: false. */
  readonly shared?: boolean | undefined;
  /** Whether a result that the server calls public is used for every credential, as the server says it may. Default: false, each has its own. */
  readonly publicAcrossCredentials?: boolean | undefined;
}

/** {@link CacheOptions} with nothing left open. */
export interface ResolvedCacheOptions {
  readonly enabled: boolean;
  readonly staleOnError: boolean;
  readonly shared: boolean;
  readonly publicAcrossCredentials: boolean;
}

/** Reads `cache`: a flag, or an object. @throws TypeError, naming the option, what was expected and what came. */
export function readCacheOptions(name: string, value: unknown): ResolvedCacheOptions {
  if (value === undefined || typeof value === 'boolean') return readCacheOptions(name, { enabled: value ?? true });
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be true, false or an object of options; got ${describe(value)}`);
  checkKeys(name, value, ['enabled', 'staleOnError', 'shared', 'publicAcrossCredentials']);
  const read = (key: keyof CacheOptions, otherwise: boolean): boolean => (value[key] === undefined ? otherwise : flag(`${name}.${key}`, value[key]));
  return Object.freeze({
    enabled: read('enabled', true),
    staleOnError: read('staleOnError', false),
    shared: read('shared', false),
    publicAcrossCredentials: read('publicAcrossCredentials', false),
  });
}
