/** A server that comes back in the other era: what waited for it is asked in the way of the era that it is asked in. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, test } from 'node:test';
import { PROTOCOL_VERSIONS, StdioMCPServer, StreamableHTTPMCPServer, resultText } from '../../lib/index.ts';
import type { CallToolResult, EraName, Handlers, MCPServerProtocol } from '../../lib/index.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { startDemo } from '../helpers/http-server.ts';
import type { PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import { refusalOf } from '../interaction/row.ts';

const CHANGES: readonly (readonly [EraName, EraName])[] = [
  ['legacy', 'modern'],
  ['modern', 'legacy'],
];

/** What a host may ask for while nobody is there, with what comes of it. */
const ASKED: readonly (readonly [string, (server: MCPServerProtocol) => Promise<unknown>, unknown])[] = [
  ['ping', (server) => server.ping(), undefined],
  ['a level for log messages', (server) => server.setLogLevel('error'), undefined],
  ['a list', async (server) => (await server.listPrompts()).map(({ name }) => name), ['greet', 'review']],
  ['a resource', async (server) => (await server.listResourceContents('demo://items/3'))[0]?.text, 'This is item 3.'],
  ['a prompt', async (server) => (await server.getPrompt('greet', { name: 'Ada' })).messages.length, 1],
  ['a completion', async (server) => (await server.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'name', value: 'ad' })).values, ['Ada']],
  ['a call', async (server) => resultText(await server.callTool('add', { a: 1, b: 2 })), '3'],
  ['a call whose server asks the host first', async (server) => resultText(await server.callTool('list-roots')), 'file:///srv/work'],
  ['a subscription', async (server) => (await server.subscribe({ uris: ['demo://readme'] })).honoured.uris, ['demo://readme']],
];

const HANDLERS: Handlers = { roots: [{ uri: 'file:///srv/work' }] };

const demoOf = (era: EraName): string[] => fixtureCommand('demo-server', `--${era}`);
const tasksOf = (era: EraName): string[] => fixtureCommand(era === 'modern' ? 'modern-task-server' : 'task-server');

/** A server of the first era, then of the second one, whenever it is started again. */
async function withTurncoat([first, second]: readonly [EraName, EraName], body: (server: StdioMCPServer) => Promise<void>, handlers: Handlers = HANDLERS, commandOf = demoOf): Promise<void> {
  let starts = 0;
  const server = new StdioMCPServer({
    serverName: 'turncoat',
    command: () => commandOf(starts++ === 0 ? first : second),
    healthCheckIntervalMs: 0,
    retryDelayMs: 5,
    startupTimeoutMs: 60_000,
    // Without a list that is asked for first.
    checkArguments: false,
    handlers,
  });
  const faults: unknown[] = [];
  server.on('fault', (fault) => faults.push(fault));
  try {
    await server.connect();
    assert.equal(server.era, first);
    await body(server);
    assert.equal(server.era, second);
    assert.deepEqual(faults, []);
  } finally {
    await server.cleanup();
  }
}

/** Ends the process of the server; resolves when the handle has noticed, and nobody is there yet. */
async function lose(server: StdioMCPServer): Promise<void> {
  const lost = new Promise<void>((resolve) => {
    const off = server.on('stateChanged', ({ to }) => {
      if (to !== 'failed') return;
      off();
      resolve();
    });
  });
  process.kill(server.processId ?? NaN, 'SIGKILL');
  await lost;
  assert.notEqual(server.connectionState, 'connected');
}

for (const change of CHANGES) {
  describe(`a server that was ${change[0]} and comes back ${change[1]}`, () => {
    for (const [what, ask, expected] of ASKED) {
      test(`${what}, asked for while it is away`, async () => {
        await withTurncoat(change, async (server) => {
          await lose(server);
          assert.deepEqual(await ask(server), expected);
        });
      });
    }

    test('a call that is made a task, asked for while it is away', async () => {
      const body = async (server: StdioMCPServer): Promise<void> => {
        await lose(server);
        const results = await Promise.all([server.callTool('report', { pages: 2 }), server.startTask('report', { pages: 3 }).then((task) => task.result())]);
        assert.deepEqual(results.map(resultText), ['A report of 2 pages.', 'A report of 3 pages.']);
      };
      await withTurncoat(change, body, HANDLERS, tasksOf);
    });
  });
}

describe('a question that was open when its server went away', () => {
  /** A call of a modern server that goes away while the host thinks about its question, and comes back. */
  const asked = async (comesBack: EraName): Promise<unknown> => {
    let outcome: unknown;
    let going: StdioMCPServer | undefined;
    const roots = async () => {
      if (going !== undefined && going.era === 'modern') {
        const server = going;
        going = undefined;
        await lose(server);
      }
      return [{ uri: 'file:///srv/later' }];
    };
    await withTurncoat(
      ['modern', comesBack],
      async (server) => {
        going = server;
        outcome = await refusalOf(server.callTool('list-roots'));
      },
      { roots },
    );
    return outcome;
  };

  test('goes on where the server is modern still: its state is all that it needs', async () => {
    const [how, result] = (await asked('modern')) as [string, CallToolResult];
    assert.deepEqual([how, resultText(result)], ['fulfilled', 'file:///srv/later']);
  });

  test('ends where the server is legacy by now: nothing of it is sent there', async () => {
    assert.deepEqual(await asked('legacy'), ['ERR_MCP_UNSUPPORTED_METHOD', 'unsent']);
  });
});

describe('a server over HTTP that is another one at the same address', () => {
  /** A handle on a server of the first era, in whose place one of the second is by now. */
  async function withReplaced([first, second]: readonly [EraName, EraName], body: (server: StreamableHTTPMCPServer) => Promise<void>): Promise<void> {
    let demo = await startDemo(`--${first}`);
    const server = new StreamableHTTPMCPServer({ serverName: 'turncoat', serverUrl: demo.url, retryDelayMs: 5, handlers: HANDLERS, checkArguments: false });
    try {
      await server.connect();
      assert.equal(server.era, first);
      const { port } = demo;
      await demo.stop();
      demo = await startDemo(`--${second}`, '--port', String(port));
      await body(server);
    } finally {
      await server.cleanup();
      await demo.stop();
    }
  }

  for (const [first, second] of CHANGES) {
    // What does not only read, and a stream that a modern server holds open, is not asked for again by itself.
    for (const [what, ask, expected] of ASKED.filter(([what]) => !(first === 'modern' ? /^a (?:call|level|subscription)/ : /^a (?:call|level)/).test(what))) {
      test(`${first} before, ${second} now: ${what}`, async () => {
        await withReplaced([first, second], async (server) => {
          assert.deepEqual(await ask(server), expected);
          assert.equal(resultText(await server.callTool('list-roots')), 'file:///srv/work');
          assert.equal(server.era, second);
        });
      });
    }
  }

  test('a call that met the change is not made again by itself: it says that the server is another one, and the next one goes to that', async () => {
    await withReplaced(['modern', 'legacy'], async (server) => {
      assert.deepEqual(await refusalOf(server.callTool('add', { a: 1, b: 2 })), ['ERR_MCP_SESSION_LOST', 'answered']);
      assert.equal(resultText(await server.callTool('add', { a: 1, b: 2 })), '3');
      assert.equal(server.era, 'legacy');
    });
  });

  test('so does a subscription', async () => {
    await withReplaced(['modern', 'legacy'], async (server) => {
      assert.deepEqual(await refusalOf(server.subscribe({ uris: ['demo://readme'] })), ['ERR_MCP_SESSION_LOST', 'answered']);
      assert.deepEqual((await server.subscribe({ uris: ['demo://readme'] })).honoured.uris, ['demo://readme']);
      assert.equal(server.era, 'legacy');
    });
  });

  test('a modern server that refuses in the way of a legacy one is asked what it is, once in a while, and its refusals are what they are', async () => {
    const clock = new FakeClock();
    const script: PeerScript = {
      'server/discover': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { prompts: {} }, serverInfo: { name: 'strict', version: '1' } })),
      'prompts/list': (exchange) => exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32600, message: 'Not like this' } }, {}, 400),
    };
    await withConnectedPeer(script, { protocolVersions: PROTOCOL_VERSIONS, clock }, async ({ server, peer }) => {
      const refused = async () => assert.deepEqual(await refusalOf(server.listPrompts()), ['ERR_MCP_RPC', 'answered']);
      await Promise.all([refused(), refused(), refused()]);
      await refused();
      assert.equal(peer.sent('server/discover').length, 2);
      await clock.advance(60_000);
      await refused();
      assert.equal(peer.sent('server/discover').length, 3);
      assert.equal(peer.sent('prompts/list').length, 5);
      assert.equal(server.era, 'modern');
      await clock.advance(5_000);
    });
  });

  test('limits.eraDoubtMs is how long it is not asked again', async () => {
    const clock = new FakeClock();
    let discovered = 0;
    const script: PeerScript = {
      'server/discover': (exchange) => (discovered++, exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { prompts: {} }, serverInfo: { name: 'strict', version: '1' } }))),
      'prompts/list': (exchange) => exchange.respond(404, {}, 'no such page'),
    };
    await withConnectedPeer(script, { protocolVersions: PROTOCOL_VERSIONS, clock, limits: { eraDoubtMs: 10 } }, async ({ server }) => {
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await refusalOf(server.listPrompts()), ['ERR_MCP_HTTP_STATUS', 'answered']);
        await clock.advance(11);
      }
      assert.equal(discovered, 4);
      await clock.advance(5_000);
    });
  });
});
