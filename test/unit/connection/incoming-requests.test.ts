import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MCPError } from '../../../lib/base/errors.ts';
import { deferred } from '../../../lib/base/deferred.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { Limits } from '../../../lib/base/limits.ts';
import { IncomingRequests, RequestRefusal } from '../../../lib/connection/incoming-requests.ts';
import type { Answerer, IncomingRequest } from '../../../lib/connection/incoming-requests.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

/** Requests that are answered by `answerer`, and what was said of them. */
function incoming(answerer: Answerer, limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const said: unknown[] = [];
  const failures: unknown[] = [];
  const faults: MCPError[] = [];
  const requests = new IncomingRequests({
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    answerer,
    answer: (id, result) => said.push([id, result]),
    refuse: (id, code, message, data) => said.push(data === undefined ? [id, code, message] : [id, code, message, data]),
    progressed: (params) => said.push(['progress', params]),
    failed: (_what, cause) => failures.push(cause),
    fault: (error) => faults.push(error),
  });
  return { requests, clock, said, failures, faults };
}

const forever = (): Promise<JSONObject> => new Promise(() => {});

describe('requests of the server', () => {
  test('are answered with what the handler resolves to, each once', async () => {
    const { requests, said, clock } = incoming(async ({ method, params }) => ({ method, params }));
    requests.begin(1, 'roots/list', { a: 1 });
    await settle();
    assert.deepEqual(said, [[1, { method: 'roots/list', params: { a: 1 } }]]);
    assert.equal(clock.waiting, 0);
  });

  test('are refused with -32601 when nobody offers the method (JSON-RPC 2.0 section 5.1)', () => {
    const { requests, said } = incoming(() => undefined);
    requests.begin('x', 'sampling/createMessage', {});
    assert.deepEqual(said, [['x', -32601, 'This client does not offer the method']]);
  });

  test('a handler that throws or rejects is contained, and the server does not hear why', async () => {
    for (const answerer of [
      () => {
        throw new Error('password');
      },
      () => Promise.reject(new Error('password')),
    ]) {
      const { requests, said, failures } = incoming(answerer);
      requests.begin(1, 'roots/list', {});
      await settle();
      assert.deepEqual(said, [[1, -32603, 'The handler failed']]);
      assert.equal(failures.length, 1);
    }
  });

  test('a refusal of the handler goes to the server as it is', async () => {
    const { requests, said } = incoming(() => Promise.reject(new RequestRefusal(-1, 'The user said no', { why: 'no' })));
    requests.begin(1, 'sampling/createMessage', {});
    await settle();
    assert.deepEqual(said, [[1, -1, 'The user said no', { why: 'no' }]]);
  });

  test('one that the server takes back is not answered, and its signal fires (utilities, "Cancellation")', async () => {
    const answer = deferred<JSONObject>();
    let seen: IncomingRequest | undefined;
    const { requests, said } = incoming((request) => {
      seen = request;
      return answer.promise;
    });
    requests.begin(1, 'roots/list', {});
    requests.withdraw(1, 'not needed');
    answer.resolve({});
    await settle();
    assert.deepEqual(said, []);
    assert.equal(seen?.signal.aborted, true);
  });

  test('one that hangs is answered with an error after answerTimeoutMs', async () => {
    let seen: IncomingRequest | undefined;
    const { requests, said, clock } = incoming((request) => {
      seen = request;
      return forever();
    }, { answerTimeoutMs: 50 });
    requests.begin(1, 'roots/list', {});
    await clock.advance(49);
    assert.deepEqual(said, []);
    await clock.advance(1);
    assert.deepEqual(said, [[1, -32603, 'No answer within 50 ms']]);
    assert.equal(seen?.signal.aborted, true);
  });

  test('no more than maxIncomingRequests are answered at once, and none with the id of one that is', () => {
    const { requests, said } = incoming(forever, { maxIncomingRequests: 2 });
    for (const id of [1, 1, 2, 3]) requests.begin(id, 'roots/list', {});
    assert.deepEqual(said, [
      [1, -32600, 'A request with this id is being answered'],
      [3, -32603, 'Too many requests are being answered'],
    ]);
    requests.abortAll('over');
    requests.begin(3, 'roots/list', {});
    assert.equal(said.length, 2);
  });
});
