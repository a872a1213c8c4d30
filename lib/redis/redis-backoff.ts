const GROWTH = 1.6;
const SPREAD = 0.2;

/**
 * The pause before a further try, milliseconds: `firstMs` after the first failure, 1.6 times as long after each further one, at most `longestMs`,
 * and ± 20 % at random, so that many clients of a server that failed do not come back together.
 */
export function redisBackoffMs(firstMs: number, failures: number, longestMs: number): number {
  const planned = Math.min(firstMs * GROWTH ** Math.max(0, failures - 1), longestMs);
  return planned * (1 - SPREAD + 2 * SPREAD * Math.random());
}
