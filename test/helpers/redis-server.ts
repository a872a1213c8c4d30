/**
 * Real Redis servers on free ports of the loopback, each in a temporary folder of its own, as processes of this test: with a
 * password, an ACL user, TLS, as a cluster, as master and replica under a sentinel. A server dies with the process that started
 * it, however that ends.
 */

import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

const START_MS = 30_000;
const CLI_MS = 30_000;
const HOST = '127.0.0.1';
const SLOTS = 16_384;

function canRun(...command: [string, ...string[]]): boolean {
  try {
    execFileSync(command[0], command.slice(1), { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether this machine has `redis-server`, `redis-cli` and `openssl`. */
export const redisIsInstalled: boolean = canRun('redis-server', '--version') && canRun('redis-cli', '--version') && canRun('openssl', 'version');

/** For the option `skip` of a test: why it cannot run here, or false. With `REDIS=required` it runs in any case, and fails where Redis is absent. */
export const skipWithoutRedis: string | false =
  redisIsInstalled || process.env['REDIS'] === 'required' ? false : 'needs redis-server, redis-cli and openssl, which are not installed here';

/** How a server is to be. */
export interface RedisServerOptions {
  /** Of the user `default`. */
  readonly password?: string;
  /** A user beside `default`; the url of the server is then for this user. */
  readonly acl?: { readonly user: string; readonly password: string; readonly rules: readonly string[] };
  /** TLS only; `'mutual'`: and clients must show a certificate of the same authority. */
  readonly tls?: boolean | 'mutual';
  /** Further arguments, such as `--maxmemory`, `2mb`. */
  readonly args?: readonly string[];
}

/** Certificates that were made for one server, as PEM text. */
export interface RedisCertificates {
  readonly ca: string;
  /** For a client, signed by `ca`. */
  readonly cert: string;
  /** The key of `cert`. */
  readonly key: string;
}

/** One running server. */
export interface RedisServer {
  /** With user and password, database 0: `redis://` or `rediss://`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Its Unix socket; it speaks plain there, whatever it speaks on its port. */
  readonly unixPath: string;
  /** Set where it speaks TLS. */
  readonly certificates: RedisCertificates | undefined;
  /** `certificates.ca`. */
  readonly ca: string | undefined;
  /** The folder it runs in. */
  readonly folder: string;
  /** The id of its process. */
  readonly processId: number;
  /** What it wrote lately. */
  readonly log: string;
  /** Runs `redis-cli` with these arguments against it, as user `default`; what it prints, trimmed. Rejects for an error reply. */
  cli(...args: readonly string[]): Promise<string>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL; its port stays its own for {@link RedisServer.restart}. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty; kills it first if it runs. */
  restart(): Promise<void>;
  /** Ends it and removes what it left. May be called twice. */
  stop(): Promise<void>;
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// All in one moment: between two commands a key may be gone.
const LOOK = "local found = {} for _, name in ipairs(redis.call('KEYS', ARGV[1])) do found[#found + 1] = redis.call('PTTL', name) .. ' ' .. name end return found";

/** Every key with this prefix, and the milliseconds that it has left. */
export async function keysWithPrefix(server: RedisServer, prefix: string): Promise<Map<string, number>> {
  const lines = (await server.cli('eval', LOOK, '0', `${prefix}*`)).split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), Number(line.slice(0, line.indexOf(' ')))]));
}

/** Starts a server and waits until it takes connections. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  return startOnFreePort((folder, port) => ServerProcess.forServer(folder, port, options));
}

async function startOnFreePort(make: (folder: string, port: number) => ServerProcess): Promise<ServerProcess> {
  for (let triesLeft = 5; ; triesLeft--) {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-redis-'));
    const server = make(folder, await freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Somebody else took the port in between.
      if (triesLeft === 0 || !/already in use|Failed listening/i.test(server.log)) throw error;
    }
  }
}

// The shell waits for the server, and for the end of its own stdin, which comes when the test ends in whatever way.
const KEEPER = 'exec 3<&0; "$@" 2>&1 & server=$!; echo "keeper: pid $server"; (cat <&3 >/dev/null; kill -9 $server) & wait $server; echo "keeper: exited $?"';
const KEPT_LOG_CHARACTERS = 20_000;

interface ProcessSettings {
  readonly folder: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly userInfo: string;
  readonly scheme: string;
  readonly cliArgs: readonly string[];
  readonly cliPassword: string | undefined;
  readonly certificates: RedisCertificates | undefined;
}

class ServerProcess implements RedisServer {
  readonly host = HOST;
  readonly #settings: ProcessSettings;
  #keeper: ChildProcessWithoutNullStreams | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #log = '';

  private constructor(settings: ProcessSettings) {
    this.#settings = settings;
  }

  static forServer(folder: string, port: number, options: RedisServerOptions): ServerProcess {
    const { password, acl, tls, args = [] } = options;
    const certificates = tls === true || tls === 'mutual' ? makeCertificates(folder) : undefined;
    const unixPath = join(folder, 'redis.sock');
    const command = [
      ...['redis-server', '--bind', HOST, '--dir', folder, '--unixsocket', unixPath, '--save', '', '--appendonly', 'no', '--loglevel', 'notice'],
      ...(certificates === undefined ? ['--port', String(port)] : ['--port', '0', ...tlsArguments(folder, port, tls === 'mutual')]),
      ...(password === undefined ? [] : ['--requirepass', password]),
      ...(acl === undefined ? [] : ['--user', acl.user, 'on', `>${acl.password}`, ...acl.rules]),
      ...args,
    ];
    const [user, secret] = acl === undefined ? ['', password] : [acl.user, acl.password];
    const userInfo = secret === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(secret)}@`;
    const scheme = certificates === undefined ? 'redis' : 'rediss';
    return new ServerProcess({ folder, port, command, userInfo, scheme, cliArgs: ['-s', unixPath], cliPassword: password, certificates });
  }

  static forSentinel(folder: string, port: number, configuration: string): ServerProcess {
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, `port ${port}\nbind ${HOST}\ndir ${folder}\n${configuration}`);
    const command = ['redis-server', file, '--sentinel'];
    const cliArgs = ['-h', HOST, '-p', String(port)];
    return new ServerProcess({ folder, port, command, userInfo: '', scheme: 'redis', cliArgs, cliPassword: undefined, certificates: undefined });
  }

  get url(): string {
    const { scheme, userInfo, port } = this.#settings;
    return `${scheme}://${userInfo}${HOST}:${port}/0`;
  }

  get port(): number {
    return this.#settings.port;
  }

  get folder(): string {
    return this.#settings.folder;
  }

  get unixPath(): string {
    return join(this.#settings.folder, 'redis.sock');
  }

  get certificates(): RedisCertificates | undefined {
    return this.#settings.certificates;
  }

  get ca(): string | undefined {
    return this.#settings.certificates?.ca;
  }

  get log(): string {
    return this.#log;
  }

  get processId(): number {
    const id = /keeper: pid (\d+)/.exec(this.#log)?.[1];
    if (id === undefined) throw new Error('The Redis server does not run');
    return Number(id);
  }

  async start(): Promise<void> {
    this.#log = '';
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', ...this.#settings.command]);
    this.#keeper = keeper;
    this.#exited = new Promise((resolve) => keeper.once('exit', resolve));
    keeper.stdin.on('error', () => {});
    const hear = (chunk: Buffer) => {
      // The first line names the process, so the middle goes when it gets long.
      if (this.#log.length > KEPT_LOG_CHARACTERS) this.#log = this.#log.slice(0, 100) + this.#log.slice(-KEPT_LOG_CHARACTERS / 2);
      this.#log += chunk.toString('utf8');
    };
    keeper.stdout.on('data', hear);
    keeper.stderr.on('data', hear);
    await until(() => this.#isReady(), 'the Redis server is ready', START_MS).catch((error: unknown) => {
      throw new Error(`The Redis server did not start:\n${this.#log}`, { cause: error });
    });
  }

  #isReady(): boolean {
    if (/keeper: exited/.test(this.#log)) throw new Error('The Redis server exited');
    return /Ready to accept connections|Sentinel ID is/.test(this.#log);
  }

  cli(...args: readonly string[]): Promise<string> {
    const { cliArgs, cliPassword } = this.#settings;
    const env = cliPassword === undefined ? process.env : { ...process.env, REDISCLI_AUTH: cliPassword };
    return new Promise((resolve, reject) => {
      execFile('redis-cli', [...cliArgs, '-e', ...args], { env, timeout: CLI_MS }, (error, stdout, stderr) => {
        if (error === null) resolve(String(stdout).trim());
        else reject(new Error(`redis-cli ${args.join(' ')} failed: ${String(stderr).trim()} ${String(stdout).trim()}`));
      });
    });
  }

  pause(): void {
    process.kill(this.processId, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.processId, 'SIGCONT');
  }

  async kill(): Promise<void> {
    this.#keeper?.stdin.end();
    await this.#exited;
    this.#keeper = undefined;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function tlsArguments(folder: string, port: number, isMutual: boolean): string[] {
  const file = (name: string) => join(folder, name);
  return [
    ...['--tls-port', String(port), '--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key')],
    ...['--tls-ca-cert-file', file('ca.crt'), '--tls-auth-clients', isMutual ? 'yes' : 'no'],
  ];
}

/** An authority, a server certificate for localhost and 127.0.0.1, and a client certificate, written into `folder` with their keys. */
export function makeCertificates(folder: string): RedisCertificates {
  const file = (name: string) => join(folder, name);
  const make = (...args: readonly string[]) =>
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...args], { stdio: 'ignore' });
  const signed = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-addext', 'basicConstraints=critical,CA:false'];
  make('-keyout', file('ca.key'), '-out', file('ca.crt'), '-subj', '/CN=barewire test authority');
  make('-keyout', file('server.key'), '-out', file('server.crt'), '-subj', '/CN=localhost', '-addext', `subjectAltName=DNS:localhost,IP:${HOST}`, ...signed);
  make('-keyout', file('client.key'), '-out', file('client.crt'), '-subj', '/CN=client', ...signed);
  const read = (name: string) => readFileSync(file(name), 'utf8');
  return { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') };
}

/** A running cluster. */
export interface RunningCluster {
  /** Masters first, in the order of their slots; then their replicas, in the same order. */
  readonly nodes: readonly RedisServer[];
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts a cluster of `masters` nodes that share the slots evenly, each with a replica if asked for, and waits until it works. */
export async function startCluster(
  masters: number = 3,
  options: RedisServerOptions & { readonly replicas?: boolean } = {},
): Promise<RunningCluster> {
  const { replicas = false, ...server } = options;
  const total = replicas ? masters * 2 : masters;
  const nodes = await startAll(Array.from({ length: total }, () => () => startNode(server)));
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));
  try {
    await formCluster(nodes, masters);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, urls: nodes.map((node) => node.url), stop };
}

/** All of them, or none: when one does not start, the others are stopped. */
async function startAll(starts: ReadonlyArray<() => Promise<RedisServer>>): Promise<RedisServer[]> {
  const outcomes = await Promise.allSettled(starts.map((start) => start()));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  if (failed === undefined) return started;
  await Promise.all(started.map((server) => server.stop()));
  throw failed.reason;
}

async function startNode(options: RedisServerOptions): Promise<RedisServer> {
  // By default the bus listens 10,000 above the port, which may be no port at all.
  const bus = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1500'];
  // A replica is listed once it has heard from its master, and an idle master speaks every ten seconds by default.
  const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
  const auth = options.password === undefined ? [] : ['--masterauth', options.password];
  const tls = options.tls === undefined || options.tls === false ? [] : ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
  return startRedis({ ...options, args: [...cluster, ...replication, ...auth, ...tls, ...(options.args ?? [])] });
}

async function formCluster(nodes: readonly RedisServer[], masters: number): Promise<void> {
  const first = nodes[0];
  if (first === undefined) return;
  const share = Math.ceil(SLOTS / masters);
  await Promise.all(
    nodes.slice(0, masters).map(async (node, index) => {
      await node.cli('cluster', 'set-config-epoch', String(index + 1));
      await node.cli('cluster', 'addslotsrange', String(index * share), String(Math.min(SLOTS, (index + 1) * share) - 1));
    }),
  );
  for (const node of nodes.slice(1)) await first.cli('cluster', 'meet', HOST, String(node.port), await busPortOf(node));
  await until(async () => (await Promise.all(nodes.map((node) => knows(node, nodes.length)))).every(Boolean), 'the nodes know each other', START_MS);
  for (const [index, node] of nodes.slice(masters).entries()) {
    const id = await nodes[index]?.cli('cluster', 'myid');
    await node.cli('cluster', 'replicate', id ?? '');
  }
  const works = async (node: RedisServer) => /cluster_state:ok/.test(await node.cli('cluster', 'info')) && knowsAllSlots(await node.cli('cluster', 'slots'), nodes);
  await until(async () => (await Promise.all(nodes.map(works))).every(Boolean), 'the cluster works', START_MS);
}

async function busPortOf(node: RedisServer): Promise<string> {
  return (await node.cli('config', 'get', 'cluster-port')).split(/\s+/)[1] ?? '';
}

async function knows(node: RedisServer, total: number): Promise<boolean> {
  return new RegExp(`cluster_known_nodes:${total}\\b`).test(await node.cli('cluster', 'info')) && !/handshake/.test(await node.cli('cluster', 'nodes'));
}

function knowsAllSlots(slots: string, nodes: readonly RedisServer[]): boolean {
  const lines = slots.split('\n');
  return nodes.every((node) => lines.includes(String(node.port)));
}

/** A master and its replica under one sentinel, which promotes the replica when the master has been silent for half a second. */
export interface RunningReplicaSet {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinel: RedisServer;
  /** What the sentinel calls the master. */
  readonly name: string;
  stop(): Promise<void>;
}

/** Starts a {@link RunningReplicaSet} and waits until the replica follows and the sentinel knows of it. */
export async function startReplicaSet(options: RedisServerOptions = {}): Promise<RunningReplicaSet> {
  const name = 'sessions';
  const auth = options.password === undefined ? [] : ['--masterauth', options.password];
  const args = ['--repl-diskless-sync-delay', '0', ...auth, ...(options.args ?? [])];
  const running: RedisServer[] = [];
  const stop = async () => void (await Promise.all(running.map((server) => server.stop())));
  const started = async (server: Promise<RedisServer>) => {
    running.push(await server);
    return server;
  };
  try {
    const master = await started(startRedis({ ...options, args }));
    const replica = await started(startRedis({ ...options, args: [...args, '--replicaof', HOST, String(master.port)] }));
    await until(async () => /master_link_status:up/.test(await replica.cli('info', 'replication')), 'the replica follows', START_MS);
    const sentinel = await started(startSentinel(name, master, options.password));
    await until(async () => knowsItsReplica(await sentinel.cli('sentinel', 'replicas', name)), 'the sentinel knows the replica', 3 * START_MS);
    return { master, replica, sentinel, name, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// Known, and seen as following: before that, the sentinel does not promote it.
function knowsItsReplica(replicas: string): boolean {
  return /slave/.test(replicas) && /master-link-status\s+ok/.test(replicas);
}

function startSentinel(name: string, master: RedisServer, password: string | undefined): Promise<RedisServer> {
  const lines = [
    `sentinel monitor ${name} ${HOST} ${master.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
  ];
  return startOnFreePort((folder, port) => ServerProcess.forSentinel(folder, port, `${lines.join('\n')}\n`));
}
