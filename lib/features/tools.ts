/** What a server can do. Source: MCP, server, "Tools". */

import { timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { RequestTimeoutError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkCallToolResult, checkListToolsResult } from '../protocol/checks/results.ts';
import type { CallToolResult, ListToolsResult, Tool } from '../protocol/types/tools.ts';
import { PagedList } from './paged-list.ts';
import { refusedArguments } from './refusals.ts';
import type { Requester } from './requester.ts';
import { ToolCatalogue } from './tool-catalogue.ts';

const CALL: ReplyReader<CallToolResult> = Object.freeze({ read: checkCallToolResult, refuse: refusedArguments });

/** The tools of one server. */
export class Tools {
  readonly #requester: Requester;
  readonly #clock: Clock;
  readonly #list: PagedList<ListToolsResult, Tool>;
  /** What is known of the tools: to refuse a call that cannot go well, and to know which may be repeated. */
  readonly #catalogue: ToolCatalogue;
  readonly #checksArguments: boolean;

  /** With `checkArguments`, unknown tools and missing required arguments are refused before anything is sent. */
  constructor(requester: Requester, clock: Clock, limits: Limits, defaults: RequestSettings, checkArguments: boolean) {
    this.#requester = requester;
    this.#clock = clock;
    this.#list = new PagedList(requester, { method: 'tools/list', check: checkListToolsResult, items: (page) => page.tools, maxPages: limits.maxPages });
    this.#catalogue = new ToolCatalogue(() => this.#list.all(defaults));
    this.#checksArguments = checkArguments;
  }

  /** All tools. */
  async list(settings: RequestSettings): Promise<Tool[]> {
    const version = this.#catalogue.version;
    const tools = await this.#list.all(settings);
    this.#catalogue.learn(tools, version);
    return tools;
  }

  /** One page of tools. */
  page(cursor: string | undefined, settings: RequestSettings): Promise<ListToolsResult> {
    return this.#list.page(cursor, settings);
  }

  /** Tool by tool. */
  iterate(settings: RequestSettings): AsyncGenerator<Tool, void, undefined> {
    return this.#list.iterate(settings);
  }

  /**
   * Calls a tool.
   *
   * @throws InvalidValueError `ERR_MCP_UNKNOWN_TOOL` or `ERR_MCP_INVALID_ARGUMENTS`, before sending or as the server says.
   */
  call(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    if (!this.#checksArguments || this.#catalogue.accepts(name, args)) return this.#send(name, args, settings);
    return quiet(this.#checkAndSend(name, args, settings));
  }

  /** What is known may be wrong: the list changed, or another server answers now. */
  forget(): void {
    this.#catalogue.forget();
  }

  /** The look-up is part of the call: it ends with the same signal, and its time is taken from the call's. */
  async #checkAndSend(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    // In its JSON form, as it would be sent now: what the caller does to it while the list is asked for has no effect.
    const kept = args === undefined ? undefined : (JSON.parse(JSON.stringify(args)) as JSONObject);
    const { timeoutMs } = settings;
    const startedAt = this.#clock.now();
    const late = () =>
      new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `tools/call waited ${timeoutMs} ms for the list of tools`, { details: { timeoutMs }, delivery: 'unsent' });
    const bound = timedSignal(this.#clock, timeoutMs, late, settings.signal);
    try {
      await this.#catalogue.require(name, kept, bound.signal);
    } finally {
      bound.release();
    }
    const left = Math.max(1, timeoutMs - (this.#clock.now() - startedAt));
    return this.#send(name, kept, { ...settings, timeoutMs: left });
  }

  #send(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    const params = args === undefined ? { name } : { name, arguments: args };
    const isRepeatable = settings.retry === 'idempotent' && this.#catalogue.isRepeatable(name);
    return this.#requester.request('tools/call', params, settings, CALL, isRepeatable);
  }
}
