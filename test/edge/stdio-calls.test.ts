/** Calls over stdio to a real child process: death, silence, cancellation, deadlines, progress, callbacks. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, test } from 'node:test';
import type { MCPError, StdioMCPServer } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import type { RecordedMessage } from '../helpers/fixture.ts';
import { assertNoneAlive, findProcess, processesInGroup } from '../helpers/processes.ts';
import { until } from '../helpers/until.ts';
import { mcpRejection, rejection, textOf, withConnected } from '../helpers/with-server.ts';

const demo = fixtureCommand('demo-server');
const late = fixtureCommand('answers-late');

/** What became of a promise, looked at without waiting for it. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) !== pending;
}

/** Signals that a host has no business to send. */
function signalGroup(server: StdioMCPServer, signal: 'SIGSTOP' | 'SIGCONT'): void {
  process.kill(-(server.processId ?? NaN), signal);
}

const cancelled = (messages: readonly RecordedMessage[]) => messages.filter(({ method }) => method === 'notifications/cancelled');

describe('the child dies in the middle of a call (stdio transport: a client SHOULD restart it; what was in flight is lost)', () => {
  test('every call is rejected with delivery "unknown", the exit code and the last words; none is sent again; the next start serves', async () => {
    const record = recordFile();
    await withConnected({ command: fixtureCommand('exits', 'on-call', '7'), serverEnv: record.serverEnv }, async (server, seen) => {
      const first = server.processId;
      const waiting = server.callTool('call', { stay: true });
      const settled = Promise.all([rejection(waiting), rejection(server.callTool('call', { n: 2 }))]);
      for (const reason of await settled) {
        const error = reason as MCPError;
        assert.deepEqual([error.name, error.code, error.delivery], ['ConnectionError', 'ERR_MCP_PROCESS_EXITED', 'unknown']);
        assert.equal(error.details['exitCode'], 7);
        assert.equal(error.details['signal'] ?? null, null);
        assert.match(error.message, /dying on-call with 7/);
      }
      await until(() => server.connectionState === 'connected', 'it was started again', 10_000);
      assert.notEqual(server.processId, first);
      assert.deepEqual((await server.listTools()).map((tool) => tool.name), ['call']);
      assert.equal(record.starts(), 2);
      assert.equal(record.count('tools/call'), 2);
      assert.equal(record.count('initialize'), 2);
      assert.deepEqual(seen.states, ['connecting', 'initializing', 'connected', 'failed', 'connecting', 'initializing', 'connected']);
    });
  });

  test('two calls have two errors, so that what a host does to one does not show in the other', async () => {
    await withConnected({ command: fixtureCommand('exits', 'on-call', '7'), restart: 'never' }, async (server) => {
      const [first, second] = await Promise.all([rejection(server.callTool('call', { stay: true })), rejection(server.callTool('call'))]);
      assert.notEqual(first, second);
    });
  });

  test('by a signal: the signal is named', async () => {
    await withConnected({ command: demo, restart: 'never' }, async (server) => {
      const waiting = server.callTool('never');
      assert.equal(server.signalProcess('SIGKILL'), true);
      const error = await mcpRejection(waiting, 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['signal'], 'SIGKILL');
    });
  });

  test('with restart "never" it stays dead: later calls are refused unsent, and connect() starts it anew', async () => {
    const record = recordFile();
    const options = { command: fixtureCommand('exits', 'on-call', '7'), serverEnv: record.serverEnv, restart: 'never' as const };
    await withConnected(options, async (server) => {
      const lost = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(server.connectionState, 'failed');
      assert.equal((server.connectionCause as MCPError).code, lost.code);
      const refused = await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      assert.equal(refused.delivery, 'unsent');
      assert.equal(record.starts(), 1);
      await server.connect();
      await server.ping();
      assert.equal(record.starts(), 2);
    });
  });

  test('what it said before it died still counts', async () => {
    await withConnected({ command: fixtureCommand('says-what-it-is-told'), restart: 'never' }, async (server) => {
      const saying = '{"jsonrpc":"2.0","id":{id},"result":{"content":[{"type":"text","text":"goodbye"}]}}\n';
      const answered = server.callTool('call', { base64: Buffer.from(saying).toString('base64'), thenExit: 0 });
      const other = rejection(server.callTool('call', { base64: '' }));
      assert.equal(textOf(await answered), 'goodbye');
      assert.equal(((await other) as MCPError).code, 'ERR_MCP_PROCESS_EXITED');
    });
  });

  test('and leaves a process that holds its stdout open: nothing waits for that one, and it is gone as well (limits.drainMs)', async () => {
    const record = recordFile();
    const command = fixtureCommand('leaves-a-grandchild');
    const options = { command, serverEnv: record.serverEnv, restart: 'never' as const, limits: { drainMs: 50 } };
    await withConnected(options, async (server, seen) => {
      const since = performance.now();
      await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.ok(performance.now() - since < 5_000);
      assert.notEqual(record.read().find(({ grandchild }) => grandchild !== undefined), undefined);
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });
});

describe('the last words of a child', () => {
  test('limits.drainMs is how long they are waited for when another process still holds its stdout', async () => {
    const options = { command: fixtureCommand('leaves-a-grandchild'), restart: 'never' as const, limits: { drainMs: 10_000 } };
    await withConnected(options, async (server, seen) => {
      // The grandchild answers in its place, later than the default would wait, and leaves.
      assert.equal(textOf(await server.callTool('call', { answerAfterSeconds: 0.4 })), 'from the grandchild');
      await until(() => server.connectionState === 'failed', 'the end was noticed');
      assert.equal((server.connectionCause as MCPError).code, 'ERR_MCP_PROCESS_EXITED');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });
});

describe('a call that is made while a dead child is started again', () => {
  /** A server that was killed and whose restart begins in a while. */
  async function killed(server: StdioMCPServer): Promise<void> {
    server.signalProcess('SIGKILL');
    await until(() => server.connectionState === 'failed', 'the death was noticed');
  }

  test('waits for the new one and is sent once', async () => {
    await withConnected({ command: demo, retryDelayMs: 50 }, async (server) => {
      await killed(server);
      assert.equal(textOf(await server.callTool('add', { a: 1, b: 2 })), '3');
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('can be aborted and has its deadline; nothing of it is sent', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv, retryDelayMs: 60_000 }, async (server) => {
      await killed(server);
      const abort = new AbortController();
      const aborted = rejection(server.callTool('call', {}, { signal: abort.signal }));
      const expired = await mcpRejection(server.callTool('call', {}, { timeoutMs: 30 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.equal(expired.delivery, 'unsent');
      abort.abort(new Error('enough'));
      assert.equal(((await aborted) as Error).message, 'enough');
      const left = rejection(server.callTool('call'));
      await server.cleanup();
      assert.equal(((await left) as MCPError).name, 'ConnectionError');
      assert.equal(((await left) as MCPError).delivery, 'unsent');
      assert.equal(record.count('tools/call'), 0);
    });
  });
});

describe('the child does not take what it is sent', () => {
  /**
   * A server that agrees to connect and then does what a shell does with `then`: a shell, as closing a standard stream for
   * good is one word there.
   */
  const thenDoes = (then: string): string[] => {
    const members = '"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"1"}';
    const answer = `id=$(printf %s "$line" | sed 's/.*"id":\\([^,}]*\\).*/\\1/'); printf '{"jsonrpc":"2.0","id":%s,"result":{${members}}}\\n' "$id"`;
    return ['sh', '-c', `read -r line; ${answer}; read -r line; ${then}; exec sleep 60`];
  };

  // Bun says of every write into a pipe without a reader that it went well: there the deadlines and the health check are left.
  const hidesBrokenPipes = process.versions['bun'] !== undefined;
  test('it closed its stdin: calls are rejected (EPIPE harms nobody), and it is not left running', { skip: hidesBrokenPipes }, async () => {
    await withConnected({ command: thenDoes('exec <&-'), restart: 'never' }, async (server, seen) => {
      // The first write may still find room in the pipe; a later one cannot.
      const outcome = await until(async () => {
        const reason = await server.callTool('call', {}, { timeoutMs: 50 }).catch((error: unknown) => error as MCPError);
        return reason instanceof Error && reason.name === 'ConnectionError' && reason;
      }, 'a call was rejected because the pipe is closed');
      assert.ok(['ERR_MCP_STDIN_CLOSED', 'ERR_MCP_NOT_CONNECTED'].includes((outcome as MCPError).code), (outcome as MCPError).code);
      await until(() => server.connectionState === 'failed', 'the connection has failed');
      assert.equal((server.connectionCause as MCPError).code, 'ERR_MCP_STDIN_CLOSED');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('it closed its stdout and lives: the connection has failed, and it is not left running', async () => {
    await withConnected({ command: thenDoes('exec >&-'), restart: 'never' }, async (server, seen) => {
      await until(() => server.connectionState === 'failed', 'the connection has failed');
      assert.equal((server.connectionCause as MCPError).code, 'ERR_MCP_STDOUT_CLOSED');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('it is stopped (SIGSTOP) under a write of 1 MiB: deadlines and aborts fire, and cleanup() ends it within its bound', async () => {
    await withConnected({ command: demo, shutdownTimeoutMs: 2_000, limits: { stdinGraceMs: 100, terminateGraceMs: 100 } }, async (server, seen) => {
      signalGroup(server, 'SIGSTOP');
      const big = { text: 'x'.repeat(1024 * 1024) };
      const abort = new AbortController();
      const aborted = rejection(server.callTool('echo', big, { signal: abort.signal }));
      const expired = rejection(server.callTool('echo', big, { timeoutMs: 60 }));
      const left = rejection(server.callTool('echo', big));
      assert.equal(((await expired) as MCPError).code, 'ERR_MCP_REQUEST_TIMEOUT');
      abort.abort(new Error('enough'));
      assert.equal(((await aborted) as Error).message, 'enough');
      assert.equal(server.pendingRequests.length, 1);
      const since = performance.now();
      await server.cleanup();
      assert.ok(performance.now() - since < 2_500);
      assert.equal(((await left) as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('it is stopped and goes on: what was written arrives whole and in order', async () => {
    await withConnected({ command: demo }, async (server) => {
      signalGroup(server, 'SIGSTOP');
      const calls = Array.from({ length: 20 }, (_, index) => server.callTool('echo', { text: `${index} ${'x'.repeat(100_000)}` }));
      signalGroup(server, 'SIGCONT');
      const results = await Promise.all(calls);
      assert.deepEqual(results.map((result) => textOf(result).split(' ')[0]), Array.from({ length: 20 }, (_, index) => String(index)));
      assert.ok(results.every((result) => textOf(result).length > 100_000));
    });
  });

  test('what waits for it is bounded by limits.maxQueuedBytes: beyond that a call is refused unsent, and the connection goes on', async () => {
    await withConnected({ command: fixtureCommand('stops-reading'), limits: { maxQueuedBytes: 1_000_000 } }, async (server) => {
      const big = { text: 'x'.repeat(400_000) };
      const outcomes: Promise<unknown>[] = [];
      for (let turn = 0; turn < 6; turn++) {
        outcomes.push(rejection(server.callTool('call', big)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const refused = (await Promise.race(outcomes)) as MCPError;
      assert.deepEqual([refused.name, refused.details['limit'], refused.delivery], ['LimitError', 'maxQueuedBytes', 'unsent']);
      assert.equal(server.connectionState, 'connected');
      assert.ok(server.pendingRequests.length >= 2);
      await server.cleanup();
      const codes = (await Promise.all(outcomes)).map((error) => (error as MCPError).code);
      assert.equal(codes.filter((code) => code === 'ERR_MCP_LIMIT').length + codes.filter((code) => code === 'ERR_MCP_CONNECTION_CLOSED').length, 6);
    });
  });

  test('it writes 1 MiB to stderr again and again: all of it is drained, and the tail is kept (limits.maxStderrBytes)', async () => {
    await withConnected({ command: fixtureCommand('fills-stderr'), limits: { maxStderrBytes: 1_000 } }, async (server) => {
      for (let round = 0; round < 3; round++) assert.equal(textOf(await server.callTool('call')), 'done');
      await until(() => server.stderrTail.endsWith('the last words\n'), 'the end of stderr arrived');
      assert.ok(Buffer.byteLength(server.stderrTail) <= 1_000);
      assert.ok(server.stderrTail.length > 500);
    });
  });

  test('it stops answering: the health check notices, and the connection has failed', async () => {
    const options = { command: fixtureCommand('ignores-pings'), healthCheckIntervalMs: 30, requestTimeoutMs: 100, restart: 'never' as const };
    await withConnected(options, async (server, seen) => {
      await until(() => server.connectionState === 'failed', 'the health check failed');
      assert.equal((server.connectionCause as MCPError).code, 'ERR_MCP_HEALTH_CHECK');
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });
});

describe('giving a call up (MCP, basic, utilities, cancellation)', () => {
  test('a signal that fired before: the call rejects with its reason and nothing is sent', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const reason = new Error('too early');
      assert.equal(await rejection(server.callTool('call', {}, { signal: AbortSignal.abort(reason) })), reason);
      await server.ping();
      assert.equal(record.count('tools/call'), 0);
      assert.equal(record.count('notifications/cancelled'), 0);
    });
  });

  test('a signal that fires while the call waits: it rejects with the reason, the server is told once, what comes late harms nothing', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const abort = new AbortController();
      const progress: unknown[] = [];
      const call = rejection(server.callTool('call', {}, { signal: abort.signal, onProgress: (report) => progress.push(report) }));
      await until(() => record.count('tools/call') === 1, 'the server has the call');
      const reason = { of: 'the host' };
      abort.abort(reason);
      assert.equal(await call, reason);
      assert.deepEqual(server.pendingRequests, []);
      await server.ping();
      const request = record.read().find(({ method }) => method === 'tools/call');
      assert.deepEqual(cancelled(record.read()).map(({ params }) => params?.['requestId']), [request?.id]);
      assert.deepEqual(progress, []);
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('a signal that fires after the answer does nothing, and is not listened to any more', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const abort = new AbortController();
      let listeners = 0;
      const add = abort.signal.addEventListener.bind(abort.signal);
      const remove = abort.signal.removeEventListener.bind(abort.signal);
      abort.signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
      abort.signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
      await server.ping({ signal: abort.signal });
      assert.equal(listeners, 0);
      abort.abort();
      await server.ping();
      assert.equal(record.count('notifications/cancelled'), 0);
    });
  });

  test('cancelRequest rejects the call with an AbortError that carries the reason, and tells the server', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const call = rejection(server.callTool('call'));
      const [waiting] = server.pendingRequests;
      assert.equal(waiting?.method, 'tools/call');
      assert.equal(server.cancelRequest(waiting.id, 'not needed any more'), true);
      assert.equal(server.cancelRequest(waiting.id), false);
      const error = (await call) as DOMException;
      assert.deepEqual([error.name, error.message], ['AbortError', 'not needed any more']);
      await server.ping();
      assert.deepEqual(cancelled(record.read()).map(({ params }) => params), [{ requestId: waiting.id, reason: 'not needed any more' }]);
      assert.equal(server.cancelRequest('nobody'), false);
      assert.equal(server.cancelRequest(1), false);
    });
  });

  test('many calls on one signal: all reject with its reason, each is taken back once', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const abort = new AbortController();
      const calls = Array.from({ length: 50 }, () => rejection(server.callTool('call', {}, { signal: abort.signal })));
      await until(() => record.count('tools/call') === 50, 'the server has the calls');
      abort.abort();
      const reasons = await Promise.all(calls);
      assert.ok(reasons.every((reason) => reason === abort.signal.reason));
      await server.ping();
      assert.equal(new Set(cancelled(record.read()).map(({ params }) => params?.['requestId'])).size, 50);
      assert.equal(cancelled(record.read()).length, 50);
    });
  });

  test('a call that is aborted inside its own progress callback settles once', async () => {
    await withConnected({ command: demo }, async (server) => {
      const abort = new AbortController();
      const reports: number[] = [];
      const onProgress = ({ progress }: { progress: number }) => {
        reports.push(progress);
        if (progress === 2) abort.abort();
      };
      const reason = await rejection(server.callTool('countdown', { from: 50, intervalMs: 1 }, { signal: abort.signal, onProgress }));
      assert.equal(reason, abort.signal.reason);
      await server.ping();
      assert.deepEqual(reports, [1, 2]);
    });
  });
});

describe('deadlines (MCP, lifecycle, timeouts)', () => {
  test('timeoutMs: the call rejects with delivery "unknown", is taken back once and never sent again; the late reply harms nothing', async () => {
    const record = recordFile();
    await withConnected({ command: late, serverEnv: record.serverEnv }, async (server) => {
      const error = await mcpRejection(server.callTool('call', {}, { timeoutMs: 50 }), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
      assert.equal(error.delivery, 'unknown');
      await server.ping();
      assert.equal(record.count('tools/call'), 1);
      assert.equal(cancelled(record.read()).length, 1);
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('requestTimeoutMs of the server is the default of every call', async () => {
    await withConnected({ command: late, requestTimeoutMs: 50 }, async (server) => {
      await mcpRejection(server.callTool('call'), 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
    });
  });

  test('timeoutMs covers the look at the list of tools that comes before the first call', async () => {
    await withConnected({ command: fixtureCommand('ignores-pings'), checkArguments: true, requestTimeoutMs: 4_000 }, async (server) => {
      const since = performance.now();
      const error = await rejection(server.callTool('call', {}, { timeoutMs: 100 }));
      assert.ok(performance.now() - since < 3_000, 'the default of the server was waited for');
      assert.equal((error as MCPError).name, 'RequestTimeoutError');
    });
  });

  test('progress does not move the deadline unless the call asks for it', async () => {
    await withConnected({ command: demo }, async (server) => {
      const call = server.callTool('countdown', { from: 1_000, intervalMs: 20 }, { timeoutMs: 200, onProgress: () => {} });
      await mcpRejection(call, 'RequestTimeoutError', 'ERR_MCP_REQUEST_TIMEOUT');
    });
  });

  test('resetTimeoutOnProgress: every report begins timeoutMs anew, with a callback and without one', async () => {
    await withConnected({ command: demo }, async (server) => {
      const options = { timeoutMs: 500, resetTimeoutOnProgress: true };
      const args = { from: 12, intervalMs: 80 };
      const calls = [server.callTool('countdown', args, options), server.callTool('countdown', args, { ...options, onProgress: () => {} })];
      for (const result of await Promise.all(calls)) assert.equal(textOf(result), 'Counted down from 12.');
    });
  });

  test('maxTotalTimeoutMs fires whatever the progress', async () => {
    await withConnected({ command: demo }, async (server) => {
      const options = { timeoutMs: 5_000, resetTimeoutOnProgress: true, maxTotalTimeoutMs: 150 };
      const call = server.callTool('countdown', { from: 1_000, intervalMs: 10 }, options);
      await mcpRejection(call, 'RequestTimeoutError', 'ERR_MCP_TOTAL_TIMEOUT');
    });
  });
});

describe('progress (MCP, basic, utilities, progress)', () => {
  test('reports come in order, with their total and message, and stop with the answer', async () => {
    await withConnected({ command: demo }, async (server) => {
      const reports: unknown[] = [];
      const result = await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress: (report) => reports.push(report) });
      assert.equal(textOf(result), 'Counted down from 3.');
      assert.deepEqual(reports, [
        { progress: 1, total: 3, message: '2 to go' },
        { progress: 2, total: 3, message: '1 to go' },
        { progress: 3, total: 3, message: 'lift-off' },
      ]);
    });
  });

  test("a progress token of the host's own, 0 and the empty one too, goes out as it is and its reports arrive", async () => {
    await withConnected({ command: demo }, async (server) => {
      for (const progressToken of [0, '', 'token', 7]) {
        const reports: number[] = [];
        const options = { meta: { progressToken, mine: 1 }, onProgress: ({ progress }: { progress: number }) => reports.push(progress) };
        await server.callTool('countdown', { from: 3, intervalMs: 1 }, options);
        assert.deepEqual(reports, [1, 2, 3], JSON.stringify(progressToken));
      }
    });
  });

  test('two calls at once hear each of its own progress', async () => {
    await withConnected({ command: demo }, async (server) => {
      const totals: unknown[][] = [[], []];
      await Promise.all(
        [4, 6].map((from, index) => server.callTool('countdown', { from, intervalMs: 1 }, { onProgress: ({ total }) => totals[index]?.push(total) })),
      );
      assert.deepEqual(totals, [Array(4).fill(4), Array(6).fill(6)]);
    });
  });

  test('an onProgress that throws, rejects or never settles is told to the logger at most, and the call is answered', async () => {
    const told: string[] = [];
    await withConnected({ command: demo, logger: { error: (message) => told.push(message) } }, async (server, seen) => {
      const callbacks = [
        () => { throw new Error('of the host'); },
        () => Promise.reject(new Error('of the host')),
        () => new Promise(() => {}),
      ];
      for (const onProgress of callbacks) {
        const result = await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress });
        assert.equal(textOf(result), 'Counted down from 3.');
      }
      await server.ping();
      assert.equal(told.length, 6);
      assert.deepEqual(seen.faults, []);
    });
  });

  test('an onProgress that calls back in, cancels itself or cleans up does no harm', async () => {
    await withConnected({ command: demo }, async (server) => {
      const inner: Array<Promise<string>> = [];
      const onProgress = () => void inner.push(server.callTool('echo', { text: 'from inside' }).then(textOf));
      await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress });
      assert.deepEqual(await Promise.all(inner), Array(3).fill('from inside'));
      let closing: Promise<void> | undefined;
      const reason = await rejection(server.callTool('countdown', { from: 50, intervalMs: 1 }, { onProgress: () => (closing ??= server.cleanup()) }));
      assert.equal((reason as MCPError).code, 'ERR_MCP_CONNECTION_CLOSED');
      await closing;
      assert.equal(server.connectionState, 'disconnected');
    });
  });
});

describe('listeners', () => {
  test('one that throws, rejects or calls back in harms neither the connection nor another listener', async () => {
    await withConnected({ command: demo }, async (server) => {
      const heard: unknown[] = [];
      const inner: Array<Promise<unknown>> = [];
      server.on('log', () => { throw new Error('of the host'); });
      server.on('log', () => Promise.reject(new Error('of the host')));
      server.on('log', () => void inner.push(server.ping()));
      server.on('fault', () => { throw new Error('of the host, too'); });
      server.on('stateChanged', () => { throw new Error('of the host, as well'); });
      server.on('log', ({ data }) => heard.push(data));
      await server.callTool('log', { level: 'error', text: 'a', count: 3 });
      await Promise.all(inner);
      assert.deepEqual(heard, ['a', 'a', 'a']);
      assert.equal(inner.length, 3);
    });
  });

  test('one that is taken back hears nothing more', async () => {
    await withConnected({ command: demo }, async (server) => {
      const heard: unknown[] = [];
      const off = server.on('log', ({ data }) => heard.push(data));
      await server.callTool('log', { level: 'error', text: 'first' });
      off();
      off();
      await server.callTool('log', { level: 'error', text: 'second' });
      assert.deepEqual(heard, ['first']);
    });
  });
});

describe('what the server asks of us', () => {
  const ask = async (server: StdioMCPServer, request: object): Promise<RecordedMessage> =>
    JSON.parse(textOf(await server.callTool('call', { ...request }))) as RecordedMessage;

  test('ping is answered with an empty result, under the same id, of the same type (MCP, basic, utilities, ping)', async () => {
    await withConnected({ command: fixtureCommand('asks-the-client') }, async (server) => {
      for (const id of ['a', '', '7', 7, 0, -1]) {
        assert.deepEqual(await ask(server, { id, method: 'ping' }), { jsonrpc: '2.0', id, result: {} });
      }
    });
  });

  test('what nobody offered is refused with -32601, and the connection goes on (JSON-RPC 2.0 section 5.1)', async () => {
    await withConnected({ command: fixtureCommand('asks-the-client') }, async (server) => {
      for (const method of ['unheard/of', 'sampling/createMessage', 'roots/list', 'elicitation/create', 'tools/list', '__proto__', 'constructor']) {
        const { id, error } = await ask(server, { id: 'q', method, params: { messages: [] } });
        assert.deepEqual([id, error?.code], ['q', -32601], method);
      }
      assert.equal(server.connectionState, 'connected');
    });
  });
});

describe('bounds', () => {
  test('limits.maxPendingRequests: one call more is refused unsent, and there is room again when one ends', async () => {
    await withConnected({ command: demo, limits: { maxPendingRequests: 3 } }, async (server) => {
      const waiting = Array.from({ length: 3 }, () => rejection(server.callTool('never')));
      const error = await mcpRejection(server.ping(), 'LimitError', 'ERR_MCP_LIMIT');
      assert.deepEqual([error.details['limit'], error.delivery], ['maxPendingRequests', 'unsent']);
      assert.equal(server.cancelRequest(server.pendingRequests[0]?.id ?? ''), true);
      await waiting[0];
      await server.ping();
    });
  });

  test('limits.maxPages: a list is not followed for ever', async () => {
    await withConnected({ command: [...demo, '--page-size', '1'], limits: { maxPages: 5 } }, async (server) => {
      const error = await mcpRejection(server.listResources(), 'LimitError', 'ERR_MCP_LIMIT');
      assert.equal(error.details['limit'], 'maxPages');
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('limits.maxErrorTextCharacters: words of the server enter a message cut and escaped', async () => {
    await withConnected({ command: fixtureCommand('says-what-it-is-told'), limits: { maxErrorTextCharacters: 40 } }, async (server) => {
      const message = `\\u001b[2J\\u202eevil ${'x'.repeat(10_000)}`;
      const saying = `{"jsonrpc":"2.0","id":{id},"error":{"code":-1,"message":"${message}"}}\n`;
      const error = await mcpRejection(server.callTool('call', { base64: Buffer.from(saying).toString('base64') }), 'RPCError', 'ERR_MCP_RPC');
      assert.ok(error.message.length < 300, error.message);
      assert.doesNotMatch(error.message, /[\u0000-\u001f\u202e]/);
      assert.match(error.message, /evil/);
      assert.equal(error.delivery, 'answered');
    });
  });

  test('a thousand calls at once are all answered, each with its own answer', async () => {
    await withConnected({ command: demo }, async (server) => {
      const results = await Promise.all(Array.from({ length: 1_000 }, (_, a) => server.callTool('add', { a, b: 1 })));
      assert.deepEqual(results.map((result) => Number(textOf(result))), Array.from({ length: 1_000 }, (_, a) => a + 1));
      assert.deepEqual(server.pendingRequests, []);
    });
  });

  test('a call that waits is not settled by anything but its answer', async () => {
    await withConnected({ command: demo }, async (server) => {
      const waiting = server.callTool('never');
      waiting.catch(() => {});
      await server.callTool('log', { level: 'error', text: 'noise', count: 100 });
      await server.listTools();
      assert.equal(await isSettled(waiting), false);
      assert.equal(findProcess(server.processId ?? 0)?.id, server.processId);
    });
  });
});
