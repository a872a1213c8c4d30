/** What is read, completed and logged, against scripted servers. Source: MCP 2025-11-25, server, "Resources", "Completion", "Logging". */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LimitError, PeerProtocolError, SERVER_LOG_LEVELS, expandURITemplate, logServerMessages, parseURITemplate, resourceBytes } from '../../../lib/index.ts';
import type { BlobResourceContents, TextResourceContents } from '../../../lib/index.ts';
import { settle } from '../../helpers/fake-clock.ts';
import { memoryHandle } from '../../helpers/memory-handle.ts';
import { Refusal } from '../../helpers/scripted-peer.ts';
import type { Script } from '../../helpers/scripted-peer.ts';
import { mcpRejection } from '../../helpers/with-server.ts';

async function connected(script: Script) {
  const handle = memoryHandle(script);
  await handle.server.connect();
  return handle;
}

const blob = (text: string): BlobResourceContents => ({ uri: 'a:1', blob: text });
const text = (value: string): TextResourceContents => ({ uri: 'a:1', text: value });

describe('resourceBytes', () => {
  test('gives the bytes of a blob, and of text in UTF-8', () => {
    // Source: RFC 4648 section 10.
    const vectors = { '': '', 'Zg==': 'f', 'Zm8=': 'fo', 'Zm9v': 'foo', 'Zm9vYg==': 'foob', 'Zm9vYmE=': 'fooba', 'Zm9vYmFy': 'foobar' };
    for (const [base64, bytes] of Object.entries(vectors)) assert.deepEqual(resourceBytes(blob(base64)), new Uint8Array(Buffer.from(bytes)), base64);
    assert.deepEqual([...resourceBytes(text('é€'))], [0xc3, 0xa9, 0xe2, 0x82, 0xac]);
    assert.deepEqual([...resourceBytes(blob('+/8='))], [0xfb, 0xff]);
  });

  for (const [what, base64] of Object.entries({ 'no padding': 'Zg', 'white space': 'Zm9v\n', 'the alphabet of URLs': '-_8=', 'padding in the middle': 'Zg==Zg==', 'bits behind the last byte': 'Zh==', 'one letter': 'Z', 'too much padding': 'Z===' })) {
    test(`refuses ${what}`, () => {
      assert.throws(() => resourceBytes(blob(base64)), (error) => error instanceof PeerProtocolError && error.code === 'ERR_MCP_INVALID_RESULT' && !error.message.includes(base64.trim() + ' '));
    });
  }

  test('gives maxBytes bytes and not one more, of either kind; what is too large is not decoded', () => {
    const tooLarge = (error: unknown): boolean => error instanceof LimitError && error.details['limit'] === 'maxMessageBytes' && error.details['most'] === 3;
    assert.equal(resourceBytes(blob('Zm9v'), 3).length, 3);
    assert.throws(() => resourceBytes(blob('Zm9vYg=='), 3), tooLarge);
    assert.throws(() => resourceBytes(blob('!!!!!!!!'), 3), tooLarge);
    assert.equal(resourceBytes(text('aé'), 3).length, 3);
    assert.throws(() => resourceBytes(text('éé'), 3), tooLarge);
    assert.throws(() => resourceBytes(text('abcd'), 3), tooLarge);
  });

  test('wrong arguments are a TypeError or RangeError', () => {
    assert.throws(() => resourceBytes(undefined as never), TypeError);
    assert.throws(() => resourceBytes({ uri: 'a:1' } as never), /"text" or "blob"/);
    assert.throws(() => resourceBytes(text('a'), -1), RangeError);
  });
});

describe('reading by a template', () => {
  test('a template of the server expands to what is read (RFC 6570)', async () => {
    const { peer, server } = await connected({
      'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'file:///{+path}{?lines*}', name: 'files' }] }),
      'resources/read': ({ params }) => ({ contents: [{ uri: params?.['uri'], text: 'read' }] }),
    });
    const [template] = await server.listResourceTemplates();
    const uri = expandURITemplate(template?.uriTemplate ?? '', { path: 'docs/a b.md', lines: [1, 2] });
    assert.equal(uri, 'file:///docs/a%20b.md?lines=1&lines=2');
    assert.deepEqual(await server.listResourceContents(uri), [{ uri, text: 'read' }]);
    assert.deepEqual(peer.sent('resources/read').map(({ params }) => params), [{ uri }]);
    assert.deepEqual({ ...parseURITemplate('a:{x}').match('a:%20') }, { x: ' ' });
    await server.cleanup();
  });

  test('contents with neither text nor blob are no result; those of a newer server keep what is not known', async () => {
    const results = [{ contents: [{ uri: 'a:1' }] }, { contents: [{ uri: 'a:1', text: 1 }] }, { contents: {} }, { contents: [{ text: '' }] }];
    const { server } = await connected({ 'resources/read': () => results.shift() ?? { contents: [{ uri: 'a:1', blob: '', more: [1] }] } });
    for (const pointer of ['/contents/0', '/contents/0', '/contents', '/contents/0/uri']) {
      const error = await mcpRejection(server.listResourceContents('a:1'), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
      assert.equal(error.details['pointer'], pointer);
    }
    assert.deepEqual(await server.listResourceContents('a:1'), [{ uri: 'a:1', blob: '', more: [1] }]);
    await server.cleanup();
  });
});

describe('prompts and completion', () => {
  test('arguments of a prompt go as they are: the server says what is missing', async () => {
    const { peer, server } = await connected({ 'prompts/get': ({ params }) => (params?.['arguments'] === undefined ? new Refusal(-32602, 'name is missing') : { messages: [] }) });
    const error = await mcpRejection(server.getPrompt('greet'), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
    assert.match(error.message, /name is missing/);
    assert.deepEqual(await server.getPrompt('greet', { name: 'Ada' }), { messages: [] });
    assert.deepEqual(peer.sent('prompts/get').map(({ params }) => params), [{ name: 'greet' }, { name: 'greet', arguments: { name: 'Ada' } }]);
    await server.cleanup();
  });

  test('of more than 100 values the first 100 are given, and that there are more; the context travels', async () => {
    const values = Array.from({ length: 101 }, (_, index) => `v${index}`);
    const answers = [values, values.slice(0, 100)];
    const { peer, server } = await connected({ 'completion/complete': () => ({ completion: { values: answers.shift(), total: 101, hasMore: false } }) });
    const ask = () => server.complete({ type: 'ref/prompt', name: 'p' }, { name: 'a', value: 'v' }, { context: { arguments: { b: 'c' } } });
    assert.deepEqual(await ask(), { values: values.slice(0, 100), total: 101, hasMore: true });
    assert.deepEqual(await ask(), { values: values.slice(0, 100), total: 101, hasMore: false });
    assert.deepEqual(peer.sent('completion/complete')[0]?.params, { ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'a', value: 'v' }, context: { arguments: { b: 'c' } } });
    await server.cleanup();
  });
});

describe('logServerMessages', () => {
  test('each level goes to its method, under the names of server and logger, escaped', async () => {
    const { peer, server } = await connected({});
    const lines: unknown[] = [];
    const method = (name: string) => (message: string, facts?: object) => lines.push([name, message, facts]);
    const stop = logServerMessages(server, { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') });
    for (const level of SERVER_LOG_LEVELS) peer.notify('notifications/message', { level, data: level });
    peer.notify('notifications/message', { level: 'info', logger: 'd\u001bb', data: { a: '\n' } });
    await settle();
    stop();
    peer.notify('notifications/message', { level: 'info', data: 'late' });
    await settle();
    const methods = ['debug', 'info', 'info', 'warn', 'error', 'error', 'error', 'error'];
    assert.deepEqual(lines, [
      ...SERVER_LOG_LEVELS.map((level, index) => [methods[index], `scripted: ${level}`, { level }]),
      ['info', 'scripted/d\\u{1b}b: {"a":"\\n"}', { level: 'info' }],
    ]);
    assert.throws(() => logServerMessages(server, undefined as never), TypeError);
    await server.cleanup();
  });

  test('a logger without the method hears nothing, and harms nobody', async () => {
    const { peer, server } = await connected({});
    logServerMessages(server, {});
    peer.notify('notifications/message', { level: 'alert', data: undefined });
    await settle();
    await server.ping();
    await server.cleanup();
  });
});
