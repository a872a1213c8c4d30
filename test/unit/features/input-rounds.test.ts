import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionError, InvalidValueError, LimitError, MCPError, PeerProtocolError, RequestTimeoutError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { InputRequiredError } from '../../../lib/features/input-required-error.ts';
import { checkStoredQuestion } from '../../../lib/features/stored-question.ts';
import type { StoredQuestion } from '../../../lib/features/stored-question.ts';
import { capabilitiesIn } from '../../../lib/protocol/capabilities.ts';
import { checkInputRequired } from '../../../lib/protocol/checks/input-required.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle, MemoryOptions } from '../../helpers/memory-handle.ts';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../../helpers/revisions.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import type { Script, ScriptedAnswer } from '../../helpers/scripted-peer.ts';

const DONE = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] };
const asks = (inputRequests: object | undefined, requestState?: unknown): object => ({ resultType: 'input_required', inputRequests, requestState });
const FORM = { method: 'elicitation/create', params: { message: 'Your name?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } } };
const MODEL = { method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text: 'Hello?' } }], maxTokens: 10 } };
const ROOTS = { method: 'roots/list' };
const ROOT_LIST = [{ uri: 'file:///work' }];
const SAID = { role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text: 'Hello.' } };
const ALL = { roots: ROOT_LIST, sampling: () => SAID, elicitation: () => ({ action: 'accept' as const, content: { name: 'Ada' } }) };

/** A modern server whose tool answers one after the other; the last answer again and again. */
function script(...answers: readonly ScriptedAnswer[]): Script {
  let calls = 0;
  const answer = (): ScriptedAnswer => answers[Math.min(calls++, answers.length - 1)];
  const discover = { supportedVersions: MODERN_VERSIONS, capabilities: { tools: {}, prompts: {}, resources: {} } };
  return { 'server/discover': () => discover, 'tools/call': answer, 'prompts/get': answer, 'resources/read': answer, 'tools/list': answer };
}

function withModern<T>(answers: Script, options: MemoryOptions, body: (handle: MemoryHandle) => Promise<T>): Promise<T> {
  return withMemoryHandle(answers, { protocolVersions: MODERN_VERSIONS, checkArguments: false, ...options }, body);
}

/** The params of every call so far, without what every request carries. */
function sent({ peer }: MemoryHandle, method: string = 'tools/call'): unknown[] {
  return peer.sent(method).map(({ params }) => {
    const { _meta, ...rest } = params ?? {};
    assert.ok(_meta !== undefined);
    return rest;
  });
}

/** The timers that wait once those of requests have rung: what is waited for here takes longer. */
async function timersLeft({ clock }: MemoryHandle): Promise<number> {
  await clock.advance(30_000);
  return clock.waiting;
}

async function rejection<E extends Error>(promise: Promise<unknown>, Kind: abstract new (...args: never[]) => E): Promise<E> {
  const cause: unknown = await promise.then(() => assert.fail('it came to a result'), (reason: unknown) => reason);
  assert.ok(cause instanceof Kind, String(cause));
  return cause;
}

describe('a call that is answered with a question', () => {
  test('is sent again with the answers of the handlers, all asked at once, the exact state and an id of its own, until there is a result', async () => {
    const state = 'opaque "\\ \u0000\u2028 é🙂 \ud800 end ';
    const asked: string[] = [];
    const handlers = {
      roots: async () => (asked.push('roots'), await settle(), asked.push('-'), ROOT_LIST),
      sampling: () => (asked.push('model'), SAID),
      elicitation: () => (asked.push('form'), { action: 'accept' as const, content: { name: 'Ada' } }),
    };
    await withModern(script(asks({ r: ROOTS, m: MODEL, f: FORM }, state), asks({ again: ROOTS }), DONE), { handlers }, async (handle) => {
      const result = await handle.server.callTool('greet', { loud: true });
      assert.deepEqual(result.content, DONE.content);
      const original = { name: 'greet', arguments: { loud: true } };
      assert.deepEqual(sent(handle), [
        original,
        { ...original, inputResponses: { r: { roots: ROOT_LIST }, m: SAID, f: { action: 'accept', content: { name: 'Ada' } } }, requestState: state },
        // The second question came without a state, so none goes back.
        { ...original, inputResponses: { again: { roots: ROOT_LIST } } },
      ]);
      assert.ok(handle.peer.frames.some((frame) => frame.includes('\\ud800 end ')), 'a lone surrogate goes back as it came');
      assert.deepEqual(asked.slice(0, 3).sort(), ['form', 'model', 'roots'], 'all are asked before one has answered');
      assert.equal(new Set(handle.peer.sent('tools/call').map(({ id }) => id)).size, 3);
      assert.deepEqual(handle.faults, []);
    });
  });

  test('may be a prompt or a resource as well', async () => {
    const prompt = { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }] };
    await withModern(script(asks({ r: ROOTS }, ''), prompt), { handlers: ALL }, async (handle) => {
      assert.deepEqual((await handle.server.getPrompt('p', { a: 'b' })).messages, prompt.messages);
      assert.deepEqual(sent(handle, 'prompts/get')[1], { name: 'p', arguments: { a: 'b' }, inputResponses: { r: { roots: ROOT_LIST } }, requestState: '' });
    });
    const contents = [{ uri: 'file:///a', text: 'a' }];
    await withModern(script(asks({ r: ROOTS }), { contents }), { handlers: ALL }, async (handle) => {
      assert.deepEqual(await handle.server.listResourceContents('file:///a'), contents);
      assert.deepEqual(sent(handle, 'resources/read')[1], { uri: 'file:///a', inputResponses: { r: { roots: ROOT_LIST } } });
    });
  });

  test('is one request for middleware, and the answers go through theirs', async () => {
    await withModern(script(asks({ ['__proto__']: ROOTS }, 's'), DONE), { handlers: ALL }, async (handle) => {
      const seen: string[] = [];
      handle.server.use({
        request: async ({ method }, next) => (seen.push(method), next()),
        answer: async ({ id, method }, next) => (seen.push(`${id} ${method}`), next()),
      });
      await handle.server.callTool('greet');
      assert.deepEqual(seen, ['tools/call', '__proto__ roots/list']);
      const again = sent(handle)[1] as { inputResponses: object };
      assert.deepEqual(Object.entries(again.inputResponses), [['__proto__', { roots: ROOT_LIST }]]);
    });
  });

  test('hears of progress in each round', async () => {
    let calls = 0;
    const answers: Script = {
      ...script(DONE),
      'tools/call': ({ params }, peer) => {
        const { progressToken } = params?.['_meta'] as { progressToken: string };
        peer.notify('notifications/progress', { progressToken, progress: ++calls });
        return calls === 1 ? asks({ r: ROOTS }) : DONE;
      },
    };
    await withModern(answers, { handlers: ALL }, async ({ server }) => {
      const reports: number[] = [];
      await server.callTool('greet', {}, { onProgress: ({ progress }) => reports.push(progress) });
      assert.deepEqual(reports, [1, 2]);
    });
  });
});

describe('the bounds of rounds', () => {
  test('a server that only wants to be called again waits for a pause that grows, and beyond maxRounds the call ends', async () => {
    await withModern(script(asks(undefined, 'busy')), { limits: { maxRounds: 3, roundPauseMs: 250 } }, async (handle) => {
      const call = rejection(handle.server.callTool('greet', {}, { timeoutMs: 100 }), LimitError);
      await settle();
      const counts: number[] = [];
      for (const ms of [249, 1, 499, 1, 999, 1]) {
        await handle.clock.advance(ms);
        counts.push(handle.peer.sent('tools/call').length);
      }
      assert.deepEqual(counts, [1, 2, 2, 3, 3, 4]);
      assert.equal((await call).details['limit'], 'maxRounds');
      assert.equal((await call).delivery, 'answered');
      assert.deepEqual(sent(handle)[1], { name: 'greet', requestState: 'busy', arguments: {} });
      assert.equal(await timersLeft(handle), 0);
    });
  });

  test('a server that asks without end is asked ten times more, by default', async () => {
    await withModern(script(asks({ r: ROOTS })), { handlers: ALL }, async (handle) => {
      await rejection(handle.server.callTool('greet'), LimitError);
      assert.equal(handle.peer.sent('tools/call').length, 11);
    });
  });

  test('maxInputRequests: more things at once are asked of nobody', async () => {
    await withModern(script(asks({ a: ROOTS, b: ROOTS, c: ROOTS })), { limits: { maxInputRequests: 2 }, handlers: { roots: () => assert.fail('asked') } }, async ({ server }) => {
      assert.equal((await rejection(server.callTool('greet'), LimitError)).details['limit'], 'maxInputRequests');
    });
  });

  test('maxRoundsMs and maxTotalTimeoutMs end the call while somebody is asked; timeoutMs does not count then', async () => {
    for (const [options, code] of [[{}, 'ERR_MCP_LIMIT'], [{ maxTotalTimeoutMs: 4_000 }, 'ERR_MCP_TOTAL_TIMEOUT']] as const) {
      let signal: AbortSignal | undefined;
      const handlers = { roots: (given: AbortSignal) => ((signal = given), new Promise<never>(() => {})) };
      await withModern(script(asks({ r: ROOTS })), { handlers, limits: { maxRoundsMs: 5_000 } }, async (handle) => {
        const call = rejection(handle.server.callTool('greet', {}, { timeoutMs: 10, ...options }), MCPError);
        await handle.clock.advance(3_999);
        assert.equal(signal?.aborted, false);
        await handle.clock.advance(1_001);
        assert.equal((await call).code, code);
        assert.equal(signal?.aborted, true);
        assert.equal(await timersLeft(handle), 0);
      });
    }
  });

  test('timeoutMs is for each round', async () => {
    await withModern(script(asks({ r: ROOTS }), undefined), { handlers: ALL }, async (handle) => {
      const call = rejection(handle.server.callTool('greet', {}, { timeoutMs: 10 }), RequestTimeoutError);
      await handle.clock.advance(10);
      assert.equal((await call).code, 'ERR_MCP_REQUEST_TIMEOUT');
      assert.equal(handle.peer.sent('notifications/cancelled').length, 1);
    });
  });

  test('a handler has limits.answerTimeoutMs, and the question is kept', async () => {
    const handlers = { roots: () => new Promise<never>(() => {}) };
    await withModern(script(asks({ r: ROOTS })), { handlers, limits: { answerTimeoutMs: 500 } }, async (handle) => {
      const call = rejection(handle.server.callTool('greet'), InputRequiredError);
      await handle.clock.advance(500);
      assert.ok((await call).cause instanceof RequestTimeoutError);
      assert.equal(await timersLeft(handle), 0);
    });
  });
});

describe('the end of a call that is being asked', () => {
  test('its signal ends it at any moment, with its reason: while a handler is asked, in a pause, and in a later round', async () => {
    const moments: ReadonlyArray<readonly [ScriptedAnswer[], () => Promise<unknown[]>, number]> = [
      [[asks({ r: ROOTS })], () => new Promise<never>(() => {}), 0],
      [[asks(undefined, 's')], async () => [], 0],
      [[asks({ r: ROOTS }), undefined], async () => [], 1],
    ];
    for (const [answers, roots, cancelled] of moments) {
      await withModern(script(...answers), { handlers: { roots: roots as () => Promise<never[]> } }, async (handle) => {
        const controller = new AbortController();
        const call = handle.server.callTool('greet', {}, { signal: controller.signal }).catch((reason: unknown) => reason);
        await settle();
        const reason = new Error('enough');
        controller.abort(reason);
        assert.equal(await call, reason);
        await settle();
        assert.equal(handle.peer.sent('notifications/cancelled').length, cancelled);
        assert.deepEqual([await timersLeft(handle), handle.server.pendingRequests.length], [0, 0]);
      });
    }
  });

  test('cleanup ends it, and the handler hears of it', async () => {
    let signal: AbortSignal | undefined;
    const handlers = { roots: (given: AbortSignal) => ((signal = given), new Promise<never>(() => {})) };
    await withModern(script(asks({ r: ROOTS })), { handlers }, async ({ server }) => {
      const call = rejection(server.callTool('greet'), ConnectionError);
      await settle();
      await server.cleanup();
      assert.equal((await call).code, 'ERR_MCP_CONNECTION_CLOSED');
      assert.equal(signal?.aborted, true);
    });
  });

  test('an error of the server in a later round is the error of the call', async () => {
    await withModern(script(asks({ r: ROOTS }), new Refusal(-32602, 'the state is old')), { handlers: ALL }, async ({ server }) => {
      assert.equal((await rejection(server.callTool('greet'), InvalidValueError)).code, 'ERR_MCP_INVALID_ARGUMENTS');
    });
  });

  test('a call that nobody waits for leaves no unhandled rejection', async () => {
    await withModern(script(asks({ r: ROOTS }), new Refusal(-32000, 'no')), { handlers: ALL }, async ({ server }) => {
      void server.callTool('greet');
      void server.callTool('greet');
      await settle();
    });
  });
});

describe('what is no question', () => {
  const refused = async (answer: object, pattern: RegExp, call: (handle: MemoryHandle) => Promise<unknown> = ({ server }) => server.callTool('greet')): Promise<void> => {
    await withModern(script(answer), { handlers: ALL }, async (handle) => {
      const error = await rejection(call(handle), PeerProtocolError);
      assert.equal(error.code, 'ERR_MCP_INVALID_RESULT');
      assert.match(error.message, pattern);
    });
  };

  test('is refused, with its place', async () => {
    await refused(asks(undefined), /inputRequests, requestState or both/);
    await refused(asks({ a: { method: 'ping' } }), /\/inputRequests\/a\/method must be one of/);
    await refused(asks({ a: 1 }), /\/inputRequests\/a must be an object/);
    await refused(asks({ a: { method: 'roots/list', params: 3 } }), /\/inputRequests\/a\/params must be an object/);
    await refused(asks([], 's'), /\/inputRequests must be an object/);
    await refused(asks({ a: ROOTS }, 5), /\/requestState must be a string/);
    await refused(asks({ a: ROOTS }), /resultType/, ({ server }) => server.listTools());
  });

  test('members of a prototype are none', () => {
    assert.throws(() => checkInputRequired(Object.create({ requestState: 's' }) as never, 5), /neither/);
  });

  test('a legacy server is not asked about it', async () => {
    await withMemoryHandle({ 'tools/call': () => ({ ...asks({ r: ROOTS }), content: [] }) }, { handlers: ALL, checkArguments: false }, async ({ server, peer }) => {
      assert.deepEqual((await server.callTool('greet')).content, []);
      assert.equal(peer.sent('tools/call').length, 1);
    });
  });
});

describe('a question that is not answered', () => {
  test('is kept where the handler fails, refuses or is not there: nothing is lost', async () => {
    const cases: ReadonlyArray<readonly [NonNullable<MemoryOptions['handlers']>, object, new (...args: never[]) => Error]> = [
      [{ roots: () => { throw new SyntaxError('secret'); } }, ROOTS, SyntaxError],
      [{ sampling: (_request, { reject }) => reject('No, thank you') }, MODEL, Error],
      [{ elicitation: () => ({ action: 'accept', content: {} }) }, FORM, TypeError],
      [{ elicitation: () => ({ action: 'decline' }) }, { method: 'elicitation/create', params: { mode: 'url', message: 'm', url: 'https://a.example/' } }, Error],
      [{}, ROOTS, PeerProtocolError],
    ];
    for (const [handlers, request, Cause] of cases) {
      await withModern(script(asks({ k: request }, 's'), DONE), { handlers }, async ({ server, faults, peer }) => {
        const error = await rejection(server.callTool('greet', { a: 1 }), InputRequiredError);
        assert.equal(error.code, 'ERR_MCP_INPUT_REQUIRED');
        assert.deepEqual(error.details, { method: 'tools/call', key: 'k', asked: (request as { method: string }).method });
        assert.ok(error.cause instanceof Cause, String(error.cause));
        assert.doesNotMatch(error.message, /secret/);
        assert.deepEqual(error.question, { version: 1, method: 'tools/call', params: { name: 'greet', arguments: { a: 1 } }, inputRequests: { k: { params: {}, ...request } }, requestState: 's' });
        assert.doesNotMatch(JSON.stringify(Object.keys(error)), /question/);
        assert.deepEqual(faults.map(({ code }) => code), Cause === PeerProtocolError ? ['ERR_MCP_UNEXPECTED_METHOD'] : []);
        assert.equal(peer.sent('tools/call').length, 1);
      });
    }
  });

  test('of several, the others are not waited for, and hear that nobody waits; where one has no handler, nobody is asked', async () => {
    let signal: AbortSignal | undefined;
    const handlers = { roots: (given: AbortSignal) => ((signal = given), new Promise<never>(() => {})), sampling: () => { throw new Error('no'); } };
    await withModern(script(asks({ r: ROOTS, m: MODEL })), { handlers }, async ({ server }) => {
      await rejection(server.callTool('greet'), InputRequiredError);
      assert.equal(signal?.aborted, true);
    });
    await withModern(script(asks({ r: ROOTS, m: MODEL })), { handlers: { roots: () => assert.fail('asked') } }, async ({ server }) => {
      assert.equal((await rejection(server.callTool('greet'), InputRequiredError)).details['key'], 'm');
    });
  });
});

describe('a question that is kept and answered later', () => {
  const MANUAL = { rounds: 'manual' } as const;

  async function kept(handle: MemoryHandle): Promise<StoredQuestion<'tools/call'>> {
    const { question } = await rejection(handle.server.callTool('greet', { a: 1 }, MANUAL), InputRequiredError);
    return JSON.parse(JSON.stringify(question)) as StoredQuestion<'tools/call'>;
  }

  test('comes to what the call would have come to, with answers that are checked against it', async () => {
    await withModern(script(asks({ f: FORM, m: MODEL, r: ROOTS }, 's'), DONE), {}, async (handle) => {
      const question = await kept(handle);
      const answers = { f: { action: 'accept', content: { name: 'Ada' } }, m: SAID, r: { roots: ROOT_LIST } } as const;
      const { f: _f, ...tooFew } = answers;
      for (const [wrong, pattern] of [
        [undefined, /"handlers" or an object/],
        [tooFew, /must have the member "f"/],
        [{ ...answers, x: answers.r }, /"x", which was not asked/],
        [{ ...answers, f: { action: 'accept', content: { name: 3 } } }, /"f" is no answer to elicitation\/create/],
        [{ ...answers, f: { action: 'later' } }, /"f" is no answer/],
        [{ ...answers, m: { role: 'assistant' } }, /"m" is no answer to sampling/],
        [{ ...answers, r: [] }, /"r" is no answer to roots/],
      ] as const) {
        await assert.rejects(handle.server.answerQuestion(question, wrong as never), (error) => (error instanceof TypeError || error instanceof RangeError) && pattern.test(error.message));
      }
      assert.equal(handle.peer.sent('tools/call').length, 1);
      assert.deepEqual((await handle.server.answerQuestion(question, answers)).content, DONE.content);
      assert.deepEqual(sent(handle)[1], { name: 'greet', arguments: { a: 1 }, inputResponses: answers, requestState: 's' });
    });
  });

  test('may be answered by handlers, and asked again: the answers of before do not go out once more', async () => {
    await withModern(script(asks({ f: FORM }, 's'), asks({ r: ROOTS }), asks({ r: ROOTS }, 't'), DONE), { handlers: ALL }, async (handle) => {
      const next = await rejection(handle.server.answerQuestion(await kept(handle), 'handlers', MANUAL), InputRequiredError);
      assert.deepEqual(next.question, { version: 1, method: 'tools/call', params: { name: 'greet', arguments: { a: 1 } }, inputRequests: { r: { ...ROOTS, params: {} } } });
      await handle.server.answerQuestion(next.question, 'handlers');
      assert.deepEqual(sent(handle).at(-1), { name: 'greet', arguments: { a: 1 }, inputResponses: { r: { roots: ROOT_LIST } }, requestState: 't' });
    });
  });

  test('manual or not, a server that asks nothing is called again by itself', async () => {
    await withModern(script(asks({}, 's'), DONE), {}, async ({ server, clock, peer }) => {
      const call = server.callTool('greet', {}, MANUAL);
      await clock.advance(250);
      assert.deepEqual((await call).content, DONE.content);
      assert.deepEqual(peer.sent('tools/call').length, 2);
    });
  });

  test('its call ends with its signal', async () => {
    await withModern(script(asks({ r: ROOTS })), { handlers: { roots: () => new Promise<never>(() => {}) } }, async (handle) => {
      const question = await kept(handle);
      const controller = new AbortController();
      const call = handle.server.answerQuestion(question, 'handlers', { signal: controller.signal }).catch((reason: unknown) => reason);
      await settle();
      controller.abort('enough');
      assert.equal(await call, 'enough');
      assert.equal(await timersLeft(handle), 0);
    });
  });

  test('is not taken up by a legacy server, nor without a connection', async () => {
    const question: StoredQuestion = { version: 1, method: 'tools/call', params: { name: 'greet' }, requestState: 's' };
    await withMemoryHandle({}, { protocolVersions: LEGACY_VERSIONS }, async ({ server, peer }) => {
      assert.equal((await rejection(server.answerQuestion(question, {}), InvalidValueError)).code, 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.equal(peer.sent('tools/call').length, 0);
      await server.cleanup();
      assert.equal((await rejection(server.answerQuestion(question, {}), ConnectionError)).code, 'ERR_MCP_NOT_CONNECTED');
    });
  });

  test('what is no stored question is refused, with its place', () => {
    const good = { version: 1, method: 'tools/call', params: { name: 'greet' }, inputRequests: { r: ROOTS }, requestState: 's' };
    assert.equal(checkStoredQuestion(good, DEFAULT_LIMITS).asked.requestState, 's');
    for (const [wrong, pattern] of [
      [{ ...good, version: 2 }, /\/version must be 1/],
      [{ ...good, method: 'initialize' }, /\/method must be one of/],
      [{ ...good, params: undefined }, /\/params must be an object/],
      [{ ...good, params: {} }, /\/params\/name must be a string/],
      [{ ...good, params: { name: 'a', _meta: { progressToken: 1 } } }, /\/params\/_meta must be absent/],
      [{ ...good, method: 'resources/read' }, /\/params\/uri/],
      [{ ...good, inputRequests: { r: { method: 'ping' } } }, /\/inputRequests\/r\/method/],
      [{ ...good, inputRequests: undefined, requestState: undefined }, /neither/],
      [JSON.parse(`{"version":1,"params":${'['.repeat(200)}${']'.repeat(200)}}`), /levels deep/],
    ] as const) {
      assert.throws(() => checkStoredQuestion(wrong, DEFAULT_LIMITS), (error) => error instanceof InvalidValueError && error.code === 'ERR_MCP_STORED_QUESTION' && pattern.test(error.message));
    }
    assert.throws(() => checkStoredQuestion('no', DEFAULT_LIMITS), TypeError);
    assert.deepEqual(checkStoredQuestion({ ...good, params: { name: 'greet', inputResponses: {}, requestState: 'x' } }, DEFAULT_LIMITS).params, { name: 'greet' });
  });
});

describe('what a modern server is told of the host', () => {
  test('the capabilities follow from the handlers, and changed roots are not told', async () => {
    const handlers = { ...ALL, sampling: { handle: () => SAID, tools: true }, elicitation: { url: () => ({ action: 'accept' as const }) } };
    await withModern(script(DONE), { handlers }, async ({ server, peer, faults }) => {
      server.notifyRootsChanged();
      await server.callTool('greet');
      const meta = peer.sent('tools/call')[0]?.params?.['_meta'] as Record<string, unknown>;
      assert.deepEqual(meta['io.modelcontextprotocol/clientCapabilities'], { roots: {}, sampling: { tools: {} }, elicitation: { url: {} } });
      assert.deepEqual([peer.messages.filter(({ method }) => method?.startsWith('notifications/')), faults], [[], []]);
      await server.cleanup();
      assert.throws(() => server.notifyRootsChanged(), { code: 'ERR_MCP_NOT_CONNECTED' });
    });
    assert.deepEqual(capabilitiesIn(MODERN_VERSIONS[0] ?? assert.fail(), { sampling: {} }), { sampling: {} });
  });

  test('a capability that a server misses is an error that names it', async () => {
    const refusal = (data: unknown): Refusal => new Refusal(-32021, 'needs more', data);
    await withModern(script(refusal({ requiredCapabilities: { elicitation: {}, sampling: {} } })), {}, async ({ server }) => {
      const error = await rejection(server.callTool('greet'), InvalidValueError);
      assert.equal(error.code, 'ERR_MCP_MISSING_CAPABILITY');
      assert.deepEqual(error.details['missing'], ['elicitation', 'sampling']);
    });
    await withModern(script(refusal(undefined)), {}, async ({ server }) => {
      assert.equal((await rejection(server.callTool('greet'), MCPError)).code, 'ERR_MCP_RPC');
    });
  });
});
