/**
 * Waits for something to become true by looking again and again: nothing is waited for longer than needed, and what
 * never comes true fails with a sentence.
 */

const PAUSE_MS = 5;

/** The first value of `condition` that is neither false, null nor undefined; rejects after `deadlineMs`, naming `what` was awaited. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what: string,
  deadlineMs: number = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) return value as Exclude<T, false | null | undefined>;
    if (performance.now() > end) throw new Error(`Waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
