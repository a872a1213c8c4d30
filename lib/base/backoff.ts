const GROWTH_OF_PAUSE = 1.6;
const SPREAD_OF_PAUSE = 0.2;

/**
 * The pause before a further try, milliseconds: `firstMs` after the first failure, 1.6 times as long after each further one,
 * at most `longestMs`, and ± 20 % by `chance`, a random number from 0 to 1, so that many who failed together do not come back together.
 */
export function pauseBeforeRetryMs(firstMs: number, failures: number, longestMs: number, chance: number): number {
  const planned = Math.min(firstMs * GROWTH_OF_PAUSE ** Math.max(0, failures - 1), longestMs);
  return planned * (1 - SPREAD_OF_PAUSE + 2 * SPREAD_OF_PAUSE * chance);
}
