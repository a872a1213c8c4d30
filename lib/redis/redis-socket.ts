import type { RedisBuiltins, RedisNetSocket, RedisTLSSettings } from './redis-builtins.ts';
import type { ResolvedRedisOptions } from './redis-options.ts';
import type { RedisAddress } from './redis-url.ts';

// The first probe of a silent connection; after it, the system sets the pace.
const REDIS_FIRST_PROBE_MS = 60_000;

/** Begins to connect; what is written before that has come about waits for it. Names that are looked up are tried address by address. */
export function openRedisSocket(builtins: RedisBuiltins, address: RedisAddress, options: Pick<ResolvedRedisOptions, 'isTLS' | 'tls'>): RedisNetSocket {
  if ('path' in address) return builtins.net().connect({ path: address.path });
  const { host, port } = address;
  const common = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: REDIS_FIRST_PROBE_MS };
  if (!options.isTLS) return builtins.net().connect(common);
  const { dangerouslyAllowInvalidCertificates, ca, servername, ...rest } = options.tls;
  const name = servername ?? (builtins.net().isIP(host) === 0 ? host : undefined);
  const settings = {
    ...common,
    ...rest,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    // RFC 6066 section 3: an address is no name.
    ...(name === undefined ? {} : { servername: name }),
    rejectUnauthorized: !dangerouslyAllowInvalidCertificates,
  };
  // The platform takes any bytes, its type asks for Buffers.
  return builtins.tls().connect(settings as RedisTLSSettings);
}
