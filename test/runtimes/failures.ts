/** Reads the failed tests out of what a runtime prints, and writes them as a short list for the end of a long output. */

/** A test that failed. */
export interface Failure {
  /** The file from test/, where the runtime says it. */
  readonly file: string;
  /** The groups and the test. */
  readonly title: string;
  /** What was wrong, as it was printed. */
  readonly text: string;
}

const NOT_A_TEST = 'no test, but the run';
const SHOWN_FAILURES = 8;
const SHOWN_LINES = 40;
const SHOWN_CHARACTERS = 160;

/** Reads the list that test/run.ts prints behind its tests. */
export function nodeFailures(output: string): Failure[] {
  const begin = output.lastIndexOf('\nFailed:\n');
  if (begin < 0) return [];
  const list = output.slice(begin).replace(/\n+\d+ passed, \d+ failed[^\n]*\n*$/, '');
  return list.split(/\n {2}✖ /).slice(1).map((entry) => {
    const [head = '', ...lines] = entry.split('\n');
    const [, file = '', title = head] = /^(\S+): (.*)$/.exec(head) ?? [];
    return { file, title, text: lines.join('\n') };
  });
}

/** Reads what `bun test` prints of each test: what was wrong stands before the line that names it. */
export function bunFailures(output: string): Failure[] {
  const failures: Failure[] = [];
  let lines: string[] = [];
  // What stands behind is a list of the same once more.
  for (const line of output.split(/^\d+ tests failed:$/m, 1).join('').split('\n')) {
    const end = /^\((pass|fail|skip|todo)\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line);
    if (end === null) lines.push(line);
    else if (end[1] === 'fail') failures.push({ file: '', title: end[2] ?? '', text: lines.filter(isNoSource).join('\n') });
    if (end !== null) lines = [];
  }
  return failures;
}

/** Not a line of the program that an error is shown in, nor the mark below it. */
function isNoSource(line: string): boolean {
  return !/^ *(?:\d+ \| .*|\^)$/.test(line);
}

/** Reads the part in which `deno test` says what was wrong. */
export function denoFailures(output: string): Failure[] {
  const part = /\n ERRORS \n([\s\S]*?)(?:\n FAILURES \n|$)/.exec(output)?.[1] ?? '';
  return part.split(/\n\n(?=[^\n]+\nerror: )/).flatMap((entry) => {
    const [head = '', ...lines] = entry.trim().split('\n');
    return head === '' ? [] : [{ file: '', title: head.replace(/ => \S+$/, '').replaceAll(' ... ', ' › '), text: lines.join('\n') }];
  });
}

/** What to show of a run that failed without a test that did: its last lines. */
export function failureOfRun(output: string): Failure {
  return { file: '', title: NOT_A_TEST, text: output.trimEnd().split('\n').slice(-15).join('\n') };
}

/**
 * The failures as a list that is short enough for a reader who sees only the end of everything: so many failures, so many
 * lines in all, each line cut. Each is headed by its runtime, its file and its title.
 */
export function describeFailures(failures: ReadonlyArray<Failure & { readonly runtime: string }>): string {
  if (failures.length === 0) return '';
  const shown = failures.slice(0, SHOWN_FAILURES);
  const linesEach = Math.max(2, Math.floor(SHOWN_LINES / shown.length) - 1);
  const entries = shown.map(({ runtime, file, title, text }) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return [`✖ ${runtime}, ${file === '' ? 'somewhere' : file}: ${title}`, ...lines.slice(0, linesEach).map((line) => `    ${line.trim()}`)].map(cut).join('\n');
  });
  const more = failures.length > shown.length ? [`and ${failures.length - shown.length} more, above`] : [];
  return ['Failed:', ...entries, ...more].join('\n');
}

function cut(line: string): string {
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}
