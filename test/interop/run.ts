/**
 * Runs the interoperability tests of this folder with `node:test` and ends with one line `N passed, N failed`.
 * Exits with 1 when a test failed, when a file could not be run, or when nothing passed. Arguments, if any, are parts
 * of file names: only the files that contain one of them are run.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const FILE_TIMEOUT_MS = 120_000;

const folder = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort()
  .map((name) => join(folder, name));

let passed = 0;
let failed = 0;

const stream = run({ files, concurrency: 2, timeout: FILE_TIMEOUT_MS });
stream.on('test:pass', (test) => {
  if (test.details.type !== 'suite' && test.skip === undefined && test.todo === undefined) passed += 1;
});
stream.on('test:fail', (test) => {
  if (test.details.type !== 'suite') failed += 1;
});
const report = stream.compose(new spec());
report.pipe(process.stdout, { end: false });
report.on('end', () => {
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
});
