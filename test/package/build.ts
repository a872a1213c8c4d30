/**
 * Builds what is published, into dist/ or the folder that is named: one JavaScript file of the library, the command line, and
 * declarations.
 *
 *   npm run build
 */

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { runProgram } from './program.ts';
import { joinModules } from './single-file.ts';

const COMPILER = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
const PROGRAM = join('cli', 'main.js');
const READABLE = 0o644;
const RUNNABLE = 0o755;

/** A declaration file as older compilers and bundlers read it: what it imports ends with `.js`. The compiler leaves `.ts`. */
export function withJavaScriptSpecifiers(declarations: string): string {
  return declarations.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2');
}

/** Empties `folder` and compiles into it, module by module. Throws with what the compiler says when it refuses. */
export function compile(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const args = [COMPILER, '-p', join(PROJECT_ROOT, 'test', 'package', 'tsconfig.build.json'), '--outDir', folder];
  const { exitCode, stdout, stderr } = runProgram(process.execPath, args, PROJECT_ROOT);
  if (exitCode !== 0) throw new Error(`The compiler ended with ${exitCode}:\n${stdout}${stderr}`);
}

/** Empties `folder` and builds into it. @throws Error as {@link compile}. */
export function build(folder: string): void {
  compile(folder);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Modes are part of what is packed, and depend on the umask of who builds.
    chmodSync(path, entry.isDirectory() ? RUNNABLE : READABLE);
    if (path.endsWith('.d.ts')) writeFileSync(path, withJavaScriptSpecifiers(readFileSync(path, 'utf8')));
  }
  // One file loads five times as fast as sixty. What is left beside it holds only types, or is not for hosts.
  joinModules(join(folder, 'index.js'));
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.js') && name !== 'index.js' && !name.startsWith(`cli${sep}`)) rmSync(join(folder, name));
  }
  const program = join(folder, PROGRAM);
  if (!existsSync(program) || !readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n')) throw new Error(`${program} does not begin with the line that makes it a program`);
  chmodSync(program, RUNNABLE);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = resolve(process.argv[2] ?? join(PROJECT_ROOT, 'dist'));
  build(folder);
  console.log(`built ${folder}`);
}
