/** Letting go: whatever state a connection is in and whatever the child does, cleanup() ends in time and leaves nothing. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { describe, test } from 'node:test';
import type { MCPError, StdioMCPServer } from '../../lib/index.ts';
import { fixtureCommand, hostCommand, recordFile } from '../helpers/fixture.ts';
import { assertNoneAlive, descendants, findProcess, processesInGroup, processesWithEnvironment } from '../helpers/processes.ts';
import { until } from '../helpers/until.ts';
import { makeServer, mcpRejection, rejection, textOf, watch, withConnected, withServer } from '../helpers/with-server.ts';

const demo = fixtureCommand('demo-server');
const quoted = (argv: readonly string[]) => argv.map((word) => `'${word}'`).join(' ');
const isNode = process.versions['deno'] === undefined && process.versions['bun'] === undefined;

let marks = 0;
/** An environment by which every process of one test is found, wherever it went. */
function mark(): { serverEnv: Record<string, string>; find: () => ReturnType<typeof processesWithEnvironment> } {
  const value = `${process.pid}-stop-${++marks}`;
  return { serverEnv: { BAREWIRE_MARK: value }, find: () => processesWithEnvironment(`BAREWIRE_MARK=${value}`) };
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await action();
  return performance.now() - since;
}

/** Runs a host to its end: its exit code, what it printed and what it complained of. */
function runHost(scenario: string, command: readonly string[] = demo): { status: number | null; facts: Record<string, unknown>; stderr: string } {
  const [runtime = '', ...args] = hostCommand('host', scenario, ...command);
  const { status, stdout, stderr } = spawnSync(runtime, args, { encoding: 'utf8', timeout: 20_000 });
  return { status, facts: stdout === '' ? {} : JSON.parse(stdout), stderr: stderr.slice(0, 600) };
}

/** The first line a host printed. */
function firstLine(host: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    host.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    host.once('exit', () => reject(new Error('The host ended without a word')));
  });
}

describe('the stop ladder (MCP, lifecycle, shutdown, stdio: end stdin, then SIGTERM, then SIGKILL)', () => {
  test('a server that leaves when its stdin ends is not signalled', async () => {
    const record = recordFile();
    await withConnected({ command: fixtureCommand('says-what-it-is-told'), serverEnv: record.serverEnv }, async (server, seen) => {
      await server.cleanup();
      assert.equal(server.connectionState, 'disconnected');
      assert.equal(server.connectionCause, undefined);
      assert.deepEqual(seen.states.slice(-2), ['disconnecting', 'disconnected']);
    });
  });

  test('one that ignores the end of stdin and SIGTERM is killed, in this order, after limits.stdinGraceMs and limits.terminateGraceMs', async () => {
    const record = recordFile();
    const options = { command: fixtureCommand('refuses-to-stop'), serverEnv: record.serverEnv, limits: { stdinGraceMs: 150, terminateGraceMs: 150 } };
    await withConnected(options, async (server, seen) => {
      const tookMs = await timed(() => server.cleanup());
      assert.ok(tookMs >= 290, `${tookMs}`);
      assert.ok(tookMs < 2_000, `${tookMs}`);
      assert.deepEqual(record.read().flatMap(({ ignored }) => ignored ?? []), ['end of stdin', 'SIGTERM']);
      assert.deepEqual(Array.from(seen.processes).flatMap(processesInGroup), []);
      assert.equal(server.connectionState, 'disconnected');
    });
  });

  test('with the default graces it takes no longer than five seconds', async () => {
    const { serverEnv, find } = mark();
    const limits = { stdinGraceMs: 2_000, terminateGraceMs: 2_000 };
    const server = makeServer({ command: fixtureCommand('refuses-to-stop'), serverEnv, shutdownTimeoutMs: 5_000, limits });
    await server.connect();
    assert.ok((await timed(() => server.cleanup())) < 5_000);
    assert.deepEqual(find(), []);
  });

  test('shutdownTimeoutMs ends the ladder early: cleanup() ends in time and the process is gone', async () => {
    const { serverEnv, find } = mark();
    const limits = { stdinGraceMs: 60_000, terminateGraceMs: 60_000 };
    const server = makeServer({ command: fixtureCommand('refuses-to-stop'), serverEnv, shutdownTimeoutMs: 200, limits });
    await server.connect();
    assert.ok((await timed(() => server.cleanup())) < 1_500);
    await assertNoneAlive(find);
    assert.equal(server.connectionState, 'disconnected');
  });

  test('a wrapper and what it started are one group: both are gone, even when the inner one ignores every request', async () => {
    const { serverEnv, find } = mark();
    // The shell gives a background job no stdin of its own accord.
    const command = ['sh', '-c', `exec 3<&0; ${quoted(fixtureCommand('refuses-to-stop'))} <&3 & wait`];
    await withConnected({ command, serverEnv, limits: { stdinGraceMs: 50, terminateGraceMs: 50 } }, async (server) => {
      const running = descendants(server.processId ?? 0);
      assert.equal(running.length, 1);
      assert.equal(running[0]?.group, server.processId);
      await server.cleanup();
      assert.deepEqual(find(), []);
    });
  });

  test('a wrapper that dies at once leaves nothing either', async () => {
    const { serverEnv, find } = mark();
    const command = ['sh', '-c', `exec 3<&0; ${quoted(demo)} <&3 & sleep 0.3; exit 9`];
    await withServer({ command, serverEnv, restart: 'never', maxConnectionRetries: 0 }, async (server) => {
      await server.connect().catch(() => {});
      await until(() => server.connectionState === 'failed', 'the death was noticed');
      await assertNoneAlive(find);
    });
  });

  const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find(existsSync);
  test('a zombie that nobody reaps, as in a container without an init, does not hold cleanup() up', { skip: python === undefined || !isNode }, () => {
    // The host becomes the parent of orphans, and reaps none: what process 1 does in such a container.
    const adopt = 'import ctypes, os, sys; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])';
    const wrapper = ['sh', '-c', `sleep 0.01 & exec ${quoted(demo)}`];
    const argv = ['-c', adopt, ...hostCommand('host', 'cleans-up-in-time', ...wrapper)];
    const { stdout, stderr } = spawnSync(python ?? '', argv, { encoding: 'utf8', timeout: 20_000 });
    const { tookMs } = JSON.parse(stdout || JSON.stringify(stderr)) as { tookMs: number };
    assert.ok(tookMs < 1_500, `cleanup() took ${tookMs} ms`);
  });

  test('signalProcess reaches the whole group at once', async () => {
    const record = recordFile();
    const command = ['sh', '-c', `exec 3<&0; trap '' INT; ${quoted(fixtureCommand('refuses-to-stop'))} <&3 & wait`];
    await withConnected({ command, serverEnv: record.serverEnv, limits: { stdinGraceMs: 50, terminateGraceMs: 50 } }, async (server) => {
      assert.equal(server.signalProcess('SIGTERM'), true);
      await until(() => record.read().some(({ ignored }) => ignored === 'SIGTERM'), 'the inner process got the signal');
    });
  });

  test('signalProcess has nobody to signal before connect() and after cleanup()', async () => {
    await withServer({ command: demo }, async (server) => {
      assert.equal(server.signalProcess('SIGTERM'), false);
      await server.connect();
      await server.cleanup();
      assert.equal(server.signalProcess('SIGTERM'), false);
    });
  });
});

describe('cleanup() in every state', () => {
  test('before the first connect(), and again: nothing happens', async () => {
    const server = makeServer({ command: demo });
    await server.cleanup();
    await server.cleanup();
    assert.equal(server.connectionState, 'disconnected');
  });

  for (const afterMs of [0, 1, 5, 20, 60, 120]) {
    test(`${afterMs} ms into connect(): it wins, the attempt is rejected, no process is left`, async () => {
      const { serverEnv, find } = mark();
      const server = makeServer({ command: demo, serverEnv });
      const connecting = server.connect().then(() => 'connected', (error: MCPError) => error.name);
      if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
      await server.cleanup();
      assert.match(await connecting, /^(ConnectionError|connected)$/);
      assert.equal(server.connectionState, 'disconnected');
      assert.deepEqual(find(), []);
    });
  }

  test('while a command function is still thinking: it does not wait for it, and nothing is started afterwards', async () => {
    const { serverEnv, find } = mark();
    let answer: (command: string[]) => void = () => {};
    const command = () => new Promise<string[]>((resolve) => { answer = resolve; });
    const server = makeServer({ command, serverEnv, shutdownTimeoutMs: 500 });
    const connecting = rejection(server.connect());
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok((await timed(() => server.cleanup())) < 2_000);
    assert.equal(((await connecting) as MCPError).name, 'ConnectionError');
    answer(demo);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(find(), []);
    assert.equal(server.connectionState, 'disconnected');
  });

  test('while the handshake is not answered', async () => {
    const { serverEnv, find } = mark();
    const server = makeServer({ command: fixtureCommand('never-answers'), serverEnv });
    const connecting = rejection(server.connect());
    await until(() => server.connectionState === 'initializing', 'the handshake began');
    await server.cleanup();
    assert.equal(((await connecting) as MCPError).name, 'ConnectionError');
    assert.deepEqual(find(), []);
    assert.equal(server.connectionState, 'disconnected');
  });

  test('between two tries to connect: no further try is made', async () => {
    const record = recordFile();
    const command = fixtureCommand('exits', 'on-initialize', '1');
    const server = makeServer({ command, serverEnv: record.serverEnv, processStartupDelayMs: 0, maxConnectionRetries: 5, retryDelayMs: 60_000 });
    const connecting = rejection(server.connect());
    await until(() => record.count('initialize') === 1 && server.connectionState === 'failed', 'the first try failed');
    await server.cleanup();
    assert.ok(((await connecting) as MCPError) instanceof Error);
    assert.equal(record.starts(), 1);
    assert.equal(server.connectionState, 'disconnected');
  });

  test('between a crash and the restart: no restart is made', async () => {
    const record = recordFile();
    const command = fixtureCommand('exits', 'on-call', '1');
    const server = makeServer({ command, serverEnv: record.serverEnv, retryDelayMs: 60_000 });
    await server.connect();
    await rejection(server.callTool('call'));
    await server.cleanup();
    assert.equal(server.connectionState, 'disconnected');
    assert.equal(record.starts(), 1);
  });

  test('connected with calls in flight: each is rejected before cleanup() resolves, none was answered', async () => {
    await withConnected({ command: demo }, async (server) => {
      const calls = Array.from({ length: 10 }, () => rejection(server.callTool('never')));
      let settled = 0;
      for (const call of calls) void call.then(() => settled++);
      await server.cleanup();
      assert.equal(settled, 10);
      for (const reason of await Promise.all(calls)) {
        const error = reason as MCPError;
        assert.deepEqual([error.name, error.code, error.delivery], ['ConnectionError', 'ERR_MCP_CONNECTION_CLOSED', 'unknown']);
      }
      assert.deepEqual(server.pendingRequests, []);
    });
  });

  test('twice at once, and once more during the first: one path, one result', async () => {
    await withConnected({ command: demo }, async (server, seen) => {
      await Promise.all([server.cleanup(), server.cleanup(), server[Symbol.asyncDispose]()]);
      assert.equal(server.connectionState, 'disconnected');
      assert.deepEqual(seen.states.slice(-2), ['disconnecting', 'disconnected']);
      await server.cleanup();
      assert.deepEqual(seen.states.slice(-2), ['disconnecting', 'disconnected']);
    });
  });

  test('from inside its own listeners', async () => {
    const server = makeServer({ command: demo });
    const seen = watch(server);
    let closing: Promise<void> | undefined;
    server.on('stateChanged', ({ to }) => {
      if (to === 'connected') closing = server.cleanup();
    });
    await server.connect().catch(() => {});
    await closing;
    assert.equal(server.connectionState, 'disconnected');
    await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
  });

  test('after a failure: from failed to disconnected', async () => {
    await withConnected({ command: fixtureCommand('exits', 'on-call', '1'), restart: 'never' }, async (server) => {
      await rejection(server.callTool('call'));
      assert.equal(server.connectionState, 'failed');
      await server.cleanup();
      assert.equal(server.connectionState, 'disconnected');
    });
  });
});

describe('a handle that is used again', () => {
  test('connect() after cleanup() starts a new process, again and again', async () => {
    await withServer({ command: demo }, async (server) => {
      const ids = new Set<number | undefined>();
      for (let round = 0; round < 3; round++) {
        await server.connect();
        ids.add(server.processId);
        assert.equal(textOf(await server.callTool('add', { a: round, b: 1 })), String(round + 1));
        await server.cleanup();
        await mcpRejection(server.ping(), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
      }
      assert.equal(ids.size, 3);
    });
  });

  test('connect() during cleanup() is refused or waits for it, and no process is left in the end', async () => {
    const { serverEnv, find } = mark();
    const server: StdioMCPServer = makeServer({ command: demo, serverEnv });
    await server.connect();
    const closing = server.cleanup();
    const outcome = await server.connect().then(() => 'connected', (error: MCPError) => error.code);
    await closing;
    assert.ok(['connected', 'ERR_MCP_STATE', 'ERR_MCP_CONNECTION_CLOSED', 'ERR_MCP_NOT_CONNECTED'].includes(outcome), outcome);
    assert.equal(server.connectionState, outcome === 'connected' ? 'connected' : 'disconnected');
    await server.cleanup();
    assert.deepEqual(find(), []);
  });
});

describe('the process of the host', () => {
  test('ends by itself after cleanup(), and holds the same descriptors, timers and handles as before', () => {
    const { status, facts, stderr } = runHost('lives-and-leaves');
    assert.equal(stderr, '');
    assert.deepEqual(facts['after'], facts['before']);
    assert.equal(status, 0);
  });

  test('hears of no unhandled rejection from calls it did not wait for', () => {
    const { status, facts, stderr } = runHost('forgets-its-calls');
    assert.equal(stderr, '');
    assert.deepEqual(facts, { state: 'disconnected' });
    assert.equal(status, 0);
  });

  test('hears of none when arguments are not checked before sending', () => {
    const { status, facts, stderr } = runHost('forgets-its-calls-unchecked');
    assert.equal(stderr, '');
    assert.deepEqual(facts, { state: 'disconnected' });
    assert.equal(status, 0);
  });

  test('hears of none from a connect() it did not wait for', () => {
    const { status, facts, stderr } = runHost('forgets-to-connect');
    assert.equal(stderr, '');
    assert.deepEqual(facts, { state: 'disconnected' });
    assert.equal(status, 0);
  });

  test('killed by SIGKILL: the child gets the end of its stdin and leaves', async () => {
    const [runtime = '', ...args] = hostCommand('host', 'stays', ...demo);
    const host = spawn(runtime, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { child } = JSON.parse(await firstLine(host)) as { child: number };
    assert.notEqual(findProcess(child), undefined);
    host.kill('SIGKILL');
    await until(() => findProcess(child) === undefined, 'the child left too');
  });

  test('interrupted from the terminal: its children are not, so it decides what becomes of them', async () => {
    const [runtime = '', ...args] = hostCommand('host', 'stays', ...fixtureCommand('refuses-to-stop'));
    const host = spawn(runtime, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const { child } = JSON.parse(await firstLine(host)) as { child: number };
    try {
      // What a terminal does on Ctrl-C: a signal to every process of the foreground group.
      process.kill(-(host.pid ?? 0), 'SIGINT');
      await until(() => findProcess(host.pid ?? 0) === undefined, 'the host is gone');
      assert.notEqual(findProcess(child), undefined);
    } finally {
      process.kill(-child, 'SIGKILL');
    }
  });
});
