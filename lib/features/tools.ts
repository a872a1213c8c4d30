/** What a server can do. Source: MCP, server, "Tools". */

import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
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
  readonly #list: PagedList<ListToolsResult, Tool>;
  /** What is known of the tools, to refuse a call that cannot go well; `undefined` when nothing is to be refused. */
  readonly #catalogue: ToolCatalogue | undefined;

  /** With `checkArguments`, unknown tools and missing required arguments are refused before anything is sent. */
  constructor(requester: Requester, limits: Limits, defaults: RequestSettings, checkArguments: boolean) {
    this.#requester = requester;
    this.#list = new PagedList(requester, { method: 'tools/list', check: checkListToolsResult, items: (page) => page.tools, maxPages: limits.maxPages });
    this.#catalogue = checkArguments ? new ToolCatalogue(() => this.#list.all(defaults)) : undefined;
  }

  /** All tools. */
  async list(settings: RequestSettings): Promise<Tool[]> {
    const version = this.#catalogue?.version;
    const tools = await this.#list.all(settings);
    this.#catalogue?.learn(tools, version);
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
    if (this.#catalogue === undefined || this.#catalogue.accepts(name, args)) return this.#send(name, args, settings);
    return this.#checkAndSend(this.#catalogue, name, args, settings);
  }

  /** What is known may be wrong: the list changed, or another server answers now. */
  forget(): void {
    this.#catalogue?.forget();
  }

  async #checkAndSend(catalogue: ToolCatalogue, name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    // What the caller does to its arguments while the list is asked for has no effect.
    const kept = args === undefined ? undefined : structuredClone(args);
    await catalogue.require(name, kept, settings.signal);
    return this.#send(name, kept, settings);
  }

  #send(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    const params = args === undefined ? { name } : { name, arguments: args };
    return this.#requester.request('tools/call', params, settings, CALL);
  }
}
