/** The words of the command line, sorted: which command, its operands, the options, and the command that starts the server, if one does. */

import { parseArgs } from 'node:util';

import { usageFailure } from './failure.ts';

/** One option of the command line. */
export interface OptionRow {
  readonly short?: string;
  /** What stands for its value in the help; absent, it takes none. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
  /** Whether every command has it; the others are named by the commands that do. */
  readonly common: boolean;
  readonly help: string;
}

/** The name of an option. */
export type OptionName =
  | 'args'
  | 'out'
  | 'task'
  | 'answer'
  | 'no-input'
  | 'for'
  | 'uri'
  | 'json'
  | 'timeout'
  | 'url'
  | 'header'
  | 'header-env'
  | 'token-env'
  | 'oauth'
  | 'client-id'
  | 'client-secret-env'
  | 'client-credentials'
  | 'issuer'
  | 'scope'
  | 'no-browser'
  | 'redirect-port'
  | 'redis'
  | 'session-key'
  | 'reveal'
  | 'root'
  | 'env'
  | 'cwd'
  | 'protocol'
  | 'log-level'
  | 'verbose'
  | 'help'
  | 'version';

/** Every option, in the order of the help. */
export const OPTIONS: Readonly<Record<OptionName, OptionRow>> = Object.freeze({
  args: { value: 'JSON', common: false, help: 'all arguments as one JSON object; @FILE reads it from a file, - from stdin' },
  out: { value: 'FILE', common: false, help: 'save the exact bytes of the first picture, sound or resource, or what the command makes, to FILE' },
  task: { common: false, help: 'run the tool as a task of the server, and wait for its result' },
  answer: { value: 'NAME=VALUE', repeatable: true, common: false, help: 'what a form of the server is answered with, by the name of its field' },
  'no-input': { common: false, help: 'ask nothing at the terminal' },
  for: { value: 'TIME', common: false, help: 'end after this time: 30 (seconds), 500ms, 2m' },
  uri: { value: 'URI', repeatable: true, common: false, help: 'follow the changes of this resource' },
  reveal: { common: false, help: 'show the session id, with which whoever has it can speak in the session' },
  json: { common: true, help: 'print the result as one line of JSON; errors as well' },
  timeout: { value: 'TIME', common: true, help: 'longest wait for the start and for each answer: 30 (seconds), 500ms, 2m (default 30)' },
  url: { value: 'URL', common: true, help: 'speak to the server at this address, instead of starting one' },
  header: { value: `'Name: value'`, repeatable: true, common: true, help: 'with --url: send this header with every request' },
  'header-env': { value: 'Name=VARIABLE', repeatable: true, common: true, help: 'the same, the value taken from a variable of this shell' },
  'token-env': { value: 'VARIABLE', common: true, help: 'with --url: send the bearer token that a variable of this shell holds' },
  oauth: { common: true, help: 'with --url: sign in where the server wants it; at a terminal that is so by itself' },
  'client-id': { value: 'ID', common: true, help: 'with --oauth: the client that you registered; otherwise one is registered' },
  'client-secret-env': { value: 'VARIABLE', common: true, help: 'the variable that holds the secret of the client' },
  'client-credentials': { common: true, help: 'let the client itself in, without anybody signing in' },
  issuer: { value: 'URL', common: true, help: 'the authorization server that knows the client: it is shown to no other' },
  scope: { value: 'SCOPE', repeatable: true, common: true, help: 'with --oauth: ask for this beside what the server says' },
  'no-browser': { common: true, help: 'with --oauth: the browser is elsewhere; the address that it ends at is asked for' },
  'redirect-port': { value: 'PORT', common: true, help: 'with --oauth: the port of 127.0.0.1 that the browser comes back to' },
  redis: { value: 'URL', common: true, help: 'with --url: keep the session in this Redis for the next run; or BAREWIRE_REDIS_URL' },
  'session-key': { value: 'TEXT', common: true, help: 'with --redis: whose session it is, in place of the headers' },
  root: { value: 'DIR', repeatable: true, common: true, help: 'tell the server to work in this folder (a path, or a file:// URI)' },
  env: { value: 'NAME[=VALUE]', repeatable: true, common: true, help: 'give the started server a variable; without a value, this shell\'s' },
  cwd: { value: 'DIR', common: true, help: 'folder in which the server is started' },
  protocol: { value: 'REVISION', common: true, help: 'offer this revision of the protocol only' },
  'log-level': { value: 'LEVEL', common: true, help: 'print what client and server log from this level up, on stderr' },
  verbose: { short: 'v', common: true, help: 'print everything there is to say, on stderr' },
  help: { short: 'h', common: true, help: 'print this help' },
  version: { short: 'V', common: true, help: 'print the version' },
});

/** A command line, read. */
export interface Invocation {
  readonly command: string | undefined;
  readonly operands: readonly string[];
  readonly options: GivenOptions;
  /** What stands after `--`: the program that is the server, and its arguments. */
  readonly serverCommand: readonly string[];
}

/** The options that were given. */
export class GivenOptions {
  readonly #values: ReadonlyMap<OptionName, readonly string[]>;

  constructor(values: ReadonlyMap<OptionName, readonly string[]>) {
    this.#values = values;
  }

  get names(): OptionName[] {
    return [...this.#values.keys()];
  }

  has(name: OptionName): boolean {
    return this.#values.has(name);
  }

  value(name: OptionName): string | undefined {
    return this.#values.get(name)?.[0];
  }

  values(name: OptionName): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

const SEPARATOR = '--';

/** The words that are ours, and those after the first `--`. */
function split(words: readonly string[]): { own: string[]; rest: string[] } {
  const at = words.indexOf(SEPARATOR);
  return at === -1 ? { own: [...words], rest: [] } : { own: words.slice(0, at), rest: words.slice(at + 1) };
}

/** Whether `--json` is asked for: known even of a command line that is otherwise wrong, so that its error is JSON too. */
export function wantsJSON(words: readonly string[]): boolean {
  return split(words).own.includes('--json');
}

const PARSE_TABLE = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, { value, short }]) => [
    name,
    { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short === undefined ? {} : { short }) },
  ]),
);

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

// parseArgs has a strict mode; its messages differ between runtimes and advise a `--` that means something else here.
function checkOption(token: OptionToken, given: ReadonlyMap<OptionName, readonly string[]>): OptionName {
  const { rawName, value, inlineValue } = token;
  if (!Object.hasOwn(OPTIONS, token.name)) throw usageFailure(`there is no option ${rawName}`);
  const name = token.name as OptionName;
  const row = OPTIONS[name];
  if (row.value === undefined && value !== undefined) throw usageFailure(`${rawName} takes no value`);
  // A word that looks like an option is one: `--timeout --json` has lost its time.
  const isLost = value === undefined || (inlineValue === false && value.startsWith('-') && value !== '-');
  if (row.value !== undefined && isLost) throw usageFailure(`${rawName} needs a value: ${rawName} ${row.value}`);
  if (row.repeatable !== true && given.has(name)) throw usageFailure(`${rawName} is given twice`);
  return name;
}

/**
 * Reads the words of a command line. Whether the command is known, and which options and operands it takes, is the
 * matter of the commands.
 *
 * @throws Failure `ERR_CLI_USAGE` for an unknown option, one without its value, with one too many, or given twice.
 */
export function readCommandLine(words: readonly string[]): Invocation {
  const { own, rest } = split(words);
  const { tokens } = parseArgs({ args: own, options: PARSE_TABLE, strict: false, allowPositionals: true, tokens: true });
  const operands: string[] = [];
  const given = new Map<OptionName, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const name = checkOption(token, given);
    given.set(name, [...(given.get(name) ?? []), token.value ?? '']);
  }
  const [command, ...others] = operands;
  return { command, operands: others, options: new GivenOptions(given), serverCommand: rest };
}
