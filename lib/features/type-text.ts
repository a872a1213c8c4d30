/** Types of TypeScript as text. What a server says is in them only as the text of a literal or of a comment. */

import { escapeText } from '../base/text.ts';

/** A type, and what it has to be put in brackets for. */
export interface TypeText {
  readonly text: string;
  readonly form: 'simple' | 'union' | 'intersection';
}

/** A type that needs no brackets. */
export function simple(text: string): TypeText {
  return { text, form: 'simple' };
}

export const UNKNOWN: TypeText = simple('unknown');
export const NEVER: TypeText = simple('never');
export const NULL: TypeText = simple('null');

const MOST_NAME_CHARACTERS = 60;
const MOST_COMMENT_CHARACTERS = 4_000;
const MOST_COMMENT_LINES = 100;
const PLAIN_NAME = /^[A-Za-z_$][\w$]*$/;

/** `type` as a part of something that binds more tightly than `|` and `&`. */
export function inBrackets({ text, form }: TypeText): string {
  return form === 'simple' ? text : `(${text})`;
}

/** What is one of `types`; one that is named twice counts once. */
export function unionOf(types: readonly TypeText[]): TypeText {
  const kept = distinct(types.filter(({ text }) => text !== NEVER.text));
  const [first = NEVER, ...others] = kept;
  if (others.length === 0) return first;
  if (kept.some(({ text }) => text === UNKNOWN.text)) return UNKNOWN;
  return { text: kept.map((type) => (type.form === 'intersection' ? inBrackets(type) : type.text)).join(' | '), form: 'union' };
}

/** What is all of `types`. */
export function intersectionOf(types: readonly TypeText[]): TypeText {
  const kept = distinct(types.filter(({ text }) => text !== UNKNOWN.text));
  const [first = UNKNOWN, ...others] = kept;
  return others.length === 0 ? first : { text: kept.map(inBrackets).join(' & '), form: 'intersection' };
}

function distinct(types: readonly TypeText[]): TypeText[] {
  return [...new Map(types.map((type) => [type.text, type])).values()];
}

/** The literal of a text: one line, and nothing in it that ends it, hides or drives a terminal. */
export function textLiteral(text: string): string {
  return `'${escapeText(text.replace(/['\\]/g, '\\$&'), Infinity)}'`;
}

/** The name of a member, in quotes where it has to be. */
export function memberName(name: string): string {
  return PLAIN_NAME.test(name) ? name : textLiteral(name);
}

/** `words` as a name of a type: letters and digits of ASCII, each word with a large letter. */
export function typeName(words: string): string {
  const parts = words.slice(0, MOST_NAME_CHARACTERS).split(/[^A-Za-z0-9]+/);
  const name = parts.map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join('');
  return /^\d/.test(name) ? `_${name}` : name;
}

/** A comment of documentation, one line end behind it; empty where there is nothing to say. */
export function docComment(text: unknown, indent: string): string {
  if (typeof text !== 'string' || text.trim() === '') return '';
  const kept = text.length > MOST_COMMENT_CHARACTERS ? `${text.slice(0, MOST_COMMENT_CHARACTERS)}…` : text;
  const lines = kept.trim().split(/\r\n?|\n/).slice(0, MOST_COMMENT_LINES).map(commentLine);
  const [only = '', ...others] = lines;
  if (others.length === 0) return `${indent}/** ${only} */\n`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`, ''].join('\n');
}

// A tag means something to who reads the comment: to a compiler, that a check is off; to an editor, a link.
function commentLine(line: string): string {
  const spaced = line.replaceAll('\t', '  ').trimEnd();
  return escapeText(spaced, Infinity).replaceAll('*/', '*\\/').replace(/(?<![A-Za-z0-9])@/g, '\\@');
}
