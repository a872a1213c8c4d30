/** Whole events out of text: the fast way, for what one chunk holds from its first field to its blank line. */

import { COLON, LETTER_A, LETTER_D, LETTER_E, LETTER_I, LETTER_R, LETTER_T, LF, SPACE } from './characters.ts';
import { readField, readId, readRetryMs } from './field.ts';
import type { SSEBounds } from './sse-bounds.ts';
import type { Heard } from './sse-event.ts';

const MESSAGE = 'message';
const DATA_COLON = 5;

/**
 * Reads the events of `text` from `from` on, the beginning of an event, and gives the index where the first event begins that is not whole
 * or that may be over a bound: whoever counts bytes reads it again.
 *
 * @param mostCharacters what an event may have without being over a bound of bytes.
 */
export function readWholeEvents(text: string, from: number, mostCharacters: number, bounds: SSEBounds, heard: Heard): number {
  const { maxEventFields, maxRetryMs } = bounds;
  const { items } = heard;
  // Asked once, as asking for every id costs more.
  const hasNUL = text.includes('\0', from);
  let eventStart = from;
  let start = from;
  let type = '';
  let id: string | undefined;
  let data: string | undefined;
  let fields = 0;
  let lf = text.indexOf('\n', from);
  let cr = text.indexOf('\r', from);
  while (true) {
    const endsWithCR = cr !== -1 && (lf === -1 || cr < lf);
    const end = endsWithCR ? cr : lf;
    const next = endsWithCR && lf === cr + 1 ? end + 2 : end + 1;
    if (end === -1 || end - eventStart > mostCharacters) return eventStart;
    const first = text.charCodeAt(start);
    if (first === LETTER_D && isData(text, start)) {
      if (++fields > maxEventFields) return eventStart;
      const value = dataOf(text, start, end);
      // Mostly an event has one line of data, and it is the last: the blank line after it is looked at, not looked for.
      if (data === undefined && cr === -1 && text.charCodeAt(next) === LF) {
        if (id !== undefined) heard.lastEventId = id;
        items.push({ type: type === '' ? MESSAGE : type, data: value, id });
        type = '';
        id = undefined;
        fields = 0;
        start = eventStart = next + 1;
        lf = text.indexOf('\n', start);
        continue;
      }
      data = data === undefined ? value : `${data}\n${value}`;
    } else if (start === end) {
      if (id !== undefined) heard.lastEventId = id;
      if (data !== undefined || id !== undefined) items.push({ type: type === '' ? MESSAGE : type, data: data ?? '', id });
      type = '';
      id = data = undefined;
      fields = 0;
      eventStart = next;
    } else if (first !== COLON) {
      if (++fields > maxEventFields) return eventStart;
      if (first === LETTER_E) type = readField('event', text, start, end) ?? type;
      else if (first === LETTER_I) {
        const value = readField('id', text, start, end);
        id = hasNUL ? (readId(value) ?? id) : (value ?? id);
      } else if (first === LETTER_R) heard.retryMs = readRetryMs(readField('retry', text, start, end), maxRetryMs) ?? heard.retryMs;
      else if (first === LETTER_D) {
        const value = readField('data', text, start, end);
        if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`;
      }
    }
    start = next;
    if (lf !== -1 && lf < start) lf = text.indexOf('\n', start);
    if (cr !== -1 && cr < start) cr = text.indexOf('\r', start);
  }
}

function isData(text: string, start: number): boolean {
  return (
    text.charCodeAt(start + 1) === LETTER_A &&
    text.charCodeAt(start + 2) === LETTER_T &&
    text.charCodeAt(start + 3) === LETTER_A &&
    text.charCodeAt(start + 4) === COLON
  );
}

function dataOf(text: string, start: number, end: number): string {
  const value = start + DATA_COLON;
  return text.slice(text.charCodeAt(value) === SPACE ? value + 1 : value, end);
}
