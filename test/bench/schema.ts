/** The suite `npm run bench -- schema`: validators of JSON Schema side by side, on results as tools give them. */

import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { installPeers } from './peers.ts';
import { runSchemaAttacks } from './schema-attacks.ts';
import { median, spread } from './statistics.ts';

const GENERATING = 'ajv';
const INTERPRETING = '@cfworker/json-schema';
const VALIDATORS = ['ours', GENERATING, INTERPRETING] as const;
const CASE_NAMES = ['search', 'forecast', 'records'] as const;
const COMPILER = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const PROCESS_TIMEOUT_MS = 60_000;

/** What the run of this suite is told. */
export const SCHEMA_USAGE = `  schema
    ${VALIDATORS.join(', ')}; results of tools (${CASE_NAMES.join(', ')}), validations and the first compilation
    takes --rounds and --json; --attacks: how long schemas of a hostile server take instead`;

type Validator = (typeof VALIDATORS)[number];

interface Row {
  readonly name: (typeof CASE_NAMES)[number];
  readonly what: 'run' | 'compile';
}

const ROWS: readonly Row[] = (['run', 'compile'] as const).flatMap((what) => CASE_NAMES.map((name) => ({ name, what })));

/** What is aimed at: against generated code, and against an interpreter. A compilation is a time, where less is better. */
const TARGETS = Object.freeze({ run: { generating: 0.6, interpreting: 15 }, compile: { generating: 1 / 20 } });

/** Compiles the validator into a fresh temporary folder, as it is published but for the joining of files. The caller removes the folder. */
function compileValidator(): string {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-schema-'));
  const lib = join(PROJECT_ROOT, 'lib');
  const config = {
    extends: join(PROJECT_ROOT, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, declaration: false, isolatedDeclarations: false },
      ...{ rootDir: lib, outDir: folder, typeRoots: [join(PROJECT_ROOT, 'node_modules', '@types')] },
    },
    include: [],
    files: [join(lib, 'schema', 'schema.ts')],
  };
  const path = join(folder, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  execFileSync(process.execPath, [COMPILER, '-p', path], { stdio: ['ignore', 'inherit', 'inherit'] });
  return folder;
}

async function measure(validator: Validator, { name, what }: Row, environment: NodeJS.ProcessEnv): Promise<number> {
  const args = ['--expose-gc', join(import.meta.dirname, 'measure-schema.mjs'), validator, name, what];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment, timeout: PROCESS_TIMEOUT_MS });
  return (JSON.parse(stdout) as { value: number }).value;
}

type Measured = ReadonlyMap<Validator, number[]>;

/** Values by row, validator and round. The validators take turns within a row, and who is first rotates. */
async function measureAll(rounds: number, environment: NodeJS.ProcessEnv): Promise<Map<Row, Measured>> {
  const measured = new Map<Row, Measured>(ROWS.map((row) => [row, new Map(VALIDATORS.map((validator) => [validator, []]))]));
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
    for (const [row, byValidator] of measured) {
      for (let turn = 0; turn < VALIDATORS.length; turn += 1) {
        const validator = VALIDATORS[(round + turn) % VALIDATORS.length] as Validator;
        byValidator.get(validator)?.push(await measure(validator, row, environment));
      }
    }
  }
  return measured;
}

interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

interface RowReport {
  readonly case: string;
  readonly what: 'run' | 'compile';
  readonly unit: string;
  readonly medians: Readonly<Record<string, number>>;
  /** Ours over the peer's of the same round. */
  readonly toGenerating: Ratio;
  readonly toInterpreting: Ratio;
  readonly reached: boolean;
}

function report({ name, what }: Row, measured: Measured): RowReport {
  const ours = measured.get('ours') ?? [];
  const ratioTo = (peer: Validator): Ratio => spread(ours.map((value, round) => value / (measured.get(peer)?.[round] ?? NaN))) ?? { median: NaN, low: NaN, high: NaN };
  const toGenerating = ratioTo(GENERATING);
  const toInterpreting = ratioTo(INTERPRETING);
  const reached =
    what === 'compile'
      ? toGenerating.median <= TARGETS.compile.generating
      : toGenerating.median >= TARGETS.run.generating && toInterpreting.median >= TARGETS.run.interpreting;
  const medians = Object.fromEntries(VALIDATORS.map((validator) => [validator, Math.round(median(measured.get(validator) ?? []))]));
  return { case: name, what, unit: what === 'run' ? 'validations/s' : 'µs', medians, toGenerating, toInterpreting, reached };
}

const ratioText = (ratio: Ratio): string => `${ratio.median.toFixed(3)}× (${ratio.low.toFixed(3)} – ${ratio.high.toFixed(3)})`;

function printTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  return lines.map((cells) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n');
}

function versionOf(peer: string): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'node_modules', peer, 'package.json'), 'utf8')) as { version: string };
  return `${peer} ${version}`;
}

function printReports(reports: readonly RowReport[], rounds: number): string {
  const header = ['case', 'unit', ...VALIDATORS, 'ours to generated code', 'ours to interpreter', 'target'];
  const lines = reports.map((row) => [
    row.case,
    row.unit,
    ...VALIDATORS.map((validator) => String(row.medians[validator])),
    ratioText(row.toGenerating),
    ratioText(row.toInterpreting),
    row.reached ? 'reached' : 'short',
  ]);
  const heading = `schema: medians of ${rounds} rounds, Node ${process.version}; generated code is ${versionOf(GENERATING)}, the interpreter ${versionOf(INTERPRETING)}`;
  const targets = 'targets: at least 0.6× generated code and 15× the interpreter; the first compilation at most a twentieth of that of generated code';
  return `${heading}\n\n${printTable([header, ...lines])}\n\n${targets}\n`;
}

/**
 * Measures and prints; `args` is what follows the name of the suite.
 * @throws TypeError for wrong arguments, Error when a validator gave a wrong answer.
 */
export async function runSchema(args: readonly string[]): Promise<void> {
  const options = { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false }, attacks: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.attacks) {
    if (!runSchemaAttacks()) process.exitCode = 1;
    return;
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new TypeError(`--rounds: expected 1 to 100, got "${values.rounds}"`);
  installPeers((line) => process.stderr.write(`${line}\n`));
  const folder = compileValidator();
  try {
    const measured = await measureAll(rounds, { PATH: process.env['PATH'], BENCH_SCHEMA: pathToFileURL(folder).href });
    const reports = [...measured].map(([row, byValidator]) => report(row, byValidator));
    const json = JSON.stringify({ suite: 'schema', node: process.version, rounds, rows: reports }, undefined, 2);
    process.stdout.write(values.json ? `${json}\n` : printReports(reports, rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
