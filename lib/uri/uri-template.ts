/** URI templates, all four levels. Source: RFC 6570. */

import { InvalidValueError, LimitError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';
import { encodeReserved, encodeUnreserved } from './percent-encoding.ts';
import { matchParts } from './template-match.ts';
import { parseTemplateParts, templateNames } from './template-syntax.ts';
import type { TemplateOperator, TemplatePart, TemplateVariable } from './template-syntax.ts';

/** One text of a value. */
export type URITemplateText = string | number | boolean;

/** A value of a variable: a text, a list, or texts by name. `undefined` and `null` are no value (RFC 6570 section 2.3), nor is what has no member. */
export type URITemplateValue =
  | URITemplateText
  | readonly (URITemplateText | null | undefined)[]
  | Readonly<{ [name: string]: URITemplateText | null | undefined }>
  | null
  | undefined;

/** A template that was read. */
export interface URITemplate {
  /** The template as it was written. */
  readonly text: string;
  /** The names of its variables in order, each once. */
  readonly variableNames: readonly string[];
  /**
   * What the template is for `values`. Only their own members are read; those that are no variable of the template are not looked at. A variable
   * without a value is left out, as the RFC says.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_URI` for a value of another kind, half a surrogate pair, and a length (`{name:3}`) of a
   * value that is not one text.
   * @throws LimitError `maxURICharacters` for a result that would be longer.
   * @throws TypeError for `values` that are no object.
   */
  expand(values: Readonly<Record<string, URITemplateValue>>): string;
  /**
   * The texts with which the template expands to exactly `uri`, by the names of its variables; `undefined` where there are none. Only for templates with
   * `{name}` and `{+name}` and text between any two of them; for others, and where more than one answer is possible, it is
   * `undefined`. The object has no prototype.
   */
  match(uri: string): Record<string, string> | undefined;
}

const MAX_URI_CHARACTERS = 1_048_576;

/** The values of one variable: the only one of a text, those of a list, or those of names. */
interface Entries {
  readonly kind: 'text' | 'list' | 'named';
  readonly entries: readonly (readonly [name: string, value: string])[];
}

const NO_ENTRIES: Entries = Object.freeze({ kind: 'list', entries: [] });

function unusable(name: string, reason: string): InvalidValueError {
  return new InvalidValueError('ERR_MCP_INVALID_URI', `the variable ${quote(name)} of a URI template ${reason}`, { details: { variable: name, reason } });
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return String(value);
  throw unusable(name, `must be text, a finite number, true or false, or have only these; got ${describe(value)}`);
}

const isNoValue = (value: unknown): boolean => value === undefined || value === null;

function entriesOf(name: string, value: unknown): Entries {
  if (isNoValue(value)) return NO_ENTRIES;
  if (Array.isArray(value)) {
    const present = value.filter((item: unknown) => !isNoValue(item));
    return { kind: 'list', entries: present.map((item: unknown) => ['', textOf(name, item)] as const) };
  }
  if (!isObject(value)) return { kind: 'text', entries: [['', textOf(name, value)]] };
  const present = Object.entries(value).filter(([, item]) => !isNoValue(item));
  return { kind: 'named', entries: present.map(([key, item]) => [key, textOf(name, item)] as const) };
}

/** The first `length` characters of a text, which are code points (RFC 6570 section 2.4.1). */
function firstCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  let end = 0;
  for (let taken = 0; taken < length && end < text.length; taken++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

/** Adds up the characters of one expansion. */
class Expansion {
  #characters = 0;

  add(text: string): string {
    this.#characters += text.length;
    if (this.#characters <= MAX_URI_CHARACTERS) return text;
    throw new LimitError('maxURICharacters', `a URI that a template expands to has at most ${MAX_URI_CHARACTERS} characters`);
  }

  part(part: TemplatePart, values: Readonly<Record<string, unknown>>): string {
    if (typeof part === 'string') return this.add(part);
    const expanded = part.variables.map((variable) => this.#variable(variable, part.operator, values)).filter((text) => text !== undefined);
    return expanded.length === 0 ? '' : part.operator.first + expanded.join(part.operator.separator);
  }

  #variable(variable: TemplateVariable, operator: TemplateOperator, values: Readonly<Record<string, unknown>>): string | undefined {
    const { name, isExploded, length } = variable;
    const { kind, entries } = entriesOf(name, own(values, name));
    if (entries.length === 0) return undefined;
    if (length !== undefined && kind !== 'text') throw unusable(name, 'has a length in the template, so it must be one text');
    const encode = (text: string): string => this.add(this.#encode(name, text, operator));
    if (kind === 'text') {
      const text = entries[0]?.[1] ?? '';
      return withName(name, encode(length === undefined ? text : firstCharacters(text, length)), operator);
    }
    if (!isExploded) {
      const texts = entries.flatMap(([key, text]) => (kind === 'named' ? [encode(key), encode(text)] : [encode(text)]));
      return withName(name, texts.join(','), operator);
    }
    const texts = entries.map(([key, text]) => {
      if (kind === 'list') return withName(name, encode(text), operator);
      return operator.isNamed ? withName(encode(key), encode(text), operator) : `${encode(key)}=${encode(text)}`;
    });
    return texts.join(operator.separator);
  }

  #encode(name: string, text: string, operator: TemplateOperator): string {
    // Before it is encoded, which can make it nine times as long.
    if (text.length > MAX_URI_CHARACTERS) this.add(text);
    try {
      return operator.allowsReserved ? encodeReserved(text) : encodeUnreserved(text);
    } catch {
      throw unusable(name, 'has half a surrogate pair, which no URI can hold');
    }
  }
}

function withName(name: string, text: string, operator: TemplateOperator): string {
  if (!operator.isNamed) return text;
  return text === '' ? name + operator.ifEmpty : `${name}=${text}`;
}

function expandParts(parts: readonly TemplatePart[], values: unknown): string {
  if (!isObject(values)) throw new TypeError(`the values of a URI template must be an object; got ${describe(values)}`);
  const expansion = new Expansion();
  return parts.map((part) => expansion.part(part, values)).join('');
}

/**
 * Reads a template.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_URI` for one that is malformed, with the index where; RFC 6570 section 2.
 * @throws LimitError `maxTemplateCharacters` `maxTemplateExpressions` `maxTemplateVariables` for one that is too large.
 * @throws TypeError for anything but a string.
 */
export function parseURITemplate(text: string): URITemplate {
  if (typeof text !== 'string') throw new TypeError(`a URI template must be a string; got ${describe(text)}`);
  const parts = parseTemplateParts(text);
  const expand = (values: Readonly<Record<string, URITemplateValue>>): string => expandParts(parts, values);
  return Object.freeze({
    text,
    variableNames: templateNames(parts),
    expand,
    match(uri: string): Record<string, string> | undefined {
      const values = matchParts(parts, uri);
      return values !== undefined && expand(values) === uri ? values : undefined;
    },
  });
}

/**
 * What the template `text` is for `values`: {@link parseURITemplate} and {@link URITemplate.expand} in one, for a template that is used once.
 *
 * @throws What both of them throw.
 */
export function expandURITemplate(text: string, values: Readonly<Record<string, URITemplateValue>>): string {
  return parseURITemplate(text).expand(values);
}
