/**
 * Finds processes by a mark in their environment, through `/proc`. A mark is inherited by every descendant, whoever
 * its parent became and whichever group or session it moved to, so nothing of a tree can hide by being orphaned.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';

/** The environment variable that carries a mark. */
export const MARK_VARIABLE = 'BAREWIRE_INTEROP_MARK';

/** A mark that no other process has. */
export function newMark(): string {
  return randomUUID();
}

/** The ids of all living processes that carry `mark`, in ascending order. A zombie has no environment any more and does not count. */
export function processesMarked(mark: string): number[] {
  assert.equal(process.platform, 'linux', 'the census reads /proc');
  const entry = `${MARK_VARIABLE}=${mark}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((processId) => environmentOf(processId).includes(entry))
    .sort((a, b) => a - b);
}

/** The command line of a process, its words joined by blanks; empty when it is gone. */
export function commandLineOf(processId: number): string {
  return readEntry(processId, 'cmdline').split('\0').join(' ').trim();
}

/**
 * Kills what is still alive of the processes that carry `mark`, so that a failed test leaves nothing behind, and returns
 * what that was: each as its id and command line.
 */
export function killMarked(mark: string): string[] {
  return processesMarked(mark).map((processId) => {
    const line = `${processId}: ${commandLineOf(processId)}`;
    try {
      process.kill(processId, 'SIGKILL');
    } catch {
      // It left by itself in the meantime.
    }
    return line;
  });
}

function environmentOf(processId: number): string[] {
  return readEntry(processId, 'environ').split('\0');
}

// A process may leave between the listing and the reading, and a foreign one may not be readable: neither is ours.
function readEntry(processId: number, entry: string): string {
  try {
    return readFileSync(`/proc/${processId}/${entry}`, 'utf8');
  } catch {
    return '';
  }
}
