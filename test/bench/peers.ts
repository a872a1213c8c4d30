import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../package/build.ts';

/** One client under measurement; `name` is also the name of its file in `peers/`. */
export interface Peer {
  readonly name: string;
  readonly title: string;
}

const benchFolder = import.meta.dirname;
const wanted = readDependencies();

/** Every client, the floor first and barewire second. */
export const PEERS: readonly Peer[] = [
  { name: 'floor', title: 'floor (pipe and JSON)' },
  { name: 'ours', title: 'barewire' },
  ...[
    ['official-client', '@modelcontextprotocol/client'] as const,
    ['official-sdk', '@modelcontextprotocol/sdk'] as const,
    ['ai-sdk', '@ai-sdk/mcp'] as const,
  ].map(([name, dependency]) => ({ name, title: `${dependency} ${wanted[dependency]}` })),
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
