/** Subscriptions and logs over real processes and sockets: what is told, what a crash or a lost session changes, what a flood costs. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LogMessage, MCPServerProtocol, Subscription } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { startDemo } from '../helpers/http-server.ts';
import type { DemoHTTPServer } from '../helpers/http-server.ts';
import { makeHTTPServer, withHTTP } from '../helpers/http-server-handle.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, textOf, withConnected } from '../helpers/with-server.ts';

const README = 'demo://readme';
const demo = fixtureCommand('demo-server');

/** Lets the server say that `uri` was updated; what it answers tells whether it knows of a subscription. */
const touch = async (server: MCPServerProtocol, uri: string): Promise<string> => textOf(await server.callTool('touch', { uri }));

/** The next change that is told. */
async function next(subscription: Subscription): Promise<unknown> {
  const { value } = await subscription[Symbol.asyncIterator]().next();
  return value;
}

/** The way of a subscription from the first change to its end, whatever the road; `lose` takes the server the subscriptions it knows. */
async function followThrough(server: MCPServerProtocol, lose: () => Promise<unknown>): Promise<void> {
  const subscription = await server.subscribe({ uris: [README], tools: true });
  assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: [README] });
  await mcpRejection(server.subscribe({ uris: ['demo://nowhere'] }), 'InvalidValueError', 'ERR_MCP_RESOURCE_NOT_FOUND');
  assert.equal(await touch(server, README), `Touched ${README}.`);
  assert.deepEqual(await next(subscription), { kind: 'resourceUpdated', uri: README });
  await server.callTool('announce', { list: 'prompts' });
  await server.callTool('announce', { list: 'tools' });
  assert.deepEqual(await next(subscription), { kind: 'toolsChanged' });

  await lose();
  assert.deepEqual(await next(subscription), { kind: 'gap' });
  assert.equal(await touch(server, README), `Touched ${README}.`);
  assert.deepEqual(await next(subscription), { kind: 'resourceUpdated', uri: README });

  await subscription.close();
  assert.deepEqual(await subscription.ended, { how: 'local' });
  assert.equal(await touch(server, README), `Nobody subscribed to ${README}.`);
}

describe('over stdio', () => {
  test('a subscription outlives a crash of the server', async () => {
    await withConnected({ command: demo }, async (server, seen) => {
      await followThrough(server, async () => server.signalProcess('SIGKILL'));
      assert.deepEqual(seen.faults, []);
    });
  });

  test('it is lost with a server that is not started again', async () => {
    await withConnected({ command: demo, restart: 'never' }, async (server) => {
      const subscription = await server.subscribe({ uris: [README] });
      server.signalProcess('SIGKILL');
      const { how, cause } = await subscription.ended;
      assert.deepEqual([how, (cause as { code?: string }).code], ['lost', 'ERR_MCP_PROCESS_EXITED']);
      for await (const change of subscription) assert.fail(`told ${change.kind}`);
    });
  });

  test('the log level is asked for again of the server that is started anew', async () => {
    const logged = async (server: MCPServerProtocol, level: string): Promise<string> => textOf(await server.callTool('log', { level, text: 'x' }));
    await withConnected({ command: demo, serverLogLevel: 'warning' }, async (server, seen) => {
      assert.equal(await logged(server, 'notice'), 'Logged 0 messages.');
      await server.setLogLevel('error');
      server.signalProcess('SIGKILL');
      await until(() => seen.states.filter((state) => state === 'connected').length === 2, 'it is connected again');
      assert.equal(await logged(server, 'warning'), 'Logged 0 messages.');
      assert.equal(await logged(server, 'error'), 'Logged 1 messages.');
    });
  });

  test('100,000 log messages in one go are told in order, and the host has turns of its own in between', async () => {
    await withConnected({ command: demo }, async (server) => {
      let heard = 0;
      let inThisTurn = 0;
      let most = 0;
      const endTurn = (): void => {
        most = Math.max(most, inThisTurn);
        inThisTurn = 0;
      };
      server.on('log', ({ level, logger }: LogMessage) => {
        assert.deepEqual([level, logger], ['info', 'demo']);
        heard++;
        if (inThisTurn++ === 0) setImmediate(endTurn);
      });
      assert.equal(textOf(await server.callTool('log', { level: 'info', text: 'flood', count: 100_000 })), 'Logged 100000 messages.');
      endTurn();
      assert.equal(heard, 100_000);
      // How much comes in one turn is the platform's.
      assert.ok(most < 100_000, `${most} of them in one turn`);
    });
  });
});

describe('over HTTP', () => {
  let server: DemoHTTPServer;
  before(async () => {
    server = await startDemo();
  });
  after(() => server.stop());

  test('a subscription outlives its session: in the new one it is made again', async () => {
    await withHTTP(server.url, { listen: true }, async (handle) => {
      await followThrough(handle, async () => {
        const headers = { 'Mcp-Session-Id': handle.sessionId ?? '', 'MCP-Protocol-Version': handle.protocolVersion ?? '' };
        const { status } = await fetch(server.url, { method: 'DELETE', headers });
        assert.equal(status, 204);
        // Whatever is asked next finds out.
        await handle.ping();
      });
    });
  });

  test('cleanup() ends it, and leaves the session nothing to tell', async () => {
    const handle = makeHTTPServer(server.url, { listen: true });
    await handle.connect();
    const subscription = await handle.subscribe({ uris: [README] });
    await handle.cleanup();
    assert.deepEqual(await subscription.ended, { how: 'local' });
    await mcpRejection(handle.subscribe({ tools: true }), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
  });
});
