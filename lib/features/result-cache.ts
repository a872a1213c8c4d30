/** Results that are used again while they are fresh. Source: 2026-07-28, server, utilities, "Caching". */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { deferred } from '../base/deferred.ts';
import type { Deferred } from '../base/deferred.ts';
import { ConnectionError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { settled } from '../base/quiet.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { CachedResults, checkCacheable, freshMsOf, isCacheable, isPublic } from './cached-results.ts';
import type { CachedResult } from './cached-results.ts';
import type { Requester } from './requester.ts';
import type { SharedResults } from './shared-results.ts';

/** What a {@link ResultCache} is made with. */
export interface ResultCacheOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Who is asked for what is not there. */
  readonly requester: Requester;
  /** Whether the era that was agreed on has results that may be used again. */
  readonly isOn: () => boolean;
  /** Who asks, as a text: results are kept apart by it. At once where it never changes. */
  readonly asker: (signal: AbortSignal | undefined) => string | Promise<string>;
  readonly staleOnError: boolean;
  /** Whether what the server calls public is kept for everybody who asks through this handle, or through the store. */
  readonly publicAcrossCredentials: boolean;
  /** Where results are shared with other handles. */
  readonly shared: SharedResults | undefined;
  readonly fault: (error: MCPError) => void;
}

/** A request that is on its way, which others may wait for. */
interface Run {
  readonly method: string;
  readonly uri: string | undefined;
  readonly order: number;
  /** The text of a result that may be used again, or nothing. */
  readonly outcome: Deferred<string | undefined>;
  /** The server has said meanwhile that what it answers is out of date. */
  isOutdated: boolean;
}

/** One request, and who asks. */
interface Ask<T> {
  readonly method: string;
  readonly params: JSONObject | undefined;
  readonly settings: RequestSettings;
  readonly reader: ReplyReader<T>;
  readonly isRepeatable: boolean | undefined;
  readonly who: string;
  /** What is asked for, whoever asks. */
  readonly field: string;
}

const LISTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['notifications/tools/list_changed', ['tools/list']],
  ['notifications/prompts/list_changed', ['prompts/list']],
  ['notifications/resources/list_changed', ['resources/list', 'resources/templates/list']],
]);
const READ = 'resources/read';
const UPDATED = 'notifications/resources/updated';

/**
 * A requester that answers from what it knows. It stands below the middleware, which sees every request, and below what
 * answers a server in rounds: a request that carries such answers goes through, and what comes of it is not kept.
 * In an era without such results everything goes through.
 */
export class ResultCache implements Requester {
  readonly #options: ResultCacheOptions;
  readonly #results: CachedResults;
  readonly #runs = new Set<Run>();
  readonly #flights = new Map<string, Run>();
  #order = 0;

  constructor(options: ResultCacheOptions) {
    this.#options = options;
    this.#results = new CachedResults(options.limits);
  }

  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T> {
    if (!isCacheable(method) || settings.cache === 'bypass' || !this.#options.isOn() || isOfRounds(params)) {
      return this.#options.requester.request(method, params, settings, reader, isRepeatable);
    }
    return settled(() => this.#request({ method, params, settings, reader, isRepeatable, who: '', field: JSON.stringify([params ?? null, settings.meta ?? null]) }));
  }

  /** Hears what the server says by itself, before anybody else does. */
  notified(method: string, params: JSONObject): void {
    const lists = LISTS.get(method);
    if (lists !== undefined) this.#forget((one) => lists.includes(one.method), lists);
    if (method !== UPDATED) return;
    const uri = own(params, 'uri');
    if (typeof uri === 'string') this.#forget((one) => one.uri !== undefined && isSameOrPart(one.uri, uri), [READ]);
  }

  /** Forgets everything in memory: another connection, maybe another server, or what the server said may be lost. */
  clear(): void {
    this.#forget(() => true, []);
  }

  async #request<T>(asked: Ask<T>): Promise<T> {
    const { settings, method, field } = asked;
    settings.signal?.throwIfAborted();
    const who = this.#options.asker(settings.signal);
    const ask: Ask<T> = { ...asked, who: typeof who === 'string' ? who : await this.#inTime((signal) => orAbort(who, signal), asked) };
    if (settings.cache === 'refresh') return this.#fetch(ask);
    const found = this.#fresh(ask);
    if (found !== undefined) return this.#answer(ask, found.text);
    const flight = settings.onProgress === undefined ? this.#flights.get(keyOf(ask.who, method, field)) : undefined;
    if (flight !== undefined) return this.#join(ask, flight);
    return this.#fetch(ask, this.#options.shared);
  }

  #fresh<T>(ask: Ask<T>): CachedResult | undefined {
    const now = this.#options.clock.now();
    const known = this.#newest(ask, now);
    return known !== undefined && known.freshUntil > now ? known : undefined;
  }

  /** What is kept for who asks, or for everybody: a server may call public today what it called private before. */
  #newest<T>({ who, method, field }: Ask<T>, now: number): CachedResult | undefined {
    const mine = this.#results.find(keyOf(who, method, field), now);
    const everybodys = this.#options.publicAcrossCredentials ? this.#results.find(keyOf(undefined, method, field), now) : undefined;
    if (mine === undefined || everybodys === undefined) return mine ?? everybodys;
    return mine.order > everybodys.order ? mine : everybodys;
  }

  #answer<T>({ settings, reader }: Ask<T>, text: string): T {
    settings.onCached?.();
    return reader.read(JSON.parse(text) as JSONObject);
  }

  /** Waits for what somebody else has asked for. Where that brings nothing to share, this one asks in the time it has left. */
  async #join<T>(ask: Ask<T>, flight: Run): Promise<T> {
    const { clock } = this.#options;
    const beganAt = clock.now();
    const text = await this.#inTime((signal) => orAbort(flight.outcome.promise, signal), ask);
    if (text !== undefined) return this.#answer(ask, text);
    const spentMs = clock.now() - beganAt;
    const { timeoutMs, maxTotalTimeoutMs } = ask.settings;
    return this.#fetch({ ...ask, settings: { ...ask.settings, timeoutMs: Math.max(1, timeoutMs - spentMs), maxTotalTimeoutMs: Math.max(1, maxTotalTimeoutMs - spentMs) } });
  }

  async #fetch<T>(ask: Ask<T>, shared?: SharedResults): Promise<T> {
    const { method, settings, params, isRepeatable } = ask;
    const uri = own(params ?? {}, 'uri');
    const run: Run = { method, uri: typeof uri === 'string' ? uri : undefined, order: ++this.#order, outcome: deferred(), isOutdated: false };
    const key = keyOf(ask.who, method, ask.field);
    this.#runs.add(run);
    if (!this.#flights.has(key)) this.#flights.set(key, run);
    let isKeeping = false;
    try {
      const found = shared === undefined ? undefined : await this.#findShared(ask, run, shared);
      if (found !== undefined) return this.#answer(ask, found);
      const reader = this.#watching(ask, (result) => {
        isKeeping = true;
        void this.#keep(ask, run, result).finally(() => this.#over(key, run));
      });
      return await this.#options.requester.request(method, params, settings, reader, isRepeatable);
    } catch (cause) {
      const stale = this.#stale(ask, cause);
      if (stale === undefined) throw cause;
      return this.#answer(ask, stale);
    } finally {
      if (!isKeeping) this.#over(key, run);
    }
  }

  #over(key: string, run: Run): void {
    run.outcome.resolve(undefined);
    this.#runs.delete(run);
    if (this.#flights.get(key) === run) this.#flights.delete(key);
  }

  /** The reader of `ask`; `came` hears of a result that it took, before the caller can change it. */
  #watching<T>({ method, params, reader }: Ask<T>, came: (result: JSONObject) => void): ReplyReader<T> {
    const hasCursor = own(params ?? {}, 'cursor') !== undefined;
    return {
      read: (result) => {
        const value = reader.read(result);
        came(result);
        return value;
      },
      refuse: (error) => {
        // Pages that lead to a cursor that is none any more are of no use. Source: 2026-07-28, "Caching", "Interaction with Pagination".
        if (hasCursor && error.rpcCode === RPC_ERROR.invalidParams) this.#forget((one) => one.method === method, [method]);
        return reader.refuse?.(error) ?? error;
      },
      ...(reader.interim === undefined ? {} : { interim: reader.interim.bind(reader) }),
    };
  }

  async #keep<T>(ask: Ask<T>, run: Run, result: JSONObject): Promise<void> {
    const { limits, asker, publicAcrossCredentials, shared, isOn } = this.#options;
    // The server may have come back in an era that knows nothing of this.
    if (!isOn()) return;
    const freshMs = freshMsOf(result, limits.maxCacheMs);
    if (freshMs === 0 || run.isOutdated || !isFitting(run.method, result)) return;
    const text = JSON.stringify(result);
    const isForAll = publicAcrossCredentials && isPublic(result);
    const receivedAt = this.#options.clock.now();
    const now = asker(undefined);
    // Whoever the headers named when the request went out: where they may name another one by now, nobody knows whose result it is.
    const who = typeof now === 'string' ? now : await now.catch(() => undefined);
    if (who !== ask.who || run.isOutdated) return;
    const owner = isForAll ? undefined : ask.who;
    this.#put(owner, ask, run, text, receivedAt, freshMs);
    shared?.store({ who: owner, method: run.method, field: ask.field }, text, freshMs);
    run.outcome.resolve(text);
  }

  #put<T>(owner: string | undefined, { method, field }: Ask<T>, { uri, order }: Run, text: string, receivedAt: number, freshMs: number): void {
    const { staleOnError, limits } = this.#options;
    const freshUntil = receivedAt + freshMs;
    this.#results.keep(keyOf(owner, method, field), { text, method, uri, freshUntil, keptUntil: staleOnError ? receivedAt + limits.maxCacheMs : freshUntil, order });
  }

  async #findShared<T>(ask: Ask<T>, run: Run, shared: SharedResults): Promise<string | undefined> {
    const { method, field, settings } = ask;
    const owners = this.#options.publicAcrossCredentials ? [ask.who, undefined] : [ask.who];
    for (const who of owners) {
      const found = await shared.find({ who, method, field }, settings.signal);
      settings.signal?.throwIfAborted();
      if (run.isOutdated) return undefined;
      if (found === undefined) continue;
      this.#put(who, ask, run, found.text, this.#options.clock.now(), found.freshMs);
      run.outcome.resolve(found.text);
      return found.text;
    }
    return undefined;
  }

  /** What was known, where the server cannot be asked now and the host would rather have that. */
  #stale<T>(ask: Ask<T>, cause: unknown): string | undefined {
    const { staleOnError, clock, name, fault } = this.#options;
    const { method, settings } = ask;
    if (!staleOnError || settings.cache === 'refresh' || settings.signal?.aborted === true || !isOutage(cause)) return undefined;
    const known = this.#newest(ask, clock.now());
    if (known === undefined) return undefined;
    fault(new ConnectionError('ERR_MCP_STALE_RESULT', `${name} could not be asked for ${method}; a result that is out of date was used`, { details: { method, staleMs: Math.max(0, Math.round(clock.now() - known.freshUntil)) }, cause }));
    return known.text;
  }

  /** What is kept, and what is on its way, of all that `isMeant`. */
  #forget(isMeant: (one: Pick<CachedResult, 'method' | 'uri'>) => boolean, sharedMethods: readonly string[]): void {
    this.#results.drop(isMeant);
    for (const run of this.#runs) if (isMeant(run)) run.isOutdated = true;
    // Who asks from now on does not wait for what was asked before.
    for (const [key, run] of this.#flights) if (run.isOutdated) this.#flights.delete(key);
    if (sharedMethods.length > 0) this.#options.shared?.drop(sharedMethods);
  }

  async #inTime<R, T>(wait: (signal: AbortSignal) => Promise<R>, { method, settings }: Ask<T>): Promise<R> {
    const timeoutMs = Math.min(settings.timeoutMs, settings.maxTotalTimeoutMs);
    const late = () => new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `${method} was not answered within ${timeoutMs} ms (timeoutMs)`, { details: { method, timeoutMs }, delivery: 'unsent' });
    const timed = timedSignal(this.#options.clock, timeoutMs, late, settings.signal);
    try {
      return await wait(timed.signal);
    } finally {
      timed.release();
    }
  }
}

/** Whether a request carries what was answered to the server before. Source: 2026-07-28, "Caching", "Cache Key". */
function isOfRounds(params: JSONObject | undefined): boolean {
  return params !== undefined && (own(params, 'inputResponses') !== undefined || own(params, 'requestState') !== undefined);
}

function keyOf(who: string | undefined, method: string, field: string): string {
  return JSON.stringify([who ?? null, method, field]);
}

/** What is updated may be a part of what was read, or what was read a part of it. Source: 2026-07-28, server, "Resources". */
function isSameOrPart(one: string, other: string): boolean {
  return one === other || isBelow(one, other) || isBelow(other, one);
}

function isBelow(uri: string, parent: string): boolean {
  return uri.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
}

function isFitting(method: string, result: JSONObject): boolean {
  try {
    checkCacheable(method, result);
    return true;
  } catch {
    return false;
  }
}

/** Whether the server could not be asked, which says nothing about what it would answer. */
function isOutage(cause: unknown): boolean {
  if (cause instanceof RequestTimeoutError) return true;
  if (!(cause instanceof ConnectionError)) return false;
  const { status } = cause.details;
  return typeof status !== 'number' || status >= 500;
}
