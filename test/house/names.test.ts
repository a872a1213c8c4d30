/** Names at the top of files are unique in all of lib/ but the command line, which is no part of the single file that a build makes of it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProjectFile } from '../helpers/tree.ts';
import { readFolder } from '../helpers/tree.ts';
import { lineAt, maskSource } from './source-text.ts';

// What is left of a file when its types are taken away.
const DECLARED = /^(?:export )?(?:abstract )?(?:async )?(?:const|let|class|function\*?) ([\w$]+)/gm;

// Of values from outside: in one file they stand beside all that is declared.
const IMPORTED = /^import \{([^}]*)\} from 'node:/gm;

/** Every name that two files declare, with both places; and every one that would hide what the platform has. */
function clashes(files: readonly ProjectFile[]): string[] {
  const owners = new Map<string, { readonly path: string; readonly place: string }>();
  const found: string[] = [];
  for (const { path, text } of files) {
    for (const { 1: list = '', index } of maskSource(text).withStrings.matchAll(IMPORTED)) {
      const place = `${path}:${lineAt(text, index)}`;
      for (const name of list.split(',').map((one) => one.trim())) owners.set(name, owners.get(name) ?? { path: '', place });
    }
  }
  for (const { path, text } of files) {
    const { code } = maskSource(text);
    for (const { 1: name = '', index } of code.matchAll(DECLARED)) {
      const place = `${path}:${lineAt(code, index)}`;
      const owner = owners.get(name);
      if (name in globalThis) found.push(`${place} declares ${name}, which the platform has`);
      // Overloads of a function stand in one file.
      if (owner !== undefined && owner.path !== path) found.push(`${name} is declared in ${owner.place} and in ${place}`);
      owners.set(name, owner ?? { path, place });
    }
  }
  return found;
}

describe('names at the top of files', () => {
  test('no two files of lib/ declare the same one, and none that the platform has', () => {
    const files = readFolder('lib', '.ts').filter(({ path }) => !path.startsWith('lib/cli/'));
    assert.ok(files.length > 100, `${files.length} files`);
    assert.deepEqual(clashes(files), []);
  });

  test('the rule can fail: it says both places; types, names inside of functions, and what only looks like a declaration, are none', () => {
    const files = [
      { path: 'a.ts', text: "import { x } from './b.ts';\n\nexport const ONE: number = 1;\nfunction two(): void;\nfunction two(): void {\n  const three = 3;\n}\ninterface Four {}\n/*\nconst five = 5;\n*/\n" },
      { path: 'b.ts', text: 'export async function two(): Promise<void> {}\nclass ONE {}\nconst three = `\nconst five = 5;\n`;\nexport type Four = 4;\nconst five = 6;\nconst URL = 7;\n' },
    ];
    assert.deepEqual(clashes([{ path: 'a.ts', text: "import { isIP, type X } from 'node:net';\n" }, { path: 'b.ts', text: 'export function isIP(): void {}\n' }]), ['isIP is declared in a.ts:1 and in b.ts:1']);
    assert.deepEqual(clashes(files), ['two is declared in a.ts:4 and in b.ts:1', 'ONE is declared in a.ts:3 and in b.ts:2', 'b.ts:8 declares URL, which the platform has']);
  });
});
