import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFolder } from '../helpers/tree.ts';
import type { ProjectFile } from '../helpers/tree.ts';
import { importCircles, misplacedImports, privateImportsOfCommandLine } from './floors.ts';

const lib = readFolder('lib', '.ts');

/** Files of a house that does not exist: path and imports. */
function house(...rows: ReadonlyArray<readonly [path: string, ...imports: string[]]>): ProjectFile[] {
  return rows.map(([path, ...imports]) => ({ path, text: imports.map((name) => `import { x } from '${name}';`).join('\n') }));
}

describe('imports go down (docs/architecture.md, "Floors")', () => {
  test('every file of lib/ imports from its own folder or a lower floor, with nothing from outside and no node: on floors 0 to 2', () => {
    assert.ok(lib.length > 10, `${lib.length} files in lib/`);
    assert.deepEqual(misplacedImports(lib), []);
  });

  test('no circle of imports is in lib/', () => {
    assert.deepEqual(importCircles(lib), []);
  });

  test('the command line stands on the public list alone', () => {
    assert.deepEqual(privateImportsOfCommandLine(lib), []);
  });
});

describe('the rules can fail', () => {
  test('an import of a higher floor is found', () => {
    const files = house(['lib/base/a.ts', '../jsonrpc/b.ts'], ['lib/jsonrpc/b.ts']);
    assert.deepEqual(misplacedImports(files), ['lib/base/a.ts (floor 0) imports lib/jsonrpc/b.ts (floor 1), which is not below it']);
  });

  test('an import between two folders of one floor is found, and one inside of a folder is not', () => {
    const files = house(['lib/sse/a.ts', '../resp/b.ts'], ['lib/resp/b.ts', './deep/c.ts'], ['lib/resp/deep/c.ts', '../d.ts'], ['lib/resp/d.ts']);
    assert.deepEqual(misplacedImports(files), ['lib/sse/a.ts (floor 1) imports lib/resp/b.ts (floor 1), which is not below it']);
  });

  test('the public list is above the servers and below the command line', () => {
    const fine = house(['lib/index.ts', './servers/a.ts'], ['lib/servers/a.ts'], ['lib/cli/b.ts', '../index.ts']);
    assert.deepEqual(misplacedImports(fine), []);
    const wrong = house(['lib/servers/a.ts', '../index.ts'], ['lib/index.ts', './cli/b.ts'], ['lib/cli/b.ts']);
    assert.equal(misplacedImports(wrong).length, 2);
  });

  test('a package, a bare builtin, a missing ending, a missing file and an unknown folder are found', () => {
    const files = house(['lib/transport/a.ts', 'zod', 'fs', './b', './c.ts', '../../test/d.ts'], ['lib/attic/e.ts']);
    assert.deepEqual(misplacedImports(files), [
      'lib/transport/a.ts imports zod, which comes from outside',
      'lib/transport/a.ts imports fs, which comes from outside',
      'lib/transport/a.ts imports ./b, which is not written with its ending .ts',
      'lib/transport/a.ts imports lib/transport/c.ts, which is not in lib/',
      'lib/transport/a.ts imports test/d.ts, which is not in lib/',
      'lib/attic/e.ts stands on no floor',
    ]);
  });

  test('a node: import is found on floor 2 and allowed on floor 3', () => {
    const files = house(['lib/protocol/a.ts', 'node:crypto'], ['lib/transport/b.ts', 'node:net']);
    assert.deepEqual(misplacedImports(files), ['lib/protocol/a.ts imports node:crypto, and floors 0 to 2 are pure']);
  });

  test('a circle over three files is found once', () => {
    const files = house(['lib/base/a.ts', './b.ts'], ['lib/base/b.ts', './c.ts'], ['lib/base/c.ts', './a.ts'], ['lib/base/d.ts', './a.ts']);
    assert.deepEqual(importCircles(files), ['lib/base/a.ts → lib/base/b.ts → lib/base/c.ts → lib/base/a.ts']);
  });

  test('a command line that goes past the public list is found', () => {
    const files = house(['lib/cli/a.ts', '../base/text.ts', './b.ts', '../index.ts']);
    assert.deepEqual(privateImportsOfCommandLine(files), ['lib/cli/a.ts imports lib/base/text.ts']);
  });
});
