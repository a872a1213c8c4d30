/** Looks names up for the policy of endpoints: the address that is connected to is the one that was checked, whatever the name stands for a moment later. */

import { AuthorizationError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { objectionToAddress } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';

/** An address that a name stands for. */
export interface NamedAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** What a lookup may be asked for. */
export interface NameLookupOptions {
  readonly all?: boolean | undefined;
  readonly family?: number | 'IPv4' | 'IPv6' | undefined;
  readonly hints?: number | undefined;
}

/** The signature of `lookup` in `node:dns`: a list of addresses where `all` is asked for, else one and its family. */
export type NameLookup = (
  hostname: string,
  options: NameLookupOptions,
  callback: (error: Error | null, address: string | NamedAddress[], family?: number) => void,
) => void;

/**
 * A lookup that hands on the addresses of `lookup` only where the policy lets something be sent to every one of them: of a name that stands for a public and a private address neither is used. Meant for
 * the option `lookup` of `createNodeFetch`. It fails with AuthorizationError `ERR_MCP_AUTH_ENDPOINT`, and with what `lookup` fails with.
 */
export function guardLookup(lookup: NameLookup, policy: EndpointPolicy): NameLookup {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error !== null) return callback(error, found, family);
      const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address);
      const why = addresses.map((address) => objectionToAddress(address, policy)).find((objection) => objection !== undefined);
      if (why === undefined) return callback(null, found, family);
      callback(refuseName(hostname, why), options.all === true ? [] : '', family);
    });
  };
}

function refuseName(hostname: string, reason: string): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', `Expected ${quote(hostname)} to stand for addresses that credentials may be sent to; ${reason}`, {
    details: { reason },
    delivery: 'unsent',
  });
}
