import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCorpus } from '../helpers/corpora.ts';
import { assertValidOutbound, checkAgainst, checkMessage, protocolSchema, readSchemaDocument, schemasMissing } from '../helpers/schema-check.ts';
import type { MessageFacts } from '../helpers/schema-check.ts';

const skip = schemasMissing();

describe('finding the outside suites', () => {
  test('a suite that is absent is named with the place where it was looked for', () => {
    const { folder, missing } = findCorpus('no-such-suite', '/no/such/place');
    assert.equal(folder, undefined);
    assert.match(missing ?? '', /no-such-suite is not at .*no.such.place.no-such-suite/);
  });

  test('CORPORA=required turns absence into a failure', () => {
    assert.throws(() => findCorpus('no-such-suite', 'required'), /no-such-suite is not at .*CORPORA=required/);
  });

  test('CORPORA names the folder that holds the suites', () => {
    const here = new URL('..', import.meta.url).pathname;
    assert.equal(findCorpus('corpora', here).folder?.replaceAll('\\', '/').endsWith('test/corpora'), true);
  });
});

describe('the schema checker, on schemas of our own', () => {
  const errorsOf = (schema: object, value: unknown, closed: boolean = false): string[] =>
    checkAgainst(readSchemaDocument({ $defs: { Whole: schema, Name: { type: 'string' } } }), 'Whole', value, { closed });

  test('a keyword, a format, a reference or a type that it does not know is refused with its place, not passed over', () => {
    const refused: [object, RegExp][] = [
      [{ properties: { a: { pattern: 'x' } } }, /^Error: #\/\$defs\/Whole\/properties\/a\/pattern: /],
      [{ items: { anyOf: [{ not: {} }] } }, /^Error: #\/\$defs\/Whole\/items\/anyOf\/0\/not: /],
      [{ format: 'email' }, /^Error: #\/\$defs\/Whole\/format: /],
      [{ type: 'text' }, /^Error: #\/\$defs\/Whole\/type: /],
      [{ type: [] }, /^Error: #\/\$defs\/Whole\/type: /],
      [{ minimum: '1' }, /^Error: #\/\$defs\/Whole\/minimum: /],
      [{ anyOf: [] }, /^Error: #\/\$defs\/Whole\/anyOf: /],
      [{ items: [{}] }, /^Error: #\/\$defs\/Whole\/items: /],
      [{ $ref: '#/$defs/Nobody' }, /^Error: #\/\$defs\/Whole\/\$ref: /],
      [{ $ref: 'https://example.org/' }, /^Error: #\/\$defs\/Whole\/\$ref: /],
      [{ Type: 'string' }, /^Error: #\/\$defs\/Whole\/Type: /],
    ];
    for (const [schema, expected] of refused) assert.throws(() => errorsOf(schema, {}), expected, JSON.stringify(schema));
  });

  test('every keyword it knows accepts what fits and names the place of what does not', () => {
    const rows: [object, unknown, unknown, string][] = [
      [{ type: 'object' }, {}, [], '(whole) is array, not object'],
      [{ type: 'integer' }, 7, 7.5, '(whole) is number, not integer'],
      [{ type: ['string', 'integer'] }, '7', null, '(whole) is null, not string or integer'],
      [{ type: 'null' }, null, {}, '(whole) is object, not null'],
      [{ const: { a: [1] } }, { a: [1] }, { a: [2] }, '(whole) is not {"a":[1]}'],
      [{ enum: ['a', 1] }, 1, '1', '(whole) is not one of ["a",1]'],
      [{ minimum: 0, maximum: 1 }, 1, 1.01, '(whole) is over 1'],
      [{ minimum: 0 }, 0, -0.1, '(whole) is under 0'],
      [{ minItems: 1, maxItems: 2 }, [1], [], '(whole) has 0 items, not 1 to 2'],
      [{ maxItems: 1 }, [1], [1, 2], '(whole) has 2 items, not 0 to 1'],
      [{ required: ['a'] }, { a: undefined }, {}, '(whole) lacks a'],
      [{ properties: { 'a/b': { items: { $ref: '#/$defs/Name' } } } }, { 'a/b': ['x'] }, { 'a/b': ['x', 1] }, '/a~1b/1 is number, not string'],
      [{ additionalProperties: { type: 'string' } }, { a: 'x' }, { a: 1 }, '/a is number, not string'],
      [{ properties: { a: {} }, additionalProperties: false }, { a: 1 }, { b: 1 }, '/b nothing is allowed here'],
      [{ allOf: [{ required: ['a'] }, { required: ['b'] }] }, { a: 1, b: 1 }, { a: 1 }, '(whole) lacks b'],
      [{ anyOf: [{ type: 'string' }, { minimum: 3, type: 'number' }] }, 3, 2, '(whole) fits none of 2: (whole) is number, not string | (whole) is under 3'],
      [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 1.5, 1, '(whole) fits 2 of 2 where one is allowed'],
      [{ format: 'byte' }, 'AAE=', 'AAE', '(whole) is not a byte'],
      [{ format: 'uri' }, 'urn:x:%20', '/relative', '(whole) is not a uri'],
      [{ format: 'uri' }, 'a:', 'a:b c', '(whole) is not a uri'],
      [{ format: 'uri-template' }, '/{+a}{?b*}', '/{a', '(whole) is not a uri-template'],
    ];
    for (const [schema, right, wrong, error] of rows) {
      assert.deepEqual(errorsOf(schema, right), [], JSON.stringify(schema));
      assert.deepEqual(errorsOf(schema, wrong), [error], JSON.stringify(schema));
    }
  });

  test('members of a prototype are no members', () => {
    assert.deepEqual(errorsOf({ required: ['toString'] }, {}), ['(whole) lacks toString']);
    assert.deepEqual(errorsOf({ properties: { a: {} }, additionalProperties: false }, { constructor: 1 }), ['/constructor nothing is allowed here']);
  });

  test('looked at closed, an undeclared member is an error unless another part of an allOf declares it', () => {
    const part = { properties: { a: {} } };
    assert.deepEqual(errorsOf(part, { b: 1 }), []);
    assert.deepEqual(errorsOf({ properties: { deep: part } }, { deep: { b: 1 } }, true), ['/deep/b is not declared']);
    assert.deepEqual(errorsOf({ allOf: [part, { properties: { b: {} } }] }, { a: 1, b: 1 }, true), []);
    assert.deepEqual(errorsOf({ ...part, additionalProperties: {} }, { b: 1 }, true), []);
  });
});

describe('the schema checker, on messages: what is wrong is found', () => {
  type Row = readonly [what: string, revision: string, message: unknown, facts: MessageFacts, error: RegExp];
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a', arguments: {} } };
  const client = { from: 'client' } as const;
  const server = { from: 'server' } as const;
  const result = (value: unknown): object => ({ jsonrpc: '2.0', id: 1, result: value });
  const rows: readonly Row[] = [
    ['no jsonrpc', '2025-06-18', { ...call, jsonrpc: undefined }, client, /fits none/],
    ['another jsonrpc', '2025-11-25', { ...call, jsonrpc: '1.0' }, client, /fits none/],
    ['a fractional id', '2024-11-05', { jsonrpc: '2.0', id: 1.5, result: {} }, server, /fits none.*\/id is number, not string or integer/],
    ['a null id', '2025-11-25', { jsonrpc: '2.0', id: null, result: {} }, server, /fits none/],
    ['an array of params', '2025-06-18', { ...call, params: [] }, client, /fits none/],
    ['a batch where there are none', '2025-06-18', [call], client, /fits none/],
    ['a bad message inside a batch', '2025-03-26', [call, { ...call, params: {} }], client, /^\/1\/params lacks name$/],
    ['a request without its params', '2025-06-18', { jsonrpc: '2.0', id: 1, method: 'tools/call' }, client, /^\(whole\) lacks params$/],
    ['a name that is a number', '2025-11-25', { ...call, params: { name: 7 } }, client, /^\/params\/name is number, not string$/],
    ['arguments that are a list', '2024-11-05', { ...call, params: { name: 'a', arguments: [] } }, client, /^\/params\/arguments is array, not object$/],
    ['a request of the other side', '2025-06-18', call, server, /^\/method is no request that a server of 2025-06-18 sends: tools\/call$/],
    ['a method of a later revision', '2025-03-26', { ...call, method: 'elicitation/create' }, server, /^\/method is no request/],
    ['a notification sent as a request', '2025-06-18', { ...call, method: 'notifications/initialized', params: {} }, client, /^\/method is no request/],
    ['a request sent as a notification', '2025-06-18', { jsonrpc: '2.0', method: 'ping' }, client, /^\/method is no notification/],
    ['a level that is none', '2025-11-25', { ...call, method: 'logging/setLevel', params: { level: 'trace' } }, client, /^\/params\/level is not one of/],
    ['a uri that is none', '2024-11-05', { ...call, method: 'resources/read', params: { uri: 'a b' } }, client, /^\/params\/uri is not a uri$/],
    ['a prompt argument that is a number', '2025-06-18', { ...call, method: 'prompts/get', params: { name: 'p', arguments: { n: 1 } } }, client, /^\/params\/arguments\/n is number/],
    ['a reference that is none', '2025-06-18', { ...call, method: 'completion/complete', params: { ref: { type: 'ref/tool', name: 'a' }, argument: { name: 'a', value: '' } } }, client, /^\/params\/ref fits none/],
    ['progress that is text', '2025-03-26', { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: '1' } }, server, /^\/params\/progress is string/],
    ['a cancellation of nothing', '2025-06-18', { jsonrpc: '2.0', method: 'notifications/cancelled', params: {} }, client, /^\/params lacks requestId$/],
    ['a result without content', '2025-06-18', result({}), { from: 'server', answers: 'tools/call' }, /^\/result lacks content$/],
    ['audio before there was audio', '2024-11-05', result({ content: [{ type: 'audio', data: '', mimeType: 'a/b' }] }), { from: 'server', answers: 'tools/call' }, /^\/result\/content\/0 fits none/],
    ['a resource without its content', '2025-11-25', result({ contents: [{ uri: 'a:b' }] }), { from: 'server', answers: 'resources/read' }, /^\/result\/contents\/0 fits none/],
    ['a blob that is no base64', '2025-03-26', result({ contents: [{ uri: 'a:b', blob: 'é' }] }), { from: 'server', answers: 'resources/read' }, /is not a byte/],
    ['an action that is none', '2025-06-18', result({ action: 'ok' }), { from: 'client', answers: 'elicitation/create' }, /^\/result\/action is not one of/],
    ['a role that is none', '2025-11-25', result({ role: 'system', model: 'm', content: { type: 'text', text: '' } }), { from: 'client', answers: 'sampling/createMessage' }, /^\/result\/role is not one of/],
    ['a task without its times', '2025-11-25', result({ task: { taskId: 't', status: 'working', ttl: null } }), { from: 'server', answers: 'tools/call' }, /^\/result\/task lacks createdAt$/],
    ['an answer to what nobody asks', '2025-06-18', result({}), { from: 'client', answers: 'tools/call' }, /^\/result answers tools\/call/],
    ['a misspelt member', '2025-11-25', result({ content: [], iserror: true, structuredContent: 1 }), { from: 'server', answers: 'tools/call' }, /^\/result\/structuredContent is number, not object$/],
    ['a misspelt member, looked at closed', '2025-06-18', { ...call, params: { name: 'a', argument: {} } }, { from: 'client', closed: true }, /^\/params\/argument is not declared$/],
    ['an error without a message', '2024-11-05', { jsonrpc: '2.0', id: 1, error: { code: 1 } }, server, /fits none.*\/error lacks message/],
    ['an error with a fractional code', '2025-11-25', { jsonrpc: '2.0', id: 1, error: { code: 1.5, message: '' } }, server, /fits none/],
    ['an error without an id before 2025-11-25', '2025-06-18', { jsonrpc: '2.0', error: { code: 1, message: '' } }, server, /fits none/],
    ['a URL elicitation error without URLs', '2025-11-25', { jsonrpc: '2.0', id: 1, error: { code: -32042, message: '', data: {} } }, server, /^\/error\/data lacks elicitations$/],
    ['both result and error', '2025-06-18', { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } }, server, /neither request/],
  ];

  for (const [what, revision, message, facts, error] of rows) {
    test(what, { skip }, () => {
      const errors = checkMessage(revision, JSON.parse(JSON.stringify(message)), facts);
      assert.ok(errors.length > 0, 'an error is found');
      assert.match(errors[0] ?? '', error);
    });
  }

  test('the valid messages that the rows above are made from are valid', { skip }, () => {
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      assert.deepEqual(checkMessage(revision, call, client), []);
      assert.deepEqual(checkMessage(revision, result({ content: [] }), { from: 'server', answers: 'tools/call' }), []);
      assert.deepEqual(checkMessage(revision, result({}), { from: 'client', answers: 'ping' }), []);
    }
    assert.deepEqual(checkMessage('2025-03-26', [call, call], client), []);
  });

  test('all five schema documents hold only keywords that the checker knows', { skip }, () => {
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28']) {
      assert.ok(protocolSchema(revision).definitions.size > 70, revision);
    }
  });

  test('of the frames that a client sent, an invalid one fails the assertion, results by the request that they answer', { skip }, () => {
    const good = [JSON.stringify(call), `${JSON.stringify(result({ roots: [] }))}\n`];
    const asked = ['no message', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'roots/list' })];
    assertValidOutbound('2025-06-18', good, asked);
    assert.throws(() => assertValidOutbound('2025-06-18', [JSON.stringify(result({ root: [] }))], asked), /lacks roots/);
    assert.throws(() => assertValidOutbound('2025-06-18', [JSON.stringify({ ...call, params: {} })]), /lacks name/);
    assert.throws(() => assertValidOutbound('2025-06-18', [`${JSON.stringify(call)}\n${JSON.stringify(call)}`]), /one line/);
    assert.throws(() => assertValidOutbound('2025-06-18', ['{']), SyntaxError);
  });
});
