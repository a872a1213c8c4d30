/** A list that comes in pages. Source: MCP, server, utilities, "Pagination". */

import { LimitError, PeerProtocolError, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { refusedRequest } from './refusals.ts';
import type { Requester } from './requester.ts';

/** What every page has. */
export interface Page {
  /** Opaque. Any string means that there is more, the empty one too. */
  readonly nextCursor?: string | undefined;
}

/** Which list. */
export interface PagedListOptions<P extends Page, Item> {
  readonly method: string;
  readonly check: (result: JSONObject) => P;
  readonly items: (page: P) => readonly Item[];
  readonly maxPages: number;
}

/** One kind of list of one server. */
export class PagedList<P extends Page, Item> {
  readonly #requester: Requester;
  readonly #options: PagedListOptions<P, Item>;

  constructor(requester: Requester, options: PagedListOptions<P, Item>) {
    this.#requester = requester;
    this.#options = options;
  }

  /** One page: the first, or the one that `cursor` of the page before names. */
  page(cursor: string | undefined, settings: RequestSettings): Promise<P> {
    const params = cursor === undefined ? undefined : { cursor };
    return this.#requester.request(this.#options.method, params, settings, { read: this.#options.check, refuse: refusedRequest });
  }

  /** Every item of every page. Each page is a request with these settings. */
  async all(settings: RequestSettings): Promise<Item[]> {
    let isKnown = false;
    const onCached = () => {
      isKnown = true;
      settings.onCached?.();
    };
    try {
      return await this.#gather({ ...settings, onCached });
    } catch (cause) {
      // A page that was known may lead to a cursor that is none any more. Source: 2026-07-28, "Caching", "Interaction with Pagination".
      if (!isKnown || !(cause instanceof RPCError) || cause.rpcCode !== RPC_ERROR.invalidParams) throw cause;
      return this.#gather({ ...settings, cache: 'refresh' });
    }
  }

  async #gather(settings: RequestSettings): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of this.#pages(settings)) for (const item of this.#options.items(page)) items.push(item);
    return items;
  }

  /** Item by item; the next page is asked for when the one before is used up. */
  async *iterate(settings: RequestSettings): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.#pages(settings)) yield* this.#options.items(page);
  }

  /**
   * @throws PeerProtocolError `ERR_MCP_CURSOR_LOOP` when a cursor comes twice; LimitError `maxPages`.
   */
  async *#pages(settings: RequestSettings): AsyncGenerator<P, void, undefined> {
    const { method, maxPages } = this.#options;
    const seen = new Set<string>();
    let cursor: string | undefined;
    for (let count = 1; ; count++) {
      const page = await this.page(cursor, settings);
      yield page;
      // Null, which some servers write for the last page, is no cursor.
      if (typeof page.nextCursor !== 'string') return;
      cursor = page.nextCursor;
      if (seen.has(cursor)) throw new PeerProtocolError('ERR_MCP_CURSOR_LOOP', `${method} gave the same cursor twice, so its pages never end`, { details: { method, pages: count } });
      seen.add(cursor);
      if (count >= maxPages) throw new LimitError('maxPages', `${method} has more than ${maxPages} pages`, { details: { method, most: maxPages } });
    }
  }
}
