/** The one door from the Redis client to the platform. Its modules are loaded by the first connect: an import at the top costs every start. */

import type * as net from 'node:net';
import type * as tls from 'node:tls';

export type { Socket as RedisNetSocket } from 'node:net';
export type { ConnectionOptions as RedisTLSSettings } from 'node:tls';

/** What a socket is made with. */
export interface RedisBuiltins {
  net(): typeof net;
  tls(): typeof tls;
}

const redisBuiltins: RedisBuiltins = Object.freeze({
  net: () => process.getBuiltinModule('node:net'),
  tls: () => process.getBuiltinModule('node:tls'),
});

/** The modules, each loaded when it is first asked for; both at once where the platform cannot do that. */
export async function loadRedisBuiltins(): Promise<RedisBuiltins> {
  if (typeof process.getBuiltinModule === 'function') return redisBuiltins;
  const [net, tls] = await Promise.all([...([import('node:net'), import('node:tls')] as const)]);
  return { net: () => net, tls: () => tls };
}

/** Calls `action` behind the promises of this turn: all that a program sends in answer to one chunk of replies goes out in one write. */
export function afterThisTurn(action: () => void): void {
  process.nextTick(action);
}
