/**
 * Text of a server on its way to a terminal. A server chooses every name, description and result that is printed
 * here, and a terminal obeys what is printed to it; so nothing reaches one that is not visible text.
 */

import { escapeText } from '../index.ts';

/** One line: every control character, line break, bidirectional mark and other hidden character written as an escape. */
export function printableLine(text: string): string {
  return escapeText(text, Number.MAX_SAFE_INTEGER);
}

/** As {@link printableLine}, but line ends (`\n`, `\r\n`) and tabs stay what they are. */
export function printableBlock(text: string): string {
  const lines = text.split(/\r?\n/);
  return lines.map((line) => line.split('\t').map(printableLine).join('\t')).join('\n');
}

// Control, format, private, unassigned and surrogate characters, line and paragraph separators; not the line feed,
// which JSON.stringify writes outside strings only.
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escapeUnits(character: string): string {
  if (character === '\n') return character;
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('');
}

/**
 * `value` as JSON that parses to exactly that value and holds visible characters only: what could drive a terminal
 * is written in JSON's own escapes. On one line, or indented by two spaces.
 */
export function printableJSON(value: unknown, layout: 'line' | 'indented' = 'line'): string {
  const text: string | undefined = JSON.stringify(value, undefined, layout === 'indented' ? 2 : undefined);
  return (text ?? 'null').replace(HIDDEN, escapeUnits);
}

/** The first line of a text that has something in it, or `undefined` where there is none. */
export function firstLine(text: string | undefined): string | undefined {
  const line = text?.split(/[\r\n]+/).find((part) => part.trim() !== '');
  return line === undefined ? undefined : printableLine(line.trim());
}

/** Every line of `text` moved to the right. */
export function indent(text: string, by: string = '  '): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');
}

const BYTE_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size for people: `0 B`, `1023 B`, `1.2 KiB`. */
export function readableSize(bytes: number): string {
  if (!(bytes >= 1024)) return `${bytes} B`;
  let size = bytes / 1024;
  let unit = 0;
  // At 1023.95 the rounded number would be 1024.0 of the smaller unit.
  while (size >= 1023.95 && unit < BYTE_UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size.toFixed(1)} ${BYTE_UNITS[unit]}`;
}
