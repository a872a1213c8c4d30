/** What a server may ask of a model of the host. Source: MCP 2024-11-05 to 2025-11-25, client, "Sampling"; roots with it, "Roots". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred } from '../../../lib/base/deferred.ts';
import { LimitError } from '../../../lib/base/errors.ts';
import type { MCPError } from '../../../lib/base/errors.ts';
import type { JSONObject } from '../../../lib/base/json.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { Limits } from '../../../lib/base/limits.ts';
import { RequestRefusal } from '../../../lib/connection/incoming-requests.ts';
import { ElicitationBook } from '../../../lib/features/elicitation-book.ts';
import { handlersFeature, resolveHandlers } from '../../../lib/features/handlers.ts';
import type { SamplingContext } from '../../../lib/features/sampling.ts';
import { capabilitiesIn, capabilitiesText } from '../../../lib/protocol/capabilities.ts';
import type { SamplingRequest, SamplingResult } from '../../../lib/protocol/types/sampling.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';

const text = (words: string) => ({ type: 'text', text: words });
const user = (...content: object[]) => ({ role: 'user', content: content.length === 1 ? content[0] : content });
const assistant = (...content: object[]) => ({ role: 'assistant', content });
const use = (id: string) => ({ type: 'tool_use', id, name: 'weather', input: { city: 'Oslo' } });
const result = (toolUseId: string) => ({ type: 'tool_result', toolUseId, content: [text('cold')] });

const HELLO = { messages: [user(text('Hello'))], maxTokens: 100 };
const ANSWER: SamplingResult = { role: 'assistant', content: { type: 'text', text: 'Hi' }, model: 'm-1', stopReason: 'endTurn' };

/** A host with these handlers, asked directly. */
function host(handlers: object, limits: Partial<Limits> = {}) {
  const clock = new FakeClock();
  const faults: MCPError[] = [];
  const context = {
    serverName: 'weather',
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    callbackFault: () => assert.fail('nothing is called that could fail unheard'),
    fault: (error: MCPError) => faults.push(error),
    elicitations: new ElicitationBook(DEFAULT_LIMITS.maxKnownElicitations),
  };
  const { capabilities, answers } = handlersFeature(resolveHandlers(handlers), context);
  const ask = async (method: string, params: object, signal: AbortSignal = new AbortController().signal): Promise<JSONObject> => {
    const answer = answers.get(method);
    assert.ok(answer !== undefined, `${method} is answered`);
    return answer({ id: 1, method, params: params as JSONObject, signal });
  };
  const sample = (params: object = HELLO, signal?: AbortSignal) => ask('sampling/createMessage', params, signal);
  return { capabilities, answers, ask, sample, clock, faults };
}

/** What the server hears: the code and the message of the refusal. */
async function refusal(answer: Promise<unknown>): Promise<[number, string, ...unknown[]]> {
  const cause = await answer.then(
    () => assert.fail('it was answered'),
    (reason: unknown) => reason,
  );
  assert.ok(cause instanceof RequestRefusal, String(cause));
  return cause.data === undefined ? [cause.rpcCode, cause.message] : [cause.rpcCode, cause.message, cause.data];
}

/** Params that are right in everything but this. */
const but = (params: object) => ({ ...HELLO, ...params });

describe('what is declared follows from the handlers', () => {
  test('nothing without handlers; sampling with tools and context only where the host says so', () => {
    const handle = () => ANSWER;
    assert.deepEqual(host({}).capabilities, {});
    assert.deepEqual(host({ sampling: handle }).capabilities, { sampling: {} });
    assert.deepEqual(host({ sampling: { handle, tools: false } }).capabilities, { sampling: {} });
    assert.deepEqual(host({ sampling: { handle, tools: true, context: true }, roots: [] }).capabilities, {
      roots: { listChanged: true },
      sampling: { tools: {}, context: {} },
    });
  });

  test('a revision before 2025-11-25 is told nothing that it does not have', () => {
    const capabilities = { roots: { listChanged: true }, sampling: { tools: {}, context: {} } };
    assert.deepEqual(capabilitiesIn('2025-11-25', capabilities), capabilities);
    for (const revision of ['2025-06-18', '2025-03-26', '2024-11-05'] as const) {
      assert.deepEqual(capabilitiesIn(revision, capabilities), { roots: { listChanged: true }, sampling: {} });
    }
    assert.deepEqual(capabilitiesIn('2024-11-05', {}), {});
  });

  test('the text of capabilities is the same whatever their order, and there is none for none', () => {
    assert.equal(capabilitiesText({}), undefined);
    assert.equal(capabilitiesText({ sampling: { tools: {}, context: {} }, roots: {} }), '{"roots":{},"sampling":{"context":{},"tools":{}}}');
    assert.equal(capabilitiesText({ roots: {}, sampling: { context: {}, tools: {} } }), '{"roots":{},"sampling":{"context":{},"tools":{}}}');
  });

  test('wrong handlers are refused at the door, and named', () => {
    const handle = () => ANSWER;
    const wrong: [object, RegExp][] = [
      [{ sampling: 1 }, /handlers\.sampling must be a function or an object of options; got the number 1/],
      [{ sampling: {} }, /handlers\.sampling\.handle must be a function; got undefined/],
      [{ sampling: { handle, tool: true } }, /handlers\.sampling has no option "tool"; did you mean "tools"\?/],
      [{ sampling: { handle, tools: {} } }, /handlers\.sampling\.tools must be true or false/],
      [{ sampling: { handle, approve: true } }, /handlers\.sampling\.approve must be a function/],
      [{ sampling: { handle, maxTokens: 0 } }, /handlers\.sampling\.maxTokens must be a whole number, at least 1; got 0/],
      [{ roots: 'file:///' }, /handlers\.roots must be a list of roots or a function/],
      [{ roots: [{ uri: 'https://x.example/' }] }, /handlers\.roots\[0\]\.uri must be a file:\/\/ URI/],
      [{ roots: [{ uri: 'file:///a', name: 1 }] }, /handlers\.roots\[0\]\.name must be a string/],
      [{ roots: [{ uri: 'file:///a', size: 1n }] }, /handlers\.roots\[0\] must have a JSON form/],
      [{ root: [] }, /did you mean "roots"/],
    ];
    for (const [handlers, message] of wrong) assert.throws(() => resolveHandlers(handlers), message);
  });
});

describe('a request for a model', () => {
  test('reaches the handler as the server made it, with the name of the server, and is answered with what the model said', async () => {
    const seen: [SamplingRequest, string][] = [];
    const { sample } = host({
      sampling: (request: SamplingRequest, context: SamplingContext) => {
        seen.push([request, context.serverName]);
        return ANSWER;
      },
    });
    const params = {
      messages: [user(text('Hello')), assistant(text('Hi'), { type: 'audio', data: 'AA==', mimeType: 'audio/wav' }), user({ type: 'image', data: 'AA==', mimeType: 'image/png' })],
      modelPreferences: { hints: [{ name: 'small' }, {}], costPriority: 0, speedPriority: 0.5, intelligencePriority: 1 },
      systemPrompt: 'Be short',
      temperature: 0.7,
      maxTokens: 100,
      stopSequences: ['\n'],
      metadata: { vendor: { a: 1 } },
      later: 'kept',
      _meta: { progressToken: 7 },
    };
    assert.deepEqual(await sample(params), ANSWER);
    assert.deepEqual(seen, [[params, 'weather']]);
  });

  test('what the host does to what it was given has no effect: it cannot', async () => {
    let request: SamplingRequest | undefined;
    const { sample } = host({
      sampling: (given: SamplingRequest) => {
        request = given;
        return ANSWER;
      },
    });
    const params = structuredClone(HELLO);
    await sample(params);
    assert.throws(() => ((request?.messages[0] as { role: string }).role = 'assistant'), TypeError);
    assert.throws(() => (request?.messages as object[]).push({}), TypeError);
    (params.messages as object[]).length = 0;
    assert.equal(request?.messages.length, 1);
  });

  test('what the host does to its answer afterwards has no effect', async () => {
    const answer = structuredClone(ANSWER) as { content: { text: string } } & SamplingResult;
    const { sample } = host({ sampling: () => answer });
    const sent = await sample();
    answer.content.text = 'something else';
    assert.deepEqual(sent, ANSWER);
  });

  test('null stands for a member that is left out', async () => {
    let request: SamplingRequest | undefined;
    const { sample } = host({ sampling: (given: SamplingRequest) => ((request = given), ANSWER) });
    await sample(but({ tools: null, toolChoice: null, systemPrompt: null, temperature: null, modelPreferences: null }));
    assert.deepEqual(request, HELLO);
  });

  test('the wish for context is seen only by a host that declared it', async () => {
    for (const [context, expected] of [
      [undefined, undefined],
      [false, undefined],
      [true, 'allServers'],
    ] as const) {
      let seen: string | undefined = 'not asked';
      const { sample } = host({ sampling: { context, handle: (request: SamplingRequest) => ((seen = request.includeContext), ANSWER) } });
      await sample(but({ includeContext: 'allServers' }));
      assert.equal(seen, expected);
    }
  });

  const INVALID: readonly [string, object, RegExp][] = [
    ['no messages', { maxTokens: 1 }, /\/messages must be an array; got undefined/],
    ['a message that is none', but({ messages: ['Hello'] }), /\/messages\/0 must be an object/],
    ['another role', but({ messages: [{ role: 'system', content: text('x') }] }), /\/messages\/0\/role must be one of user, assistant/],
    ['no content', but({ messages: [{ role: 'user' }] }), /\/messages\/0\/content must be an object; got undefined/],
    ['text without text', but({ messages: [user({ type: 'text' })] }), /\/messages\/0\/content\/text must be a string/],
    ['a picture without a type', but({ messages: [user(text('x'), { type: 'image', data: '' })] }), /\/messages\/0\/content\/1\/mimeType/],
    ['a block that no revision has', but({ messages: [user({ type: 'resource_link', uri: 'a:b', name: 'x' })] }), /\/messages\/0\/content\/type must be one of text, image, audio, tool_use, tool_result/],
    ['no maxTokens', { messages: [] }, /\/maxTokens must be a whole number, at least 1; got undefined/],
    ['maxTokens of nothing', but({ maxTokens: 0 }), /\/maxTokens must be .* got the number 0/],
    ['maxTokens that are not whole', but({ maxTokens: 1.5 }), /\/maxTokens/],
    ['a priority over 1', but({ modelPreferences: { costPriority: 2 } }), /\/modelPreferences\/costPriority must be a number from 0 to 1/],
    ['a hint that is none', but({ modelPreferences: { hints: ['small'] } }), /\/modelPreferences\/hints\/0 must be an object/],
    ['a system prompt that is none', but({ systemPrompt: ['x'] }), /\/systemPrompt must be a string/],
    ['a temperature that is none', but({ temperature: 'hot' }), /\/temperature must be a number/],
    ['stop sequences that are none', but({ stopSequences: [1] }), /\/stopSequences\/0 must be a string/],
    ['metadata that are none', but({ metadata: [] }), /\/metadata must be an object/],
    ['context of nobody', but({ includeContext: 'everyone' }), /\/includeContext must be one of/],
    ['tools that are none', but({ tools: [{ name: 'x' }] }), /\/tools\/0\/inputSchema must be an object/],
    ['a choice that is none', but({ toolChoice: { mode: 'perhaps' } }), /\/toolChoice\/mode must be one of auto, required, none/],
    ['a use of a tool by the user', but({ messages: [user(use('a'))] }), /\/messages\/0\/content must be without a use of tools/],
    ['a use of a tool without input', but({ messages: [assistant({ type: 'tool_use', id: 'a', name: 'x' })] }), /\/messages\/0\/content\/0\/input must be an object/],
    ['a result of a tool by the assistant', but({ messages: [assistant(result('a'))] }), /\/messages\/0\/content must be without results of tools/],
    ['results mixed with text', but({ messages: [assistant(use('a')), user(result('a'), text('x'))] }), /\/messages\/1\/content must be results of tools and nothing else/],
    ['a result without content', but({ messages: [assistant(use('a')), user({ type: 'tool_result', toolUseId: 'a' })] }), /\/messages\/1\/content\/content must be an array/],
    ['a use without its result at the end', but({ messages: [assistant(use('a'))] }), /\/messages must be the results of the 1 uses of tools in its last message too/],
    ['a use without its result before the next message', but({ messages: [assistant(use('a')), user(text('x'))] }), /\/messages\/1\/content must be the results of the 1 uses/],
    ['one result for two uses', but({ messages: [assistant(use('a'), use('b')), user(result('a'))] }), /\/messages\/1\/content .* got 1 results/],
    ['one use answered twice', but({ messages: [assistant(use('a'), use('b')), user(result('a'), result('a'))] }), /\/messages\/1\/content/],
    ['a result of no use', but({ messages: [user(result('a'))] }), /\/messages\/0\/content must be the results of the 0 uses/],
    ['two uses with one id', but({ messages: [assistant(use('a'), use('a')), user(result('a'), result('a'))] }), /\/messages\/0\/content must be uses of tools with an id of their own/],
  ];

  for (const [name, params, message] of INVALID) {
    test(`with ${name} is refused with -32602, told as a fault, and never seen by the handler`, async () => {
      const { sample, faults } = host({ sampling: { tools: true, context: true, handle: () => assert.fail('the handler was called') } });
      const [code, said] = await refusal(sample(params));
      assert.equal(code, -32602);
      assert.match(said, message);
      assert.deepEqual(faults.map(({ code }) => code), ['ERR_MCP_INVALID_PARAMS']);
    });
  }
});

describe('tools in a request for a model (2025-11-25)', () => {
  const TOOLS = [{ name: 'weather', inputSchema: { type: 'object' } }];
  const CONVERSATION = [user(text('Oslo and Rome?')), assistant(text('I look'), use('a'), use('b')), user(result('b'), result('a'))];

  test('are refused with -32602 where they were not declared: tools, a choice, and what was used before', async () => {
    const { sample } = host({ sampling: () => assert.fail('the handler was called') });
    for (const params of [{ tools: TOOLS }, { tools: [] }, { toolChoice: {} }, { messages: CONVERSATION }]) {
      const [code, said] = await refusal(sample(but(params)));
      assert.equal(code, -32602);
      assert.match(said, /this client did not declare sampling\.tools/);
    }
  });

  test('reach the handler where they were, with the conversation so far; the model may ask for several at once', async () => {
    let request: SamplingRequest | undefined;
    const content = [use('c'), use('d')];
    const handle = (given: SamplingRequest) => ((request = given), { ...ANSWER, content, stopReason: 'toolUse' });
    const { sample } = host({ sampling: { tools: true, handle } });
    const params = but({ messages: CONVERSATION, tools: TOOLS, toolChoice: { mode: 'required' } });
    assert.deepEqual(await sample(params), { ...ANSWER, content, stopReason: 'toolUse' });
    assert.deepEqual(request, params);
  });

  test('a list of one block is sent as the block, which every revision knows', async () => {
    const { sample } = host({ sampling: () => ({ ...ANSWER, content: [text('Hi')] }) });
    assert.deepEqual(await sample(), ANSWER);
  });
});

describe('what the host answers', () => {
  const WRONG: readonly [string, unknown, RegExp][] = [
    ['nothing', undefined, /it must be an object; got undefined/],
    ['a text', 'Hi', /it must be an object/],
    ['no role', { ...ANSWER, role: undefined }, /\/role must be a string/],
    ['another role', { ...ANSWER, role: 'model' }, /\/role must be one of user, assistant/],
    ['no model', { ...ANSWER, model: '' }, /\/model must be the name of a model/],
    ['no content', { ...ANSWER, content: [] }, /\/content must be at least one block/],
    ['a block of no type', { ...ANSWER, content: { text: 'Hi' } }, /\/content\/type must be a string/],
    ['a reason that is none', { ...ANSWER, stopReason: 1 }, /\/stopReason must be a string/],
    ['a use of tools that nobody gave', { ...ANSWER, content: use('a') }, /\/content must be without a use of tools/],
    ['a result of a tool', { ...ANSWER, content: result('a') }, /\/content must be what a model says/],
    ['a BigInt', { ...ANSWER, extra: 1n }, /BigInt/],
  ];

  for (const [name, answer, message] of WRONG) {
    test(`with ${name} is not sent: it is an error of the host`, async () => {
      const { sample } = host({ sampling: { handle: () => answer } });
      await assert.rejects(sample(), (cause: unknown) => cause instanceof TypeError && message.test(cause.message));
    });
  }
});

describe('approval', () => {
  test('comes before the handler; anything but true is the error -1 of the specification', async () => {
    for (const answer of [false, undefined, 1, 'yes', Promise.resolve(false)]) {
      const { sample } = host({ sampling: { approve: () => answer, handle: () => assert.fail('the handler was called') } });
      assert.deepEqual(await refusal(sample()), [-1, 'The user rejected the request']);
    }
    const seen: unknown[] = [];
    const { sample } = host({ sampling: { approve: async (request: SamplingRequest) => (seen.push(request.messages), true), handle: () => ANSWER } });
    assert.deepEqual(await sample(), ANSWER);
    assert.deepEqual(seen, [HELLO.messages]);
  });

  test('that fails is no approval', async () => {
    const { sample } = host({ sampling: { approve: () => Promise.reject(new Error('no window')), handle: () => assert.fail('the handler was called') } });
    await assert.rejects(sample(), /no window/);
  });

  test('a handler that shows the answer to somebody can reject it, in words of its own', async () => {
    const { sample } = host({ sampling: (_request: SamplingRequest, context: SamplingContext) => context.reject('Not this one') });
    assert.deepEqual(await refusal(sample()), [-1, 'Not this one']);
  });

  test('a request that was taken back while somebody thought about it is not handled, and costs nothing', async () => {
    const thought = deferred<boolean>();
    let calls = 0;
    const { sample } = host({ sampling: { maxTokensTotal: 100, approve: () => (calls === 0 ? thought.promise : true), handle: () => (calls++, ANSWER) } });
    const controller = new AbortController();
    const answer = sample(HELLO, controller.signal);
    controller.abort(new Error('taken back'));
    await assert.rejects(answer, /taken back/);
    thought.resolve(true);
    await settle();
    assert.equal(calls, 0);
    calls = 1;
    assert.deepEqual(await sample(), ANSWER);
    assert.equal(calls, 2);
  });
});

describe('bounds on what one server may ask of a model', () => {
  test('more tokens than maxTokens are lowered (limits.maxSamplingTokens)', async () => {
    const granted: number[] = [];
    const handle = ({ maxTokens }: SamplingRequest) => (granted.push(maxTokens), ANSWER);
    await host({ sampling: handle }).sample(but({ maxTokens: 1e9 }));
    await host({ sampling: handle }, { maxSamplingTokens: 50 }).sample();
    await host({ sampling: { handle, maxTokens: 60 } }, { maxSamplingTokens: 50 }).sample();
    await host({ sampling: handle }).sample();
    assert.deepEqual(granted, [8_192, 50, 60, 100]);
  });

  test('maxTokensTotal is granted in all: the last request gets what is left, the next one is refused; a rejected one costs nothing', async () => {
    const granted: number[] = [];
    let isApproved = false;
    const handle = ({ maxTokens }: SamplingRequest) => (granted.push(maxTokens), ANSWER);
    const { sample, faults } = host({ sampling: { handle, approve: () => isApproved, maxTokensTotal: 150 } });
    assert.equal((await refusal(sample()))[0], -1);
    isApproved = true;
    await sample();
    await sample();
    assert.deepEqual(granted, [100, 50]);
    assert.deepEqual(await refusal(sample()), [-32603, 'The tokens that this client grants are used up']);
    await refusal(sample());
    assert.deepEqual(faults.map((fault) => fault instanceof LimitError && fault.details), [{ limit: 'maxTokensTotal', most: 150, method: 'sampling/createMessage' }]);
  });

  test('a handler that fails has spent its tokens: the model may have been asked', async () => {
    const { sample } = host({ sampling: { handle: () => Promise.reject(new Error('model')), maxTokensTotal: 100 } });
    await assert.rejects(sample(), /model/);
    assert.equal((await refusal(sample()))[0], -32603);
  });

  test('within any 60 seconds no more than maxRequestsPerMinute; the server hears when to ask again (limits.maxSamplingsPerMinute)', async () => {
    const { sample, clock, faults } = host({ sampling: () => ANSWER }, { maxSamplingsPerMinute: 2 });
    await sample();
    await clock.advance(20_000);
    await sample();
    assert.deepEqual(await refusal(sample()), [-32603, 'At most 2 requests for a model are taken a minute', { retryAfterMs: 40_000 }]);
    await clock.advance(39_999);
    assert.deepEqual((await refusal(sample()))[2], { retryAfterMs: 1 });
    await clock.advance(1);
    await sample();
    assert.deepEqual((await refusal(sample()))[2], { retryAfterMs: 20_000 });
    assert.deepEqual(faults.map(({ details }) => details['limit']), ['maxSamplingsPerMinute', 'maxSamplingsPerMinute'], 'once, and once more after one was taken');
  });

  test('no more than maxConcurrent at once; one that is answered, fails or is taken back makes room (limits.maxSamplingsAtOnce)', async () => {
    const running: ((value: SamplingResult | Promise<SamplingResult>) => void)[] = [];
    const handle = () => new Promise<SamplingResult>((resolve) => running.push(resolve));
    const { sample } = host({ sampling: handle }, { maxSamplingsAtOnce: 2 });
    const taken = new AbortController();
    const first = sample(HELLO, taken.signal);
    const second = sample();
    assert.deepEqual(await refusal(sample()), [-32603, 'At most 2 requests for a model are worked on at once']);
    taken.abort(new Error('taken back'));
    await assert.rejects(first, /taken back/);
    const third = sample();
    await refusal(sample());
    running[1]?.(ANSWER);
    await second;
    const fourth = sample();
    running[2]?.(Promise.reject(new Error('model')));
    await assert.rejects(third, /model/);
    running[3]?.(ANSWER);
    assert.deepEqual(await fourth, ANSWER);
  });

  test('no request of more than maxBytes, counted in UTF-8 (limits.maxSamplingBytes)', async () => {
    const params = (words: string) => ({ messages: [user(text(words))], maxTokens: 1 });
    const most = new TextEncoder().encode(JSON.stringify(params('éé'))).length;
    for (const sampling of [() => ANSWER, { handle: () => ANSWER, maxBytes: most }]) {
      const { sample, faults } = host({ sampling }, typeof sampling === 'function' ? { maxSamplingBytes: most } : {});
      await sample(params('éé'));
      assert.deepEqual(await refusal(sample(params('éée'))), [-32602, `The request may have at most ${most} bytes; it has ${most + 1}`]);
      assert.deepEqual(faults.map(({ details }) => details['limit']), ['maxSamplingBytes']);
    }
  });
});

describe('roots', () => {
  const ROOTS = [{ uri: 'file:///home/ada', name: 'Home', _meta: { a: 1 } }, { uri: 'file:///tmp' }];

  test('as a list are what they were when the handle was made', async () => {
    const roots = structuredClone(ROOTS);
    const { ask } = host({ roots });
    roots.pop();
    assert.deepEqual(await ask('roots/list', {}), { roots: ROOTS });
  });

  test('as a function are asked for each time, and the signal of the request reaches it', async () => {
    const signals: AbortSignal[] = [];
    const { ask } = host({ roots: async (signal: AbortSignal) => (signals.push(signal), ROOTS.slice(0, signals.length)) });
    const { signal } = new AbortController();
    assert.deepEqual(await ask('roots/list', {}, signal), { roots: ROOTS.slice(0, 1) });
    assert.deepEqual(await ask('roots/list', {}, signal), { roots: ROOTS });
    assert.equal(signals[1], signal);
  });

  test('that are no list of file:// URIs are an error of the host, and never sent', async () => {
    for (const roots of [undefined, {}, [{ uri: 'http://x.example' }], [null], [{ name: 'x' }]]) {
      await assert.rejects(host({ roots: () => roots }).ask('roots/list', {}), TypeError);
    }
  });
});
