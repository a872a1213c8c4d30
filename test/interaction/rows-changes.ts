/** What a server says by itself, and what is kept of what it said. */

import assert from 'node:assert/strict';
import { logServerMessages, resultText } from '../../lib/index.ts';
import type { ListEvent, MCPServerProtocol, ServerChange } from '../../lib/index.ts';
import { until } from '../helpers/until.ts';
import type { Row } from './row.ts';

/** The next change that a subscription tells. */
async function next(changes: AsyncIterable<ServerChange>): Promise<ServerChange | undefined> {
  const { value } = await changes[Symbol.asyncIterator]().next();
  return value as ServerChange | undefined;
}

/** How often the server was asked for `method` so far. */
async function timesAsked(server: MCPServerProtocol, method: string): Promise<number> {
  return (JSON.parse(resultText(await server.callTool('asked'))) as Record<string, number>)[method] ?? 0;
}

const LOGGING: readonly Row[] = [
  {
    feature: 'log messages, from the level on that was asked for',
    run: async ({ server }) => {
      const heard: unknown[] = [];
      const bridged: unknown[] = [];
      server.on('log', ({ level, logger, data }) => heard.push([level, logger, data]));
      logServerMessages(server, { error: (message) => bridged.push(message) });
      await server.setLogLevel('warning');
      assert.equal(resultText(await server.callTool('log', { level: 'info', text: 'nothing new' })), 'Logged 0 messages.');
      await server.callTool('log', { level: 'error', text: 'on fire' });
      await until(() => heard.length > 0, 'the message came');
      await server.setLogLevel('debug');
      await server.callTool('log', { level: 'info', text: 'all is well' });
      await until(() => heard.length > 1, 'the message came');
      assert.deepEqual(heard, [['error', 'demo', 'on fire'], ['info', 'demo', 'all is well']]);
      assert.equal(bridged.length, 1);
    },
  },
  {
    feature: 'the level of log messages that a handle is made with',
    options: { serverLogLevel: 'error' },
    run: async ({ server }) => {
      const heard: unknown[] = [];
      server.on('log', ({ data }) => heard.push(data));
      assert.equal(resultText(await server.callTool('log', { level: 'warning', text: 'smoke' })), 'Logged 0 messages.');
      await server.callTool('log', { level: 'critical', text: 'fire', count: 3 });
      await until(() => heard.length === 3, 'the messages came');
    },
  },
];

/** A list that changes, as a subscription and as an event. */
const listChange = (list: 'tools' | 'prompts' | 'resources'): Row => ({
  feature: `a list that changes: ${list}`,
  options: { limits: { listQuietMs: 1 } },
  run: async ({ server }) => {
    const kind: ListEvent = `${list}Changed`;
    let events = 0;
    server.on(kind, () => events++);
    const subscription = await server.subscribe({ [list]: true });
    assert.equal(subscription.honoured[list], true);
    const told = next(subscription);
    await server.callTool('announce', { list });
    assert.deepEqual(await told, { kind });
    // The event may be told on another stream, which is opened in the background.
    await until(async () => events > 0 || (await server.callTool('announce', { list }), false), 'the event came');
    await subscription.close();
    assert.deepEqual(await subscription.ended, { how: 'local' });
  },
});

const CHANGES: readonly Row[] = [
  listChange('tools'),
  listChange('prompts'),
  listChange('resources'),
  {
    feature: 'what was added to a list',
    isAlone: true,
    run: async ({ server }) => {
      const added: unknown[] = [];
      server.on('toolsChanged', (change) => added.push(...(change.added ?? [])));
      await server.listTools();
      await server.subscribe({ tools: true });
      await server.callTool('add-tool', { name: 'newcomer' });
      await until(() => added.length > 0, 'it was told');
      assert.deepEqual(added, ['newcomer']);
      assert.equal(resultText(await server.callTool('newcomer')), 'I am newcomer.');
    },
  },
  {
    feature: 'a resource that is followed, and not any more',
    run: async ({ server }) => {
      const events: string[] = [];
      server.on('resourceUpdated', ({ uri }) => events.push(uri));
      const uri = 'demo://readme';
      const subscription = await server.subscribe({ uris: [uri] });
      assert.deepEqual(subscription.honoured.uris, [uri]);
      const told = next(subscription);
      assert.equal(resultText(await server.callTool('touch', { uri })), `Touched ${uri}.`);
      assert.deepEqual(await told, { kind: 'resourceUpdated', uri });
      assert.deepEqual(events, [uri]);
      await subscription.close();
      await until(async () => resultText(await server.callTool('touch', { uri })) === `Nobody subscribed to ${uri}.`, 'nobody follows it');
    },
  },
  {
    feature: 'a resource that the server does not know is not followed',
    run: async ({ server }) => assert.deepEqual((await server.subscribe({ tools: true, uris: ['demo://nowhere'] })).honoured.uris, []),
    except: {
      legacy: {
        why: 'Servers with a handshake are asked for each resource, and refuse by an error.',
        run: async ({ server }) => {
          const error = await server.subscribe({ uris: ['demo://nowhere'] }).catch((reason: unknown) => reason);
          assert.equal((error as { code?: string }).code, 'ERR_MCP_RESOURCE_NOT_FOUND');
        },
      },
    },
  },
];

const CACHING: readonly Row[] = [
  {
    feature: 'a result that is fresh is not asked for again, unless the host wants it',
    run: async ({ server }) => {
      const before = await timesAsked(server, 'resources/templates/list');
      const first = await server.listResourceTemplates();
      assert.deepEqual(await server.listResourceTemplates(), first);
      assert.equal((await timesAsked(server, 'resources/templates/list')) - before, 1);
      assert.deepEqual(await server.listResourceTemplates({ cache: 'refresh' }), first);
      assert.deepEqual(await server.listResourceTemplates({ cache: 'bypass' }), first);
      assert.equal((await timesAsked(server, 'resources/templates/list')) - before, 3);
    },
    except: {
      legacy: {
        why: 'Servers with a handshake do not say how long a result is fresh, and are asked every time.',
        run: async ({ server }) => {
          const before = await timesAsked(server, 'resources/templates/list');
          const first = await server.listResourceTemplates();
          assert.deepEqual(await server.listResourceTemplates({ cache: 'refresh' }), first);
          assert.deepEqual(await server.listResourceTemplates(), first);
          assert.equal((await timesAsked(server, 'resources/templates/list')) - before, 3);
        },
      },
    },
  },
];

/** See the head of this file. */
export const CHANGE_ROWS: readonly Row[] = [...LOGGING, ...CHANGES, ...CACHING];
