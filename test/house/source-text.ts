/** TypeScript as text: what is code, what is a string, what is a comment; and what it imports. No compiler is asked. */

/** One source three times, each as long as the original, line ends kept, so that positions stay the same. */
export interface MaskedSource {
  /** Comments blanked; strings, templates and regular expressions as they stand. */
  readonly withStrings: string;
  /** Comments blanked, and what is inside of strings, templates and regular expressions. */
  readonly code: string;
  /** The comments only. */
  readonly comments: string;
}

type Kind = 'code' | 'string' | 'comment';

// What may stand before a slash that divides; after anything else it begins a regular expression.
const ENDS_A_VALUE = /[\w$)\]}'"`]$/;
const KEYWORD_BEFORE_VALUE = /\b(?:return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/;

/** Reads the kind of every character of `text`. */
function readKinds(text: string): Kind[] {
  const kinds: Kind[] = new Array<Kind>(text.length).fill('code');
  // Curly brackets that are open inside of each template that is interrupted by `${`.
  const templates: number[] = [];
  let index = 0;
  const mark = (end: number, kind: Kind): void => {
    kinds.fill(kind, index, end);
    index = end;
  };
  const template = (): void => {
    const end = endOfTemplate(text, index + 1);
    if (text[end - 1] === '{') templates.push(0);
    mark(end, 'string');
  };
  while (index < text.length) {
    const character = text[index];
    const open = templates.length - 1;
    if (text.startsWith('//', index) || (index === 0 && text.startsWith('#!'))) mark(endOf(text, '\n', index), 'comment');
    else if (text.startsWith('/*', index)) mark(endOf(text, '*/', index + 2) + 2, 'comment');
    else if (character === '"' || character === "'") mark(endOfQuoted(text, index, character), 'string');
    else if (character === '`') template();
    else if (character === '}' && templates[open] === 0) {
      templates.pop();
      template();
    } else if (character === '/' && beginsPattern(text, kinds, index)) mark(endOfPattern(text, index), 'string');
    else {
      if (character === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1;
      if (character === '}' && open >= 0) templates[open] = (templates[open] ?? 0) - 1;
      index++;
    }
  }
  return kinds;
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? text.length : end;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let end = start + 1;
  while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
  return end + 1;
}

/** The index after the backtick that ends a template, or after the `${` that interrupts it. */
function endOfTemplate(text: string, start: number): number {
  let end = start;
  while (end < text.length) {
    if (text[end] === '`') return end + 1;
    if (text.startsWith('${', end)) return end + 2;
    end += text[end] === '\\' ? 2 : 1;
  }
  return text.length;
}

function beginsPattern(text: string, kinds: readonly Kind[], at: number): boolean {
  let end = at - 1;
  while (end >= 0 && (kinds[end] === 'comment' || /\s/.test(text[end] ?? ''))) end--;
  const before = text.slice(Math.max(0, end - 12), end + 1);
  return !ENDS_A_VALUE.test(before) || KEYWORD_BEFORE_VALUE.test(before);
}

function endOfPattern(text: string, start: number): number {
  let inClass = false;
  for (let end = start + 1; end < text.length; end++) {
    const character = text[end];
    if (character === '\\') end++;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '\n' || (character === '/' && !inClass)) return end + 1;
  }
  return text.length;
}

/** `text` with every character blanked whose kind is not in `kept`. */
function keep(text: string, kinds: readonly Kind[], kept: readonly Kind[]): string {
  return text.replace(/[^\n]/g, (character, index: number) => (kept.includes(kinds[index] ?? 'code') ? character : ' '));
}

/** Splits a source into what is code, what is a string and what is a comment. */
export function maskSource(text: string): MaskedSource {
  const kinds = readKinds(text);
  return { withStrings: keep(text, kinds, ['code', 'string']), code: keep(text, kinds, ['code']), comments: keep(text, kinds, ['comment']) };
}

const IMPORTS =
  /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(.+?)\1|\bimport\s*(['"])(.+?)\3|\bimport\s*\(\s*(['"`])(.*?)\5|\bgetBuiltinModule\s*\(\s*(['"`])(.*?)\7/g;

/** What a source imports, in order: static, re-exported, dynamic, and what `process.getBuiltinModule` is asked for. */
export function importsOf(text: string): string[] {
  const found = [...maskSource(text).withStrings.matchAll(IMPORTS)];
  return found.map((match) => match[2] ?? match[4] ?? match[6] ?? match[8] ?? '');
}

/** The number of the line that holds `index`, from 1. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
