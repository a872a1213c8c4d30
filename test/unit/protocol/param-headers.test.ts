import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidValueError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { decodeHeaderValue } from '../../../lib/http/value-encoding.ts';
import { Misfit } from '../../../lib/protocol/checks/check.ts';
import { headersOfArguments, paramHeaders } from '../../../lib/protocol/param-headers.ts';

const marked = (name: unknown, type: unknown = 'string'): JSONObject => ({ type, 'x-mcp-header': name });
const schema = (properties: JSONObject, more: JSONObject = {}): JSONObject => ({ type: 'object', properties, ...more });
const misfitOf = (inputSchema: JSONObject): string => {
  try {
    paramHeaders(inputSchema);
  } catch (cause) {
    assert.ok(cause instanceof Misfit);
    return cause.message;
  }
  return 'none';
};

describe('the marks of an input schema (2026-07-28, Streamable HTTP, "Schema Extension")', () => {
  test('strings, integers and booleans at any depth of properties, in their order', () => {
    const inputSchema = schema({
      region: marked('Region'),
      plain: { type: 'string' },
      target: schema({ id: marked('Target-Id', 'integer'), deep: schema({ dry: marked('x!#$%&\'*+-.^_`|~9', 'boolean') }) }),
    });
    assert.deepEqual(paramHeaders(inputSchema), [
      { path: ['region'], header: 'Mcp-Param-Region', type: 'string' },
      { path: ['target', 'id'], header: 'Mcp-Param-Target-Id', type: 'integer' },
      { path: ['target', 'deep', 'dry'], header: 'Mcp-Param-x!#$%&\'*+-.^_`|~9', type: 'boolean' },
    ]);
  });

  const harmless: readonly (readonly [string, JSONObject])[] = [
    ['no properties', { type: 'object' }],
    ['a parameter that has the name of the mark', schema({ 'x-mcp-header': { type: 'string' } })],
    ['a default that looks like a mark', schema({ a: { type: 'object', default: { 'x-mcp-header': 'A' } } })],
    ['a const, an enum and examples that do', schema({ a: { const: marked('A'), enum: [marked('A')], examples: [marked('A')] } })],
    ['schemas that are booleans, and members that are none', schema({ a: true, b: null, c: 5 }, { items: false, anyOf: 'x', $defs: null })],
    ['the name of every object', JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}') as JSONObject],
  ];
  for (const [name, inputSchema] of harmless) test(`${name}: nothing is marked`, () => assert.deepEqual(paramHeaders(inputSchema), []));

  const tooManyTokens = ['', ' ', 'a b', 'a:b', 'a\r', 'a\nB: c', 'a\r\nb', 'a\u0000', 'ä', 'a\u007f', 'a,b', 'a"b', 'a/b', '(a)', 'a\t'];
  for (const name of tooManyTokens) {
    test(`${JSON.stringify(name)} is no name of a header`, () => assert.match(misfitOf(schema({ a: marked(name) })), /^\/properties\/a\/x-mcp-header must be the name of a header/));
  }

  const invalid: readonly (readonly [string, JSONObject, RegExp])[] = [
    ['a name that is no string', schema({ a: marked(5) }), /x-mcp-header must be a string; got/],
    ['a name that is null', schema({ a: marked(null) }), /must be a string/],
    ['the same name twice', schema({ a: marked('Same'), b: marked('Same') }), /^\/properties\/b\/x-mcp-header must be a name that no other/],
    ['the same name twice but for its case', schema({ a: marked('Same'), b: schema({ c: marked('sAME') }) }), /^\/properties\/b\/properties\/c\/x-mcp-header must be a name that no other/],
    ['a number', schema({ a: marked('A', 'number') }), /^\/properties\/a\/type must be "string", "integer" or "boolean" .*got "number"/],
    ['an object', schema({ a: marked('A', 'object') }), /got "object"/],
    ['an array', schema({ a: marked('A', 'array') }), /got "array"/],
    ['null', schema({ a: marked('A', 'null') }), /got "null"/],
    ['several types', schema({ a: marked('A', ['string', 'null']) }), /got an array/],
    ['no type', schema({ a: { 'x-mcp-header': 'A' } }), /got undefined/],
    ['the root', schema({}, { 'x-mcp-header': 'A' }), /^\/x-mcp-header must be on a property/],
  ];
  for (const [name, inputSchema, message] of invalid) test(`${name} is refused`, () => assert.match(misfitOf(inputSchema), message));

  const inner = schema({ a: marked('A') });
  for (const key of ['items', 'additionalItems', 'contains', 'not', 'if', 'then', 'else', 'additionalProperties', 'propertyNames', 'unevaluatedItems', 'unevaluatedProperties', 'contentSchema', 'x-unknown']) {
    test(`below ${key} it is refused, however it goes on`, () => {
      for (const below of [marked('A'), inner]) {
        assert.match(misfitOf(schema({}, { [key]: below })), /must be on a property that is reached/);
        assert.match(misfitOf(schema({ list: { [key]: below } })), /must be on a property that is reached/);
      }
    });
  }
  for (const key of ['oneOf', 'anyOf', 'allOf', 'prefixItems', 'items']) {
    test(`in a list ${key} it is refused`, () => assert.match(misfitOf(schema({ a: { [key]: [{ type: 'null' }, inner] } })), /must be on a property that is reached/));
  }
  for (const key of ['patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies']) {
    test(`in ${key}, where a $ref may lead, it is refused`, () => {
      assert.match(misfitOf(schema({ a: { $ref: `#/${key}/b` } }, { [key]: { b: marked('A') } })), /must be on a property that is reached/);
      assert.deepEqual(paramHeaders(schema({}, { [key]: { 'x-mcp-header': { type: 'string' } } })), []);
    });
  }

  test('a schema of two thousand levels is walked', () => {
    let deep: JSONObject = marked('A');
    for (let level = 0; level < 2_000; level++) deep = schema({ a: deep });
    assert.equal(paramHeaders(deep)[0]?.path.length, 2_000);
  });
});

describe('what is said of arguments (2026-07-28, Streamable HTTP, "Value Encoding")', () => {
  const headers = paramHeaders(schema({ s: marked('S'), i: marked('I', 'integer'), b: marked('B', 'boolean'), o: schema({ s: marked('O') }) }));

  test('each by its kind; what is absent or null is left out', () => {
    assert.deepEqual(headersOfArguments(headers, { s: 'eu', i: -7, b: false, o: { s: '' } }), { 'Mcp-Param-S': 'eu', 'Mcp-Param-I': '-7', 'Mcp-Param-B': 'false', 'Mcp-Param-O': '' });
    assert.deepEqual(headersOfArguments(headers, { s: null, i: 2 ** 53 - 1, o: {} }), { 'Mcp-Param-I': '9007199254740991' });
    for (const args of [{}, { s: null }, { o: null }, { o: 'x' }, { o: ['x'] }, { other: 1 }]) assert.equal(headersOfArguments(headers, args), undefined);
    assert.equal(headersOfArguments(paramHeaders(schema({ toString: marked('A') })), {}), undefined);
  });

  test('a value of another type is said as the body says it', () => {
    assert.deepEqual(headersOfArguments(headers, { s: 5, i: 'x', b: 'true' }), { 'Mcp-Param-S': '5', 'Mcp-Param-I': 'x', 'Mcp-Param-B': 'true' });
  });

  test('every character of one byte, what looks encoded, and all of Unicode come back', () => {
    const values = [...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)), '=?base64?literal?=', '=?base64??=', ' padded ', 'a\r\nB: c', 'Zürich ⛰', '😀'];
    for (const value of values) {
      const header = headersOfArguments(headers, { s: value })?.['Mcp-Param-S'] ?? 'none';
      assert.match(header, /^[\x20-\x7e\t]*$/);
      assert.equal(decodeHeaderValue(header), value);
    }
  });

  test('what no header can carry is refused before it is sent, and not shown', () => {
    for (const value of ['hunter2\ud800', 2 ** 53, 1.5, ['hunter2'], { a: 'hunter2' }]) {
      assert.throws(
        () => headersOfArguments(headers, { s: value }),
        (error: unknown) => error instanceof InvalidValueError && error.code === 'ERR_MCP_INVALID_ARGUMENTS' && error.delivery === 'unsent' && error.message.includes('"s"') && !error.message.includes('hunter2'),
      );
    }
  });
});
