/** A process group, after the process that it is named after has gone. */

import { readFileSync, readdirSync } from 'node:fs';

/** Sends `signal` to every process of the group `pid`; 0 only asks. False when there is none, or none that we may signal. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/**
 * Whether a process of the group `pid` still runs. One that has ended and is not yet reaped counts as gone where that can be seen:
 * in a container whose first process does not reap, it would stay for ever.
 */
export function isGroupAlive(pid: number): boolean {
  if (!signalGroup(pid, 0)) return false;
  try {
    return readdirSync('/proc').some((entry) => /^[0-9]+$/.test(entry) && isLivingMember(entry, pid));
  } catch {
    // No /proc: the system's own answer has to do.
    return true;
  }
}

/** Reads one line of `/proc/<id>/stat`: `id (name) state parent group …`, where the name may hold anything. Source: proc(5). */
function isLivingMember(id: string, group: number): boolean {
  let line: string;
  try {
    line = readFileSync(`/proc/${id}/stat`, 'latin1');
  } catch {
    return false;
  }
  const [state, , memberOf] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return Number(memberOf) === group && state !== 'Z' && state !== 'X';
}
