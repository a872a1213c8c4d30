import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isMCPError, LimitError } from '../../../lib/base/errors.ts';
import { compilePattern, PATTERN_BOUNDS } from '../../../lib/schema/pattern/compile-pattern.ts';
import { CodePointClasses } from '../../../lib/schema/pattern/code-point-classes.ts';
import { PatternError } from '../../../lib/schema/pattern/pattern-error.ts';
import { PatternFollower } from '../../../lib/schema/pattern/pattern-follower.ts';
import { parsePattern } from '../../../lib/schema/pattern/pattern-parser.ts';
import { patternProgram } from '../../../lib/schema/pattern/pattern-program.ts';

interface MatchedCase {
  readonly rule: string;
  readonly pattern: string;
  readonly matches: readonly string[];
  readonly misses: readonly string[];
}

interface RefusedCase {
  readonly rule: string;
  readonly kind: 'syntax' | 'nonLinear' | 'tooLarge';
  readonly pattern: string;
  readonly index: number;
}

function readRows<T>(file: string): readonly T[] {
  const rows = JSON.parse(readFileSync(new URL(`../../../spec-fixtures/patterns/${file}`, import.meta.url), 'utf8')) as readonly T[];
  assert.ok(rows.length > 40, `${file} has ${rows.length} rows`);
  return rows;
}

/** The refusal of a pattern. */
function refusalOf(pattern: string, options?: Parameters<typeof compilePattern>[1]): PatternError {
  try {
    compilePattern(pattern, options);
  } catch (error) {
    assert.ok(error instanceof PatternError, String(error));
    return error;
  }
  return assert.fail(`${pattern} is not refused`);
}

const short = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

describe('patterns match as ECMA-262 says for the flag u', () => {
  for (const { rule, pattern, matches, misses } of readRows<MatchedCase>('matched.json')) {
    test(`${rule}: ${short(pattern)}`, () => {
      const compiled = compilePattern(pattern);
      const platform = new RegExp(pattern, 'u');
      assert.equal(compiled.isLinear, true);
      assert.equal(compiled.source, pattern);
      for (const [inputs, expected] of [[matches, true], [misses, false]] as const) {
        for (const input of inputs) {
          assert.equal(compiled.test(input), expected, short(input));
          assert.equal(compiled.test(input), expected, `the second time: ${short(input)}`);
          assert.equal(platform.test(input), expected, `the platform: ${short(input)}`);
        }
      }
    });
  }
});

describe('what is no pattern, cannot be linear or is too large is refused with its place', () => {
  for (const { rule, kind, pattern, index } of readRows<RefusedCase>('refused.json')) {
    test(`${kind}, ${rule}: ${short(pattern)}`, () => {
      const error = refusalOf(pattern);
      assert.equal(error.kind, kind);
      assert.equal(error.index, index);
      assert.ok(error.message.endsWith(`is refused at index ${index}: ${error.reason}`), error.message);
      assert.deepEqual(error.details, { kind, reason: error.reason, index });
      assert.ok(isMCPError(error));
    });
  }

  test('the messages say what to do, and show the pattern escaped and cut', () => {
    assert.equal(refusalOf('(a)\\1').message, 'the pattern "(a)\\\\1" is refused at index 3: a reference back to a group cannot be matched in linear time');
    assert.equal(refusalOf(`(?=\u202e${'x'.repeat(200)})`).message.includes('\u202e'), false);
    assert.ok(refusalOf(`(${'x'.repeat(900)}`).message.length < 300);
  });

  test('a pattern of 1,024 characters is compiled, one more is refused', () => {
    assert.equal(compilePattern('a'.repeat(1_024)).test('a'.repeat(1_024)), true);
    const error = refusalOf('a'.repeat(1_025));
    assert.equal(error.kind, 'tooLarge');
    assert.equal(error.reason, 'it has 1025 characters, and at most 1024 are read');
    assert.equal(compilePattern('a'.repeat(1_025), { maxSourceCharacters: 1_025 }).test('a'), false);
  });

  test('a pattern of 1,024 elements is compiled, one more is refused', () => {
    assert.equal(PATTERN_BOUNDS['maxElements'], 1_024);
    assert.equal(compilePattern('(?:ab){512}').test('ab'.repeat(512)), true);
    assert.equal(refusalOf('(?:ab){512}c').kind, 'tooLarge');
    assert.equal(compilePattern('(?:ab){512}c', { maxElements: 1_025 }).test(`${'ab'.repeat(512)}c`), true);
  });

  test('an input of 65,536 characters is matched, a longer one is a LimitError that names the bound', () => {
    for (const pattern of ['^a+$', '(?:aa)+$', 'a']) {
      const compiled = compilePattern(pattern);
      assert.equal(compiled.test('a'.repeat(65_536)), true);
      assert.throws(() => compiled.test('a'.repeat(65_537)), (error: unknown) => error instanceof LimitError && error.details['limit'] === 'maxPatternInputCharacters');
      assert.throws(() => compilePattern(pattern, { maxInputCharacters: 3 }).test('aaaa'), LimitError);
      assert.equal(compilePattern(pattern, { maxInputCharacters: 4 }).test('aaaa'), true);
    }
  });

  test('groups may be nested as deep as the bound on characters allows', () => {
    assert.equal(compilePattern(`${'('.repeat(511)}a${')'.repeat(511)}`).test('xa'), true);
    assert.equal(compilePattern(`${'(?:'.repeat(200)}a${')*'.repeat(200)}$`).test('xaab'), true);
    assert.equal(compilePattern(`^${'('.repeat(500)}a|b`.padEnd(504 + 500, ')')).test('b'), true);
    const deep = '(?:b|'.repeat(10_000) + 'a' + ')'.repeat(10_000);
    assert.equal(compilePattern(`^${deep}$`, { maxSourceCharacters: 100_000, maxElements: 10_000 }).test('a'), true);
    assert.equal(refusalOf(`${'(?:'.repeat(200)}a${'){9}'.repeat(200)}`, { maxSourceCharacters: 10_000 }).kind, 'tooLarge');
  });
});

describe('the platform takes over only where the host says so', () => {
  test('what cannot be linear or is too large is matched, and is told from what is', () => {
    const options = { dangerouslyAllowNonLinear: true };
    const back = compilePattern('^(a|b)\\1$', options);
    assert.deepEqual([back.isLinear, back.test('aa'), back.test('ab')], [false, true, false]);
    assert.equal(back.steps, 4);
    assert.equal(compilePattern('^(?!foo)', options).test('foo'), false);
    assert.equal(compilePattern('(?:ab){2000}', options).test('ab'), false);
    assert.equal(compilePattern('^a+$', options).isLinear, true);
    assert.throws(() => compilePattern('(a)\\1', { ...options, maxInputCharacters: 3 }).test('aaaa'), LimitError);
  });

  test('what is no pattern stays refused, also behind something that cannot be linear', () => {
    const options = { dangerouslyAllowNonLinear: true };
    assert.equal(refusalOf('a(', options).kind, 'syntax');
    assert.equal(refusalOf('(?=a)*', options).kind, 'syntax');
    assert.equal(refusalOf('\\1(', options).kind, 'syntax');
    assert.equal(refusalOf('a'.repeat(1_025), options).kind, 'tooLarge');
  });
});

describe('wrong arguments', () => {
  test('an option that is unknown, of another kind or out of range is refused at once', () => {
    assert.throws(() => compilePattern('a', { maxInput: 1 } as never), /has no option "maxInput"/);
    assert.throws(() => compilePattern('a', { maxInputCharacters: -1 }), RangeError);
    assert.throws(() => compilePattern('a', { maxElements: 0 }), RangeError);
    assert.throws(() => compilePattern('a', { dangerouslyAllowNonLinear: 1 as never }), TypeError);
    assert.throws(() => compilePattern(/a/ as never), TypeError);
    assert.equal(compilePattern('a', { maxElements: undefined }).test('a'), true);
  });
});

describe('patterns found at random mean what ECMA-262 says', () => {
  const ATOMS = ['a', 'b', 'c', 'a', 'b', '.', '\\d', '\\w', '\\W', '\\s', '\\S', '\\D', '[ab]', '[^a]', '[a-c]', '[^\\w]', '[\\s\\d]', '[b-]', '[^\\p{Lu}b]', '\\p{L}', '\\P{Ll}', '\\u{1F600}', '\\ud83d', '\\ude00', '😀', 'é', '[é-語]', '\\n', '\\x61', '\\.', '[]', '[^]', '1', '-'];
  const QUANTIFIERS: Readonly<Record<string, readonly [min: number, max: number]>> = {
    '*': [0, Infinity],
    '+': [1, Infinity],
    '?': [0, 1],
    '*?': [0, Infinity],
    '+?': [1, Infinity],
    '??': [0, 1],
    '{2}': [2, 2],
    '{0,2}': [0, 2],
    '{1,}': [1, Infinity],
    '{0}': [0, 0],
    '{1,3}?': [1, 3],
  };
  const CHARACTERS = ['a', 'b', 'c', 'a', 'b', 'A', '1', '-', ' ', '\n', 'é', '語', '😀', '\ud83d', '\ude00', '_', '.', '\u2028'];

  /** Numbers below `bound` that are the same in every run. */
  function numbers(seed: number): (bound: number) => number {
    let state = seed >>> 0;
    return (bound) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
  }

  /** Where an element that begins at an index of an input, which is code points, may end. */
  type Meaning = (input: readonly string[], start: number) => ReadonlySet<number>;
  interface RandomPattern {
    readonly source: string;
    readonly ends: Meaning;
  }

  const isWord = (character: string | undefined): boolean => character !== undefined && /^[A-Za-z0-9_]$/.test(character);
  const ASSERTED: Readonly<Record<string, (input: readonly string[], at: number) => boolean>> = {
    '^': (_, at) => at === 0,
    $: (input, at) => at === input.length,
    '\\b': (input, at) => isWord(input[at - 1]) !== isWord(input[at]),
    '\\B': (input, at) => isWord(input[at - 1]) === isWord(input[at]),
  };

  function assertion(source: string): RandomPattern {
    return { source, ends: (input, start) => new Set(ASSERTED[source]?.(input, start) === true ? [start] : []) };
  }

  /** One character: the only thing that the platform is asked for. */
  function atom(source: string): RandomPattern {
    const one = new RegExp(`^${source}$`, 'u');
    return { source, ends: (input, start) => new Set(start < input.length && one.test(input[start] ?? '') ? [start + 1] : []) };
  }

  function inOrder(parts: readonly RandomPattern[]): RandomPattern {
    const ends: Meaning = (input, start) => parts.reduce((at, part) => new Set([...at].flatMap((place) => [...part.ends(input, place)])), new Set([start]));
    return { source: parts.map((part) => part.source).join(''), ends };
  }

  function oneOf(options: readonly RandomPattern[]): RandomPattern {
    return { source: options.map((option) => option.source).join('|'), ends: (input, start) => new Set(options.flatMap((option) => [...option.ends(input, start)])) };
  }

  function repeated(body: RandomPattern, quantifier: string): RandomPattern {
    const [min, max] = QUANTIFIERS[quantifier] ?? [1, 1];
    const ends: Meaning = (input, start) => {
      const all = new Set<number>();
      let at: ReadonlySet<number> = new Set([start]);
      // More rounds than there are places find nothing new.
      for (let count = 0; count <= Math.min(max, min + input.length + 1); count++) {
        if (count >= min) for (const place of at) all.add(place);
        at = new Set([...at].flatMap((place) => [...body.ends(input, place)]));
      }
      return all;
    };
    return { source: body.source + quantifier, ends };
  }

  function randomPattern(next: (bound: number) => number, depth: number): RandomPattern {
    const pick = (texts: readonly string[]): string => texts[next(texts.length)] ?? '';
    const term = (): RandomPattern => {
      const kind = next(10);
      if (kind === 0) return assertion(pick(Object.keys(ASSERTED)));
      let part = atom(pick(ATOMS));
      if (kind < 4 && depth > 0) {
        const inner = randomPattern(next, depth - 1);
        part = { source: `${pick(['(', '(?:', '(?:'])}${inner.source})`, ends: inner.ends };
      }
      return next(3) === 0 ? repeated(part, pick(Object.keys(QUANTIFIERS))) : part;
    };
    const options = Array.from({ length: 1 + (next(4) % 3) }, () => inOrder(Array.from({ length: next(4) }, term)));
    const edge = next(6);
    if (edge === 0) options[0] = inOrder([assertion('^'), ...options.slice(0, 1)]);
    if (edge === 1) options.push(inOrder([...options.splice(-1), assertion('$')]));
    return edge === 2 && options.length === 1 ? inOrder([assertion('^'), ...options, assertion('$')]) : oneOf(options);
  }

  test('6,000 patterns, 12 inputs each, as a walk over all places says; and the platform, but for its own mistakes', { timeout: 60_000 }, () => {
    const next = numbers(20_240_101);
    let [found, others] = [0, 0];
    for (let round = 0; round < 6_000; round++) {
      const { source, ends } = randomPattern(next, 3);
      const platform = new RegExp(source, 'u');
      const compiled = compilePattern(source);
      for (let count = 0; count < 12; count++) {
        const input = Array.from({ length: next(9) }, () => CHARACTERS[next(CHARACTERS.length)] ?? '').join('');
        const codePoints = [...input];
        const expected = [...codePoints, ''].some((_, start) => ends(codePoints, start).size > 0);
        if (expected) found++;
        if (platform.test(input) !== expected) others++;
        assert.equal(compiled.test(input), expected, `${JSON.stringify(source)} on ${JSON.stringify(input)}`);
      }
    }
    assert.ok(found > 5_000 && found < 67_000, `${found} match`);
    // Known: one looks for \B between the halves of a surrogate pair, another loses an alternative in front of an assertion.
    assert.ok(others < 100, `${others} of 72,000 are otherwise for the platform`);
  });

  test('20,000 strings of pieces of syntax are taken or refused as by the platform', { timeout: 30_000 }, () => {
    const next = numbers(77);
    // Without what editions after 2024 added: modifiers, and one name for groups of several alternatives.
    const pieces = ['a', 'b', '(', ')', '(?:', '(?', '[', ']', '[^', '-', '{', '}', '{1', ',', '2}', '{2,1}', '*', '+', '?', '|', '^', '$', '.', '\\', '\\d', '\\b', '\\B', '\\p{L}', '\\p{', '\\p', 'L}', '\\u', '\\u{', '61}', '0061', '\\x', '\\c', '\\0', '\\-', '\\/', '1', '\\ud83d', '\\ude00', '😀', '\\k', '\\1', '(?=', '(?<!'];
    let taken = 0;
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const pattern = Array.from({ length: 1 + next(7) }, () => pieces[next(pieces.length)] ?? '').join('');
      // One platform takes a backslash before a character beyond the first plane.
      if (pattern.includes('\\😀')) continue;
      let expected = true;
      try {
        new RegExp(pattern, 'u');
      } catch {
        expected = false;
      }
      let kind: string = 'taken';
      try {
        compilePattern(pattern);
        taken++;
      } catch (error) {
        assert.ok(error instanceof PatternError, `${JSON.stringify(pattern)}: ${String(error)}`);
        assert.ok(error.index >= 0 && error.index <= pattern.length, `${JSON.stringify(pattern)}: ${error.index}`);
        kind = error.kind;
        refused++;
      }
      if (expected) assert.notEqual(kind, 'syntax', JSON.stringify(pattern));
      else assert.notEqual(kind, 'taken', JSON.stringify(pattern));
    }
    assert.ok(taken > 2_000 && refused > 2_000, `${taken} taken, ${refused} refused`);
  });

  test('every ASCII character and every seventh other one is in the same classes as for the platform', { timeout: 30_000 }, () => {
    const codePoints = [...Array.from({ length: 128 }, (_, code) => code), ...Array.from({ length: 16_000 }, (_, step) => 128 + step * 7), 0xffff, 0x10000, 0x10ffff];
    for (const source of ['\\d', '\\s', '\\w', '.', '\\p{Lu}', '[^\\p{L}\\u2000-\\u3000]', '[\\P{Script=Greek}a]', '[\\u{10000}-\\u{10FFFF}]']) {
      const whole = compilePattern(`^${source}$`);
      const automaton = compilePattern(`^(?:${source}|${source}${source}!)$`);
      const platform = new RegExp(`^${source}$`, 'u');
      for (const codePoint of codePoints) {
        const character = String.fromCodePoint(codePoint);
        const expected = platform.test(character);
        assert.equal(whole.test(character), expected, `${source} on ${codePoint}`);
        assert.equal(automaton.test(character), expected, `${source} on ${codePoint}, with an automaton`);
      }
    }
  });
});

describe('the table of an automaton is bounded, and nothing depends on what it holds', () => {
  test('inputs that overflow it are matched as by the platform, before and after', () => {
    // It must remember which of the last characters were an "a": more sets of states than the table has rows.
    const pattern = '[ab]*a[ab]{60}c|b[ab]{70}d$';
    const compiled = compilePattern(pattern);
    let state = 5;
    const bit = (): string => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 31 === 0 ? 'a' : 'b';
    };
    const inputs = Array.from({ length: 12 }, (_, round) => Array.from({ length: 2_000 + round * 500 }, bit).join(''));
    const withEnds = inputs.flatMap((input) => [input, `${input}c`, `${input}d`, `${input}a${'b'.repeat(60)}cc`, `${'b'.repeat(3)}${input}b${'a'.repeat(70)}d`]);
    // What the two alternatives say, by index.
    const expected = (input: string): boolean => {
      const tail = input.indexOf('c');
      const endsWithD = input.endsWith('d') && input[input.length - 72] === 'b' && !input.slice(-71, -1).includes('c');
      return (tail > 60 && input[tail - 61] === 'a') || endsWithD;
    };
    const answers = withEnds.map((input) => compiled.test(input));
    assert.deepEqual(answers, withEnds.map(expected));
    assert.ok(answers.includes(true) && answers.includes(false));
    assert.deepEqual([...withEnds].reverse().map((input) => compiled.test(input)).reverse(), answers);
  });
});

describe('what follows a pattern without a table says the same', () => {
  // V8 14.6, of Node 26, says false: with an end, sets of what is not named go wrong there for texts with characters beyond the first plane.
  const isPlatformWrong = !/[^b]$/u.test('😀');
  const isPlatformAsked = (source: string, input: string): boolean => !(isPlatformWrong && source.includes('[^') && source.includes('$') && input.length !== [...input].length);

  /** Holds what the follower says of each input against the platform; false where the pattern asks for what it does not know. */
  const judge = (source: string, inputs: readonly string[]): boolean => {
    const program = patternProgram(parsePattern(source, 1_024).node);
    if (program.hasStartAssertion || program.hasWordAssertion) return false;
    const follower = new PatternFollower(program, new CodePointClasses(program.sets));
    const platform = new RegExp(source, 'u');
    for (const input of inputs.filter((one) => isPlatformAsked(source, one))) assert.equal(follower.test(input, 0, [program.start]), platform.test(input), `${source} on ${short(input)}`);
    return true;
  };

  test('on the cases above that do not ask for the start of the input or of words', () => {
    const judged = readRows<MatchedCase>('matched.json').filter(({ pattern, matches, misses }) => judge(pattern, [...matches, ...misses]));
    assert.ok(judged.length > 5, `${judged.length} patterns`);
  });

  test('on every text of up to five letters, for patterns of options, counts, alternatives and ends, over more than one word of bits', () => {
    const letters = ['a', 'b', '😀'];
    let texts = [''];
    const inputs = texts.concat(...Array.from({ length: 5 }, () => (texts = texts.flatMap((text) => letters.map((letter) => text + letter)))));
    const sources = ['a$', 'a?b?$', '(?:a|ab)$|bb', 'a{2}b|$', '(?:a|b){3}$', 'b(?:a?){40}b', '(?:ab|b|a){2,40}😀', '[ab]*a[ab]{2}😀', '(?:$|a)b', 'a(?:$a|b$)', '(?:a$)?b', '(?:a{0,33}b){2}', '', '(?:)|a', '[^a]a[^b]$'];
    for (const source of sources) assert.ok(judge(source, inputs), source);
  });
});
