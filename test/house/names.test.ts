/** Names at the top of files are unique in all of lib/ but the command line, which is no part of the single file that a build makes of it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProjectFile } from '../helpers/tree.ts';
import { readFolder } from '../helpers/tree.ts';
import { declaredNames } from '../package/single-file.ts';
import { lineAt, maskSource } from './source-text.ts';

// Of Node, by value: the one file imports it once for all.
const IMPORTED = /^import \{([^}]*)\} from 'node:/gm;

/** Every name that two files declare, with both places, or one declares and another one imports from Node; and every one that would hide what the platform has. */
function clashes(files: readonly ProjectFile[]): string[] {
  const owners = new Map<string, { readonly path: string; readonly place: string }>();
  const found: string[] = [];
  for (const { path, text } of files) {
    for (const { 1: list = '', index } of maskSource(text).withStrings.matchAll(IMPORTED)) {
      for (const name of list.split(',')) owners.set(name.trim(), { path, place: `${path}:${lineAt(text, index)}` });
    }
  }
  for (const { path, text } of files) {
    const { code } = maskSource(text);
    for (const { name, index } of declaredNames(code)) {
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
      { path: 'c.ts', text: "import { join, resolve } from 'node:path';\nimport type { Server } from 'node:net';\n" },
      { path: 'd.ts', text: 'const join = 1;\nclass Server {}\nconst [six, seven] = [6, 7];\nconst { eight } = { eight: 8 };\n' },
      { path: 'e.ts', text: 'const seven = 7;\nconst eight = 8;\n' },
    ];
    assert.deepEqual(clashes(files), ['two is declared in a.ts:4 and in b.ts:1', 'ONE is declared in a.ts:3 and in b.ts:2', 'b.ts:8 declares URL, which the platform has', 'join is declared in c.ts:1 and in d.ts:1', 'seven is declared in d.ts:3 and in e.ts:1', 'eight is declared in d.ts:4 and in e.ts:2']);
  });
});
