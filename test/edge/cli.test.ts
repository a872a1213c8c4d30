/** The command line as a program: its output, its exit codes, its end. Every run is a process of its own. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { fixtureCommand, fixturePath, hostCommand, recordFile } from '../helpers/fixture.ts';
import { assertNoneAlive, canListProcesses, processesWithEnvironment } from '../helpers/processes.ts';
import { until } from '../helpers/until.ts';
import { programCommand } from '../helpers/built-program.ts';

const PROGRAM = programCommand();
const DEMO = fixtureCommand('demo-server.mjs');
const RUN_DEADLINE_MS = 50_000;

interface RunOptions {
  /** The command that starts the server; `undefined` leaves `--` out. */
  readonly server?: readonly string[] | undefined;
  /** Variables for the program; `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Does something to the program while it runs. */
  readonly meanwhile?: (run: Running) => Promise<void> | void;
}

interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end, and fails when a server that it started outlives it. */
async function run(words: readonly string[], options: RunOptions = { server: DEMO }): Promise<Outcome> {
  const { server, environment = {}, input = '', meanwhile } = options;
  const mark = `BAREWIRE_TEST_RUN=${randomUUID()}`;
  const tail = server === undefined ? [] : ['--env', mark, '--', ...server];
  const [program = '', ...args] = [...PROGRAM, ...words, ...tail];
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...environment };
  const child = spawn(program, args, { env, stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const guard = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS);
  child.stdin.on('error', () => {});
  if (meanwhile === undefined) child.stdin.end(input);
  await meanwhile?.({ child, stdout: () => stdout, stderr: () => stderr });
  const code = await ended;
  clearTimeout(guard);
  if (canListProcesses) await assertNoneAlive(() => processesWithEnvironment(mark));
  return { code, stdout, stderr };
}

/** The one line of JSON on stderr, checked for its shape. */
function errorOf({ stderr }: Outcome): { code: string; message: string; details?: Record<string, unknown> } {
  const lines = stderr.split('\n');
  assert.equal(lines.length, 2, `one line expected: ${stderr}`);
  assert.equal(lines[1], '');
  const { error, ...rest } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(rest, {});
  assert.equal(typeof error.code, 'string');
  assert.equal(typeof error.message, 'string');
  const known = new Set(['code', 'message', 'details']);
  assert.deepEqual(Object.keys(error).filter((key) => !known.has(key)), []);
  return error;
}

/** The result on stdout: one line of JSON, and nothing on stderr. */
function resultOf({ code, stdout, stderr }: Outcome): Record<string, unknown> & { readonly [name: string]: never } {
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout);
}

/** Runs `body` with a folder of its own. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-cli-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('every command against the demo server, for people', () => {
  const rows: ReadonlyArray<readonly [string[], RegExp]> = [
    [['info'], /^server {8}barewire-demo 1\.0\.0 {2}Demo\nrevision {6}2026-07-28 \(modern era\)\ncapabilities {2}tools \(listChanged\), [^\n]*\ninstructions\n {2}A server to try things with/],
    [['ping'], /^answered: barewire-demo, in \d+(\.\d+)? ms\n$/],
    [['tools'], /^add {2}Add\n {2}Adds two numbers\.\n {4}a {2}number {2}required {2}The first\n {4}b {2}number {2}required {2}The second\necho {2}Echo\n/],
    [['emit-types'], /^\/\*\* The tools [^\n]*\n\n\/\*\* Adds two numbers\. \*\/\nexport type AddArgs = \{\n {2}\/\*\* The first \*\/\n {2}a: number;\n[\s\S]*\nexport interface Tools \{\n[\s\S]* {2}'structured': \{ args: StructuredArgs; result: StructuredResult \};\n/],
    [['call', 'add', 'a=2', 'b=0.5'], /^2\.5\n$/],
    [['call', 'structured', 'city=Oslo'], /\[structured content\]\n\{\n {2}"city": "Oslo",\n {2}"temperature": 21\.5,\n/],
    [['resources'], /^demo:\/\/readme {2}Read me {2}text\/markdown\n {2}What this server is\.\ndemo:\/\/pixel {2}One pixel {2}image\/png\n/],
    [['templates'], /^demo:\/\/items\/\{id\} {2}One item {2}text\/plain\n {2}An item by its number\.\n$/],
    [['read', 'demo://readme'], /^# Demo\n\nA server to try things with/],
    [['read', 'demo://pixel'], /^\[resource demo:\/\/pixel, image\/png, \d+ B\]\n$/],
    [['prompts'], /^greet {2}A greeting\n {2}Greets somebody\.\n {4}name {3}text {2}required {2}Who is greeted\n {4}style {2}text {2}optional/],
    [['prompt', 'greet', 'name=Ada', 'style=short'], /^Greets somebody\.\nuser:\n {2}Write a short greeting for Ada\.\n$/],
    [['complete', 'prompt', 'greet', 'name=a'], /^Ada\nAlan\n$/],
    [['complete', 'resource', 'demo://items/{id}', 'id=25'], /^25\n$/],
  ];
  for (const [words, expected] of rows) {
    test(`barewire ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(words);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, expected);
    });
  }
});

describe('every command with --json: one line, as the protocol shapes it', () => {
  test('info, ping, and all pages of each list', async () => {
    const info = resultOf(await run(['info', '--json', '--protocol', '2025-06-18']));
    assert.deepEqual([info['protocolVersion'], info['era']], ['2025-06-18', 'legacy']);
    assert.deepEqual(info['serverInfo'], { name: 'barewire-demo', title: 'Demo', version: '1.0.0' });
    assert.equal(resultOf(await run(['ping', '--json']))['ok'], true);
    const { tools } = resultOf(await run(['tools', '--json'])) as unknown as { tools: Array<{ name: string }> };
    assert.equal(tools[0]?.name, 'add');
    assert.ok(tools.length > 10, 'a page of the demo server holds ten');
    const { resources } = resultOf(await run(['--json', 'resources'])) as unknown as { resources: unknown[] };
    assert.equal(resources.length, 27);
    const { resourceTemplates } = resultOf(await run(['templates', '--json'])) as unknown as { resourceTemplates: Array<{ uriTemplate: string }> };
    assert.deepEqual(resourceTemplates.map((template) => template.uriTemplate), ['demo://items/{id}']);
    const { prompts } = resultOf(await run(['prompts', '--json'])) as unknown as { prompts: Array<{ name: string }> };
    assert.deepEqual(prompts.map((prompt) => prompt.name), ['greet', 'review']);
  });

  test('call, read, prompt and complete print the result as it came', async () => {
    const call = await run(['call', 'structured', 'city=Oslo', '--json']);
    assert.deepEqual(resultOf(call)['structuredContent'], { city: 'Oslo', temperature: 21.5, conditions: 'sunny' });
    assert.deepEqual(resultOf(await run(['call', 'echo', '--json', '--protocol', '2025-11-25', 'text=a\u001b\u202e🚀'])), { content: [{ type: 'text', text: 'a\u001b\u202e🚀' }] });
    const { contents } = resultOf(await run(['read', 'demo://items/7', '--json'])) as unknown as { contents: unknown[] };
    assert.deepEqual(contents, [{ uri: 'demo://items/7', mimeType: 'text/plain', text: 'This is item 7.' }]);
    const templated = resultOf(await run(['read', 'demo://items/{id}', 'id=7', '--json'])) as unknown as { contents: unknown[] };
    assert.deepEqual(templated.contents, contents);
    const prompt = resultOf(await run(['prompt', 'greet', 'name=7', '--json']));
    assert.deepEqual(prompt['messages'], [{ role: 'user', content: { type: 'text', text: 'Write a friendly greeting for 7.' } }]);
    const completion = resultOf(await run(['complete', 'prompt', 'greet', 'style=f', '--json']))['completion'];
    assert.deepEqual(completion, { values: ['formal', 'friendly'], total: 2, hasMore: false });
  });
});

describe('arguments and files', () => {
  test('--args takes JSON, a file, or stdin', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'args.json');
      writeFileSync(path, '{"a": 20, "b": 3}');
      assert.equal((await run(['call', 'add', '--args', '{"a": 1, "b": 2}'])).stdout, '3\n');
      assert.equal((await run(['call', 'add', '--args', `@${path}`])).stdout, '23\n');
      assert.equal((await run(['call', 'add', '--args', '-'], { server: DEMO, input: '{"a": 4, "b": 5}' })).stdout, '9\n');
    });
  });

  test('--out saves the exact bytes, and says what is not there to be saved', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'pixel.png');
      const { code, stdout } = await run(['read', 'demo://pixel', '--out', path]);
      const bytes = readFileSync(path);
      assert.deepEqual([code, stdout], [0, `[saved ${bytes.length} B to ${path}]\n`]);
      // The signature of PNG: RFC 2083 section 3.1.
      assert.deepEqual([...bytes.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
      const nothing = await run(['call', 'echo', 'text=x', '--out', path]);
      assert.deepEqual([nothing.code, nothing.stdout, errorOf(nothing).code], [1, 'x\n', 'ERR_CLI_NOTHING_TO_SAVE']);
      const types = join(folder, 'tools.d.ts');
      assert.match((await run(['emit-types', '--out', types])).stdout, /^\[saved [\d.]+ KiB to .*tools\.d\.ts\]\n$/);
      assert.equal(readFileSync(types, 'utf8'), resultOf(await run(['emit-types', '--json']))['types']);
      const nowhere = await run(['read', 'demo://pixel', '--out', join(folder, 'no', 'such', 'folder')]);
      assert.deepEqual([nowhere.code, errorOf(nowhere).code], [1, 'ERR_CLI_FILE']);
    });
  });

  test('--env gives the server a variable, and a variable of this shell only by name', async () => {
    const words = ['call', 'environment', '--env', 'GIVEN=1', '--env', 'PASSED_ON'];
    const { stdout } = await run(words, { server: DEMO, environment: { PASSED_ON: 'x', KEPT_BACK: 'x' } });
    const names = stdout.split('\n');
    assert.ok(names.includes('GIVEN') && names.includes('PASSED_ON'));
    assert.ok(!names.includes('KEPT_BACK'));
  });

  test('--verbose says on stderr what goes on; the result on stdout stays alone', async () => {
    const { code, stdout, stderr } = await run(['call', 'countdown', 'from=2', 'intervalMs=1', '--verbose']);
    assert.deepEqual([code, stdout], [0, 'Counted down from 2.\n']);
    assert.match(stderr, /^progress: 1\/2 1 to go\nprogress: 2\/2 lift-off$/m);
  });

  test('--log-level shows what the server logs from that level up', async () => {
    const shown = await run(['call', 'log', 'level=error', 'text=on fire', '--log-level', 'warning']);
    assert.equal(shown.stderr, 'server error: demo: on fire\n');
    const silent = await run(['call', 'log', 'level=info', 'text=all well', '--log-level', 'warning']);
    assert.deepEqual([silent.stdout, silent.stderr], ['Logged 0 messages.\n', '']);
  });
});

describe('what the server asks', () => {
  const SHOP = fixtureCommand('shop-server.mjs');

  test('--root says where it may work; a path becomes the URL of a file', async () => {
    const words = ['call', 'list-roots', '--root', 'test', '--root', 'file:///srv/a%20b'];
    assert.equal((await run(words)).stdout, `${pathToFileURL('test').href}\nfile:///srv/a%20b\n`);
  });

  test('--answer fills in a form, and says so on stderr', async () => {
    const { code, stdout, stderr } = await run(['call', 'order', '--answer', 'name=Zoe', '--answer', 'gift=yes', '--answer', 'colour=red'], { server: SHOP });
    assert.deepEqual([code, stdout], [0, 'One m for Zoe, wrapped\n']);
    assert.match(stderr, /^form: answered .*shop-server\.mjs: For whom is the shirt\?\nform: no form asked for colour, which --answer gives\n$/);
  });

  test('away from a terminal nothing is offered without answers: no form, no page, no model', async () => {
    const record = recordFile();
    const { stdout } = await run(['call', 'order', '--env', `RECORD=${record.serverEnv.RECORD}`], { server: SHOP });
    assert.equal(stdout, 'Nothing ordered\n');
    assert.deepEqual(record.read().find(({ method }) => method === 'initialize')?.params?.['capabilities'], {});
  });
});

describe('exit codes, each with one line of JSON on stderr', () => {
  const silent = fixtureCommand('never-answers.mjs');
  const rows: ReadonlyArray<readonly [string, string[], readonly string[] | undefined, number, string]> = [
    ['no command', [], undefined, 1, 'ERR_CLI_USAGE'],
    ['an unknown command', ['dance'], DEMO, 1, 'ERR_CLI_USAGE'],
    ['an unknown option', ['tools', '--loud'], DEMO, 1, 'ERR_CLI_USAGE'],
    ['no server', ['tools'], undefined, 1, 'ERR_CLI_USAGE'],
    ['arguments that are no JSON', ['call', 'add', '--args', '{a: 1}'], DEMO, 1, 'ERR_CLI_USAGE'],
    ['an argument that cannot be one', ['call', 'add', 'a=one', 'b=2'], DEMO, 1, 'ERR_CLI_USAGE'],
    ['an unknown tool', ['call', 'subtract', 'a=1'], DEMO, 1, 'ERR_MCP_UNKNOWN_TOOL'],
    ['a required argument left out', ['call', 'add', 'a=1'], DEMO, 1, 'ERR_MCP_INVALID_ARGUMENTS'],
    ['a variable that the template does not have', ['read', 'demo://items/{id}', 'di=7'], DEMO, 1, 'ERR_CLI_USAGE'],
    ['a template that is none', ['read', 'demo://items/{id', 'id=7'], DEMO, 1, 'ERR_MCP_INVALID_URI'],
    ['a watch of an unknown resource', ['watch', '--uri', 'demo://nowhere', '--for', '20'], DEMO, 1, 'ERR_CLI_NOT_AGREED'],
    ['the same, of a server with a handshake', ['watch', '--uri', 'demo://nowhere', '--for', '20', '--protocol', '2025-11-25'], DEMO, 1, 'ERR_MCP_RESOURCE_NOT_FOUND'],
    ['an unknown resource', ['read', 'demo://nowhere'], DEMO, 1, 'ERR_MCP_RESOURCE_NOT_FOUND'],
    ['a program that is not there', ['tools'], ['/no/such/program'], 4, 'ERR_MCP_SPAWN_FAILED'],
    ['a folder that is not there', ['tools', '--cwd', '/no/such/folder'], DEMO, 4, 'ERR_MCP_WORKING_DIR'],
    ['a server that dies during the call', ['call', 'call'], fixtureCommand('exits.mjs', 'on-call', '3'), 4, 'ERR_MCP_PROCESS_EXITED'],
    ['a server that is silent', ['tools', '--timeout', '300ms'], silent, 4, 'ERR_MCP_CONNECT_TIMEOUT'],
    ['a call that takes too long', ['call', 'never', '--timeout', '3'], DEMO, 4, 'ERR_MCP_REQUEST_TIMEOUT'],
    ['a request that the server answers with an error', ['call', 'big', 'bytes=-1'], DEMO, 5, 'ERR_MCP_RPC'],
  ];
  for (const [what, words, server, exitCode, code] of rows) {
    test(`${what}: ${exitCode}, ${code}`, async () => {
      const outcome = await run(words, { server });
      assert.equal(errorOf(outcome).code, code);
      assert.equal(outcome.code, exitCode);
    });
  }

  test('a tool that fails, 5: what it said is printed all the same, with --json as it came', async () => {
    const plain = await run(['call', 'fail']);
    assert.deepEqual([plain.code, plain.stdout], [5, 'This tool always fails.\n']);
    assert.deepEqual(errorOf(plain), {
      code: 'ERR_CLI_TOOL_ERROR',
      message: 'the tool "fail" reported an error: This tool always fails.',
      details: { tool: 'fail' },
    });
    const json = await run(['call', 'fail', '--json']);
    assert.deepEqual(JSON.parse(json.stdout), { resultType: 'complete', content: [{ type: 'text', text: 'This tool always fails.' }], isError: true });
    assert.equal(json.code, 5);
  });

  test('a server that dies at its start, 4: the error says its exit code and the end of its stderr', async () => {
    const outcome = await run(['tools'], { server: fixtureCommand('exits.mjs', 'at-start', '3') });
    const error = errorOf(outcome);
    assert.deepEqual([outcome.code, error.code, error.details?.['exitCode']], [4, 'ERR_MCP_PROCESS_EXITED', 3]);
    assert.match(error.message, /dying at-start with 3/);
  });

  test('--help and --version need no server, and print on stdout', async () => {
    const help = await run(['--help'], {});
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /^A client for servers of the Model Context Protocol\.\n\nUsage\n/);
    const call = await run(['call', '--help'], {});
    assert.deepEqual([call.code, call.stderr], [0, '']);
    assert.match(call.stdout, /^barewire call: /);
    const version = await run(['--version'], {});
    const { version: expected } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual([version.code, version.stdout], [0, `barewire ${expected}\n`]);
  });
});

/** Sends a signal as another process would: the `kill` of a child closes its stdin on Deno, and hides its exit code. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, signal);
}

/** Waits until a call is under way: the first progress line of `--verbose`. */
const untilProgress = (running: Running) => until(() => running.stderr().includes('progress: 1/'), 'progress came', RUN_DEADLINE_MS);

describe('the end', { skip: process.platform === 'win32' ? 'Windows has no signals to send' : false }, () => {
  const long = ['call', 'countdown', 'from=10000', 'intervalMs=20', '--verbose', '--log-level', 'critical'];

  for (const [signal, exitCode] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    test(`${signal} during a call ends it with exit code ${exitCode}, one line of JSON, and no process left`, async () => {
      const outcome = await run(long, {
        server: DEMO,
        meanwhile: async (running) => {
          await untilProgress(running);
          send(running.child, signal);
        },
      });
      assert.equal(outcome.code, exitCode);
      const last = outcome.stderr.trimEnd().split('\n').at(-1) ?? '';
      assert.deepEqual(JSON.parse(last), { error: { code: 'ERR_CLI_INTERRUPTED', message: `interrupted by ${signal}` } });
      assert.equal(outcome.stdout, '');
    });
  }

  test('SIGINT tells the server that the call is cancelled (MCP, basic, utilities, Cancellation)', async () => {
    const record = recordFile();
    const server = fixtureCommand('says-what-it-is-told.mjs');
    try {
      const outcome = await run(['call', 'call', 'base64=', '--json', '--env', `RECORD=${record.serverEnv.RECORD}`], {
        server,
        meanwhile: async ({ child }) => {
          await until(() => record.count('tools/call') === 1, 'the call reached the server', RUN_DEADLINE_MS);
          send(child, 'SIGINT');
        },
      });
      assert.equal(outcome.code, 130);
      assert.equal(errorOf(outcome).code, 'ERR_CLI_INTERRUPTED');
      assert.equal(record.count('notifications/cancelled'), 1);
    } finally {
      record.remove();
    }
  });

  test('a second SIGINT leaves at once, and takes a server along that refuses to stop', async () => {
    const record = recordFile();
    try {
      let secondAt = Infinity;
      const outcome = await run(['call', 'call', '--env', `RECORD=${record.serverEnv.RECORD}`], {
        server: fixtureCommand('refuses-to-stop.mjs'),
        meanwhile: async ({ child, stderr }) => {
          await until(() => record.count('tools/call') === 1, 'the call reached the server', RUN_DEADLINE_MS);
          send(child, 'SIGINT');
          await until(() => stderr().includes('ERR_CLI_INTERRUPTED'), 'the first one was heard', RUN_DEADLINE_MS);
          secondAt = performance.now();
          send(child, 'SIGINT');
        },
      });
      assert.equal(outcome.code, 130);
      // The stop ladder would take four seconds.
      assert.ok(performance.now() - secondAt < 2_000);
    } finally {
      record.remove();
    }
  });

  test('SIGINT while a server takes its time to stop, after the answer was printed, does not wait for it', async () => {
    let sentAt = Infinity;
    const outcome = await run(['ping'], {
      server: fixtureCommand('refuses-to-stop.mjs'),
      meanwhile: async ({ child, stdout }) => {
        await until(() => stdout().startsWith('answered: minimal'), 'the answer was printed', RUN_DEADLINE_MS);
        sentAt = performance.now();
        send(child, 'SIGINT');
      },
    });
    assert.equal(outcome.code, 130);
    // The stop ladder would take four seconds.
    assert.ok(performance.now() - sentAt < 2_000);
  });

  test('SIGINT while arguments are awaited from stdin ends the program before any server is started', async () => {
    const outcome = await run(['call', 'add', '--args', '-', '--json'], {
      server: DEMO,
      meanwhile: ({ child }) => {
        // More than a pipe holds: it is written only when the program reads.
        child.stdin?.write(' '.repeat(2 ** 20), () => send(child, 'SIGINT'));
      },
    });
    assert.deepEqual([outcome.code, errorOf(outcome).code], [130, 'ERR_CLI_INTERRUPTED']);
  });

  test('a reader that goes away ends the program quietly (EPIPE)', async () => {
    const outcome = await run(['call', 'big', 'bytes=4000000'], {
      server: DEMO,
      meanwhile: ({ child }) => void child.stdout?.once('data', () => child.stdout?.destroy()),
    });
    assert.deepEqual([outcome.code, outcome.stderr], [0, '']);
  });
});

const HOSTILE = '\u001b[31mred\u001b]0;title\u0007\u009b2J\u202egnp.exe\u{e0041}\r\nnext';
// What drives a terminal or hides text; the line feed ends a line of ours.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;

/** A server that puts {@link HOSTILE} into everything it says, as a file in `folder`. */
function hostileServer(folder: string): string[] {
  const path = join(folder, 'hostile.mjs');
  const source = `
    import { reply, send, serve } from ${JSON.stringify(pathToFileURL(fixturePath('children/minimal-server.mjs')).href)};
    const bad = ${JSON.stringify(HOSTILE)};
    serve({
      initialize: (request) => reply(request, { protocolVersion: request.params.protocolVersion,
        capabilities: { tools: {}, resources: {}, prompts: {}, logging: {}, [bad]: { [bad]: true } },
        serverInfo: { name: bad, title: bad + 1, version: bad }, instructions: bad }),
      'logging/setLevel': (request) => reply(request, {}),
      'tools/list': (request) => reply(request, { tools: [{ name: bad, title: bad + 1, description: bad,
        inputSchema: { type: 'object', properties: { [bad]: { enum: [bad], description: bad } } } }] }),
      'resources/list': (request) => reply(request, { resources: [{ uri: 'x:' + bad, name: bad, description: bad, mimeType: bad }] }),
      'resources/read': (request) => reply(request, { contents: [{ uri: 'x:' + bad, mimeType: bad, text: bad }] }),
      'prompts/list': (request) => reply(request, { prompts: [{ name: bad, description: bad, arguments: [{ name: bad, description: bad }] }] }),
      'prompts/get': (request) => reply(request, { description: bad, messages: [{ role: 'user', content: { type: 'text', text: bad } }] }),
      'tools/call': (request) => {
        process.stderr.write(bad + '\\n');
        send({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', logger: bad, data: bad } });
        const progressToken = request.params._meta?.progressToken;
        send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1, total: 2, message: bad } });
        if (request.params.arguments?.refuse) return send({ jsonrpc: '2.0', id: request.id, error: { code: -32603, message: bad } });
        reply(request, { content: [{ type: 'text', text: bad }], isError: true });
      },
    });`;
  writeFileSync(path, source);
  return [...fixtureCommand('children/minimal-server.mjs').slice(0, -1), path];
}

describe('a server that says terrible things', () => {
  test('none of its names, texts, logs and errors reaches stdout or stderr unescaped', async () => {
    await withFolder(async (folder) => {
      const server = hostileServer(folder);
      const rows: ReadonlyArray<readonly [string[], number]> = [
        [['info'], 0],
        [['tools'], 0],
        [['tools', '--json'], 0],
        [['resources'], 0],
        [['read', 'x:y'], 0],
        [['prompt', HOSTILE], 0],
        [['call', HOSTILE, '--verbose'], 5],
        [['call', HOSTILE, '--json'], 5],
        [['call', HOSTILE, 'refuse=true'], 5],
      ];
      for (const [words, expected] of rows) {
        const { code, stdout, stderr } = await run(words, { server });
        assert.equal(code, expected, `${words.join(' ')}: ${stderr}`);
        for (const text of [stdout, stderr]) assert.equal(UNSAFE.exec(text)?.[0], undefined, `${words.join(' ')}: ${JSON.stringify(text)}`);
        assert.match(stdout + stderr, /\\u(\{1b\}|001b)\[31mred/, 'it is there, escaped');
      }
    });
  });
});

describe('colours and the terminal', () => {
  const ESCAPE = '\u001b';

  test('away from a terminal there are none, FORCE_COLOR brings them, NO_COLOR and --json keep them away', async () => {
    const colours = async (words: string[], environment: Record<string, string>) => (await run(words, { server: DEMO, environment })).stdout.includes(ESCAPE);
    assert.equal(await colours(['tools'], {}), false);
    assert.equal(await colours(['tools'], { FORCE_COLOR: '1' }), true);
    assert.equal(await colours(['tools'], { FORCE_COLOR: '1', NO_COLOR: '1' }), false);
    assert.equal(await colours(['tools', '--json'], { FORCE_COLOR: '1' }), false);
  });

  // util-linux: runs a command on a pseudo-terminal.
  const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;
  const quoted = (words: readonly string[]) => words.map((word) => `'${word.replaceAll(`'`, `'\\''`)}'`).join(' ');

  /** Runs the program on a terminal of 100 cells; its stdout and stderr come as one. */
  async function onTerminal(
    words: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    { server = DEMO, typed = [] }: { server?: readonly string[]; typed?: ReadonlyArray<readonly [question: string, line: string]> } = {},
  ): Promise<{ code: number | null; text: string }> {
    const command = `stty cols 100; exec ${quoted([...PROGRAM, ...words, '--', ...server])}`;
    const env = { ...process.env, TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined, ...environment };
    const child = spawn('script', ['-qec', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    for (const [question, line] of typed) {
      await until(() => text.endsWith(question), `the terminal shows ${question}`);
      child.stdin.write(`${line}\n`);
    }
    return { code: await ended, text };
  }

  describe('on a terminal', { skip: hasScript ? false : 'needs script of util-linux' }, () => {
    test('lists are coloured, unless NO_COLOR or TERM=dumb forbids it', async () => {
      assert.match((await onTerminal(['tools'])).text, /^\u001b\[36madd\u001b\[39m {2}\u001b\[1mAdd\u001b\[22m\r\n/);
      assert.match((await onTerminal(['tools'], { NO_COLOR: '1' })).text, /^add {2}Add\r\n/);
      assert.match((await onTerminal(['tools'], { TERM: 'dumb' })).text, /^add {2}Add\r\n/);
    });

    test('a call shows a progress bar that is gone when its result is printed', async () => {
      const { code, text } = await onTerminal(['call', 'countdown', 'from=4', 'intervalMs=70']);
      assert.equal(code, 0);
      assert.match(text, /\rcountdown …\u001b\[K/);
      assert.match(text, /\rcountdown \[█{24}\] 100% 4\/4 lift-off\u001b\[K\r\u001b\[KCounted down from 4\.\r\n$/);
    });

    test('a form is asked for field by field, and what is typed goes to the server', async () => {
      const typed = [['cancel: ', 'yes'], ['required)\r\n  > ', 'Zoe'], ['[2] > ', '1'], ['[no] > ', ''], ['again: ', 'yes']] as const;
      const { code, text } = await onTerminal(['call', 'order'], { NO_COLOR: '1' }, { server: fixtureCommand('shop-server.mjs'), typed });
      assert.equal(code, 0);
      assert.match(text, /The server [^\r\n]*shop-server\.mjs asks:\r\n {2}For whom is the shirt\?\r\n/);
      assert.match(text, /One s for Zoe\r\n$/);
    });

    test('a page that a call needs is shown, and the call is made again when it was visited', async () => {
      const { code, text } = await onTerminal(['call', 'pay'], { NO_COLOR: '1' }, { server: fixtureCommand('shop-server.mjs'), typed: [['cancel: ', 'yes']] });
      assert.equal(code, 0);
      assert.match(text, /wants you to visit a page of pay\.shop\.example:\r\n {2}Pay the bill on our page\r\n {2}https:\/\/pay\.shop\.example\/bill\/1\r\n/);
      assert.match(text, /Paid, thank you\r\n$/);
    });

    test('an error is a readable line and a hint', async () => {
      const { code, text } = await onTerminal(['call', 'nothing'], { NO_COLOR: '1' });
      assert.equal(code, 1);
      assert.match(text, /error: [^\r\n]*"nothing"[^\r\n]* \(ERR_MCP_UNKNOWN_TOOL\)\r\nhint: the command tools lists what there is\r\n$/);
    });

    test('with --json an error is JSON on a terminal too', async () => {
      const { code, text } = await onTerminal(['read', 'demo://nowhere', '--json']);
      assert.equal(code, 1);
      assert.equal(JSON.parse(text).error.code, 'ERR_MCP_RESOURCE_NOT_FOUND');
    });
  });
});

/** A server over stdio that says these messages by itself as soon as it is asked for nothing more, as a file in `folder`. */
function talkingServer(folder: string, messages: readonly object[], afterwards: string = ''): string[] {
  const path = join(folder, 'talking.mjs');
  const source = `
    import { reply, send, serve } from ${JSON.stringify(pathToFileURL(fixturePath('children/minimal-server.mjs')).href)};
    serve({
      'notifications/initialized': () => {
        for (const message of ${JSON.stringify(messages)}) send({ jsonrpc: '2.0', ...message });
        ${afterwards}
      },
      'logging/setLevel': (request) => reply(request, {}),
    });`;
  writeFileSync(path, source);
  return [...fixtureCommand('children/minimal-server.mjs').slice(0, -1), path];
}

describe('watch over stdio', () => {
  const messages = [
    { method: 'notifications/tools/list_changed' },
    { method: 'notifications/resources/updated', params: { uri: `demo://${HOSTILE}` } },
    { method: 'notifications/message', params: { level: 'info', data: 'all well' } },
    { method: 'notifications/message', params: { level: 'error', logger: HOSTILE, data: { [HOSTILE]: 'on fire' } } },
  ];
  const words = (stdout: string) => stdout.trimEnd().split('\n').map((line) => line.replace(/^ *\+\d+\.\d{3}s {2}(\w+) +/, '$1: '));

  test('every notification is one escaped line as soon as it comes, those of lists gathered; --for ends it with 0', async () => {
    await withFolder(async (folder) => {
      const server = talkingServer(folder, messages);
      const { code, stdout, stderr } = await run(['watch', '--for', '2'], { server });
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal(UNSAFE.exec(stdout)?.[0], undefined);
      const lines = words(stdout);
      assert.deepEqual(lines.slice(0, 3), ['state: disconnected → connecting', 'state: connecting → initializing', 'state: initializing → connected']);
      assert.deepEqual(lines.slice(-2), ['state: connected → disconnecting', 'state: disconnecting → disconnected']);
      assert.deepEqual(lines.slice(3, -2).map((line) => line.replace(/\\u\{1b\}.*?next/g, '!')), [
        'resource: demo://! changed',
        'log: info all well',
        'log: error !: {"\\u001b[31mred\\u001b]0;title\\u0007\\u009b2J\\u202egnp.exe\\udb40\\udc41\\r\\nnext":"on fire"}',
        'tools: the list of tools changed',
      ]);
    });
  });

  test('--json prints the payload as it came, and --log-level leaves out what is less grave', async () => {
    await withFolder(async (folder) => {
      const { code, stdout } = await run(['watch', '--for', '2', '--json', '--log-level', 'warning'], { server: talkingServer(folder, messages) });
      const events = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { event: string; payload: unknown });
      assert.equal(code, 0);
      assert.deepEqual(events.filter(({ event }) => event !== 'stateChanged').map(({ event, payload }) => [event, payload]), [
        ['resourceUpdated', { uri: `demo://${HOSTILE}` }],
        ['log', { level: 'error', logger: HOSTILE, data: { [HOSTILE]: 'on fire' } }],
        ['toolsChanged', {}],
      ]);
    });
  });

  test('--uri subscribes, so that the server tells', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'touches.mjs');
      // Tells of each resource as soon as it is followed.
      const source = `
        import { reply, send, serve } from ${JSON.stringify(pathToFileURL(fixturePath('children/minimal-server.mjs')).href)};
        serve({
          initialize: (request) => reply(request, { protocolVersion: request.params.protocolVersion, capabilities: { resources: { subscribe: true } }, serverInfo: { name: 'touches', version: '1' } }),
          'resources/subscribe': (request) => {
            reply(request, {});
            send({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: request.params });
          },
        });`;
      writeFileSync(path, source);
      const { code, stdout } = await run(['watch', '--uri', 'a:1', '--uri', 'a:2', '--for', '2'], { server: [...fixtureCommand('children/minimal-server.mjs').slice(0, -1), path] });
      assert.equal(code, 0);
      assert.deepEqual(words(stdout).filter((line) => line.startsWith('resource')), ['resource: a:1 changed', 'resource: a:2 changed']);
    });
  });

  test('a server that dies ends it with 4, and its last state says why', async () => {
    await withFolder(async (folder) => {
      const outcome = await run(['watch'], { server: talkingServer(folder, messages, 'setTimeout(() => process.exit(3), 50);') });
      assert.deepEqual([outcome.code, errorOf(outcome).code], [4, 'ERR_MCP_PROCESS_EXITED']);
      assert.ok(words(outcome.stdout).some((line) => /^state: connected → failed: .*\(ERR_MCP_PROCESS_EXITED\)$/.test(line)), outcome.stdout);
    });
  });

  test('SIGINT ends it: 130, nothing to complain of, no process left', { skip: process.platform === 'win32' && 'Windows has no signals to send' }, async () => {
    const outcome = await run(['watch', '--json'], {
      server: DEMO,
      meanwhile: async ({ child, stdout }) => {
        await until(() => stdout().includes('"to":"connected"'), 'the watch is connected', RUN_DEADLINE_MS);
        send(child, 'SIGINT');
      },
    });
    assert.deepEqual([outcome.code, outcome.stderr], [130, '']);
    assert.deepEqual(JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) ?? '').payload, { from: 'disconnecting', to: 'disconnected' });
  });
});

describe('the demo', () => {
  /** The titles of the steps below a heading. */
  const titlesOf = (text: string) => text.split('\n').filter((line) => /^\d\. /.test(line));
  const shared = [
    '2. Ask which tools it has',
    '3. Call a tool',
    '4. Call one that takes its time, and watch it work',
    '5. Read a resource',
    '6. Be told when something changes',
    '7. Cancel a call that would never end',
    '8. Let go',
    '9. Do all of that again, with a revision that begins with a handshake',
  ];

  test('does the same over stdio and over HTTP, says each step and what came of it, and ends well', async () => {
    const [program = '', ...args] = hostCommand('demo.ts');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    assert.deepEqual([code, stderr], [0, ''], stdout);
    const [, first = '', second = ''] = /── Part 1: over stdio ──(.*)── Part 2: over HTTP ──(.*)/su.exec(stdout) ?? [];
    assert.deepEqual(titlesOf(first), ['1. Start the server and agree on a revision', ...shared]);
    assert.deepEqual(titlesOf(second), ['1. Connect and agree on a revision', ...shared]);
    for (const text of [first, second]) {
      assert.ok(text.includes('useServer()'), 'the output says that it is the same function');
      for (const line of [
        '   → 5\n',
        '   countdown 1/5 4 to go\n',
        '   countdown 5/5 lift-off\n   → Counted down from 5.\n',
        '   → # Demo\n',
        '   → the server said that its tools changed: there are 24 now, the last one is newcomer\n',
        '   → the call ended: the host has changed its mind; the connection goes on\n',
      ]) {
        assert.ok(text.includes(line), `${line} in:\n${text}`);
      }
    }
    assert.ok(first.includes(`   const result = await server.callTool('add', { a: 2, b: 3 })\n`));
    const [, processId = ''] = /disconnected; process (\d+) is gone\n/.exec(first) ?? [];
    assert.throws(() => process.kill(Number(processId), 0), 'no such process');
    assert.ok(second.includes('   → disconnected; there is no session to end\n'));
    const [, url = ''] = /, at (http:\S+)\n/.exec(second) ?? [];
    await assert.rejects(fetch(url), TypeError, 'nobody listens there any more');
    const [, seconds = ''] = /\nDone in (\d+\.\d) s\. No process is left\.\n$/.exec(stdout) ?? [];
    assert.ok(Number(seconds) > 0, seconds);
  });
});
