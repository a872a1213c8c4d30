/** Prompts a server has ready. Source: MCP, server, "Prompts". */

import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkGetPromptResult, checkListPromptsResult } from '../protocol/checks/results.ts';
import type { GetPromptResult, ListPromptsResult, Prompt } from '../protocol/types/prompts.ts';
import { ListBaseline } from './list-baseline.ts';
import type { ChangingList } from './list-changes.ts';
import { PagedList } from './paged-list.ts';
import { refusedArguments } from './refusals.ts';
import type { Requester } from './requester.ts';
import type { IsHeard, ListChanged } from './server-events.ts';

const GET: ReplyReader<GetPromptResult> = Object.freeze({ read: checkGetPromptResult, refuse: refusedArguments });

const promptName = (prompt: Prompt): string => prompt.name;

/** The prompts of one server. */
export class Prompts implements ChangingList {
  readonly list: PagedList<ListPromptsResult, Prompt>;
  readonly #requester: Requester;
  readonly #defaults: RequestSettings;
  readonly #baseline: ListBaseline<Prompt>;

  constructor(requester: Requester, { maxPages }: Limits, defaults: RequestSettings, isHeard: IsHeard) {
    this.#requester = requester;
    this.#defaults = defaults;
    this.#baseline = new ListBaseline(promptName, () => isHeard('promptsChanged'));
    this.list = new PagedList(requester, { method: 'prompts/list', check: checkListPromptsResult, items: (page) => page.prompts, maxPages });
  }

  /** The whole list. */
  async all(settings: RequestSettings): Promise<Prompt[]> {
    const prompts = await this.list.all(settings);
    this.#baseline.see(prompts);
    return prompts;
  }

  expire(): void {}

  refresh(): Promise<ListChanged> | undefined {
    return this.#baseline.refresh(() => this.list.all({ ...this.#defaults, cache: 'refresh' }));
  }

  letGo(): void {
    this.#baseline.letGo();
  }

  /**
   * A prompt with its arguments filled in by the server.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS` when the server knows no such prompt, or refuses its arguments.
   */
  get(name: string, args: Readonly<Record<string, string>> | undefined, settings: RequestSettings): Promise<GetPromptResult> {
    return this.resume(args === undefined ? { name } : { name, arguments: args }, settings);
  }

  /** Gets a prompt with params that are ready, the answers to a question among them. */
  resume(params: JSONObject, settings: RequestSettings): Promise<GetPromptResult> {
    return this.#requester.request('prompts/get', params, settings, GET);
  }
}
