/** The tokens of one user, shared by 32 worker processes over a real Redis: what the token endpoint sees of them when tokens expire, and when a resource refuses them. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { libraryModules } from '../helpers/built-program.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { times } from '../helpers/repetitions.ts';
import { keysWithPrefix, skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const skip = skipWithoutRedis;
const WORKERS = 32;
const EXPIRIES = times(100, 10);
const CALLS_AT_ONCE = 5;
const LIFE_MS = 3_600_000;
const LIMIT = { skip, timeout: 300_000 };
const SEALING_KEY = Buffer.alloc(32, 7).toString('base64');

/** A token endpoint that gives `at-2`, `at-3` and so on, each with a refresh token that is good once: whoever comes with an older one gets `invalid_grant`. */
class RotatingTokenServer {
  readonly #server: Server;
  /** The numbers of the refresh tokens that came. */
  readonly came: number[] = [];
  latest = 1;
  /** Whether the next request is left without an answer, and changes nothing. */
  holdsNext = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<RotatingTokenServer> {
    const server = createServer();
    const endpoint = new RotatingTokenServer(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        const [status, json] = endpoint.#answer(new URLSearchParams(body)) ?? [];
        if (status !== undefined) response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(form: URLSearchParams): readonly [status: number, json: object] | undefined {
    const number = Number(form.get('refresh_token')?.slice('rt-'.length));
    this.came.push(number);
    if (this.holdsNext) {
      this.holdsNext = false;
      return undefined;
    }
    if (form.get('grant_type') !== 'refresh_token' || number !== this.latest) return [400, { error: 'invalid_grant' }];
    this.latest++;
    return [200, { access_token: `at-${this.latest}`, refresh_token: `rt-${this.latest}`, token_type: 'Bearer', expires_in: LIFE_MS / 1_000 }];
  }
}

/** A process of test/fixtures/shared-token-worker.mjs. */
class TokenWorker {
  readonly #child;
  readonly #waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (reason: unknown) => void }>();
  readonly started: Promise<unknown>;
  #told = 0;

  constructor(modules: string) {
    const [program = '', ...args] = fixtureCommand('shared-token-worker', modules);
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.started = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The worker ended'));
    });
  }

  /** Tells it a command; what it comes to. */
  tell<T = unknown>(command: string, ...args: readonly unknown[]): Promise<T> {
    const id = ++this.#told;
    const told = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.stdin.write(`${JSON.stringify([id, command, ...args])}\n`);
    return told as Promise<T>;
  }

  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  async end(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await exited;
  }

  #hear(line: string): void {
    const { id, value, failed } = JSON.parse(line) as { id: number; value?: unknown; failed?: string };
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failed === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(failed));
  }
}

let redis: RedisServer;
let endpoint: RotatingTokenServer;
const workers: TokenWorker[] = [];

before(async () => {
  if (skip !== false) return;
  redis = await startRedis();
  endpoint = await RotatingTokenServer.listen();
  const paths = {
    manager: 'session/redis-session-manager',
    store: 'session/session-token-store',
    source: 'oauth/token-source',
    set: 'oauth/token-set',
    renewals: 'oauth/token-renewals',
    secret: 'base/secret',
    clock: 'base/clock',
    log: 'base/log',
  };
  const modules = JSON.stringify(libraryModules(paths));
  for (let count = 0; count < WORKERS; count++) workers.push(new TokenWorker(modules));
  await Promise.all(workers.map((worker) => worker.started));
});
after(async () => {
  if (skip !== false) return;
  await Promise.all(workers.map((worker) => worker.end()));
  endpoint.close();
  await redis.stop();
});

const all = <T>(work: (worker: TokenWorker) => Promise<T>): Promise<T[]> => Promise.all(workers.map(work));
const same = <T>(value: T): T[] => workers.map(() => value);

/** One of the workers has signed in, for whom `at-1` and `rt-1` are good; all of them look for tokens. */
async function signIn(user: string, aheadMs: number): Promise<void> {
  const owner = { issuer: 'https://as.example', resource: 'https://mcp.example/mcp', clientId: 'me', user };
  await all((worker) => worker.tell('open', { redisUrl: redis.url, keyPrefix: 'tokens:', sealingKey: SEALING_KEY, tokenEndpoint: endpoint.url, owner }));
  await all((worker) => worker.tell('at', aheadMs, 1));
  endpoint.latest = 1;
  endpoint.came.length = 0;
  await workers[0]?.tell('adopt', owner, 'at-1', 'rt-1', LIFE_MS);
  assert.deepEqual(await all((worker) => worker.tell('at', aheadMs, CALLS_AT_ONCE)), same(['at-1']));
}

describe('tokens that 32 workers share', () => {
  test(`they expire ${EXPIRIES} times, and all workers ask at once: one refresh each time, nobody is signed out (F8, F9)`, LIMIT, async () => {
    await signIn('ann', 0);
    for (let expiry = 1; expiry <= EXPIRIES; expiry++) {
      const found = await all((worker) => worker.tell('at', expiry * LIFE_MS, CALLS_AT_ONCE));
      assert.deepEqual(found, same([`at-${expiry + 1}`]), `expiry ${expiry}`);
      assert.equal(endpoint.came.length, expiry);
    }
    assert.deepEqual(endpoint.came, Array.from({ length: EXPIRIES }, (_, index) => index + 1));
  });

  test('a resource refuses a token, to all at once: one refresh; refused again, there is none, and nobody asks any more (F7)', LIMIT, async () => {
    const aheadMs = (EXPIRIES + 10) * LIFE_MS;
    await signIn('bob', aheadMs);
    assert.deepEqual(await all((worker) => worker.tell('reject')), same('at-2'));
    assert.deepEqual(endpoint.came, [1]);
    assert.deepEqual(await all((worker) => worker.tell('reject')), same('none'));
    assert.deepEqual(endpoint.came, [1]);
  });

  test('the user signs out at the server: one worker hears of it, and all of them know', LIMIT, async () => {
    const aheadMs = (EXPIRIES + 20) * LIFE_MS;
    await signIn('eve', aheadMs);
    endpoint.latest = 99;
    assert.deepEqual(await all((worker) => worker.tell('at', aheadMs + LIFE_MS, CALLS_AT_ONCE)), same(['signed out']));
    assert.deepEqual(endpoint.came, [1]);
  });

  test('the one that renews them is killed before it is answered: after its lease another one does, and nobody is signed out', LIMIT, async () => {
    const aheadMs = (EXPIRIES + 30) * LIFE_MS;
    await signIn('joe', aheadMs);
    endpoint.holdsNext = true;
    const holder = workers[0];
    assert.ok(holder !== undefined);
    const lost = assert.rejects(holder.tell('at', aheadMs + LIFE_MS, 1), { message: 'The worker ended' });
    await until(() => endpoint.came.length === 1, 'it renews them');
    const others = workers.slice(1);
    const found = Promise.all(others.map((worker) => worker.tell('at', aheadMs + LIFE_MS, CALLS_AT_ONCE)));
    await holder.kill();
    await lost;
    assert.deepEqual(await found, others.map(() => ['at-2']));
    assert.deepEqual(endpoint.came, [1, 1]);
  });

  test('nothing in Redis shows a token (T26)', LIMIT, async () => {
    const keys = [...(await keysWithPrefix(redis, 'tokens:')).keys()].filter((key) => key.endsWith(':secret'));
    assert.equal(keys.length, 3);
    for (const key of keys) {
      const value = await redis.cli('get', key);
      assert.ok(!/at-\d|rt-\d|example/.test(key + value + Buffer.from(value.split(':')[2] ?? '', 'base64').toString('latin1')));
    }
  });
});
