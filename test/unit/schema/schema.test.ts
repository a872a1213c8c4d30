import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidValueError, LimitError } from '../../../lib/base/errors.ts';
import { DEFAULT_SCHEMA_BOUNDS } from '../../../lib/schema/schema-bounds.ts';
import type { SchemaBounds } from '../../../lib/schema/schema-bounds.ts';
import { schemaSentence } from '../../../lib/schema/schema-sentence.ts';
import { SchemaRegistry } from '../../../lib/schema/schema-registry.ts';
import { compileSchema } from '../../../lib/schema/schema.ts';
import type { SchemaOptions } from '../../../lib/schema/schema.ts';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const json = (text: string): unknown => JSON.parse(text);
const judge = (schema: unknown, instances: readonly unknown[], options?: SchemaOptions): boolean[] => {
  const compiled = compileSchema(schema, options);
  return instances.map((instance) => {
    const valid = compiled.isValid(instance);
    assert.equal(compiled.validate(instance).valid, valid, 'both ways give one verdict');
    return valid;
  });
};

function refusal(schema: unknown, options?: SchemaOptions): { readonly where: unknown; readonly why: unknown } {
  try {
    compileSchema(schema, options);
  } catch (error) {
    assert.ok(error instanceof InvalidValueError, String(error));
    assert.equal(error.code, 'ERR_MCP_INVALID_SCHEMA');
    return { where: error.details['where'], why: error.details['why'] };
  }
  return assert.fail('it was compiled');
}

function limitOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof LimitError, String(error));
    return error.details['limit'];
  }
  return undefined;
}

describe('the dialect of a schema (JSON Schema core 2020-12 section 8.1.1)', () => {
  test('without $schema it is 2020-12, where prefixItems counts; an option makes it draft-07, where it does not', () => {
    const schema = { prefixItems: [{ type: 'string' }] };
    assert.deepEqual(judge(schema, [['a'], [1]]), [true, false]);
    assert.deepEqual(judge(schema, [['a'], [1]], { dialect: 'draft-07' }), [true, true]);
    assert.equal(compileSchema(schema).dialect, 'https://json-schema.org/draft/2020-12/schema');
    assert.equal(compileSchema(true, { dialect: 'draft-07' }).dialect, 'http://json-schema.org/draft-07/schema');
  });

  test('$schema goes before the option, with an empty fragment or without', () => {
    for (const uri of [DRAFT_07, DRAFT_07.slice(0, -1)]) {
      assert.deepEqual(judge({ $schema: uri, items: [{ type: 'string' }], additionalItems: false }, [['a'], [1], ['a', 1]]), [true, false, false]);
    }
  });

  test('a dialect that is not known is refused, and nothing can be validated', () => {
    assert.match(String(refusal({ $schema: 'https://json-schema.org/draft/2019-09/schema' }).why), /dialect/);
    assert.match(String(refusal({ $defs: { a: { $id: 'https://a.example/', $schema: 'https://b.example/' } } }).why), /dialect/);
  });

  test('in draft-07 nothing beside a $ref counts (draft-07 core section 8.3), in 2020-12 all of it', () => {
    const schema = { definitions: { text: { type: 'string' } }, properties: { a: { $ref: '#/definitions/text', maxLength: 2 } } };
    assert.deepEqual(judge(schema, [{ a: 'abc' }], { dialect: 'draft-07' }), [true]);
    assert.deepEqual(judge(schema, [{ a: 'abc' }], { dialect: '2020-12' }), [false]);
  });

  test('a metaschema of the registry says which vocabularies count; one that is required and not known is refused', () => {
    const vocabulary = 'https://json-schema.org/draft/2020-12/vocab/';
    const registry = new SchemaRegistry()
      .add('https://example.com/plain', { $vocabulary: { [`${vocabulary}core`]: true, [`${vocabulary}applicator`]: true } })
      .add('https://example.com/format', { $vocabulary: { [`${vocabulary}core`]: true, [`${vocabulary}format-assertion`]: true } })
      .add('https://example.com/odd', { $vocabulary: { 'https://example.com/vocabulary': true } })
      .add('https://example.com/child', { $schema: DRAFT_07 });
    assert.deepEqual(judge({ $schema: 'https://example.com/plain', type: 'string', properties: { a: false } }, [1, { a: 1 }], { registry }), [true, false]);
    assert.deepEqual(judge({ $schema: 'https://example.com/format', format: 'ipv4' }, ['1.2.3.4', 'x'], { registry }), [true, false]);
    assert.match(String(refusal({ $schema: 'https://example.com/odd' }, { registry }).why), /vocabulary/);
    assert.deepEqual(judge({ $schema: 'https://example.com/child', items: [false] }, [[], [1]], { registry }), [true, false]);
  });
});

describe('what a schema may be', () => {
  test('keywords that are not known are kept and say nothing', () => {
    assert.deepEqual(judge({ 'x-mcp-header': 'Region', $recursiveRef: '#', type: 'string' }, ['a', 1]), [true, false]);
  });

  test('a keyword that is malformed is refused with where it stands and what came', () => {
    const rows: readonly (readonly [unknown, string, RegExp])[] = [
      [{ type: 'text' }, '#/type', /the name of a type; got "text"/],
      [{ properties: { 'a/b': { minLength: -1 } } }, '#/properties/a~1b/minLength', /whole number from 0; got -1/],
      [{ properties: { a: 1 } }, '#/properties', /a schema; got 1/],
      [{ properties: [] }, '#/properties', /an object; got an empty array/],
      [{ required: 'a' }, '#/required', /an array; got "a"/],
      [{ required: [1] }, '#/required', /names; got 1/],
      [{ allOf: [] }, '#/allOf', /an empty one/],
      [{ items: [{}] }, '#/items', /a schema; got an array/],
      [{ multipleOf: 0 }, '#/multipleOf', /above 0/],
      [{ minimum: '1' }, '#/minimum', /a number; got "1"/],
      [{ pattern: '(' }, '#/pattern', /pattern/],
      [{ patternProperties: { '\\1(a)': true } }, '#/patternProperties', /pattern/],
      [{ $ref: 1 }, '#/$ref', /a string; got 1/],
      [{ uniqueItems: 'yes' }, '#/uniqueItems', /true or false/],
      [{ enum: {} }, '#/enum', /an array/],
      [{ $id: 'https://a.example/#b' }, '', /fragment/],
      [{ dependentRequired: { a: 1 } }, '#/dependentRequired', /names/],
    ];
    for (const [schema, where, why] of rows) {
      const came = refusal(schema);
      assert.match(String(came.why), why);
      assert.equal(came.where, where, JSON.stringify(schema));
    }
    assert.match(String(refusal(null).why), /an object or a boolean/);
    assert.match(String(refusal([]).why), /an object or a boolean/);
  });

  test('a reference to what is not there is refused, and nothing is fetched for it', () => {
    const rows: readonly (readonly [unknown, RegExp])[] = [
      [{ $ref: 'https://example.com/a' }, /nothing is ever fetched/],
      [{ $ref: '#/$defs/a' }, /not there/],
      [{ $ref: '#/title', title: 'text' }, /no schema is/],
      [{ $ref: '#anchor' }, /anchor/],
      [{ $ref: '#%' }, /no URI reference/],
      [{ $ref: '#/~2' }, /not there/],
    ];
    for (const [schema] of rows) assert.match(String(refusal({ properties: { a: schema } }).why), /not there|URI|fetched/);
    for (const [schema, why] of rows) assert.match(String(refusal(schema).why), why);
  });

  test('what its owner changes after compiling changes nothing, and what is compiled changes nothing of it', () => {
    const schema = { properties: { a: { type: 'string', default: [1] } } };
    const before = structuredClone(schema);
    const compiled = compileSchema(schema);
    const filled = compiled.withDefaults({}) as { a: number[] };
    filled.a.push(2);
    assert.deepEqual(schema, before);
    schema.properties.a.type = 'number';
    assert.equal(compiled.isValid({ a: 'text' }), true);
    assert.deepEqual(compiled.withDefaults({}), { a: [1] });
  });

  test('one object of the host at two places of a schema is two subschemas', () => {
    const shared = { type: 'string', minLength: 2 };
    const { errors } = compileSchema({ properties: { a: shared, b: shared } }).validate({ a: 'x', b: 'y' });
    assert.deepEqual(errors.map((one) => one.keywordLocation), ['/properties/a/minLength', '/properties/b/minLength']);
  });

  test('options that are not known or out of range are refused at the door', () => {
    const wrong = (options: unknown): (() => unknown) => () => compileSchema(true, options as SchemaOptions);
    assert.throws(wrong({ format: 'assert' }), TypeError);
    assert.throws(wrong({ formats: 'yes' }), RangeError);
    assert.throws(wrong({ dialect: 'draft-04' }), RangeError);
    assert.throws(wrong({ bounds: { maxSteps: 1 } }), TypeError);
    assert.throws(wrong({ bounds: { maxSchemaSteps: 0 } }), RangeError);
  });
});

describe('references (JSON Schema core 2020-12 sections 8.2 and 9)', () => {
  test('a registry is looked into by the name of a document, by an $id inside of one, and by anchors', () => {
    const registry = new SchemaRegistry()
      .add('https://example.com/people', { $defs: { name: { $id: 'https://example.com/name', type: 'string', $defs: { short: { $anchor: 'short', maxLength: 3 } } } } })
      .add('urn:example:broken', { $schema: 'https://example.com/nowhere' });
    assert.deepEqual(judge({ $ref: 'https://example.com/people#/$defs/name' }, ['a', 1], { registry }), [true, false]);
    assert.deepEqual(judge({ $ref: 'https://example.com/name#short' }, ['abc', 'abcd'], { registry }), [true, false]);
    assert.deepEqual(judge({ $id: 'https://example.com/all/of/them', items: { $ref: '../../name' } }, [['a'], [1]], { registry }), [true, false]);
    assert.match(String(refusal({ $ref: 'urn:example:broken' }, { registry }).why), /dialect/);
    assert.throws(() => registry.add('https://example.com/people', true), TypeError);
    assert.throws(() => registry.add('people', true), TypeError);
    assert.deepEqual(registry.uris(), ['https://example.com/people', 'urn:example:broken']);
  });

  test('the metaschemas are there without a registry, and judge schemas', () => {
    for (const [uri, wrong] of [['https://json-schema.org/draft/2020-12/schema', { items: [{}] }], [DRAFT_07, { items: 1 }]] as const) {
      const compiled = compileSchema({ $ref: uri });
      assert.equal(compiled.isValid({ properties: { a: { type: ['string', 'null'], pattern: 'a' } } }), true, uri);
      assert.equal(compiled.isValid({ properties: { a: { type: 'text' } } }), false, uri);
      assert.equal(compiled.isValid({ properties: { a: wrong } }), false, uri);
    }
  });

  test('a tree that refers to itself is followed as deep as the value goes', () => {
    const tree = { type: 'object', properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#' } } }, required: ['value'] };
    const good = { value: 1, children: [{ value: 2, children: [] }, { value: 3, children: [{ value: 4 }] }] };
    const bad = { value: 1, children: [{ value: 2, children: [{ value: '3' }] }] };
    assert.deepEqual(judge(tree, [good, bad]), [true, false]);
    assert.equal(compileSchema(tree).validate(bad).errors[0]?.instanceLocation, '/children/0/children/0/value');
  });

  test('a definition means the same to one reference, to two, and to one inside of it', () => {
    const word = { type: 'string', minLength: 2 };
    const [once, twice] = [{ a: { $ref: '#/$defs/word' } }, { a: { $ref: '#/$defs/word' }, b: { items: { $ref: '#/$defs/word' } } }];
    const inside = { ...twice, c: { $ref: '#' } };
    const instances = [{ a: 'ab' }, { a: 'a' }, { b: ['ab', 'a'] }, { c: { c: { b: ['a'] } } }];
    const verdicts = [once, twice, inside].map((properties) => judge({ $defs: { word }, properties }, instances));
    assert.deepEqual(verdicts, [
      [true, false, true, true],
      [true, false, false, true],
      [true, false, false, false],
    ]);
  });

  test('a reference may lead to where no subschemas are looked for; anchors below that place are found from then on', () => {
    const part = { properties: { a: { $anchor: 'number', type: 'number' } } };
    const schema = { 'x-part': part, allOf: [{ $ref: '#/x-part' }], properties: { b: { $ref: '#/x-part/properties/a' } } };
    assert.deepEqual(judge(schema, [{ a: 1, b: 2 }, { a: '1' }, { b: '2' }]), [true, false, false]);
    assert.deepEqual(judge({ ...schema, items: { $ref: '#number' } }, [[1], ['1']]), [true, false]);
    assert.match(String(refusal({ 'x-part': part, $ref: '#number' }).why), /an anchor that is not there/);
  });

  test('a $dynamicRef means the outermost anchor of its name on the way that was taken', () => {
    const registry = new SchemaRegistry().add('https://example.com/list', {
      $defs: { item: { $dynamicAnchor: 'item' } },
      type: 'array',
      items: { $dynamicRef: '#item' },
    });
    const of = (type: string): unknown => ({ $id: `https://example.com/${type}s`, $ref: 'list', $defs: { item: { $dynamicAnchor: 'item', type } } });
    const both = { properties: { texts: of('string'), numbers: of('number'), all: { $ref: 'https://example.com/list' } } };
    assert.deepEqual(judge(both, [{ texts: ['a'], numbers: [1], all: ['a', 1] }, { texts: [1] }, { numbers: ['a'] }], { registry }), [true, false, false]);
  });
});

describe('members and names (own members only)', () => {
  test('names that every object inherits are members like all others', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    for (const name of names) {
      const schema = json(`{"properties":{${JSON.stringify(name)}:{"type":"string"}},"required":[${JSON.stringify(name)}],"additionalProperties":false}`);
      const member = (value: string): unknown => json(`{${JSON.stringify(name)}:${value}}`);
      assert.deepEqual(judge(schema, [member('"a"'), member('1'), {}, { other: 1 }]), [true, false, false, false], name);
      assert.deepEqual(judge({ type: 'object', ...(schema as object) }, [member('"a"'), member('1'), {}]), [true, false, false], name);
      assert.deepEqual(judge(json(`{"dependentRequired":{${JSON.stringify(name)}:["a"]}}`), [{}, member('1')]), [true, false], name);
      assert.deepEqual(judge({ maxProperties: 0 }, [{}, member('1')]), [true, false], name);
      assert.deepEqual(judge({ enum: [member('1')] }, [member('1'), member('2'), {}]), [true, false, false], name);
    }
  });

  test('a member that is inherited is none', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };
    assert.deepEqual(judge(schema, [Object.create({ a: 'x' }), Object.assign(Object.create({ b: 1 }) as object, { a: 'x' })]), [false, true]);
  });

  test('a member that is undefined is none, as JSON has it', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' }, b: true }, required: ['b'], additionalProperties: false };
    assert.deepEqual(judge(schema, [{ a: undefined, b: 1, c: undefined }, { b: undefined }]), [true, false]);
    assert.deepEqual(judge({ maxProperties: 1 }, [{ a: 1, b: undefined }]), [true]);
  });

  test('members are judged whatever their order, and with or without those that are optional', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer' }, c: { type: 'boolean' }, d: { enum: ['x', 'y'] } },
      required: ['d', 'b', 'z'],
      additionalProperties: { type: 'number' },
    };
    assert.deepEqual(judge(schema, [{ z: 1, d: 'x', c: true, b: 2, a: 's' }, { b: 2, d: 'y', z: 0, other: 1.5 }]), [true, true]);
    assert.deepEqual(judge(schema, [{ b: 2, d: 'y' }, { b: 2, d: 'y', z: 'no' }, { b: 2.5, d: 'y', z: 1 }, { b: 2, d: 'q', z: 1 }, { b: 2, d: 'y', z: 1, w: 'no' }]), [false, false, false, false, false]);
    assert.deepEqual(judge({ type: 'object', required: ['a'], additionalProperties: false }, [{}, { a: 1 }]), [false, false]);
  });

  test('patterns and names are asked of every member, others only of the rest', () => {
    const schema = { type: 'object', properties: { id: { type: 'integer' } }, patternProperties: { '^x-': { type: 'string' }, '-n$': { maxLength: 2 } }, additionalProperties: false };
    assert.deepEqual(judge(schema, [{ id: 1, 'x-a': 'abc' }, { 'x-n': 'ab' }, { 'x-n': 'abc' }, { 'x-a': 1 }, { y: 1 }]), [true, true, false, false, false]);
    assert.deepEqual(judge({ propertyNames: { maxLength: 2 } }, [{ ab: 1 }, { abc: 1 }]), [true, false]);
  });
});

describe('values', () => {
  test('a whole number is an integer however it is written (core section 4.2.2)', () => {
    assert.deepEqual(judge({ type: 'integer' }, [json('1.0'), json('1e3'), 1.5, '1']), [true, true, false, false]);
    assert.deepEqual(judge({ const: 1 }, [json('1.0'), true, '1']), [true, false, false]);
    assert.deepEqual(judge({ enum: [0, [false], { a: 1, b: [2] }] }, [-0, false, [0], [false], json('{"b":[2.0],"a":1}'), { a: 1 }]), [true, false, false, true, true, false]);
  });

  test('multiples are exact in decimal', () => {
    assert.deepEqual(judge({ multipleOf: 0.01 }, [19.99, 0.07, 4.35, 1e308, 19.995]), [true, true, true, true, false]);
    assert.deepEqual(judge({ multipleOf: 0.3 }, [0.9, 1e21, 1]), [true, false, false]);
    assert.deepEqual(judge({ multipleOf: 1e308 }, [1e308, 0, 5e307, 1]), [true, true, false, false]);
    assert.deepEqual(judge({ multipleOf: 5e-324 }, [1, 1.5]), [true, true]);
  });

  test('bounds that do not belong to the range are the next number away', () => {
    assert.deepEqual(judge({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, [0, 5e-324, 1 - 2 ** -53, 1]), [false, true, true, false]);
    assert.deepEqual(judge({ exclusiveMinimum: -1.5, maximum: 2 }, [-1.5, -1.4999999999999998, 2, 2.0000000000000004, 'a']), [false, true, true, false, true]);
  });

  test('a length is a count of code points (validation section 6.3)', () => {
    assert.deepEqual(judge({ type: 'string', minLength: 2, maxLength: 2 }, ['ab', '👍👍', '👍', 'a👍', 'abc', '\ud83d\ud83d', '👍👍👍']), [true, true, false, true, false, true, false]);
  });

  test('items are unique by value, and neither by type nor by text alone', () => {
    const unique = [[1, '1', true, null, [], {}], [[1], ['1']], ['{}', {}], ['[1,]', [1]], [{ a: 1 }, { a: 2 }, { b: 1 }]];
    const repeated = [[1, json('1.0')], [0, -0], [null, null], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [[{ a: [] }], [{ a: [] }]]];
    assert.deepEqual(judge({ uniqueItems: true }, [...unique, ...repeated]), [...unique.map(() => true), ...repeated.map(() => false)]);
  });

  test('what JSON does not have is of no type', () => {
    for (const foreign of [undefined, () => 1, Symbol('a'), 1n]) {
      assert.deepEqual(judge({ type: ['null', 'boolean', 'object', 'array', 'number', 'string'] }, [foreign]), [false]);
      assert.deepEqual(judge(true, [foreign]), [true]);
    }
  });

  test('an anyOf of types, of schemas and of null decides as its branches do', () => {
    assert.deepEqual(judge({ anyOf: [{ type: 'string' }, { type: 'null' }] }, ['a', null, 1, {}]), [true, true, false, false]);
    assert.deepEqual(judge({ anyOf: [{ type: 'integer' }, { type: 'object', required: ['a'] }] }, [1, 1.5, {}, { a: 1 }]), [true, false, false, true]);
    assert.deepEqual(judge({ oneOf: [{ multipleOf: 2 }, { multipleOf: 3 }] }, [2, 3, 6, 5]), [true, true, false, false]);
    assert.deepEqual(judge({ if: { type: 'string' }, then: { minLength: 2 }, else: { minimum: 2 } }, ['a', 'ab', 1, 2]), [false, true, false, true]);
  });

  test('formats are annotations by default, and assertions where that is asked for', () => {
    assert.deepEqual(judge({ format: 'ipv4' }, ['x']), [true]);
    assert.deepEqual(judge({ format: 'ipv4' }, ['x', '127.0.0.1', 1], { formats: 'assert' }), [false, true, true]);
    assert.deepEqual(judge({ format: 'of our own' }, ['x'], { formats: 'assert' }), [true]);
  });

  test('content is an annotation (validation section 8)', () => {
    assert.deepEqual(judge({ contentEncoding: 'base64', contentMediaType: 'application/json', contentSchema: false }, ['%%%', '{']), [true, true]);
  });
});

describe('unevaluated members and items (core section 11)', () => {
  test('what any branch that holds evaluated is allowed, and nothing else', () => {
    const schema = {
      $defs: { base: { properties: { id: { type: 'integer' } } } },
      $ref: '#/$defs/base',
      anyOf: [{ properties: { a: { type: 'string' } }, required: ['a'] }, { properties: { b: true }, required: ['b'] }],
      unevaluatedProperties: false,
    };
    assert.deepEqual(judge(schema, [{ id: 1, a: 'x' }, { id: 1, b: 1 }, { a: 'x', b: 1 }, { a: 1, b: 1 }, { a: 'x', c: 1 }]), [true, true, true, false, false]);
    assert.deepEqual(judge({ prefixItems: [true], contains: { type: 'string' }, unevaluatedItems: { type: 'null' } }, [[1, 'a', null], [1, 'a', 2], ['a']]), [true, false, true]);
    const { errors } = compileSchema(schema).validate({ a: 'x', c: 1 });
    assert.deepEqual(errors.map((one) => [one.keywordLocation, one.error]), [['/unevaluatedProperties', 'the member "c" is not allowed']]);
  });
});

describe('what is wrong (core section 12, the basic form)', () => {
  test('every error says where in the instance, which way through the schema, and where the keyword stands', () => {
    const schema = {
      $id: 'https://example.com/order',
      type: 'object',
      properties: { items: { type: 'array', items: { $ref: '#/$defs/item' } } },
      required: ['id'],
      $defs: { item: { properties: { 'a/b': { type: 'string' } }, additionalProperties: false } },
    };
    assert.deepEqual(compileSchema(schema).validate({ items: [{}, { 'a/b': 1, c: 2 }] }), {
      valid: false,
      errors: [
        { keywordLocation: '/required', instanceLocation: '', error: 'expected a member "id", which is missing', absoluteKeywordLocation: 'https://example.com/order#/required' },
        {
          keywordLocation: '/properties/items/items/$ref/properties/a~1b/type',
          instanceLocation: '/items/1/a~1b',
          error: 'expected string; got 1',
          absoluteKeywordLocation: 'https://example.com/order#/$defs/item/properties/a~1b/type',
        },
        {
          keywordLocation: '/properties/items/items/$ref/additionalProperties',
          instanceLocation: '/items/1',
          error: 'the member "c" is not allowed',
          absoluteKeywordLocation: 'https://example.com/order#/$defs/item/additionalProperties',
        },
      ],
    });
  });

  test('a schema without a URI has no absolute locations; a valid value has no errors', () => {
    const compiled = compileSchema({ type: 'string' });
    assert.deepEqual(compiled.validate('a'), { valid: true, errors: [] });
    assert.deepEqual(compiled.validate(1), { valid: false, errors: [{ keywordLocation: '/type', instanceLocation: '', error: 'expected string; got 1' }] });
    assert.deepEqual(compileSchema(false).validate(1).errors, [{ keywordLocation: '', instanceLocation: '', error: 'nothing is allowed here' }]);
  });

  test('every keyword tells what it expected and what came', () => {
    const rows: readonly (readonly [unknown, unknown, string, string])[] = [
      [{ enum: ['a', 'b'] }, 'c', '/enum', 'expected one of "a", "b"; got "c"'],
      [{ const: null }, [1], '/const', 'expected null; got an array of 1'],
      [{ minimum: 5 }, 4, '/minimum', 'expected at least 5; got 4'],
      [{ exclusiveMaximum: 5 }, 5, '/exclusiveMaximum', 'expected less than 5; got 5'],
      [{ multipleOf: 2 }, 3, '/multipleOf', 'expected a multiple of 2; got 3'],
      [{ minLength: 3 }, 'ab', '/minLength', 'expected at least 3 characters; got "ab"'],
      [{ maxLength: 1 }, 'ab', '/maxLength', 'expected at most 1 characters; got "ab"'],
      [{ pattern: '^a' }, 'b', '/pattern', 'expected a match of the pattern "^a"; got "b"'],
      [{ minItems: 1 }, [], '/minItems', 'expected at least 1 items; got 0'],
      [{ maxItems: 1 }, [1, 2], '/maxItems', 'expected at most 1 items; got 2'],
      [{ uniqueItems: true }, [1, 1], '/uniqueItems', 'expected items that all differ; two are equal'],
      [{ contains: { const: 1 } }, [2], '/contains', 'expected at least 1 items that fit; got 0'],
      [{ contains: { const: 1 }, maxContains: 1 }, [1, 1], '/maxContains', 'expected at most 1 items that fit; got 2'],
      [{ minProperties: 1 }, {}, '/minProperties', 'expected at least 1 members; got 0'],
      [{ maxProperties: 0 }, { a: 1 }, '/maxProperties', 'expected at most 0 members; got 1'],
      [{ propertyNames: { maxLength: 1 } }, { ab: 1 }, '/propertyNames', 'the name "ab" is not allowed'],
      [{ dependentRequired: { a: ['b'] } }, { a: 1 }, '/dependentRequired/a', 'expected a member "b" beside "a"'],
      [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 1, '/anyOf', 'expected a value for one of 2 schemas; got one for none of them'],
      [{ oneOf: [true, { type: 'integer' }] }, 1, '/oneOf', 'expected a value for exactly one of 2 schemas; got one for those at 0, 1'],
      [{ not: {} }, 1, '/not', 'expected a value that the schema below does not allow'],
      [{ dependentSchemas: { a: { required: ['b'] } } }, { a: 1 }, '/dependentSchemas/a/required', 'expected a member "b", which is missing'],
      [{ prefixItems: [{ type: 'null' }] }, [1], '/prefixItems/0/type', 'expected null; got 1'],
      [{ unevaluatedItems: false }, [1], '/unevaluatedItems', 'the item at 0 is not allowed'],
    ];
    for (const [schema, instance, location, error] of rows) {
      const [first] = compileSchema(schema).validate(instance).errors;
      assert.deepEqual([first?.keywordLocation, first?.error], [location, error]);
    }
    assert.equal(compileSchema({ format: 'uuid' }, { formats: 'assert' }).validate('x').errors[0]?.error, 'expected the format uuid; got "x"');
  });

  test('as one sentence: the place, what was expected and what came, cut and escaped', () => {
    const compiled = compileSchema({ properties: { name: { type: 'integer' } }, required: ['id'] });
    assert.equal(schemaSentence(compiled.validate({ id: 1, name: 'Zoë\u202e\n' })), '/name: expected integer; got "Zoë\\u{202e}\\n"');
    assert.equal(schemaSentence(compiled.validate({ name: 'x'.repeat(1_000) })), 'the value: expected a member "id", which is missing (and 1 more)');
    assert.equal(schemaSentence(compiled.validate({ id: 1 })), 'the value is valid');
    const long = schemaSentence(compileSchema({ const: 1 }).validate('\u0007'.repeat(5_000)));
    assert.ok(long.length < 1_000 && !long.includes('\u0007'), long);
    const names = Array.from({ length: 5_000 }, () => 'string');
    assert.ok(schemaSentence(compileSchema({ type: names }).validate(1)).length < 1_000, 'a list of types of any length');
    const far = schemaSentence(compileSchema({ additionalProperties: { type: 'string' } }).validate({ ['\u001b'.repeat(5_000)]: 1 }));
    assert.ok(far.startsWith('/\\u{1b}') && far.endsWith(': expected string; got 1') && far.length < 2_000, far);
    assert.equal(schemaSentence({ valid: false, errors: [], truncated: true }), 'the value is not valid');
    assert.equal(schemaSentence(compileSchema({ items: false }, { bounds: { maxSchemaErrors: 1 } }).validate([1, 2])), '/0: nothing is allowed here (and more)');
  });
});

describe('defaults (validation section 9.2)', () => {
  test('members that are missing are filled in, those that are there stay as they are', () => {
    const schema = {
      properties: {
        name: { type: 'string', default: 'unnamed' },
        count: { $ref: '#/$defs/count' },
        options: { default: {}, properties: { deep: { default: [1] } } },
        list: { items: { properties: { on: { default: true } } } },
      },
      allOf: [{ properties: { all: { default: null } } }],
      if: { required: ['kind'] },
      then: { properties: { then: { default: 1 } } },
      anyOf: [{ properties: { kind: { const: 'b' }, branch: { default: 'b' } }, required: ['kind'] }, { properties: { branch: { default: 'other' } } }],
      $defs: { count: { default: 0 } },
    };
    const instance = { name: 'given', list: [{}, { on: false }], kind: 'b' };
    const before = structuredClone(instance);
    assert.deepEqual(compileSchema(schema).withDefaults(instance), {
      ...{ name: 'given', list: [{ on: true }, { on: false }], kind: 'b' },
      ...{ count: 0, options: { deep: [1] }, all: null, then: 1, branch: 'b' },
    });
    assert.deepEqual(instance, before);
    assert.deepEqual(compileSchema({ default: 3 }).withDefaults(undefined), 3);
    assert.equal(compileSchema({ default: 3 }).withDefaults(4), 4);
    assert.deepEqual(Object.keys(compileSchema(json('{"properties":{"__proto__":{"default":1}}}')).withDefaults({}) as object), ['__proto__']);
  });
});

describe('the bounds of a schema, each at its limit and one beyond', () => {
  const within = (bounds: Partial<SchemaBounds>, schema: unknown, instance: unknown): unknown => limitOf(() => compileSchema(schema, { bounds }).isValid(instance));

  test('subschemas, their depth, steps, recursion, patterns, and the depth of what is compared', () => {
    const levels = (count: number): unknown => JSON.parse('['.repeat(count) + ']'.repeat(count));
    const three = { properties: { a: { type: 'string' }, b: { not: {} } } };
    assert.deepEqual([within({ maxSubschemas: 4 }, three, {}), within({ maxSubschemas: 3 }, three, {})], [undefined, 'maxSubschemas']);
    assert.deepEqual([within({ maxSchemaDepth: 3 }, three, {}), within({ maxSchemaDepth: 2 }, three, {})], [undefined, 'maxSchemaDepth']);
    const item = { items: { type: 'object', minProperties: 0 } };
    const objects = (count: number): unknown => Array.from({ length: count }, () => ({}));
    assert.deepEqual([within({ maxSchemaSteps: 100 }, item, objects(50)), within({ maxSchemaSteps: 100 }, item, objects(200))], [undefined, 'maxSchemaSteps']);
    const tree = { items: { $ref: '#' } };
    assert.deepEqual([within({ maxSchemaRecursion: 20 }, tree, levels(8)), within({ maxSchemaRecursion: 20 }, tree, levels(30))], [undefined, 'maxSchemaRecursion']);
    assert.deepEqual([within({ maxDepth: 5 }, { enum: [[]] }, levels(5)), within({ maxDepth: 5 }, { enum: [[]] }, levels(6))], [undefined, 'maxDepth']);
    assert.deepEqual([within({ maxPatternInputCharacters: 3 }, { pattern: 'a' }, 'aaa'), within({ maxPatternInputCharacters: 3 }, { pattern: 'a' }, 'aaaa')], [undefined, 'maxPatternInputCharacters']);
    assert.match(String(refusal({ pattern: 'abcd' }, { bounds: { maxPatternCharacters: 3 } }).why), /pattern/);
    assert.equal(compileSchema({ items: false }, { bounds: { maxSchemaErrors: 2 } }).validate([1, 2, 3]).errors.length, 2);
  });

  test('a result of 20,000 rows with eight members each is within the default steps', () => {
    const row = { type: 'object', properties: Object.fromEntries([...'abcdefgh'].map((name) => [name, { type: 'string' }])), required: ['a'], additionalProperties: false };
    const rows = Array.from({ length: 20_000 }, () => Object.fromEntries([...'abcdefgh'].map((name) => [name, name])));
    assert.equal(DEFAULT_SCHEMA_BOUNDS.maxSchemaSteps, 100_000);
    assert.equal(compileSchema({ type: 'array', items: row }).isValid(rows), true);
  });

  test('a pattern that no linear matcher takes is refused, unless the host says that it may be dangerous', () => {
    assert.match(String(refusal({ pattern: '(a)\\1' }).why), /pattern/);
    assert.deepEqual(judge({ pattern: '^(a|b)\\1$' }, ['aa', 'ab'], { dangerouslyAllowNonLinearPatterns: true }), [true, false]);
  });
});
