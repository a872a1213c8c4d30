/** The programs of a run: the suite, and the client under test on each Node that it is tested on. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a program ended, and all it printed. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** The client under test, on one Node. */
export interface Client {
  /** What it runs on, such as `Node 20`, and what it offers where that is not the scenario's revision. */
  readonly name: string;
  /** The words that start it. */
  readonly argv: readonly string[];
}

const INSTALL_LIMIT_MS = 300_000;
/** The suite needs Node 22. */
const OLDEST_MAJOR = 22;
const OWN_MAJOR = Number(process.versions.node.split('.')[0]);

const PLACE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = dirname(PLACE);
const RUNTIMES = join(PACKAGE, '..', 'runtimes');
const SUITE = join(PACKAGE, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const NODE_24 = join(RUNTIMES, 'node_modules/node24-linux-x64/bin/node');

/** Runs a program to its end in the folder of the package, and gives its exit code and all it printed. */
export function runToEnd(argv: readonly string[], env: NodeJS.ProcessEnv, limitMs: number): Promise<Ended> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: PACKAGE, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
    const words: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => words.push(chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output: words.join('') }));
  });
}

/** Installs the Node 24 of `test/runtimes` where it is missing. */
export async function installNode24(): Promise<void> {
  if (existsSync(NODE_24)) return;
  const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', RUNTIMES];
  const { exitCode, output } = await runToEnd(install, process.env, INSTALL_LIMIT_MS);
  if (exitCode !== 0) throw new Error(`npm ci in test/runtimes ended with ${exitCode}:\n${output}`);
}

/** The words that start the suite, on a Node that it runs on. */
export const SUITE_ARGV: readonly string[] = [OWN_MAJOR < OLDEST_MAJOR ? NODE_24 : process.execPath, SUITE];

const CLIENT = join(PLACE, 'client.ts');
/** The word that makes the client leave the offer to the library. */
const DEFAULT_OFFER = '--default-offer';

/** This Node, and Node 24, which needs nobody to take the types out; there also with the offer that a host makes that names no revision. */
export const CLIENTS: readonly Client[] = [
  { name: `Node ${OWN_MAJOR}`, argv: [process.execPath, '--import', 'tsx', CLIENT] },
  { name: 'Node 24', argv: [NODE_24, CLIENT] },
  { name: 'Node 24 by default', argv: [NODE_24, CLIENT, DEFAULT_OFFER] },
].filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index);
