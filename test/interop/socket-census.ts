/** Finds the TCP sockets of this process by the port they lead to, through `/proc`. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** States in which a socket holds a connection, or its half; what waits for the kernel's timers alone does not count. */
const HELD_STATES: ReadonlySet<string> = new Set(['01', '02', '04', '05', '08']);

/** How many sockets of this process lead to `port` of this machine: connected, connecting or half closed. */
export function socketsTo(port: number): number {
  assert.equal(process.platform, 'linux', 'the census reads /proc');
  const own = ownSocketInodes();
  const remote = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/self/net/tcp', '/proc/self/net/tcp6'].flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1));
  return rows.filter((row) => {
    const [, , to = '', state = '', , , , , , inode = ''] = row.trim().split(/\s+/);
    return to.endsWith(`:${remote}`) && HELD_STATES.has(state) && own.has(inode);
  }).length;
}

function ownSocketInodes(): ReadonlySet<string> {
  const names = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      // The descriptor of the listing itself is gone by now.
      return '';
    }
  });
  return new Set(names.map((name) => /^socket:\[(\d+)\]$/.exec(name)?.[1] ?? '').filter((inode) => inode !== ''));
}
