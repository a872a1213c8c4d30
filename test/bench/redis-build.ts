/** The Redis client without the rest of barewire, as a file of its own. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT_ROOT } from '../helpers/tree.ts';
import { joinModules } from '../package/single-file.ts';

const COMPILER = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/**
 * Compiles the client and what it needs, and joins it as the library is joined when it is published. Returns the folder, which the caller removes, and
 * the URL of the entry.
 */
export function buildRedisAlone(): { folder: string; entry: string } {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-bench-redis-'));
  const lib = join(PROJECT_ROOT, 'lib');
  const config = {
    extends: join(PROJECT_ROOT, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, declaration: false, isolatedDeclarations: false },
      ...{ rootDir: lib, outDir: folder, typeRoots: [join(PROJECT_ROOT, 'node_modules', '@types')] },
    },
    include: [],
    files: [join(lib, 'redis', 'redis-client.ts')],
  };
  const path = join(folder, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  execFileSync(process.execPath, [COMPILER, '-p', path], { stdio: ['ignore', 'inherit', 'inherit'] });
  const entry = join(folder, 'index.js');
  writeFileSync(entry, "export { RedisClient } from './redis/redis-client.js';\n");
  joinModules(entry);
  return { folder, entry: pathToFileURL(entry).href };
}
