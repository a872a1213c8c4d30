/** What a host does with tools and results beside calling: digests, names, pictures, kinds of content, forms of providers. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  displayName,
  isAudioContent,
  isBlobResource,
  isEmbeddedResource,
  isImageContent,
  isResourceLink,
  isSafeLink,
  isTextContent,
  isTextResource,
  resultText,
  safeIcons,
  toolDigest,
  toolsToAnthropic,
  toolsToGemini,
  toolsToOpenAI,
} from '../../../lib/index.ts';
import type { ContentBlock, Icon, Tool } from '../../../lib/index.ts';
import { canonicalJSON } from '../../../lib/base/canonical-json.ts';

const tool = (name: string, more: object = {}): Tool => ({ name, inputSchema: { type: 'object' }, ...more });
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the canonical form of JSON (RFC 8785)', () => {
  test('members are in the order of their UTF-16 units, at every level; the rest is as JSON.stringify has it', () => {
    // The order of RFC 8785 section 3.2.3: carriage return, 1, U+0080, ö, €, a pair of surrogates, U+FB33.
    const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'];
    assert.deepEqual(Object.keys(JSON.parse(canonicalJSON(Object.fromEntries(names.map((name) => [`x${name}`, 1]))))), sorted.map((name) => `x${name}`));
    const numbers = [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0];
    assert.equal(canonicalJSON(numbers), '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
    assert.equal(canonicalJSON({ b: [{ d: 1, c: null }], a: 'x"\u000f\n', left: undefined }), '{"a":"x\\"\\u000f\\n","b":[{"c":null,"d":1}]}');
  });

  test('__proto__ is a member like others', () => {
    assert.equal(canonicalJSON(JSON.parse('{"b":1,"__proto__":{"a":2}}')), '{"__proto__":{"a":2},"b":1}');
  });
});

describe('toolDigest', () => {
  test('it is the SHA-256 of the canonical form, so that anybody can compute it', async () => {
    assert.equal(await toolDigest({ name: 'é', inputSchema: { type: 'object', a: 1 } }), sha256('{"inputSchema":{"a":1,"type":"object"},"name":"é"}'));
  });

  test('the order of members does not matter; any other difference does', async () => {
    const first = tool('a', { description: 'b', annotations: { readOnlyHint: true }, 'x-unknown': [1, 2] });
    assert.equal(await toolDigest(Object.fromEntries(Object.entries(first).reverse()) as unknown as Tool), await toolDigest(first));
    const others = [tool('a'), { ...first, description: 'c' }, { ...first, annotations: { readOnlyHint: false } }, { ...first, 'x-unknown': [2, 1] }, { ...first, inputSchema: { type: 'object', description: '' } }];
    const digests = await Promise.all([first, ...others].map((other) => toolDigest(other as Tool)));
    assert.equal(new Set(digests).size, digests.length);
  });

  test('what is no object is refused', async () => {
    for (const value of [undefined, null, 'a', []]) await assert.rejects(toolDigest(value as unknown as Tool), TypeError);
  });
});

describe('what a host shows', () => {
  test('displayName: the title, for a tool that of its annotations next, else the name', () => {
    assert.equal(displayName(tool('n', { title: 'T', annotations: { title: 'A' } })), 'T');
    assert.equal(displayName(tool('n', { annotations: { title: 'A' } })), 'A');
    for (const empty of [{}, { title: '' }, { title: ' ', annotations: { title: '\t' } }, { title: null }, { annotations: { title: 7 } }, { annotations: null }]) assert.equal(displayName(tool('n', empty)), 'n');
    assert.equal(displayName({ name: 'server', title: 'Server' }), 'Server');
  });

  test('safeIcons: https and data:image only, the rest of the icon as far as it is what it should be', () => {
    const png = 'data:image/png;base64,AAAA';
    const icons = [
      { src: 'https://cdn.example/a.png', mimeType: 'image/png', sizes: ['48x48', 7], theme: 'dark', onload: 'x' },
      { src: png, mimeType: 'text/html' },
      ...['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'http://cdn.example/a.png', 'file:///etc/passwd', 'data:text/html,x', '//cdn.example/a', 'https://user:word@cdn.example/', '', 7].map((src) => ({ src })),
      null,
      'https://cdn.example/a.png',
    ];
    assert.deepEqual(safeIcons({ icons: icons as unknown as Icon[] }), [
      { src: 'https://cdn.example/a.png', mimeType: 'image/png', sizes: ['48x48'], theme: 'dark' },
      { src: png, mimeType: 'image/png' },
    ]);
  });

  test('safeIcons: with sameOriginAs only those of the server, and data', () => {
    const icons = [{ src: 'https://a.example/i.png' }, { src: 'https://b.example/i.png' }, { src: 'data:image/gif,x' }];
    assert.deepEqual(safeIcons({ icons }, { sameOriginAs: 'https://a.example/mcp' }).map(({ src }) => src), ['https://a.example/i.png', 'data:image/gif,x']);
    assert.throws(() => safeIcons({}, { sameOriginAs: 'no url' }), TypeError);
  });

  test('safeIcons: a thing without icons, or with something else there, has none', () => {
    for (const icons of [undefined, null, {}, 'https://a.example/i.png']) assert.deepEqual(safeIcons({ icons } as { icons: Icon[] }), []);
    assert.deepEqual(safeIcons({}), []);
  });

  test('isSafeLink: https without user name and password, and nothing else', () => {
    assert.equal(isSafeLink('https://a.example/x?y#z'), true);
    for (const link of ['http://a.example/', 'javascript:alert(1)', 'https://u@a.example/', 'file:///x', 'data:text/html,x', '/x', '', undefined, 7, ' https://a.example/']) assert.equal(isSafeLink(link), false);
  });
});

describe('kinds of content', () => {
  const blocks: ReadonlyArray<readonly [(value: unknown) => boolean, object]> = [
    [isTextContent, { type: 'text', text: '' }],
    [isImageContent, { type: 'image', data: 'AA==', mimeType: 'image/png' }],
    [isAudioContent, { type: 'audio', data: 'AA==', mimeType: 'audio/wav' }],
    [isResourceLink, { type: 'resource_link', uri: 'a:b', name: 'b' }],
    [isEmbeddedResource, { type: 'resource', resource: { uri: 'a:b', text: '' } }],
    [isTextResource, { uri: 'a:b', text: '' }],
    [isBlobResource, { uri: 'a:b', blob: '' }],
  ];

  test('each guard takes its own kind and no other, nor one that lacks a member', () => {
    for (const [guard, own] of blocks) {
      for (const [, block] of blocks) assert.equal(guard(block), block === own, `${guard.name} ${JSON.stringify(block)}`);
      for (const name of Object.keys(own)) assert.equal(guard({ ...own, [name]: undefined }), false, `${guard.name} without ${name}`);
      for (const value of [undefined, null, 'text', [], { type: 'newer' }, Object.create(own)]) assert.equal(guard(value), false);
    }
  });

  test('a resource is embedded as text or as bytes', () => {
    assert.equal(isEmbeddedResource({ type: 'resource', resource: { uri: 'a:b', blob: 'AA==' } }), true);
    assert.equal(isEmbeddedResource({ type: 'resource', resource: { uri: 'a:b' } }), false);
  });

  test('resultText joins the text of text blocks and of embedded text resources', () => {
    const content = [
      { type: 'text', text: 'one' },
      { type: 'image', data: 'AA==', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'a:b', text: 'two\nthree' } },
      { type: 'resource', resource: { uri: 'a:c', blob: 'AA==' } },
      { type: 'resource_link', uri: 'a:d', name: 'not this' },
      { type: 'newer', text: 'nor this' },
      { type: 'text', text: '' },
    ] as ContentBlock[];
    assert.equal(resultText({ content }), 'one\ntwo\nthree\n');
    assert.equal(resultText({ content: [] }), '');
  });
});

describe('tools in the forms of providers', () => {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: {} } };
  const add = { name: 'add', description: 'Adds.', inputSchema: schema };

  test('each has the form of its provider, and the schema as it is, for Gemini without its $schema', () => {
    const { $schema: _dialect, ...rest } = schema;
    assert.deepEqual(toolsToOpenAI([add]).tools, [{ type: 'function', function: { name: 'add', description: 'Adds.', parameters: schema } }]);
    assert.deepEqual(toolsToAnthropic([add]).tools, [{ name: 'add', description: 'Adds.', input_schema: schema }]);
    assert.deepEqual(toolsToGemini([add]).tools, [{ name: 'add', description: 'Adds.', parametersJsonSchema: rest }]);
    assert.equal(toolsToOpenAI([add]).tools[0]?.function.parameters, schema);
    assert.deepEqual(toolsToAnthropic([tool('a')]).tools, [{ name: 'a', input_schema: { type: 'object' } }]);
  });

  test('every name is one that the provider takes, is there once, and leads back', () => {
    const names = ['add', 'a/b', 'a.b', 'a_b', 'ä', '', ' ', '7up', '-x', 'x'.repeat(64), 'x'.repeat(65), `${'x'.repeat(65)}y`, '__proto__', 'constructor', 'toString', '工具', 'a_b_00000000'];
    for (const format of [toolsToOpenAI, toolsToAnthropic, toolsToGemini]) {
      const { tools, toToolName, toProviderName } = format(names.map((name) => tool(name)));
      const given = tools.map((form) => ('function' in form ? form.function.name : form.name));
      assert.equal(new Set(given).size, names.length);
      for (const name of given) assert.match(name, format === toolsToGemini ? /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/ : /^[A-Za-z0-9_-]{1,64}$/);
      assert.deepEqual(given.map((name) => toToolName(name)), names);
      assert.deepEqual(names.map((name) => toProviderName(name)), given);
      assert.deepEqual([toToolName('other'), toToolName('valueOf'), toProviderName('other')], [undefined, undefined, undefined]);
    }
  });

  test('a name does not depend on the others: a tool cannot take the place of another one', () => {
    const alone = toolsToOpenAI([tool('a/b')]).toProviderName('a/b');
    assert.match(alone ?? '', /^a_b_[0-9a-f]{8}$/);
    const thief = tool(alone ?? '');
    for (const tools of [[thief, tool('a/b')], [tool('a/b'), thief], [tool('z'), tool('a.b'), tool('a/b')]]) {
      assert.equal(toolsToOpenAI(tools).toProviderName('a/b'), alone);
      assert.equal(toolsToOpenAI(tools).toToolName(alone ?? ''), 'a/b');
    }
  });

  test('two names with one mark are told apart all the same', () => {
    const pair = ['78jamuam', 'ini6884t'].map((end) => 'x'.repeat(60) + end);
    const alone = pair.map((name) => toolsToOpenAI([tool(name)]).toProviderName(name));
    assert.equal(alone[0], alone[1]);
    const { toProviderName, toToolName } = toolsToOpenAI(pair.map((name) => tool(name)));
    const given = pair.map((name) => toProviderName(name) ?? '');
    assert.notEqual(given[0], given[1]);
    assert.deepEqual(given.map((name) => toToolName(name)), pair);
  });

  test('with a prefix each, the tools of several servers never share a name', () => {
    const one = toolsToOpenAI([tool('b_c'), tool('c')], { prefix: 'a' });
    const two = toolsToOpenAI([tool('c'), tool('b_c')], { prefix: 'a-b' });
    const given = [...one.tools, ...two.tools].map((form) => form.function.name);
    assert.deepEqual(given, ['a_b_c', 'a_c', 'a-b_c', 'a-b_b_c']);
    assert.deepEqual([one.toToolName('a_b_c'), two.toToolName('a_b_c')], ['b_c', undefined]);
  });

  test('wrong arguments are refused, two tools of one name too', () => {
    assert.throws(() => toolsToOpenAI({} as Tool[]), /tools must be an array; got an object/);
    assert.throws(() => toolsToOpenAI([{}] as Tool[]), /tools\[0\] must be a tool/);
    assert.throws(() => toolsToOpenAI([tool('a'), tool('a')]), { name: 'RangeError', message: /two tools have the name "a"/ });
    assert.throws(() => toolsToOpenAI([], { prefix: 'a_b' }), RangeError);
    assert.throws(() => toolsToOpenAI([], { prefix: '' }), RangeError);
    assert.throws(() => toolsToOpenAI([], { prefix: 7 } as unknown as { prefix: string }), TypeError);
    assert.throws(() => toolsToOpenAI([], { prefixes: 'a' } as unknown as { prefix: string }), /did you mean "prefix"/);
  });
});
