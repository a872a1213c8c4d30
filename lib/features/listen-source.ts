/**
 * Changes as servers tell them that have no session: one stream for all that anybody wants to hear of, opened by a long request.
 * Source: 2026-07-28, basic, patterns, "Subscriptions".
 */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import { PeerProtocolError, RPCError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import { checkAcknowledged, subscriptionIdOf } from '../protocol/checks/listen.ts';
import { backoffMs } from '../transport/backoff.ts';
import { commonOf, covers, isNothing, NO_CHANGES, filterUnion } from './change-filter.ts';
import type { ChangeEvents, ChangeSource, OpenedChanges, WantedChanges } from './change-source.ts';
import { ListenStream } from './listen-stream.ts';
import type { StreamEnd } from './listen-stream.ts';
import { subscribeUnsupported } from './refusals.ts';
import type { Requester } from './requester.ts';
import { StreamOverlap } from './stream-overlap.ts';

/** What a {@link ListenSource} is made with. */
export interface ListenSourceOptions {
  readonly serverName: string;
  readonly capabilities: ServerCapabilities;
  readonly clock: Clock;
  readonly limits: Limits;
  /** How long an acknowledgement may take where nobody waits for it, milliseconds. */
  readonly timeoutMs: number;
  /** Asks on the connection there is: its stream is of no use on another one. */
  readonly direct: Requester;
  /** A stream was lost, and there is another one: what changed in between was told to nobody. */
  readonly gap: (honoured: WantedChanges) => void;
  /** Something is wrong, but the stream goes on. */
  readonly fault: (error: MCPError) => void;
}

/** Somebody who wants to hear. */
interface Holder {
  /** Of what the server says that it tells. */
  readonly filter: WantedChanges;
  readonly events: ChangeEvents;
  readonly timeoutMs: number;
  /** Until the server has agreed for the first time. */
  waits: Deferred<WantedChanges> | undefined;
}

const FIRST_PAUSE_MS = 1_000;
const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const CHANGES: ReadonlySet<string> = new Set([
  ACKNOWLEDGED,
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);
// What may still come of a stream that is over is not worth a word; of one that is over for longer nothing does.
const MOST_PAST_IDS = 64;

/**
 * The stream follows what all holders want together: when that changes, another one is opened, and the one before goes when
 * the new one is acknowledged. A stream that is lost, or that the server ends, is opened again.
 */
export class ListenSource implements ChangeSource {
  readonly #options: ListenSourceOptions;
  readonly #holders = new Set<Holder>();
  readonly #pastIds = new Set<RequestId>();
  readonly #told = new Set<string>();
  /** The stream that is acknowledged. */
  #current: ListenStream | undefined;
  /** The stream that is asked for. */
  #opening: ListenStream | undefined;
  /** The one before the current one, where what it had under way may come late. */
  #overlap: StreamOverlap | undefined;
  #cancelRetry: CancelTimer | undefined;
  /** How the last acknowledged stream ended, until there is another one. */
  #lastEnd: StreamEnd | undefined;
  /** Streams in a row that came to nothing. */
  #failures = 0;
  #isFollowing = false;
  #stopCause: MCPError | undefined;

  constructor(options: ListenSourceOptions) {
    this.#options = options;
  }

  async open(filter: WantedChanges, settings: RequestSettings, events: ChangeEvents): Promise<OpenedChanges> {
    const { serverName, clock } = this.#options;
    const offered = this.#offered(filter);
    if (isNothing(offered)) return { honoured: NO_CHANGES, isStream: false, failures: [], close: async () => {} };
    if (this.#stopCause !== undefined) throw this.#stopCause;
    const { timeoutMs } = settings;
    const waits = deferred<WantedChanges>();
    const holder: Holder = { filter: offered, events, timeoutMs, waits };
    const details = { method: 'subscriptions/listen', timeoutMs };
    const late = (): MCPError => new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `${serverName} did not agree to tell of changes within ${timeoutMs} ms (timeoutMs)`, { details, delivery: 'unknown' });
    const bound = events.isPatient === true ? undefined : timedSignal(clock, timeoutMs, late, settings.signal);
    this.#holders.add(holder);
    this.#followSoon();
    try {
      const honoured = await orAbort(quiet(waits.promise), bound?.signal);
      return { honoured, isStream: true, failures: [], close: async () => this.#leave(holder) };
    } catch (cause) {
      this.#leave(holder);
      throw cause;
    } finally {
      bound?.release();
    }
  }

  admits(method: string, params: JSONObject, exchange: RequestId | undefined): boolean {
    if (!CHANGES.has(method)) return true;
    const id = subscriptionIdOf(params);
    if (id === undefined) return this.#drop('says on no stream that it comes', method);
    const stream = this.#streamOf(id);
    if (stream === undefined || (exchange !== undefined && exchange !== id)) return !this.#pastIds.has(id) && this.#drop('comes on a stream that nobody asked for', method);
    if (method === ACKNOWLEDGED) {
      stream.acknowledge(checkAcknowledged(params), exchange !== undefined);
      return false;
    }
    if (stream.honoured === undefined) return this.#drop('comes on a stream that is not acknowledged', method);
    stream.isHeard = true;
    return this.#overlap === undefined || this.#overlap.isNew(stream, method, params);
  }

  stop(cause: MCPError): void {
    this.#stopCause = cause;
    this.#rest();
    for (const { waits } of this.#holders) waits?.reject(cause);
    this.#holders.clear();
  }

  /** What of `filter` the server says that it has. */
  #offered(filter: WantedChanges): WantedChanges {
    const { serverName, capabilities } = this.#options;
    const { tools, prompts, resources } = capabilities;
    if (filter.uris.length > 0 && resources?.subscribe !== true) throw subscribeUnsupported(serverName);
    return Object.freeze({
      tools: filter.tools && tools?.listChanged === true,
      prompts: filter.prompts && prompts?.listChanged === true,
      resources: filter.resources && resources?.listChanged === true,
      uris: filter.uris,
      // Who wants them knows that the server has them.
      ...(filter.taskIds === undefined ? {} : { taskIds: filter.taskIds }),
    });
  }

  #streamOf(id: RequestId): ListenStream | undefined {
    return [this.#current, this.#opening, this.#overlap?.before].find((stream) => stream?.id === id);
  }

  /** A server that does so once does it again and again: it is told of once for each reason. */
  #drop(why: string, method: string): false {
    if (!this.#told.has(why)) {
      this.#told.add(why);
      const message = `A notification of ${this.#options.serverName}, ${method}, ${why}; it is dropped, and so is every further one, without a word`;
      this.#options.fault(new PeerProtocolError('ERR_MCP_UNKNOWN_SUBSCRIPTION', message, { details: { method } }));
    }
    return false;
  }

  #leave(holder: Holder): void {
    if (this.#holders.delete(holder)) this.#followSoon();
  }

  /** Many come and go in one turn; one look at all of them is enough. */
  #followSoon(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    queueMicrotask(() => {
      this.#isFollowing = false;
      if (this.#stopCause === undefined) this.#follow();
    });
  }

  /** Goes one step towards the one stream that tells what is wanted. */
  #follow(): void {
    const wanted = filterUnion(Array.from(this.#holders, ({ filter }) => filter));
    if (isNothing(wanted)) return this.#rest();
    if (this.#current !== undefined) this.#agree(this.#current);
    const opening = this.#opening;
    if (opening !== undefined) {
      // What more is wanted is asked for next.
      if (covers(wanted, opening.asked)) return;
      this.#opening = undefined;
      this.#close(opening);
    }
    const current = this.#current?.asked;
    if (current !== undefined && covers(current, wanted) && covers(wanted, current)) return;
    if (this.#cancelRetry === undefined) this.#listen(wanted);
  }

  #listen(wanted: WantedChanges): void {
    const { direct, clock, timeoutMs: usual } = this.#options;
    const patience = Array.from(this.#holders, ({ waits, timeoutMs }) => (waits === undefined ? 0 : timeoutMs));
    this.#opening = new ListenStream(wanted, {
      direct,
      clock,
      timeoutMs: Math.max(...patience) || usual,
      acknowledged: (stream) => this.#acknowledged(stream),
      ended: (stream, end) => this.#ended(stream, end),
    });
  }

  #acknowledged(stream: ListenStream): void {
    const before = this.#current;
    const isAgain = this.#lastEnd !== undefined;
    this.#opening = undefined;
    this.#current = stream;
    this.#lastEnd = undefined;
    this.#agree(stream, true);
    if (before !== undefined) this.#replace(before);
    if (isAgain) this.#options.gap(stream.honoured ?? NO_CHANGES);
    this.#followSoon();
  }

  /** Tells the holders what the server agreed to. */
  #agree(stream: ListenStream, isNew: boolean = false): void {
    for (const holder of this.#holders) {
      if (!covers(stream.asked, holder.filter)) continue;
      const { waits } = holder;
      if (waits === undefined && !isNew) continue;
      holder.waits = undefined;
      const honoured = commonOf(holder.filter, stream.honoured ?? NO_CHANGES);
      if (waits !== undefined) waits.resolve(honoured);
      else holder.events.renewed(honoured);
    }
  }

  /** On a channel for all messages what the earlier stream told came before; an exchange of its own may be slower. */
  #replace(before: ListenStream): void {
    this.#overlap?.end();
    if (!before.hasExchange) return this.#close(before);
    const { clock, limits } = this.#options;
    this.#overlap = new StreamOverlap(before, clock, limits, () => {
      this.#overlap = undefined;
      this.#close(before);
    });
  }

  #ended(stream: ListenStream, end: StreamEnd): void {
    this.#remember(stream);
    if (stream === this.#overlap?.before) return this.#overlap.end();
    if (this.#stopCause !== undefined) return;
    if (stream === this.#opening) return this.#openingFailed(stream, end);
    if (stream !== this.#current) return;
    const { clock, limits } = this.#options;
    const isAlive = stream.isHeard || clock.now() - stream.acknowledgedAt >= limits.streamProgressMs;
    this.#overlap?.end();
    this.#current = undefined;
    this.#lastEnd = end;
    this.#failures = isAlive ? 0 : this.#failures + 1;
    if (this.#opening === undefined) this.#tryLater(end.cause);
  }

  #openingFailed(stream: ListenStream, { cause }: StreamEnd): void {
    this.#opening = undefined;
    for (const holder of this.#holders) {
      if (holder.waits === undefined || !covers(stream.asked, holder.filter)) continue;
      if (holder.events.isPatient === true && !(cause instanceof RPCError)) continue;
      // A server that does not tell of tasks may well tell of everything else.
      if (cause instanceof RPCError && stream.asked.taskIds !== undefined && holder.filter.taskIds === undefined) continue;
      this.#holders.delete(holder);
      holder.waits.reject(cause);
    }
    const isWaiting = Array.from(this.#holders).some(({ waits, events }) => waits !== undefined && events.isPatient !== true);
    if (this.#current === undefined && this.#holders.size > 0) {
      this.#failures++;
      // A server that ended the stream in order and does not open another one has said what there is to say.
      if (this.#lastEnd?.isGraceful === true && cause instanceof RPCError) return this.#giveUp(cause);
      return this.#tryLater(cause);
    }
    // The stream before goes on, and tells what it told; what nobody waits for is not tried again at once.
    if (isWaiting || this.#holders.size === 0) this.#followSoon();
  }

  #tryLater(cause: unknown): void {
    const { clock, limits } = this.#options;
    if (this.#holders.size === 0) return this.#rest();
    if (this.#failures > limits.maxReconnects) return this.#giveUp(cause);
    this.#cancelRetry ??= clock.after(backoffMs(FIRST_PAUSE_MS, this.#failures, limits.maxRetryDelayMs), () => {
      this.#cancelRetry = undefined;
      this.#follow();
    });
  }

  #giveUp(cause: unknown): void {
    const holders = [...this.#holders];
    const how = this.#lastEnd?.isGraceful === true ? 'graceful' : 'lost';
    this.#holders.clear();
    this.#rest();
    for (const { waits, events } of holders) {
      if (waits !== undefined) waits.reject(cause);
      else events.ended(how === 'graceful' ? { how } : { how, cause });
    }
  }

  /** Nobody wants to hear: nothing is left open. */
  #rest(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#overlap?.end();
    const streams = [this.#current, this.#opening];
    this.#current = undefined;
    this.#opening = undefined;
    this.#lastEnd = undefined;
    this.#failures = 0;
    for (const stream of streams) if (stream !== undefined) this.#close(stream);
  }

  #close(stream: ListenStream): void {
    this.#remember(stream);
    stream.close();
  }

  #remember({ id }: ListenStream): void {
    if (id === undefined) return;
    this.#pastIds.add(id);
    const [oldest] = this.#pastIds;
    if (this.#pastIds.size > MOST_PAST_IDS && oldest !== undefined) this.#pastIds.delete(oldest);
  }
}
