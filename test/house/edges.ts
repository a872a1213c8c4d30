/** Where the house touches the world, as a table: what, and the only files that may. */

import { lineAt, importsOf, maskSource } from './source-text.ts';
import type { MaskedSource } from './source-text.ts';
import type { ProjectFile } from '../helpers/tree.ts';

/** One rule: what is looked for in which part of a source, and the files where it may stand. */
export interface EdgeRule {
  readonly what: string;
  readonly pattern: RegExp;
  readonly part: keyof MaskedSource;
  readonly allowed: readonly string[];
}

const rule = (what: string, pattern: RegExp, allowed: readonly string[] = [], part: keyof MaskedSource = 'code'): EdgeRule => ({ what, pattern, allowed, part });

// `a.process` and `#process` are members, `process: x` and `process?: x` are names of members: neither is the global.
const GLOBAL = (names: string): string => `(?<![.\\w$#])(?:globalThis\\.)?(?:${names})(?![\\w$]|\\??:)`;

const CLOCK = 'lib/base/clock.ts';
const CHILD_PROCESS = 'lib/transport/stdio/child-process.ts';
const PROCESS_GROUP = 'lib/transport/stdio/process-group.ts';
const STDIO_TRANSPORT = 'lib/transport/stdio/stdio-transport.ts';
const WRITE_QUEUE = 'lib/transport/stdio/write-queue.ts';
const COMMAND_LINE = 'lib/cli/main.ts';
const DIAGNOSTICS_BUILTIN = 'lib/servers/diagnostics-builtin.ts';
const REDIS_BUILTINS = 'lib/redis/redis-builtins.ts';
const NODE_FETCH_BUILTINS = 'lib/transport/http/node-fetch-builtins.ts';
const NODE_FETCH_EXCHANGE = 'lib/transport/http/node-fetch-exchange.ts';
const NODE_FETCH_OPTIONS = 'lib/transport/http/node-fetch-options.ts';

/** Inputs, outputs, globals and state, by the only files that may have them. */
export const EDGES: readonly EdgeRule[] = [
  rule('timers', new RegExp(GLOBAL('set(?:Timeout|Interval|Immediate)|clear(?:Timeout|Interval|Immediate)') + '|\\bAbortSignal\\.timeout\\b', 'g'), [CLOCK, COMMAND_LINE]),
  rule('the clock', new RegExp(`${GLOBAL('performance')}|\\bDate\\.now\\b|\\bnew Date\\(\\s*\\)|\\bhrtime\\b`, 'g'), [CLOCK, COMMAND_LINE]),
  rule('random numbers', new RegExp(`\\bMath\\.random\\b|${GLOBAL('crypto')}`, 'g'), [
    'lib/base/digest-parts.ts',
    'lib/connection/unique-prefix.ts',
    'lib/features/tool-digest.ts',
    'lib/oauth/dpop.ts',
    'lib/oauth/jwt.ts',
    'lib/oauth/signing-key.ts',
    'lib/oauth/pkce.ts',
    'lib/oauth/token-keeper.ts',
    'lib/oauth/token-source.ts',
    'lib/redis/redis-backoff.ts',
    'lib/redis/redis-cluster-map.ts',
    'lib/session/redis-digest.ts',
    'lib/session/session-seal.ts',
    'lib/transport/backoff.ts',
  ]),
  rule('the process', new RegExp(GLOBAL('process'), 'g'), [
    CHILD_PROCESS,
    PROCESS_GROUP,
    STDIO_TRANSPORT,
    WRITE_QUEUE,
    COMMAND_LINE,
    NODE_FETCH_BUILTINS,
    NODE_FETCH_EXCHANGE,
    NODE_FETCH_OPTIONS,
    REDIS_BUILTINS,
    // Told of by the channels of the platform, where it has them.
    DIAGNOSTICS_BUILTIN,
  ]),
  rule('listeners on the process', /(?<![.\w])process\s*\.\s*(?:on|once|addListener|prependListener|exit|chdir|umask|emit)\b/g, [COMMAND_LINE]),
  // The others have members and options of that name.
  rule('the network', new RegExp(GLOBAL('fetch|XMLHttpRequest|WebSocket|EventSource|navigator'), 'g'), [
    'lib/servers/http-road.ts',
    'lib/transport/http/http-client.ts',
    'lib/transport/http/platform-fetch.ts',
  ]),
  rule('the console', new RegExp(GLOBAL('console'), 'g')),
  rule('code made from strings', new RegExp(`${GLOBAL('eval')}|(?<![.\\w$#])Function\\s*\\(|\\bnew Function\\b`, 'g')),
  rule('globalThis', /\bglobalThis\b/g),
  rule('module state that changes', /^(?:export\s+)?(?:let|var)\b.*$/gm),
  rule('a module-level collection that is not typed readonly', /^(?:export\s+)?const\s+\w+\s*(?::\s*(?:Weak)?(?:Map|Set)\b[^=]*)?=\s*new\s+(?:Weak)?(?:Map|Set)\b.*$/gm),
  rule('a static member that changes', /^\s+(?:(?:private|public|protected)\s+)?static\s+(?!readonly\b|async\b|get\b)#?\w+\s*(?:[:=;]).*$/gm),
  rule('await at the top of a module', /^(?:await\b|(?:export\s+)?const\b[^\n]*=\s*await\b).*$/gm),
  rule('a date of a protocol revision', /\b20\d\d-[01]\d-[0-3]\d\b/g, ['lib/protocol/versions.ts'], 'withStrings'),
  rule('the type any', /(?<![.\w$#])any\b(?!\s*\()/g),
  rule('a check that is turned off', /@ts-(?:ignore|nocheck|expect-error)|eslint-disable/g, [], 'comments'),
  rule('an enum, a namespace or a module block', /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace|module)\s+\w+.*$/gm),
  rule('a default export', /\bexport\s+default\b|\bas\s+default\b|\bexport\s*=/g),
  rule('export *', /\bexport\s*(?:type\s*)?\*/g),
  rule('require', /\brequire\s*\(\s*['"`]|\bcreateRequire\b/g, [], 'withStrings'),
  rule('using', /\b(?:await\s+)?using\s+[\w$]+\s*=/g),
  // Written so that this file does not hold what it looks for.
  rule('a note of unfinished work', new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`, 'g'), [], 'comments'),
];

/** Modules of Node, by the only files that may import them. */
export const NODE_MODULES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  'node:child_process': [CHILD_PROCESS],
  'node:fs': [CHILD_PROCESS, PROCESS_GROUP],
  'node:path': [CHILD_PROCESS],
  'node:diagnostics_channel': [DIAGNOSTICS_BUILTIN],
  'node:dns': [NODE_FETCH_BUILTINS],
  'node:events': [NODE_FETCH_BUILTINS],
  'node:http': [NODE_FETCH_BUILTINS, 'lib/oauth/redirect-receiver.ts'],
  'node:https': [NODE_FETCH_BUILTINS],
  'node:net': [NODE_FETCH_BUILTINS, REDIS_BUILTINS, 'lib/oauth/ip-address.ts'],
  'node:tls': [REDIS_BUILTINS],
  'node:stream': [WRITE_QUEUE, NODE_FETCH_BUILTINS],
  'node:zlib': [NODE_FETCH_BUILTINS],
  'node:fs/promises': [COMMAND_LINE],
  'node:url': [COMMAND_LINE],
  'node:util': ['lib/cli/command-line.ts'],
});

/** Every place of `file` that breaks one of `rules`, as `path:line: what: text`. */
export function breaches(file: ProjectFile, rules: readonly EdgeRule[] = EDGES): string[] {
  const masked = maskSource(file.text);
  return rules
    .filter((edge) => !edge.allowed.includes(file.path))
    .flatMap((edge) => [...masked[edge.part].matchAll(edge.pattern)].map((match) => ({ edge, match })))
    .map(({ edge, match }) => `${file.path}:${lineAt(file.text, match.index)}: ${edge.what}: ${match[0].trim()}`);
}

/** Every import of a Node module in a file that is not its place. */
export function misplacedNodeImports(file: ProjectFile, places: Readonly<Record<string, readonly string[]>> = NODE_MODULES): string[] {
  const wrong = importsOf(file.text).filter((name) => name.startsWith('node:') && !(places[name] ?? []).includes(file.path));
  return wrong.map((name) => `${file.path} imports ${name}`);
}

/** The rules that name a file where nothing of the kind stands any more: the table says what is, not what was. */
export function staleRules(files: readonly ProjectFile[], rules: readonly EdgeRule[] = EDGES): string[] {
  return rules.flatMap((edge) =>
    edge.allowed
      .filter((path) => {
        const file = files.find((candidate) => candidate.path === path);
        return file === undefined || maskSource(file.text)[edge.part].match(edge.pattern) === null;
      })
      .map((path) => `${path} has none of: ${edge.what}`),
  );
}
