/** Changes as servers tell them that open with `initialize`. Source: MCP 2024-11-05 to 2025-11-25, server, "Resources", "Subscriptions". */

import { orAbort } from '../base/abort.ts';
import type { MCPError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { defaultRequestSettings } from '../connection/request-settings.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import type { ChangeSource, HonouredFilter, OpenedChanges } from './change-source.ts';
import { refusedResource, subscribeUnsupported } from './refusals.ts';
import type { Requester } from './requester.ts';

const SUBSCRIBED: ReplyReader<void> = Object.freeze({ read: checkEmptyResult, refuse: refusedResource });
const SUBSCRIPTIONS_LEFT: ReplyReader<void> = Object.freeze({ read: checkEmptyResult });

/** What {@link ResourceSubscriptions} is made with. */
export interface ResourceSubscriptionsOptions {
  readonly serverName: string;
  readonly capabilities: ServerCapabilities;
  readonly limits: Limits;
  /** Waits for a connection where there will be one. */
  readonly requester: Requester;
  /** Asks on the connection there is: what is taken back there is of no matter on another one. */
  readonly direct: Requester;
}

/** One resource that somebody follows. What is asked about it is asked in turn: two exchanges could overtake each other. */
interface Followed {
  holders: number;
  /** Settles with the server's answer, for every holder; `undefined` where it was not asked, or refused. */
  subscribed: Promise<void> | undefined;
  /** The end of what was asked before. */
  before: Promise<void> | undefined;
}

/** The lists announce themselves; each resource is subscribed to once, however many subscriptions hold it. */
export class ResourceSubscriptions implements ChangeSource {
  readonly #options: ResourceSubscriptionsOptions;
  readonly #followed = new Map<string, Followed>();
  readonly #leaving: RequestSettings;

  constructor(options: ResourceSubscriptionsOptions) {
    this.#options = options;
    this.#leaving = defaultRequestSettings(options.limits.unsubscribeMs);
  }

  async open(filter: HonouredFilter, settings: RequestSettings): Promise<OpenedChanges> {
    const { tools, prompts, resources } = this.#options.capabilities;
    if (filter.uris.length > 0 && resources?.subscribe !== true) throw subscribeUnsupported(this.#options.serverName);
    const outcomes = await Promise.allSettled(filter.uris.map((uri) => this.#follow(uri, settings)));
    const uris = filter.uris.filter((_uri, index) => outcomes[index]?.status === 'fulfilled');
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as MCPError] : []));
    const honoured = {
      tools: filter.tools && tools?.listChanged === true,
      prompts: filter.prompts && prompts?.listChanged === true,
      resources: filter.resources && resources?.listChanged === true,
      uris: Object.freeze(uris),
    };
    return {
      honoured: Object.freeze(honoured),
      isStream: false,
      failures,
      close: async () => void (await Promise.all(uris.map((uri) => this.#leave(uri)))),
    };
  }

  /** What such a server tells belongs to its session, and is told to whoever listens. */
  admits(): boolean {
    return true;
  }

  /** Who waits for an answer hears of the end of the connection with it. */
  stop(): void {}

  async #follow(uri: string, settings: RequestSettings): Promise<void> {
    const followed = this.#followed.get(uri) ?? { holders: 0, subscribed: undefined, before: undefined };
    this.#followed.set(uri, followed);
    followed.holders++;
    followed.subscribed ??= this.#subscribe(uri, followed, settings);
    try {
      await orAbort(followed.subscribed, settings.signal);
    } catch (cause) {
      void this.#leave(uri);
      throw cause;
    }
  }

  /** Others may come to wait for the same answer, so the signal of the first one ends its wait only. */
  #subscribe(uri: string, followed: Followed, settings: RequestSettings): Promise<void> {
    const ask = () => this.#options.requester.request('resources/subscribe', { uri }, { ...settings, signal: undefined }, SUBSCRIBED, true);
    const subscribed = followed.before === undefined ? ask() : followed.before.then(ask);
    subscribed.catch(() => {
      if (followed.subscribed === subscribed) followed.subscribed = undefined;
    });
    return quiet(subscribed);
  }

  /** One holder less; with the last one the server is told. */
  async #leave(uri: string): Promise<void> {
    const followed = this.#followed.get(uri);
    if (followed === undefined || --followed.holders > 0) return;
    const { subscribed } = followed;
    followed.subscribed = undefined;
    if (subscribed !== undefined) followed.before = this.#unsubscribe(uri, subscribed);
    const { before } = followed;
    await before;
    if (followed.before === before) followed.before = undefined;
    if (followed.holders === 0 && followed.before === undefined) this.#followed.delete(uri);
  }

  async #unsubscribe(uri: string, subscribed: Promise<void>): Promise<void> {
    try {
      await subscribed;
      await this.#options.direct.request('resources/unsubscribe', { uri }, this.#leaving, SUBSCRIPTIONS_LEFT);
    } catch {
      // Nobody waits for what may still come; it is told to nobody.
    }
  }
}
