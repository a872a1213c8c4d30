/** Tools as types of TypeScript: what is written, and what a compiler says of it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { toolTypes } from '../../../lib/index.ts';
import type { Tool } from '../../../lib/index.ts';
import { PROJECT_ROOT } from '../../helpers/tree.ts';
import { maskSource } from '../../house/source-text.ts';
import { NOT_ON_NODE, runProgram } from '../../package/program.ts';

const tool = (name: string, inputSchema: object = { type: 'object' }, more: object = {}): Tool => ({ name, inputSchema: { ...inputSchema }, ...more }) as Tool;
const withMember = (schema: unknown, more: object = {}): object => ({ type: 'object', properties: { m: schema }, required: ['m'], ...more });

/** The type of one member, as it is written. */
function typeOf(schema: unknown, more: object = {}): string {
  const [, type = ''] = /export type AArgs = \{\n {2}m: ([\s\S]*?);\n\};/.exec(toolTypes([tool('a', withMember(schema, more))])) ?? [];
  return type;
}

describe('what a schema becomes', () => {
  const rows: ReadonlyArray<readonly [unknown, string]> = [
    [true, 'unknown'],
    [false, 'never'],
    [{}, 'unknown'],
    [7, 'unknown'],
    [{ type: 'integer', minimum: 3 }, 'number'],
    [{ type: ['string', 'null'] }, 'null | string'],
    [{ type: 'string', nullable: true }, 'string | null'],
    [{ type: 'text' }, 'unknown'],
    [{ type: [] }, 'never'],
    [{ properties: { a: {} } }, 'unknown'],
    [{ const: 'x' }, "'x'"],
    [{ enum: ['a', 1, true, null, 'a'] }, "'a' | 1 | true | null"],
    [{ type: 'string', enum: ['a', 1] }, "'a'"],
    [{ enum: [] }, 'never'],
    [{ const: [1] }, 'unknown[]'],
    [{ const: { a: 1 } }, '{ [name: string]: unknown }'],
    [{ enum: [1e400, -1.5, 1e21] }, 'number | -1.5 | 1e+21'],
    [{ type: 'string', enum: Array.from({ length: 1_001 }, (_, index) => `v${index}`) }, 'string'],
    [{ type: 'array' }, 'unknown[]'],
    [{ type: 'array', items: { type: ['string', 'number'] } }, '(number | string)[]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] }, '[string?, number?, ...unknown[]]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 2, items: false }, '[string, number]'],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 1, maxItems: 1 }, '[string]'],
    [{ type: 'array', items: [{ type: 'string' }], additionalItems: { type: 'number' } }, '[string?, ...number[]]'],
    [{ type: 'object' }, '{ [name: string]: unknown }'],
    [{ type: 'object', additionalProperties: false }, '{ [name: string]: never }'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, '{ [name: string]: string }'],
    [{ type: 'object', additionalProperties: { type: 'string' }, patternProperties: { '^x': {} } }, '{ [name: string]: unknown }'],
    [{ type: 'object', properties: { a: { type: 'string' } } }, '{\n    a?: string;\n  }'],
    [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a', 'b', 3], additionalProperties: { type: 'number' } }, '{\n    a: string;\n    b: unknown;\n    [name: string]: unknown;\n  }'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: 'string', oneOf: [{ const: 'a' }, { const: 'b' }, { const: 3 }] }, "'a' | 'b'"],
    [{ anyOf: [{ type: 'string' }, {}] }, 'unknown'],
    [{ type: 'string', anyOf: [{ minLength: 1 }, { pattern: 'x' }] }, 'string'],
    [{ allOf: [{ type: 'string' }, { anyOf: [{ const: 'a' }, { const: 'b' }] }] }, "string & ('a' | 'b')"],
    [{ type: 'array', items: { allOf: [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }] } }, "(('a' | 'b') & ('b' | 'c'))[]"],
    [{ not: { type: 'string' } }, 'unknown'],
    [{ if: {}, then: { type: 'string' } }, 'unknown'],
    [{ $dynamicRef: '#x' }, 'unknown'],
    [{ $ref: 'https://x.example/schema' }, 'unknown'],
    [{ $ref: '#/nowhere' }, 'unknown'],
    [{ $ref: '#/%E0%A4%A' }, 'unknown'],
    [{ $ref: 7 }, 'unknown'],
    [{ $ref: '#anchor' }, 'unknown'],
    [{ $id: 'https://x.example/other', type: 'string' }, 'unknown'],
  ];
  for (const [schema, expected] of rows) {
    const shown = JSON.stringify(schema);
    test(`${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown} is ${expected.replace(/\n\s*/g, ' ')}`, () => assert.equal(typeOf(schema), expected));
  }

  test('a reference within the schema is a type with a name, beside what else is said, but in draft-07 alone', () => {
    const $defs = { 'a/b': { type: 'object', description: 'One.', properties: { x: { type: 'string' } } } };
    const schema = { $ref: '#/$defs/a~1b', type: 'object', properties: { y: {} } };
    const text = toolTypes([tool('a', withMember(schema, { $defs }))]);
    assert.match(text, /m: \{\n {4}y\?: unknown;\n {2}\} & AArgsAB;|m: AArgsAB & \{/);
    assert.match(text, /\/\*\* One\. \*\/\nexport type AArgsAB = \{\n {2}x\?: string;\n\};/);
    assert.equal(typeOf(schema, { $defs, $schema: 'http://json-schema.org/draft-07/schema#' }), 'AArgsAB');
  });

  test('a schema that holds itself names itself; one that is itself, or a circle of references, is unknown', () => {
    assert.match(toolTypes([tool('a', { type: 'object', properties: { next: { $ref: '#' } } })]), /next\?: AArgs;/);
    const $defs = { self: { $ref: '#/$defs/self' }, one: { $ref: '#/$defs/two' }, two: { anyOf: [{ $ref: '#/$defs/one' }, { type: 'null' }] }, list: { type: 'array', items: { $ref: '#/$defs/list' } } };
    const text = toolTypes([tool('a', { type: 'object', $defs, properties: Object.fromEntries(Object.keys($defs).map((name) => [name, { $ref: `#/$defs/${name}` }])) })]);
    assert.match(text, /export type AArgsSelf = unknown;/);
    assert.match(text, /export type AArgsOne = AArgsTwo;/);
    assert.match(text, /export type AArgsTwo = unknown;/);
    assert.match(text, /export type AArgsList = AArgsList\[\];/);
  });

  test('arguments that their schema does not describe are an object of anything', () => {
    for (const schema of [{}, { type: 'object' }, { $ref: '#' }, { type: 'object', $ref: '#/nowhere' }]) assert.match(toolTypes([tool('a', schema)]), /export type AArgs = \{ \[name: string\]: unknown \};/);
    assert.match(toolTypes([{ name: 'a' } as unknown as Tool]), /export type AArgs = \{ \[name: string\]: unknown \};/);
  });
});

describe('the module', () => {
  test('it has the arguments, the structured result and a row of the map, each with its words', () => {
    const outputSchema = { type: 'object', description: 'What it is.', properties: { sum: { type: 'number', description: 'Of both.' } }, required: ['sum'] };
    const text = toolTypes([tool('add-two', withMember({ type: 'number' }), { description: 'Adds.\n\nBoth.', outputSchema }), tool('say')]);
    assert.equal(
      text,
      [
        '/** The tools of an MCP server: what each of them takes, and what it answers as structured content. Written by barewire. */',
        '/**\n * Adds.\n *\n * Both.\n */\nexport type AddTwoArgs = {\n  m: number;\n};',
        '/** What it is. */\nexport type AddTwoResult = {\n  /** Of both. */\n  sum: number;\n};',
        'export type SayArgs = { [name: string]: unknown };',
        "export interface Tools {\n  /**\n   * Adds.\n   *\n   * Both.\n   */\n  'add-two': { args: AddTwoArgs; result: AddTwoResult };\n  'say': { args: SayArgs; result: unknown };\n}\n",
      ].join('\n\n'),
    );
    assert.match(toolTypes([]), /export interface Tools \{\n\}\n$/);
  });

  test('names that would be the same are told apart', () => {
    const text = toolTypes(['a-b', 'a_b', 'AB', '***', '日本', '1', 'a-b2'].map((name) => tool(name)));
    const names = [...text.matchAll(/export type (\w+) =/g)].map((match) => match[1]);
    assert.deepEqual(names, ['ABArgs', 'AB2Args', 'AB3Args', 'ToolArgs', 'Tool2Args', '_1Args', 'AB22Args']);
  });

  test('what is no list of tools, and two tools of one name, are refused', () => {
    for (const value of [undefined, {}, [7], [{}], [{ name: 1 }]]) assert.throws(() => toolTypes(value as unknown as Tool[]), TypeError);
    assert.throws(() => toolTypes([tool('a'), tool('a')]), new RangeError('two tools have the name "a"'));
  });

  test('a schema that is too deep, too large or a long chain of references ends in unknown', () => {
    let deep: object = { type: 'string' };
    for (let level = 0; level < 100; level++) deep = { type: 'array', items: deep };
    assert.equal(typeOf(deep), `unknown${'[]'.repeat(32)}`);
    const wide = toolTypes([tool('a', { type: 'object', properties: Object.fromEntries(Array.from({ length: 2_500 }, (_, index) => [`p${index}`, { type: 'string' }])) })]);
    assert.equal([...wide.matchAll(/: string;/g)].length, 1_999);
    assert.equal([...wide.matchAll(/: unknown;/g)].length, 501);
    const $defs = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`d${index}`, { $ref: `#/$defs/d${index + 1}` }]));
    const chain = toolTypes([tool('a', withMember({ $ref: '#/$defs/d0' }, { $defs }))]);
    assert.ok([...chain.matchAll(/export type/g)].length <= 2_001);
  });
});

const HOSTILE_TEXT = "*/ export const evil = 1; /* @ts-ignore {@link x}\u0007\u202e\u2028\ud800 ' \" ` \\ ${x}\r\n@ts-expect-error\n*/";

const HOSTILE: readonly Tool[] = [
  tool('__proto__', JSON.parse(`{"type":"object","description":"x","properties":{"__proto__":{"type":"number"},"constructor":{"type":"string"}},"required":["__proto__"]}`)),
  tool(HOSTILE_TEXT, { type: 'object', properties: { [HOSTILE_TEXT]: { const: HOSTILE_TEXT, description: HOSTILE_TEXT }, '': {}, new: {}, get: {}, 'readonly x': {} } }, { description: HOSTILE_TEXT }),
  tool('constructor'),
  tool('Tools', withMember({ $ref: '#/$defs/string' }, { $defs: { string: { type: 'string' } } })),
  tool('wrong', { type: 7, properties: [], required: 'x', additionalProperties: 3, allOf: {}, anyOf: 'a', enum: {}, $ref: null }),
  tool('circles', {
    type: 'object',
    properties: { a: { $ref: '#/$defs/x' }, b: { $ref: '#/$defs/y' } },
    $defs: {
      x: { type: 'object', properties: { y: { $ref: '#/$defs/y' } }, allOf: [{ $ref: '#/$defs/y' }] },
      y: { anyOf: [{ $ref: '#/$defs/x' }, { type: 'null' }, { type: 'array', prefixItems: [{ $ref: '#/$defs/y' }], items: { $ref: '#/$defs/x' } }] },
      z: { allOf: [{ $ref: '#/$defs/x' }, { $ref: '#' }] },
    },
    allOf: [{ $ref: '#/$defs/z' }],
  }),
  tool('never', { type: 'object', properties: { a: false, b: { type: [] } }, additionalProperties: { $ref: '#/properties/b' } }),
  tool('tuples', withMember({ type: 'array', prefixItems: [{ type: ['string', 'number'] }, false, true], minItems: 2, items: { enum: ['a', 'b'] } })),
];

const TREE = { type: 'object', properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/$defs/tree' } } }, required: ['value'] };
const FRIENDLY: readonly Tool[] = [
  tool('add', { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] }, { outputSchema: { type: 'object', properties: { sum: { type: 'number' } }, required: ['sum'] } }),
  tool('plant', { type: 'object', properties: { tree: { $ref: '#/$defs/tree' }, soil: { enum: ['clay', 'sand'] } }, required: ['tree'], additionalProperties: false, $defs: { tree: TREE } }),
  tool('find', { type: 'object', anyOf: [{ properties: { id: { type: 'integer' } }, required: ['id'] }, { properties: { name: { type: 'string', nullable: true } }, required: ['name'] }] }),
  tool('move', withMember({ type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], minItems: 2, items: { type: 'string' } })),
];

const CONSUMER = `
import type { AddArgs, FindArgs, MoveArgs, PlantArgs, Tools } from './friendly.js';

// As callTool takes arguments.
type JSONObject = Readonly<Record<string, unknown>>;
declare function callTool(name: string, args: JSONObject): { structuredContent?: JSONObject };
export function call<N extends keyof Tools>(name: N, args: Tools[N]['args']): Tools[N]['result'] {
  return callTool(name, args).structuredContent as Tools[N]['result'];
}
export const sum: number = call('add', { a: 1, b: 2 }).sum;
export const planted: unknown = call('plant', { tree: { value: 1, children: [{ value: 2 }] }, soil: 'clay' });
export const found: FindArgs[] = [{ id: 1 }, { name: 'a' }, { name: null }];
export const moved: MoveArgs[] = [{ m: [1, 2] }, { m: [1, 2, 'a', 'b'] }];
export const args: AddArgs = { a: 1, b: 2 };
export const taken: JSONObject[] = [args];
// @ts-expect-error a member is missing
call('add', { a: 1 });
// @ts-expect-error of the wrong kind
call('add', { a: 1, b: '2' });
// @ts-expect-error no such tool
call('subtract', {});
// @ts-expect-error of the wrong kind, two levels down
export const tree: PlantArgs = { tree: { value: 1, children: [{ value: 'x' }] } };
// @ts-expect-error no such value
export const soil: PlantArgs = { tree: { value: 1 }, soil: 'stone' };
// @ts-expect-error neither the one nor the other
export const neither: FindArgs = {};
// @ts-expect-error too short
export const short: MoveArgs = { m: [1] };
`;

describe('a compiler takes it', () => {
  let folder = '';
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'barewire-types-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('nothing of a hostile definition leaves its literal or its comment', () => {
    const text = toolTypes(HOSTILE);
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e\u2028\p{Surrogate}]/u);
    const { code, comments } = maskSource(text);
    assert.doesNotMatch(code, /evil|ts-ignore|ts-expect|["`]/);
    assert.match(comments, /\\@ts-expect-error/);
    assert.doesNotMatch(comments, /(?<!\\)@/);
  });

  test('the types of hostile tools, and of others with a host that uses them, in every strictness', { skip: NOT_ON_NODE }, () => {
    const compilerOptions = { target: 'es2023', lib: ['es2023'], module: 'nodenext', types: [], strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true, skipLibCheck: false, noEmit: true };
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'hostile.d.ts'), toolTypes(HOSTILE));
    writeFileSync(join(folder, 'friendly.d.ts'), toolTypes(FRIENDLY));
    writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['hostile.d.ts', 'friendly.d.ts', 'consumer.ts'] }));
    const result = runProgram(process.execPath, [join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], PROJECT_ROOT);
    assert.equal(result.exitCode, 0, `${result.stdout}${result.stderr}\n${toolTypes(HOSTILE)}`);
  });
});
