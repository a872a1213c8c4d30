import { pauseBeforeRetryMs } from '../base/backoff.ts';

/** {@link pauseBeforeRetryMs}, by chance. */
export function redisBackoffMs(firstMs: number, failures: number, longestMs: number): number {
  return pauseBeforeRetryMs(firstMs, failures, longestMs, Math.random());
}
