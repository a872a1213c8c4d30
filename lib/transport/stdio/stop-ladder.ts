/** How a child is made to leave: asked, told, and killed. Source: MCP, lifecycle, "Shutdown", stdio. */

import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { ChildProcess } from './child-process.ts';

/** How long each rung waits, milliseconds. */
export interface StopGraces {
  readonly stdinGraceMs: number;
  readonly terminateGraceMs: number;
}

// What the child started is not our child: there is no event for its end. Asked often at first, as most leave at once.
const FIRST_POLL_MS = 1;
const LONGEST_POLL_MS = 20;

/**
 * End of stdin → wait → SIGTERM → wait → SIGKILL → wait, each to the whole group. `endInput` ends stdin. Resolves when
 * nobody of the group is left. When `signal` fires the rest of the ladder is skipped: SIGKILL, and no more waiting.
 */
export async function climbDown(child: ChildProcess, endInput: () => void, graces: StopGraces, clock: Clock, signal: AbortSignal): Promise<void> {
  endInput();
  try {
    if (await isGoneWithin(child, graces.stdinGraceMs, clock, signal)) return;
    child.signal('SIGTERM');
    if (await isGoneWithin(child, graces.terminateGraceMs, clock, signal)) return;
    child.kill();
    await isGoneWithin(child, Infinity, clock, signal);
  } catch {
    child.kill();
  }
}

/** Rejects when `signal` fires. */
async function isGoneWithin(child: ChildProcess, withinMs: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const until = clock.now() + withinMs;
  for (let pollMs = FIRST_POLL_MS; child.isAlive; pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)) {
    const left = until - clock.now();
    if (left <= 0) return false;
    await delay(clock, Math.min(pollMs, left), signal);
  }
  return true;
}
