/** A server says that a list changed: once or ten thousand times a second, the host hears of it now and then, and what changed. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { NOTHING_MORE } from './server-events.ts';
import type { Emit, ListChanged, ListEvent } from './server-events.ts';

/** A list that a server may change. */
export interface ChangingList {
  /** It changed: what is known of it may be wrong. Called for every notification, at once. */
  expire(): void;
  /** Asks for it again, and says what changed; `undefined` where there is no use in asking. */
  refresh(): Promise<ListChanged> | undefined;
  /** The host has let go. */
  letGo(): void;
}

/** What {@link ListChanges} is made with. */
export interface ListChangesOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly lists: Readonly<Record<ListEvent, ChangingList>>;
  /** Whether a list is asked for again by itself. */
  readonly refreshes: boolean;
  readonly emit: Emit;
  /** A list could not be asked for. */
  readonly fault: (error: MCPError) => void;
}

/** The changes of every list of one server. */
export class ListChanges {
  readonly #options: ListChangesOptions;
  readonly #notices = new Map<ListEvent, ChangeNotice>();

  constructor(options: ListChangesOptions) {
    this.#options = options;
  }

  /** The server says that a list changed; it is told later. */
  heard(event: ListEvent): void {
    this.#options.lists[event].expire();
    this.#noticeOf(event).heard();
  }

  /** The connection is over, and the changes of its lists with it. */
  stop(): void {
    for (const notice of this.#notices.values()) notice.stop();
  }

  #noticeOf(event: ListEvent): ChangeNotice {
    const notice = this.#notices.get(event) ?? new ChangeNotice(event, this.#options);
    this.#notices.set(event, notice);
    return notice;
  }
}

/**
 * The changes of one list. It is told of when nothing more was heard for `listQuietMs`, at the latest `maxListDelayMs` after the first;
 * before that the list is asked for, one time at once. What is heard in the meantime is told of in the next round.
 */
class ChangeNotice {
  readonly #event: ListEvent;
  readonly #options: ListChangesOptions;
  #cancelTimer: CancelTimer | undefined;
  #firstAt = 0;
  #lastAt = 0;
  #isAsking = false;
  #isHeardAgain = false;
  /** Changes with the connection: what was begun before is not told. */
  #round = 0;

  constructor(event: ListEvent, options: ListChangesOptions) {
    this.#event = event;
    this.#options = options;
  }

  heard(): void {
    this.#lastAt = this.#options.clock.now();
    if (this.#isAsking) this.#isHeardAgain = true;
    else if (this.#cancelTimer === undefined) this.#begin();
  }

  stop(): void {
    this.#round++;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isAsking = false;
    this.#isHeardAgain = false;
  }

  #begin(): void {
    this.#firstAt = this.#options.clock.now();
    this.#ringAfter(this.#options.limits.listQuietMs);
  }

  #ringAfter(delayMs: number): void {
    this.#cancelTimer = this.#options.clock.afterInBackground(delayMs, () => this.#rang());
  }

  #rang(): void {
    const { clock, limits } = this.#options;
    this.#cancelTimer = undefined;
    const dueAt = Math.min(this.#lastAt + limits.listQuietMs, this.#firstAt + limits.maxListDelayMs);
    // Timers of the platform ring up to a millisecond early.
    const leftMs = dueAt - clock.now();
    if (leftMs > 1) this.#ringAfter(leftMs);
    else void this.#tell();
  }

  async #tell(): Promise<void> {
    const round = this.#round;
    this.#isAsking = true;
    const changes = await this.#ask(() => round === this.#round);
    if (round !== this.#round) return;
    this.#isAsking = false;
    const isHeardAgain = this.#isHeardAgain;
    this.#isHeardAgain = false;
    if (isHeardAgain) this.#begin();
    this.#options.emit(this.#event, changes);
  }

  async #ask(isWanted: () => boolean): Promise<ListChanged> {
    const { lists, refreshes, fault } = this.#options;
    try {
      return (refreshes ? await lists[this.#event].refresh() : undefined) ?? NOTHING_MORE;
    } catch (cause) {
      if (isMCPError(cause) && isWanted()) fault(cause);
      return NOTHING_MORE;
    }
  }
}
