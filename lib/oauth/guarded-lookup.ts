/** Looks names up for the policy of endpoints: the address that is connected to is the one that was checked, whatever the name stands for a moment later. */

import { AuthorizationError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import type { Fetch } from '../http/fetch-port.ts';
import type { LookupGuard, NameLookup } from '../http/name-lookup.ts';
import { objectionToAddress } from './endpoint-policy.ts';
import type { EndpointPolicy } from './endpoint-policy.ts';

/**
 * A lookup that hands on the addresses of `lookup` only where the policy lets something be sent to every one of them: of a name that stands for a public and a private address neither is used. Authorization
 * does this by itself with every `fetch` that gives a guarded one; this is for the option `lookup` of one that does not. It fails with AuthorizationError `ERR_MCP_AUTH_ENDPOINT`, and with what `lookup` fails with.
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

// One for each policy that there can be, so that a fetch has one guarded copy for all who ask for the same.
const GUARDS: readonly { readonly policy: EndpointPolicy; readonly guard: LookupGuard }[] = [true, false].flatMap((allowLoopback) =>
  [true, false].map((dangerouslyAllowPrivateAddresses) => {
    const policy = Object.freeze({ allowLoopback, dangerouslyAllowPrivateAddresses });
    return { policy, guard: (lookup: NameLookup) => guardLookup(lookup, policy) };
  }),
);

/** `plain` as it is, or, where it can do that, one that connects only to addresses that the policy lets something be sent to. */
export function guardedFetch(plain: Fetch, { allowLoopback, dangerouslyAllowPrivateAddresses }: EndpointPolicy): Fetch {
  const isSame = (policy: EndpointPolicy): boolean => policy.allowLoopback === allowLoopback && policy.dangerouslyAllowPrivateAddresses === dangerouslyAllowPrivateAddresses;
  const found = GUARDS.find(({ policy }) => isSame(policy));
  return found === undefined ? plain : (plain.guarded?.(found.guard) ?? plain);
}

function refuseName(hostname: string, reason: string): AuthorizationError {
  return new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', `Expected ${quote(hostname)} to stand for addresses that credentials may be sent to; ${reason}`, {
    details: { reason },
    delivery: 'unsent',
  });
}
