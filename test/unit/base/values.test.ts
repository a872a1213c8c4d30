import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isObject, isTooDeep, own } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS, LIMITS } from '../../../lib/base/limits.ts';
import { abortSignal, functionOption, checkKeys, count, describe as describeValue, durationMs, flag, nearest, oneOf, text } from '../../../lib/base/options.ts';
import { resolveLimits } from '../../../lib/base/resolve-limits.ts';
import { escapeText, quote } from '../../../lib/base/text.ts';

describe('json: reading parsed values', () => {
  test('an object is neither null, nor an array, nor a primitive', () => {
    for (const value of [{}, JSON.parse('{"__proto__":1}'), Object.create(null)]) assert.equal(isObject(value), true);
    for (const value of [null, undefined, [], 'x', 0, true, () => 1]) assert.equal(isObject(value), false);
  });

  test('own members only: nothing is read from a prototype', () => {
    const inherited: Record<string, unknown> = Object.create({ secret: 1 });
    assert.equal(own(inherited, 'secret'), undefined);
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) assert.equal(own({}, name), undefined, name);
    assert.deepEqual(own(JSON.parse('{"__proto__":{"a":1}}'), '__proto__'), { a: 1 });
    assert.equal(own(JSON.parse('{"hasOwnProperty":7}'), 'hasOwnProperty'), 7);
  });
});

describe('json: depth is known before parsing', () => {
  const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const objects = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

  test('127 and 128 levels are within 128, 129 and a million are beyond it', () => {
    for (const nest of [arrays, objects]) {
      assert.equal(isTooDeep(nest(127), 128), false);
      assert.equal(isTooDeep(nest(128), 128), false);
      assert.equal(isTooDeep(nest(129), 128), true);
      assert.equal(isTooDeep(nest(1_000_000), 128), true);
    }
    assert.equal(isTooDeep('['.repeat(1_000_000), 128), true);
    assert.equal(isTooDeep('[{"a":'.repeat(64) + '1' + '}]'.repeat(64), 128), false);
    assert.equal(isTooDeep('[{"a":'.repeat(64) + '[]' + '}]'.repeat(64), 128), true);
  });

  test('breadth is no depth', () => {
    assert.equal(isTooDeep(`[${'[],'.repeat(10_000)}{}]`, 2), false);
    assert.equal(isTooDeep(`[${'{"a":[]},'.repeat(1000)}1]`, 3), false);
    assert.equal(isTooDeep(`[${'{"a":[]},'.repeat(1000)}1]`, 2), true);
  });

  test('brackets inside strings do not count, whatever is escaped before the quote', () => {
    const openers = '[{'.repeat(200);
    for (const inner of [openers, `\\"${openers}`, `${openers}\\\\`, `\\\\\\"${openers}\\\\\\\\`, `\\u005b${openers}`]) {
      assert.equal(isTooDeep(`{"${inner}":"${inner}"}`, 1), false, JSON.stringify(inner.replace(openers, '…')));
      assert.equal(isTooDeep(`["${inner}",[["${inner}"]]]`, 3), false);
      assert.equal(isTooDeep(`["${inner}",[["${inner}"]]]`, 2), true);
    }
  });

  test('an escaped backslash ends the escape: the quote after it ends the string', () => {
    assert.equal(isTooDeep(`["\\\\",${arrays(5)}]`, 6), false);
    assert.equal(isTooDeep(`["\\\\",${arrays(5)}]`, 5), true);
    assert.equal(isTooDeep(`["\\",${'['.repeat(50)}`, 5), false, 'the string never ends');
  });

  test('a text that is no JSON is walked too, without harm', () => {
    for (const odd of ['', '"', ']'.repeat(1000), `${'"'.repeat(999)}`, '\\"[[[', '}{'.repeat(500)]) assert.equal(typeof isTooDeep(odd, 3), 'boolean');
    assert.equal(isTooDeep('[[[[[[[[', 3), true);
    assert.equal(isTooDeep('[[[[', 3), false, 'too short to close what it opens, so JSON.parse refuses it');
  });
});

describe('options are read once, at the door', () => {
  test('an unknown option is a TypeError that names it, the nearest known one and all known ones', () => {
    const known = ['serverName', 'command', 'requestTimeoutMs'];
    assert.doesNotThrow(() => checkKeys('X', { command: 1 }, known));
    assert.throws(() => checkKeys('X', { requestTimeout: 1 }, known), {
      name: 'TypeError',
      message: 'X has no option "requestTimeout"; did you mean "requestTimeoutMs"? Known options: serverName, command, requestTimeoutMs',
    });
    assert.throws(() => checkKeys('X', { colour: 1 }, known), (error: Error) => error instanceof TypeError && !error.message.includes('did you mean'));
    assert.throws(() => checkKeys('X', JSON.parse('{"__proto__":1}'), known), /X has no option "__proto__"/);
    assert.throws(() => checkKeys('X', { 'a\u001b[2J': 1 }, known), (error: Error) => !error.message.includes('\u001b'));
  });

  test('options that are no object are a TypeError that says what came', () => {
    for (const [came, said] of [[undefined, 'undefined'], [null, 'null'], [[], 'an array'], ['x', 'a string of 1 characters'], [7, 'the number 7']]) {
      assert.throws(() => checkKeys('X', came, []), { name: 'TypeError', message: `X must be an object of options; got ${String(said)}` });
    }
  });

  test('a duration is a finite number of milliseconds in range', () => {
    assert.equal(durationMs('d', 1), 1);
    assert.equal(durationMs('d', 0.5, 0), 0.5);
    assert.equal(durationMs('d', 0, 0), 0);
    assert.equal(durationMs('d', Number.MAX_VALUE), Number.MAX_VALUE);
    for (const wrong of [0, -1, NaN, Infinity, -Infinity]) {
      assert.throws(() => durationMs('d', wrong), { name: 'RangeError', message: `d must be a finite number of milliseconds, at least 1; got ${wrong}` });
    }
    for (const wrong of ['5', null, undefined, {}, 5n, new Date(0)]) assert.throws(() => durationMs('d', wrong), { name: 'TypeError' });
  });

  test('a count is a whole number in range', () => {
    assert.equal(count('c', 0), 0);
    assert.equal(count('c', Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      assert.throws(() => count('c', wrong), { name: 'RangeError', message: `c must be a whole number, at least 0; got ${wrong}` });
    }
    assert.throws(() => count('c', 4, 5), RangeError);
    for (const wrong of ['1', null, true, [1], 1n]) assert.throws(() => count('c', wrong), TypeError);
  });

  test('text, flags, functions and signals are of their kind', () => {
    assert.equal(text('t', 'x'), 'x');
    for (const wrong of ['', 7, null, undefined, ['x'], new String('x')]) assert.throws(() => text('t', wrong), { name: 'TypeError' });
    assert.equal(flag('f', false), false);
    for (const wrong of [0, 'true', null, undefined]) assert.throws(() => flag('f', wrong), { name: 'TypeError' });
    const function_ = (): void => {};
    assert.equal(functionOption('a', function_), function_);
    for (const wrong of [undefined, null, {}, 'x']) assert.throws(() => functionOption('a', wrong), { name: 'TypeError' });
    const { signal } = new AbortController();
    assert.equal(abortSignal('s', signal), signal);
    assert.equal(abortSignal('s', undefined), undefined);
    for (const wrong of [null, {}, new AbortController(), { aborted: false }]) assert.throws(() => abortSignal('s', wrong), { name: 'TypeError' });
  });

  test('one of a set: another word is a RangeError, another kind a TypeError', () => {
    assert.equal(oneOf('o', 'b', ['a', 'b']), 'b');
    assert.throws(() => oneOf('o', 'B', ['a', 'b']), { name: 'RangeError', message: 'o must be one of a, b; got "B"' });
    assert.throws(() => oneOf('o', undefined, ['a', 'b']), { name: 'TypeError', message: 'o must be one of a, b; got undefined' });
    assert.throws(() => oneOf('o', ['a'], ['a', 'b']), TypeError);
  });

  test('what came is shown by its kind, and never the text of a string', () => {
    const rows: [unknown, string][] = [
      [undefined, 'undefined'], [null, 'null'], [NaN, 'the number NaN'], [-0.5, 'the number -0.5'], [7n, 'the bigint 7'], [true, 'the boolean true'],
      ['', 'an empty string'], ['hunter2', 'a string of 7 characters'], [() => 1, 'a function'], [[1], 'an array'], [{ a: 1 }, 'an object'],
      [Symbol('s'), 'a symbol'], [new Map(), 'a Map'], [new Date(NaN), 'a Date'], [Promise.resolve(1), 'a Promise'],
    ];
    for (const [value, said] of rows) assert.equal(describeValue(value), said);
  });

  test('the nearest word is one slip away, or there is none', () => {
    const words = ['command', 'serverEnv', 'workingDir'];
    assert.equal(nearest('comand', words), 'command');
    assert.equal(nearest('ServerENV', words), 'serverEnv');
    assert.equal(nearest('wrkingDri', words), 'workingDir');
    assert.equal(nearest('zzz', words), undefined);
    assert.equal(nearest('', words), undefined);
    assert.equal(nearest('a', ['b']), 'b');
    assert.equal(nearest('x'.repeat(256), [`${'x'.repeat(255)}y`]), `${'x'.repeat(255)}y`);
    assert.equal(nearest('x'.repeat(257), [`${'x'.repeat(256)}y`]), undefined, 'names of any length would cost quadratic work');
  });
});

describe('limits', () => {
  test('every row has a positive whole value, a unit and a reason, and cannot be written to', () => {
    const rows = Object.entries(LIMITS);
    assert.ok(rows.length >= 14);
    for (const [name, { value, unit, why }] of rows) {
      assert.ok(Number.isSafeInteger(value) && value > 0, name);
      assert.ok(why.length > 20 && why.endsWith('.'), name);
      assert.equal(unit === 'milliseconds', name.endsWith('Ms'), name);
      assert.equal(unit === 'bytes', name.endsWith('Bytes'), name);
      assert.ok(Object.isFrozen(LIMITS[name as keyof typeof LIMITS]), name);
    }
    assert.ok(Object.isFrozen(LIMITS) && Object.isFrozen(DEFAULT_LIMITS));
    assert.deepEqual(DEFAULT_LIMITS, Object.fromEntries(rows.map(([name, row]) => [name, row.value])));
  });

  test('the bounds on a peer are the documented ones', () => {
    assert.equal(DEFAULT_LIMITS.maxMessageBytes, 16_777_216);
    assert.equal(DEFAULT_LIMITS.maxDepth, 128);
    assert.equal(DEFAULT_LIMITS.maxPendingRequests, 10_000);
    assert.equal(DEFAULT_LIMITS.maxPages, 1_000);
    assert.equal(DEFAULT_LIMITS.maxStderrBytes, 65_536);
  });

  test('bounds that are given replace their defaults, the others stay, the result is frozen', () => {
    assert.equal(resolveLimits('X', undefined), DEFAULT_LIMITS);
    const limits = resolveLimits('X', { maxDepth: 3 });
    assert.deepEqual(limits, { ...DEFAULT_LIMITS, maxDepth: 3 });
    assert.ok(Object.isFrozen(limits));
    assert.equal(DEFAULT_LIMITS.maxDepth, 128);
  });

  test('a wrong bound is refused, naming it', () => {
    assert.throws(() => resolveLimits('X', { maxDept: 3 } as never), { name: 'TypeError', message: /^X\.limits has no option "maxDept"; did you mean "maxDepth"\?/ });
    assert.throws(() => resolveLimits('X', { maxDepth: 0 }), { name: 'RangeError', message: 'X.limits.maxDepth must be a whole number, at least 1; got 0' });
    assert.throws(() => resolveLimits('X', { maxPages: 1.5 }), RangeError);
    assert.throws(() => resolveLimits('X', { maxMessageBytes: Infinity }), RangeError);
    assert.throws(() => resolveLimits('X', { maxMessageBytes: '16MB' } as never), { name: 'TypeError', message: /^X\.limits\.maxMessageBytes must be / });
    assert.throws(() => resolveLimits('X', null as never), TypeError);
  });
});

describe('text of a peer on its way to an error, a log or a terminal', () => {
  const code = (point: number): string => `\\u{${point.toString(16)}}`;
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

  test('controls of C0 and C1 are escaped, the common ones by their short names', () => {
    assert.equal(escapeText('a\nb\rc\td'), 'a\\nb\\rc\\td');
    assert.equal(escapeText('\u001b[31mred\u001b[0m'), '\\u{1b}[31mred\\u{1b}[0m');
    for (const point of [...range(0, 0x1f), ...range(0x7f, 0x9f)]) {
      const escaped = escapeText(`<${String.fromCodePoint(point)}>`);
      assert.match(escaped, /^<\\(n|r|t|u\{[0-9a-f]+\})>$/, code(point));
    }
  });

  test('what hides, reorders or breaks text is escaped: bidirectional marks, zero widths, separators, tags, lone surrogates', () => {
    const points = [
      0xad, 0x61c, 0x180e, ...range(0x200b, 0x200f), ...range(0x2028, 0x202e), ...range(0x2060, 0x206f), 0xfeff,
      ...range(0xfff9, 0xfffb), 0xe0000, 0xe0001, 0xe0041, 0xe007f, 0xd800, 0xdbff, 0xdc00, 0xdfff,
    ];
    for (const point of points) assert.equal(escapeText(`a${String.fromCodePoint(point)}b`), `a${code(point)}b`);
  });

  test('ordinary text of any script stays as it is', () => {
    for (const plain of ['Ünïcödé – “ok”', '日本語', 'עברית', 'العربية', '𝄞👍🏽', '~ !/\\"', '\u00a0\u3000']) assert.equal(escapeText(plain), plain);
  });

  test('long text is cut, with a mark that says how much is missing', () => {
    assert.equal(escapeText('abcdef', 6), 'abcdef');
    assert.equal(escapeText('abcdefg', 6), 'abcdef… (1 more characters)');
    assert.equal(escapeText('x'.repeat(2000)), `${'x'.repeat(1024)}… (976 more characters)`);
  });

  test('a cut in the middle of a character leaves no half of it', () => {
    assert.equal(escapeText('ab👍', 3), 'ab\\u{d83d}… (1 more characters)');
  });

  test('a quoted value has its quotes escaped and is cut sooner', () => {
    assert.equal(quote('say "hi"\n'), '"say \\"hi\\"\\n"');
    assert.equal(quote('x'.repeat(101)), `"${'x'.repeat(100)}… (1 more characters)"`);
    assert.equal(quote(''), '""');
  });
});
