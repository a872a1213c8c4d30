import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LimitError } from '../../../lib/base/errors.ts';
import type { MCPError } from '../../../lib/base/errors.ts';
import { deferred } from '../../../lib/base/deferred.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { Limits } from '../../../lib/base/limits.ts';
import { IncomingRequests, RequestRefusal } from '../../../lib/connection/incoming-requests.ts';
import type { Answerer, IncomingRequest } from '../../../lib/connection/incoming-requests.ts';
import type { RequestId } from '../../../lib/jsonrpc/request-id.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

/** Requests that are answered by `answerer`, and what was said of them. */
function incoming(answerer: Answerer, limits: Partial<Limits> = {}, send: (id: RequestId, result: JSONObject) => void = () => {}) {
  const clock = new FakeClock();
  const said: unknown[] = [];
  const failures: unknown[] = [];
  const faults: MCPError[] = [];
  const requests = new IncomingRequests({
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    answerer,
    answer: (id, result) => {
      send(id, result);
      said.push([id, result]);
    },
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
    const { requests, said, clock, failures } = incoming((request) => {
      seen = request;
      return forever();
    }, { answerTimeoutMs: 50 });
    requests.begin(1, 'roots/list', {});
    await clock.advance(49);
    assert.deepEqual(said, []);
    await clock.advance(1);
    assert.deepEqual(said, [[1, -32603, 'No answer within 50 ms']]);
    assert.equal(seen?.signal.aborted, true);
    assert.equal(failures.length, 1);
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

  test('ten thousand at once are refused but for maxIncomingRequests, and the host hears of it once until there is room', async () => {
    const answers: ((result: JSONObject) => void)[] = [];
    const { requests, said, faults } = incoming(() => new Promise((resolve) => answers.push(resolve)), { maxIncomingRequests: 100 });
    for (let id = 0; id < 10_000; id++) requests.begin(id, 'roots/list', {});
    assert.equal(answers.length, 100);
    assert.equal(said.length, 9_900);
    assert.deepEqual(faults.map(({ code, details }) => [code, details]), [['ERR_MCP_LIMIT', { limit: 'maxIncomingRequests', most: 100 }]]);
    answers[0]?.({});
    await settle();
    requests.begin(10_000, 'roots/list', {});
    requests.begin(10_001, 'roots/list', {});
    assert.equal(faults.length, 2);
  });

  test('the answer to one that was taken back does not go to another one that has its id', async () => {
    const answers: ((result: JSONObject) => void)[] = [];
    const { requests, said } = incoming(() => new Promise((resolve) => answers.push(resolve)));
    requests.begin(1, 'roots/list', {});
    requests.withdraw(1, 'not needed');
    requests.begin(1, 'roots/list', {});
    answers[0]?.({ of: 'the first' });
    await settle();
    assert.deepEqual(said, []);
    answers[1]?.({ of: 'the second' });
    await settle();
    assert.deepEqual(said, [[1, { of: 'the second' }]]);
  });

  test('a handler that ends the connection before it returns leaves no timer, and is not answered', async () => {
    let end = (): void => {};
    const { requests, said, clock } = incoming(async ({ signal }) => {
      end();
      assert.equal(signal.aborted, true);
      return {};
    });
    end = () => requests.abortAll(new Error('over'));
    requests.begin(1, 'roots/list', {});
    await settle();
    assert.deepEqual(said, []);
    assert.equal(clock.waiting, 0);
  });

  test('an answer that cannot be sent is refused, and told to the host', async () => {
    const { requests, said, failures } = incoming(async () => ({}), {}, () => {
      throw new LimitError('maxDepth', 'too deep');
    });
    requests.begin(1, 'roots/list', {});
    await settle();
    assert.deepEqual(said, [[1, -32603, 'The answer could not be given (ERR_MCP_LIMIT)']]);
    assert.equal(failures.length, 1);
  });
});

describe('progress that a handler reports', () => {
  const params = { _meta: { progressToken: 'p' } };

  test('goes out with the token of the request: the first report at once, then the newest one each progressIntervalMs', async () => {
    let seen: IncomingRequest | undefined;
    const { requests, said, clock } = incoming((request) => ((seen = request), forever()), { progressIntervalMs: 100 });
    requests.begin(1, 'sampling/createMessage', params);
    const report = (progress: number, more: object = {}) => seen?.reportProgress?.({ progress, ...more });
    for (let progress = 1; progress <= 1_000; progress++) report(progress, { total: 1_000, message: `step ${progress}` });
    assert.deepEqual(said, [['progress', { progressToken: 'p', progress: 1, total: 1_000, message: 'step 1' }]]);
    await clock.advance(100);
    assert.deepEqual(said.slice(1), [['progress', { progressToken: 'p', progress: 1_000, total: 1_000, message: 'step 1000' }]]);
    await clock.advance(500);
    report(1_001);
    assert.equal(said.length, 3);
  });

  test('never goes back, and says nothing after the end of the request, whatever ended it', async () => {
    const ends: ((requests: IncomingRequests, answer: () => void) => void)[] = [
      (_requests, answer) => answer(),
      (requests) => requests.withdraw(1, 'not needed'),
      (requests) => requests.abortAll('over'),
    ];
    for (const end of ends) {
      let seen: IncomingRequest | undefined;
      const answer = deferred<JSONObject>();
      const { requests, said, clock } = incoming((request) => ((seen = request), answer.promise));
      requests.begin(1, 'sampling/createMessage', params);
      for (const progress of [2, 1, 2, 3]) seen?.reportProgress?.({ progress });
      end(requests, () => answer.resolve({}));
      await settle();
      seen?.reportProgress?.({ progress: 9 });
      await clock.advance(1_000);
      assert.deepEqual(said.filter((entry) => Array.isArray(entry) && entry[0] === 'progress'), [['progress', { progressToken: 'p', progress: 2 }]]);
      assert.equal(clock.waiting, 0);
    }
  });

  test('goes nowhere when the server did not ask for it, and is checked all the same', () => {
    let seen: IncomingRequest | undefined;
    const { requests, said, clock } = incoming((request) => ((seen = request), forever()));
    for (const [id, meta] of [undefined, null, 'p', {}, { progressToken: null }, { progressToken: {} }].entries()) {
      requests.begin(id, 'sampling/createMessage', { _meta: meta });
      seen?.reportProgress?.({ progress: 1 });
    }
    assert.deepEqual(said, []);
    assert.throws(() => seen?.reportProgress?.({ progress: '1' } as never), /progress\.progress must be a number/);
    assert.throws(() => seen?.reportProgress?.({ progress: NaN }), /progress\.progress must be a finite number; got NaN/);
    assert.throws(() => seen?.reportProgress?.({ progress: 1, message: 1 } as never), /progress\.message must be a string/);
    assert.throws(() => seen?.reportProgress?.({ progress: 1, percent: 1 } as never), /progress has no option "percent"/);
    requests.abortAll('over');
    assert.equal(clock.waiting, 0);
  });
});
