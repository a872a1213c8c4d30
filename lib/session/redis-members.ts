/** Who uses a session: said to Redis again and again while it is true, so that those who are gone are forgotten. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { RENEWALS_PER_LEASE, wholeMs } from './redis-locks.ts';
import { replyNumber } from './redis-reply.ts';
import type { RedisSessionKeys } from './redis-session-keys.ts';
import { JOIN_MEMBERS, LEAVE_MEMBERS } from './redis-session-scripts.ts';
import type { StoreRoad, RedisStore } from './redis-store.ts';

interface Membership {
  readonly keys: RedisSessionKeys;
  readonly member: string;
  readonly leaseMs: number;
}

/** All memberships of one manager, renewed together by one timer, which lets the process end. */
export class RedisMembers {
  readonly #store: RedisStore;
  readonly #clock: Clock;
  readonly #recordMs: number;
  readonly #memberships = new Map<string, Membership>();
  #timer: { readonly dueAt: number; readonly cancel: CancelTimer } | undefined;
  /** The renewal that is under way: what it says must not come after somebody has left. */
  #renewing: Promise<void> = Promise.resolve();

  /** `recordMs` is how long a record is kept that somebody uses. */
  constructor(store: RedisStore, clock: Clock, recordMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#recordMs = recordMs;
  }

  /** How many there are. */
  get size(): number {
    return this.#memberships.size;
  }

  /** `member`, an escaped name, uses the session from now on. @throws SessionStoreError `ERR_MCP_SESSION_STORE`; then it does not. */
  async join(keys: RedisSessionKeys, member: string, leaseMs: number): Promise<void> {
    const membership = { keys, member, leaseMs };
    await this.#store.operate((road) => this.#say(road, membership));
    this.#memberships.set(nameOfMembership(membership), membership);
    this.#schedule();
  }

  /** `member` uses the session no more; how many others do. @throws SessionStoreError `ERR_MCP_SESSION_STORE`; then it is forgotten after its lease. */
  async leave(keys: RedisSessionKeys, member: string): Promise<number> {
    this.#memberships.delete(nameOfMembership({ keys, member }));
    this.#schedule();
    await this.#renewing;
    return this.#store.operate(async (road) => replyNumber(await road.run(LEAVE_MEMBERS, [keys.members], [member])));
  }

  /** All of them are gone. Never rejects: what cannot be said expires. */
  async leaveAll(): Promise<void> {
    const all = [...this.#memberships.values()];
    this.#memberships.clear();
    this.#schedule();
    await this.#renewing;
    if (all.length === 0) return;
    const leaving = this.#store.operate((road) => Promise.all(all.map(({ keys, member }) => road.run(LEAVE_MEMBERS, [keys.members], [member]))));
    await leaving.catch(() => {});
  }

  /** Sets the timer, unless it is set for early enough; takes it back when nobody is there. */
  #schedule(): void {
    let shortestMs = Infinity;
    for (const { leaseMs } of this.#memberships.values()) shortestMs = Math.min(shortestMs, leaseMs);
    const delayMs = shortestMs / RENEWALS_PER_LEASE;
    const dueAt = this.#clock.now() + delayMs;
    if (this.#timer !== undefined && this.#timer.dueAt <= dueAt && this.#memberships.size > 0) return;
    this.#timer?.cancel();
    this.#timer = this.#memberships.size === 0 ? undefined : { dueAt, cancel: this.#clock.afterInBackground(delayMs, () => this.#onTimer()) };
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#renewing = this.#renew();
  }

  /** A renewal that fails is made up for by the next one: whoever was forgotten meanwhile is there again. */
  async #renew(): Promise<void> {
    const all = [...this.#memberships.values()];
    await this.#store.insist((road) => Promise.all(all.map((membership) => this.#say(road, membership)))).catch(() => {});
    this.#schedule();
  }

  #say(road: StoreRoad, { keys, member, leaseMs }: Membership): Promise<unknown> {
    return road.run(JOIN_MEMBERS, [keys.members, keys.record], [member, wholeMs(leaseMs), wholeMs(this.#recordMs)]);
  }
}

function nameOfMembership({ keys, member }: Pick<Membership, 'keys' | 'member'>): string {
  return `${keys.members}/${member}`;
}
