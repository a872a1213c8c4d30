/** Prompts a server has ready. Source: MCP, server, "Prompts". */

import type { Limits } from '../base/limits.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkGetPromptResult, checkListPromptsResult } from '../protocol/checks/results.ts';
import type { GetPromptResult, ListPromptsResult, Prompt } from '../protocol/types/prompts.ts';
import { PagedList } from './paged-list.ts';
import { refusedArguments } from './refusals.ts';
import type { Requester } from './requester.ts';

const GET: ReplyReader<GetPromptResult> = Object.freeze({ read: checkGetPromptResult, refuse: refusedArguments });

/** The prompts of one server. */
export class Prompts {
  readonly list: PagedList<ListPromptsResult, Prompt>;
  readonly #requester: Requester;

  constructor(requester: Requester, { maxPages }: Limits) {
    this.#requester = requester;
    this.list = new PagedList(requester, { method: 'prompts/list', check: checkListPromptsResult, items: (page) => page.prompts, maxPages });
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
