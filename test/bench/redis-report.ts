/** The tables of `npm run bench -- redis`. */

import type { RedisPeer, RedisRow } from './redis-rows.ts';
import type { InstalledSize } from './redis-size.ts';
import { median, spread } from './statistics.ts';
import type { Spread } from './statistics.ts';

/** What one client did in one row, one value a round. */
export interface RedisSeries {
  readonly peer: RedisPeer;
  readonly values: readonly number[];
  /** Processor time of the client's process a command, microseconds; empty where it is not asked for. */
  readonly cpuMicros: readonly number[];
}

/** What is told of one client in one row. */
export interface RedisLine {
  readonly client: string;
  readonly title: string;
  readonly value: Spread | undefined;
  /** Against the floor of the same round: a ratio, or a difference in milliseconds. */
  readonly toFloor: Spread | undefined;
  /** Against the best of the peers, of the same round. */
  readonly toBestPeer: Spread | undefined;
  readonly cpuMicros: number | undefined;
  readonly cpuToBestPeer: Spread | undefined;
}

/** Whether barewire is as good as it wants to be. */
export interface RedisTargetReport {
  readonly what: string;
  readonly measured: number;
  readonly wanted: number;
  readonly reached: boolean;
}

/** What is told of one row. */
export interface RedisRowReport {
  readonly row: string;
  readonly title: string;
  readonly unit: string;
  readonly bestPeer: string | undefined;
  readonly clients: readonly RedisLine[];
  readonly targets: readonly RedisTargetReport[];
}

type Comparison = (value: number, base: number) => number;

const ratio: Comparison = (value, base) => value / base;
const difference: Comparison = (value, base) => value - base;

function against(values: readonly number[], base: readonly number[], compare: Comparison): Spread | undefined {
  return spread(values.flatMap((value, round) => (base[round] === undefined ? [] : [compare(value, base[round])])));
}

/** Sets every client of a row against the floor and the best peer: the one whose median is best. */
export function reportRedisRow(row: RedisRow, all: readonly RedisSeries[]): RedisRowReport {
  const sign = row.name === 'import' ? -1 : 1;
  const [best] = all.filter(({ peer, values }) => peer.isPeer && values.length > 0).sort((left, right) => sign * (median(right.values) - median(left.values)));
  const floor = all.find(({ peer }) => peer.name === 'raw');
  const clients = all.map(({ peer, values, cpuMicros }): RedisLine => {
    const isFloor = peer.name === 'raw';
    return {
      client: peer.name,
      title: peer.title,
      value: spread(values),
      toFloor: isFloor ? undefined : against(values, floor?.values ?? [], row.name === 'import' ? difference : ratio),
      toBestPeer: peer === best?.peer || row.name === 'import' ? undefined : against(values, best?.values ?? [], ratio),
      cpuMicros: spread(cpuMicros)?.median,
      cpuToBestPeer: peer === best?.peer ? undefined : against(cpuMicros, best?.cpuMicros ?? [], ratio),
    };
  });
  const { name, title, unit } = row;
  const targets = clients.filter(({ client }) => client.startsWith('ours')).flatMap((ours) => targetsOf(row, ours));
  return { row: name, title, unit, bestPeer: best?.peer.title, clients, targets };
}

function targetsOf({ targets: { speed, cpu, milliseconds } }: RedisRow, ours: RedisLine): RedisTargetReport[] {
  const target = (what: string, found: Spread | undefined, wanted: number | undefined, bound: 'least' | 'most'): RedisTargetReport[] => {
    if (found === undefined || wanted === undefined) return [];
    const measured = found.median;
    return [{ what: `${ours.title}, ${what}`, measured, wanted, reached: bound === 'least' ? measured >= wanted : measured <= wanted }];
  };
  return [
    ...target('speed to the best peer, at least', ours.toBestPeer, speed, 'least'),
    ...target('processor time a command to the best peer, at most', ours.cpuToBestPeer, cpu, 'most'),
    ...target('ms over an empty process, at most', ours.toFloor, milliseconds, 'most'),
  ];
}

function amount(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function pair(found: Spread | undefined, show: (value: number) => string): readonly [string, string] {
  return found === undefined ? ['', ''] : [show(found.median), `${show(found.low)} – ${show(found.high)}`];
}

const times = (value: number): string => `${value.toFixed(2)}×`;
const more = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

function printTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const padded = (cell: string, column: number) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0));
  return lines.map((cells) => `  ${cells.map(padded).join('  ').trimEnd()}`).join('\n');
}

/** One row as a table of text, its targets below it. */
export function printRedisRow(report: RedisRowReport): string {
  const { row, title, unit, clients } = report;
  const digits = row === 'import' ? 1 : 0;
  const header =
    row === 'import'
      ? ['', unit, 'range', 'over empty', 'range']
      : ['', unit, 'range', 'to floor', 'range', 'to best peer', 'range', 'CPU µs each', 'CPU to best peer', 'range'];
  const lines = clients.map(({ title: client, value, toFloor, toBestPeer, cpuMicros, cpuToBestPeer }) => {
    const show = (one: number) => amount(one, digits);
    const first = [client, ...pair(value, show), ...pair(toFloor, row === 'import' ? more : times)];
    if (row === 'import') return first;
    return [...first, ...pair(toBestPeer, times), cpuMicros === undefined ? '' : amount(cpuMicros, 2), ...pair(cpuToBestPeer, times)];
  });
  const targets = report.targets.map(
    ({ what, measured, wanted, reached }) => `  ${reached ? 'reached' : 'short  '}  ${what} ${wanted.toFixed(1)}: ${measured.toFixed(2)}`,
  );
  return [`${row}: ${title}`, printTable([header, ...lines]), ...targets].join('\n');
}

/** What each client weighs, as a table of text. */
export function printRedisSizes(sizes: readonly InstalledSize[]): string {
  const lines = sizes.map(({ title, bytes, files, packages }) => [title, amount(bytes / 1024, 0), amount(files, 0), packages === 0 ? '' : String(packages)]);
  return ['size: on disk, with all that it depends on', printTable([['', 'KiB', 'files', 'packages'], ...lines])].join('\n');
}
