import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { countBun, countDeno, countNode } from '../runtimes/run.ts';
import type { Count } from '../runtimes/run.ts';

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
