import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../package/build.ts';

/** One client under measurement; `name` is also the name of its file in the folder of its suite. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  /** The name of the client that it is set against; its own where it is a floor itself. */
  readonly floor: string;
}

const benchFolder = import.meta.dirname;
const wanted = readDependencies();

/** Every client over stdio (`peers/`), the floor first and barewire second. */
export const STDIO_PEERS: readonly Peer[] = [
  { name: 'floor', title: 'floor (pipe and JSON)', floor: 'floor' },
  { name: 'ours', title: 'barewire', floor: 'floor' },
  ...[
    ['official-client', '@modelcontextprotocol/client'] as const,
    ['official-sdk', '@modelcontextprotocol/sdk'] as const,
    ['ai-sdk', '@ai-sdk/mcp'] as const,
  ].map(([name, dependency]) => ({ name, title: `${dependency} ${wanted[dependency]}`, floor: 'floor' })),
];

/** Every client over Streamable HTTP (`peers-http/`), each after the floor it is set against. */
export const HTTP_PEERS: readonly Peer[] = [
  { name: 'raw-fetch', title: 'floor: raw fetch', floor: 'raw-fetch' },
  { name: 'ours-fetch', title: 'barewire, fetch', floor: 'raw-fetch' },
  { name: 'official-client', title: `@modelcontextprotocol/client ${wanted['@modelcontextprotocol/client']}`, floor: 'raw-fetch' },
  { name: 'raw-node-http', title: 'floor: raw node:http', floor: 'raw-node-http' },
  { name: 'ours-node-fetch', title: 'barewire, createNodeFetch', floor: 'raw-node-http' },
];

function readDependencies(): Record<string, string> {
  const manifest = JSON.parse(readFileSync(join(benchFolder, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  return manifest.dependencies;
}

function isInstalled(name: string, version: string): boolean {
  const path = join(benchFolder, 'node_modules', name, 'package.json');
  return existsSync(path) && (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version === version;
}

/** Installs the peers of `package-lock.json` unless exactly these are there already. */
export function installPeers(say: (line: string) => void): void {
  if (Object.entries(wanted).every(([name, version]) => isInstalled(name, version))) return;
  say('installing the peers: npm ci in test/bench');
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: benchFolder, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
}

/**
 * Builds `lib/` as it is now into a fresh temporary folder, as it is published.
 * Returns the folder, which the caller removes, and the URL of the entry.
 */
export function buildOurs(say: (line: string) => void): { folder: string; entry: string } {
  say('building lib/');
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-'));
  build(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "sideEffects": false }');
  return { folder, entry: pathToFileURL(join(folder, 'index.js')).href };
}
