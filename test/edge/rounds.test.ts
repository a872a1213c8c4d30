import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { InputRequiredError, StdioMCPServer, StreamableHTTPMCPServer, isMCPError } from '../../lib/index.ts';
import type { MCPServerProtocol, StoredQuestion } from '../../lib/index.ts';
import { fixtureCommand, hostCommand } from '../helpers/fixture.ts';
import { startDemo } from '../helpers/http-server.ts';
import type { PeerScript } from '../helpers/http-server.ts';
import { withConnectedPeer } from '../helpers/http-server-handle.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { textOf } from '../helpers/with-server.ts';

const handlers = { roots: [{ uri: 'file:///here' }], elicitation: () => ({ action: 'accept' as const, content: { name: 'Ada' } }) };

async function firstLine(child: ChildProcess): Promise<unknown> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  return JSON.parse(line);
}

function start([command = '', ...args]: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

let program: ChildProcess | undefined;
let url = '';

before(async () => {
  program = start(fixtureCommand('modern-server.mjs', '--http'));
  url = ((await firstLine(program)) as { url: string }).url;
});
after(() => program?.stdin?.end());

const limits = { roundPauseMs: 1 };
const roads: ReadonlyArray<[name: string, make: () => MCPServerProtocol]> = [
  ['stdio', () => new StdioMCPServer({ serverName: 'seats', command: fixtureCommand('modern-server.mjs'), handlers, limits })],
  ['HTTP', () => new StreamableHTTPMCPServer({ serverName: 'seats', serverUrl: url, handlers, limits })],
];

for (const [name, make] of roads) {
  const withConnected = async (body: (server: MCPServerProtocol) => Promise<void>): Promise<void> => {
    const server = make();
    const faults: unknown[] = [];
    server.on('fault', (fault) => faults.push(fault));
    try {
      await server.connect();
      assert.equal(server.era, 'modern');
      await body(server);
    } finally {
      await server.cleanup();
    }
    assert.deepEqual(faults, []);
  };

  describe(`a server that asks before it answers, over ${name}`, () => {
    test('is answered by the handlers, round by round', async () => {
      await withConnected(async (server) => {
        assert.equal(textOf(await server.callTool('book', { seats: 2 })), '2 seats for Ada in file:///here');
        assert.equal(textOf(await server.callTool('busy')), '"again"');
      });
    });

    test('a question that is kept is answered later, by this process too', async () => {
      await withConnected(async (server) => {
        const error: unknown = await server.callTool('book', { seats: 3 }, { rounds: 'manual' }).catch((cause: unknown) => cause);
        assert.ok(error instanceof InputRequiredError);
        const kept = JSON.parse(JSON.stringify(error.question)) as StoredQuestion<'tools/call'>;
        assert.equal(textOf(await server.answerQuestion(kept, { who: { action: 'decline' } })), 'Nothing is booked.');
        assert.equal(textOf(await server.answerQuestion(kept, 'handlers')), '3 seats for Ada in file:///here');
      });
    });
  });
}

describe('a question that one process keeps', () => {
  test('is answered by another one, which knows nothing but the question', async () => {
    const server = new StreamableHTTPMCPServer({ serverName: 'seats', serverUrl: url, handlers });
    await server.connect();
    const error: unknown = await server.callTool('book', { seats: 4 }, { rounds: 'manual' }).catch((cause: unknown) => cause);
    assert.ok(error instanceof InputRequiredError);
    await server.cleanup();
    const child = start(hostCommand('answers-question.ts', url, JSON.stringify(error.question), 'Grace'));
    const ended = once(child, 'exit');
    const result = (await firstLine(child)) as Parameters<typeof textOf>[0];
    assert.equal(textOf(result), '4 seats for Grace in file:///other');
    assert.deepEqual(await ended, [0, null]);
  });
});

describe('a server over HTTP that is started again between two rounds', () => {
  test('gets its state back, and goes on where it was: in one call, and with a question that was kept', async () => {
    let demo = await startDemo('--modern');
    const startAgain = async (): Promise<void> => {
      const { port } = demo;
      await demo.stop();
      demo = await startDemo('--modern', '--port', String(port));
    };
    const elicitation = async () => {
      await startAgain();
      return { action: 'accept' as const, content: { name: 'Ada' } };
    };
    const server = new StreamableHTTPMCPServer({ serverName: 'demo', serverUrl: demo.url, handlers: { elicitation } });
    try {
      await server.connect();
      assert.equal(textOf(await server.callTool('ask-user')), 'Hello, Ada.');
      const error: unknown = await server.callTool('ask-user', {}, { rounds: 'manual' }).catch((cause: unknown) => cause);
      assert.ok(error instanceof InputRequiredError);
      await startAgain();
      const question = error.question as StoredQuestion<'tools/call'>;
      assert.equal(textOf(await server.answerQuestion(question, { 'input-1': { action: 'accept', content: { name: 'Grace' } } })), 'Hello, Grace.');
    } finally {
      await server.cleanup();
      await demo.stop();
    }
  });
});

describe('a capability that a server misses, over HTTP', () => {
  const refusal = (data: unknown) => ({ code: -32021, message: 'Missing required client capability', data });
  const ROWS: readonly (readonly [string, unknown, unknown])[] = [
    ['is named', { requiredCapabilities: { sampling: {} } }, ['ERR_MCP_MISSING_CAPABILITY', ['sampling'], 'answered']],
    ['is named with its part', { requiredCapabilities: { elicitation: { url: {} }, roots: {} } }, ['ERR_MCP_MISSING_CAPABILITY', ['elicitation.url', 'roots'], 'answered']],
    ['is named as the server wrote it, escaped', { requiredCapabilities: { 'a\u001b[2J': 7 } }, ['ERR_MCP_MISSING_CAPABILITY', ['a\\u{1b}[2J'], 'answered']],
    ['is not named, and so may be something else', {}, ['ERR_MCP_RPC', undefined, 'answered']],
  ];
  for (const [name, data, expected] of ROWS) {
    test(`${name}: status 400 with −32021 is the error of that call, and the connection goes on`, async () => {
      const script: PeerScript = {
        'server/discover': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: MODERN_VERSIONS, capabilities: { tools: {} }, ttlMs: 0, cacheScope: 'private' })),
        'tools/call': (exchange) =>
          exchange.turn === 0 ? exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: refusal(data) }, {}, 400) : exchange.done('well'),
      };
      await withConnectedPeer(script, { protocolVersions: MODERN_VERSIONS, maxRetries: 0 }, async ({ server, peer }) => {
        const error: unknown = await server.callTool('call').catch((cause: unknown) => cause);
        assert.ok(isMCPError(error));
        assert.deepEqual([error.code, error.details['missing'], error.delivery], expected);
        assert.equal(textOf(await server.callTool('call')), 'well');
        assert.equal(peer.sent('tools/call').length, 2);
      });
    });
  }
});
