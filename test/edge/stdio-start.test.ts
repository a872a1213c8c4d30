/** Starting a child process: what can go wrong before a server answers, and what the child gets from us. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, test } from 'node:test';
import type { MCPError } from '../../lib/index.ts';
import { fixtureCommand, hostCommand, recordFile } from '../helpers/fixture.ts';
import { assertNoneAlive, environmentOf, findProcess, processesInGroup, processesWithEnvironment } from '../helpers/processes.ts';
import { until } from '../helpers/until.ts';
import { makeServer, mcpRejection, rejection, textOf, withConnected, withServer } from '../helpers/with-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'barewire-start-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const isNode = process.versions['deno'] === undefined && process.versions['bun'] === undefined;
const demo = fixtureCommand('demo-server');
/** A demo server that can be found by its environment, wherever it went. */
let marks = 0;
function mark(): { serverEnv: Record<string, string>; find: () => ReturnType<typeof processesWithEnvironment> } {
  const value = `${process.pid}-${++marks}`;
  return { serverEnv: { BAREWIRE_MARK: value }, find: () => processesWithEnvironment(`BAREWIRE_MARK=${value}`) };
}

describe('a process that cannot be started', () => {
  const noRetry = { maxConnectionRetries: 0 };

  test('a command that is not there: ConnectionError that names it, ENOENT kept as cause', async () => {
    await withServer({ command: ['barewire-no-such-command', 'argument'], ...noRetry }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_SPAWN_FAILED');
      assert.match(error.message, /barewire-no-such-command/);
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT');
      assert.equal(server.connectionState, 'failed');
      assert.equal(server.connectionCause, error);
      assert.equal(server.processId, undefined);
    });
  });

  test('a file that may not be executed: ConnectionError, EACCES kept as cause', async () => {
    const path = join(folder, 'not-executable');
    writeFileSync(path, '#!/bin/sh\n');
    chmodSync(path, 0o644);
    await withServer({ command: [path], ...noRetry }, async (server) => {
      const error = await rejection(server.connect());
      assert.equal((error as MCPError).name, 'ConnectionError');
      assert.match((error as MCPError).code, /^ERR_MCP_(SPAWN_FAILED|PERMISSION_DENIED)$/);
      assert.equal(((error as MCPError).cause as NodeJS.ErrnoException).code, 'EACCES');
    });
  });

  test('a working directory that is not there is told apart from a command that is not there', async () => {
    const workingDir = join(folder, 'nowhere');
    await withServer({ command: demo, workingDir, ...noRetry }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_WORKING_DIR');
      assert.ok(error.message.includes(workingDir));
    });
  });

  test('a working directory that is a file is told apart too', async () => {
    const workingDir = join(folder, 'a-file');
    writeFileSync(workingDir, '');
    await withServer({ command: demo, workingDir, ...noRetry }, async (server) => {
      await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_WORKING_DIR');
    });
  });

  test('an argument longer than the system takes: ConnectionError, E2BIG kept as cause', async () => {
    await withServer({ command: [...demo, 'x'.repeat(3_000_000)], ...noRetry }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_SPAWN_FAILED');
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'E2BIG');
      assert.ok(error.message.length < 500);
      assert.equal(server.connectionState, 'failed');
    });
  });

  test('a NUL in an argument: TypeError, at the constructor or from the function that gave it', async () => {
    const command = [...demo, 'a\0b'];
    assert.throws(() => makeServer({ command }), TypeError);
    await withServer({ command: () => command, ...noRetry }, async (server) => {
      assert.ok((await rejection(server.connect())) instanceof TypeError);
      assert.equal(server.connectionState, 'failed');
    });
  });

  test('a command function that throws or rejects: connect() rejects with its error in reach', async () => {
    const own = new Error('no command today');
    for (const command of [() => Promise.reject(own), () => { throw own; }]) {
      await withServer({ command, ...noRetry }, async (server) => {
        let reason: unknown = await rejection(server.connect());
        while (reason !== own && reason instanceof Error) reason = reason.cause;
        assert.equal(reason, own);
        assert.equal(server.connectionState, 'failed');
      });
    }
  });

  const cannotLimit = !existsSync('/usr/bin/prlimit') || !isNode;
  test('no descriptor is left when there is none for the child (EMFILE), and the next connect works', { skip: cannotLimit }, () => {
    const argv = ['--nofile=128', ...hostCommand('host', 'runs-out-of-descriptors', ...demo)];
    const host = spawnSync('prlimit', argv, { encoding: 'utf8', timeout: 30_000 });
    const facts = JSON.parse(host.stdout || JSON.stringify(host.stderr));
    assert.equal(facts.full, 'EMFILE');
    assert.equal(facts.outcome.name, 'ConnectionError', JSON.stringify(facts));
    assert.equal(facts.after.descriptors, facts.before.descriptors);
    assert.equal(host.status, 0, host.stderr);
  });

  test('a host that may not start processes (Node permission model): the error names the flag', { skip: !isNode }, () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const [node = '', ...rest] = hostCommand('host', 'may-not-spawn', ...demo);
    const argv = [flag, '--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', ...rest];
    const host = spawnSync(node, argv, { encoding: 'utf8', timeout: 30_000 });
    const { outcome } = JSON.parse(host.stdout || JSON.stringify({ outcome: host.stderr }));
    assert.equal(outcome.code, 'ERR_MCP_PERMISSION_DENIED', JSON.stringify(outcome));
    assert.match(outcome.message, /--allow-child-process/);
  });
});

describe('a process that dies before the handshake is done (stdio transport, unexpected termination)', () => {
  test('at once: connect() rejects at once with the exit code and the last words, and does not try again', async () => {
    const record = recordFile();
    const command = fixtureCommand('exits', 'at-start', '3');
    const options = { command, serverEnv: record.serverEnv, processStartupDelayMs: 5_000, startupTimeoutMs: 20_000 };
    await withServer(options, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['exitCode'], 3);
      assert.match(error.message, /3/);
      assert.match(error.message, /dying at-start with 3/);
      assert.match(server.stderrTail, /dying at-start with 3/);
      assert.equal(record.starts(), 1);
      assert.equal(server.connectionState, 'failed');
    });
  });

  test('while answering initialize: the exit code, and as many tries as maxConnectionRetries allows', async () => {
    const record = recordFile();
    const command = fixtureCommand('exits', 'on-initialize', '4');
    const options = { command, serverEnv: record.serverEnv, processStartupDelayMs: 0, maxConnectionRetries: 1 };
    await withServer(options, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['exitCode'], 4);
      assert.equal(record.starts(), 2);
      assert.equal(record.count('initialize'), 2);
    });
  });

  test('by a signal: the signal is named', async () => {
    await withServer({ command: fixtureCommand('exits', 'on-initialize', 'SIGKILL'), maxConnectionRetries: 0 }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['signal'], 'SIGKILL');
      assert.match(error.message, /SIGKILL/);
    });
  });

  test('a program that ends well without a word is no server either', async () => {
    await withServer({ command: ['true'], maxConnectionRetries: 0 }, async (server) => {
      const error = await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(error.details['exitCode'], 0);
    });
  });

  test('limits.maxRetryDelayMs bounds the pause between two tries', async () => {
    const record = recordFile();
    const options = {
      command: fixtureCommand('exits', 'on-initialize', '4'),
      serverEnv: record.serverEnv,
      processStartupDelayMs: 0,
      maxConnectionRetries: 1,
      retryDelayMs: 600_000,
      limits: { maxRetryDelayMs: 1 },
    };
    await withServer(options, async (server) => {
      await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
      assert.equal(record.starts(), 2);
    });
  });

  test('a failed handle can be connected again', async () => {
    let command: string[] = ['barewire-no-such-command'];
    await withServer({ command: () => command, maxConnectionRetries: 0 }, async (server) => {
      await mcpRejection(server.connect(), 'ConnectionError', 'ERR_MCP_SPAWN_FAILED');
      command = demo;
      await server.connect();
      assert.equal(server.connectionState, 'connected');
      assert.equal(server.connectionCause, undefined);
      assert.equal(textOf(await server.callTool('add', { a: 1, b: 2 })), '3');
    });
  });
});

describe('a process that does not answer initialize', () => {
  test('connect() gives up after startupTimeoutMs, takes nothing back on the wire (MUST NOT cancel initialize) and leaves no process', async () => {
    const record = recordFile();
    const options = { command: fixtureCommand('never-answers'), serverEnv: record.serverEnv, startupTimeoutMs: 700, maxConnectionRetries: 0 };
    await withServer(options, async (server, seen) => {
      const error = await rejection(server.connect());
      assert.equal((error as MCPError).code, 'ERR_MCP_CONNECT_TIMEOUT');
      assert.equal(server.connectionState, 'failed');
      assert.equal(record.count('initialize'), 1);
      assert.equal(record.count('notifications/cancelled'), 0);
      await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
    });
  });

  test('a start that takes too long is tried again as often as maxConnectionRetries says', async () => {
    const record = recordFile();
    const command = ['sh', '-c', `echo '{"started":1}' >> "$RECORD"; exec cat > /dev/null`];
    const options = { command, serverEnv: record.serverEnv, startupTimeoutMs: 200, maxConnectionRetries: 3 };
    await withServer(options, async (server) => {
      assert.equal(((await rejection(server.connect())) as MCPError).code, 'ERR_MCP_CONNECT_TIMEOUT');
      assert.equal(record.starts(), 4);
    });
  });

  test('connect() that is aborted rejects with the reason of its signal and leaves no process', async () => {
    const { serverEnv, find } = mark();
    await withServer({ command: fixtureCommand('never-answers'), serverEnv }, async (server) => {
      const abort = new AbortController();
      const connecting = server.connect({ signal: abort.signal });
      const settled = rejection(connecting);
      await until(() => find().length > 0, 'the child runs');
      const reason = new Error('the host changed its mind');
      abort.abort(reason);
      assert.equal(await settled, reason);
      await assertNoneAlive(find);
      assert.notEqual(server.connectionState, 'connected');
    });
  });

  test('a signal that fired before connect() starts nothing', async () => {
    const { serverEnv, find } = mark();
    await withServer({ command: demo, serverEnv }, async (server) => {
      const reason = new Error('never mind');
      assert.equal(await rejection(server.connect({ signal: AbortSignal.abort(reason) })), reason);
      assert.deepEqual(find(), []);
    });
  });
});

describe('a process that dies again and again', () => {
  test('right after every handshake: three starts at most, then the handle has failed for good', async () => {
    const record = recordFile();
    await withServer({ command: fixtureCommand('exits', 'after-initialize', '5'), serverEnv: record.serverEnv }, async (server, seen) => {
      await server.connect().catch(() => {});
      await until(() => seen.faults.some(({ code }) => code === 'ERR_MCP_RESTART_LIMIT'), 'the limit was reached', 10_000);
      assert.equal(server.connectionState, 'failed');
      assert.equal((server.connectionCause as MCPError).details['exitCode'], 5);
      assert.equal(record.starts(), 3);
    });
    assert.equal(record.starts(), 3);
  });

  test('limits.maxFastStarts is that number', async () => {
    const record = recordFile();
    const options = { command: fixtureCommand('exits', 'after-initialize', '5'), serverEnv: record.serverEnv, limits: { maxFastStarts: 2 } };
    await withServer(options, async (server, seen) => {
      await server.connect().catch(() => {});
      await until(() => seen.faults.some(({ code }) => code === 'ERR_MCP_RESTART_LIMIT'), 'the limit was reached', 10_000);
      assert.equal(record.starts(), 2);
    });
  });

  test('a process that lived for limits.stableAfterMs counts as stable: its death is the first one again', async () => {
    const options = { command: fixtureCommand('exits', 'on-call', '6'), limits: { maxFastStarts: 2, stableAfterMs: 1 } };
    await withConnected(options, async (server) => {
      for (let round = 0; round < 4; round++) {
        const before = server.processId;
        await mcpRejection(server.callTool('call'), 'ConnectionError', 'ERR_MCP_PROCESS_EXITED');
        await until(() => server.connectionState === 'connected' && server.processId !== before, 'it was started again', 10_000);
        await server.ping();
        // A moment of life, so that the death that follows is not a fast one.
        const since = performance.now();
        await until(() => performance.now() - since > 5, 'some time passed');
      }
    });
  });
});

describe('what a command can be', () => {
  test('a string is split into words as a POSIX shell does, without a shell', async () => {
    const [runtime = '', ...args] = [...demo, '--page-size', '3'];
    const command = [runtime, ...args].map((word) => `'${word}'`).join('  ');
    await withConnected({ command }, async (server) => {
      assert.equal((await server.listToolsPage()).tools.length, 3);
    });
  });

  test('nothing in a string is run or expanded by a shell', async () => {
    const path = join(folder, 'made-by-a-shell');
    const trap = `$(touch ${path}) \`touch ${path}\` $HOME *`;
    const command = `${demo.map((word) => `'${word}'`).join(' ')} --protocol "${trap.replaceAll('$', '\\$').replaceAll('`', '\\`')}"`;
    await withServer({ command, maxConnectionRetries: 0 }, async (server) => {
      const error = (await rejection(server.connect())) as MCPError;
      assert.equal(error.code === 'ERR_MCP_UNSUPPORTED_VERSION' ? error.details['chosen'] : (error.cause as MCPError).details['chosen'], trap);
      assert.equal(existsSync(path), false);
    });
  });

  test('an operator of a shell in a string is refused at the door: no shell would read it', () => {
    for (const operator of [';', '|', '&', '>', '<', '$(', '&&']) {
      assert.throws(() => makeServer({ command: `server ${operator} other` }), TypeError);
    }
  });

  test('a function is asked at every start', async () => {
    let asked = 0;
    const command = async () => (asked++, demo);
    await withServer({ command }, async (server) => {
      for (let round = 0; round < 2; round++) {
        await server.connect();
        await server.cleanup();
      }
      assert.equal(asked, 2);
    });
  });

  test('what the host does to its argv afterwards has no effect', async () => {
    const command = [...demo];
    await withServer({ command }, async (server) => {
      command.splice(0, command.length, 'barewire-no-such-command');
      await server.connect();
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('the child runs in workingDir', async () => {
    const workingDir = join(folder, 'home');
    mkdirSync(workingDir);
    const command = ['sh', '-c', `pwd > where; exec "$@"`, 'sh', ...demo];
    await withConnected({ command, workingDir }, async () => {
      assert.equal(readFileSync(join(workingDir, 'where'), 'utf8').trim(), workingDir);
    });
  });
});

describe('what the child gets from us', () => {
  test('of the environment: an allow-list and serverEnv; no secret, no NODE_OPTIONS, no shell function', async () => {
    const canaries = {
      AWS_SECRET_ACCESS_KEY: 'canary-1',
      GITHUB_TOKEN: 'canary-2',
      HTTPS_PROXY: 'http://user:canary-3@proxy.invalid',
      NODE_OPTIONS: '--max-http-header-size=16385',
      LD_LIBRARY_PATH: '/canary-4',
      TERM: '() { :; }; echo canary-5',
    };
    const before = new Map(Object.keys(canaries).map((name) => [name, process.env[name]]));
    Object.assign(process.env, canaries);
    try {
      await withConnected({ command: demo, serverEnv: { FROM_HOST: 'yes', EMPTY: '' } }, async (server) => {
        const environment = environmentOf(server.processId ?? 0);
        const allowed = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'FROM_HOST', 'EMPTY'];
        assert.deepEqual(Array.from(environment.keys()).filter((name) => !allowed.includes(name)), []);
        assert.equal(environment.get('FROM_HOST'), 'yes');
        assert.equal(environment.get('EMPTY'), '');
        assert.equal(environment.get('PATH'), process.env['PATH']);
        assert.equal(environment.get('TERM'), undefined);
        assert.deepEqual(Array.from(environment.values()).filter((value) => value.includes('canary')), []);
        const seen = textOf(await server.callTool('environment')).split('\n');
        assert.ok(seen.includes('FROM_HOST'));
        assert.deepEqual(seen.filter((name) => Object.hasOwn(canaries, name)), []);
      });
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  test('serverEnv wins over the host, and can name what is not on the list', async () => {
    await withConnected({ command: demo, serverEnv: { HOME: '/elsewhere', NODE_OPTIONS: '' } }, async (server) => {
      const environment = environmentOf(server.processId ?? 0);
      assert.equal(environment.get('HOME'), '/elsewhere');
    });
  });

  test('of descriptors: 0, 1 and 2, and nothing the host has open', async () => {
    const list = join(folder, 'descriptors');
    const command = ['sh', '-c', `ls /proc/$$/fd > ${list}; exec "$@"`, 'sh'];
    const open = () => readFileSync(list, 'utf8').trim().split('\n');
    // What every child gets here, whoever starts it: whoever started the tests may have left a descriptor open.
    spawnSync(command[0] ?? '', [...command.slice(1), 'true']);
    const anyway = open();
    await withConnected({ command: demo }, async () => {
      await withConnected({ command: [...command, ...demo] }, async () => {
        assert.deepEqual(open(), anyway);
      });
    });
  });

  test('of process groups: one of its own, so that a Ctrl-C in the terminal reaches the host only', async () => {
    await withConnected({ command: demo }, async (server) => {
      const child = findProcess(server.processId ?? 0);
      assert.equal(child?.group, server.processId);
      assert.notEqual(child?.group, findProcess(process.pid)?.group);
    });
  });
});

describe('several at once', () => {
  test('concurrent connect() calls share one attempt and one process', async () => {
    const record = recordFile();
    await withServer({ command: fixtureCommand('says-what-it-is-told'), serverEnv: record.serverEnv }, async (server) => {
      await Promise.all([server.connect(), server.connect(), server.connect()]);
      await server.connect();
      await server.ping();
      assert.equal(record.starts(), 1);
      assert.equal(record.count('initialize'), 1);
      assert.equal(record.count('notifications/initialized'), 1);
    });
  });

  test('one of two callers gives up: the other is connected all the same', async () => {
    await withServer({ command: demo }, async (server) => {
      const abort = new AbortController();
      const first = rejection(server.connect({ signal: abort.signal }));
      const second = server.connect();
      abort.abort(new Error('mine only'));
      assert.equal(((await first) as Error).message, 'mine only');
      await second;
      assert.equal(server.connectionState, 'connected');
    });
  });

  test('two handles on one command are two processes and know nothing of each other', async () => {
    await withConnected({ command: demo }, async (first) => {
      await withConnected({ command: demo }, async (second) => {
        assert.notEqual(first.processId, second.processId);
        await first.callTool('add-tool', { name: 'mine' });
        const namesOf = (tools: ReadonlyArray<{ readonly name: string }>) => tools.map((tool) => tool.name);
        assert.ok(namesOf(await first.listTools()).includes('mine'));
        assert.ok(!namesOf(await second.listTools()).includes('mine'));
        first.signalProcess('SIGKILL');
        await until(() => first.connectionState !== 'connected', 'the first noticed');
        assert.equal(textOf(await second.callTool('echo', { text: 'still here' })), 'still here');
      });
    });
  });
});
