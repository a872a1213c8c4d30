/** The command line at a server that lets nobody in without a token: every run is a process of its own, and so are the servers. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import process from 'node:process';
import { describe, test } from 'node:test';

import type { HostIO } from '../../lib/cli/host-io.ts';
import { runProgram } from '../../lib/cli/program.ts';
import { programCommand } from '../helpers/built-program.ts';
import { startOAuthDemo, visitPage } from '../helpers/oauth-demo.ts';
import type { OAuthDemo } from '../helpers/oauth-demo.ts';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const PROGRAM = programCommand();
const RUN_DEADLINE_MS = 50_000;
const OPTIONS = { timeout: 60_000 };
const SECRET = 'sec-5e1f4a7b9c2d';
const CLEAN = Object.fromEntries(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'BAREWIRE_REDIS_URL'].map((name) => [name, undefined]));
const PAGE = /^ {2}(http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+)$/m;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly processId: number;
  readonly stderr: () => string;
  /** The page that is shown, as soon as there is one. */
  readonly page: () => Promise<string>;
  /** Writes a line to its stdin. */
  readonly type: (line: string) => void;
}

async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}, meanwhile?: (run: Running) => Promise<void>): Promise<Outcome> {
  const [program = '', ...args] = [...PROGRAM, ...words];
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...CLEAN, ...environment };
  const child = spawn(program, args, { env, stdio: [meanwhile === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const guard = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    await meanwhile?.({
      processId: child.pid ?? NaN,
      stderr: () => stderr,
      page: async () => {
        await until(() => PAGE.test(stderr), 'a page is shown', 30_000);
        return PAGE.exec(stderr)?.[1] ?? '';
      },
      type: (line) => void child.stdin?.write(`${line}\n`),
    });
  } finally {
    child.stdin?.end();
  }
  const code = await ended;
  clearTimeout(guard);
  return { code, stdout, stderr };
}

/** Visits the page, and comes back as a browser does. */
async function signIn(page: string): Promise<void> {
  const response = await fetch(await visitPage(page));
  assert.equal(response.status, 200);
  await response.text();
}

async function withDemo(flags: readonly string[], body: (demo: OAuthDemo) => Promise<void>): Promise<void> {
  const demo = await startOAuthDemo(...flags);
  try {
    await body(demo);
  } finally {
    await demo.stop();
  }
}

/** The line of stderr that is an error as JSON. */
function errorOf({ stderr }: Outcome): { code: string; message: string } {
  return JSON.parse(/^\{"error":.*\}$/m.exec(stderr)?.[0] ?? '').error;
}

const SUM = ['call', 'add', 'a=2', 'b=3'];

describe('--oauth', () => {
  test('shows the page and whose it is, waits for the browser, and goes on', OPTIONS, async () => {
    await withDemo([], async (demo) => {
      const outcome = await run([...SUM, '--oauth', '--url', demo.url], {}, async ({ page }) => signIn(await page()));
      assert.deepEqual([outcome.code, outcome.stdout], [0, '5\n']);
      assert.ok(outcome.stderr.includes(`wants you to sign in. Open this page of ${demo.issuer} in a browser:\n`), outcome.stderr);
      assert.match(outcome.stderr, /^ {2}It will be allowed: mcp$/m);
    });
  });

  test('the time of --timeout stands while somebody signs in', OPTIONS, async () => {
    await withDemo([], async (demo) => {
      const outcome = await run([...SUM, '--oauth', '--timeout', '3s', '--url', demo.url], {}, async ({ page }) => {
        const url = await page();
        const since = performance.now();
        await until(() => performance.now() - since > 3_500, 'more time than --timeout has passed', 10_000);
        await signIn(url);
      });
      assert.deepEqual([outcome.code, outcome.stdout], [0, '5\n']);
    });
  });

  test('without a browser that can come back, the address that it ended at is taken from stdin; what is none, or of another sign-in, is asked for again', OPTIONS, async () => {
    await withDemo([], async (demo) => {
      const outcome = await run([...SUM, '--no-browser', '--redirect-port', '5999', '--url', demo.url], {}, async ({ page, type, stderr }) => {
        const back = await visitPage(await page());
        assert.match(back, /^http:\/\/127\.0\.0\.1:5999\/callback\?/);
        type('what?');
        await until(() => stderr().includes('That is not it'), 'it is asked for again');
        type(back.replace(/state=[^&]+/, 'state=another'));
        await until(() => stderr().split('That is not it').length === 3, 'it is asked for again');
        type(`  ${back}  `);
      });
      assert.deepEqual([outcome.code, outcome.stdout], [0, '5\n']);
    });
  });

  test('the end of stdin, a no, tokens that are not given or not taken, and Ctrl-C end the run with their codes', OPTIONS, async () => {
    const visit = async ({ page }: Running) => signIn(await page());
    const rows: ReadonlyArray<readonly [string[], string[], (run: Running) => Promise<void>, number, string]> = [
      [[], ['--no-browser'], async ({ page }) => void (await page()), 3, 'ERR_MCP_AUTH_RESPONSE'],
      [['--deny'], ['--oauth'], visit, 3, 'ERR_MCP_AUTH_DENIED'],
      [['--fail', '--echo'], ['--oauth'], visit, 3, 'ERR_MCP_AUTH_REFUSED'],
      [['--refuse', '--echo'], ['--oauth'], visit, 3, 'ERR_MCP_AUTH_REQUIRED'],
      [['--no-register'], ['--oauth'], async () => {}, 3, 'ERR_MCP_AUTH_REGISTRATION'],
      [[], ['--oauth'], async ({ page, processId }) => void process.kill((await page(), processId), 'SIGINT'), 130, 'ERR_CLI_INTERRUPTED'],
    ];
    for (const [flags, words, meanwhile, exitCode, code] of rows) {
      await withDemo(flags, async (demo) => {
        const outcome = await run([...SUM, ...words, '--url', demo.url], {}, meanwhile);
        assert.deepEqual([outcome.code, outcome.stdout, errorOf(outcome).code], [exitCode, '', code], outcome.stderr);
      });
    }
  });

  test('a client that is registered already is used, with a secret out of a variable, which is shown nowhere', OPTIONS, async () => {
    await withDemo(['--client', `desk:${SECRET}`, '--no-register', '--echo'], async (demo) => {
      const words = [...SUM, '--client-id', 'desk', '--client-secret-env', 'DESK', '--issuer', demo.issuer, '--scope', 'a b', '--scope', 'c', '--url', demo.url];
      const outcome = await run([...words, '--verbose'], { DESK: SECRET }, async ({ page }) => {
        const url = await page();
        assert.equal(new URL(url).searchParams.get('scope'), 'mcp a b c');
        await signIn(url);
      });
      assert.deepEqual([outcome.code, outcome.stdout], [0, '5\n'], outcome.stderr);
      const wrong = await run(words, { DESK: `${SECRET}-not` }, async ({ page }) => signIn(await page()));
      assert.equal(errorOf(wrong).code, 'ERR_MCP_AUTH_REFUSED');
      assert.ok(!`${outcome.stderr}${wrong.stderr}`.includes(SECRET));
    });
  });

  test('--client-credentials lets the client itself in: nobody is asked', OPTIONS, async () => {
    await withDemo(['--client', `robot:${SECRET}`], async (demo) => {
      const words = ['--client-credentials', '--client-id', 'robot', '--client-secret-env', 'ROBOT', '--url', demo.url];
      assert.deepEqual(await run([...SUM, ...words], { ROBOT: SECRET }), { code: 0, stdout: '5\n', stderr: '' });
      assert.equal((await demo.seen()).filter(({ url }) => url.startsWith('/authorize')).length, 0);
    });
  });

  test('where no terminal is and no option asks for it, a 401 is the status that it is, and a hint says what to do', OPTIONS, async () => {
    await withDemo([], async (demo) => {
      const outcome = await run(['tools', '--url', demo.url]);
      assert.deepEqual([outcome.code, errorOf(outcome).code], [3, 'ERR_MCP_HTTP_STATUS']);
    });
  });

  test('at a terminal it is so by itself; not with --no-input, nor with a header that says who asks', OPTIONS, async () => {
    await withDemo([], async (demo) => {
      const [by, without, withHeader] = [terminal(), terminal(), terminal()];
      const code = runProgram([...SUM, '--url', demo.url], by.io);
      await until(() => PAGE.test(by.stderr()), 'a page is shown');
      await signIn(PAGE.exec(by.stderr())?.[1] ?? '');
      assert.deepEqual([await code, by.stdout()], [0, '5\n']);
      assert.equal(await runProgram([...SUM, '--no-input', '--url', demo.url], without.io), 3);
      assert.match(without.stderr(), /ERR_MCP_HTTP_STATUS\)\nhint: it wants credentials: --oauth signs you in/);
      assert.equal(await runProgram([...SUM, '--header', 'Authorization: Bearer wrong', '--url', demo.url], withHeader.io), 3);
    });
  });
});

describe('--token-env', () => {
  test('sends the token that the variable holds, and shows it nowhere', OPTIONS, async () => {
    await withDemo(['--client', `robot:${SECRET}`, '--echo'], async (demo) => {
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'robot', client_secret: SECRET });
      const { access_token: token } = (await (await fetch(`${demo.issuer}/token`, { method: 'POST', body: form })).json()) as { access_token: string };
      assert.deepEqual(await run([...SUM, '--token-env', 'TOKEN', '--url', demo.url], { TOKEN: token }), { code: 0, stdout: '5\n', stderr: '' });
      const refused = await run([...SUM, '--token-env', 'TOKEN', '--verbose', '--url', demo.url], { TOKEN: `${SECRET}-token` });
      assert.deepEqual([refused.code, errorOf(refused).code], [3, 'ERR_MCP_AUTH_REQUIRED']);
      assert.ok(!refused.stderr.includes(SECRET));
    });
  });
});

describe('with --redis', () => {
  test('the session is that of --session-key, which a sign-in needs; no token is there', { timeout: 60_000, skip: skipWithoutRedis }, async () => {
    const redis = await startRedis({});
    try {
      await withDemo(['--legacy'], async (demo) => {
        const words = [...SUM, '--oauth', '--url', demo.url, '--redis', redis.url];
        assert.match(errorOf(await run(words)).message, /--session-key says whose$/);
        for (const _ of [1, 2]) {
          const outcome = await run([...words, '--session-key', 'ada'], {}, async ({ page }) => signIn(await page()));
          assert.deepEqual([outcome.code, outcome.stdout], [0, '5\n'], outcome.stderr);
        }
        const seen = await demo.seen();
        assert.equal(seen.filter(({ method, url }) => method === 'DELETE' && url === '/mcp').length, 0);
      });
    } finally {
      await redis.stop();
    }
  });
});

describe('options that do not hold', () => {
  const rows: ReadonlyArray<readonly [string[], RegExp]> = [
    [['--token-env', 'NONE'], /^--token-env: the variable of this shell that is named there is not set, or empty$/],
    [['--token-env', 'TOKEN', '--oauth'], /^--token-env gives the token that --oauth would get/],
    [['--oauth', '--header', 'authorization: Basic x'], /^--oauth makes the header Authorization/],
    [['--client-secret-env', 'TOKEN'], /^--client-secret-env is of a client that is registered: it needs --client-id$/],
    [['--client-id', 'x', '--client-secret-env', 'NONE'], /^--client-secret-env: the variable/],
    [['--client-id', 'x', '--client-credentials'], /it needs --client-secret-env$/],
    [['--client-id', 'x', '--client-secret-env', 'TOKEN', '--client-credentials', '--no-browser'], /^--no-browser is for somebody who signs in/],
    [['--redirect-port', '70000'], /^--redirect-port must be a port/],
    [['--scope', 'a"b'], /^scopes\[0\] must be a scope/],
  ];
  for (const [words, expected] of rows) {
    test(words.join(' '), async () => {
      const { io, stderr } = terminal({ TOKEN: SECRET });
      assert.equal(await runProgram(['tools', '--json', '--url', 'http://127.0.0.1:9/mcp', ...words], io), 1);
      const { code, message } = JSON.parse(stderr()).error;
      assert.equal(code, 'ERR_CLI_USAGE');
      assert.match(message, expected);
      assert.ok(!stderr().includes(SECRET));
    });
  }

  test('they are for a server at an address', async () => {
    const { io, stderr } = terminal();
    assert.equal(await runProgram(['tools', '--oauth', '--', 'node'], io), 1);
    assert.match(stderr(), /--oauth is for a server at an address; it needs --url/);
  });
});

/** A terminal at which nobody types. */
function terminal(environment: Readonly<Record<string, string>> = {}): { readonly io: HostIO; readonly stdout: () => string; readonly stderr: () => string } {
  const written = { stdout: '', stderr: '' };
  const output = (name: keyof typeof written) => ({ write: (text: string) => void (written[name] += text), isTerminal: true, columns: 80 });
  const io: HostIO = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    environment: { NO_COLOR: '1', ...environment },
    signal: new AbortController().signal,
    onForcedExit: () => {},
    now: () => performance.now(),
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
        const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
        signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
      }),
    canAsk: true,
    readLine: async () => undefined,
    readInput: async () => '',
    fileURL: (path) => `file://${path}`,
    readFile: async () => '',
    writeFile: async () => {},
  };
  return { io, stdout: () => written.stdout, stderr: () => written.stderr };
}
