/** Completion of an argument while it is typed. Source: MCP, server, utilities, "Completion". */

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

const COMPLETE: ReplyReader<Completion> = Object.freeze({ read: checkCompletion, refuse: refusedArguments });

/** Values that could complete `argument` of `reference`. */
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
