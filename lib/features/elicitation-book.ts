/** Which visits to pages a server has asked for. Source: 2025-11-25, client, "Elicitation", "Completion Notifications for URL Mode Elicitation". */

import { orAbort } from '../base/abort.ts';
import { ConnectionError } from '../base/errors.ts';
import type { RPCError } from '../base/errors.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { Requester } from './requester.ts';
import { URLElicitationRequiredError } from './url-elicitation-required.ts';

interface Waiter {
  readonly missing: Set<string>;
  readonly done: Deferred<void>;
}

/** Somebody who goes through visits: the signal fires when the connection ends, or another one does. */
export interface Round {
  readonly signal: AbortSignal;
  /** It is over; no listener is left behind. */
  release(): void;
}

/** The ids that a completion may name, of one server. Beyond a number of them the oldest is forgotten, unless somebody waits for it. */
export class ElicitationBook {
  readonly #most: number;
  /** Id → whether it is completed; oldest first. */
  readonly #completed = new Map<string, boolean>();
  readonly #waiters = new Set<Waiter>();
  readonly #rounds = new Set<AbortController>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The server asks with this id. One that it asks with again is to be completed again. */
  asked(id: string): void {
    this.#completed.delete(id);
    this.#completed.set(id, false);
    if (this.#completed.size <= this.#most) return;
    for (const oldest of this.#completed.keys()) {
      this.#completed.delete(oldest);
      return;
    }
  }

  /** The server says that it is completed. False for an id that is not known, or was completed before: nobody is to hear of it. */
  complete(id: string): boolean {
    const isOpen = this.#completed.get(id) === false;
    let isWaitedFor = false;
    if (isOpen) this.#completed.set(id, true);
    for (const { missing, done } of this.#waiters) {
      if (!missing.delete(id)) continue;
      isWaitedFor = true;
      if (missing.size === 0) done.resolve();
    }
    return isOpen || isWaitedFor;
  }

  /** Whether the server has said that it is completed. */
  isCompleted(id: string): boolean {
    return this.#completed.get(id) === true;
  }

  /** Begins to go through visits. */
  begin(parent: AbortSignal | undefined): Round {
    const controller = new AbortController();
    const onParent = () => controller.abort(parent?.reason);
    if (parent?.aborted) onParent();
    parent?.addEventListener('abort', onParent, { once: true });
    this.#rounds.add(controller);
    const release = () => {
      parent?.removeEventListener('abort', onParent);
      this.#rounds.delete(controller);
    };
    return { signal: controller.signal, release };
  }

  /** Resolves when all of them are completed; rejects with the reason of `signal`. */
  async allCompleted(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const missing = new Set(ids.filter((id) => !this.isCompleted(id)));
    if (missing.size === 0) return;
    const waiter = { missing, done: deferred<void>() };
    this.#waiters.add(waiter);
    try {
      await orAbort(waiter.done.promise, signal);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** The connection is over: whoever goes through visits hears it. What was asked may still be completed on the next one. */
  ended(cause: unknown): void {
    if (this.#rounds.size === 0) return;
    const reason = new ConnectionError('ERR_MCP_CONNECTION_CLOSED', 'The connection ended before the visits were completed', { cause });
    for (const controller of this.#rounds) controller.abort(reason);
  }
}

/** The same requester; what its errors ask the user to visit goes into `book` before anything that the server sends behind them. */
export function hearingElicitations(requester: Requester, book: ElicitationBook): Requester {
  // Readers are constants, nearly all: one more for each of them, and none for a request.
  const heard = new WeakMap<ReplyReader<unknown>, ReplyReader<unknown>>();
  const hearing = <T>(reader: ReplyReader<T>): ReplyReader<T> => {
    const known = heard.get(reader) as ReplyReader<T> | undefined;
    if (known !== undefined) return known;
    const refuse = (error: RPCError) => {
      const told = reader.refuse?.(error) ?? error;
      if (told instanceof URLElicitationRequiredError) for (const { elicitationId } of told.elicitations) book.asked(elicitationId);
      return told;
    };
    const made: ReplyReader<T> = { read: (result) => reader.read(result), refuse };
    heard.set(reader, made);
    return made;
  };
  return { request: (method, params, settings, reader, isRepeatable) => requester.request(method, params, settings, hearing(reader), isRepeatable) };
}
