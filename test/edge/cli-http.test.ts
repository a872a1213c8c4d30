/** The command line over HTTP, as a program: every run is a process of its own, every server a real one. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { DemoHTTPServer, PeerExchange, PeerScript } from '../helpers/http-server.ts';
import { until } from '../helpers/until.ts';
import { programCommand } from '../helpers/built-program.ts';

const PROGRAM = programCommand();
const RUN_DEADLINE_MS = 50_000;
const TEST_OPTIONS = { timeout: 60_000 };
const SECRET = 'tok-1f9b8c7d6e5a4b3c2d1e';

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

interface RunOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Does something while the program runs. */
  readonly meanwhile?: (run: Running) => Promise<void> | void;
}

const NO_PROXY = Object.fromEntries(['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [[name, undefined], [name.toUpperCase(), undefined]]));

/** Runs the program to its end. */
async function run(words: readonly string[], { environment = {}, meanwhile }: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...args] = [...PROGRAM, ...words];
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...NO_PROXY, ...environment };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const guard = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS);
  try {
    await meanwhile?.({ child, stdout: () => stdout, stderr: () => stderr });
  } finally {
    // A run whose companion failed is not left behind.
    if (meanwhile !== undefined) setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS).unref();
  }
  const code = await ended;
  clearTimeout(guard);
  return { code, stdout, stderr };
}

/** The one line of JSON on stderr. */
function errorOf({ stderr }: Outcome): { code: string; message: string; details?: Record<string, unknown> } {
  assert.match(stderr, /^\{"error":[^\n]+\}\n$/);
  return JSON.parse(stderr).error;
}

/** Sends a signal as another process would: the `kill` of a child hides its exit code on Deno. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, signal);
}

/** Runs `body` with a scripted server, and fails when an exchange with it is still open afterwards. */
async function withPeer(script: PeerScript, body: (peer: HTTPPeer) => Promise<void>, sessions?: readonly string[]): Promise<void> {
  const peer = await HTTPPeer.listen(script, sessions === undefined ? {} : { sessions });
  try {
    await body(peer);
    await until(() => peer.raw.busy === 0, 'every exchange was let go', 20_000);
  } finally {
    await peer.close();
  }
}

const rpcError = (exchange: PeerExchange, message: string) =>
  exchange.json({ jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32603, message } });

describe('every command with --url, against the demo server', () => {
  let demo: DemoHTTPServer;
  before(async () => {
    demo = await startDemo();
  });
  after(() => demo.stop());

  const rows: ReadonlyArray<readonly [string[], RegExp]> = [
    [['info'], /^server {8}barewire-demo 1\.0\.0 {2}Demo\nrevision {6}2026-07-28 \(modern era\)\n/],
    [['ping'], /^answered: barewire-demo, in \d+(\.\d+)? ms\n$/],
    [['tools'], /^add {2}Add\n {2}Adds two numbers\.\n/],
    [['emit-types'], /^export interface Tools \{\n[\s\S]* {2}'add': \{ args: AddArgs; result: unknown \};\n/m],
    [['call', 'add', 'a=2', 'b=0.5'], /^2\.5\n$/],
    [['resources'], /^demo:\/\/readme {2}Read me {2}text\/markdown\n/],
    [['templates'], /^demo:\/\/items\/\{id\} {2}One item {2}text\/plain\n/],
    [['read', 'demo://readme'], /^# Demo\n\nA server to try things with/],
    [['prompts'], /^greet {2}A greeting\n/],
    [['prompt', 'greet', 'name=Ada'], /^Greets somebody\.\nuser:\n {2}Write a friendly greeting for Ada\.\n$/],
    [['complete', 'prompt', 'greet', 'name=a'], /^Ada\nAlan\n$/],
    [['watch', '--for', '1ms'], /^ {2}\+\d\.\d{3}s {2}state {6}disconnected → connecting\n/],
  ];
  for (const [words, expected] of rows) {
    test(`barewire ${words.join(' ')} --url …`, TEST_OPTIONS, async () => {
      const { code, stdout, stderr } = await run([...words, '--url', demo.url]);
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, expected);
    });
  }

  test('progress, --verbose and --log-level are the same as over stdio', TEST_OPTIONS, async () => {
    const call = await run(['call', 'countdown', 'from=2', 'intervalMs=1', '--verbose', '--url', demo.url]);
    assert.deepEqual([call.code, call.stdout], [0, 'Counted down from 2.\n']);
    assert.match(call.stderr, /^progress: 1\/2 1 to go\nprogress: 2\/2 lift-off$/m);
    const log = await run(['call', 'log', 'level=error', 'text=on fire', '--log-level', 'warning', '--url', demo.url]);
    assert.deepEqual([log.code, log.stderr], [0, 'server error: demo: on fire\n']);
  });

  test('the transport of 2024-11-05 is found by itself', TEST_OPTIONS, async () => {
    const { code, stdout, stderr } = await run(['call', 'add', 'a=1', 'b=2', '--url', demo.sse]);
    assert.deepEqual([code, stdout, stderr], [0, '3\n', '']);
  });

  test('a server that answers in JSON, without sessions and without a stream, is spoken to as well', TEST_OPTIONS, async () => {
    const plain = await startDemo('--answers', 'json', '--no-get', '--no-sessions');
    try {
      const { code, stdout } = await run(['call', 'structured', 'city=Oslo', '--json', '--url', plain.url]);
      assert.deepEqual([code, JSON.parse(stdout).structuredContent.city], [0, 'Oslo']);
      assert.equal((await run(['watch', '--for', '1ms', '--url', plain.url])).code, 0);
    } finally {
      await plain.stop();
    }
  });
});

describe('what is sent', () => {
  test('headers of both kinds go with every request, and the session is ended at the end (MCP 2025-11-25, Session Management)', TEST_OPTIONS, async () => {
    await withPeer({}, async (peer) => {
      const words = ['tools', '--url', peer.url, '--protocol', '2025-11-25', '--header', 'X-Tenant: a b', '--header-env', 'Authorization=MCP_AUTHORIZATION'];
      const { code, stdout, stderr } = await run(words, { environment: { MCP_AUTHORIZATION: `Bearer ${SECRET}` } });
      assert.deepEqual([code, stdout, stderr], [0, 'call\n  Does what the script says.\n', '']);
      assert.deepEqual(peer.order, ['initialize', 'notifications/initialized', 'tools/list', 'DELETE']);
      for (const { headers } of peer.requests) assert.deepEqual([headers['x-tenant'], headers['authorization']], ['a b', `Bearer ${SECRET}`]);
      assert.equal(peer.requests.at(-1)?.headers['mcp-session-id'], 'session-1');
    }, ['session-1']);
  });

  test('only a watch, and who asks for log messages, listens to what the server says by itself', TEST_OPTIONS, async () => {
    await withPeer({}, async (peer) => {
      assert.equal((await run(['ping', '--url', peer.url])).code, 0);
      assert.equal(peer.sent('GET').length, 0);
      assert.equal((await run(['ping', '--url', peer.url, '--log-level', 'info'])).code, 5, 'logging/setLevel is answered with an error');
      assert.equal(peer.sent('GET').length, 1);
    });
  });

  test('SIGINT during a call takes it back, ends the session, and is 130', { ...TEST_OPTIONS, skip: process.platform === 'win32' && 'no signals' }, async () => {
    await withPeer({ 'tools/call': (exchange) => exchange.hang() }, async (peer) => {
      const outcome = await run(['call', 'call', '--url', peer.url], {
        meanwhile: async ({ child }) => {
          await until(() => peer.sent('tools/call').length === 1, 'the call reached the server', RUN_DEADLINE_MS);
          send(child, 'SIGINT');
        },
      });
      assert.deepEqual([outcome.code, outcome.stdout, errorOf(outcome).code], [130, '', 'ERR_CLI_INTERRUPTED']);
      assert.equal(peer.sent('notifications/cancelled').length, 1);
      assert.equal(peer.sent('DELETE').length, 1);
    }, ['session-1']);
  });
});

describe('exit codes over HTTP, each with one line of JSON on stderr', () => {
  const status = (code: number): PeerScript => ({ '*': (exchange) => exchange.respond(code, {}, 'no') });
  const rows: ReadonlyArray<readonly [string, PeerScript, string[], number, string]> = [
    ['401', status(401), [], 3, 'ERR_MCP_HTTP_STATUS'],
    ['403', status(403), [], 3, 'ERR_MCP_HTTP_STATUS'],
    ['401 to a call, after the handshake', { 'tools/call': (exchange) => exchange.respond(401) }, [], 3, 'ERR_MCP_HTTP_STATUS'],
    ['503', status(503), [], 4, 'ERR_MCP_HTTP_STATUS'],
    ['a page for people', { '*': (exchange) => exchange.respond(200, { 'Content-Type': 'text/html' }, '<p>Hello') }, [], 4, 'ERR_MCP_HTTP_CONTENT_TYPE'],
    ['silence', { '*': (exchange) => exchange.hang() }, ['--timeout', '300ms'], 4, 'ERR_MCP_CONNECT_TIMEOUT'],
    ['silence to a call', { 'tools/call': (exchange) => exchange.hang() }, ['--timeout', '2s'], 4, 'ERR_MCP_REQUEST_TIMEOUT'],
    ['an error of the server', { 'tools/call': (exchange) => rpcError(exchange, 'no') }, [], 5, 'ERR_MCP_RPC'],
  ];
  for (const [what, script, options, exitCode, code] of rows) {
    test(`${what}: ${exitCode}, ${code}`, TEST_OPTIONS, async () => {
      await withPeer(script, async (peer) => {
        const outcome = await run(['call', 'call', '--url', peer.url, ...options]);
        assert.equal(errorOf(outcome).code, code);
        assert.deepEqual([outcome.code, outcome.stdout], [exitCode, '']);
      });
    });
  }

  test('no server there, and no such host: 4, ERR_MCP_NETWORK, at once', TEST_OPTIONS, async () => {
    const peer = await HTTPPeer.listen();
    const { url } = peer;
    await peer.close();
    const outcome = await run(['ping', '--url', url]);
    assert.deepEqual([outcome.code, errorOf(outcome).code], [4, 'ERR_MCP_NETWORK']);
    assert.equal(errorOf(outcome).message.includes(url), true);
  });

  const refused: ReadonlyArray<readonly [string, string[], RegExp]> = [
    ['two servers', ['--url', 'http://127.0.0.1:9/mcp', '--', 'node', 'server.mjs'], /^there are two servers/],
    ['a relative address', ['--url', 'mcp.example/mcp'], /^--url must be an absolute URL/],
    ['another scheme', ['--url', 'file:///etc/passwd'], /^--url must be an absolute URL/],
    ['an address with a password', ['--url', `http://me:${SECRET}@127.0.0.1:9/mcp`], /^--url must not hold a user name or password; send credentials with --header-env/],
    ['an address with a fragment', ['--url', 'http://127.0.0.1:9/mcp#x'], /^--url must not have a fragment/],
    ['--cwd', ['--url', 'http://127.0.0.1:9/mcp', '--cwd', '/'], /^--cwd is for a server that is started/],
    ['--header without --url', ['--header', `X: ${SECRET}`, '--', 'node'], /^--header is for a server at an address/],
    ['no timer for so long', ['watch', '--url', 'http://127.0.0.1:9/mcp', '--for', '100000m'], /^--for must be 24 days at most/],
  ];
  for (const [what, words, message] of refused) {
    test(`${what} is refused as a usage error`, TEST_OPTIONS, async () => {
      const outcome = await run(words[0] === 'watch' ? words : ['ping', ...words]);
      assert.deepEqual([outcome.code, errorOf(outcome).code], [1, 'ERR_CLI_USAGE']);
      assert.match(errorOf(outcome).message, message);
      assert.ok(!outcome.stderr.includes(SECRET));
    });
  }
});

describe('values of headers are shown nowhere', () => {
  const echo = ({ request }: PeerExchange) => `${request.headers['authorization']} and ${request.headers['x-key']}`;
  const long = 'x'.repeat(180);
  const rows: ReadonlyArray<readonly [string, PeerScript, number]> = [
    ['in the body of a refusal', { '*': (exchange) => exchange.respond(401, {}, `wrong token: ${echo(exchange)}`) }, 3],
    ['where the shown part of that body ends within it', { '*': (exchange) => exchange.respond(403, {}, `${long}${exchange.request.headers['authorization']?.slice(7)}`) }, 3],
    ['in a body of a wrong kind', { '*': (exchange) => exchange.respond(200, { 'Content-Type': 'text/plain' }, echo(exchange)) }, 4],
    ['in the content type', { '*': (exchange) => exchange.respond(200, { 'Content-Type': `text/${echo(exchange)}` }) }, 4],
    ['in a redirect', { '*': (exchange) => exchange.respond(302, { Location: `http://other.example/${encodeURI(echo(exchange))}` }) }, 4],
    ['in a JSON-RPC error', { 'tools/call': (exchange) => rpcError(exchange, echo(exchange)) }, 5],
    [
      'in log messages and progress',
      {
        'logging/setLevel': (exchange) => exchange.json(exchange.reply({})),
        'tools/call': (exchange) => {
          const progressToken = (exchange.request.message.params?.['_meta'] as { progressToken?: unknown }).progressToken;
          return exchange.stream([
            { data: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', logger: echo(exchange), data: { [echo(exchange)]: 1 } } } },
            { data: { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1, message: echo(exchange) } } },
            { data: { jsonrpc: '2.0', id: exchange.request.message.id, error: { code: -32603, message: 'done' } } },
          ]);
        },
      },
      5,
    ],
  ];
  for (const [where, script, exitCode] of rows) {
    test(`not ${where}, where a server puts them`, TEST_OPTIONS, async () => {
      await withPeer(script, async (peer) => {
        const headers = ['--header', `Authorization: Bearer ${SECRET}`, '--header-env', 'X-Key=KEY'];
        const words = ['call', 'call', '--verbose', '--json', '--url', peer.url, ...headers];
        const outcome = await run(words, { environment: { KEY: `${SECRET}"quoted\\` } });
        assert.equal(outcome.code, exitCode, outcome.stderr);
        assert.ok(!(outcome.stderr + outcome.stdout).includes(SECRET.slice(0, 8)), outcome.stderr + outcome.stdout);
        assert.equal(peer.requests[0]?.headers['authorization'], `Bearer ${SECRET}`, 'it was sent');
      });
    });
  }

  test('not in the error of a failing tool; its result, which was asked for, is printed as it came', TEST_OPTIONS, async () => {
    const script: PeerScript = { 'tools/call': (exchange) => exchange.json(exchange.reply({ content: [{ type: 'text', text: echo(exchange) }], isError: true })) };
    await withPeer(script, async (peer) => {
      const outcome = await run(['call', 'call', '--url', peer.url, '--header', `Authorization: Bearer ${SECRET}`]);
      assert.deepEqual([outcome.code, outcome.stdout], [5, `Bearer ${SECRET} and undefined\n`]);
      assert.equal(errorOf(outcome).message, 'the tool "call" reported an error: Bearer [hidden header value] and undefined');
    });
  });

  const hostile: ReadonlyArray<readonly [string, string[], Readonly<Record<string, string>>]> = [
    ['a line end, and a header behind it', ['--header', `X: ${SECRET}\r\nX-Other: 1`], {}],
    ['a line end in a variable', ['--header-env', 'X=KEY'], { KEY: `${SECRET}\n` }],
    ['a control character', ['--header', `X: ${SECRET}\u0007`], {}],
    ['text outside of ASCII', ['--header', `X: ${SECRET}é🚀`], {}],
    ['white space at its end', ['--header', `X: ${SECRET} `], {}],
    ['a name that is none', ['--header', `X ${SECRET}: 1`], {}],
    ['no value', ['--header', 'X:', SECRET], {}],
    ['a value that the shell took apart', ['--header', 'Authorization:', 'Bearer', SECRET], {}],
    ['a header of the transport’s own', ['--header', `Mcp-Session-Id: ${SECRET}`], {}],
    ['one that frames the message', ['--header', `content-length: ${SECRET}`], {}],
    ['the same name twice', ['--header', `X: ${SECRET}`, '--header', 'x: 1'], {}],
    ['a variable that is not there, as it is the secret', ['--header-env', `X=${SECRET}`], {}],
    ['a variable that is empty', ['--header-env', 'X=KEY'], { KEY: '' }],
    ['a misspelled option', ['--haeder', `X: ${SECRET}`], {}],
  ];
  test('headers that cannot be are refused: nothing is sent, and nothing of them is shown', { timeout: 120_000 }, async () => {
    await withPeer({}, async (peer) => {
      for (const [what, words, environment] of hostile) {
        const outcome = await run(['tools', '--url', peer.url, '--verbose', ...words], { environment });
        assert.deepEqual([outcome.code, outcome.stdout, errorOf(outcome).code], [1, '', 'ERR_CLI_USAGE'], what);
        assert.ok(!outcome.stderr.includes(SECRET.slice(0, 8)), `${what}: ${outcome.stderr}`);
      }
      assert.equal(peer.requests.length, 0);
    });
  });
});

describe('a proxy that the environment names', () => {
  /** A proxy for plain HTTP that hands every request on, and counts them. Source: RFC 9112 section 3.2.2, absolute-form. */
  async function withProxy(body: (proxy: { readonly url: string; readonly seen: string[] }) => Promise<void>): Promise<void> {
    const seen: string[] = [];
    const server = createServer(async (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { host: _host, 'proxy-authorization': _authorization, connection: _connection, ...headers } = request.headers;
      const answer = await fetch(request.url ?? '', {
        method: request.method ?? 'GET',
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !['content-length', 'accept-encoding'].includes(name)).map(([name, value]) => [name, String(value)])),
        ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
      });
      const sessionId = answer.headers.get('mcp-session-id');
      response.writeHead(answer.status, {
        ...(answer.headers.has('content-type') ? { 'Content-Type': answer.headers.get('content-type') ?? '' } : {}),
        ...(sessionId === null ? {} : { 'Mcp-Session-Id': sessionId }),
      });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await body({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test('carries every request; NO_PROXY excepts the server from it', TEST_OPTIONS, async () => {
    await withPeer({}, async (peer) => {
      await withProxy(async (proxy) => {
        const through = await run(['tools', '--url', peer.url, '--protocol', '2025-11-25'], { environment: { HTTP_PROXY: proxy.url } });
        assert.deepEqual([through.code, through.stderr], [0, '']);
        assert.deepEqual(proxy.seen, [...Array(3).fill(`POST ${peer.url}`), `DELETE ${peer.url}`]);
        const direct = await run(['tools', '--url', peer.url, '--protocol', '2025-11-25'], { environment: { http_proxy: proxy.url, NO_PROXY: '127.0.0.1' } });
        assert.deepEqual([direct.code, direct.stdout, proxy.seen.length], [0, through.stdout, 4]);
      });
    }, ['session-1']);
  });

  test('that is no address, or is not there, is an error that shows nothing of it, and nobody is reached without it', TEST_OPTIONS, async () => {
    await withPeer({}, async (peer) => {
      const wrong = await run(['ping', '--url', peer.url], { environment: { HTTP_PROXY: `http://me:${SECRET}@a b` } });
      assert.deepEqual([wrong.code, errorOf(wrong).code], [4, 'ERR_MCP_NETWORK']);
      assert.match(errorOf(wrong).message, /HTTP_PROXY must be the url of an http: or https: proxy/);
      const gone = await run(['ping', '--url', peer.url], { environment: { HTTP_PROXY: `http://me:${SECRET}@127.0.0.1:1` } });
      assert.deepEqual([gone.code, errorOf(gone).code], [4, 'ERR_MCP_NETWORK']);
      assert.ok(!(wrong.stderr + gone.stderr).includes(SECRET));
      assert.equal(peer.requests.length, 0);
    });
  });
});

describe('watch over HTTP', () => {
  const noSignals = process.platform === 'win32' && 'Windows has no signals to send';

  test('prints what comes on the stream as it comes, one line each, until Ctrl-C: 130, and nothing to complain of', { ...TEST_OPTIONS, skip: noSignals }, async () => {
    // Without sessions all clients share one conversation: what one causes, the other hears.
    const demo = await startDemo('--no-sessions');
    try {
      const outcome = await run(['watch', '--url', demo.url], {
        meanwhile: async ({ child, stdout }) => {
          await until(() => stdout().includes('→ connected'), 'the watch is connected', RUN_DEADLINE_MS);
          assert.equal((await run(['call', 'add-tool', 'name=newcomer', '--url', demo.url])).code, 0);
          await until(() => stdout().includes('tools'), 'the change came', RUN_DEADLINE_MS);
          send(child, 'SIGINT');
        },
      });
      assert.deepEqual([outcome.code, outcome.stderr], [130, '']);
      const lines = outcome.stdout.trimEnd().split('\n').map((line) => line.replace(/^ *\+\d+\.\d{3}s {2}(\w+) +/, '$1: '));
      assert.deepEqual(lines, [
        'state: disconnected → connecting',
        'state: connecting → initializing',
        'state: initializing → connected',
        'tools: the list of tools changed',
        'state: connected → disconnecting',
        'state: disconnecting → disconnected',
      ]);
    } finally {
      await demo.stop();
    }
  });

  const notification = (method: string, params?: object) => ({ data: { jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) } });

  test('with --json every event is one JSON object; what was lost between two streams is a gap; the session is ended', TEST_OPTIONS, async () => {
    const script: PeerScript = {
      'logging/setLevel': (exchange) => exchange.json(exchange.reply({})),
      GET: async (exchange) => {
        await exchange.sse();
        if (exchange.turn > 0) return exchange.hang();
        await exchange.event(notification('notifications/prompts/list_changed'));
        await exchange.event(notification('notifications/resources/list_changed'));
        await exchange.event(notification('notifications/resources/updated', { uri: 'demo://a' }));
        await exchange.event(notification('notifications/message', { level: 'info', data: 'too small' }));
        await exchange.event(notification('notifications/message', { level: 'error', logger: 'db', data: { token: exchange.request.headers['x-key'] } }));
        await exchange.event({ data: 'no JSON' });
        return exchange.endStream();
      },
    };
    await withPeer(script, async (peer) => {
      const words = ['watch', '--json', '--for', '20s', '--log-level', 'warning', '--url', peer.url, '--header', `X-Key: ${SECRET}`];
      const outcome = await run(words, {
        meanwhile: async ({ child, stdout }) => {
          await until(() => stdout().includes('"gap"'), 'the stream was lost and opened again', RUN_DEADLINE_MS);
          await until(() => stdout().includes('"promptsChanged"') && stdout().includes('"resourcesChanged"'), 'the changes of lists were told', RUN_DEADLINE_MS);
          send(child, 'SIGTERM');
        },
      });
      if (process.platform !== 'win32') assert.equal(outcome.code, 143);
      const events = outcome.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { event: string; milliseconds: number; payload: Record<string, unknown> });
      for (const event of events) assert.deepEqual([Object.keys(event), Number.isInteger(event.milliseconds)], [['event', 'milliseconds', 'payload'], true]);
      const said = events.filter(({ event }) => event !== 'stateChanged').map(({ event, payload }) => (event === 'fault' ? [event, payload['code']] : [event, payload]));
      // Changes of lists are gathered for a while, so that they come when they come.
      const isOfList = ([event]: unknown[]): boolean => event === 'promptsChanged' || event === 'resourcesChanged';
      assert.deepEqual(said.filter(isOfList), [
        ['promptsChanged', {}],
        ['resourcesChanged', {}],
      ]);
      assert.deepEqual(said.filter((one) => !isOfList(one)), [
        ['resourceUpdated', { uri: 'demo://a' }],
        ['log', { level: 'error', logger: 'db', data: { token: '[hidden header value]' } }],
        ['fault', 'ERR_MCP_INVALID_JSON'],
        ['gap', {}],
      ]);
      assert.deepEqual(events.filter(({ event }) => event === 'stateChanged').map(({ payload }) => payload['to']).slice(0, 3), ['connecting', 'initializing', 'connected']);
      assert.equal(peer.sent('DELETE').length, process.platform === 'win32' ? 0 : 1);
    }, ['session-1']);
  });

  test('--for ends it with 0; a reader that goes away ends it quietly', TEST_OPTIONS, async () => {
    await withPeer({}, async (peer) => {
      const ended = await run(['watch', '--for', '200ms', '--url', peer.url]);
      assert.deepEqual([ended.code, ended.stderr], [0, '']);
    });
    const flood: PeerScript = {
      GET: async (exchange) => {
        await exchange.sse();
        while (!exchange.isClosed) await exchange.event(notification('notifications/message', { level: 'info', data: 'x'.repeat(1_000) }));
      },
    };
    await withPeer(flood, async (peer) => {
      const left = await run(['watch', '--url', peer.url], { meanwhile: ({ child }) => void child.stdout?.once('data', () => child.stdout?.destroy()) });
      assert.deepEqual([left.code, left.stderr], [0, '']);
    });
  });

  test('a server that refuses the watch is 3, as for every command', TEST_OPTIONS, async () => {
    await withPeer({ '*': (exchange) => exchange.respond(401) }, async (peer) => {
      const outcome = await run(['watch', '--json', '--url', peer.url]);
      assert.deepEqual([outcome.code, errorOf(outcome).details?.['status']], [3, 401]);
      assert.deepEqual(outcome.stdout.trimEnd().split('\n').map((line) => JSON.parse(line).event), Array(outcome.stdout.trimEnd().split('\n').length).fill('stateChanged'));
    });
  });
});
