/** Completion of an argument while it is typed. Source: MCP, server, utilities, "Completion". */

import type { JSONObject } from '../base/json.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkCompletion } from '../protocol/checks/results.ts';
import type { Completion, CompletionArgument, CompletionReference } from '../protocol/types/completion.ts';
import { refusedArguments } from './refusals.ts';
import type { Requester } from './requester.ts';

/** What was filled in before, by argument name; since 2025-06-18. */
export interface CompletionContext {
  readonly arguments?: Readonly<Record<string, string>>;
}

// Source: `schema.ts`, CompleteResult, and server, utilities, "Completion": a server must not send more.
const COMPLETION_MOST_VALUES = 100;

const COMPLETE: ReplyReader<Completion> = Object.freeze({
  read: (result: JSONObject) => {
    const completion = checkCompletion(result);
    // Lists for people are made for as many as may come.
    return completion.values.length <= COMPLETION_MOST_VALUES ? completion : { ...completion, values: completion.values.slice(0, COMPLETION_MOST_VALUES), hasMore: true };
  },
  refuse: refusedArguments,
});

/** Values that could complete `argument` of `reference`: 100 at most, whatever the server sends. */
export function complete(
  requester: Requester,
  reference: CompletionReference,
  argument: CompletionArgument,
  context: CompletionContext | undefined,
  settings: RequestSettings,
): Promise<Completion> {
  const params = { ref: reference, argument: { name: argument.name, value: argument.value } };
  return requester.request('completion/complete', context === undefined ? params : { ...params, context }, settings, COMPLETE);
}
