/**
 * Outside test suites: data that is not part of this project and is only read. They are looked for in the folder that
 * the environment variable `CORPORA` names, else beside the checkout. Where they are absent, a runner says so and skips;
 * with `CORPORA=required` it fails.
 */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const DEFAULT_PLACE = join(PROJECT_ROOT, '..', 'shared', 'corpora');

/** Where one outside suite is, or why it is not there. */
export type Corpus = { readonly folder: string; readonly missing?: never } | { readonly folder?: never; readonly missing: string };

/**
 * The suite in the folder `name`.
 *
 * @param setting what `CORPORA` says; the environment's value by default.
 * @throws Error where the suite is absent and `CORPORA=required`.
 */
export function findCorpus(name: string, setting: string | undefined = process.env['CORPORA']): Corpus {
  const required = setting === 'required';
  const place = setting === undefined || setting === '' || required ? DEFAULT_PLACE : resolve(setting);
  const folder = join(place, name);
  if (existsSync(folder)) return { folder };
  const missing = `the outside suite ${name} is not at ${folder}`;
  if (required) throw new Error(`${missing}, and CORPORA=required`);
  return { missing: `${missing}; set CORPORA to the folder that holds it` };
}
