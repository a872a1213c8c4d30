import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { DEFAULT_LIMITS, LIMITS } from '../../lib/base/limits.ts';
import { DEFAULT_SCHEMA_BOUNDS } from '../../lib/schema/schema-bounds.ts';
import { readFolder, readProjectFile } from '../helpers/tree.ts';
import { tableRows } from './markdown.ts';

interface Row {
  readonly value: number;
  readonly unit: string;
}

/** A number as documents write it: `16777216`, `16_777_216`, `16,777,216`, `16 MiB`, `64 KiB`. */
function readNumber(text: string): number {
  const [, digits, factor] = /^([\d_,]+)(?: (KiB|MiB))?$/.exec(text) ?? [];
  if (digits === undefined) return NaN;
  return Number(digits.replace(/[_,]/g, '')) * (factor === 'MiB' ? 1024 * 1024 : factor === 'KiB' ? 1024 : 1);
}

/** What the table of a document and the table of the library do not have in common, as sentences. */
function differences(limits: Readonly<Record<string, Row>>, text: string): string[] {
  const rows = tableRows(text).filter(([name]) => name !== 'name' && name !== 'Name');
  const missing = Object.keys(limits).filter((name) => !rows.some((row) => row[0] === name)).map((name) => `${name} has no row`);
  const twice = rows.filter((row, index) => rows.findIndex((other) => other[0] === row[0]) !== index).map((row) => `${row[0]} has two rows`);
  const wrong = rows.flatMap(([name = '', value = '', unit = '']) => {
    const limit = limits[name];
    if (limit === undefined) return [`${name} is no limit`];
    if (readNumber(value) !== limit.value) return [`${name} is ${limit.value}, the document says ${value}`];
    return unit === limit.unit ? [] : [`${name} is in ${limit.unit}, the document says ${unit}`];
  });
  return [...missing, ...twice, ...wrong];
}

/** The names that no text holds as a word. */
function untested(names: readonly string[], texts: readonly string[]): string[] {
  return names.filter((name) => !texts.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
}

describe('every bound is named, documented and tested (lib/base/limits.ts, docs/limits.md)', () => {
  test('docs/limits.md has a row | name | default | unit | … | for each limit, with its value, and no other', () => {
    assert.deepEqual(differences(LIMITS, readProjectFile('docs/limits.md')), []);
  });

  test('docs/json-schema.md has a row for each bound of schemas, with its value, and each is named in a test of schemas', () => {
    const rows = tableRows(readProjectFile('docs/json-schema.md')).filter(([name = '']) => name.startsWith('max'));
    assert.deepEqual(Object.fromEntries(rows.map(([name = '', value = '']) => [name, readNumber(value)])), DEFAULT_SCHEMA_BOUNDS);
    const tests = readFolder('test', '.test.ts').filter((file) => file.path.includes('schema'));
    assert.deepEqual(untested(Object.keys(DEFAULT_SCHEMA_BOUNDS), tests.map((file) => file.text)), []);
  });

  test('each limit is named in a test', () => {
    const tests = readFolder('test', '.test.ts').filter((file) => !file.path.startsWith('test/house/'));
    assert.deepEqual(untested(Object.keys(LIMITS), tests.map((file) => file.text)), []);
  });

  test('each limit is a whole number over zero with a reason, and the table cannot be changed', () => {
    for (const [name, row] of Object.entries(LIMITS)) {
      assert.ok(Number.isSafeInteger(row.value) && row.value > 0, `${name} is ${row.value}`);
      assert.ok(row.why.length > 20, `${name} has a reason`);
      assert.ok(Object.isFrozen(row), `${name} is frozen`);
      assert.equal(DEFAULT_LIMITS[name as keyof typeof LIMITS], row.value);
    }
    assert.ok(Object.isFrozen(LIMITS) && Object.isFrozen(DEFAULT_LIMITS));
  });
});

describe('the rules can fail', () => {
  const limits = { a: { value: 2048, unit: 'bytes' }, b: { value: 5, unit: 'pages' } };
  const head = '| name | default | unit | why |\n|---|---:|---|---|\n';

  test('equal tables are equal, however the number is written', () => {
    for (const number of ['2048', '2_048', '2,048', '2 KiB']) assert.deepEqual(differences(limits, `${head}| \`a\` | ${number} | bytes | x |\n| b | 5 | pages | y |\n`), []);
  });

  test('a missing row, a row too many, a row twice, another value and another unit are found', () => {
    assert.deepEqual(differences(limits, `${head}| a | 2048 | bytes | x |`), ['b has no row']);
    const rows = '| a | 2047 | bytes | x |\n| b | 5 | lines | x |\n| c | 1 | x | x |\n| c | 1 | x | x |\n';
    assert.deepEqual(differences(limits, head + rows), [
      'c has two rows',
      'a is 2048, the document says 2047',
      'b is in pages, the document says lines',
      'c is no limit',
      'c is no limit',
    ]);
  });

  test('a limit that no test names is found, and a longer name is not its name', () => {
    assert.deepEqual(untested(['maxA', 'maxB'], ['limits: { maxA: 1 }', 'maxBig']), ['maxB']);
  });
});
