import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { InvalidValueError, LimitError } from '../../../lib/base/errors.ts';
import { parseURITemplate } from '../../../lib/uri/uri-template.ts';
import type { URITemplateValue } from '../../../lib/uri/uri-template.ts';

function readRows<T>(file: string): readonly T[] {
  const rows = JSON.parse(readFileSync(new URL(`../../../spec-fixtures/uri-template/${file}`, import.meta.url), 'utf8')) as readonly T[];
  assert.ok(rows.length > 20, `${file} has ${rows.length} rows`);
  return rows;
}

const isInvalid = (error: unknown): error is InvalidValueError => error instanceof InvalidValueError && error.code === 'ERR_MCP_INVALID_URI';
const isLimit = (limit: string) => (error: unknown): boolean => error instanceof LimitError && error.details['limit'] === limit;

describe('templates expand as RFC 6570 says', () => {
  interface Row {
    readonly rule: string;
    readonly template: string;
    readonly values: Readonly<Record<string, URITemplateValue>>;
    readonly uri: string;
  }

  for (const { rule, template, values, uri } of readRows<Row>('expanded.json')) {
    test(`${rule}: ${template}`, () => {
      const read = parseURITemplate(template);
      assert.equal(read.expand(values), uri);
      assert.equal(read.expand(values), uri, 'the second time');
      assert.equal(read.text, template);
    });
  }

  test('the names of variables are told in order, each once', () => {
    assert.deepEqual(parseURITemplate('{a}/{+b,a}{?c*,d:3,a.b}').variableNames, ['a', 'b', 'c', 'd', 'a.b']);
    assert.deepEqual(parseURITemplate('a').variableNames, []);
    assert.ok(Object.isFrozen(parseURITemplate('{a}').variableNames));
  });

  test('only own members of values are read, and none that is no variable', () => {
    const inherited = Object.create({ a: 'inherited' }) as Record<string, string>;
    assert.equal(parseURITemplate('x{a}').expand(inherited), 'x');
    const values = { a: '1', get b(): string { throw new Error('read'); } };
    assert.equal(parseURITemplate('{a}').expand(values), '1');
    const own = JSON.parse('{"__proto__":"1","m":{"__proto__":"2"}}') as Record<string, string>;
    assert.equal(parseURITemplate('{__proto__}{?m*}').expand(own), '1?__proto__=2');
  });
});

describe('templates that are malformed are refused with their place (RFC 6570 sections 2 and 3)', () => {
  interface Row {
    readonly rule: string;
    readonly template: string;
    readonly index: number;
  }

  for (const { rule, template, index } of readRows<Row>('malformed.json')) {
    test(`${rule}: ${JSON.stringify(template)}`, () => {
      assert.throws(() => parseURITemplate(template), (error: unknown) => {
        assert.ok(isInvalid(error), String(error));
        assert.equal(error.details['index'], index);
        assert.ok(error.message.includes(`is malformed at index ${index}: `), error.message);
        return true;
      });
    });
  }

  test('a message shows what to change, and no control character', () => {
    assert.throws(() => parseURITemplate('a}b'), { message: 'the URI template "a}b" is malformed at index 1: a closing brace without an opening one' });
    assert.throws(() => parseURITemplate('\u001b[2J'), (error: unknown) => isInvalid(error) && !error.message.includes('\u001b'));
  });

  test('a template that is no string, and values that are no object, are a TypeError', () => {
    assert.throws(() => parseURITemplate(1 as never), TypeError);
    for (const values of [undefined, null, 'a', ['a']]) assert.throws(() => parseURITemplate('{a}').expand(values as never), TypeError);
  });
});

describe('values that cannot be expanded are refused by the name of their variable', () => {
  const rows: readonly [string, string, unknown, RegExp][] = [
    ['a function', '{a}', () => 'x', /"a".*must be text.*a function/],
    ['a number that is not finite', '{a}', NaN, /must be text, a finite number/],
    ['a list in a list', '{a}', [['x']], /must be text.*an array/],
    ['a map in a map', '{?a*}', { b: { c: 'd' } }, /must be text.*an object/],
    ['a length of a list (section 2.4.1)', '{a:3}', ['x'], /must be one text/],
    ['a length of a map (section 2.4.1)', '{?a:3}', { b: 'c' }, /must be one text/],
    ['half a surrogate pair', '{a}', 'x\ud83d', /half a surrogate pair/],
    ['half a surrogate pair of a reserved value', '{+a}', '\ude00', /half a surrogate pair/],
    ['half a surrogate pair in a name', '{a*}', { '\ud83d': 'x' }, /half a surrogate pair/],
  ];
  for (const [name, template, value, message] of rows) {
    test(name, () => {
      const read = parseURITemplate(template);
      assert.throws(() => read.expand({ a: value as never }), (error: unknown) => isInvalid(error) && message.test(error.message) && error.details['variable'] === 'a');
    });
  }

  test('a length never cuts a surrogate pair', () => {
    assert.equal(parseURITemplate('{a:1}').expand({ a: '😀😀' }), '%F0%9F%98%80');
  });
});

describe('templates and what they expand to are bounded', () => {
  test('characters: 8,192 are read, one more is a LimitError', () => {
    assert.equal(parseURITemplate('a'.repeat(8_192)).expand({}).length, 8_192);
    assert.throws(() => parseURITemplate('a'.repeat(8_193)), isLimit('maxTemplateCharacters'));
  });

  test('expressions: 256 are read, one more is a LimitError', () => {
    assert.equal(parseURITemplate('{a}'.repeat(256)).expand({ a: 'x' }), 'x'.repeat(256));
    assert.throws(() => parseURITemplate('{a}'.repeat(257)), isLimit('maxTemplateExpressions'));
  });

  test('variables: 1,024 are read, one more is a LimitError', () => {
    assert.equal(parseURITemplate(`{${'a,'.repeat(1_023)}a}`).expand({ a: '' }), ','.repeat(1_023));
    assert.throws(() => parseURITemplate(`{${'a,'.repeat(1_024)}a}`), isLimit('maxTemplateVariables'));
  });

  test('the URI: 1,048,576 characters are made, one more is a LimitError, whatever makes them', () => {
    const template = parseURITemplate('{+a}{+b}');
    assert.equal(template.expand({ a: 'x'.repeat(1_048_576) }).length, 1_048_576);
    assert.throws(() => template.expand({ a: 'x'.repeat(1_048_576), b: 'x' }), isLimit('maxURICharacters'));
    assert.throws(() => template.expand({ a: 'x'.repeat(1_048_577) }), isLimit('maxURICharacters'));
    assert.throws(() => template.expand({ a: '語'.repeat(120_000) }), isLimit('maxURICharacters'));
    assert.throws(() => parseURITemplate(`{${'a,'.repeat(1_000)}a}`).expand({ a: 'x'.repeat(2_000) }), isLimit('maxURICharacters'));
  });
});

describe('a URI leads back to the values of a simple template', () => {
  interface Row {
    readonly rule: string;
    readonly template: string;
    readonly uri: string;
    readonly values: Readonly<Record<string, string>> | null;
  }

  for (const { rule, template, uri, values } of readRows<Row>('matched.json')) {
    test(`${rule}: ${template} and ${uri}`, () => {
      const found = parseURITemplate(template).match(uri);
      assert.deepEqual(found === undefined ? null : Object.entries(found), values === null ? null : Object.entries(values));
      if (found !== undefined) assert.equal(Object.getPrototypeOf(found), null);
    });
  }

  test('whatever is found expands to the same URI: 4,000 of them, made of pieces', () => {
    let state = 9;
    const next = (bound: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const pick = (texts: readonly string[]): string => texts[next(texts.length)] ?? '';
    const templates = ['{a}/{b}', 'x:{+a}', 'x:{+a}/{b}', '{a}-{b}', 'x{a}y{b}z', '{a}.{a}', 'x:{a}?{+b}#c'].map((text) => parseURITemplate(text));
    let found = 0;
    for (let round = 0; round < 4_000; round++) {
      const template = templates[next(templates.length)];
      assert.ok(template !== undefined);
      const text = (): string => Array.from({ length: next(4) }, () => pick(['x', 'y', 'é', '/', '-', '.', '%', '%2F', '?', '#', ':', '😀', 'z', 'b'])).join('');
      const uri = template.expand({ a: text(), b: text() });
      const values = template.match(uri);
      if (values === undefined) continue;
      found++;
      assert.equal(template.expand(values), uri);
    }
    assert.ok(found > 1_000, `${found} were found`);
  });

  test('a URI of 65,536 characters is read, a longer one is not', () => {
    const template = parseURITemplate('{a}');
    assert.deepEqual({ ...template.match('x'.repeat(65_536)) }, { a: 'x'.repeat(65_536) });
    assert.equal(template.match('x'.repeat(65_537)), undefined);
  });
});
