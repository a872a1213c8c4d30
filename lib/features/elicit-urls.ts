/** The visits that an error wants of the user. Source: 2025-11-25, client, "Elicitation", "URL Mode With Elicitation Required Error Flow". */

import { orAbort, timedSignal } from '../base/abort.ts';
import { InvalidValueError, RequestTimeoutError } from '../base/errors.ts';
import { abortSignal, checkKeys, describe, durationMs } from '../base/options.ts';
import { quiet } from '../base/quiet.ts';
import type { Era } from '../protocol/era.ts';
import { askForVisit } from './elicitation.ts';
import type { ElicitationHandlers } from './elicitation.ts';
import type { HostContext } from './host-feature.ts';
import { URLElicitationRequiredError } from './url-elicitation-required.ts';

/** What `elicitURLs` takes. */
export interface ElicitURLsOptions {
  /** Gives up: rejects with the signal's reason. For the button that says "try again" or "never mind". */
  readonly signal?: AbortSignal | undefined;
  /** How long all of it may take, milliseconds. Default: the limit `answerTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** What became of the visits: `completed` when the server has said so for each of them; otherwise what the user said to one. */
export type ElicitURLsOutcome = 'completed' | 'declined' | 'cancelled';

const COMPLETED = 'notifications/elicitation/complete';

/**
 * Only 2025-11-25 has servers that say when a visit is completed; elsewhere the wait would have no end.
 *
 * @throws InvalidValueError `ERR_MCP_UNSUPPORTED_METHOD`.
 */
export function checkVisitsComplete(serverName: string, era: Era | undefined): void {
  if (era === undefined || era.mayTravel(COMPLETED, 'server')) return;
  const message = `${serverName} never says that a visit is completed: revision ${era.revision} has no ${COMPLETED}; ask the user, then send the request again`;
  throw new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', message, { details: { method: COMPLETED }, delivery: 'unsent' });
}

/**
 * Asks the host for each visit, one after the other, and waits until the server says that all are completed.
 *
 * @throws TypeError for what is no such error, and without a handler; RequestTimeoutError; the reason of the signal; what the handler throws.
 */
export async function elicitURLs(
  error: URLElicitationRequiredError,
  { url }: ElicitationHandlers,
  { serverName, clock, limits, elicitations: book }: HostContext,
  options: ElicitURLsOptions,
): Promise<ElicitURLsOutcome> {
  if (!(error instanceof URLElicitationRequiredError)) throw new TypeError(`error must be a URLElicitationRequiredError; got ${describe(error)}`);
  if (url === undefined) throw new TypeError('elicitURLs needs handlers.elicitation.url; got undefined');
  checkKeys('options', options, ['signal', 'timeoutMs']);
  const parent = abortSignal('options.signal', options['signal']);
  const timeoutMs = durationMs('options.timeoutMs', options['timeoutMs'] ?? limits.answerTimeoutMs);
  const late = () => new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `The visits were not completed within ${timeoutMs} ms`, { details: { timeoutMs } });
  const round = book.begin(parent);
  const { signal, release } = timedSignal(clock, timeoutMs, late, round.signal);
  try {
    for (const visit of error.elicitations) {
      if (book.isCompleted(visit.elicitationId)) continue;
      signal.throwIfAborted();
      const action = await orAbort(quiet(askForVisit(url, visit, { serverName, signal })), signal);
      if (action !== 'accept') return action === 'decline' ? 'declined' : 'cancelled';
    }
    await book.allCompleted(error.elicitations.map(({ elicitationId }) => elicitationId), signal);
    return 'completed';
  } finally {
    release();
    round.release();
  }
}
