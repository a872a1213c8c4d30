/** Prompts a server has ready. Source: MCP, server, "Prompts". */

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
import type { ListChanged } from './server-events.ts';

const GET: ReplyReader<GetPromptResult> = Object.freeze({ read: checkGetPromptResult, refuse: refusedArguments });

/** The prompts of one server. */
export class Prompts implements ChangingList {
  readonly list: PagedList<ListPromptsResult, Prompt>;
  readonly #requester: Requester;
  readonly #defaults: RequestSettings;
  readonly #baseline: ListBaseline<Prompt>;

  /** `isHeard`: whether anybody listens for changes of the list. */
  constructor(requester: Requester, { maxPages }: Limits, defaults: RequestSettings, isHeard: () => boolean) {
    this.#requester = requester;
    this.#defaults = defaults;
    this.#baseline = new ListBaseline((prompt) => prompt.name, isHeard);
    this.list = new PagedList(requester, {
      method: 'prompts/list',
      check: checkListPromptsResult,
      items: (page) => page.prompts,
      maxPages,
      listed: (prompts) => this.#baseline.saw(prompts),
    });
  }

  expire(): void {}

  refresh(): Promise<ListChanged> | undefined {
    if (!this.#baseline.isOfUse) return undefined;
    return this.list.all(this.#defaults).then((prompts) => this.#baseline.changeTo(prompts));
  }

  letGo(): void {
    this.#baseline.forget();
  }

  /**
   * A prompt with its arguments filled in by the server.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS` when the server knows no such prompt, or refuses its arguments.
   */
  get(name: string, args: Readonly<Record<string, string>> | undefined, settings: RequestSettings): Promise<GetPromptResult> {
    return this.#requester.request('prompts/get', args === undefined ? { name } : { name, arguments: args }, settings, GET);
  }
}
