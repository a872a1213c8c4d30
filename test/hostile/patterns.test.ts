import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { compilePattern } from '../../lib/schema/pattern/compile-pattern.ts';
import type { Pattern } from '../../lib/schema/pattern/compile-pattern.ts';
import { isMCPError } from '../../lib/base/errors.ts';
import { parseURITemplate } from '../../lib/uri/uri-template.ts';
import { NOT_ON_NODE, runProgram } from '../package/program.ts';
import { PROJECT_ROOT } from '../helpers/tree.ts';

// Patterns that stop engines that go back and try again, or that blow up a table of sets of states. Work is counted, and not timed: one step for
// each character and each state of the automaton that is looked at.

const FULL = 65_536;

interface HostileCase {
  readonly name: string;
  readonly pattern: string;
  /** An input of so many characters. */
  readonly input: (length: number) => string;
  readonly matches: boolean;
  /** The most steps for one character; 2 where the table holds all there is. */
  readonly stepsACharacter: number;
}

const repeated = (unit: string, end: string = '') => (length: number): string => unit.repeat(Math.ceil(length / unit.length)).slice(0, length - end.length) + end;

/** Characters of `characters` that are the same in every run. */
const seeded = (characters: readonly string[]) => (length: number): string => {
  let state = 12_345;
  const texts = Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return characters[Math.floor((state / 2 ** 32) * characters.length)] ?? '';
  });
  return texts.join('').slice(0, length);
};

const row = (name: string, pattern: string, input: HostileCase['input'], matches: boolean, stepsACharacter: number = 2): HostileCase => ({ name, pattern, input, matches, stepsACharacter });

const words = (count: number): string => Array.from({ length: count }, (_, index) => `w${index.toString(36)}`).join('|');

const CASES: readonly HostileCase[] = [
  row('a repetition of repetitions', '(a+)+$', repeated('a', 'b'), false),
  row('a repetition of repetitions from the start', '^(a+)+$', repeated('a', 'b'), false),
  row('three repetitions of each other', '^((a*)*)*$', repeated('a', '!'), false),
  row('two alternatives that are the same', '(a|a)*b', repeated('a'), false),
  row('alternatives that overlap', '^(a|aa)+$', repeated('a', 'b'), false),
  row('alternatives of classes that overlap', '^(\\w|\\d|[a-z])+$', repeated('a1', '-'), false),
  row('anything, repeated, and then something else', '(.*)*x', repeated('a'), false),
  row('two repetitions side by side', '(x+x+)+y', repeated('x'), false),
  row('many repetitions side by side', '.*.*.*.*.*.*=.*', repeated('x'), false),
  row('a counted repetition of anything', '(.*a){20}$', repeated('a', 'b'), false, 3),
  row('white space before an end', '\\s+$', repeated(' ', 'x'), false),
  row('a name of a class in a language', '^(([a-z])+.)+[A-Z]([a-z])+$', repeated('a'), false),
  row('an address of mail', '^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$', repeated('a', '!'), false),
  row('a host name', '^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$', repeated('a.', '-'), false),
  row('optional characters before required ones', '(?:a?){250}a{250}b', repeated('a'), false, 20),
  row('counts of counts', '(?:(?:(?:a{1,3}){1,3}){1,3}){1,3}b', repeated('a'), false, 20),
  row('empty alternatives', '(?:|a|)*(?:||)*b$', repeated('a'), false),
  row('boundaries of words', '(?:\\b|\\B|\\w)*!', repeated('a b'), false),
  row('a long choice of words', `^(?:${words(180)})+$`, repeated('w1w2', '-'), false, 3),
  row('groups in groups', `^${'('.repeat(340)}a${')*'.repeat(340)}$`, repeated('a', 'b'), false, 3),
  row('properties on many scripts', '(?:\\p{L}|\\p{N}|\\p{Script=Greek}|\\p{Lu}\\p{Ll})*\\u{10FFFF}', (length) => Array.from({ length }, (_, index) => String.fromCharCode(0x80 + (index % 0xd000))).join(''), false),
  row('half surrogate pairs', '(?:\\ud83d|\\ude00|😀)+$', repeated('\ude00\ud83d', 'x'), false),
  row('more sets of states than the table has rows', '[ab]*a[ab]{900}c', seeded(['a', 'b']), false, 40),
  row('the same through alternatives of two lengths', '[ab]*a(?:ab|b|a){0,100}c', seeded(['a', 'b']), false, 200),
  row('the same through optional ones', '[ab]*a[ab]{0,400}c', seeded(['a', 'b']), false, 30),
  row('as many classes as characters', `(?:${Array.from({ length: 300 }, (_, index) => `${String.fromCharCode(0x4e00 + index * 7)}x`).join('|')})+!`, seeded(Array.from({ length: 1_000 }, (_, index) => `${String.fromCharCode(0x4e00 + index * 2)}x`)), false, 700),
  row('one that matches at its end', '(a+)+b$', repeated('a', 'b'), true),
];

describe('no pattern takes more than a bounded number of steps for each character of its input', () => {
  for (const { name, pattern, input, matches, stepsACharacter } of CASES) {
    test(`${name}: ${pattern.slice(0, 50)}`, { timeout: 20_000 }, () => {
      const compiled: Pattern = compilePattern(pattern);
      assert.equal(compiled.isLinear, true);
      const text = input(FULL);
      assert.equal(text.length, FULL);
      assert.equal(compiled.test(text), matches);
      // Beside what each character costs, the table is filled once.
      const filling = 2_000_000;
      assert.ok(compiled.steps <= stepsACharacter * FULL + (stepsACharacter > 50 ? filling : 30_000), `${compiled.steps} steps, ${compiled.steps / FULL} for each character`);
      const before = compiled.steps;
      assert.equal(compiled.test(input(FULL / 2)), matches);
      assert.ok(compiled.steps - before <= (before * 3) / 4 + 30_000, `${compiled.steps - before} steps for half of the input, and ${before} for all`);
    });
  }

  test('a counter shows what an engine that goes back would do', () => {
    // So that the bounds above are known to be able to fail.
    let steps = 0;
    const tryFrom = (input: string, index: number): boolean => {
      steps++;
      if (index === input.length) return true;
      for (let end = index; input[end] === 'a'; end++) if (tryFrom(input, end + 1)) return true;
      return false;
    };
    assert.equal(tryFrom(`${'a'.repeat(18)}b`, 0), false);
    assert.ok(steps > 200_000, `${steps} steps for 19 characters`);
  });
});

describe('compiling a pattern is bounded too', () => {
  const AT_THE_BOUND: readonly string[] = [
    '('.repeat(1_024),
    '('.repeat(512) + ')'.repeat(512),
    '['.repeat(1_024),
    '|'.repeat(1_024),
    'a|'.repeat(512),
    '\\u{'.repeat(341),
    '(?<'.repeat(341),
    '(?<a'.repeat(256),
    '\\p{'.repeat(341),
    '\\p{L}'.repeat(204),
    '[^\\p{L}]'.repeat(128),
    'a{1,2}'.repeat(170),
    `${'(?:'.repeat(146)}a${'){9}'.repeat(146)}`,
    `a{${'9'.repeat(1_000)}}`,
    `\\u{${'0'.repeat(1_000)}61}`,
    Array.from({ length: 1_024 }, (_, index) => String.fromCharCode(0x4e00 + index)).join(''),
    `[${Array.from({ length: 1_000 }, (_, index) => String.fromCharCode(0x4e00 + index * 2)).join('')}]*!`,
    `${Array.from({ length: 204 }, (_, index) => `[^${String.fromCharCode(0x4e00 + index)}]`).join('|')}!`,
  ];

  for (const pattern of AT_THE_BOUND) {
    test(`${pattern.slice(0, 24)}… of ${pattern.length} characters`, { timeout: 20_000 }, () => {
      let compiled: Pattern | undefined;
      try {
        compiled = compilePattern(pattern);
      } catch (error) {
        assert.ok(isMCPError(error), String(error));
      }
      if (compiled === undefined) return assert.throws(() => compilePattern(pattern, { dangerouslyAllowNonLinear: false }), isMCPError);
      const input = 'a一'.repeat(200);
      // The platform itself takes seconds to compile many properties.
      const expected = pattern.includes('\\p') ? pattern.startsWith('\\p') : new RegExp(pattern, 'u').test(input);
      assert.equal(compiled.test(input), expected);
      assert.ok(compiled.steps < 2_000_000, `${compiled.steps} steps`);
    });
  }
});

describe('a template of a URI is read in one pass', () => {
  const HOSTILE: readonly string[] = ['{'.repeat(8_192), '}'.repeat(8_192), '{a'.repeat(4_096), `{${'a.'.repeat(4_000)}}`, `{${'a'.repeat(8_000)}!}`, `{${'%41'.repeat(2_700)}%}`, `{${'a,'.repeat(4_000)}}`, '%'.repeat(8_192), `${'%41'.repeat(2_700)}%4`, `{a:${'1'.repeat(8_000)}}`];
  for (const template of HOSTILE) {
    test(`${template.slice(0, 20)}… of ${template.length} characters is refused`, { timeout: 5_000 }, () => {
      assert.throws(() => parseURITemplate(template), isMCPError);
    });
  }
});

describe('the whole of it, in a process of its own', () => {
  test('every pattern on 64 KiB is done long before a minute is over, and no stack or heap gives out', { skip: NOT_ON_NODE, timeout: 100_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-patterns-'));
    const file = join(folder, 'program.mjs');
    const library = new URL('../../lib/schema/pattern/compile-pattern.ts', import.meta.url).href;
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(CASES.map(({ name, pattern, input, matches }) => ({ name, pattern, matches, text: input(FULL) }))));
    writeFileSync(
      file,
      `import { readFileSync } from 'node:fs';
      import { compilePattern } from ${JSON.stringify(library)};
      const cases = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'));
      for (const { name, pattern, matches, text } of cases) if (compilePattern(pattern).test(text) !== matches) throw new Error(name);
      process.stdout.write('done ' + cases.length);`,
    );
    const args = ['--stack-size=200', '--max-old-space-size=64', '--import', import.meta.resolve('tsx'), file];
    const started = performance.now();
    const result = runProgram(process.execPath, args, PROJECT_ROOT);
    rmSync(folder, { recursive: true, force: true });
    assert.equal(result.stdout, `done ${CASES.length}`, result.stderr);
    assert.ok(performance.now() - started < 60_000);
  });
});
