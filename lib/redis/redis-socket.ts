import type { RedisBuiltins, RedisNetSocket, RedisTLSSettings } from './redis-builtins.ts';
import type { ResolvedRedisOptions } from './redis-options.ts';
import type { RedisAddress } from './redis-url.ts';

// The first probe of a silent connection; after it, the system sets the pace.
const REDIS_FIRST_PROBE_MS = 60_000;
// As much as the platform reads at once.
const READ_BYTES = 64 * 1024;

/** Hears what comes. The chunk is written over when it returns. */
export type RedisReader = (chunk: Uint8Array) => void;

/**
 * Begins to connect; what is written before that has come about waits for it. Names that are looked up are tried address by address. `read` hears all that comes.
 */
export function openRedisSocket(
  builtins: RedisBuiltins,
  address: RedisAddress,
  options: Pick<ResolvedRedisOptions, 'isTLS' | 'tls'>,
  read: RedisReader,
): RedisNetSocket {
  const socket = connectSocket(builtins, address, options, read);
  // Where `onread` reads, this is never told anything; TLS, and a platform that does not know `onread`, tells it everything.
  socket.on('data', read);
  return socket;
}

function connectSocket(builtins: RedisBuiltins, address: RedisAddress, options: Pick<ResolvedRedisOptions, 'isTLS' | 'tls'>, read: RedisReader): RedisNetSocket {
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    read(bytes === buffer.length ? buffer : buffer.subarray(0, bytes));
    return true;
  };
  // One buffer a connection instead of one a read, and past the queue of a readable stream: half a microsecond a reply.
  const onread = () => ({ buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback });
  if ('path' in address) return builtins.net().connect({ path: address.path, onread: onread() });
  const { host, port } = address;
  const common = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: REDIS_FIRST_PROBE_MS };
  if (!options.isTLS) return builtins.net().connect({ ...common, onread: onread() });
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
