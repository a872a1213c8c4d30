import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { ERROR_CODES } from '../../lib/base/errors.ts';
import { readFolder, readProjectFile } from '../helpers/tree.ts';
import { headings } from './markdown.ts';
import { maskSource } from './source-text.ts';

/** What two lists do not have in common, as sentences. */
function differences(codes: readonly string[], documented: readonly string[]): string[] {
  const twice = documented.filter((code, index) => documented.indexOf(code) !== index);
  return [
    ...codes.filter((code) => !documented.includes(code)).map((code) => `${code} has no heading`),
    ...documented.filter((code) => !codes.includes(code)).map((code) => `${code} has a heading and is no code`),
    ...twice.map((code) => `${code} has two headings`),
  ];
}

/** The codes that no source writes as a string. */
function unusedCodes(codes: readonly string[], sources: readonly string[]): string[] {
  const used = sources.map((text) => maskSource(text).withStrings).join('\n');
  return codes.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(used));
}

/** The headings of the second level that look like codes. */
function documentedCodes(text: string): string[] {
  return headings(text, 2).map((title) => title.replaceAll('`', '')).filter((title) => title.startsWith('ERR_'));
}

describe('every error has a code, and every code a heading in docs/errors.md', () => {
  test('the codes of lib/base/errors.ts and the headings of docs/errors.md are the same', () => {
    assert.deepEqual(differences(ERROR_CODES, documentedCodes(readProjectFile('docs/errors.md'))), []);
  });

  test('the list of codes has no code twice, and each is written as ERR_MCP_…', () => {
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
    for (const code of ERROR_CODES) assert.match(code, /^ERR_MCP_[A-Z0-9]+(?:_[A-Z0-9]+)*$/);
  });

  test('every code is used in lib/ outside of the list; LimitError brings its own', () => {
    const sources = readFolder('lib', '.ts').filter((file) => file.path !== 'lib/base/errors.ts' && !file.path.startsWith('lib/cli/'));
    // The class LimitError and RPCError set their codes themselves: those two are used where the classes are.
    const byClass: Readonly<Record<string, RegExp>> = { ERR_MCP_LIMIT: /new LimitError\(/, ERR_MCP_RPC: /new RPCError\(/ };
    const unused = unusedCodes(ERROR_CODES, sources.map((file) => file.text));
    assert.deepEqual(unused.filter((code) => !sources.some((file) => byClass[code]?.test(file.text))), []);
  });

  test('no code is written in lib/ that is not in the list', () => {
    const written = readFolder('lib', '.ts').flatMap((file) => [...file.text.matchAll(/\bERR_MCP_[A-Z0-9_]+\b/g)].map((match) => match[0]));
    assert.deepEqual([...new Set(written)].filter((code) => !(ERROR_CODES as readonly string[]).includes(code)), []);
  });
});

describe('the rules can fail', () => {
  test('a code without a heading, a heading without a code and a heading written twice are found', () => {
    const text = '# Errors\n\n## ERR_A\n\n## `ERR_C`\n\n## ERR_A\n\n## Other\n\n```\n## ERR_D\n```\n';
    assert.deepEqual(differences(['ERR_A', 'ERR_B'], documentedCodes(text)), ['ERR_B has no heading', 'ERR_C has a heading and is no code', 'ERR_A has two headings']);
  });

  test('a code that only a comment names is not used, and one that begins another is not either', () => {
    assert.deepEqual(unusedCodes(['ERR_A', 'ERR_B', 'ERR_C'], ["throw f('ERR_A');", "// 'ERR_B'\nf('ERR_C_D')"]), ['ERR_B', 'ERR_C']);
  });
});
