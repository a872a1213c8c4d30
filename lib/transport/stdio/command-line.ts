/**
 * A command as words: read from one text as a POSIX shell reads words, or given as an argv array. No shell runs, and
 * nothing is expanded. An error says where and what kind, and never shows a word: words may hold secrets.
 */

const BACKSLASH = '\\';
const NEWLINE = '\n';
// The characters that begin an operator. Source: POSIX.1-2017 XCU 2.10.2, with the redirections of 2.7.
const OPERATORS = '|&;<>()';
// Inside double quotes a backslash is an escape only before these. Source: POSIX.1-2017 XCU 2.2.3.
const ESCAPED_IN_DOUBLE_QUOTES = '$`"\\';

const SHELL_ADVICE = "no shell is used; quote it where it belongs to a word, or pass an argv array, or ['sh', '-c', …] where a shell is meant";

/** A piece of text that was read, and the index behind it. */
interface Piece {
  readonly value: string;
  readonly end: number;
}

/**
 * The words of `text`, split as a POSIX shell splits them: single quotes, double quotes, backslash, line continuation,
 * comments (`#` where a word would begin, up to the end of the line), adjacent parts joined to one word. Nothing is
 * expanded: `$`, `` ` ``, `*`, `?`, `~` and `=` are ordinary characters. Newlines may stand before and after the
 * command. On Windows the same rules hold, so an unquoted backslash of a path is eaten: pass an argv array there.
 *
 * Source: POSIX.1-2017 XCU 2.2 (quoting) and 2.3 (token recognition).
 * @throws TypeError for a quote or an escape without end, an unquoted `|`, `&`, `;`, `<`, `>`, `(` or `)`, words behind a
 * newline (which ends a command in a shell), no word at all, an empty first word, and a NUL.
 */
export function splitCommandLine(text: string): string[] {
  const words: string[] = [];
  let gap = skipGap(text, 0);
  while (gap.end < text.length) {
    if (words.length > 0 && gap.hasNewline) {
      throw new TypeError(`command has a second line at character ${gap.end}, and a newline ends a command: ${SHELL_ADVICE}`);
    }
    const word = readWord(text, gap.end);
    words.push(word.value);
    gap = skipGap(text, word.end);
  }
  if (words.length === 0) throw new TypeError('command must hold at least one word; got none');
  checkArgv(words);
  return words;
}

/** Passes over what stands between words. A continued line is no newline: it is gone before words are recognized. */
function skipGap(text: string, start: number): { readonly end: number; readonly hasNewline: boolean } {
  let end = start;
  let hasNewline = false;
  for (;;) {
    const character = text[end];
    if (character === ' ' || character === '\t') end += 1;
    else if (character === BACKSLASH && text[end + 1] === NEWLINE) end += 2;
    else if (character === '#') end = endOfLine(text, end);
    else if (character === NEWLINE) [end, hasNewline] = [end + 1, true];
    else return { end, hasNewline };
  }
}

function endOfLine(text: string, start: number): number {
  const newline = text.indexOf(NEWLINE, start);
  return newline === -1 ? text.length : newline;
}

/** The word that begins at `start`, its quotes removed. */
function readWord(text: string, start: number): Piece {
  let value = '';
  let index = start;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === ' ' || character === '\t' || character === NEWLINE) break;
    if (OPERATORS.includes(character)) throw new TypeError(`command has an unquoted ${character} at character ${index}: ${SHELL_ADVICE}`);
    const piece = readPiece(text, index, character);
    value += piece.value;
    index = piece.end;
  }
  return { value, end: index };
}

function readPiece(text: string, start: number, character: string): Piece {
  if (character === "'") return readSingleQuoted(text, start);
  if (character === '"') return readDoubleQuoted(text, start);
  if (character === BACKSLASH) return readEscaped(text, start);
  return { value: character, end: start + 1 };
}

function readSingleQuoted(text: string, start: number): Piece {
  const close = text.indexOf("'", start + 1);
  if (close === -1) throw new TypeError(`command has a single quote at character ${start} that is never closed`);
  return { value: text.slice(start + 1, close), end: close + 1 };
}

function readDoubleQuoted(text: string, start: number): Piece {
  let value = '';
  let index = start + 1;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === '"') return { value, end: index + 1 };
    const next = text.charAt(index + 1);
    if (character === BACKSLASH && next === NEWLINE) {
      index += 2;
    } else if (character === BACKSLASH && next !== '' && ESCAPED_IN_DOUBLE_QUOTES.includes(next)) {
      value += next;
      index += 2;
    } else {
      value += character;
      index += 1;
    }
  }
  throw new TypeError(`command has a double quote at character ${start} that is never closed`);
}

function readEscaped(text: string, start: number): Piece {
  const escaped = text.charAt(start + 1);
  // Left open by POSIX, and read differently by the shells there are.
  if (escaped === '') throw new TypeError(`command ends in a backslash that escapes nothing, at character ${start}`);
  return { value: escaped === NEWLINE ? '' : escaped, end: start + 2 };
}

/**
 * `value` as an argv array: a frozen copy, so that what the host changes later changes nothing here. The first element
 * is the program; the others may be empty.
 *
 * @throws TypeError naming the index and the kind of what came, never its text.
 */
export function checkArgv(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new TypeError(`command must be an array of strings; got ${kindOf(value)}`);
  const elements: readonly unknown[] = Array.from(value);
  if (elements.length === 0) throw new TypeError('command must hold at least one string; got an empty array');
  return Object.freeze(elements.map(checkArgument));
}

function checkArgument(value: unknown, index: number): string {
  if (typeof value !== 'string') throw new TypeError(`command[${index}] must be a string; got ${kindOf(value)}`);
  if (value === '' && index === 0) throw new TypeError('command[0] must name a program; got an empty string');
  // The operating system would end the argument there.
  if (value.includes('\0')) throw new TypeError(`command[${index}] must not contain a NUL character`);
  return value;
}

/** The kind and nothing more: a number, too, may be a secret. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
