import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { decodeMessage, encodeError, encodeNotification, encodeRequest, encodeResult } from '../../lib/jsonrpc/codec.ts';
import type { SingleMessage } from '../../lib/jsonrpc/message.ts';
import { PROTOCOL_VERSIONS } from '../../lib/protocol/versions.ts';
import { checkMessage, methodsOf, schemasMissing } from '../helpers/schema-check.ts';
import type { Side } from '../helpers/schema-check.ts';

type JSONObject = Record<string, unknown>;

interface Fixture {
  readonly file: string;
  readonly name: string;
  readonly from: Side;
  readonly answers?: string;
  readonly message: JSONObject | readonly JSONObject[];
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'spec-fixtures', 'messages');
const SIDES: readonly Side[] = ['client', 'server'];

function fixturesOf(revision: string): Fixture[] {
  const files = readdirSync(join(ROOT, revision)).filter((file) => file.endsWith('.json')).sort();
  return files.flatMap((file) => {
    const rows = JSON.parse(readFileSync(join(ROOT, revision, file), 'utf8')) as Fixture[];
    return rows.map((row) => ({ ...row, file }));
  });
}

const REVISIONS = readdirSync(ROOT).filter((name) => /^\d{4}-\d\d-\d\d$/.test(name)).sort();
const FIXTURES = new Map(REVISIONS.map((revision) => [revision, fixturesOf(revision)]));

/** What is in one frame, as the text that we would send for it; an error without an id has none. */
function encodeAgain(decoded: SingleMessage): JSONObject | undefined {
  switch (decoded.kind) {
    case 'request':
      return JSON.parse(encodeRequest(decoded.id, decoded.method, decoded.params, DEFAULT_LIMITS)) as JSONObject;
    case 'notification':
      return JSON.parse(encodeNotification(decoded.method, decoded.params, DEFAULT_LIMITS)) as JSONObject;
    case 'result':
      return JSON.parse(encodeResult(decoded.id, decoded.result, DEFAULT_LIMITS)) as JSONObject;
    case 'error':
      if (decoded.id === undefined) return undefined;
      return JSON.parse(encodeError(decoded.id, decoded.code, decoded.errorMessage, DEFAULT_LIMITS)) as JSONObject;
    case 'malformed':
      throw decoded.error;
  }
}

/** The message as encoding gives it: `data` of an error stands beside the encoded members, for the answers we give carry none. */
function withoutErrorData(message: JSONObject): JSONObject {
  if (message['error'] === undefined) return message;
  const { data: _, ...error } = message['error'] as JSONObject;
  return { ...message, error };
}

function assertSurvives(decoded: SingleMessage, message: JSONObject, place: string): void {
  assert.notEqual(decoded.kind, 'malformed', place);
  if (decoded.kind === 'malformed') return;
  assert.deepEqual(decoded.message, message, place);
  if (decoded.kind === 'error') {
    assert.deepEqual(decoded.data, (message['error'] as JSONObject)['data'], place);
    assert.equal(decoded.id, message['id'], place);
  }
  const again = encodeAgain(decoded);
  if (again !== undefined) assert.deepEqual(again, withoutErrorData(message), place);
}

test('every revision that the client speaks has example messages', () => {
  assert.deepEqual(REVISIONS, [...PROTOCOL_VERSIONS].sort());
});

for (const [revision, fixtures] of FIXTURES) {
  describe(`example messages of ${revision}`, () => {
    test('every message survives decoding and encoding unchanged', () => {
      assert.ok(fixtures.length > 50, `${fixtures.length} messages`);
      for (const { file, name, message } of fixtures) {
        const place = `${revision}/${file}: ${name}`;
        const decoded = decodeMessage(JSON.stringify(message), DEFAULT_LIMITS);
        if (decoded.kind === 'batch') {
          assert.ok(Array.isArray(message), place);
          assert.equal(decoded.messages.length, message.length, place);
          decoded.messages.forEach((one, index) => assertSurvives(one, message[index] as JSONObject, `${place} [${index}]`));
        } else assertSurvives(decoded, message as JSONObject, place);
      }
    });

    test('every row has a name of its own, a sender, and says what a reply answers', () => {
      const names = new Set<string>();
      for (const { file, name, from, answers, message } of fixtures) {
        const place = `${revision}/${file}: ${name}`;
        assert.ok(!names.has(place), place);
        names.add(place);
        assert.ok(SIDES.includes(from), place);
        const replies = [message].flat().filter((one) => !('method' in one) && 'id' in one);
        assert.equal(answers !== undefined, replies.length > 0, place);
      }
    });

    test('every message is valid against the schema of its revision, with no member that it does not declare', { skip: schemasMissing() }, () => {
      for (const { file, name, from, answers, message } of fixtures) {
        const errors = checkMessage(revision, message, { from, answers, closed: true });
        assert.deepEqual(errors, [], `${revision}/${file}: ${name}`);
      }
    });

    test('no request, notification or result that the schema lets either side send is without an example', { skip: schemasMissing() }, () => {
      const shown = new Set<string>();
      for (const { from, answers, message } of fixtures) {
        for (const one of [message].flat() as JSONObject[]) {
          if ('method' in one) shown.add(`${from} ${'id' in one ? 'Request' : 'Notification'} ${String(one['method'])}`);
          else if ('result' in one) shown.add(`${from} Result ${String(answers)}`);
        }
      }
      const expected = SIDES.flatMap((side) => [
        ...[...methodsOf(revision, side, 'Request').keys()].flatMap((method) => [
          `${side} Request ${method}`,
          `${side === 'client' ? 'server' : 'client'} Result ${method}`,
        ]),
        ...[...methodsOf(revision, side, 'Notification').keys()].map((method) => `${side} Notification ${method}`),
      ]);
      // The smallest revision has ten requests, as many results, and eight notifications.
      assert.ok(expected.length >= 28, `${expected.length} kinds of messages`);
      assert.deepEqual(expected.filter((one) => !shown.has(one)), []);
    });
  });
}
