import { usageFailure } from './failure.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['', 1_000],
]);

/**
 * A duration as a person writes it, in milliseconds: `30` and `30s` seconds, `500ms`, `2m` minutes, `0.5`.
 *
 * @throws Failure `ERR_CLI_USAGE` for anything else, and for less than one millisecond.
 */
export function readDuration(option: string, text: string): number {
  const parts = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|)$/.exec(text);
  const milliseconds = Number(parts?.[1]) * (UNITS.get(parts?.[2] ?? '') ?? NaN);
  if (!(milliseconds >= 1)) throw usageFailure(`${option} must be a time above zero, as 30 (seconds), 500ms or 2m; got "${text}"`);
  return milliseconds;
}

const READABLE_UNITS: ReadonlyArray<readonly [string, number]> = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** Milliseconds for people, in the largest unit of which there are two or more, cut: `59 minutes`, `1 second`, `less than a second`. */
export function readableDuration(milliseconds: number): string {
  const [name, unit] = READABLE_UNITS.find(([, size]) => milliseconds >= 2 * size) ?? ['second', 1_000];
  const count = Math.floor(milliseconds / unit);
  return count < 1 ? 'less than a second' : `${count} ${name}${count === 1 ? '' : 's'}`;
}
