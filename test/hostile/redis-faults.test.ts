import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { inspect } from 'node:util';
import { RedisError, isMCPError } from '../../lib/base/errors.ts';
import { RedisClient } from '../../lib/redis/redis-client.ts';
import type { RedisClientOptions } from '../../lib/redis/redis-options.ts';
import type { RESPReply } from '../../lib/resp/resp-reply.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { FaultProxy } from '../helpers/fault-proxy.ts';
import type { FaultScript } from '../helpers/fault-proxy.ts';
import { startRedis, skipWithoutRedis } from '../helpers/redis-server.ts';
import type { RedisServer } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const scripted = { timeout: 60_000 };
const real = { skip: skipWithoutRedis, timeout: 120_000 };
// A busy machine is no failure of what is tested here.
const PATIENT = { commandTimeoutMs: 30_000 };

/** What a scripted server answers a command: bytes, or nothing; it may do anything with the socket. */
type Script = (args: readonly string[], socket: Socket, connection: number) => string | undefined;

/** A server that speaks RESP by a script; HELLO is answered well where the script says nothing else. */
class ScriptedRedis {
  /** Every command that came, words joined by a space, on all connections. */
  readonly heard: string[] = [];
  /** How many pieces of bytes came. */
  chunks = 0;
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(script: Script) {
    this.#server = createServer((socket) => this.#accept(socket, script));
  }

  static async listen(script: Script): Promise<ScriptedRedis> {
    const scriptedRedis = new ScriptedRedis(script);
    await new Promise<void>((resolve) => scriptedRedis.#server.listen(0, '127.0.0.1', resolve));
    return scriptedRedis;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket, script: Script): void {
    const connection = this.connections++;
    let text = '';
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      this.chunks += 1;
      text += chunk.toString('latin1');
      for (let words = readCommand(text); words !== undefined; words = readCommand(text)) {
        text = text.slice(words.length);
        this.heard.push(words.args.join(' '));
        const answer = script(words.args, socket, connection) ?? (words.args[0] === 'HELLO' ? '%1\r\n$5\r\nproto\r\n:3\r\n' : '');
        if (answer !== '' && !socket.destroyed) socket.write(answer, 'latin1');
      }
    });
  }
}

/** The first command of `text` and how many characters it takes, when it is whole. */
function readCommand(text: string): { readonly args: string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const args: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (size === null) return undefined;
    const start = at + size[0].length;
    at = start + Number(size[1]) + 2;
    if (text.length < at) return undefined;
    args.push(text.slice(start, at - 2));
  }
  return { args, length: at };
}

async function withScript(script: Script, action: (client: RedisClient, server: ScriptedRedis) => Promise<void>, options: RedisClientOptions = {}): Promise<void> {
  const server = await ScriptedRedis.listen(script);
  const client = new RedisClient({ url: `redis://127.0.0.1:${server.port}`, ...PATIENT, ...options });
  try {
    await action(client, server);
  } finally {
    await client.close({ timeoutMs: 0 });
    await server.close();
  }
}

interface Proxied {
  readonly client: RedisClient;
  readonly proxy: FaultProxy;
  readonly server: RedisServer;
}

async function withProxy(script: FaultScript, action: (proxied: Proxied) => Promise<void>, options: RedisClientOptions = {}): Promise<void> {
  const server = await startRedis();
  const proxy = await FaultProxy.listen({ host: server.host, port: server.port }, script);
  const client = new RedisClient({ url: `redis://127.0.0.1:${proxy.port}`, ...PATIENT, ...options });
  try {
    await action({ client, proxy, server });
  } finally {
    await client.close({ timeoutMs: 0 });
    await proxy.close();
    await server.stop();
  }
}

const isRedisError = (code: string, facts: object = {}) => (error: unknown): boolean => {
  assert.ok(isMCPError(error), inspect(error));
  const seen = Object.fromEntries(Object.keys(facts).map((key) => [key, key === 'delivery' ? error.delivery : error.details[key]]));
  assert.deepEqual({ code: error.code, ...seen }, { code, ...facts });
  return true;
};

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const echo: Script = (args) => (args[0] === 'ECHO' ? bulk(args[1] ?? '') : undefined);

describe('a connection that breaks', () => {
  test('after any byte of the replies: every command gets its own reply or a failure, and a write is counted as often as it was written', real, async () => {
    let most = Infinity;
    await withProxy(() => ({ toClient: { cutAfterBytes: most } }), async ({ client, proxy, server }) => {
      // The handshake, and the replies behind it, byte by byte.
      await client.send(['SET', 'n', 'begin']);
      const first = 'a'.repeat(30);
      let rounds = 0;
      for (most = 1; most < 330; most += most < 110 ? 11 : 1) {
        rounds += 1;
        proxy.cut();
        await until(() => client.state !== 'ready', 'the cut is noticed');
        const outcomes = await Promise.allSettled([
          client.send(['ECHO', `${first}${most}`], { timeoutMs: 80 }),
          client.send(['APPEND', 'log', 'x'], { timeoutMs: 80 }),
          client.send(['ECHO', `second${most}`], { timeoutMs: 80 }),
        ]);
        const values = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
        assert.ok(values[0] === undefined || values[0] === `${first}${most}`, `at ${most}: ${inspect(values)}`);
        assert.ok(values[1] === undefined || typeof values[1] === 'number', `at ${most}: ${inspect(values)}`);
        assert.ok(values[2] === undefined || values[2] === `second${most}`, `at ${most}: ${inspect(values)}`);
        for (const outcome of outcomes) if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof RedisError, `at ${most}`);
      }
      most = Infinity;
      assert.equal(await client.send(['ECHO', 'whole again']), 'whole again');
      const appends = Number(await server.cli('strlen', 'log'));
      assert.ok(appends > 0 && appends <= rounds, `${appends} appends in ${rounds} rounds`);
    }, { retryDelayMs: 1, maxRetryDelayMs: 1 });
  });

  test('after each byte of one reply: reads are sent again and get their own, writes are rejected as unknown and never repeated', real, async () => {
    const value = 'value with some bytes';
    await withProxy({}, async ({ client, proxy, server }) => {
      await client.send(['SET', 'key', value]);
      let answered = 0;
      let ranUnanswered = 0;
      // The reply to INCR has four bytes. The id in the answer to HELLO may grow by a digit or two on the way.
      for (let most = 0; most <= bulk(value).length + 4 + 2; most++) {
        // The faults begin behind the handshake: on what is open already.
        await client.send(['ECHO', 'connected']);
        await server.cli('set', 'n', '0');
        const place = await bytesUntilNow(client, proxy, server, most);
        const [write, read] = await Promise.allSettled([client.send(['INCR', 'n']), client.send(['GET', 'key'])]);
        assert.deepEqual(read, { status: 'fulfilled', value }, `after ${place}`);
        const count = Number(await server.cli('get', 'n'));
        if (write.status === 'fulfilled') {
          assert.deepEqual([write.value, count], [1, 1], `after ${place}`);
          answered += 1;
        } else {
          assert.ok(isRedisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unknown', command: 'INCR' })(write.reason));
          assert.ok(count <= 1, `INCR ran ${count} times after ${place}`);
          ranUnanswered += count;
        }
      }
      assert.ok(answered > 0 && ranUnanswered > 0, `${answered} answered, ${ranUnanswered} ran without an answer`);
    }, { retryDelayMs: 1, maxRetryDelayMs: 1 });
  });

  /** Makes a fresh connection whose replies end `more` bytes behind the handshake. */
  async function bytesUntilNow(client: RedisClient, proxy: FaultProxy, server: RedisServer, more: number): Promise<number> {
    const handshake = await handshakeBytes(server);
    const first = proxy.connections;
    proxy.script = (connection) => (connection === first ? { toClient: { cutAfterBytes: handshake + more } } : {});
    proxy.cut();
    await until(() => client.state !== 'ready', 'the cut is noticed');
    return handshake + more;
  }

  let measured: number | undefined;
  /** How many bytes HELLO is answered with; the id of the connection in it has as many digits for a while. */
  async function handshakeBytes(server: RedisServer): Promise<number> {
    if (measured !== undefined) return measured;
    const { connect } = await import('node:net');
    const socket = connect(server.port, server.host);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.write('HELLO 3\r\n');
    await until(() => bytes > 100, 'HELLO is answered');
    socket.destroy();
    measured = bytes;
    return bytes;
  }

  test('reset right after a write: INCR ran at most once and is not sent again, GET is', real, async () => {
    await withProxy({}, async ({ client, proxy, server }) => {
      let unknown = 0;
      for (let round = 1; round <= 30; round++) {
        await server.cli('set', 'n', '0');
        await client.send(['PING']);
        const sent = Promise.allSettled([client.send(['INCR', 'n']), client.send(['GET', 'n'])]);
        setImmediate(() => proxy.cut('reset'));
        const [write, read] = await sent;
        assert.equal(read.status, 'fulfilled', inspect(read));
        const count = Number(await server.cli('get', 'n'));
        if (write.status === 'fulfilled') assert.deepEqual([write.value, count], [1, 1]);
        else {
          assert.ok(isRedisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unknown' })(write.reason));
          assert.ok(count <= 1, `INCR ran ${count} times`);
          unknown += 1;
        }
      }
      assert.ok(unknown > 0, 'some were cut');
    }, { retryDelayMs: 1, maxRetryDelayMs: 5 });
  });

  test('a write that its sender calls idempotent is sent again, and one that kills every connection is given up after three', scripted, async () => {
    const script: Script = (args, socket) => (args[0] === 'SET' || args[0] === 'GET' ? (socket.destroy(), '') : echo(args, socket, 0));
    await withScript(script, async (client, server) => {
      const lost = isRedisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unknown' });
      await assert.rejects(client.send(['SET', 'a', '1']), lost);
      assert.equal(server.heard.filter((line) => line === 'SET a 1').length, 1);
      await assert.rejects(client.send(['SET', 'a', '2'], { isIdempotent: true }), lost);
      assert.equal(server.heard.filter((line) => line === 'SET a 2').length, 3);
      await assert.rejects(client.send(['GET', 'a']), lost);
      assert.equal(server.heard.filter((line) => line === 'GET a').length, 3);
      await assert.rejects(client.send(['GET', 'b'], { isIdempotent: false }), lost);
      assert.equal(server.heard.filter((line) => line === 'GET b').length, 1);
      assert.equal(await client.send(['ECHO', 'alive']), 'alive');
    }, { retryDelayMs: 1, maxRetryDelayMs: 5 });
  });

  test('sliced into single bytes and late, replies are what they are', real, async () => {
    await withProxy({ toClient: { sliceBytes: 1 }, toServer: { sliceBytes: 3 } }, async ({ client }) => {
      const replies = await Promise.all(Array.from({ length: 50 }, (_, index) => client.send(['ECHO', `é${index}`])));
      assert.deepEqual(replies, Array.from({ length: 50 }, (_, index) => `é${index}`));
    });
  });

  test('half-open: a PING finds out, what was written is rejected in time, and the next command has a new connection', real, async () => {
    const options = { commandTimeoutMs: 60, pingTimeoutMs: 60, idleTimeoutMs: 0, connectTimeoutMs: 5_000 };
    await withProxy({}, async ({ client, proxy }) => {
      await client.connect();
      assert.equal(await client.send(['SET', 'a', '1'], { timeoutMs: 5_000 }), 'OK');
      proxy.stall();
      await assert.rejects(client.send(['SET', 'a', '2']), isRedisError('ERR_MCP_REDIS_TIMEOUT', { delivery: 'unknown', command: 'SET' }));
      await until(() => client.state !== 'ready', 'the silence is noticed');
      assert.equal(await client.send(['GET', 'a'], { timeoutMs: 5_000 }), '1');
    }, options);
  });

  test('half-open while nobody asks: the idle client finds out by itself', real, async () => {
    await withProxy({}, async ({ client, proxy }) => {
      await client.connect();
      proxy.stall();
      await until(() => client.state === 'idle', 'the silence is noticed');
      assert.equal(await client.send(['PING']), 'PONG');
    }, { idleTimeoutMs: 30, pingTimeoutMs: 50 });
  });

  test('an idle connection that is alive is asked now and then, and kept', scripted, async () => {
    await withScript((args) => (args[0] === 'PING' ? '+PONG\r\n' : undefined), async (client, server) => {
      await client.connect();
      await until(() => server.heard.filter((line) => line === 'PING').length >= 3, 'it was asked three times');
      assert.deepEqual([client.state, server.connections], ['ready', 1]);
    }, { idleTimeoutMs: 20, pingTimeoutMs: 5_000 });
  });
});

describe('a reply meets its own command', () => {
  test('after aborts behind a slow road: 1,000 further commands get their own', real, async () => {
    await withProxy({ toClient: { delayMs: 20 } }, async ({ client }) => {
      await client.connect();
      const controller = new AbortController();
      const taken = Array.from({ length: 100 }, (_, index) => client.send(['ECHO', `taken back ${index}`], { signal: controller.signal }));
      const kept = client.send(['ECHO', 'kept']);
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort(new Error('enough'));
      for (const outcome of await Promise.allSettled(taken)) assert.ok(outcome.status === 'rejected' && /enough/.test(String(outcome.reason)));
      const replies = await Promise.all(Array.from({ length: 1_000 }, (_, index) => client.send(['ECHO', index])));
      assert.deepEqual(replies, Array.from({ length: 1_000 }, (_, index) => String(index)));
      assert.equal(await kept, 'kept');
    });
  });

  test('after deadlines passed: late replies are thrown away, each in the place of its own command', scripted, async () => {
    const script: Script = (args, socket) => {
      if (args[0] === 'HELLO') return undefined;
      // The client may ask whether anybody is there: that has its turn too.
      setTimeout(() => socket.write(args[0] === 'PING' ? '+PONG\r\n' : bulk(args[1] ?? '')), 120);
      return '';
    };
    await withScript(script, async (client) => {
      await client.connect();
      const late = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => client.send(['ECHO', `late ${index}`], { timeoutMs: 20 })));
      for (const outcome of late) assert.ok(outcome.status === 'rejected' && isRedisError('ERR_MCP_REDIS_TIMEOUT', { command: 'ECHO', delivery: 'unknown', timeoutMs: 20 })(outcome.reason));
      const replies = await Promise.all(Array.from({ length: 20 }, (_, index) => client.send(['ECHO', index])));
      assert.deepEqual(replies, Array.from({ length: 20 }, (_, index) => String(index)));
    });
  });

  test('text and bytes, asked for in turns', scripted, async () => {
    await withScript(echo, async (client) => {
      const forms = ['text', 'bytes', 'bytes', 'text'] as const;
      const replies = await Promise.all(Array.from({ length: 40 }, (_, index) => client.send(['ECHO', index], { replies: forms[index % 4] })));
      for (const [index, reply] of replies.entries()) {
        assert.deepEqual(reply, forms[index % 4] === 'text' ? String(index) : Uint8Array.from(Buffer.from(String(index))));
      }
    });
  });

  test('a reply that no command asked for ends the connection, and is nobody’s', scripted, async () => {
    const script: Script = (args, socket, connection) => (args[0] === 'ECHO' && connection === 0 ? `${bulk(args[1] ?? '')}+STRAY\r\n` : echo(args, socket, connection));
    await withScript(script, async (client, server) => {
      assert.equal(await client.send(['ECHO', 'a']), 'a');
      await until(() => client.state === 'idle', 'the connection is dropped');
      assert.equal(await client.send(['ECHO', 'b']), 'b');
      assert.equal(server.connections, 2);
    });
  });

  test('malformed replies end the connection at once; whose reply it was is told, and what came whole before stands', scripted, async () => {
    const malformed = ['?\r\n', '$x\r\n', '*-2\r\n', ':1x\r\n', '$3\r\nabcd\r\n', '+a\nb\r\n', '#x\r\n', '\r\n', 'HTTP/1.1 400 Bad Request\r\n'];
    for (const bytes of malformed) {
      const script: Script = (args, socket, connection) => (args[0] === 'SET' ? bytes : echo(args, socket, connection));
      await withScript(script, async (client) => {
        const [before, guilty, write, read] = await Promise.allSettled([client.send(['ECHO', 'before']), client.send(['SET', 'a', 'b']), client.send(['INCR', 'n']), client.send(['ECHO', 'again'])]);
        assert.deepEqual(before, { status: 'fulfilled', value: 'before' }, bytes);
        assert.ok(guilty.status === 'rejected' && isRedisError('ERR_MCP_REDIS_PROTOCOL', { command: 'SET', delivery: 'unknown' })(guilty.reason), bytes);
        assert.ok(write.status === 'rejected' && write.reason.delivery === 'unknown', bytes);
        assert.deepEqual(read, { status: 'fulfilled', value: 'again' }, bytes);
      });
    }
  });
});

describe('a server that is not ready, or another one than it was', () => {
  /** Answers the first `times` of each command that is no HELLO with `error`, then +OK. */
  const firstThen = (error: string, times: number): Script => {
    let left = times;
    return (args) => (args[0] === 'HELLO' ? undefined : left-- > 0 ? `-${error}\r\n` : '+OK\r\n');
  };

  test('LOADING and BUSY put every command off, in its order, until the server is ready; none of them ran, so writes too', scripted, async () => {
    for (const error of ['LOADING Redis is loading the dataset in memory', 'BUSY Redis is busy running a script.']) {
      await withScript(firstThen(error, 5), async (client, server) => {
        const sent = ['SET a 1', 'INCR n', 'GET a'];
        assert.deepEqual(await Promise.all(sent.map((line) => client.send(line.split(' ')))), ['OK', 'OK', 'OK']);
        assert.deepEqual(server.heard.slice(-3).sort(), [...sent].sort());
        assert.equal(server.connections, 1);
      }, { retryDelayMs: 5 });
    }
  });

  test('LOADING beyond the deadline is told as such', scripted, async () => {
    const clock = new FakeClock();
    const script: Script = (args, socket, connection) => (args[0] === 'SET' ? '-LOADING Redis is loading the dataset in memory\r\n' : echo(args, socket, connection));
    await withScript(script, async (client) => {
      const told = assert.rejects(client.send(['SET', 'a', '1']), isRedisError('ERR_MCP_REDIS_REPLY', { redisCode: 'LOADING', command: 'SET', delivery: 'answered' }));
      // Replies come in their order: behind this one, the refusal has come too, and the pause it asks for is longer than the deadline.
      assert.equal(await client.send(['ECHO', 'behind']), 'behind');
      await clock.advance(60_000);
      await told;
    }, { retryDelayMs: 120_000, maxRetryDelayMs: 120_000, commandTimeoutMs: 60_000, clock });
  });

  test('READONLY and MASTERDOWN make the client connect anew once what is under way is answered, and the write goes to who is master then', scripted, async () => {
    for (const error of ["READONLY You can't write against a read only replica.", "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."]) {
      const script: Script = (args, socket, connection) => (args[0] === 'SET' ? (connection === 0 ? `-${error}\r\n` : '+OK\r\n') : echo(args, socket, connection));
      await withScript(script, async (client, server) => {
        assert.deepEqual(await Promise.all([client.send(['SET', 'a', '1']), client.send(['ECHO', 'x'])]), ['OK', 'x']);
        assert.equal(server.connections, 2);
        assert.equal(server.heard.filter((line) => line === 'ECHO x').length, 1);
      }, { retryDelayMs: 5 });
    }
  });

  test('MISCONF, OOM, NOAUTH, NOPERM, MOVED and ASK reject their command, typed, and keep the connection', scripted, async () => {
    const rows: ReadonlyArray<readonly [text: string, code: string]> = [
      ['MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.', 'ERR_MCP_REDIS_REPLY'],
      ["OOM command not allowed when used memory > 'maxmemory'.", 'ERR_MCP_REDIS_REPLY'],
      ['NOAUTH Authentication required.', 'ERR_MCP_REDIS_AUTH'],
      ['NOPERM this user has no permissions', 'ERR_MCP_REDIS_AUTH'],
      ['MOVED 3999 127.0.0.1:6381', 'ERR_MCP_REDIS_REPLY'],
      ['ASK 3999 127.0.0.1:6381', 'ERR_MCP_REDIS_REPLY'],
      ['CLUSTERDOWN The cluster is down', 'ERR_MCP_REDIS_REPLY'],
    ];
    for (const [text, code] of rows) {
      await withScript(firstThen(text, 1), async (client, server) => {
        const moved = /^(?:MOVED|ASK) /.test(text) ? { slot: 3999, address: '127.0.0.1:6381' } : {};
        await assert.rejects(client.send(['SET', 'a', '1']), isRedisError(code, { redisCode: text.split(' ')[0], command: 'SET', delivery: 'answered', ...moved }));
        assert.equal(await client.send(['SET', 'a', '2']), 'OK');
        assert.equal(server.connections, 1);
      });
    }
  });

  test('a server without HELLO is spoken to in RESP2: AUTH, CLIENT SETNAME, SELECT', scripted, async () => {
    for (const refusal of ["ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' 'canary'", 'NOPROTO unsupported protocol version']) {
      const script: Script = (args) => (args[0] === 'HELLO' ? `-${refusal}\r\n` : args[0] === 'GET' ? '$-1\r\n' : '+OK\r\n');
      const server = await ScriptedRedis.listen(script);
      const client = new RedisClient({ url: `redis://user:pass@127.0.0.1:${server.port}/2`, ...PATIENT });
      const old = new RedisClient({ url: `redis://:pass@127.0.0.1:${server.port}`, ...PATIENT });
      assert.equal(await client.send(['GET', 'a']), null);
      assert.deepEqual(server.heard.splice(0), ['HELLO 3 AUTH user pass SETNAME barewire', 'SELECT 2', 'AUTH user pass', 'CLIENT SETNAME barewire', 'SELECT 2', 'GET a']);
      await old.connect();
      assert.deepEqual(server.heard, ['HELLO 3 AUTH default pass SETNAME barewire', 'AUTH pass', 'CLIENT SETNAME barewire']);
      await client.close();
      await old.close();
      await server.close();
    }
  });

  test('an old server’s word for a wrong password is about access too', scripted, async () => {
    const script: Script = (args) => (args[0] === 'HELLO' ? '-ERR unknown command `HELLO`\r\n' : '-ERR invalid password\r\n');
    const server = await ScriptedRedis.listen(script);
    const client = new RedisClient({ url: `redis://:canary@127.0.0.1:${server.port}`, ...PATIENT });
    await assert.rejects(client.send(['GET', 'a']), isRedisError('ERR_MCP_REDIS_AUTH', { delivery: 'unsent' }));
    await client.close();
    await server.close();
  });

  test('a server that takes the connection and says nothing fails the connect in time', scripted, async () => {
    await withScript(() => '', async (client) => {
      await assert.rejects(client.connect(), isRedisError('ERR_MCP_REDIS_TIMEOUT'));
      await assert.rejects(client.send(['GET', 'a'], { timeoutMs: 20 }), (error: unknown) => isMCPError(error) && error.delivery === 'unsent');
    }, { connectTimeoutMs: 50 });
  });

  test('a connect that fails when nobody waits for it any more is the last one', scripted, async () => {
    await withScript(() => '', async (client, server) => {
      const controller = new AbortController();
      const states: string[] = [];
      client.on('state', (state) => states.push(state));
      const late = assert.rejects(client.send(['GET', 'a'], { timeoutMs: 20 }), isRedisError('ERR_MCP_REDIS_TIMEOUT', { delivery: 'unsent' }));
      const aborted = assert.rejects(client.send(['GET', 'b'], { signal: controller.signal }), /enough/);
      await late;
      controller.abort(new Error('enough'));
      await aborted;
      await until(() => states.length > 1, 'the connect has failed');
      assert.deepEqual([states, server.connections], [['connecting', 'idle'], 1]);
    }, { connectTimeoutMs: 200 });
  });

  test('a server that drops every connection is not stormed: the pauses grow', scripted, async () => {
    await withScript((_, socket) => (socket.destroy(), ''), async (client, server) => {
      await assert.rejects(client.send(['SET', 'a', '1'], { timeoutMs: 600 }), isRedisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unsent' }));
      // 0, 50, 130, 258, 463 ms, each a fifth earlier at most; commands in between do not count.
      assert.ok(server.connections >= 2 && server.connections <= 8, `${server.connections} connections`);
    });
  });
});

test('all commands of one turn are one write, and those sent in answer to one chunk of replies another', scripted, async () => {
  await withScript(echo, async (client, server) => {
    await client.connect();
    const before = server.chunks;
    const chain = async (index: number) => {
      assert.equal(await client.send(['ECHO', `a${index}`]), `a${index}`);
      await Promise.resolve();
      assert.equal(await client.send(['ECHO', `b${index}`]), `b${index}`);
    };
    await Promise.all(Array.from({ length: 16 }, (_, index) => chain(index)));
    assert.equal(server.heard.length, 33);
    // The scripted server answers command by command, so its replies may come in several chunks: never one write a command.
    assert.ok(server.chunks - before <= 17, `${server.chunks - before} chunks`);
  });
});

test('the password is in no error, no inspection of the client, no log line and no listener', real, async () => {
  const seen: unknown[] = [];
  const hear = (...facts: unknown[]) => void seen.push(facts);
  const server = await startRedis({ password: 'canary-right' });
  const proxy = await FaultProxy.listen({ host: server.host, port: server.port });
  const url = (secret: string) => `redis://:${secret}@127.0.0.1:${proxy.port}/1`;
  const logger = { debug: hear, info: hear, warn: hear, error: hear };
  for (const secret of ['canary-right', 'canary-wrong']) {
    const client = new RedisClient({ url: url(secret), logger, ...PATIENT });
    client.on('state', hear);
    const note = (error: unknown) => void seen.push(error);
    await client.connect().catch(note);
    await client.send(['SET', 'canary-key', 'canary-value']).catch(note);
    await client.send(['NONSENSE', 'canary-argument']).catch(note);
    await client.send(['CONFIG', 'canary-argument']).catch(note);
    await client.send(['GET', { canary: 'canary-object' } as never]).catch(note);
    const lost = client.send(['INCR', 'canary-key']).catch(note);
    proxy.cut();
    await lost;
    seen.push(client, client.place, client.state);
    const closing = client.close();
    await client.send(['SET', 'canary-key', 'canary-late']).catch(note);
    await closing;
    seen.push(client);
  }
  proxy.cut();
  await proxy.close();
  await server.stop();
  assert.ok(seen.length > 10);
  const text = seen.map((value) => inspect(value, { showHidden: true, depth: 12, getters: true })).join('\n');
  assert.match(text, /ERR_MCP_REDIS_AUTH/);
  assert.doesNotMatch(text, /canary/);
});

test('replies of every kind between pushes stay in their order', scripted, async () => {
  const script: Script = (args) => (args[0] === 'ECHO' ? `>2\r\n+note\r\n${bulk('x')}${bulk(args[1] ?? '')}>1\r\n+note\r\n` : undefined);
  await withScript(script, async (client) => {
    const pushes: Array<readonly RESPReply[]> = [];
    client.on('push', (items) => pushes.push(items));
    const replies = await Promise.all(Array.from({ length: 100 }, (_, index) => client.send(['ECHO', index])));
    assert.deepEqual(replies, Array.from({ length: 100 }, (_, index) => String(index)));
    await until(() => pushes.length === 200, 'all pushes came');
    assert.deepEqual(pushes.slice(0, 2), [['note', 'x'], ['note']]);
  });
});
