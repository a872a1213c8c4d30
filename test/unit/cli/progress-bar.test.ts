import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { cellWidth, cutToCells } from '../../../lib/cli/cell-width.ts';
import type { HostIO } from '../../../lib/cli/host-io.ts';
import { Notes } from '../../../lib/cli/notes.ts';
import { PLAIN } from '../../../lib/cli/paint.ts';
import { describeProgress, ProgressBar, readableNumber, renderProgressBar } from '../../../lib/cli/progress-bar.ts';

/** A terminal that remembers what was written to it. */
function terminal(columns: number = 80) {
  const written: string[] = [];
  return { written, output: { write: (text: string) => void written.push(text), isTerminal: true, columns } };
}

describe('the width of text in cells', () => {
  test('East Asian wide characters and pictures take two, combining marks none (UAX 11)', () => {
    assert.deepEqual(['abc', '日本', 'e\u0301', '🚀', '한', '～', ''].map(cellWidth), [3, 4, 1, 2, 2, 2, 0]);
  });

  test('text is cut at a cell, never within a wide character, and the cut is marked', () => {
    assert.equal(cutToCells('abcdef', 6), 'abcdef');
    assert.equal(cutToCells('abcdef', 5), 'abcd…');
    assert.equal(cutToCells('日本語', 5), '日本…');
    assert.equal(cutToCells('日本語', 4), '日…');
    assert.equal(cutToCells('🚀🚀', 3), '🚀…');
    assert.equal(cutToCells('abc', 1), '…');
    assert.equal(cutToCells('abc', 0), '');
  });
});

describe('one line of progress', () => {
  test('a share, a percentage, the numbers and the message', () => {
    assert.equal(
      renderProgressBar('countdown', { progress: 3, total: 5, message: '2 to go' }, 80),
      'countdown [██████████████░░░░░░░░░░]  60% 3/5 2 to go',
    );
  });

  test('without a total there is no bar: nobody knows the share', () => {
    assert.equal(renderProgressBar('index', { progress: 1234, message: 'files' }, 80), 'index … 1234 files');
    assert.equal(renderProgressBar('index', undefined, 80), 'index …');
  });

  test('the bar gets smaller with the terminal, then goes', () => {
    const report = { progress: 1, total: 2 };
    assert.equal(renderProgressBar('work', report, 30), 'work [██████░░░░░░░]  50% 1/2');
    assert.equal(renderProgressBar('work', report, 25), 'work [████░░░░]  50% 1/2');
    assert.equal(renderProgressBar('work', report, 24), 'work  50% 1/2');
    assert.equal(renderProgressBar('work', report, 8), 'work  …');
    assert.equal(renderProgressBar('work', report, 1), '');
    assert.equal(renderProgressBar('work', report, 0), '');
  });

  test('no line is wider than the terminal less one cell, whatever is reported', () => {
    const reports = [
      undefined,
      { progress: 0 },
      { progress: 5, total: 5, message: '日本語'.repeat(50) },
      { progress: 1e300, total: 1e301, message: '🚀'.repeat(40) },
      { progress: -5, total: 0.001, message: 'x'.repeat(10_000) },
      { progress: Infinity, total: Infinity },
      { progress: NaN, total: -1 },
    ];
    for (const label of ['x', '日本語のツール', 'a-name-that-is-much-too-long-for-any-terminal'.repeat(20)]) {
      for (const report of reports) {
        for (let columns = 0; columns <= 120; columns++) {
          const line = renderProgressBar(label, report, columns);
          assert.ok(cellWidth(line) <= Math.max(0, columns - 1), `${columns}: ${line}`);
        }
      }
    }
  });

  test('more than all is all, less than nothing is nothing', () => {
    assert.match(renderProgressBar('x', { progress: 9, total: 5 }, 80), /^x \[█{24}\] 100% 9\/5$/);
    assert.match(renderProgressBar('x', { progress: -9, total: 5 }, 80), /^x \[░{24}\] {3}0% -9\/5$/);
    assert.equal(renderProgressBar('x', { progress: 999, total: 1000 }, 80).includes(' 99% '), true, '100 % is said only when it is');
  });

  test('a message of a peer cannot leave its line or drive the terminal', () => {
    const line = renderProgressBar('x\u001b[2J', { progress: 1, total: 2, message: 'a\nb\r\u001b]0;title\u0007\u202e' }, 200);
    assert.equal(line, 'x\\u{1b}[2J [████████████░░░░░░░░░░░░]  50% 1/2 a\\nb\\r\\u{1b}]0;title\\u{7}\\u{202e}');
  });

  test('numbers are short', () => {
    assert.deepEqual([3, 0.1 + 0.2, 1e15, -2.5, Infinity, NaN].map(readableNumber), ['3', '0.3', '1.00e+15', '-2.5', '?', '?']);
    assert.equal(describeProgress({ progress: 0.333333, total: 1, message: 'third' }), '0.33/1 third');
  });
});

describe('the bar on a terminal', () => {
  test('each drawing writes over the one before; it is taken away at the end', () => {
    const { written, output } = terminal();
    let time = 0;
    const bar = new ProgressBar({ output, label: 'x', now: () => time });
    bar.start();
    time += 100;
    bar.update({ progress: 1, message: 'one' });
    bar.clear();
    bar.clear();
    assert.deepEqual(written, ['\rx …\u001b[K', '\rx … 1 one\u001b[K', '\r\u001b[K']);
  });

  test('reports that come too fast are not drawn, but completion is, and so is the last one when the bar is left standing', () => {
    const { written, output } = terminal();
    const bar = new ProgressBar({ output, label: 'x', now: () => 1_000 });
    for (let progress = 0; progress < 10_000; progress++) bar.update({ progress, total: 10_000 });
    assert.equal(written.length, 1);
    bar.finish();
    assert.deepEqual(written.slice(1), ['\rx [███████████████████████░]  99% 9999/10000\u001b[K', '\n']);
    bar.update({ progress: 10_000, total: 10_000 });
    assert.equal(written.length, 4);
  });
});

describe('notes on stderr', () => {
  function notes(isTerminal: boolean, verbose: boolean, level?: 'debug' | 'warning') {
    const written: string[] = [];
    const stderr = { write: (text: string) => void written.push(text), isTerminal, columns: 80 };
    const io = { stderr, now: () => 0 } as unknown as HostIO;
    return { written, notes: new Notes({ io, paint: PLAIN, level, verbose, hide: (text) => text.replaceAll('secret', '…') }) };
  }

  test('away from a terminal progress is silent, unless everything is to be said', () => {
    const quiet = notes(false, false);
    quiet.notes.showProgress('x').update({ progress: 1, total: 2 });
    assert.deepEqual(quiet.written, []);
    const verbose = notes(false, true);
    verbose.notes.showProgress('x').update({ progress: 1, total: 2, message: 'half\u001b[0m' });
    assert.deepEqual(verbose.written, ['progress: 1/2 half\\u{1b}[0m\n']);
  });

  test('log messages under the level are left out; those above it are one escaped line each', () => {
    const { written, notes: log } = notes(false, false, 'warning');
    log.logMessage({ level: 'info', data: 'not this' });
    log.logMessage({ level: 'error', logger: 'disk\u0007', data: { full: '\u202e', lines: 'a\nb' } });
    log.logMessage({ level: 'warning', data: 'two\nlines' });
    assert.deepEqual(written, ['server error: disk\\u{7}: {"full":"\\u202e","lines":"a\\nb"}\n', 'server warning: two\\nlines\n']);
  });

  test('a line that comes while a bar is shown stands above the bar', () => {
    const { written, notes: log } = notes(true, false, 'debug');
    const view = log.showProgress('x');
    log.logMessage({ level: 'info', data: 'hello' });
    view.end();
    assert.deepEqual(written, ['\rx …\u001b[K', '\r\u001b[K', 'server info: hello\n', '\rx …\u001b[K', '\r\u001b[K']);
  });

  test('what is to be hidden is hidden in each of them', () => {
    const { written, notes: log } = notes(false, true, 'debug');
    log.logMessage({ level: 'info', logger: 'secret', data: { is: 'secret' } });
    log.logger.warn?.('the secret', { of: 'secret' });
    log.serverErrors('secret\n');
    log.showProgress('x').update({ progress: 1, message: 'secret' });
    assert.deepEqual(written, ['server info: …: {"is":"…"}\n', 'client warn: the … {"of":"…"}\n', 'server stderr: …\n', 'progress: 1 …\n']);
    const bar = notes(true, true);
    bar.notes.showProgress('x').update({ progress: 1, total: 1, message: 'secret' });
    assert.ok(bar.written.join('').includes('1/1 …') && !bar.written.join('').includes('secret'), bar.written.join(''));
  });

  test('the server’s stderr is shown only when everything is to be said, every line escaped', () => {
    const quiet = notes(false, false, 'debug');
    quiet.notes.serverErrors('trouble\n');
    assert.deepEqual(quiet.written, []);
    const verbose = notes(false, true);
    verbose.notes.serverErrors('one\r\n\n\u001b[31mtwo\n');
    assert.deepEqual(verbose.written, ['server stderr: one\n', 'server stderr: \\u{1b}[31mtwo\n']);
  });
});
