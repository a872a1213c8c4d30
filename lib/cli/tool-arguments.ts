/** Arguments as words of the command line: `name=value`, `name:=json`, or one JSON object. */

import type { Tool } from '../index.ts';
import { Failure, usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import { isOfType, readParameters, typeOfJSON } from './parameters.ts';
import type { Parameter } from './parameters.ts';

/** One `name=value` or `name:=json`. */
export interface ArgumentWord {
  readonly name: string;
  readonly text: string;
  /** Written with `:=`: the text is JSON whatever the schema says. */
  readonly isJSON: boolean;
}

/**
 * Splits the words at their first `=`.
 *
 * @throws Failure `ERR_CLI_USAGE` for a word without `=` or without a name, and for a name that comes twice.
 */
export function readArgumentWords(words: readonly string[]): ArgumentWord[] {
  const seen = new Set<string>();
  return words.map((word) => {
    const at = word.indexOf('=');
    const isJSON = at > 0 && word[at - 1] === ':';
    const name = word.slice(0, isJSON ? at - 1 : Math.max(at, 0));
    if (name === '') throw usageFailure(`"${word}" is not an argument: write name=value, or name:=json`);
    if (seen.has(name)) throw usageFailure(`the argument "${name}" is given twice`);
    seen.add(name);
    return { name, text: word.slice(at + 1), isJSON };
  });
}

interface Parsed {
  readonly value: unknown;
}

function parse(text: string): Parsed | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The value a word stands for, under what the schema says of its parameter. */
function valueOf({ name, text, isJSON }: ArgumentWord, parameter: Parameter | undefined): unknown {
  const parsed = parse(text);
  if (isJSON) {
    if (parsed === undefined) throw usageFailure(`${name}:= must be followed by JSON; got ${text}`, `for plain text write ${name}=…`);
    return parsed.value;
  }
  const types = parameter?.types;
  const came = parsed === undefined ? 'string' : typeOfJSON(parsed.value);
  if (parsed !== undefined && came !== 'string' && (types === undefined || isOfType(came, types))) return parsed.value;
  if (types === undefined || types.length === 0 || types.includes('string')) return text;
  throw usageFailure(`the argument "${name}" must be ${types.join(' or ')}; got ${text}`, `to send it all the same: ${name}:=json`);
}

/**
 * The arguments of a call. A value that is JSON, and of a type that the tool's schema has for the parameter, is that
 * value; where the schema allows a string, or says nothing, all else is the text as it stands.
 *
 * @throws Failure `ERR_CLI_USAGE` for a text that can be no value of its parameter, and for `:=` without JSON.
 */
export function toolArguments(words: readonly ArgumentWord[], tool: Tool | undefined): Record<string, unknown> {
  const parameters = new Map(readParameters(tool?.inputSchema).map((parameter) => [parameter.name, parameter]));
  return Object.fromEntries(words.map((word) => [word.name, valueOf(word, parameters.get(word.name))]));
}

/** The arguments of a prompt or a completion, which are text always. */
export function textArguments(words: readonly ArgumentWord[]): Record<string, string> {
  return Object.fromEntries(words.map(({ name, text }) => [name, text]));
}

/**
 * The value of `--args`: a JSON object, `@FILE`, or `-` for stdin.
 *
 * @throws Failure `ERR_CLI_FILE` for a file that cannot be read, `ERR_CLI_USAGE` for what is not a JSON object.
 */
export async function readArgumentObject(given: string, io: HostIO): Promise<Record<string, unknown>> {
  const parsed = parse(await argumentText(given, io));
  if (parsed === undefined) throw usageFailure('--args must be JSON', `as in --args '{"a": 1}', --args @file.json or --args -`);
  if (typeOfJSON(parsed.value) !== 'object') throw usageFailure(`--args must be a JSON object; got a JSON ${typeOfJSON(parsed.value)}`);
  return parsed.value as Record<string, unknown>;
}

async function argumentText(given: string, io: HostIO): Promise<string> {
  if (given === '-') return io.readInput();
  if (!given.startsWith('@')) return given;
  const path = given.slice(1);
  try {
    return await io.readFile(path);
  } catch (cause) {
    throw new Failure('ERR_CLI_FILE', `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
