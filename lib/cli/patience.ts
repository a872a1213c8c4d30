/** The time of a request that may ask the person at the terminal: it stands still while it does. */

import { RequestTimeoutError } from '../index.ts';
import type { RequestOptions } from '../index.ts';
import type { ActionContext } from './command.ts';

// What a timer of the platform can hold (32 bits, signed).
const LONGEST_MS = 2_147_483_647;

/**
 * Runs a request. Where nobody can be asked, its time is the library's matter. Else it is counted here, from the last of: the beginning, a
 * call of `renew`, the end of a question.
 */
export async function patiently<T>({ asker, io, request, timeoutMs }: ActionContext, run: (request: RequestOptions, renew: () => void) => Promise<T>): Promise<T> {
  if (asker === undefined || !asker.isInteractive) return run(request, () => {});
  const [over, late] = [new AbortController(), new AbortController()];
  let since = io.now();
  const watch = async (): Promise<void> => {
    for (;;) {
      if (asker.isAsking) since = io.now();
      const leftMs = Math.max(since, asker.askedAt) + timeoutMs - io.now();
      if (leftMs <= 0) return late.abort(timedOut(timeoutMs));
      await io.wait(Math.min(leftMs, LONGEST_MS), over.signal);
      if (over.signal.aborted) return;
    }
  };
  const signal = AbortSignal.any([late.signal, ...(request.signal === undefined ? [] : [request.signal])]);
  const watching = watch();
  try {
    return await run({ ...request, signal, timeoutMs: LONGEST_MS }, () => (since = io.now()));
  } finally {
    over.abort();
    await watching;
  }
}

function timedOut(timeoutMs: number): RequestTimeoutError {
  return new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `The server did not answer within ${timeoutMs} ms (--timeout)`, { details: { timeoutMs }, delivery: 'unknown' });
}
