/**
 * Runs the tests: finds `*.test.ts` in the folders of tests, one process a file, and fails when one test failed or
 * none passed. `npm test -- --help` says how.
 */

import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { relative, resolve } from 'node:path';
import { run } from 'node:test';
import * as reporters from 'node:test/reporters';
import { inspect, parseArgs } from 'node:util';
import { findTests, TEST_FOLDERS } from './helpers/tree.ts';

const FILE_LIMIT_MS = 300_000;
const SILENCE_LIMIT_MS = 180_000;
const START_LIMIT_MS = 60_000;
const KEPT_OUTPUT_CHARACTERS = 4_000;

const HELP = `Runs the tests of this project.

  npm test                        everything
  npm test -- stdio house         files whose path below test/ contains one of the words

  --concurrency <n>               files at once (default: one a processor)
  --reporter <name>               summary (default), spec, dot or tap
  --root <folder>                 the folder that holds the folders of tests (default: the one of this program)
  --silence-limit <milliseconds>  stop when nothing is heard of any test for so long (default: ${SILENCE_LIMIT_MS})
  --help                          this text

Folders: ${TEST_FOLDERS.join(', ')}. Exit code 1 when a test failed or none passed.
The last line is "N passed, N failed", and ", N skipped" where some were.
`;

interface Settings {
  readonly words: readonly string[];
  readonly concurrency: number;
  readonly reporter: string;
  readonly root: string;
  readonly silenceLimitMs: number;
  readonly help: boolean;
}

/** The part of a `node:test` event that is read here. */
interface RunnerEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string;
    readonly message?: string;
    readonly skip?: string | boolean;
    readonly details?: { readonly type?: string; readonly error?: { readonly failureType?: string; readonly cause?: unknown } };
  };
}

interface Outcome {
  readonly title: string;
  readonly file: string;
  readonly text: string;
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number, at least 1; got "${text}"`);
  return value;
}

function readSettings(argv: readonly string[]): Settings {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      concurrency: { type: 'string', default: String(availableParallelism()) },
      reporter: { type: 'string', default: 'summary' },
      root: { type: 'string', default: import.meta.dirname },
      'silence-limit': { type: 'string', default: String(SILENCE_LIMIT_MS) },
      help: { type: 'boolean', default: false },
    },
  });
  if (!['summary', 'spec', 'dot', 'tap'].includes(values.reporter)) throw new RangeError(`--reporter must be summary, spec, dot or tap; got "${values.reporter}"`);
  return {
    words: positionals.map((word) => word.toLowerCase()),
    concurrency: wholeNumber('concurrency', values.concurrency),
    reporter: values.reporter,
    root: resolve(values.root),
    silenceLimitMs: wholeNumber('silence-limit', values['silence-limit']),
    help: values.help,
  };
}

/** Listens to the events of a run and keeps what the summary says. */
class Tally {
  passed = 0;
  readonly failures: Outcome[] = [];
  readonly skips: Outcome[] = [];
  readonly #files: ReadonlySet<string>;
  readonly #path: string[] = [];
  readonly #output = new Map<string, string>();
  // What the runner says of activity after the end of a test; it fails the file, in an event that does not say why.
  readonly #notes: string[] = [];

  constructor(files: readonly string[]) {
    this.#files = new Set(files);
  }

  hear({ type, data }: RunnerEvent): void {
    if (type === 'test:start' || type === 'test:pass' || type === 'test:fail') this.#path.splice(data.nesting ?? 0, Infinity, data.name ?? '');
    if (type === 'test:stderr' || type === 'test:stdout') this.#keepOutput(data.file ?? '', data.message ?? '');
    if (type === 'test:diagnostic' && /asynchronous activity after the test ended/.test(data.message ?? '')) this.#notes.push(data.message ?? '');
    if (type === 'test:pass') this.#hearPass(data);
    if (type === 'test:fail') this.#hearFail(data);
  }

  /** The whole of a file is an event of its own, which only counts when it says what no test in it said. */
  #isFile(data: RunnerEvent['data']): boolean {
    return data.nesting === 0 && this.#files.has(resolve(data.name ?? ''));
  }

  #keepOutput(file: string, text: string): void {
    this.#output.set(file, ((this.#output.get(file) ?? '') + text).slice(-KEPT_OUTPUT_CHARACTERS));
  }

  #hearPass(data: RunnerEvent['data']): void {
    if (this.#isFile(data)) return this.#fail(data, 'a file of tests', 'It holds no test, or its process left before the first one ended.');
    if (data.skip !== undefined && data.skip !== false) {
      const reason = typeof data.skip === 'string' && data.skip !== '' ? data.skip : undefined;
      if (reason === undefined) return this.#fail(data, this.#title(), 'It is skipped and does not say why.');
      this.skips.push({ title: this.#title(), file: data.file ?? '', text: reason });
      return;
    }
    if (data.details?.type !== 'suite') this.passed++;
  }

  #hearFail(data: RunnerEvent['data']): void {
    const error = data.details?.error;
    if (error?.failureType === 'subtestsFailed') return;
    const cause = error?.cause ?? error;
    const text = error?.failureType === 'testAborted' ? String(cause) : describeFailure(cause);
    if (!this.#isFile(data)) return this.#fail(data, this.#title(), text);
    const file = resolve(data.name ?? '');
    this.#fail({ ...data, file }, 'the whole file', [`${error?.failureType ?? 'failed'}: ${text}`, ...this.#notes.splice(0), this.#output.get(file) ?? ''].join('\n'));
  }

  /** What is left to say when every file has ended. */
  end(): void {
    for (const note of this.#notes.splice(0)) this.#fail({}, 'activity after the end of a test', note);
  }

  #title(): string {
    return this.#path.join(' › ');
  }

  #fail(data: RunnerEvent['data'], title: string, text: string): void {
    this.failures.push({ title, file: data.file ?? '', text });
  }
}

/** An assertion as its message, which holds what differs, and its place; any other error whole, with causes. */
function describeFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!('code' in cause) || cause.code !== 'ERR_ASSERTION') return inspect(cause);
  const place = (cause.stack ?? '').split('\n').find((line) => /^\s+at .*\.ts:\d/.test(line));
  return `${cause.message}\n${place ?? ''}`;
}

function indent(text: string, by: string): string {
  return text.trimEnd().replaceAll(/^/gm, by);
}

function printSummary(tally: Tally, root: string): void {
  const where = (file: string): string => (file === '' ? 'somewhere' : relative(root, file));
  const reasons = new Set(tally.skips.map((skip) => skip.text));
  if (reasons.size > 0) console.log('\nSkipped:');
  for (const reason of reasons) {
    console.log(`  ${reason}`);
    for (const skip of tally.skips) if (skip.text === reason) console.log(`    ${where(skip.file)}: ${skip.title}`);
  }
  if (tally.failures.length > 0) console.log('\nFailed:');
  for (const failure of tally.failures) console.log(`\n  ✖ ${where(failure.file)}: ${failure.title}\n${indent(failure.text, '      ')}`);
  const skipped = tally.skips.length > 0 ? `, ${tally.skips.length} skipped` : '';
  console.log(`\n${tally.passed} passed, ${tally.failures.length} failed${skipped}`);
}

/**
 * Calls `onSilence` once when {@link heard} was not called for `limitMs`. A file that does not end is found by this. Up to the first outcome there
 * is more time: on a busy machine it takes a while until the first process is there.
 */
function watchSilence(limitMs: number, onSilence: () => void): { heard: (type: string) => void; stop: () => void } {
  let timer = setTimeout(onSilence, Math.max(limitMs, START_LIMIT_MS));
  let hasBegun = false;
  const heard = (type: string): void => {
    if (hasBegun || (type !== 'test:pass' && type !== 'test:fail')) return void timer.refresh();
    hasBegun = true;
    clearTimeout(timer);
    timer = setTimeout(onSilence, limitMs);
  };
  return { heard, stop: () => clearTimeout(timer) };
}

/** Lets a reporter of Node print the run; resolves when it has printed everything. */
async function report(stream: ReturnType<typeof run>, name: string): Promise<void> {
  if (name === 'summary') return;
  const reporter = name === 'spec' ? new reporters.spec() : name === 'dot' ? reporters.dot : reporters.tap;
  for await (const text of stream.compose(reporter)) process.stdout.write(String(text));
}

async function main(): Promise<number> {
  const settings = readSettings(process.argv.slice(2));
  if (settings.help) {
    console.log(HELP);
    return 0;
  }
  const files = findTests(settings.root, settings.words);
  console.log(`${files.length} test files, ${settings.concurrency} at once, Node ${process.version}`);
  const tally = new Tally(files);
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const silence = watchSilence(settings.silenceLimitMs, () => {
    console.log(`\nNothing was heard of any test for ${settings.silenceLimitMs} ms; what still runs is ended.`);
    controller.abort();
  });
  if (files.length > 0) {
    const stream = run({ files, concurrency: settings.concurrency, timeout: FILE_LIMIT_MS, signal: controller.signal });
    const reported = report(stream, settings.reporter);
    const ended = new Promise<void>((done, failed) => {
      stream.on('data', (event: RunnerEvent) => {
        silence.heard(event.type);
        tally.hear(event);
      });
      stream.on('end', done);
      stream.on('error', failed);
    });
    await Promise.all([reported, ended]);
  }
  silence.stop();
  tally.end();
  printSummary(tally, settings.root);
  return tally.failures.length > 0 || tally.passed === 0 ? 1 : 0;
}

// A run that stops in the middle, for whatever reason, has failed.
process.exitCode = 1;
try {
  process.exitCode = await main();
} catch (error) {
  console.log(`${error instanceof TypeError || error instanceof RangeError ? error.message : inspect(error)}\n\n0 passed, 1 failed`);
}
