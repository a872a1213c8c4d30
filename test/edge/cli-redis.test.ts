/** The command line with `--redis`: every run is a process of its own, and what they share is in a real Redis. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';

import { readableDuration } from '../../lib/cli/duration.ts';
import { passwordHiderOf } from '../../lib/cli/hide.ts';
import { RedisSessionManager, sessionKey } from '../../lib/index.ts';
import { hostCommand } from '../helpers/fixture.ts';
import { HTTPPeer, startDemo } from '../helpers/http-server.ts';
import type { DemoHTTPServer } from '../helpers/http-server.ts';
import { freePort, skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { programCommand } from '../helpers/built-program.ts';

const PROGRAM = programCommand();
const RUN_DEADLINE_MS = 50_000;
const OPTIONS = { timeout: 60_000 };
const WITH_REDIS = { timeout: 60_000, skip: skipWithoutRedis };
const PASSWORD = 'pw-7d4f/2b:1@c';
const CLEAN = Object.fromEntries(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'BAREWIRE_REDIS_URL'].map((name) => [name, undefined]));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
async function run(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const [program = '', ...args] = [...PROGRAM, ...words];
  const env = { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...CLEAN, ...environment };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const guard = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(guard);
  return { code, stdout, stderr };
}

/** What a run asks first where no session is stored. */
const BEGINS = ['server/discover', 'initialize', 'notifications/initialized'];

/** The one line of JSON on stderr. */
function errorOf({ stderr }: Outcome): { code: string; message: string } {
  assert.match(stderr, /^\{"error":[^\n]+\}\n$/);
  return JSON.parse(stderr).error;
}

/** What `session show --json` prints. */
function sessionOf(outcome: Outcome): Record<string, unknown> | null {
  assert.deepEqual([outcome.code, outcome.stderr], [0, '']);
  return JSON.parse(outcome.stdout).session;
}

async function withPeer(body: (peer: HTTPPeer) => Promise<void>): Promise<void> {
  const peer = await HTTPPeer.listen({}, { sessions: Array.from({ length: 9 }, (_, index) => `session-of-the-peer-${index}`) });
  try {
    await body(peer);
  } finally {
    await peer.close();
  }
}

let redis: RedisServer;
let demo: DemoHTTPServer;

before(async () => {
  if (skipWithoutRedis !== false) return;
  [redis, demo] = await Promise.all([startRedis({ password: PASSWORD }), startDemo('--legacy')]);
});
after(() => Promise.all([redis?.stop(), demo?.stop()]));

describe('one session for many runs', () => {
  test('the second run goes on in the session of the first: no initialize, and no DELETE at the end', WITH_REDIS, async () => {
    await withPeer(async (peer) => {
      const words = ['tools', '--url', peer.url, '--redis', redis.url];
      const first = await run(words);
      assert.deepEqual([first.code, first.stderr], [0, '']);
      assert.deepEqual(peer.order, [...BEGINS, 'tools/list']);
      const second = await run(words);
      assert.deepEqual([second.code, second.stdout, second.stderr], [0, first.stdout, '']);
      assert.deepEqual(peer.order.slice(4), ['ping', 'tools/list']);
    });
  });

  test('the variable BAREWIRE_REDIS_URL stands for the option, which counts before it; with a server that is started it means nothing', WITH_REDIS, async () => {
    await withPeer(async (peer) => {
      const variable = { BAREWIRE_REDIS_URL: redis.url };
      const words = ['tools', '--url', peer.url];
      assert.equal((await run(words, variable)).code, 0);
      assert.equal((await run([...words, '--redis', redis.url], { BAREWIRE_REDIS_URL: 'nonsense' })).code, 0);
      assert.deepEqual(peer.order, [...BEGINS, 'tools/list', 'ping', 'tools/list']);
      assert.equal((await run(words, { BAREWIRE_REDIS_URL: '' })).code, 0);
      assert.deepEqual(peer.order.slice(6), [...BEGINS, 'tools/list', 'DELETE']);
    });
    const started = await run(['ping', '--', ...hostCommand('demo-server.mjs')], { BAREWIRE_REDIS_URL: 'nonsense' });
    assert.deepEqual([started.code, started.stderr], [0, '']);
  });

  test('only sessions are kept between runs: a list that is fresh still is asked for again', WITH_REDIS, async () => {
    const peer = await HTTPPeer.listen({
      'server/discover': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: 600_000, cacheScope: 'public' })),
      'tools/list': (exchange) => exchange.json(exchange.reply({ resultType: 'complete', tools: [], ttlMs: 600_000, cacheScope: 'public' })),
    });
    try {
      for (let turn = 0; turn < 2; turn++) assert.equal((await run(['tools', '--url', peer.url, '--redis', redis.url])).code, 0);
      assert.deepEqual(peer.order, ['server/discover', 'tools/list', 'server/discover', 'tools/list']);
    } finally {
      await peer.close();
    }
  });

  test('who sends other headers has another session, and who gives the same --session-key the same one', WITH_REDIS, async () => {
    await withPeer(async (peer) => {
      const words = ['tools', '--url', peer.url, '--redis', redis.url];
      const begins = async (...more: string[]): Promise<boolean> => {
        const before = peer.order.length;
        assert.equal((await run([...words, ...more])).code, 0);
        return peer.order.slice(before).includes('initialize');
      };
      assert.equal(await begins('--header', 'Authorization: Bearer one'), true);
      assert.equal(await begins('--header', 'Authorization: Bearer two'), true);
      assert.equal(await begins('--header', 'Authorization: Bearer one'), false);
      assert.equal(await begins('--header', 'Authorization: Bearer one', '--session-key', 'ada'), true);
      assert.equal(await begins('--header', 'Authorization: Bearer two', '--session-key', 'ada'), false);
    });
  });
});

describe('session show and session forget', () => {
  test('show says what is kept, and the session id in full only with --reveal; looking is no use: the time to live goes on', WITH_REDIS, async () => {
    const server = ['--url', demo.url, '--redis', redis.url, '--session-key', 'shown'];
    assert.equal(sessionOf(await run(['session', 'show', '--json', ...server])), null);
    assert.equal((await run(['call', 'add', 'a=1', 'b=2', ...server])).stdout, '3\n');
    const shown = sessionOf(await run(['session', 'show', '--json', ...server]));
    const { key, expiresInMs, ageMs } = shown as { key: string; expiresInMs: number; ageMs: number };
    assert.match(key, /^v1:[0-9a-f]{64}$/);
    assert.ok(expiresInMs > 3_500_000 && expiresInMs <= 3_600_000 && ageMs >= 0 && ageMs < 60_000, JSON.stringify(shown));
    assert.deepEqual(
      [shown?.['revision'], shown?.['era'], (shown?.['serverInfo'] as { name: string }).name, shown?.['members'], shown?.['sealed']],
      ['2025-11-25', 'legacy', 'barewire-demo', 0, false],
    );
    const { sessionId } = sessionOf(await run(['session', 'show', '--reveal', '--json', ...server])) as { sessionId: string };
    assert.equal(typeof sessionId, 'string');
    assert.ok(!JSON.stringify(shown).includes(sessionId));
    await redis.cli('pexpire', `mcp_session:{${key}}:record`, '60000');
    const text = await run(['session', 'show', ...server]);
    assert.deepEqual([text.code, text.stderr, text.stdout.includes(sessionId)], [0, '', false]);
    assert.match(text.stdout, /^server {8}barewire-demo 1\.0\.0 {2}Demo\nrevision {6}2025-11-25 \(legacy era\)\n/);
    assert.match(text.stdout, new RegExp(`\\nsession id {4}${sessionId.slice(0, 4)}… \\(${sessionId.length} characters; --reveal shows it\\)\\nepoch {9}\\d+\\nstored {8}.+ ago\\n`));
    assert.match(text.stdout, /\nexpires {7}in \d\d seconds, unless it is used before\nused by {7}nobody just now\nsealed {8}no\nkey /);
    assert.ok(Number(await redis.cli('pttl', `mcp_session:{${key}}:record`)) <= 60_000);
  });

  test('a session that handles use just now says how many; those that are gone are not counted', WITH_REDIS, async () => {
    const server = ['--url', demo.url, '--redis', redis.url, '--session-key', 'used'];
    assert.equal((await run(['ping', ...server])).code, 0);
    const { key } = sessionOf(await run(['session', 'show', '--json', ...server])) as { key: string };
    const manager = new RedisSessionManager({ operationTimeoutMs: 20_000, redisUrl: redis.url });
    try {
      await manager.joinSession(key, 'one');
      await manager.joinSession(key, 'two');
      await redis.cli('zadd', `mcp_session:{${key}}:members`, '1', 'gone');
      assert.equal(sessionOf(await run(['session', 'show', '--json', ...server]))?.['members'], 2);
      const forgotten = await run(['session', 'forget', '--json', ...server]);
      assert.deepEqual(JSON.parse(forgotten.stdout), { forgotten: true, members: 2 });
    } finally {
      await manager.close();
    }
  });

  test('forget: the next run begins a new session; the server is not told', WITH_REDIS, async () => {
    await withPeer(async (peer) => {
      const server = ['--url', peer.url, '--redis', redis.url];
      await run(['tools', ...server]);
      const forgotten = await run(['session', 'forget', ...server]);
      assert.deepEqual([forgotten.code, forgotten.stdout, forgotten.stderr], [0, 'the session is forgotten: the next run begins a new one\n', '']);
      assert.deepEqual(JSON.parse((await run(['session', 'forget', '--json', ...server])).stdout), { forgotten: false });
      assert.deepEqual(peer.order, [...BEGINS, 'tools/list']);
      await run(['tools', ...server]);
      assert.deepEqual(peer.order.slice(4), [...BEGINS, 'tools/list']);
    });
  });

  test('a sealed session is told as such, is not set aside by a run without the key, and the run goes on alone', WITH_REDIS, async () => {
    await withPeer(async (peer) => {
      const server = ['--url', peer.url, '--redis', redis.url];
      await run(['tools', ...server]);
      const { key } = sessionOf(await run(['session', 'show', '--json', ...server])) as { key: string };
      const plain = new RedisSessionManager({ operationTimeoutMs: 20_000, redisUrl: redis.url });
      const record = await plain.getSession(key);
      await plain.close();
      const sealing = new RedisSessionManager({ operationTimeoutMs: 20_000, redisUrl: redis.url, sealingKeys: [new Uint8Array(32).fill(7)] });
      if (record !== undefined) await sealing.storeSession(key, record);
      try {
        const shown = sessionOf(await run(['session', 'show', '--json', ...server]));
        assert.deepEqual([shown?.['sealed'], shown?.['epoch'], shown?.['serverInfo']], [true, record?.epoch, undefined]);
        const used = await run(['tools', ...server]);
        assert.deepEqual([used.code, used.stderr], [0, 'redis: the session there is sealed, and this program has no key for it; going on without it, with a session of this run alone\n']);
        assert.deepEqual(peer.order.slice(4), [...BEGINS, 'tools/list', 'DELETE']);
        assert.deepEqual(await sealing.getSession(key), record);
      } finally {
        await sealing.close();
      }
    });
  });

  test('what is stored there and is no record is said, and forgotten when asked to', WITH_REDIS, async () => {
    const server = ['--url', 'http://127.0.0.1:9/never-asked', '--redis', redis.url];
    assert.equal(sessionOf(await run(['session', 'show', '--json', ...server])), null);
    const key = await sessionKey({ endpoint: 'http://127.0.0.1:9/never-asked' });
    await redis.cli('set', `mcp_session:{${key}}:record`, 'mcp1:4:j:{}');
    const shown = await run(['session', 'show', ...server]);
    assert.match(shown.stdout, /^record {8}what is stored there is no session record\nepoch {9}4\nexpires {7}never/);
    assert.equal((await run(['session', 'forget', ...server])).code, 0);
    assert.equal(await redis.cli('exists', `mcp_session:{${key}}:record`), '0');
  });
});

describe('when Redis is away or refuses', () => {
  test('a run goes on alone, says so on stderr, and leaves no session behind', OPTIONS, async () => {
    const url = `redis://ada:${encodeURIComponent(PASSWORD)}@127.0.0.1:${await freePort()}`;
    await withPeer(async (peer) => {
      const { code, stdout, stderr } = await run(['tools', '--url', peer.url, '--redis', url]);
      assert.deepEqual([code, stdout], [0, 'call\n  Does what the script says.\n']);
      assert.match(stderr, /^redis: Could not connect to Redis at 127\.0\.0\.1:\d+: the system says ECONNREFUSED; going on without it, with a session of this run alone\n$/);
      assert.deepEqual(peer.order, [...BEGINS, 'tools/list', 'DELETE']);
    });
  });

  test('session show ends with 4 where there is no Redis, and with 3 where it takes nobody of that name; no password is shown', WITH_REDIS, async () => {
    const away = await run(['session', 'show', '--url', demo.url, '--redis', `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${await freePort()}`]);
    assert.deepEqual([away.code, errorOf(away).code, away.stdout], [4, 'ERR_MCP_REDIS_CONNECTION', '']);
    const refused = await run(['session', 'show', '--verbose', '--url', demo.url, '--redis', `redis://ada:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`]);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /"code":"ERR_MCP_REDIS_AUTH"/);
    for (const text of [away.stderr, refused.stderr]) assert.ok(!text.includes(PASSWORD) && !text.includes(encodeURIComponent(PASSWORD)), text);
  });

  test('a Redis that refuses the scripts of sessions is said as well: the run goes on alone', WITH_REDIS, async () => {
    const narrow = await startRedis({ acl: { user: 'narrow', password: PASSWORD, rules: ['~*', '+@all', '-eval', '-evalsha'] } });
    try {
      const { code, stdout, stderr } = await run(['ping', '--url', demo.url, '--redis', narrow.url]);
      assert.deepEqual([code, stdout.startsWith('answered: barewire-demo')], [0, true]);
      assert.match(stderr, /^redis: EVAL(SHA)?: Redis at [^;]+NOPERM[^;]+; going on without it, with a session of this run alone\n$/);
      assert.ok(!stderr.includes(PASSWORD));
    } finally {
      await narrow.stop();
    }
  });
});

describe('what the command line refuses', () => {
  const url = ['--url', 'http://127.0.0.1:9/mcp'];
  const refused: ReadonlyArray<readonly [string, string[], RegExp]> = [
    ['a url of Redis that is none', ['tools', ...url, '--redis', `http://u:${PASSWORD}@h`], /^The url of Redis is wrong: its scheme must be redis, rediss or unix$/],
    ['an empty one', ['tools', ...url, '--redis='], /^The url of Redis is wrong: it must begin with/],
    ['--redis with a server that is started', ['tools', '--redis', 'redis://h', '--', 'node', 'x'], /^--redis is for a server at an address; it needs --url$/],
    ['--session-key without a Redis', ['tools', ...url, '--session-key', 'me'], /^--session-key says whose session in Redis it is; it needs --redis, or BAREWIRE_REDIS_URL$/],
    ['session without a Redis', ['session', 'show', ...url], /^which Redis\? give --redis, or set BAREWIRE_REDIS_URL$/],
    ['session of a server that is started', ['session', 'show', '--', 'node', 'x'], /^only a server at an address has a session that is kept: give --url$/],
    ['session with another word', ['session', 'drop', ...url], /^session what\? "show" or "forget"; got "drop"$/],
    ['--reveal of forget', ['session', 'forget', '--reveal', ...url], /^--reveal is for session show$/],
    ['--reveal of another command', ['tools', '--reveal', ...url], /^tools takes no --reveal$/],
    ['an address that is none', ['session', 'show', '--url', 'nonsense', '--redis', 'redis://h'], /^--url must be/],
  ];
  for (const [what, words, message] of refused) {
    test(`${what}, with 1`, OPTIONS, async () => {
      const outcome = await run(words);
      assert.deepEqual([outcome.code, outcome.stdout, errorOf(outcome).code], [1, '', 'ERR_CLI_USAGE']);
      assert.match(errorOf(outcome).message, message);
      assert.ok(!outcome.stderr.includes(PASSWORD));
    });
  }
});

describe('what is said of it', () => {
  test('a password is hidden as it is written in the url and decoded, also where the url is none', () => {
    const hide = passwordHiderOf('redis://ada:p%40ss%2Fword@h:1/0');
    assert.equal(hide('p%40ss%2Fword and p@ss/word'), '[hidden password] and [hidden password]');
    assert.equal(passwordHiderOf('redis:ada:se@cret@h')('se@cret'), '[hidden password]');
    assert.equal(passwordHiderOf('redis://h:6379/0')('redis://h:6379/0'), 'redis://h:6379/0');
    assert.equal(passwordHiderOf('')('text'), 'text');
  });

  test('a duration is told in the largest unit of which there are two', () => {
    const told = [0, 1_000, 119_999, 120_000, 3_599_999, 7_200_000, 172_800_000].map(readableDuration);
    assert.deepEqual(told, ['less than a second', '1 second', '119 seconds', '2 minutes', '59 minutes', '2 hours', '2 days']);
  });
});
