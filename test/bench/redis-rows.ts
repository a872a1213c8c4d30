/** What `npm run bench -- redis` measures, of whom, and what is aimed at. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One Redis client under measurement; `name` is also the name of its file in `peers-redis/`. */
export interface RedisPeer {
  readonly name: string;
  readonly title: string;
  /** Whether it is somebody else's client, which ours is set against. */
  readonly isPeer: boolean;
  /** The rows it has; all where it is left out. */
  readonly rows?: readonly RedisRow['name'][];
}

/** A goal for barewire against the peer that is best in the row: the least ratio of speed, the greatest of processor time; or milliseconds. */
export interface RedisTargets {
  readonly speed?: number;
  readonly cpu?: number;
  readonly milliseconds?: number;
}

/** One thing that is measured in processes. */
export interface RedisRow {
  readonly name: 'sequential' | 'parallel' | 'import';
  readonly title: string;
  readonly unit: string;
  /** Fresh processes a round and client; their median is the value of the round. */
  readonly processes: number;
  /** Client and server share one processor, where `taskset` is there to say so. */
  readonly isPinned: boolean;
  readonly targets: RedisTargets;
}

/** Every row that is measured in processes, in the order in which it runs. */
export const REDIS_ROWS: readonly RedisRow[] = [
  {
    name: 'sequential',
    title: 'SET and GET of 1 KiB, one command after the other, client and server on one processor',
    unit: 'commands/s',
    processes: 1,
    isPinned: true,
    targets: { speed: 1.1, cpu: 0.5 },
  },
  { name: 'parallel', title: 'SET and GET of 1 KiB, 64 at once', unit: 'commands/s', processes: 1, isPinned: false, targets: { speed: 1.8, cpu: 0.5 } },
  { name: 'import', title: 'loading the package, over an empty process', unit: 'ms', processes: 5, isPinned: false, targets: { milliseconds: 5 } },
];

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
const versionOf = (name: string): string => `${name} ${manifest.dependencies[name]}`;

/** Every client: the floor first, barewire second. */
export const REDIS_PEERS: readonly RedisPeer[] = [
  { name: 'raw', title: 'floor: node:net and constants', isPeer: false },
  { name: 'ours', title: 'barewire', isPeer: false },
  { name: 'ours-alone', title: 'barewire, only its Redis client', isPeer: false, rows: ['import'] },
  { name: 'redis', title: versionOf('redis'), isPeer: true },
  { name: 'ioredis', title: versionOf('ioredis'), isPeer: true },
  { name: 'ioredis-auto', title: `${versionOf('ioredis')}, autopipelining`, isPeer: true, rows: ['sequential', 'parallel'] },
];

/** Whether the client has this row. */
export function hasRow({ rows }: RedisPeer, row: RedisRow): boolean {
  return rows === undefined || rows.includes(row.name);
}
