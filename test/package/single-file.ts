/**
 * Makes one readable file of the modules that an entry needs: their text in import order, comments kept, import and export
 * lines between them left out. What this asks of lib/ is checked here: names at the top of a file are unique, imports are
 * named and not renamed, and the entry only exports from others.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

// The compiler writes each of them on lines of its own.
const IMPORT = /^import \{([^}]*)\} from '([^']+)';\n/gm;
const REEXPORT = /^export \{([^}]*)\} from '([^']+)';\n/gm;
const DECLARATION = /^(?:export )?(?:abstract )?(?:async )?(?:const|let|class|function\*?) (?:([\w$]+)|[[{] ?([\w$, ]+)[\]}] =)/gm;
const REFERENCE = /^\/\/\/ <reference [^\n]*\n/gm;

interface Module {
  readonly path: string;
  readonly text: string;
  /** The files it needs, in the order in which it names them. */
  readonly needs: readonly string[];
}

/** The modules that `entry` needs, itself last, each behind all that it needs itself. */
function inOrder(entry: string): Module[] {
  const seen = new Set<string>();
  const ordered: Module[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, 'utf8');
    const specifiers = [...text.matchAll(IMPORT), ...text.matchAll(REEXPORT)].map((match) => match[2] ?? '');
    const needs = specifiers.filter((specifier) => specifier.startsWith('.')).map((specifier) => resolve(dirname(path), specifier));
    needs.forEach(visit);
    ordered.push({ path, text, needs });
  };
  visit(entry);
  return ordered;
}

/** The names between the braces of an import or export. */
function namesOf(list: string, path: string): string[] {
  const names = list.split(',').map((name) => name.trim()).filter((name) => name !== '');
  const renamed = names.find((name) => /\s/.test(name));
  if (renamed !== undefined) throw new Error(`${path} renames "${renamed}"; one file has no room for two names of one thing`);
  return names;
}

/** Every name that is declared at the top of a module, several in one pattern too, with its place. */
export function declaredNames(text: string): { name: string; index: number }[] {
  return [...text.matchAll(DECLARATION)].flatMap(({ 1: one, 2: several = '', index }) => (one === undefined ? several.split(',') : [one]).map((name) => ({ name: name.trim(), index })));
}

/** Refuses two modules that declare one name, or declare what another one imports from outside, which would be one name for two things. */
function checkNames(modules: readonly Module[]): void {
  const owners = new Map(outsideNames(modules).map(({ name, path }) => [name, path]));
  for (const { path, text } of modules) {
    for (const { name } of declaredNames(text)) {
      const owner = owners.get(name);
      if (name in globalThis) throw new Error(`${path} declares ${name}, which other modules may mean the global by`);
      if (owner !== undefined) throw new Error(`${name} is declared at the top of ${owner} and of ${path}`);
      owners.set(name, path);
    }
  }
}

/** Every name that a module imports from outside. */
function outsideNames(modules: readonly Module[]): { name: string; specifier: string; path: string }[] {
  return modules.flatMap(({ path, text }) =>
    [...text.matchAll(IMPORT)].flatMap(([, list = '', specifier = '']) => (specifier.startsWith('.') ? [] : namesOf(list, path).map((name) => ({ name, specifier, path })))),
  );
}

/** What the modules import from outside, by module, each name once. */
function outsideImports(modules: readonly Module[]): string {
  const byModule = new Map<string, Set<string>>();
  for (const { name, specifier } of outsideNames(modules)) byModule.set(specifier, (byModule.get(specifier) ?? new Set()).add(name));
  return [...byModule].sort().map(([specifier, names]) => `import { ${[...names].sort().join(', ')} } from '${specifier}';\n`).join('');
}

function bodyOf({ path, text }: Module): string {
  const body = text.replace(IMPORT, (_line, list: string) => (namesOf(list, path), '')).replace(REFERENCE, '').replace(/^export (?=\w)/gm, '');
  const left = /^(?:import|export)\b.*$/m.exec(body.replace(/\/\*[\s\S]*?\*\//g, ''));
  if (left !== null) throw new Error(`${path} has a line that one file cannot have: ${left[0]}`);
  return body.trim();
}

/** Writes one file over `entry` and removes the files that went into it. Returns its text. */
export function joinModules(entry: string): string {
  const modules = inOrder(entry);
  const parts = modules.filter(({ path }) => path !== entry);
  const last = modules.at(-1);
  if (last === undefined) throw new Error(`${entry} is empty`);
  checkNames(parts);
  const head = /^\/\*\*[\s\S]*?\*\/\n/.exec(last.text)?.[0] ?? '';
  const exported = [...last.text.matchAll(REEXPORT)].flatMap(([, list = '']) => namesOf(list, entry)).sort();
  const root = dirname(entry);
  const sections = parts.map((part) => `// ${relative(root, part.path).replace(/\.js$/, '.ts')}\n\n${bodyOf(part)}\n`);
  const text = [head + outsideImports(parts), ...sections, `export {\n${exported.map((name) => `  ${name},\n`).join('')}};\n`].join('\n');
  for (const { path } of parts) rmSync(path);
  writeFileSync(join(entry), text);
  return text;
}
