import type { Row, Target } from './rows.ts';
import type { Peer } from './peers.ts';
import { spread } from './statistics.ts';
import type { Spread } from './statistics.ts';

/** The values of one client in one row, one a round, in the order of the rounds. */
export interface Series {
  readonly peer: Peer;
  readonly values: readonly number[];
  readonly cpuMicros: readonly number[];
  /** Why there are none, where a measurement failed. */
  readonly failure: string | undefined;
}

/** What is told of one client in one row. */
export interface Line {
  readonly client: string;
  readonly title: string;
  readonly isFloor: boolean;
  readonly value: Spread | undefined;
  /** Against the floor's value of the same round: a ratio, or a difference in the row's unit. */
  readonly againstFloor: Spread | undefined;
  readonly cpuMicros: number | undefined;
  readonly failure: string | undefined;
}

/** What is told of one row. */
export interface RowReport {
  readonly row: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly comparison: 'ratio' | 'difference';
  readonly clients: readonly Line[];
  readonly targets: readonly (Target & { readonly reached: boolean; readonly measured: number })[];
}

/** Sets every client of a row against its floor. */
export function reportRow(row: Row, all: readonly Series[]): RowReport {
  const clients = all.map((series) => reportLine(row, series, all.find(({ peer }) => peer.name === series.peer.floor)?.values ?? []));
  const targets = row.targets.flatMap((target) => {
    const measured = clients.find((line) => line.client === target.client)?.againstFloor?.median;
    if (measured === undefined) return [];
    return [{ ...target, reached: target.bound === 'at least' ? measured >= target.value : measured <= target.value, measured }];
  });
  const { name, title, unit, better, comparison } = row;
  return { row: name, title, unit, better, comparison, clients, targets };
}

function reportLine(row: Row, series: Series, floor: readonly number[]): Line {
  const compared = series.values.flatMap((value, round) => {
    const base = floor[round];
    if (base === undefined) return [];
    return [row.comparison === 'ratio' ? value / base : value - base];
  });
  return {
    client: series.peer.name,
    title: series.peer.title,
    isFloor: series.peer.name === series.peer.floor,
    value: spread(series.values),
    againstFloor: spread(compared),
    cpuMicros: spread(series.cpuMicros)?.median,
    failure: series.failure,
  };
}

function amount(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function compared(value: number, comparison: Row['comparison']): string {
  if (comparison === 'ratio') return `${value.toFixed(2)}×`;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function cells(row: Row, line: Line): string[] {
  if (line.failure !== undefined) return [line.title, 'failed', '', '', '', ''];
  if (line.value === undefined) return [line.title, '–', '', '', '', ''];
  const { value, againstFloor, cpuMicros } = line;
  const against = againstFloor === undefined || line.isFloor ? undefined : againstFloor;
  return [
    line.title,
    amount(value.median, row.digits),
    `${amount(value.low, row.digits)} – ${amount(value.high, row.digits)}`,
    against === undefined ? '' : compared(against.median, row.comparison),
    against === undefined ? '' : `${compared(against.low, row.comparison)} – ${compared(against.high, row.comparison)}`,
    cpuMicros === undefined ? '' : amount(cpuMicros, cpuMicros < 100 ? 1 : 0),
  ];
}

/** One row as a table of text. */
export function printRow(row: Row, report: RowReport): string {
  const hasCPU = report.clients.some((line) => line.cpuMicros !== undefined);
  const header = ['', row.unit, 'range', row.comparison === 'ratio' ? 'to floor' : 'over floor', 'range', hasCPU ? 'CPU µs each' : ''];
  const table = [header, ...report.clients.map((line) => cells(row, line))];
  const widths = header.map((_, column) => Math.max(...table.map((texts) => (texts[column] ?? '').length)));
  const lines = table.map((texts) =>
    texts
      .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [`${row.name}: ${row.title} (${row.better} is better)`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** One line a target: reached or short. Empty where no target was measured. */
export function printTargets(reports: readonly RowReport[]): string {
  const lines = reports.flatMap((report) => {
    return report.targets.map(({ client, bound, value, measured, reached }) => {
      const unit = report.comparison === 'ratio' ? 'the floor' : report.unit;
      const found = compared(measured, report.comparison).padStart(7);
      const wish = compared(value, report.comparison);
      return `  ${reached ? 'reached' : 'short  '}  ${report.row.padEnd(15)} ${client.padEnd(15)} ${found} ${unit}, wanted ${bound} ${wish}`;
    });
  });
  return lines.length === 0 ? '' : ['barewire against its targets', ...lines].join('\n');
}
