import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { NOT_ON_NODE, runTypeScript } from '../package/program.ts';
import type { ProgramResult } from '../package/program.ts';

const HEAD = "import { test, describe } from 'node:test';\nconst one: number = 1;\n";
const FILES: Readonly<Record<string, string>> = {
  'unit/fine/passes.test.ts': `${HEAD}describe('group', () => { test('first', () => {}); test('second', () => {}); });`,
  'edge/fails.test.ts': `${HEAD}describe('group', () => { test('wrong', () => { throw new Error('the reason of the failure'); }); });`,
  'edge/skips.test.ts': `${HEAD}test('not here', { skip: 'there is no such thing here' }, () => {});`,
  'edge/skips-silently.test.ts': `${HEAD}test('fine', () => {}); test('not said why', { skip: true }, () => {});`,
  'edge/empty.test.ts': 'export {};',
  'edge/leaves.test.ts': `${HEAD}test('leaves', () => { process.exit(0); });`,
  'edge/floats.test.ts': `${HEAD}test('fine', () => { setTimeout(() => void Promise.reject(new Error('nobody waits')), 20); });`,
  'edge/stays.test.ts': `${HEAD}test('fine', () => { setInterval(() => {}, 1000); });`,
  'edge/no-load.test.ts': "throw new Error('not even loaded');",
  'helpers/elsewhere.test.ts': `${HEAD}test('is not in a folder of tests', () => {});`,
};

// On each test and not on the group: Bun does not count a group that is skipped.
const NODE_ONLY = { skip: NOT_ON_NODE };

describe('test/run.ts', () => {
  let root = '';
  const run = (...args: string[]): ProgramResult & { lastLine: string } => {
    const result = runTypeScript([join(PROJECT_ROOT, 'test/run.ts'), '--root', root, ...args], PROJECT_ROOT);
    return { ...result, lastLine: result.stdout.trimEnd().split('\n').at(-1) ?? '' };
  };

  before(() => {
    if (NOT_ON_NODE !== false) return;
    root = mkdtempSync(join(tmpdir(), 'barewire-runner-'));
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
  after(() => void (root === '' || rmSync(root, { recursive: true, force: true })));

  test('counts the tests that pass, not their groups, and ends with 0', NODE_ONLY, () => {
    const result = run('passes');
    assert.equal(result.lastLine, '2 passed, 0 failed');
    assert.equal(result.exitCode, 0, result.stderr);
  });

  test('takes several words, each a part of a path', NODE_ONLY, () => {
    assert.equal(run('fine/pass', 'fails').lastLine, '2 passed, 1 failed');
  });

  test('a failed test is told with its groups, its file and its reason, and the exit code is 1', NODE_ONLY, () => {
    const result = run('fails');
    assert.equal(result.lastLine, '0 passed, 1 failed');
    assert.equal(result.exitCode, 1);
    assert.match(result.stdout, /edge\/fails\.test\.ts: group › wrong/);
    assert.match(result.stdout, /the reason of the failure/);
  });

  test('when no test passed the exit code is 1: nothing found, nothing but skipped ones', NODE_ONLY, () => {
    assert.deepEqual([run('no-such-file').exitCode, run('no-such-file').lastLine], [1, '0 passed, 0 failed']);
    assert.deepEqual([run('skips.test').exitCode, run('skips.test').lastLine], [1, '0 passed, 0 failed, 1 skipped']);
    assert.equal(run('elsewhere').lastLine, '0 passed, 0 failed');
  });

  test('a skipped test is listed with its reason, and one without a reason fails', NODE_ONLY, () => {
    assert.match(run('skips.test', 'passes').stdout, /Skipped:\n {2}there is no such thing here\n {4}edge\/skips\.test\.ts: not here/);
    assert.deepEqual([run('silently').exitCode, run('silently').lastLine], [1, '1 passed, 1 failed']);
  });

  test('a file without a test fails, and so does one whose process leaves in the middle, or does not load', NODE_ONLY, () => {
    assert.equal(run('empty').lastLine, '0 passed, 1 failed');
    assert.equal(run('leaves').lastLine, '0 passed, 1 failed');
    const result = run('no-load');
    assert.equal(result.lastLine, '0 passed, 1 failed');
    assert.match(result.stdout, /not even loaded/);
  });

  test('a rejection that nobody handles fails its file, even after the test ended', NODE_ONLY, () => {
    const result = run('floats');
    assert.equal(result.lastLine, '1 passed, 1 failed');
    assert.equal(result.exitCode, 1);
    assert.match(result.stdout, /nobody waits/);
  });

  test('a file whose process does not end is ended and fails', NODE_ONLY, () => {
    const result = run('stays', '--silence-limit', '2000');
    assert.equal(result.lastLine, '1 passed, 1 failed');
    assert.equal(result.exitCode, 1);
  });

  test('other reporters end with the same line; an unknown option or value is refused', NODE_ONLY, () => {
    for (const reporter of ['spec', 'dot', 'tap']) assert.equal(run('passes', '--reporter', reporter).lastLine, '2 passed, 0 failed', reporter);
    for (const wrong of [['--reporter', 'x'], ['--concurrency', '0'], ['--unknown']]) assert.deepEqual([run(...wrong).exitCode, run(...wrong).lastLine], [1, '0 passed, 1 failed'], wrong.join(' '));
  });

  test('--help says what there is', NODE_ONLY, () => {
    const result = run('--help');
    assert.equal(result.exitCode, 0);
    for (const option of ['--concurrency', '--reporter', '--root', '--silence-limit']) assert.ok(result.stdout.includes(option), option);
  });
});
