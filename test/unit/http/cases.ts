/** What the tests of this folder share: cases from spec-fixtures/http-headers, characters, seeded text, and time compared with a control. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The rows of one file of spec-fixtures/http-headers. */
export function readCases<T>(file: string): readonly T[] {
  const rows = JSON.parse(readFileSync(new URL(`../../../spec-fixtures/http-headers/${file}`, import.meta.url), 'utf8')) as readonly T[];
  assert.ok(rows.length > 5, `${file} has ${rows.length} rows`);
  return rows;
}

/** Every character from U+0000 to U+00FF. */
export const EVERY_BYTE: readonly string[] = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

/** Text that has broken other programs: separators, markup, scripts, escapes, invisible, reordered and half characters. */
export const NAUGHTY: readonly string[] = [
  '', ' ', '\t', '\r\n', '\n\n', '\r', '\0', '\x1b[2J\x1b[31m', '\x7f', '\x80', '\x9b31m', '\xa0', '\xad', '\xff',
  'a\r\nSet-Cookie: a=b', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\r\n\r\nHTTP/1.1 200 OK', 'a\x0bb\x0cc', '%0d%0aX-Evil: 1', '\\r\\nX-Evil: 1',
  '\u560d\u560aX-Evil: 1', '\u010d\u010aX-Evil: 1', '\u2028', '\u2029', '\u0085', '\u00a0a\u00a0', '\u3000a', '\u200b', '\u200d\u200c', '\ufeff', '\ufffe', '\uffff',
  '\u202eabc', '\u2066a\u2069', '\u{e0041}\u{e0042}', '\ud800', 'a\udc00b', '\udc00\ud800', '🧭', '👩‍👩‍👧‍👦', 'Z̴̡͓a̷l̵g̸o', 'ﷺ', 'Ω≈ç√∫', '田中さん', 'ıİß', 'ⅳ', '０１２',
  '=?base64?', '=?base64?=', '=?base64??=', '=?base64?YQ==?=', '=?base64?Y?=', '=?BASE64?YQ==?=', '=?utf-8?q?a?=', ' =?base64?YQ==?=', '=?base64?YQ==?= ',
  '"', '\\', '"\\"', "'", '`', '<script>alert(1)</script>', '${a}', '$(a)', '`a`', '{{a}}', '%s%n', '../../etc/passwd', 'file:///etc/passwd', 'javascript:a', '() { :; }; a',
  '__proto__', 'constructor', 'toString', 'null', 'undefined', 'NaN', 'true', '0', '-0', '1e1000', '0x0', '1/0', '007', ',', ', ', ';', '=', ':', 'a, b', 'a; b=c', '*/*',
];

/** Numbers below `bound` that are the same in every run. */
export function seededNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

/** `count` texts made of `pieces` in random order, the same in every run. */
export function seededTexts(seed: number, pieces: readonly string[], count: number): string[] {
  const next = seededNumbers(seed);
  return Array.from({ length: count }, () => Array.from({ length: next(14) }, () => pieces[next(pieces.length)] ?? '').join(''));
}

function millisecondsOf(action: () => unknown): number {
  const start = performance.now();
  action();
  return performance.now() - start;
}

/** What takes quadratic time: for each character of a text, all of them. */
function quadraticControl(length: number): number {
  const codes = Uint8Array.from({ length }, (_, index) => index & 0x7f);
  let sum = 0;
  for (let outer = 0; outer < length; outer++) for (let inner = 0; inner < length; inner++) sum = (sum + (codes[inner] ?? 0) * outer) | 0;
  return sum;
}

/** Asserts that `action` is quicker on each of `texts` than a walk over all pairs of its characters. */
export function assertNotQuadratic(texts: Readonly<Record<string, string>>, action: (text: string) => unknown): void {
  const control = millisecondsOf(() => quadraticControl(20_000));
  for (const [name, text] of Object.entries(texts)) {
    assert.ok(text.length >= 20_000, `${name} has only ${text.length} characters`);
    // The quickest of three, so that one pause of the machine is not taken for work.
    const taken = Math.min(...[1, 2, 3].map(() => millisecondsOf(() => action(text))));
    assert.ok(taken < control, `${name}: ${taken} ms, and the quadratic control takes ${control} ms`);
  }
}
