import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RPCError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { Limits } from '../../../lib/base/limits.ts';
import { RequestRefusal } from '../../../lib/connection/incoming-requests.ts';
import type { ReplyReader } from '../../../lib/connection/pending-requests.ts';
import type { RequestSettings } from '../../../lib/connection/request-settings.ts';
import { elicitURLs } from '../../../lib/features/elicit-urls.ts';
import { ElicitationBook, hearingElicitations } from '../../../lib/features/elicitation-book.ts';
import { elicitationFeature, resolveElicitation } from '../../../lib/features/elicitation.ts';
import type { ElicitationHandler, FormElicitationAnswer, URLElicitationHandler } from '../../../lib/features/elicitation.ts';
import { resolveHandlers } from '../../../lib/features/handlers.ts';
import type { HostContext } from '../../../lib/features/host-feature.ts';
import { refusedArguments, refusedRequest, refusedResource } from '../../../lib/features/refusals.ts';
import type { Requester } from '../../../lib/features/requester.ts';
import { URLElicitationRequiredError } from '../../../lib/features/url-elicitation-required.ts';
import type { ElicitationField, FormElicitation, URLElicitation } from '../../../lib/protocol/types/elicitation.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

const NEVER = new AbortController().signal;

function contextOf(limits: Partial<Limits> = {}): HostContext & { readonly clock: FakeClock } {
  const all = { ...DEFAULT_LIMITS, ...limits };
  return { serverName: 'shop', clock: new FakeClock(), limits: all, callbackFault: () => assert.fail('nothing is told here'), fault: () => assert.fail('nothing is wrong here'), elicitations: new ElicitationBook(all.maxKnownElicitations) };
}

/** What a server is answered when it asks with `params`. */
async function answerTo(params: JSONObject, handler: ElicitationHandler, context: HostContext = contextOf(), signal: AbortSignal = NEVER): Promise<JSONObject> {
  const { answers } = elicitationFeature(resolveElicitation(handler) ?? assert.fail(), context);
  return (await answers.get('elicitation/create')?.({ id: 1, method: 'elicitation/create', params, signal })) ?? assert.fail('nothing answers');
}

/** The words with which a server is refused as −32602. */
async function refusal(params: JSONObject, handler: ElicitationHandler = () => assert.fail('the host was asked'), limits: Partial<Limits> = {}): Promise<string> {
  const reason: unknown = await answerTo(params, handler, contextOf(limits)).then(() => assert.fail('it was answered'), (cause: unknown) => cause);
  assert.ok(reason instanceof RequestRefusal, String(reason));
  assert.equal(reason.rpcCode, -32602);
  assert.equal(reason.data, undefined);
  return reason.message;
}

const form = (properties: JSONObject, more: JSONObject = {}): JSONObject => ({ message: 'Who are you?', requestedSchema: { type: 'object', properties, ...more } });
const page = (url: unknown, more: JSONObject = {}): JSONObject => ({ mode: 'url', message: 'Please sign in', url, elicitationId: 'visit-1', ...more });

/** What the host is shown of a form. */
async function shown(params: JSONObject): Promise<FormElicitation> {
  let request: FormElicitation | undefined;
  const answer = await answerTo(params, (came) => ((request = came), { action: 'decline' }));
  assert.deepEqual(answer, { action: 'decline' });
  return request ?? assert.fail('the host was not asked');
}

const fieldOf = async (schema: JSONObject, more: JSONObject = {}): Promise<ElicitationField | undefined> => (await shown(form({ it: schema }, more))).fields[0];

const NO_BASE = { name: 'it', title: undefined, description: undefined, required: false };

describe('handlers.elicitation, as an option', () => {
  const capabilities = (handler: ElicitationHandler): unknown => elicitationFeature(resolveElicitation(handler) ?? assert.fail(), contextOf()).capabilities;

  test('the modes that have a handler are declared, and a function alone is for forms (2025-11-25, "Capabilities")', () => {
    const decline = () => ({ action: 'decline' }) as const;
    assert.deepEqual(capabilities(decline), { elicitation: { form: {} } });
    assert.deepEqual(capabilities({ form: decline }), { elicitation: { form: {} } });
    assert.deepEqual(capabilities({ url: decline }), { elicitation: { url: {} } });
    assert.deepEqual(capabilities({ form: decline, url: decline }), { elicitation: { form: {}, url: {} } });
    assert.equal(resolveHandlers(undefined).elicitation, undefined);
    assert.equal(resolveHandlers({}).elicitation, undefined);
  });

  test('what is no handler is a TypeError that says so', () => {
    const wrong: ReadonlyArray<readonly [unknown, RegExp]> = [
      [true, /^handlers\.elicitation must be a function or an object with form, url or both; got the boolean true$/],
      [{}, /^handlers\.elicitation must have form, url or both; got neither$/],
      [{ form: 'yes' }, /^handlers\.elicitation\.form must be a function; got a string of 3 characters$/],
      [{ url: null }, /^handlers\.elicitation\.url must be a function; got null$/],
      [{ forms: () => {} }, /^handlers\.elicitation has no option "forms"; did you mean "form"\?/],
    ];
    for (const [handler, message] of wrong) assert.throws(() => resolveHandlers({ elicitation: handler }), { name: 'TypeError', message });
  });

  test('a mode that was not declared, and one that does not exist, are refused as −32602 ("Error Handling")', async () => {
    const decline = () => ({ action: 'decline' }) as const;
    assert.equal(await refusal(page('https://shop.example/'), { form: decline }), 'This client offers no elicitation of mode url');
    assert.equal(await refusal(form({}), { url: decline }), 'This client offers no elicitation of mode form');
    assert.equal(await refusal({ ...form({}), mode: 'voice\u202e' }), 'The elicitation is refused: /mode must be "form" or "url"; got another string');
    assert.equal(await refusal({ ...form({}), mode: 7 }), 'The elicitation is refused: /mode must be a string; got the number 7');
  });
});

describe('a form as the host is shown it', () => {
  test('without a mode, or with mode form, it is a form: message, fields in order, the schema as it came, who asks', async () => {
    const requestedSchema = { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object', properties: { b: { type: 'boolean' }, a: { type: 'string', 'x-hint': [1] } }, required: ['a'], title: 'Sign up' };
    for (const mode of [{}, { mode: 'form' }, { mode: null }]) {
      const request = await shown({ ...mode, message: 'Hello', requestedSchema, task: { ttl: 1 } });
      assert.equal(request.mode, 'form');
      assert.equal(request.message, 'Hello');
      assert.deepEqual(request.requestedSchema, requestedSchema);
      assert.deepEqual(request.fields.map(({ name, required }) => [name, required]), [['b', false], ['a', true]]);
    }
    await answerTo(form({}), (_request, { serverName, signal }) => {
      assert.deepEqual([serverName, signal], ['shop', NEVER]);
      return { action: 'cancel' };
    });
  });

  test('all of it is frozen, and a copy: what the host does to it, or the wire to its own, changes nothing', async () => {
    const params = form({ pet: { type: 'string', enum: ['cat'], title: 'Pet' }, pets: { type: 'array', items: { anyOf: [{ const: 'cat', title: 'Cat' }] }, default: ['cat'] } });
    const request = await shown(params);
    const parts: unknown[] = [request];
    for (const part of parts) {
      assert.ok(Object.isFrozen(part), JSON.stringify(part));
      for (const value of Object.values(part as object)) if (typeof value === 'object' && value !== null) parts.push(value);
    }
    assert.ok(parts.length > 10);
    assert.ok(!Object.isFrozen(params['requestedSchema']));
    assert.notEqual(request.requestedSchema, params['requestedSchema']);
  });

  test('text, with every keyword of every revision that has forms', async () => {
    const text = { ...NO_BASE, type: 'string', format: undefined, minLength: undefined, maxLength: undefined, pattern: undefined, default: undefined };
    assert.deepEqual(await fieldOf({ type: 'string' }), text);
    assert.deepEqual(await fieldOf({ type: 'string', title: 'Alias', description: 'As on the badge', minLength: 2, maxLength: 9, pattern: '^[a-z]+$', default: 'zoe' }, { required: ['it'] }), {
      ...text,
      title: 'Alias',
      description: 'As on the badge',
      required: true,
      minLength: 2,
      maxLength: 9,
      pattern: '^[a-z]+$',
      default: 'zoe',
    });
    for (const format of ['email', 'uri', 'date', 'date-time', 'house-number']) assert.deepEqual(await fieldOf({ type: 'string', format }), { ...text, format });
    assert.deepEqual(await fieldOf({ type: 'string', title: null, default: null }), text, 'null is absent');
  });

  test('numbers, whole numbers, yes or no', async () => {
    for (const type of ['number', 'integer']) {
      assert.deepEqual(await fieldOf({ type }), { ...NO_BASE, type, minimum: undefined, maximum: undefined, default: undefined });
      assert.deepEqual(await fieldOf({ type, minimum: 1, maximum: 5, default: 3 }), { ...NO_BASE, type, minimum: 1, maximum: 5, default: 3 });
    }
    assert.deepEqual(await fieldOf({ type: 'boolean' }), { ...NO_BASE, type: 'boolean', default: undefined });
    assert.deepEqual(await fieldOf({ type: 'boolean', default: false, title: 'News?' }), { ...NO_BASE, title: 'News?', type: 'boolean', default: false });
  });

  test('one choice: plain, with the names of 2025-06-18, and with the titles of SEP-1330', async () => {
    const choice = { ...NO_BASE, type: 'choice', default: undefined };
    const plain = [{ value: 's', title: 's' }, { value: 'm', title: 'm' }];
    const titled = [{ value: 's', title: 'Small' }, { value: 'm', title: 'Medium' }];
    assert.deepEqual(await fieldOf({ type: 'string', enum: ['s', 'm'] }), { ...choice, choices: plain });
    assert.deepEqual(await fieldOf({ type: 'string', enum: ['s', 'm'], enumNames: ['Small', 'Medium'], default: 'm' }), { ...choice, choices: titled, default: 'm' });
    assert.deepEqual(await fieldOf({ type: 'string', enum: ['s', 'm'], enumNames: ['Small'] }), { ...choice, choices: [titled[0], plain[1]] }, 'fewer names than values');
    assert.deepEqual(await fieldOf({ type: 'string', oneOf: [{ const: 's', title: 'Small' }, { const: 'm', title: 'Medium' }], default: 's' }), { ...choice, choices: titled, default: 's' });
    assert.deepEqual(await fieldOf({ type: 'string', oneOf: [{ const: 's' }, { const: 'm' }] }), { ...choice, choices: plain }, 'titles are left out');
  });

  test('several choices: plain, and with titles (SEP-1330)', async () => {
    const choices = { ...NO_BASE, type: 'choices', minItems: undefined, maxItems: undefined, default: undefined };
    assert.deepEqual(await fieldOf({ type: 'array', items: { type: 'string', enum: ['tea'] } }), { ...choices, choices: [{ value: 'tea', title: 'tea' }] });
    assert.deepEqual(await fieldOf({ type: 'array', minItems: 1, maxItems: 2, items: { anyOf: [{ const: 'tea', title: 'Tea' }] }, default: ['tea'] }), {
      ...choices,
      choices: [{ value: 'tea', title: 'Tea' }],
      minItems: 1,
      maxItems: 2,
      default: ['tea'],
    });
  });

  test('a default that its own schema refuses is not shown, and not sent', async () => {
    const rows: readonly JSONObject[] = [
      { type: 'string', format: 'email', default: '' },
      { type: 'integer', minimum: 3, default: 2 },
      { type: 'integer', default: 2.5 },
      { type: 'string', enum: ['a'], default: 'b' },
      { type: 'string', oneOf: [{ const: 'a', title: 'A' }], default: 'A' },
      { type: 'array', items: { type: 'string', enum: ['a'] }, default: ['a', 'b'] },
      { type: 'array', minItems: 2, items: { type: 'string', enum: ['a'] }, default: ['a'] },
    ];
    for (const schema of rows) {
      assert.equal((await fieldOf(schema))?.default, undefined, JSON.stringify(schema));
      assert.deepEqual(await answerTo(form({ it: schema }), () => ({ action: 'accept' })), { action: 'accept', content: {} });
    }
  });
});

describe('a schema that is not of the restricted form is refused as −32602, and the host is not asked', () => {
  const at = '/requestedSchema';
  const field = `${at}/properties/it`;
  const rows: ReadonlyArray<readonly [string, JSONObject, string]> = [
    ['no message', { requestedSchema: { type: 'object', properties: {} } }, '/message must be a string; got undefined'],
    ['no schema', { message: '' }, `${at} must be an object; got undefined`],
    ['a list as schema', { message: '', requestedSchema: [] }, `${at} must be an object; got an array`],
    ['no type', { message: '', requestedSchema: { properties: {} } }, `${at}/type must be a string; got undefined`],
    ['another type', { message: '', requestedSchema: { type: 'array', properties: {} } }, `${at}/type must be "object"; got another string`],
    ['no properties', { message: '', requestedSchema: { type: 'object' } }, `${at}/properties must be an object; got undefined`],
    ['required is no list', form({}, { required: 'it' }), `${at}/required must be an array; got a string of 2 characters`],
    ['required names nothing', form({}, { required: ['it'] }), `${at}/required must be names of properties; got one that no property has`],
    ['allOf of the whole', form({}, { allOf: [{}] }), `${at}/allOf must be absent: a form is flat`],
    ['patternProperties', form({}, { patternProperties: {} }), `${at}/patternProperties must be absent: a form is flat`],
    ['a field that is no object', form({ it: true }), `${field} must be an object; got the boolean true`],
    ['a field without type', form({ it: {} }), `${field}/type must be a string; got undefined`],
    ['a nested object', form({ it: { type: 'object', properties: {} } }), `${field}/type must be "string", "number", "integer", "boolean" or "array"; got another string`],
    ['a list of types', form({ it: { type: ['string', 'null'] } }), `${field}/type must be a string; got an array`],
    ['null', form({ it: { type: 'null' } }), `${field}/type must be "string", "number", "integer", "boolean" or "array"; got another string`],
    ['a reference', form({ it: { $ref: '#/$defs/a', type: 'string' } }), `${field}/$ref must be absent: a form is flat`],
    ['anyOf of a field', form({ it: { anyOf: [{ type: 'string' }, { type: 'null' }] } }), `${field}/anyOf must be absent: a form is flat`],
    ['not', form({ it: { type: 'string', not: {} } }), `${field}/not must be absent: a form is flat`],
    ['an array without items', form({ it: { type: 'array' } }), `${field}/items must be an object; got undefined`],
    ['an array of anything', form({ it: { type: 'array', items: { type: 'string' } } }), `${field}/items/enum must be an array; got undefined`],
    ['an array of objects', form({ it: { type: 'array', items: { type: 'object' } } }), `${field}/items/type must be "string"; got another string`],
    ['an enum of numbers', form({ it: { type: 'string', enum: ['a', 2] } }), `${field}/enum/1 must be a string; got the number 2`],
    ['an empty enum', form({ it: { type: 'string', enum: [] } }), `${field}/enum must be an array of at least one string`],
    ['an empty oneOf', form({ it: { type: 'string', oneOf: [] } }), `${field}/oneOf must be an array of at least one choice`],
    ['a choice without const', form({ it: { type: 'string', oneOf: [{ type: 'string' }] } }), `${field}/oneOf/0/const must be a string; got undefined`],
    ['names that are none', form({ it: { type: 'string', enum: ['a'], enumNames: [1] } }), `${field}/enumNames/0 must be a string; got the number 1`],
    ['a default of another type', form({ it: { type: 'number', default: '3' } }), `${field}/default must be a number; got a string of 1 characters`],
    ['a bound of another type', form({ it: { type: 'string', maxLength: '3' } }), `${field}/maxLength must be a number; got a string of 1 characters`],
  ];
  for (const [what, params, words] of rows) {
    test(what, async () => assert.equal(await refusal(params), `The elicitation is refused: ${words}`));
  }

  test('a keyword that no schema can have, and a pattern that could run for ever', async () => {
    assert.match(await refusal(form({ it: { type: 'string', maxLength: -1 } })), /^The form is refused: .*maxLength/);
    assert.match(await refusal(form({ it: { type: 'string', pattern: '(a+)+\\1$' } })), /^The form is refused: .*pattern/);
  });

  test('names in the words are escaped (T12)', async () => {
    const words = await refusal(form({ 'a\u001b[2J\u202eb': {} }));
    assert.equal(words, 'The elicitation is refused: /requestedSchema/properties/a\\u{1b}[2J\\u{202e}b/type must be a string; got undefined');
  });

  test('the largest form that is allowed can be filled in: every choice chosen, each tried on every other', async () => {
    const titled = Array.from({ length: 1_000 }, (_, index) => ({ const: `c${index}`, title: `Choice ${index}` }));
    const all = titled.map((choice) => choice.const);
    const params = form({ it: { type: 'array', items: { anyOf: titled }, default: all } });
    assert.deepEqual(await answerTo(params, ({ fields }) => (assert.deepEqual(fields[0]?.default, all), { action: 'accept' })), { action: 'accept', content: { it: all } });
    assert.match(await refusal(form({ it: { type: 'array', items: { anyOf: [...titled, { const: 'x', title: 'X' }] } } })), /at most 1000 choices; got 1001$/);
  });

  test('a default that would take too long to validate is dropped', async () => {
    const preset = Array.from({ length: 100_000 }, () => 'b');
    const params = form({ it: { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }, { const: 'b', title: 'B' }] }, default: preset } });
    assert.deepEqual(await answerTo(params, ({ fields }) => (assert.equal(fields[0]?.default, undefined), { action: 'accept' })), { action: 'accept', content: {} });
  });

  test('a field whose keywords hold many schemas is refused', async () => {
    const $defs = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`d${index}`, { type: 'string' }]));
    assert.match(await refusal(form({ it: { type: 'string', $defs } })), /^The form is refused: /);
  });

  test('a form with more fields, or more choices, than the limits say: maxFormFields, maxFormChoices', async () => {
    const fields = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`f${index}`, { type: 'boolean' }]));
    assert.equal(await refusal(form(fields)), 'The elicitation is refused: /requestedSchema/properties must be an object of at most 100 members; got 101');
    const { f0: _left, ...hundred } = fields;
    assert.equal((await shown(form(hundred))).fields.length, 100);
    const choices = { a: { type: 'string', enum: ['1', '2'] }, b: { type: 'array', items: { type: 'string', enum: ['1', '2'] } } };
    const words = 'The elicitation is refused: /requestedSchema/properties must be an object with at most 3 choices; got 4';
    assert.equal(await refusal(form(choices), undefined, { maxFormChoices: 3 }), words);
    assert.equal(await refusal(form(hundred), undefined, { maxFormFields: 99 }), 'The elicitation is refused: /requestedSchema/properties must be an object of at most 99 members; got 100');
  });
});

describe('the answer of the host', () => {
  const accept = (content?: unknown): FormElicitationAnswer => ({ action: 'accept', content }) as FormElicitationAnswer;
  const contentOf = async (params: JSONObject, content?: unknown): Promise<unknown> => {
    const answer = await answerTo(params, async () => accept(content));
    assert.deepEqual(Object.keys(answer), ['action', 'content']);
    assert.equal(answer['action'], 'accept');
    return answer['content'];
  };

  test('declined and cancelled forms carry no content, whatever the host says', async () => {
    for (const action of ['decline', 'cancel']) {
      assert.deepEqual(await answerTo(form({}), () => ({ action }) as FormElicitationAnswer), { action });
      assert.deepEqual(await answerTo(form({}), () => ({ action, content: { secret: '1' } }) as never), { action });
    }
  });

  test('what is left out has its default, of every kind of field (SEP-1034); what is given stays', async () => {
    const schema = form({
      name: { type: 'string', default: 'Zoe' },
      age: { type: 'integer', default: 0 },
      share: { type: 'number', default: 0.5 },
      news: { type: 'boolean', default: false },
      size: { type: 'string', oneOf: [{ const: 's', title: 'S' }, { const: 'm', title: 'M' }], default: 'm' },
      drinks: { type: 'array', items: { type: 'string', enum: ['tea', 'milk'] }, default: ['tea'] },
      note: { type: 'string' },
    }, { required: ['name', 'age'] });
    const defaults = { name: 'Zoe', age: 0, share: 0.5, news: false, size: 'm', drinks: ['tea'] };
    assert.deepEqual(await contentOf(schema), defaults);
    assert.deepEqual(await contentOf(schema, {}), defaults);
    assert.deepEqual(await contentOf(schema, { name: undefined, age: 7, news: true, drinks: [], note: '' }), { ...defaults, age: 7, news: true, drinks: [], note: '' });
  });

  test('is copied: what the host does to it afterwards changes nothing (K2)', async () => {
    const content = { drinks: ['tea'] };
    const sent = await contentOf(form({ drinks: { type: 'array', items: { type: 'string', enum: ['tea'] } } }), content);
    content.drinks.push('poison');
    assert.deepEqual(sent, { drinks: ['tea'] });
  });

  const rows: ReadonlyArray<readonly [JSONObject, unknown, RegExp]> = [
    [{ type: 'string' }, 'text', /^content must be an object; got a string of 4 characters$/],
    [{ type: 'string' }, { other: 'x' }, /^content must have members that are fields of the form; got "other"$/],
    [{ type: 'string' }, { it: null }, /^content member "it" must be a string, a finite number, true or false, or an array of strings; got null$/],
    [{ type: 'string' }, { it: { deep: 1 } }, /^content member "it" must be .*; got an object$/],
    [{ type: 'number' }, { it: NaN }, /^content member "it" must be .*; got the number NaN$/],
    [{ type: 'array', items: { type: 'string', enum: ['a'] } }, { it: [1] }, /^content member "it" must be .*; got an array$/],
    [{ type: 'string' }, { it: 5 }, /^content must be what the form asks for; got a "it" that fails "type" "string"$/],
    [{ type: 'string', maxLength: 3 }, { it: 'secret' }, /fails "maxLength" 3$/],
    [{ type: 'string', minLength: 9 }, { it: 'secret' }, /fails "minLength" 9$/],
    [{ type: 'string', pattern: '^x' }, { it: 'secret' }, /fails "pattern" "\^x"$/],
    [{ type: 'string', format: 'email' }, { it: 'secret' }, /fails "format" "email"$/],
    [{ type: 'string', format: 'uri' }, { it: 'no uri' }, /fails "format" "uri"$/],
    [{ type: 'string', format: 'date' }, { it: '2026-02-30' }, /fails "format" "date"$/],
    [{ type: 'string', format: 'date-time' }, { it: '2026-02-20' }, /fails "format" "date-time"$/],
    [{ type: 'integer' }, { it: 1.5 }, /fails "type" "integer"$/],
    [{ type: 'number', maximum: 2 }, { it: 3 }, /fails "maximum" 2$/],
    [{ type: 'number', multipleOf: 2 }, { it: 3 }, /fails "multipleOf" 2$/],
    [{ type: 'boolean' }, { it: 'true' }, /fails "type" "boolean"$/],
    [{ type: 'string', enum: ['a', 'b'] }, { it: 'secret' }, /fails "enum" an array of 2$/],
    [{ type: 'string', oneOf: [{ const: 'a', title: 'A' }] }, { it: 'A' }, /fails "oneOf" an array of 1$/],
    [{ type: 'array', maxItems: 1, items: { type: 'string', enum: ['a', 'b'] } }, { it: ['a', 'b'] }, /fails "maxItems" 1$/],
    [{ type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } }, { it: ['secret'] }, /a "it" that fails "anyOf"$/],
  ];
  test('that does not fit the form is a mistake of the host, which is told what is wrong, and never what the user wrote', async () => {
    for (const [schema, content, message] of rows) {
      await assert.rejects(answerTo(form({ it: schema }), () => accept(content)), (error: unknown) => {
        assert.ok(error instanceof TypeError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    await assert.rejects(answerTo(form({ it: { type: 'string' } }, { required: ['it'] }), () => accept({})), { name: 'TypeError', message: 'content must have "it", which the form requires; got undefined' });
  });

  test('that fits is sent: every format, choice and bound', async () => {
    for (const [schema, value] of [
      [{ type: 'string', format: 'email' }, 'zoe@shop.example'],
      [{ type: 'string', format: 'uri' }, 'https://shop.example/a?b#c'],
      [{ type: 'string', format: 'date' }, '2028-02-29'],
      [{ type: 'string', format: 'date-time' }, '2028-02-29T10:00:00Z'],
      [{ type: 'string', maxLength: 1 }, '😀'],
      [{ type: 'integer', minimum: -1 }, -1],
      [{ type: 'number' }, 1e300],
      [{ type: 'string', enum: ['__proto__'] }, '__proto__'],
    ] as const) {
      assert.deepEqual(await contentOf(form({ it: schema }), { it: value }), { it: value });
    }
  });

  test('that is no answer at all is a TypeError', async () => {
    for (const answer of [undefined, null, 'accept', [], {}, { action: 'yes' }, { action: 'accept', contents: {} }]) {
      await assert.rejects(answerTo(form({}), () => answer as never), (error: unknown) => error instanceof TypeError || error instanceof RangeError);
      await assert.rejects(answerTo(page('https://shop.example'), { url: () => answer as never }), (error: unknown) => error instanceof TypeError || error instanceof RangeError);
    }
  });

  test('a handler that throws or rejects is what the connection hears, at once or later', async () => {
    const failure = new Error('no window');
    await assert.rejects(answerTo(form({}), () => { throw failure; }), failure);
    await assert.rejects(answerTo(form({}), () => Promise.reject(failure)), failure);
  });

  test('fields named as members of every object are fields like others', async () => {
    const properties = JSON.parse('{"__proto__":{"type":"string","default":"p"},"constructor":{"type":"integer"},"toString":{"type":"boolean","default":true}}') as JSONObject;
    const params = JSON.parse(JSON.stringify({ message: 'm', requestedSchema: { type: 'object', properties, required: ['constructor'] } })) as JSONObject;
    assert.deepEqual((await shown(params)).fields.map(({ name }) => name), ['__proto__', 'constructor', 'toString']);
    await assert.rejects(answerTo(params, () => accept({})), /content must have "constructor"/);
    const answer = await answerTo(params, () => accept({ constructor: 3 }));
    assert.equal(JSON.stringify(answer), '{"action":"accept","content":{"constructor":3,"__proto__":"p","toString":true}}');
    const given = await answerTo(params, () => accept(JSON.parse('{"__proto__":"mine","constructor":1}')));
    assert.equal(JSON.stringify(given), '{"action":"accept","content":{"__proto__":"mine","constructor":1,"toString":true}}');
    assert.equal(Object.getPrototypeOf(given['content']), Object.prototype);
    assert.equal(({} as { readonly p?: unknown }).p, undefined);
  });
});

describe('a page to visit (T14)', () => {
  /** What the host is shown of it. */
  async function visit(params: JSONObject, context?: HostContext): Promise<URLElicitation> {
    let request: URLElicitation | undefined;
    assert.deepEqual(await answerTo(params, { url: (came) => ((request = came), { action: 'accept' }) }, context), { action: 'accept' });
    return request ?? assert.fail('the host was not asked');
  }

  test('is shown with its URL as it came and as the platform writes it, origin, host name and id; nothing is fetched', async () => {
    const request = await visit(page('https://Shop.example:8443/pay?order=7#now'));
    assert.deepEqual(request, {
      mode: 'url',
      message: 'Please sign in',
      url: 'https://Shop.example:8443/pay?order=7#now',
      href: 'https://shop.example:8443/pay?order=7#now',
      origin: 'https://shop.example:8443',
      hostname: 'shop.example',
      isPunycode: false,
      elicitationId: 'visit-1',
    });
    assert.ok(Object.isFrozen(request));
    const modern = await visit(page('https://shop.example/', { elicitationId: undefined }));
    assert.equal(modern.elicitationId, undefined, 'from 2026-07-28 on there is no id');
  });

  test('accepted, declined or cancelled: never with content', async () => {
    for (const action of ['accept', 'decline', 'cancel'] as const) {
      assert.deepEqual(await answerTo(page('https://shop.example/'), { url: () => ({ action, content: { a: 1 } }) }), { action });
    }
  });

  const suspicious: ReadonlyArray<readonly [string, string, string]> = [
    ['Cyrillic letters that look like Latin ones', 'https://\u0440\u0430ypal.example/', 'xn--ypal-43d9g.example'],
    ['scripts mixed in one label', 'https://shop\u03bf.example/', 'xn--shop-3nd.example'],
    ['Punycode as it is written', 'https://xn--80ak6aa92e.example/', 'xn--80ak6aa92e.example'],
    ['a label further down', 'https://xn--80ak6aa92e.login.example/', 'xn--80ak6aa92e.login.example'],
  ];
  for (const [what, url, hostname] of suspicious) {
    test(`a host name with ${what} is flagged`, async () => {
      const request = await visit(page(url));
      assert.deepEqual([request.url, request.hostname, request.isPunycode], [url, hostname, true]);
      assert.ok(request.href.startsWith(`https://${hostname}/`));
    });
  }

  test('href is ASCII and hides nothing: what reorders or hides text in a URL is written out, and other writings of a host are one', async () => {
    for (const [url, href] of [
      ['https://shop.example/\u202egpj.exe', 'https://shop.example/%E2%80%AEgpj.exe'],
      ['https://shop.example/a\u200bb?q=\u2066', 'https://shop.example/a%E2%80%8Bb?q=%E2%81%A6'],
      ['https://shop.example/#\u{e0041}', 'https://shop.example/#%F3%A0%81%81'],
      ['https://\uff53hop.example/', 'https://shop.example/'],
      ['https://sh%6fp.example/', 'https://shop.example/'],
      ['https://0x7f.1/', 'https://127.0.0.1/'],
      ['https://shop.example:443/', 'https://shop.example/'],
    ] as const) {
      const request = await visit(page(url));
      assert.deepEqual([request.url, request.href, request.isPunycode], [url, href, false]);
    }
  });

  const refused: readonly unknown[] = [
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\nscript:alert(1)', 'data:text/html,<script>1</script>', 'file:///etc/passwd', 'vbscript:x', 'blob:https://shop.example/1',
    'http://shop.example/', 'http://localhost:3000/', 'http://127.0.0.1/', 'ws://shop.example/', 'ftp://shop.example/', 'mailto:a@shop.example', 'shop://open', 'about:blank',
    'https://user@shop.example/', 'https://user:pass@shop.example/', 'https://shop.example@evil.example/', 'https://:pass@shop.example/',
    ' https://shop.example/', 'https://shop.example/ ', '\thttps://shop.example/', 'https://shop.example/\ta', 'https://sh\nop.example/', 'https://shop.example/\r\nHost: x', 'https://shop.example/\u0000', 'https://shop.example/\u0085',
    'https:\\\\shop.example\\', 'https:/shop.example/', 'https:shop.example', 'https://', 'https:///', 'https://shop.example:99999/', 'https://[::1', 'https://a..\u3002b c/', '//shop.example/', '/pay', '', 'shop.example',
    `https://shop.example/${'a'.repeat(8_192)}`, 7, null, undefined, ['https://shop.example/'], { href: 'https://shop.example/' },
  ];
  test('is refused as −32602 for everything but a plain https URL, in words that show at most its scheme', async () => {
    for (const url of refused) {
      const words = await refusal(page(url), { url: () => assert.fail(`the host was asked about ${String(url)}`) });
      assert.match(words, /^The elicitation is refused: \/url must be /, String(url));
      assert.doesNotMatch(words, /[\u0000-\u001f\u007f-\u009f]|passwd|alert|user:|pass@|evil|Host/, String(url));
      assert.ok(words.length < 300);
    }
  });

  test('is refused without a message, and with an id that is none or has no end', async () => {
    const url = 'https://shop.example/';
    const handler = { url: () => assert.fail('the host was asked') };
    assert.equal(await refusal({ mode: 'url', url }, handler), 'The elicitation is refused: /message must be a string; got undefined');
    assert.equal(await refusal(page(url, { elicitationId: 5 }), handler), 'The elicitation is refused: /elicitationId must be a string; got the number 5');
    assert.equal(await refusal(page(url, { elicitationId: 'x'.repeat(1_025) }), handler), 'The elicitation is refused: /elicitationId must be at most 1024 characters; got 1025');
  });

  test('can be completed from the moment it is asked for, once', async () => {
    const context = contextOf();
    assert.equal(context.elicitations.complete('visit-1'), false);
    await answerTo(page('https://shop.example/'), { url: () => (assert.equal(context.elicitations.complete('visit-1'), true), { action: 'accept' }) }, context);
    assert.equal(context.elicitations.complete('visit-1'), false);
  });
});

const visitOf = (elicitationId: string, url: string = `https://shop.example/${elicitationId}`): JSONObject => ({ mode: 'url', elicitationId, url, message: `Visit ${elicitationId}` });
const requiredError = (data: unknown): RPCError => new RPCError(-32042, 'tools/call was answered with error -32042: sign in', data, { details: { method: 'tools/call' } });

function required(...ids: readonly string[]): URLElicitationRequiredError {
  const error = refusedRequest(requiredError({ elicitations: ids.map((id) => visitOf(id)) }));
  assert.ok(error instanceof URLElicitationRequiredError);
  return error;
}

describe('the error −32042 (2025-11-25, "URL Elicitation Required Error")', () => {
  test('is an RPCError of its own class and code, with its visits checked, whatever was asked for', () => {
    const data = { elicitations: [visitOf('a', 'https://\u0440\u0430ypal.example/')], more: 1 };
    for (const refuse of [refusedRequest, refusedArguments, refusedResource]) {
      const error = refuse(requiredError(data));
      assert.ok(error instanceof URLElicitationRequiredError && error instanceof RPCError);
      assert.deepEqual([error.name, error.code, error.rpcCode, error.delivery], ['URLElicitationRequiredError', 'ERR_MCP_URL_ELICITATION_REQUIRED', -32042, 'answered']);
      assert.equal(error.message, 'tools/call was answered with error -32042: sign in');
      assert.deepEqual(error.details, { method: 'tools/call', rpcCode: -32042 });
      assert.equal(error.data, data);
      assert.equal(error.elicitations.length, 1);
      assert.deepEqual({ ...error.elicitations[0] }, {
        mode: 'url',
        message: 'Visit a',
        url: 'https://\u0440\u0430ypal.example/',
        href: 'https://xn--ypal-43d9g.example/',
        origin: 'https://xn--ypal-43d9g.example',
        hostname: 'xn--ypal-43d9g.example',
        isPunycode: true,
        elicitationId: 'a',
      });
      assert.ok(!Object.keys(error).includes('elicitations'), 'a URL is not for a log');
    }
    assert.equal(refusedRequest(new RPCError(-32000, 'no', data)).code, 'ERR_MCP_RPC');
  });

  test('stays an RPCError that says why where its visits are not as the protocol says, or unsafe', () => {
    const many = Array.from({ length: 101 }, (_, index) => visitOf(`v${index}`));
    const rows: ReadonlyArray<readonly [unknown, string]> = [
      [undefined, 'it must be an object; got undefined'],
      [{}, '/elicitations must be an array; got undefined'],
      [{ elicitations: [] }, '/elicitations must be an array of at least one elicitation'],
      [{ elicitations: many }, '/elicitations must be an array of at most 100 elicitations; got 101'],
      [{ elicitations: [{ ...visitOf('a'), elicitationId: undefined }] }, '/elicitations/0/elicitationId must be a string; got undefined'],
      [{ elicitations: [{ ...visitOf('a'), mode: 'form' }] }, '/elicitations/0/mode must be "url"'],
      [{ elicitations: [visitOf('a'), visitOf('b', 'http://shop.example/')] }, '/elicitations/1/url must be a page that a user may be sent to: it must begin with https://; got a link that begins with "http:"'],
    ];
    for (const [data, why] of rows) {
      const error = refusedRequest(requiredError(data));
      assert.deepEqual([error.name, error.code], ['RPCError', 'ERR_MCP_RPC']);
      assert.equal(error.message, `tools/call was answered with error -32042: sign in (its elicitations are refused: ${why})`);
      assert.deepEqual([(error as RPCError).rpcCode, (error as RPCError).data], [-32042, data]);
    }
  });
});

describe('elicitURLs', () => {
  const run = (error: unknown, url: URLElicitationHandler | undefined, context: HostContext, options = {}) =>
    elicitURLs(error as URLElicitationRequiredError, { url }, context, options);

  test('asks for one visit after the other, waits for all to be completed, and leaves no timer', async () => {
    const context = contextOf();
    const asked: string[] = [];
    const running = run(required('a', 'b'), (request, { serverName }) => (asked.push(`${serverName} ${request.href}`), { action: 'accept' }), context);
    for (const id of ['a', 'b']) context.elicitations.asked(id);
    await settle();
    assert.deepEqual(asked, ['shop https://shop.example/a', 'shop https://shop.example/b']);
    assert.equal(context.elicitations.complete('b'), true);
    assert.equal(context.elicitations.complete('unknown'), false);
    await settle();
    assert.equal(context.clock.waiting, 1);
    assert.equal(context.elicitations.complete('a'), true);
    assert.equal(await running, 'completed');
    assert.equal(context.clock.waiting, 0);
  });

  test('a visit that is completed before the user is asked is not asked for', async () => {
    const context = contextOf();
    context.elicitations.asked('a');
    context.elicitations.complete('a');
    assert.equal(await run(required('a'), () => assert.fail('asked'), context), 'completed');
  });

  test('ends with the first visit that is declined or cancelled', async () => {
    for (const [action, outcome] of [['decline', 'declined'], ['cancel', 'cancelled']] as const) {
      let asked = 0;
      assert.equal(await run(required('a', 'b'), () => (asked++, { action }), contextOf()), outcome);
      assert.equal(asked, 1);
    }
  });

  test('ends with the reason of the signal, in every phase; the handler hears it, and a late answer of it harms nobody', async () => {
    const reason = new Error('never mind');
    await assert.rejects(run(required('a'), () => assert.fail('asked'), contextOf(), { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    let heard: unknown;
    const asking = run(required('a'), (_request, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => ((heard = signal.reason), reject(new Error('late'))))), contextOf(), { signal: controller.signal });
    await settle();
    controller.abort(reason);
    await assert.rejects(asking, reason);
    assert.equal(heard, reason);
    const context = contextOf();
    const second = new AbortController();
    const waiting = run(required('a'), () => ({ action: 'accept' }), context, { signal: second.signal });
    await settle();
    second.abort(reason);
    await assert.rejects(waiting, reason);
    assert.equal(context.clock.waiting, 0);
    context.elicitations.asked('a');
    assert.equal(context.elicitations.complete('a'), true, 'nobody waits, and it is still heard');
  });

  test('ends when time is up: timeoutMs, or the limit answerTimeoutMs', async () => {
    for (const [options, ms] of [[{ timeoutMs: 70 }, 70], [{}, 900]] as const) {
      const context = contextOf({ answerTimeoutMs: 900 });
      const running = run(required('a'), () => new Promise(() => {}), context, options);
      running.catch(() => {});
      await context.clock.advance(ms);
      await assert.rejects(running, { name: 'RequestTimeoutError', code: 'ERR_MCP_REQUEST_TIMEOUT', message: `The visits were not completed within ${ms} ms` });
    }
  });

  test('ends when the connection does; what was asked may be completed on the next one', async () => {
    const context = contextOf();
    context.elicitations.asked('a');
    const running = run(required('a'), () => ({ action: 'accept' }), context);
    await settle();
    const cause = new Error('cut');
    context.elicitations.ended(cause);
    await assert.rejects(running, (error: Error) => (assert.deepEqual([error.name, error.message, error.cause], ['ConnectionError', 'The connection ended before the visits were completed', cause]), true));
    assert.equal(context.elicitations.complete('a'), true);
  });

  test('wrong arguments are TypeErrors, and what the handler throws is thrown', async () => {
    const accept = () => ({ action: 'accept' }) as const;
    await assert.rejects(run(requiredError({}), accept, contextOf()), { name: 'TypeError', message: /^error must be a URLElicitationRequiredError/ });
    await assert.rejects(run(required('a'), undefined, contextOf()), { name: 'TypeError', message: 'elicitURLs needs handlers.elicitation.url; got undefined' });
    await assert.rejects(run(required('a'), accept, contextOf(), { timeout: 5 }), { name: 'TypeError', message: /has no option "timeout"/ });
    await assert.rejects(run(required('a'), accept, contextOf(), { timeoutMs: 0 }), { name: 'RangeError' });
    const failure = new Error('no window');
    await assert.rejects(run(required('a'), () => Promise.reject(failure), contextOf()), failure);
  });
});

describe('the book of visits', () => {
  test('maxKnownElicitations: beyond it the oldest is forgotten; one that is asked for again is the newest, and open again', () => {
    const book = new ElicitationBook(2);
    for (const id of ['a', 'b', 'a', 'c']) book.asked(id);
    assert.deepEqual(['a', 'b', 'c'].map((id) => book.complete(id)), [true, false, true]);
    book.asked('a');
    assert.equal(book.isCompleted('a'), false);
    assert.equal(book.complete('a'), true);
  });

  test('one that is waited for is heard of even when it was forgotten', async () => {
    const book = new ElicitationBook(1);
    book.asked('a');
    const waiting = book.allCompleted(['a', 'a'], NEVER);
    book.asked('b');
    assert.equal(book.complete('a'), true);
    await waiting;
    assert.equal(book.complete('a'), false);
  });

  test('learns the visits of an error before anything can come behind it, by one reader for each reader', () => {
    const book = new ElicitationBook(10);
    const readers: ReplyReader<unknown>[] = [];
    const inner: Requester = { request: (_method, _params, _settings, reader) => (readers.push(reader), new Promise<never>(() => {})) };
    const requester = hearingElicitations(inner, book);
    const reader: ReplyReader<string> = { read: (result) => `read ${JSON.stringify(result)}`, refuse: refusedArguments };
    const plain: ReplyReader<string> = { read: () => 'plain' };
    for (const one of [reader, reader, plain]) void requester.request('x', undefined, {} as RequestSettings, one);
    assert.equal(readers[0], readers[1]);
    assert.equal(readers[0]?.read({ a: 1 }), 'read {"a":1}');
    assert.ok(readers[0]?.refuse?.(requiredError({ elicitations: [visitOf('a')] })) instanceof URLElicitationRequiredError);
    assert.equal(book.complete('a'), true);
    assert.equal(readers[0]?.refuse?.(new RPCError(-32602, 'no')).code, 'ERR_MCP_INVALID_ARGUMENTS');
    const error = new RPCError(-1, 'no');
    assert.equal(readers[2]?.refuse?.(error), error);
  });
});
