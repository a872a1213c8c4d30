/**
 * The event stream as the HTML standard tells it (sections 9.2.5 and 9.2.6), step by step and over the whole of it, with our two
 * deviations: what the parser is compared with. It knows no chunks, no bounds and no haste.
 */

/** An event, or in place of one that is not UTF-8 the number of its bytes. */
export interface ReferenceItem {
  readonly type: string;
  readonly data: string | undefined;
  readonly invalidBytes: number | undefined;
  readonly id: string | undefined;
}

/** What a stream gave when it ended. */
export interface ReferenceOutcome {
  readonly items: readonly ReferenceItem[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let index = start; index < bytes.length; index++) {
    if (bytes[index] !== 0x0a && bytes[index] !== 0x0d) continue;
    lines.push(bytes.subarray(start, index));
    if (bytes[index] === 0x0d && bytes[index + 1] === 0x0a) index++;
    start = index + 1;
  }
  return lines;
}

function splitField(line: Uint8Array): { readonly name: string; readonly value: Uint8Array } {
  const colon = line.indexOf(0x3a);
  const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(colon === -1 ? line : line.subarray(0, colon));
  if (colon === -1) return { name, value: new Uint8Array(0) };
  return { name, value: line.subarray(line[colon + 1] === 0x20 ? colon + 2 : colon + 1) };
}

function join(values: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value, index) => (index === 0 ? [...value] : [0x0a, ...value])));
}

function toItem(type: string, id: string | undefined, values: readonly Uint8Array[]): ReferenceItem {
  const bytes = join(values);
  const named = { type: type === '' ? 'message' : type, id };
  try {
    return { ...named, data: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), invalidBytes: undefined };
  } catch {
    return { ...named, data: undefined, invalidBytes: bytes.length };
  }
}

/** Everything that the stream `bytes` gives. */
export function readReference(bytes: Uint8Array, maxRetryMs: number): ReferenceOutcome {
  const items: ReferenceItem[] = [];
  let lastEventId = '';
  let retryMs: number | undefined;
  let type = '';
  let id: string | undefined;
  let values: Uint8Array[] = [];
  for (const line of splitLines(bytes)) {
    if (line.length === 0) {
      if (id !== undefined) lastEventId = id;
      if (values.length > 0 || id !== undefined) items.push(toItem(type, id, values));
      [type, id, values] = ['', undefined, []];
      continue;
    }
    if (line[0] === 0x3a) continue;
    const { name, value } = splitField(line);
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(value);
    if (name === 'event') type = text;
    if (name === 'data') values.push(value);
    if (name === 'id' && !text.includes('\0')) id = text;
    if (name === 'retry' && /^[0-9]+$/.test(text)) retryMs = Math.min(Number(text), maxRetryMs);
  }
  return { items, lastEventId, retryMs };
}
