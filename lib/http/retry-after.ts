/** `Retry-After`: how long a server asks to be left alone. */

import { withoutOuterSpace } from './field-syntax.ts';

const MONTHS: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hours>\\d\\d):(?<minutes>\\d\\d):(?<seconds>\\d\\d)';

// RFC 9110 section 5.6.7: IMF-fixdate, rfc850-date, asctime-date. No part repeats, so that none can be read in two ways.
const DATE_FORMS: readonly RegExp[] = [
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/**
 * The wait that `value` asks for, in milliseconds from `nowMs` (since 1970) on: whole seconds, or a date in one of the
 * three forms of HTTP; what lies in the past is 0. Always finite, however large: the caller caps it. `undefined` where
 * there is no header, or one that says nothing. The day of the week is not compared with the date.
 * Source: RFC 9110 sections 10.2.3 and 5.6.7.
 */
export function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const text = withoutOuterSpace(value);
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  const date = parseHTTPDate(text, nowMs);
  return date === undefined ? undefined : Math.max(0, date - nowMs);
}

/** A date of HTTP in milliseconds since 1970; `undefined` for what is none, and for a day that no calendar has. */
function parseHTTPDate(text: string, nowMs: number): number | undefined {
  for (const form of DATE_FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return momentOfDate(parts, nowMs);
  }
  return undefined;
}

function momentOfDate(parts: Readonly<Record<string, string | undefined>>, nowMs: number): number | undefined {
  const number = (name: string): number => Number(parts[name]);
  const [hours, minutes, seconds] = [number('hours'), number('minutes'), number('seconds')];
  // A minute may have a second 60.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const month = MONTHS.indexOf(parts['month'] ?? '');
  const inYear = (year: number): number | undefined => {
    // `Date.UTC` would take the years 0 to 99 for those of the twentieth century.
    const date = new Date(0);
    date.setUTCFullYear(year, month, number('day'));
    return date.getUTCDate() === number('day') ? date.setUTCHours(hours, minutes, seconds) : undefined;
  };
  return parts['year']?.length === 2 ? inNearestCentury(number('year'), inYear, nowMs) : inYear(number('year'));
}

/** Two digits are the last year that ends in them and lies no more than 50 years ahead. Source: RFC 9110 section 5.6.7. */
function inNearestCentury(digits: number, inYear: (year: number) => number | undefined, nowMs: number): number | undefined {
  const horizon = new Date(nowMs);
  horizon.setUTCFullYear(horizon.getUTCFullYear() + 50);
  const year = Math.floor(horizon.getUTCFullYear() / 100) * 100 + digits;
  const isTooFar = year > horizon.getUTCFullYear() || (inYear(year) ?? 0) > horizon.getTime();
  return inYear(isTooFar ? year - 100 : year);
}
