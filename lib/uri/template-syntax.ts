/** What URI templates are written as. Source: RFC 6570 section 2. */

import { InvalidValueError, LimitError } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { encodeReserved } from './percent-encoding.ts';

/** How the expressions of one operator are written. Source: RFC 6570 appendix A. */
export interface TemplateOperator {
  /** What an expression with a value begins with. */
  readonly first: string;
  readonly separator: string;
  /** Whether values are written with the name of their variable. */
  readonly isNamed: boolean;
  /** What follows the name of an empty value. */
  readonly ifEmpty: string;
  /** Whether reserved characters and `%XX` of a value stay as they are. */
  readonly allowsReserved: boolean;
}

/** A variable of an expression. */
export interface TemplateVariable {
  readonly name: string;
  readonly isExploded: boolean;
  /** How many characters of its value are taken; `undefined` where all are. */
  readonly length: number | undefined;
}

/** What stands between braces. */
export interface TemplateExpression {
  readonly operator: TemplateOperator;
  readonly variables: readonly TemplateVariable[];
}

/** Text as it stands in the URI, or an expression. */
export type TemplatePart = string | TemplateExpression;

const MAX_TEMPLATE_CHARACTERS = 8_192;
const MAX_EXPRESSIONS = 256;
const MAX_VARIABLES = 1_024;

const operator = (first: string, separator: string, isNamed: boolean, ifEmpty: string, allowsReserved: boolean): TemplateOperator =>
  Object.freeze({ first, separator, isNamed, ifEmpty, allowsReserved });

const SIMPLE_EXPANSION = operator('', ',', false, '', false);
const EXPANSION_OPERATORS: ReadonlyMap<string, TemplateOperator> = new Map<string, TemplateOperator>([
  ['+', operator('', ',', false, '', true)],
  ['#', operator('#', ',', false, '', true)],
  ['.', operator('.', '.', false, '', false)],
  ['/', operator('/', '/', false, '', false)],
  [';', operator(';', ';', true, '', false)],
  ['?', operator('?', '&', true, '=', false)],
  ['&', operator('&', '&', true, '=', false)],
]);
// RFC 6570 section 2.2: kept for extensions.
const KEPT_OPERATORS = '=,!@|';

// RFC 6570 sections 2.3 and 2.4. No part of it can begin with what another begins with, so it takes one way only.
const VARIABLE_SPECIFIER = /^((?:\w|%[\dA-Fa-f]{2})(?:\.?(?:\w|%[\dA-Fa-f]{2}))*)(\*|:([1-9]\d{0,3}))?$/;
// RFC 6570 section 2.1, with erratum 6937, which allows the apostrophe.
const NO_LITERAL = /[\u0000-\u0020"<>\\^`{|}\u007f-\u009f\ud800-\udfff\ufff0-\uffff\u{e0000}-\u{e0fff}]|\p{Noncharacter_Code_Point}|%(?![\dA-Fa-f]{2})/u;

function malformedTemplate(text: string, index: number, reason: string): InvalidValueError {
  return new InvalidValueError('ERR_MCP_INVALID_URI', `the URI template ${quote(text)} is malformed at index ${index}: ${reason}`, { details: { index, reason } });
}

function literalPart(text: string, start: number, end: number): string {
  const literal = text.slice(start, end);
  const wrong = NO_LITERAL.exec(literal);
  if (wrong === null) return encodeReserved(literal);
  throw malformedTemplate(text, start + wrong.index, wrong[0] === '}' ? 'a closing brace without an opening one' : 'this character may not stand outside of an expression');
}

function expressionPart(text: string, start: number, end: number): TemplateExpression {
  const inner = text.slice(start + 1, end);
  const first = inner.slice(0, 1);
  if (first !== '' && KEPT_OPERATORS.includes(first)) throw malformedTemplate(text, start + 1, 'this operator is kept for extensions');
  const named = EXPANSION_OPERATORS.get(first);
  let at = start + (named === undefined ? 1 : 2);
  const variables = text.slice(at, end).split(',').map((written) => {
    const found = VARIABLE_SPECIFIER.exec(written);
    if (found === null) throw malformedTemplate(text, at, 'a variable is a name of letters, digits, "_", "." and %XX, with "*" or ":" and a length up to 9999 behind it or not');
    at += written.length + 1;
    const [, name = '', modifier, length] = found;
    return { name, isExploded: modifier === '*', length: length === undefined ? undefined : Number(length) };
  });
  return { operator: named ?? SIMPLE_EXPANSION, variables };
}

function tooMany(limit: string, what: string, max: number): LimitError {
  return new LimitError(limit, `a URI template has at most ${max} ${what}`);
}

/**
 * The parts of a template in order; no text is empty, and its characters that a URI cannot hold are encoded.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_URI` for one that is malformed, with the index where.
 * @throws LimitError for one that is too large.
 */
export function parseTemplateParts(text: string): readonly TemplatePart[] {
  if (text.length > MAX_TEMPLATE_CHARACTERS) throw tooMany('maxTemplateCharacters', 'characters', MAX_TEMPLATE_CHARACTERS);
  const parts: TemplatePart[] = [];
  let expressions = 0;
  let variables = 0;
  for (let index = 0; index < text.length; ) {
    const open = text.indexOf('{', index);
    const literalEnd = open === -1 ? text.length : open;
    if (literalEnd > index) parts.push(literalPart(text, index, literalEnd));
    if (open === -1) break;
    const close = text.indexOf('}', open);
    if (close === -1) throw malformedTemplate(text, open, 'an opening brace without a closing one');
    const expression = expressionPart(text, open, close);
    parts.push(expression);
    if (++expressions > MAX_EXPRESSIONS) throw tooMany('maxTemplateExpressions', 'expressions', MAX_EXPRESSIONS);
    if ((variables += expression.variables.length) > MAX_VARIABLES) throw tooMany('maxTemplateVariables', 'variables', MAX_VARIABLES);
    index = close + 1;
  }
  return parts;
}

/** The names of the variables of `parts` in order, each once. */
export function templateNames(parts: readonly TemplatePart[]): readonly string[] {
  const names = parts.flatMap((part) => (typeof part === 'string' ? [] : part.variables.map((variable) => variable.name)));
  return Object.freeze([...new Set(names)]);
}
