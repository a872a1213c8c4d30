/** The states of a client, and how one becomes the other. */

/** `idle`: no connection, and nobody waits for one; `waiting`: a pause before the next connect; `closed`: for good. */
export type RedisClientState = 'idle' | 'waiting' | 'connecting' | 'ready' | 'closed';

/** `connect`: a connect begins; `pause`: it begins later; `rest`: nobody waits for it any more; `closed`: `close()` has come to its end. */
export type RedisClientEvent = 'connect' | 'pause' | 'rest' | 'ready' | 'lost' | 'closed';

const NEXT_STATES: Readonly<Record<RedisClientState, Readonly<Partial<Record<RedisClientEvent, RedisClientState>>>>> = Object.freeze({
  idle: { connect: 'connecting', pause: 'waiting', closed: 'closed' },
  waiting: { connect: 'connecting', rest: 'idle', closed: 'closed' },
  connecting: { ready: 'ready', lost: 'idle', closed: 'closed' },
  ready: { lost: 'idle', closed: 'closed' },
  closed: {},
});

/**
 * The state after `event`.
 *
 * @throws Error for a pair that cannot be: a fault of the client itself.
 */
export function nextRedisState(state: RedisClientState, event: RedisClientEvent): RedisClientState {
  const next = NEXT_STATES[state][event];
  if (next === undefined) throw new Error(`A Redis client that is ${state} cannot hear ${event}`);
  return next;
}
