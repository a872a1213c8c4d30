import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTLSServer } from 'node:tls';
import { inspect } from 'node:util';
import { LimitError, RedisError } from '../../lib/base/errors.ts';
import { RedisCluster } from '../../lib/redis/redis-cluster.ts';
import type { RedisClusterOptions } from '../../lib/redis/redis-cluster-options.ts';
import { slotOfKey } from '../../lib/redis/redis-slots.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import { freePort, makeCertificates, skipWithoutRedis } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const bounded = { timeout: 60_000 };
const HOST = '127.0.0.1';

/** What a node answers to a command, as it goes over the wire; undefined: nothing at all. */
type Answer = (words: readonly string[], node: ScriptedNode) => string | undefined;

/** A node that answers what a test says, and remembers what it was sent. */
class ScriptedNode {
  readonly sent: string[] = [];
  /** The commands of every piece that arrived. */
  readonly pieces: string[][] = [];
  answer: Answer;
  bytes = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(answer: Answer, folder: string | undefined) {
    this.answer = answer;
    const accept = (socket: Socket) => this.#accept(socket);
    this.#server = folder === undefined ? createServer(accept) : createTLSServer({ cert: readFileSync(join(folder, 'server.crt')), key: readFileSync(join(folder, 'server.key')) }, accept);
  }

  static async start(answer: Answer, folder?: string): Promise<ScriptedNode> {
    const node = new ScriptedNode(answer, folder);
    await new Promise<void>((resolve) => node.#server.listen(0, HOST, resolve));
    return node;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many commands began with these words. */
  count(words: string): number {
    return this.sent.filter((line) => line.startsWith(words)).length;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const piece = chunk.toString('latin1');
      this.bytes += piece;
      text += piece;
      const lines: string[] = [];
      for (let command = readCommand(text); command !== undefined; command = readCommand(text)) {
        text = text.slice(command.length);
        lines.push(command.words.join(' '));
        this.sent.push(command.words.join(' '));
        const reply = command.words[0] === 'HELLO' ? '%1\r\n+server\r\n+redis\r\n' : this.answer(command.words, this);
        if (reply !== undefined) socket.write(reply);
      }
      this.pieces.push(lines);
    });
  }
}

/** The command that `text` begins with, once it is whole. */
function readCommand(text: string): { readonly words: readonly string[]; readonly length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let index = 0; index < Number(head[1]); index++) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (size === null) return undefined;
    const begin = at + size[0].length;
    at = begin + Number(size[1]) + 2;
    if (at > text.length) return undefined;
    words.push(text.slice(begin, at - 2));
  }
  return { words, length: at };
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

/** `CLUSTER SLOTS` with all slots at one node. */
const allSlotsAt = (port: number, host: string = HOST): string => `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${bulk(host)}:${port}\r\n`;

const isSlots = (words: readonly string[]): boolean => words.join(' ') === 'CLUSTER SLOTS';

/** Nodes by script, and a client that knows the first one, or all of them; all gone afterwards. */
async function withNodes(
  answers: readonly Answer[],
  action: (client: RedisCluster, ...nodes: readonly ScriptedNode[]) => Promise<void>,
  options: Partial<RedisClusterOptions> = {},
  knowsAll: boolean = false,
): Promise<void> {
  const nodes = await Promise.all(answers.map((answer) => ScriptedNode.start(answer)));
  const seeds = (knowsAll ? nodes : nodes.slice(0, 1)).map((node) => `${HOST}:${node.port}`);
  const client = new RedisCluster({ url: `redis+cluster://${seeds.join()}`, commandTimeoutMs: 20_000, ...options });
  try {
    await action(client, ...nodes);
  } finally {
    await client.close({ timeoutMs: 0 });
    await Promise.all(nodes.map((node) => node.stop()));
  }
}

function redisError(code: string, facts: object = {}) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof RedisError, inspect(error));
    const { details, delivery } = error;
    const seen = Object.fromEntries(Object.keys(facts).map((key) => [key, key === 'delivery' ? delivery : details[key]]));
    assert.deepEqual({ code: error.code, ...seen }, { code, ...facts });
    return true;
  };
}

describe('redirections by nodes (Redis cluster specification, redirection and resharding)', () => {
  test('a thousand MOVED at once ask for the slots once more, not a thousand times, and each command is done once', bounded, async () => {
    let target: ScriptedNode;
    const first: Answer = (words, node) => (isSlots(words) ? allSlotsAt(node.sent.includes('GET {x}:0') ? target.port : node.port) : `-MOVED ${slotOfKey('x')} ${HOST}:${target.port}\r\n`);
    await withNodes([first, (words) => (isSlots(words) ? allSlotsAt(target.port) : bulk(words[1] ?? ''))], async (client, source, other) => {
      target = other as ScriptedNode;
      const keys = Array.from({ length: 1_000 }, (_, index) => `{x}:${index}`);
      assert.deepEqual(await Promise.all(keys.map((key) => client.send(['GET', key]))), keys);
      assert.equal(target.count('GET'), 1_000);
      const asked = () => (source?.count('CLUSTER SLOTS') ?? 0) + target.count('CLUSTER SLOTS');
      await until(() => asked() >= 2, 'the slots are asked for again');
      assert.deepEqual(await Promise.all(keys.map((key) => client.send(['GET', key]))), keys);
      assert.equal(source?.count('GET'), 1_000);
      assert.ok(asked() <= 3, `asked ${asked()} times`);
      assert.deepEqual(client.topology?.masters, [{ host: HOST, port: target.port }]);
    });
  });

  test('a host that is left out is that of the node that answered', bounded, async () => {
    let target: ScriptedNode;
    const first: Answer = (words, node) => (isSlots(words) ? allSlotsAt(node.port, '') : `-MOVED ${slotOfKey('x')} :${target.port}\r\n`);
    await withNodes([first, (words) => (isSlots(words) ? allSlotsAt(target.port, '') : '+here\r\n')], async (client, _, other) => {
      target = other as ScriptedNode;
      assert.equal(await client.send(['GET', 'x']), 'here');
      assert.deepEqual(client.topology?.masters[0]?.host, HOST);
    });
  });

  test('ASK puts ASKING right before the command, in one write, and changes nothing for the next one', bounded, async () => {
    let target: ScriptedNode;
    const first: Answer = (words, node) => (isSlots(words) ? allSlotsAt(node.port) : `-ASK ${slotOfKey('x')} ${HOST}:${target.port}\r\n`);
    await withNodes([first, (words) => (words[0] === 'ASKING' ? '+OK\r\n' : '+there\r\n')], async (client, source, other) => {
      target = other as ScriptedNode;
      assert.deepEqual(await Promise.all([client.send(['GET', '{x}:1']), client.send(['GET', '{x}:2'])]), ['there', 'there']);
      assert.deepEqual(target.sent.filter((line) => !line.startsWith('HELLO')), ['ASKING', 'GET {x}:1', 'ASKING', 'GET {x}:2']);
      for (const piece of target.pieces) assert.notEqual(piece[0]?.slice(0, 3), 'GET', 'each is in one write with its ASKING');
      assert.equal(await client.send(['GET', '{x}:3']), 'there');
      assert.equal(source?.count('GET'), 3);
      assert.equal(source?.count('CLUSTER SLOTS'), 1);
    });
  });

  test('nodes that send a command round in circles are left after so many redirections, with a LimitError', bounded, async () => {
    let nodes: readonly ScriptedNode[] = [];
    const round: Answer = (words, node) => {
      const next = nodes[(nodes.indexOf(node) + 1) % nodes.length] as ScriptedNode;
      return isSlots(words) ? allSlotsAt(node.port) : `-MOVED ${slotOfKey('x')} ${HOST}:${next.port}\r\n`;
    };
    await withNodes([round, round], async (client, ...both) => {
      nodes = both;
      await assert.rejects(client.send(['SET', 'x', 'y']), (error) => {
        assert.ok(error instanceof LimitError, inspect(error));
        assert.deepEqual([error.details['limit'], error.details['most'], error.delivery], ['maxClusterRedirects', 4, 'answered']);
        return true;
      });
      assert.equal(both.reduce((sum, node) => sum + node.count('SET'), 0), 5);
    }, { maxClusterRedirects: 4 });
  });

  test('what is no address, or no slot, is not followed: the refusal is the answer', bounded, async () => {
    const redirections = ['MOVED 1 ?:1', 'MOVED 16384 127.0.0.1:1', 'MOVED 1 127.0.0.1:0', 'MOVED 1 127.0.0.1:99999', 'MOVED 1', 'MOVED 1 a@b:1', 'ASK 1 x/y:1', 'MOVED x 127.0.0.1:1'];
    let next = 0;
    await withNodes([(words, node) => (isSlots(words) ? allSlotsAt(node.port) : `-${redirections[next++]}\r\n`)], async (client) => {
      for (const text of redirections) await assert.rejects(client.send(['SET', 'x', 'y']), redisError('ERR_MCP_REDIS_REPLY', { redisCode: text.split(' ')[0], delivery: 'answered' }), text);
      assert.equal(next, redirections.length);
    });
  });

  test('CLUSTERDOWN and TRYAGAIN are waited for, and are the answer when the deadline comes first', bounded, async () => {
    let isBack = false;
    const moody: Answer = (words, node) => {
      if (isSlots(words)) return allSlotsAt(node.port);
      if (words[0] === 'ECHO') return bulk(words[1] ?? '');
      return isBack ? '+OK\r\n' : words[0] === 'MGET' ? '-TRYAGAIN Multiple keys request during rehashing of slot\r\n' : '-CLUSTERDOWN The cluster is down\r\n';
    };
    const clock = new FakeClock();
    await withNodes([moody], async (client, node) => {
      // Time passes only where every answer has come: what is sent before ECHO is answered before it.
      const pass = async <T>(what: Promise<T>): Promise<T> => {
        let isOver = false;
        void what.then(() => (isOver = true), () => (isOver = true));
        for (let turn = 0; turn < 1_000 && !isOver; turn++) {
          await clock.advance(10);
          await client.send(['ECHO', 'here']);
        }
        return what;
      };
      await client.send(['ECHO', 'here']);
      const refused = [client.send(['SET', 'x', 1], { timeoutMs: 300 }), client.send(['MGET', '{x}1', '{x}2'], { timeoutMs: 300 })];
      const waiting = client.send(['SET', 'x', 2]);
      const [down, again] = await pass(Promise.allSettled(refused));
      assert.ok(down?.status === 'rejected' && redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'CLUSTERDOWN', delivery: 'answered' })(down.reason));
      assert.ok(again?.status === 'rejected' && redisError('ERR_MCP_REDIS_REPLY', { redisCode: 'TRYAGAIN', delivery: 'answered' })(again.reason));
      assert.ok((node?.count('SET x 1') ?? 0) < 12, 'the pauses grow');
      isBack = true;
      assert.equal(await pass(waiting), 'OK');
      // Close and abort end the waiting too.
      isBack = false;
      const aborting = new AbortController();
      const [aborted, closed] = [client.send(['SET', 'x', 3], { signal: aborting.signal }), client.send(['SET', 'x', 4])];
      for (let turn = 0; turn < 100 && (node?.count('SET x 4') ?? 0) < 2; turn++) await pass(client.send(['ECHO', 'here']));
      assert.ok((node?.count('SET x 3') ?? 0) > 1 && (node?.count('SET x 4') ?? 0) > 1, 'both wait');
      aborting.abort(new Error('enough'));
      await assert.rejects(aborted, /enough/);
      const ended = assert.rejects(closed, redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET' }));
      await client.close({ timeoutMs: 0 });
      await ended;
    }, { clock });
  });

  test('a write whose connection is lost is not sent again; a read is, once it is known where to', bounded, async () => {
    let target: ScriptedNode;
    let isGone = false;
    const first: Answer = (words, node) => {
      if (isSlots(words)) return allSlotsAt(isGone ? target.port : node.port);
      if (words[0] === 'PING') return '+PONG\r\n';
      isGone = true;
      void node.stop();
      return undefined;
    };
    await withNodes([first, (words) => (isSlots(words) ? allSlotsAt(target.port) : bulk(words[1] ?? ''))], async (client, source, other) => {
      target = other as ScriptedNode;
      assert.equal(await client.send(['PING']), 'PONG');
      const [write, read] = [client.send(['SET', 'x', 'y']), client.send(['GET', 'x'])];
      await assert.rejects(write, redisError('ERR_MCP_REDIS_CONNECTION', { command: 'SET', delivery: 'unknown' }));
      assert.equal(await read, 'x');
      assert.deepEqual([source?.count('SET'), target.count('SET'), target.count('GET')], [1, 0, 1]);
    }, undefined, true);
  });
});

describe('nodes that are asked for the slots', () => {
  test('one that is silent does not hold up a command longer than its head start, nor does one that is gone, or talks nonsense', bounded, async () => {
    const silent = await ScriptedNode.start(() => undefined);
    const nonsense = await ScriptedNode.start((words) => (isSlots(words) ? '*1\r\n+slots\r\n' : '+OK\r\n'));
    const good = await ScriptedNode.start((words, node) => (isSlots(words) ? allSlotsAt(node.port) : '+good\r\n'));
    const ports = [silent.port, await freePort(), nonsense.port, good.port];
    const client = new RedisCluster({ url: ports.map((port) => `redis://${HOST}:${port}`), commandTimeoutMs: 20_000 });
    const lost = new RedisCluster({ url: [`redis://${HOST}:${nonsense.port}`], commandTimeoutMs: 200 });
    try {
      assert.equal(await client.send(['GET', 'x']), 'good');
      await assert.rejects(lost.connect(), redisError('ERR_MCP_REDIS_PROTOCOL'));
      await assert.rejects(lost.send(['SET', 'x', 'y']), redisError('ERR_MCP_REDIS_PROTOCOL', { command: 'SET', delivery: 'unsent' }));
    } finally {
      await Promise.all([client.close({ timeoutMs: 0 }), lost.close({ timeoutMs: 0 })]);
      await Promise.all([silent.stop(), nonsense.stop(), good.stop()]);
    }
  });

  test('may name no more nodes than the limit', bounded, async () => {
    const three = `*3\r\n${[1, 2, 3].map((slot) => `*3\r\n:${slot}\r\n:${slot}\r\n*2\r\n${bulk(HOST)}:${slot}\r\n`).join('')}`;
    await withNodes([(words) => (isSlots(words) ? three : '+OK\r\n')], async (client) => {
      await assert.rejects(client.send(['GET', 'x']), (error) => error instanceof LimitError && error.details['limit'] === 'maxClusterNodes');
    }, { maxClusterNodes: 3 });
  });

  test('are reached where mapAddress says, for what they announce and for where they redirect to', bounded, async () => {
    let target: ScriptedNode;
    const asked: string[] = [];
    const first: Answer = (words) => (isSlots(words) ? allSlotsAt(7_001, 'inside.example') : `-MOVED ${slotOfKey('x')} inside.example:7002\r\n`);
    let ports: readonly number[] = [];
    const mapAddress = ({ host, port }: { host: string; port: number }) => {
      asked.push(`${host}:${port}`);
      return { host: HOST, port: ports[port - 7_001] ?? 0 };
    };
    await withNodes([first, () => '+mapped\r\n'], async (client, source, other) => {
      target = other as ScriptedNode;
      ports = [source?.port ?? 0, target.port];
      assert.equal(await client.send(['GET', 'x']), 'mapped');
      assert.deepEqual(asked.slice(0, 2), ['inside.example:7001', 'inside.example:7002']);
    }, { mapAddress });
  });

  test('are not asked in a flood while a node is away and commands wait for it', bounded, async () => {
    const gone = await freePort();
    await withNodes([(words) => (isSlots(words) ? allSlotsAt(gone) : '+OK\r\n')], async (client, node) => {
      const started = performance.now();
      const sends = Array.from({ length: 500 }, () => client.send(['SET', 'x', 'y'], { timeoutMs: 1_500 }));
      for (const outcome of await Promise.allSettled(sends)) assert.ok(outcome.status === 'rejected' && redisError('ERR_MCP_REDIS_CONNECTION', { delivery: 'unsent' })(outcome.reason));
      const allowed = Math.ceil((performance.now() - started) / 100) + 1;
      assert.ok((node?.count('CLUSTER SLOTS') ?? 0) <= allowed, `asked ${node?.count('CLUSTER SLOTS')} times, at most ${allowed}`);
      assert.ok((node?.count('CLUSTER SLOTS') ?? 0) >= 2);
    }, { refreshIntervalMs: 100 });
  });
});

describe('credentials in a cluster with TLS', () => {
  test('are sent to no node that does not speak TLS as the seed does', { skip: skipWithoutRedis, timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-redis-tls-'));
    const { ca } = makeCertificates(folder);
    const plain = await ScriptedNode.start(() => '+OK\r\n');
    const seed = await ScriptedNode.start((words, node) => (isSlots(words) ? allSlotsAt(node.port) : `-MOVED ${slotOfKey('x')} ${HOST}:${plain.port}\r\n`), folder);
    const client = new RedisCluster({ url: `rediss+cluster://user:canary@${HOST}:${seed.port}`, tls: { ca }, commandTimeoutMs: 2_000 });
    try {
      await assert.rejects(client.send(['GET', 'x']), (error) => {
        assert.ok(error instanceof RedisError && !/canary/.test(inspect(error, { depth: 9 })), inspect(error));
        return true;
      });
      assert.match(seed.bytes, /canary/);
      assert.ok(plain.bytes.length > 0, 'it was reached for');
      assert.doesNotMatch(plain.bytes, /canary|user|HELLO/);
      assert.doesNotMatch(inspect(client, { depth: 9, showHidden: true }), /canary/);
    } finally {
      await client.close({ timeoutMs: 0 });
      await Promise.all([seed.stop(), plain.stop()]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
