/** Text of a peer on its way into an error, a log line or a terminal. */

import { DEFAULT_LIMITS } from './limits.ts';

// C0 and C1 controls, soft hyphen, zero-width and bidirectional marks, line and paragraph separators, the byte order
// mark, interlinear marks, fillers that show nothing, lone surrogates, Unicode tags and supplementary variation selectors: what
// can hide text, reorder it or drive a terminal.
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * `text` with every character that could drive a terminal, break a line or hide other text written as an escape, cut
 * at `maxCharacters` with a mark that says how much is missing.
 */
export function escapeText(text: string, maxCharacters: number = DEFAULT_LIMITS.maxErrorTextCharacters): string {
  const kept = text.length > maxCharacters ? text.slice(0, maxCharacters) : text;
  const escaped = kept.replace(UNSAFE, escapeCharacter);
  return kept === text ? escaped : `${escaped}… (${text.length - maxCharacters} more characters)`;
}

/** {@link escapeText} between double quotes, inner quotes and backslashes escaped: a name or a value in a message. */
export function quote(text: string, maxCharacters: number = 100): string {
  return `"${escapeText(text.replace(/["\\]/g, '\\$&'), maxCharacters)}"`;
}
