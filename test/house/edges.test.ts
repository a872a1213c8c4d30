import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFolder } from '../helpers/tree.ts';
import { breaches, EDGES, misplacedNodeImports, NODE_MODULES, staleRules } from './edges.ts';
import { importsOf, maskSource } from './source-text.ts';

const lib = readFolder('lib', '.ts');
// The rules of the house name what they look for.
const tests = readFolder('test', '.ts').filter((file) => !file.path.startsWith('test/house/'));
const EVERYWHERE = ['a note of unfinished work', 'a check that is turned off', 'an enum, a namespace or a module block', 'using', 'the type any'];

describe('the core is pure and the edge is thin (docs/architecture.md, "Invariants")', () => {
  test('I/O, clock, timers, random numbers, process, network, console, generated code and state stand only where the table allows', () => {
    assert.deepEqual(lib.flatMap((file) => breaches(file)), []);
  });

  test('every allowance of the table is used', () => {
    assert.deepEqual(staleRules(lib), []);
  });

  test('a module of Node is imported only where the table allows, node:child_process by one file', () => {
    assert.deepEqual(lib.flatMap((file) => misplacedNodeImports(file)), []);
    for (const [name, paths] of Object.entries(NODE_MODULES)) {
      const users = lib.filter((file) => importsOf(file.text).includes(name)).map((file) => file.path);
      assert.deepEqual(users, [...paths].sort(), `who imports ${name}`);
    }
    assert.equal(NODE_MODULES['node:child_process']?.length, 1);
  });

  test('tests keep the rules of the language too: no loose types, no enum, nothing left open', () => {
    const rules = EDGES.filter((edge) => EVERYWHERE.includes(edge.what));
    assert.equal(rules.length, EVERYWHERE.length);
    assert.ok(tests.length > 0);
    assert.deepEqual(tests.flatMap((file) => breaches(file, rules)), []);
  });
});

// What breaks a rule, by the name of the rule. Each is found, once; and the same words in a comment and a string are not.
const WRONG: Readonly<Record<string, readonly string[]>> = {
  timers: ['setTimeout(f, 1)', 'const t = setInterval', 'clearTimeout(t)', 'AbortSignal.timeout(5)', 'globalThis.setImmediate(f)'],
  'the clock': ['Date.now()', 'performance.now()', 'new Date()'],
  'random numbers': ['Math.random()', 'crypto.randomUUID()'],
  'the process': ['process.env', 'f(process)', 'const { pid } = process;'],
  'listeners on the process': ['process.on("exit", f)', 'process.once("SIGINT", f)', 'process.exit(1)'],
  'the network': ['fetch(url)', 'new WebSocket(url)', 'const f = fetch;'],
  'the console': ['console.log(1)', 'const { log } = console;'],
  'code made from strings': ['eval(text)', 'new Function(text)', '(0, eval)(text)'],
  globalThis: ['globalThis.x = 1'],
  'module state that changes': ['let count = 0;', 'export var a;'],
  'a module-level collection that is not typed readonly': ['const seen = new Map();', 'export const all: Set<string> = new Set();', 'const weak = new WeakMap<object, string>();'],
  'a static member that changes': ['class A {\n  static #count = 0;\n}', 'class A {\n  static names: string[];\n}'],
  'await at the top of a module': ['await start();', 'const a = await b();'],
  'a date of a protocol revision': ["const r = '2025-06-18';", 'const r = `2026-07-28`;'],
  'the type any': ['const a: any = 1;', 'let b = c as any;', 'function d(e: any[]): void {}', 'const f: Map<string, any> = g;'],
  'a check that is turned off': ['// @ts-ignore', '/* @ts-expect-error */'],
  'an enum, a namespace or a module block': ['enum A { B }', 'export const enum A { B }', 'namespace A {}', 'declare module A {}'],
  'a default export': ['export default class A {}', 'export { a as default };'],
  'export *': ["export * from './a.ts';", "export * as b from './a.ts';", "export type * from './a.ts';"],
  require: ["require('fs')"],
  using: ['await using a = b;', 'using a = b;'],
  'a note of unfinished work': ['// TO' + 'DO: later', '/* FIX' + 'ME */'],
};

// What looks like a breach and is none.
const RIGHT: readonly string[] = [
  'this.#clock.after(5, f); clock.now();',
  'AbortSignal.any([a]); Promise.any(b); c.any();',
  'child.process.pid; this.#process.kill(); interface A { process: B; readonly process?: C }',
  'const names: ReadonlySet<string> = new Set(["a"]);',
  'export const METHODS: ReadonlyMap<string, Row> = new Map<string, Row>([]);',
  'class A {\n  static readonly none = new A();\n  static from(): A {}\n  static async load(): Promise<A> {}\n}',
  'function f() {\n  let count = 0;\n  const seen = new Map();\n  new Date(5);\n}',
  "import type { A } from './a.ts';\nexport type { A };",
  "const text = 'console.log(eval(process.env)) globalThis fetch any';",
  '// console.log(eval(process.env)) globalThis fetch any 2025-06-18, setTimeout',
  'const enumerated = namespaceOf(x); requireState(y); a.require(b); class A {\n  require(c: string): void {}\n} options.console; retrieval(z);',
];

describe('the rules can fail', () => {
  test('every rule has an example that breaks it', () => {
    assert.deepEqual(Object.keys(WRONG).sort(), EDGES.map((edge) => edge.what).sort());
  });

  for (const edge of EDGES) {
    test(`${edge.what}: each example is found, and allowed where the table allows it`, () => {
      for (const text of WRONG[edge.what] ?? []) {
        assert.equal(breaches({ path: 'lib/base/a.ts', text }, [edge]).length, 1, text);
        for (const path of edge.allowed) assert.deepEqual(breaches({ path, text }, [edge]), []);
      }
    });
  }

  test('what only looks like a breach is none', () => {
    for (const text of RIGHT) assert.deepEqual(breaches({ path: 'lib/base/a.ts', text }), [], text);
  });

  test('a breach is told with its line', () => {
    assert.deepEqual(breaches({ path: 'lib/base/a.ts', text: 'a;\n\n  console.log(b);' }), ['lib/base/a.ts:3: the console: console']);
  });

  test('a node: import in another file is found, dynamic ones too', () => {
    const text = "import { spawn } from 'node:child_process';\nconst { connect } = await import('node:net');";
    assert.deepEqual(misplacedNodeImports({ path: 'lib/transport/a.ts', text }), ['lib/transport/a.ts imports node:child_process', 'lib/transport/a.ts imports node:net']);
  });

  test('an allowance for a file that does not use it, or is not there, is found', () => {
    const rule = { what: 'x', pattern: /x/g, part: 'code', allowed: ['lib/a.ts', 'lib/b.ts', 'lib/c.ts'] } as const;
    const files = [{ path: 'lib/a.ts', text: 'x' }, { path: 'lib/b.ts', text: '// x' }];
    assert.equal(maskSource('// x').code.includes('x'), false);
    assert.deepEqual(staleRules(files, [rule]), ['lib/b.ts has none of: x', 'lib/c.ts has none of: x']);
  });
});
