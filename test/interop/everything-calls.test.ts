/**
 * `@modelcontextprotocol/server-everything`: what happens to a call on its way: on every road progress, cancellation,
 * deadlines, many at once; over stdio also the wire, and the end of the process or of its whole tree.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConnectionError, RequestTimeoutError } from '../../lib/index.ts';
import type { MCPServerProtocol } from '../../lib/index.ts';
import { EVERYTHING, PACKAGE_FOLDER, until, withFolder, withPeer, withServer } from './peers.ts';
import type { Peer, PeerOptions } from './peers.ts';
import { commandLineOf, processesMarked } from './process-census.ts';
import { everyRoad } from './roads.ts';
import type { Guest } from './roads.ts';

const COMMAND = [process.execPath, EVERYTHING];
const LONG = 'trigger-long-running-operation';

async function withChild(body: (peer: Peer) => Promise<void>): Promise<void> {
  await withPeer({ command: COMMAND }, body);
}

const text = (value: string): { type: string; text: string } => ({ type: 'text', text: value });
const completed = (duration: number, steps: number): { content: unknown[] } => ({
  content: [text(`Long running operation completed. Duration: ${duration} seconds, Steps: ${steps}.`)],
});

/** Waits for a tool call to be on its way, and returns its id. */
async function untilPending(server: MCPServerProtocol): Promise<string | number> {
  const find = (): string | number | undefined => server.pendingRequests.find(({ method }) => method === 'tools/call')?.id;
  await until(() => find() !== undefined, 'the call is pending');
  return find() ?? '';
}

/** Proves that the connection goes on: a call with its own answer. */
async function assertGoesOn(server: MCPServerProtocol): Promise<void> {
  assert.equal(server.connectionState, 'connected');
  assert.deepEqual((await server.callTool('echo', { message: 'still here' })).content, [text('Echo: still here')]);
}

for (const { name, withGuest, withStranger } of everyRoad()) {
  const withEverything = (body: (guest: Guest) => Promise<void>): Promise<void> => withGuest({}, body);

  describe(`server-everything over ${name}: progress`, () => {
    test('reports every step in order with its total, then the result (utilities, "Progress")', async () => {
      await withEverything(async ({ server }) => {
        const reports: unknown[] = [];
        const result = await server.callTool(LONG, { duration: 0.5, steps: 5 }, { onProgress: (report) => reports.push({ ...report }) });
        assert.deepEqual(result, completed(0.5, 5));
        assert.deepEqual(reports, [1, 2, 3, 4, 5].map((progress) => ({ progress, total: 5 })));
      });
    });

    test('two operations at once: each callback hears its own', async () => {
      await withEverything(async ({ server }) => {
        const operation = async (duration: number, steps: number): Promise<string[]> => {
          const reports: string[] = [];
          const onProgress = ({ progress, total }: { progress: number; total?: number }): unknown => reports.push(`${progress}/${total}`);
          assert.deepEqual(await server.callTool(LONG, { duration, steps }, { onProgress }), completed(duration, steps));
          return reports;
        };
        const both = await Promise.all([operation(0.4, 2), operation(0.3, 3)]);
        assert.deepEqual(both, [['1/2', '2/2'], ['1/3', '2/3', '3/3']]);
      });
    });

    test('the event tells the request and the method of each report', async () => {
      await withEverything(async ({ server }) => {
        const events: { requestId: string | number; method: string; progress: number; total?: number }[] = [];
        server.on('progress', (event) => events.push({ ...event }));
        const call = server.callTool(LONG, { duration: 0.2, steps: 2 }, { onProgress: () => undefined });
        const requestId = await untilPending(server);
        await call;
        assert.deepEqual(
          events,
          [1, 2].map((progress) => ({ requestId, method: 'tools/call', progress, total: 2 })),
        );
      });
    });

    test('a short answer overtakes a long one', async () => {
      await withEverything(async ({ server }) => {
        const order: string[] = [];
        const long = server.callTool(LONG, { duration: 0.5, steps: 1 }).then(() => order.push('long'));
        const short = server.callTool('echo', { message: 'x' }).then(() => order.push('short'));
        await Promise.all([long, short]);
        assert.deepEqual(order, ['short', 'long']);
      });
    });

    test('200 calls at once: each gets its own answer', async () => {
      await withEverything(async ({ server }) => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => server.callTool('get-sum', { a: index, b: 1 })));
        for (const [index, { content }] of answers.entries()) {
          assert.deepEqual(content, [text(`The sum of ${index} and 1 is ${index + 1}.`)]);
        }
      });
    });
  });

  describe(`server-everything over ${name}: cancellation`, () => {
    test('an aborted call rejects with the signal’s reason at once; reports that come later reach nobody', async () => {
      await withEverything(async ({ server }) => {
        const controller = new AbortController();
        const reason = new Error('seen enough');
        const reports: number[] = [];
        const onProgress = ({ progress }: { progress: number }): void => {
          reports.push(progress);
          if (progress === 2) controller.abort(reason);
        };
        const call = server.callTool(LONG, { duration: 1, steps: 10 }, { signal: controller.signal, onProgress });
        await assert.rejects(call, (error: unknown) => error === reason);
        assert.deepEqual(server.pendingRequests, []);
        // The server goes on reporting: an operation as long as the one aborted ends after it.
        assert.deepEqual(await server.callTool(LONG, { duration: 1, steps: 1 }), completed(1, 1));
        assert.deepEqual(reports, [1, 2]);
        await assertGoesOn(server);
      });
    });

    test('cancelRequest takes back a pending call by its id, once, with its reason', async () => {
      await withEverything(async ({ server }) => {
        for (const reason of [undefined, 'the user went home']) {
          const call = server.callTool(LONG, { duration: 5, steps: 5 });
          const rejected = assert.rejects(call, { name: 'AbortError', message: reason ?? 'Request cancelled' });
          const id = await untilPending(server);
          assert.equal(reason === undefined ? server.cancelRequest(id) : server.cancelRequest(id, reason), true);
          assert.equal(server.cancelRequest(id), false);
          await rejected;
        }
        await assertGoesOn(server);
      });
    });
  });

  describe(`server-everything over ${name}: deadlines`, () => {
    test('a call that takes longer than its timeout rejects, and the connection goes on', async () => {
      await withEverything(async ({ server }) => {
        const reports: number[] = [];
        const call = server.callTool(LONG, { duration: 3, steps: 3 }, { timeoutMs: 150, onProgress: ({ progress }) => reports.push(progress) });
        await assert.rejects(call, (error: unknown) => {
          assert.ok(error instanceof RequestTimeoutError);
          assert.equal(error.code, 'ERR_MCP_REQUEST_TIMEOUT');
          assert.equal(error.delivery, 'unknown');
          return true;
        });
        assert.deepEqual(reports, []);
        await assertGoesOn(server);
      });
    });

    test('progress renews the deadline when asked to, up to the total', async () => {
      await withEverything(async ({ server }) => {
        const options = { timeoutMs: 1_000, resetTimeoutOnProgress: true, onProgress: () => undefined };
        assert.deepEqual(await server.callTool(LONG, { duration: 2, steps: 8 }, options), completed(2, 8));
        await assert.rejects(server.callTool(LONG, { duration: 20, steps: 80 }, { ...options, maxTotalTimeoutMs: 1_200 }), (error: unknown) => {
          assert.ok(error instanceof RequestTimeoutError);
          assert.equal(error.code, 'ERR_MCP_TOTAL_TIMEOUT');
          return true;
        });
        await assertGoesOn(server);
      });
    });
  });

  describe(`server-everything over ${name}: letting go`, () => {
    test('a call that is pending when the host lets go is settled as closed', async () => {
      await withStranger({}, async ({ server }) => {
        await server.connect();
        const call = server.callTool(LONG, { duration: 30, steps: 1 });
        const rejected = assert.rejects(call, (error: unknown) => {
          assert.ok(error instanceof ConnectionError);
          assert.equal(error.code, 'ERR_MCP_CONNECTION_CLOSED');
          return true;
        });
        await untilPending(server);
        await server.cleanup();
        await rejected;
      });
    });
  });
}

/** The messages of a recording, one a line. */
function messagesOf(recording: string): Record<string, unknown>[] {
  const lines = readFileSync(recording, 'utf8').split('\n');
  assert.equal(lines.pop(), '', 'every message ends with a line feed');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('server-everything over stdio: the wire', () => {
  test('the wire says what the specification asks for: handshake, one cancellation with the id of the call, no answer to it', async () => {
    await withFolder(async (folder) => {
      const sent = join(folder, 'sent.jsonl');
      const received = join(folder, 'received.jsonl');
      const command = ['sh', '-c', 'tee "$1" | "$2" "$3" | tee "$4"', 'sh', sent, process.execPath, EVERYTHING, received];
      let id: string | number = '';
      const options: PeerOptions = { command, clientInfo: { name: 'interop', version: '1.2.3' }, healthCheckIntervalMs: 0, protocolVersions: ['2025-11-25'] };
      await withPeer(options, async ({ server, mark }) => {
        assert.ok(processesMarked(mark).length >= 4, 'a shell, two recorders and the server');
        const controller = new AbortController();
        const call = server.callTool(LONG, { duration: 0.4, steps: 4 }, { signal: controller.signal, onProgress: () => controller.abort() });
        const rejected = assert.rejects(call, { name: 'AbortError' });
        id = await untilPending(server);
        await rejected;
        await server.callTool(LONG, { duration: 0.6, steps: 1 });
      });
      const [first, second, ...rest] = messagesOf(sent);
      assert.deepEqual(first, {
        jsonrpc: '2.0',
        id: first?.['id'],
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'interop', version: '1.2.3' } },
      });
      assert.deepEqual(second, { jsonrpc: '2.0', method: 'notifications/initialized' });
      const cancellations = rest.filter((message) => message['method'] === 'notifications/cancelled');
      assert.equal(cancellations.length, 1);
      assert.equal((cancellations[0]?.['params'] as { requestId: unknown }).requestId, id);
      const ids = [first, ...rest].filter((message) => message?.['id'] !== undefined).map((message) => message?.['id']);
      assert.equal(new Set(ids).size, ids.length, 'an id is used once');
      const answers = messagesOf(received).filter((message) => !('method' in message)).map((message) => message['id']);
      assert.deepEqual(answers, ids.filter((each) => each !== id), 'the server answered everything but the call taken back');
    });
  });

  test('by default the server is asked who it is, and as it does not know the question, the handshake follows in the same process', async () => {
    await withFolder(async (folder) => {
      const sent = join(folder, 'sent.jsonl');
      const received = join(folder, 'received.jsonl');
      const command = ['sh', '-c', 'tee "$1" | "$2" "$3" | tee "$4"', 'sh', sent, process.execPath, EVERYTHING, received];
      // However long the server takes to start here, the answer to the probe is what decides.
      await withPeer({ command, healthCheckIntervalMs: 0, limits: { probeTimeoutMs: 30_000 } }, ({ server }) => {
        assert.deepEqual([server.era, server.protocolVersion], ['legacy', '2025-11-25']);
        return Promise.resolve();
      });
      assert.deepEqual(messagesOf(sent).map(({ method }) => method), ['server/discover', 'initialize', 'notifications/initialized']);
      assert.equal((messagesOf(received)[0]?.['error'] as { code: unknown }).code, -32601);
    });
  });
});

describe('server-everything over stdio: health', () => {
  test('an idle connection is pinged, the server answers, and nothing changes (utilities, "Ping")', async () => {
    await withFolder(async (folder) => {
      const sent = join(folder, 'sent.jsonl');
      const command = ['sh', '-c', 'tee "$1" | "$2" "$3"', 'sh', sent, process.execPath, EVERYTHING];
      const pings = (): number => messagesOf(sent).filter(({ method }) => method === 'ping').length;
      await withPeer({ command, healthCheckIntervalMs: 50 }, async ({ server }) => {
        const states: string[] = [];
        server.on('stateChanged', ({ to }) => states.push(to));
        await until(() => pings() >= 3, 'three pings were sent');
        await server.ping();
        await assertGoesOn(server);
        assert.deepEqual(states, []);
        // One may be on its way at this moment.
        await until(() => server.pendingRequests.length === 0, 'every ping is answered');
      });
    });
  });
});

describe('server-everything over stdio: the end of a process', () => {
  test('a server killed in the middle of a call: the call says so, and a new process takes over', async () => {
    await withChild(async ({ server }) => {
      const first = server.processId;
      const states: string[] = [];
      server.on('stateChanged', ({ to }) => states.push(to));
      const call = server.callTool(LONG, { duration: 30, steps: 30 }, { onProgress: () => server.signalProcess('SIGKILL') });
      await assert.rejects(call, (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.code, 'ERR_MCP_PROCESS_EXITED');
        assert.equal(error.delivery, 'unknown');
        assert.equal(error.details['signal'], 'SIGKILL');
        assert.equal(error.details['exitCode'], null);
        assert.match(error.message, /Starting default \(STDIO\) server/);
        return true;
      });
      await until(() => server.connectionState === 'connected' && server.processId !== first, 'the server was started again');
      assert.equal(states[0], 'failed');
      await assertGoesOn(server);
    });
  });

  test('a server that leaves on SIGINT, where no restart is wanted: the handle tells the exit code and refuses calls', async () => {
    await withServer({ command: COMMAND, restart: 'never' }, async ({ server }) => {
      await server.connect();
      assert.equal(server.signalProcess('SIGINT'), true);
      await until(() => server.connectionState === 'failed', 'the end is noticed');
      const cause = server.connectionCause;
      assert.ok(cause instanceof ConnectionError);
      assert.equal(cause.code, 'ERR_MCP_PROCESS_EXITED');
      assert.deepEqual([cause.details['exitCode'], cause.details['signal']], [0, null]);
      await assert.rejects(server.callTool('echo', { message: 'x' }), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.delivery, 'unsent');
        return true;
      });
    });
  });

  test('a server whose timers keep it alive at the end of its input is stopped all the same', async () => {
    await withChild(async ({ server }) => {
      const { content } = await server.callTool('toggle-subscriber-updates');
      assert.match((content[0] as { text: string }).text, /^Started simulated resource updated notifications for session undefined /);
    });
  });

  test('toggle-subscriber-updates: on and off again, and the server leaves at the end of its input', async () => {
    await withChild(async ({ server }) => {
      await server.callTool('toggle-subscriber-updates');
      const { content } = await server.callTool('toggle-subscriber-updates');
      assert.deepEqual(content, [text('Stopped simulated resource updates for session undefined')]);
    });
  });

  test('started as users start it, through npx: works, and the whole tree of wrappers is gone afterwards', async () => {
    const command = 'npx --offline --no-install mcp-server-everything stdio';
    await withPeer({ command, workingDir: PACKAGE_FOLDER }, async ({ server, mark }) => {
      await assertGoesOn(server);
      const tree = processesMarked(mark).map(commandLineOf);
      assert.ok(tree.length >= 2, tree.join('\n'));
      assert.ok(tree.some((line) => /node .*mcp-server-everything/.test(line)), tree.join('\n'));
      // With its timers on, the innermost process outlives the end of its input: only the ladder reaches it.
      await server.callTool('toggle-subscriber-updates');
    });
  });

  test('cleanup() while the handshake is on its way wins, and leaves no process', async () => {
    await withServer({ command: COMMAND, processStartupDelayMs: 0 }, async ({ server, mark }) => {
      const connecting = assert.rejects(server.connect(), ConnectionError);
      await until(() => processesMarked(mark).length > 0, 'the child is there');
      await server.cleanup();
      await connecting;
      assert.equal(server.connectionState, 'disconnected');
      assert.deepEqual(processesMarked(mark), []);
    });
  });
});
