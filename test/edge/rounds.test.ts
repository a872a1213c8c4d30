import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { InputRequiredError, StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { MCPServerProtocol, StoredQuestion } from '../../lib/index.ts';
import { fixtureCommand, hostCommand } from '../helpers/fixture.ts';
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
