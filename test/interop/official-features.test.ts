/**
 * `@modelcontextprotocol/server` 2.x on every road: for both eras and for the modern one only, over HTTP and stdio, and with
 * sessions. One host program, with the same outcome wherever the server can do its part.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ListChanged, LogMessage, MCPServerProtocol, ServerChange, Subscription } from '../../lib/index.ts';
import { FRESH_MS } from './official-offer.ts';
import { OFFICIAL_ROADS } from './official-roads.ts';
import { textIn, useAll } from './official-use.ts';
import { until } from './peers.ts';

/** The next change of a subscription, which stays open. */
async function nextOf(subscription: Subscription): Promise<ServerChange> {
  const { value, done } = await subscription[Symbol.asyncIterator]().next();
  assert.notEqual(done, true);
  return value as ServerChange;
}

const readNote = async (server: MCPServerProtocol, uri: string): Promise<unknown> => (await server.listResourceContents(uri))[0]?.['text'];

for (const { name, agreed, isConnected, withGuest } of OFFICIAL_ROADS) {
  const isModern = agreed[0] === 'modern';

  describe(`@modelcontextprotocol/server ${name}`, () => {
    test('tools, resources, templates, prompts, completion, progress', async () => {
      await withGuest({}, (server) => useAll(server, agreed));
    });

    test('logging: from the level on that was asked for, until another one is', async () => {
      await withGuest({ serverLogLevel: 'warning' }, async (server) => {
        const heard: LogMessage[] = [];
        server.on('log', (message) => heard.push(message));
        await server.callTool('log', { level: 'info', words: 'warm' });
        await server.callTool('log', { level: 'error', words: 'hot' });
        await server.setLogLevel('debug');
        await server.callTool('log', { level: 'debug', words: 'cold' });
        const said = [['info', 'warm'], ['error', 'hot'], ['debug', 'cold']].map(([level, words]) => ({ level, logger: 'ours', data: { words } }));
        // A server that is made for one request forgets the level with it.
        const expected = isConnected ? said.slice(1) : said;
        await until(() => heard.length >= expected.length, 'what was logged came');
        assert.deepEqual(heard, expected);
      });
    });

    test('a call that is taken back: by its signal, by its id', async () => {
      await withGuest({}, async (server) => {
        const controller = new AbortController();
        await assert.rejects(server.callTool('wait', {}, { signal: controller.signal, onProgress: () => controller.abort() }), { name: 'AbortError' });
        const byId = (): unknown => server.pendingRequests.filter(({ method }) => method === 'tools/call').map(({ id }) => server.cancelRequest(id, 'enough'));
        await assert.rejects(server.callTool('wait', {}, { onProgress: byId }), { name: 'AbortError' });
        if (!isConnected) return;
        let told = '';
        const ask = async (): Promise<void> => void (told = textIn(await server.callTool('withdrawn')));
        while (told !== '2') await ask();
      });
    });

    test('what is fresh is not asked for again: as long as the server says, which a legacy one never does', async () => {
      await withGuest({}, async (server) => {
        const { ttlMs, cacheScope } = (await server.listToolsPage()) as { readonly ttlMs?: unknown; readonly cacheScope?: unknown };
        assert.deepEqual([ttlMs, cacheScope], isModern ? [FRESH_MS, 'public'] : [undefined, undefined]);
        assert.deepEqual([await readNote(server, 'note://one'), await readNote(server, 'note://now')], ['one', 'one']);
        await server.callTool('write', { text: 'two', tell: false });
        assert.deepEqual([await readNote(server, 'note://one'), await readNote(server, 'note://now')], [isModern ? 'one' : 'two', 'two']);
        assert.deepEqual(await server.listResourceContents('note://one', { cache: 'refresh' }), [{ uri: 'note://one', text: 'two' }]);
        assert.equal(await readNote(server, 'note://one'), 'two');
      });
    });
  });

  if (!isConnected) continue;

  describe(`@modelcontextprotocol/server ${name}: changes`, () => {
    test('of each list, to a subscription: what is fresh is asked for again', async () => {
      await withGuest({}, async (server) => {
        const subscription = await server.subscribe({ tools: true, prompts: true, resources: true });
        assert.deepEqual(subscription.honoured, { tools: true, prompts: true, resources: true, uris: [] });
        await server.listTools();
        for (const list of ['tools', 'prompts', 'resources']) {
          await server.callTool(`grow-${list}`);
          assert.deepEqual(await nextOf(subscription), { kind: `${list}Changed` });
        }
        const lists = [await server.listTools(), await server.listPrompts(), await server.listResources()];
        for (const list of lists) assert.deepEqual(list.filter(({ name }) => name.startsWith('grown')).length, 1);
        await subscription.close();
        assert.deepEqual(await subscription.ended, { how: 'local' });
      });
    });

    test('of a list, to a listener: with what was added', async () => {
      await withGuest({}, async (server) => {
        const changes: ListChanged[] = [];
        server.on('toolsChanged', (change) => changes.push(change));
        // From the agreement on every change is told; a listener is not told when that is.
        await (await server.subscribe({ tools: true })).close();
        await server.listTools();
        await server.callTool('grow-tools');
        await until(() => changes.length > 0, 'the change is told');
        assert.deepEqual(changes, [{ added: ['grown-1'], removed: [], changed: [] }]);
      });
    });

    test('of a resource: to those who follow it, and no longer than they do', async () => {
      await withGuest({}, async (server) => {
        const subscription = await server.subscribe({ uris: ['note://one'] });
        assert.deepEqual(subscription.honoured, { tools: false, prompts: false, resources: false, uris: ['note://one'] });
        const events: string[] = [];
        server.on('resourceUpdated', ({ uri }) => events.push(uri));
        assert.equal(await readNote(server, 'note://one'), 'one');
        await server.callTool('write', { text: 'two', tell: true });
        assert.deepEqual(await nextOf(subscription), { kind: 'resourceUpdated', uri: 'note://one' });
        assert.equal(await readNote(server, 'note://one'), 'two');
        await subscription.close();
        await server.callTool('write', { text: 'three', tell: true });
        assert.equal(await readNote(server, 'note://now'), 'three');
        assert.deepEqual(events, ['note://one']);
      });
    });
  });
}
