const FACTOR = 1.6;
const JITTER = 0.2;

/**
 * The pause before a further try, milliseconds: `firstMs` after the first failure, 1.6 times as long after each further one,
 * at most `longestMs`, and ± 20 % at random, so that many who failed together do not come back together.
 */
export function backoffMs(firstMs: number, failures: number, longestMs: number): number {
  const planned = Math.min(firstMs * FACTOR ** Math.max(0, failures - 1), longestMs);
  return planned * (1 - JITTER + 2 * JITTER * Math.random());
}
