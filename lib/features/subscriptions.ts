/** The subscriptions of one handle: made, fed, made again on the next connection, ended. */

import { isMCPError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe, flag } from '../base/options.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { isNothing, NO_CHANGES } from './change-filter.ts';
import type { ChangeEvents, ChangeSource, HonouredFilter, OpenedChanges, SubscriptionEnd, WantedChanges } from './change-source.ts';
import { checkURI } from './resources.ts';
import type { ServerEvents } from './server-events.ts';
import { GAP, OpenSubscription } from './subscription.ts';
import type { ServerChange, Subscription } from './subscription.ts';

/** What {@link Subscriptions} is made with. */
export interface SubscriptionsOptions {
  readonly maxQueuedChanges: number;
  /** The settings of a request that the host did not ask for. */
  readonly defaults: RequestSettings;
  /** Resolves when there is a connection; rejects when there is none, and none is being made. */
  readonly ready: (settings: RequestSettings) => Promise<void>;
  /** Asks the server on the connection that is there now. */
  readonly newSource: () => ChangeSource;
  /** A server that was asked to tell what somebody wants was asked anew: what changed in between was told to nobody. */
  readonly missed: (honoured: WantedChanges) => void;
  /** Something is wrong, but the connection goes on. */
  readonly fault: (error: MCPError) => void;
}

/** What somebody within the library, or a listener, wants to hear of as long as there is a connection. */
interface Want {
  readonly filter: WantedChanges;
  opened: OpenedChanges | undefined;
  /** Hears why the server cannot be asked. */
  readonly failed: (error: MCPError) => void;
}

/** One subscription in the book. */
interface Held {
  readonly subscription: OpenSubscription;
  /** It was given to the host: on a new connection it is made again. */
  isGiven: boolean;
  /** What is open for it on the connection that is there now. */
  opened: OpenedChanges | undefined;
}

// Made once, as they say no more.
const CHANGED: ReadonlyMap<string, ServerChange> = new Map<string, ServerChange>([
  ['toolsChanged', Object.freeze({ kind: 'toolsChanged' })],
  ['promptsChanged', Object.freeze({ kind: 'promptsChanged' })],
  ['resourcesChanged', Object.freeze({ kind: 'resourcesChanged' })],
  ['gap', GAP],
]);

/**
 * The argument of `subscribe`, with nothing left open: uris once each.
 *
 * @throws TypeError for a filter that is none, or names nothing; InvalidValueError `ERR_MCP_INVALID_URI`.
 */
export function resolveFilter(filter: unknown): HonouredFilter {
  checkKeys('filter', filter, ['tools', 'prompts', 'resources', 'uris']);
  const isAsked = (name: string): boolean => filter[name] !== undefined && flag(`filter.${name}`, filter[name]);
  const given = filter['uris'] ?? [];
  if (!Array.isArray(given)) throw new TypeError(`filter.uris must be an array of URIs; got ${describe(given)}`);
  const uris = new Set(given.map((uri: unknown, index) => checkURI(`filter.uris[${index}]`, uri)));
  const wanted = { tools: isAsked('tools'), prompts: isAsked('prompts'), resources: isAsked('resources'), uris: Object.freeze([...uris]) };
  if (!wanted.tools && !wanted.prompts && !wanted.resources && uris.size === 0) throw new TypeError('filter must name something to hear of: tools, prompts, resources or uris');
  return Object.freeze(wanted);
}

/** The book of subscriptions. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #held = new Set<Held>();
  /** By who wants it. */
  readonly #wants = new Map<string, Want>();
  #source: ChangeSource | undefined;
  #isFirst = true;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** Whether nobody would hear. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /**
   * Makes a subscription; it hears from the moment the server is asked.
   *
   * @throws ConnectionError, InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD` `ERR_MCP_RESOURCE_NOT_FOUND`, and what a request rejects with.
   */
  async subscribe(filter: HonouredFilter, settings: RequestSettings): Promise<Subscription> {
    const { maxQueuedChanges, ready } = this.#options;
    const subscription = new OpenSubscription({ filter, maxQueuedChanges, release: () => this.#release(held) });
    const held: Held = { subscription, isGiven: false, opened: undefined };
    try {
      for (;;) {
        await ready(settings);
        const source = this.#source;
        this.#held.add(held);
        const opened = await source?.open(filter, settings, this.#eventsOf(held));
        // Another connection came in between, which knows nothing of it.
        if (opened === undefined || source !== this.#source) continue;
        held.opened = opened;
        const [failure] = opened.failures;
        if (failure !== undefined) throw failure;
        subscription.honour(opened.honoured);
        held.isGiven = true;
        return subscription;
      }
    } catch (cause) {
      void subscription.close();
      throw cause;
    }
  }

  /**
   * Lets the server tell what `filter` names, on this connection and those that follow, for `who`, in place of what was wanted for the
   * same `who` before. What comes is heard as events. A server that cannot be asked is told to `failed`, by default as a fault, and asked again on the
   * next connection.
   */
  want(who: string, filter: WantedChanges, failed: (error: MCPError) => void = this.#options.fault): void {
    const before = this.#wants.get(who);
    if (isNothing(filter)) {
      this.#wants.delete(who);
      void before?.opened?.close();
      return;
    }
    const want: Want = { filter, opened: undefined, failed };
    this.#wants.set(who, want);
    if (this.#source === undefined) return;
    // What is wanted before and after goes on without a gap.
    void this.#openWant(who, want, this.#source, false).then(() => before?.opened?.close());
  }

  /** Whether a notification is one that somebody asked for, where that has to be. May throw a Misfit. */
  admits(method: string, params: JSONObject, exchange: RequestId | undefined): boolean {
    return this.#source === undefined || this.#source.admits(method, params, exchange);
  }

  /** To be told of every event of the server. */
  heard(event: keyof ServerEvents, payload: unknown): void {
    if (event === 'resourceUpdated') return this.#tell(Object.freeze({ kind: 'resourceUpdated', uri: (payload as ServerEvents['resourceUpdated']).uri }));
    const change = CHANGED.get(event);
    if (change !== undefined) this.#tell(change);
  }

  /** There is a connection: what was subscribed to before is asked for again. */
  connected(): void {
    const source = this.#options.newSource();
    this.#source = source;
    for (const [who, want] of this.#wants) void this.#openWant(who, want, source, !this.#isFirst);
    this.#isFirst = false;
    for (const held of this.#held) if (held.isGiven) void this.#openAgain(held, source);
  }

  /** There is no connection any more; maybe there will be another one. */
  disconnected(cause: MCPError): void {
    const source = this.#source;
    this.#source = undefined;
    for (const held of this.#held) held.opened = undefined;
    for (const want of this.#wants.values()) want.opened = undefined;
    source?.stop(cause);
  }

  /** Ends every subscription without a word to the server. */
  endAll(end: SubscriptionEnd): void {
    for (const held of this.#held) this.#end(held, end);
  }

  #tell(change: ServerChange): void {
    for (const { subscription } of this.#held) subscription.hear(change);
  }

  #end(held: Held, end: SubscriptionEnd): void {
    this.#held.delete(held);
    held.subscription.finish(Object.freeze(end));
  }

  async #release(held: Held): Promise<void> {
    this.#held.delete(held);
    const { opened } = held;
    held.opened = undefined;
    await opened?.close();
  }

  #eventsOf(held: Held): ChangeEvents {
    return { ended: (end) => this.#end(held, end), renewed: (honoured) => held.subscription.honour(honoured) };
  }

  async #openWant(who: string, want: Want, source: ChangeSource, isAgain: boolean): Promise<void> {
    const { defaults, missed } = this.#options;
    const isCurrent = (): boolean => source === this.#source && this.#wants.get(who) === want;
    const ended = ({ cause }: SubscriptionEnd): void => {
      want.opened = undefined;
      if (isMCPError(cause) && isCurrent()) want.failed(cause);
    };
    try {
      const opened = await source.open(want.filter, defaults, { ended, renewed: () => {}, isPatient: true });
      if (!isCurrent()) return void opened.close();
      want.opened = opened;
      if (isAgain && opened.isStream) missed(opened.honoured);
    } catch (cause) {
      if (isMCPError(cause) && isCurrent()) want.failed(cause);
    }
  }

  async #openAgain(held: Held, source: ChangeSource): Promise<void> {
    const { defaults, fault } = this.#options;
    try {
      const opened = await source.open(held.subscription.filter, defaults, this.#eventsOf(held));
      if (source !== this.#source) return;
      if (!this.#held.has(held)) return void opened.close();
      held.opened = opened;
      held.subscription.honour(opened.honoured);
      for (const failure of opened.failures) fault(failure);
    } catch (cause) {
      if (source !== this.#source || !this.#held.has(held)) return;
      held.subscription.honour(NO_CHANGES);
      fault(cause as MCPError);
    }
    // Not before the server was asked: what changes from here on is told.
    held.subscription.hear(GAP);
  }
}
