import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { countBun, countDeno, countNode } from '../runtimes/run.ts';
import type { Count } from '../runtimes/run.ts';
import { describeFailures } from '../runtimes/failures.ts';
import type { Failure } from '../runtimes/failures.ts';

function numbers({ passed, failed, skipped }: Count): readonly number[] {
  return [passed, failed, skipped];
}

describe('test/runtimes/run.ts reads what each runtime prints', () => {
  test('Node: the last line of test/run.ts, and the failures above it', () => {
    assert.deepEqual(numbers(countNode({ exitCode: 0, output: '3 test files\n\n12 passed, 0 failed, 2 skipped\n' })), [12, 0, 2]);
    const failed = countNode({ exitCode: 1, output: '3 test files\n\nFailed:\n\n  ✖ a\n\n11 passed, 1 failed\n' });
    assert.deepEqual(numbers(failed), [11, 1, 0]);
    assert.match(failed.report, /^\nFailed:\n\n {2}✖ a/);
  });

  test('Bun: its summary, with errors outside of tests as failures', () => {
    assert.deepEqual(numbers(countBun({ exitCode: 0, output: '(pass) a\n\n 12 pass\n 2 skip\n 0 fail\nRan 14 tests across 1 file.\n' })), [12, 0, 2]);
    assert.deepEqual(numbers(countBun({ exitCode: 1, output: ' 12 pass\n 1 fail\n 1 error\n' })), [12, 2, 0]);
  });

  test('Deno: tests and steps, and not the groups that hold them', () => {
    const output = [
      'running 3 tests from ./a.test.ts',
      'group ...',
      '  inner ...',
      '    one ... ok (1ms)',
      '    two ... FAILED (0ms)',
      '  inner ... FAILED (due to 1 failed step) (2ms)',
      '  three ... ignored (0ms)',
      'group ... FAILED (due to 1 failed step) (3ms)',
      'prints ...',
      '------- output -------',
      'something',
      '----- output end -----',
      'prints ... ok (1ms)',
      'alone ... ok (1ms)',
    ].join('\n');
    assert.deepEqual(numbers(countDeno({ exitCode: 1, output })), [3, 1, 1]);
  });

  test('a run that ends badly, or ran nothing, has failed, whatever it printed', () => {
    for (const count of [countNode, countBun, countDeno]) {
      assert.equal(count({ exitCode: null, output: '' }).failed, 1);
      assert.equal(count({ exitCode: 0, output: '' }).failed, 1);
    }
    assert.deepEqual(numbers(countBun({ exitCode: 1, output: ' 3 pass\n 0 fail\n' })), [3, 1, 0]);
    assert.deepEqual(numbers(countDeno({ exitCode: 1, output: 'a ... ok (1ms)' })), [1, 1, 0]);
  });
});

describe('test/runtimes/run.ts names what failed', () => {
  const titles = ({ failures }: Count): readonly string[] => failures.map(({ file, title }) => `${file}|${title}`);

  test('Node: the list of test/run.ts, with the files', () => {
    const output = '1 test files\n\nFailed:\n\n  ✖ edge/a.test.ts: group › wrong\n      it is 1\n      and not 2\n\n  ✖ somewhere: activity: late\n      text\n\n0 passed, 2 failed\n';
    const { failures } = countNode({ exitCode: 1, output });
    assert.deepEqual(failures.map(({ file, title, text }) => [file, title, text.trim().split(/\s*\n\s*/)]), [
      ['edge/a.test.ts', 'group › wrong', ['it is 1', 'and not 2']],
      ['somewhere', 'activity: late', ['text']],
    ]);
  });

  test('Bun: what stands before the line of a test, without the source it shows', () => {
    const output = "(pass) group > fine [2.89ms]\nnoise\n3 | assert.equal(1, 2);\n    ^\nAssertionError: 1 is not 2\n      at /a.test.ts:3:1\n(fail) group > wrong [7.47ms]\n(fail) top\n\n2 tests failed:\n(fail) group > wrong [7.47ms]\n(fail) top\n\n 1 pass\n 2 fail\n";
    const count = countBun({ exitCode: 1, output });
    assert.deepEqual(titles(count), ['|group > wrong', '|top']);
    assert.equal(count.failures[0]?.text, 'noise\nAssertionError: 1 is not 2\n      at /a.test.ts:3:1');
  });

  test('Deno: its part about errors, also where nothing could be loaded', () => {
    const errors = 'group ... inner ... wrong => ./a.test.ts:1:2\nerror: AssertionError: 1 is not 2\n\n  {\n+  a: 1\n  }\n\n    at a.test.ts:3:1\n\ntop => ./a.test.ts:4:1\nerror: Error: of mine';
    const count = countDeno({ exitCode: 1, output: `top ... FAILED (1ms)\n\n ERRORS \n\n${errors}\n\n FAILURES \n\ntop => ./a.test.ts:4:1\n\nFAILED | 0 passed` });
    assert.deepEqual(titles(count), ['|group › inner › wrong', '|top']);
    assert.match(count.failures[0]?.text ?? '', /^error: AssertionError: 1 is not 2[^]*a\.test\.ts:3:1$/);
    const unloaded = countDeno({ exitCode: 1, output: '\n ERRORS \n\n./b.test.ts (uncaught error)\nerror: Error: no load\n\n FAILURES \n' });
    assert.deepEqual(titles(unloaded), ['|./b.test.ts (uncaught error)']);
  });

  test('a run that ends badly and names no test is told by its last lines', () => {
    for (const count of [countNode, countBun, countDeno]) assert.match(count({ exitCode: null, output: `${'line\n'.repeat(50)}ended by SIGKILL` }).failures[0]?.text ?? '', /^(?:line\n){14}ended by SIGKILL$/);
  });

  test('the list at the end is short, however much failed', () => {
    const failure = (index: number): Failure & { runtime: string } => ({ runtime: 'bun', file: `edge/${index}.test.ts`, title: 'wrong', text: `${'x'.repeat(500)}\n\n`.repeat(100) });
    assert.equal(describeFailures([]), '');
    for (const many of [1, 3, 8, 500]) {
      const lines = describeFailures(Array.from({ length: many }, (_, index) => failure(index))).split('\n');
      assert.ok(lines.length <= 45 && lines.every((line) => line.length < 200), `${many}: ${lines.length} lines`);
      assert.match(lines.join('\n'), /✖ bun, edge\/0\.test\.ts: wrong\n {4}x/);
    }
    assert.match(describeFailures(Array.from({ length: 10 }, (_, index) => failure(index))), /and 2 more, above$/);
  });
});
