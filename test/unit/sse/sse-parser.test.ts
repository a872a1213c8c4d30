import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { LimitError, PeerProtocolError } from '../../../lib/base/errors.ts';
import { toResumableId } from '../../../lib/sse/resumable-id.ts';
import { DEFAULT_SSE_BOUNDS } from '../../../lib/sse/sse-bounds.ts';
import type { SSEBounds } from '../../../lib/sse/sse-bounds.ts';
import type { SSEItem } from '../../../lib/sse/sse-event.ts';
import { SSEParser } from '../../../lib/sse/sse-parser.ts';
import { readReference } from './reference-parser.ts';
import type { ReferenceItem, ReferenceOutcome } from './reference-parser.ts';

interface Case {
  readonly name: string;
  readonly rule: string;
  readonly text?: string;
  readonly hex?: string;
  readonly begins?: boolean;
  readonly events: readonly { readonly type: string; readonly data?: string; readonly invalidBytes?: number; readonly id?: string }[];
  readonly lastEventId?: string;
  readonly retryMs?: number;
}

interface Outcome extends ReferenceOutcome {
  readonly error: LimitError | undefined;
}

const encoder = new TextEncoder();
const BOUNDS = DEFAULT_SSE_BOUNDS;
const FILES = ['lines.json', 'fields.json', 'events.json', 'utf8.json'];

function readCases(file: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(`../../../spec-fixtures/sse/${file}`, import.meta.url), 'utf8')) as readonly Case[];
}

function bytesOf({ text, hex }: Case): Uint8Array {
  return text === undefined ? Uint8Array.from((hex ?? '').match(/../g) ?? [], (pair) => parseInt(pair, 16)) : encoder.encode(text);
}

function outcomeOf({ events, lastEventId, retryMs }: Case): ReferenceOutcome {
  const items = events.map(({ type, data, invalidBytes, id }) => ({ type, data, invalidBytes, id }));
  return { items, lastEventId: lastEventId ?? '', retryMs };
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Numbers below `bound` that are the same in every run. */
function seededNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function cutEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

function cutAtRandom(bytes: Uint8Array, next: (bound: number) => number, longest: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + next(longest + 1);
    chunks.push(bytes.slice(start, end));
    start = end;
  }
  return chunks;
}

/** The whole, byte by byte, in even chunks below and above what the parser decodes at once, and at seeded places, empty chunks among them. */
function cuts(bytes: Uint8Array, seed: number): Uint8Array[][] {
  const next = seededNumbers(seed);
  const even = [1, 2, 3, 7, 31, 128, 129, 200, 1_000].map((size) => cutEvery(bytes, size));
  const random = [3, 10, 40, 150, 300, 600].map((longest) => cutAtRandom(bytes, next, longest));
  return [[bytes], ...even, ...random];
}

function toReference(item: SSEItem): ReferenceItem {
  if (!(item instanceof PeerProtocolError)) return { type: item.type, data: item.data, invalidBytes: undefined, id: item.id };
  assert.equal(item.code, 'ERR_MCP_INVALID_UTF8');
  const { bytes, eventId, eventType } = item.details as { bytes: number; eventId: string | undefined; eventType: string };
  return { type: eventType, data: undefined, invalidBytes: bytes, id: eventId };
}

/** What a parser gives for `chunks` until they end or it throws. Every chunk is written over after it was fed. */
function readChunks(chunks: readonly Uint8Array[], bounds: SSEBounds = BOUNDS): Outcome {
  const parser = new SSEParser(bounds);
  const items: SSEItem[] = [];
  let error: LimitError | undefined;
  for (const chunk of chunks) {
    const copy = chunk.slice();
    try {
      parser.feed(copy, items);
    } catch (thrown) {
      assert.ok(thrown instanceof LimitError, `threw ${String(thrown)}`);
      error = thrown;
      break;
    }
    copy.fill(0x21);
  }
  return { items: items.map(toReference), lastEventId: parser.lastEventId, retryMs: parser.retryMs, error };
}

const done = (outcome: ReferenceOutcome): Outcome => ({ ...outcome, error: undefined });

const smallBounds = (changes: Partial<SSEBounds>): SSEBounds => ({ ...BOUNDS, ...changes });

describe('an event stream is read as the HTML standard, sections 9.2.5 and 9.2.6, and MCP say, wherever its chunks are cut', () => {
  for (const file of FILES) {
    for (const one of readCases(file)) {
      test(`${file} ${one.rule}: ${one.name}`, () => {
        const bytes = bytesOf(one);
        for (const chunks of cuts(bytes, bytes.length)) assert.deepEqual(readChunks(chunks), done(outcomeOf(one)));
      });

      test(`${file} ${one.rule}, in the middle of a long stream: ${one.name}`, () => {
        const bytes = bytesOf(one);
        const around = ['x'.repeat(300), 'é日🧭'.repeat(60)];
        for (const [index, filling] of around.entries()) {
          const before = one.begins ? '' : `: ${filling}\r\ndata: ${filling}\r\n\r\n: ${filling}\n`;
          const expected = outcomeOf(one);
          const first: ReferenceItem[] = one.begins ? [] : [{ type: 'message', data: filling, invalidBytes: undefined, id: undefined }];
          const whole = concat(encoder.encode(before), bytes);
          for (const chunks of cuts(whole, whole.length + index)) {
            assert.deepEqual(readChunks(chunks), done({ ...expected, items: [...first, ...expected.items] }));
          }
        }
      });
    }
  }

  test('every file of the fixture is read', () => {
    for (const file of FILES) assert.ok(readCases(file).length >= 10, file);
  });

  test('the cases are what the standard, followed step by step, gives', () => {
    for (const one of FILES.flatMap(readCases)) assert.deepEqual(readReference(bytesOf(one), BOUNDS.maxRetryMs), outcomeOf(one), one.name);
  });

  test('an event is given with the byte that ends it, after a CR too, without a wait for the next chunk', () => {
    for (const end of ['\n\n', '\r\r', '\r\n\r']) {
      const parser = new SSEParser(BOUNDS);
      const bytes = encoder.encode(`id: 1\ndata: x${end}`);
      assert.deepEqual(parser.feed(bytes.slice(0, -1)), []);
      assert.deepEqual(parser.feed(bytes.slice(-1)), [{ type: 'message', data: 'x', id: '1' }]);
      assert.deepEqual(parser.feed(encoder.encode('\ndata: y\n\n')), [{ type: 'message', data: 'y', id: undefined }]);
    }
  });

  test('streams of seeded pieces give what the standard, followed step by step, gives', { timeout: 60_000 }, () => {
    const long = 'lorem ipsum '.repeat(20);
    const pieces = [
      ...['data', 'data:', 'data: ', 'event: ', 'event:message', 'id: ', 'id:7', 'retry: 12', 'retry:', ':', 'x: ', ' ', 'a'],
      ...['{"a":1}', long, '\0', '1', 'é', '日本', '🧭', '\ufeff', '\ufffd'],
      ...['\ndata: ', '\ndata:', '\rdata: ', '\r\ndata: ', '\n\ndata: ', '\r\n\r\ndata: ', '\nid: ', '\nevent: ', '\n:', '\nretry: 5\n'],
      ...['\n', '\n', '\n\n', '\n\n', '\r', '\r\n', '\r\n\r\n', '\r\r', '\n\r'],
    ].map((piece) => encoder.encode(piece));
    const bad = [[0xff], [0xc3], [0xe6, 0x97], [0xed, 0xa0, 0x80], [0xef, 0xbb]].map((bytes) => Uint8Array.from(bytes));
    let events = 0;
    let invalid = 0;
    for (let seed = 1; seed <= 250; seed++) {
      const next = seededNumbers(seed);
      // A third of the streams is ASCII, a third has other characters, a third is not always UTF-8.
      const from = seed % 3 === 0 ? pieces.filter((piece) => piece.every((byte) => byte < 0x80)) : seed % 3 === 1 ? pieces : [...pieces, ...bad];
      const bytes = concat(...Array.from({ length: 20 + next(150) }, () => from[next(from.length)] as Uint8Array));
      const expected = done(readReference(bytes, BOUNDS.maxRetryMs));
      events += expected.items.length;
      invalid += expected.items.filter((item) => item.data === undefined).length;
      for (const [index, chunks] of cuts(bytes, seed).entries()) assert.deepEqual(readChunks(chunks), expected, `seed ${seed}, cut ${index}`);
    }
    assert.ok(events > 1_000 && invalid > 50, `${events} events, ${invalid} of them invalid`);
  });

  test('long events and chunks over any size that is decoded at once come whole', { timeout: 60_000 }, () => {
    for (const filling of ['abcdefghi ', 'é日🧭']) {
      const texts = [10, 2_000, 100_000, 5, 250_000, 300, 8_000].map((length) => filling.repeat(Math.ceil(length / filling.length)));
      for (const end of ['\n', '\r\n', '\r']) {
        const lines = texts.flatMap((text, index) => ['event: message', `id: ${index}`, `data: ${text}`, `data: ${index}`, '', '']);
        const bytes = encoder.encode(lines.join(end).replaceAll(`${end}${end}${end}`, `${end}${end}`));
        const items = texts.map((text, index) => ({ type: 'message', data: `${text}\n${index}`, invalidBytes: undefined, id: String(index) }));
        for (const size of [7, 500, 1_024, 5_000, 65_536, 200_000, bytes.length]) {
          assert.deepEqual(readChunks(cutEvery(bytes, size)), done({ items, lastEventId: '6', retryMs: undefined }), `${size}`);
        }
      }
    }
  });
});

describe('the end of a stream and a new beginning', () => {
  test('end() discards what is not whole, keeps last event id and reconnection time, and a byte order mark may come again', () => {
    for (const rest of ['data: cut', 'data: cut\n', `data: ${'x'.repeat(500)}`, 'event: cut\nid: 9\n', '\r', 'data: a\r']) {
      const parser = new SSEParser(BOUNDS);
      assert.equal(parser.feed(encoder.encode(`\ufeffid: 1\nretry: 9\ndata: a\n\n${rest}`)).length, 1);
      parser.end();
      assert.equal(parser.lastEventId, '1');
      assert.equal(parser.retryMs, 9);
      assert.deepEqual(parser.feed(encoder.encode('\ufeffdata: b\n\n')), [{ type: 'message', data: 'b', id: undefined }], rest);
      assert.equal(parser.lastEventId, '1');
    }
  });

  test('reset() forgets the rest, the id, the reconnection time and an overflow', () => {
    const parser = new SSEParser(smallBounds({ maxLineBytes: 20 }));
    parser.feed(encoder.encode('id: 1\nretry: 9\n\n'));
    assert.throws(() => parser.feed(encoder.encode('data: 3456789012345678')), LimitError);
    parser.end();
    assert.throws(() => parser.feed(encoder.encode('data: a\n\n')), LimitError);
    parser.reset();
    assert.equal(parser.lastEventId, '');
    assert.equal(parser.retryMs, undefined);
    assert.deepEqual(parser.feed(encoder.encode('\ufeffdata: b\n\n')), [{ type: 'message', data: 'b', id: undefined }]);
  });

  test('items go to the array that is given, and else to a new one each time', () => {
    const parser = new SSEParser(BOUNDS);
    const items: SSEItem[] = [];
    assert.equal(parser.feed(encoder.encode('data: a\n\n'), items), items);
    parser.feed(encoder.encode('data: b\n\n'), items);
    assert.equal(items.length, 2);
    assert.equal(parser.feed(encoder.encode('data: c\n\n')).length, 1);
    assert.deepEqual(parser.feed(new Uint8Array(0)), []);
    assert.equal(items.length, 2);
  });
});

describe('an id is sent back as Last-Event-ID only when it arrives as it is (RFC 9110 section 5.5)', () => {
  test('printable ASCII with white space inside can be sent; nothing else can', () => {
    for (let code = 0; code <= 0x17f; code++) {
      const character = String.fromCharCode(code);
      const isInside = code === 0x09 || (code >= 0x20 && code <= 0x7e);
      assert.equal(toResumableId(`a${character}b`, 10), isInside ? `a${character}b` : undefined, `inside: ${code}`);
      const isAlone = code >= 0x21 && code <= 0x7e;
      for (const id of [character, `${character}b`, `a${character}`]) assert.equal(toResumableId(id, 10), isAlone ? id : undefined, `at an end: ${code}`);
    }
    for (const id of ['', ' ', undefined, '日', '\u2028', '🧭', '\ufffd']) assert.equal(toResumableId(id, 10), undefined);
  });

  test('an id over the bound is kept on the event and as last event id, and is not sent', () => {
    for (const [length, isSent] of [[9, true], [10, true], [11, false]] as const) {
      const parser = new SSEParser(smallBounds({ maxEventIdCharacters: 10 }));
      const id = 'i'.repeat(length);
      assert.deepEqual(parser.feed(encoder.encode(`id: ${id}\n\n`)), [{ type: 'message', data: '', id }]);
      assert.equal(parser.lastEventId, id);
      assert.equal(parser.resumableId, isSent ? id : undefined);
    }
  });

  test('an id that cannot be sent takes the place of the one before, which would resume elsewhere', () => {
    const parser = new SSEParser(BOUNDS);
    parser.feed(encoder.encode('id: 1\n\n'));
    assert.equal(parser.resumableId, '1');
    parser.feed(encoder.encode('id: é\n\n'));
    assert.equal(parser.lastEventId, 'é');
    assert.equal(parser.resumableId, undefined);
  });
});

describe('bounds on a line, on an event and on its fields end the stream as soon as they are passed', () => {
  interface Row {
    readonly name: string;
    readonly bounds: Partial<SSEBounds>;
    readonly stream: (size: number) => string;
  }
  const rows: readonly Row[] = [
    { name: 'a line of data', bounds: { maxLineBytes: 400 }, stream: (size) => `data: ${'x'.repeat(size + 394)}` },
    { name: 'a comment', bounds: { maxLineBytes: 400 }, stream: (size) => `:${'x'.repeat(size + 399)}` },
    { name: 'an unknown field', bounds: { maxLineBytes: 400 }, stream: (size) => 'x'.repeat(size + 400) },
    { name: 'a line of two bytes a character', bounds: { maxLineBytes: 400 }, stream: (size) => `data: ${'é'.repeat(196)}${'x'.repeat(size + 2)}` },
    { name: 'the data of an event in one line', bounds: { maxEventBytes: 400 }, stream: (size) => `data: ${'x'.repeat(size + 400)}` },
    { name: 'data without a space', bounds: { maxEventBytes: 400 }, stream: (size) => `data:${'x'.repeat(size + 400)}` },
    { name: 'the data of an event in many lines, LF counted', bounds: { maxEventBytes: 400 }, stream: (size) => `${'data: xxx\n'.repeat(99)}data: ${'x'.repeat(size + 4)}` },
    { name: 'data of three bytes a character', bounds: { maxEventBytes: 400 }, stream: (size) => `data: ${'日'.repeat(133)}${'x'.repeat(size + 1)}` },
  ];
  for (const { name, bounds, stream } of rows) {
    test(`${name}: one under, at, one over, before its end comes`, () => {
      for (const size of [-1, 0, 1]) {
        const before = encoder.encode('data: before\n\n');
        const open = concat(before, encoder.encode(stream(size)));
        const whole = concat(open, encoder.encode('\n\ndata: after\n\n'));
        for (const chunks of [...cuts(open, size), ...(size === 1 ? cuts(whole, 9) : [])]) {
          const { items, error } = readChunks(chunks, smallBounds(bounds));
          assert.deepEqual(items.map((item) => item.data), ['before']);
          assert.equal(error?.details['limit'], size === 1 ? 'maxMessageBytes' : undefined, `${size}`);
          if (size === 1) assert.equal(error?.details['most'], 400);
        }
        if (size === 1) continue;
        for (const chunks of cuts(whole, size)) {
          const { items, error } = readChunks(chunks, smallBounds(bounds));
          assert.equal(error, undefined);
          assert.equal(items.at(-1)?.data, 'after');
        }
      }
    });
  }

  test('at the bound of an event, a field whose name begins with "data" is not data', () => {
    const bytes = encoder.encode('data: 1234567890\ndatax: 1\ndata2\nid: 1\n: data: 1\n\n');
    for (const chunks of cuts(bytes, 4)) {
      const { items, error } = readChunks(chunks, smallBounds({ maxEventBytes: 10 }));
      assert.equal(error, undefined);
      assert.deepEqual(items, [{ type: 'message', data: '1234567890', invalidBytes: undefined, id: '1' }]);
    }
  });

  test('fields: one under, at, one over; known or not, comments not counted', () => {
    for (const line of ['data: x\n', 'x\n', 'id: 1\n', 'retry: x\n', 'event: e\n: comment\n:\n']) {
      for (const count of [39, 40, 41]) {
        const bytes = encoder.encode(`data: before\n\n${line.repeat(count)}`);
        for (const chunks of cuts(bytes, count)) {
          const { items, error } = readChunks(chunks, smallBounds({ maxEventFields: 40 }));
          assert.deepEqual(items.map((item) => item.data), ['before']);
          assert.equal(error?.details['limit'], count === 41 ? 'maxEventFields' : undefined);
        }
      }
    }
  });

  test('from then on the same error is thrown, whatever comes', () => {
    const parser = new SSEParser(smallBounds({ maxEventBytes: 10 }));
    let first: unknown;
    try {
      parser.feed(encoder.encode('data: 12345678901'));
    } catch (error) {
      first = error;
    }
    assert.ok(first instanceof LimitError);
    assert.throws(() => parser.feed(encoder.encode('\n\n')), (error) => error === first);
    assert.throws(() => parser.feed(new Uint8Array(0)), (error) => error === first);
  });

  test('bytes of seeded noise throw nothing but the same LimitError at the same place, wherever they are cut', { timeout: 60_000 }, () => {
    const alphabet = encoder.encode('\n\n\n\r\r:: daetvniry17\0xé日');
    let overflows = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const next = seededNumbers(seed * 7919);
      const words = ['data: ', 'data', 'id:', 'event: ', '\n', '\n\n'].map((word) => encoder.encode(word));
      const noise = (): Uint8Array => Uint8Array.of(seed % 4 === 0 ? next(256) : (alphabet[next(alphabet.length)] as number));
      const bytes = concat(...Array.from({ length: 300 }, () => (next(4) === 0 ? (words[next(words.length)] as Uint8Array) : noise())));
      const bounds = smallBounds({ maxLineBytes: 15 + next(30), maxEventBytes: 8 + next(40), maxEventFields: 3 + next(10) });
      const [expected, ...others] = cuts(bytes, seed).map((chunks) => readChunks(chunks, bounds));
      if (expected?.error !== undefined) overflows += 1;
      for (const [index, other] of others.entries()) {
        assert.deepEqual({ ...other, error: other.error?.message }, { ...expected, error: expected?.error?.message }, `seed ${seed}, cut ${index}`);
      }
    }
    assert.ok(overflows > 40 && overflows < 200, `${overflows} overflows`);
  });
});

describe('a hostile stream costs time in its bytes and memory within its bounds', () => {
  const MiB = 1024 * 1024;

  /** How often `chunk` can be fed, up to `most` times, before the parser throws. */
  function feedUntilRefused(parser: SSEParser, chunk: Uint8Array, most: number): number {
    for (let fed = 0; fed < most; fed++) {
      try {
        assert.equal(parser.feed(chunk).length, 0);
      } catch (error) {
        assert.ok(error instanceof LimitError);
        return fed;
      }
    }
    return most;
  }

  test('an endless line ends at the bound, in chunks of any size', { timeout: 30_000 }, () => {
    for (const size of [1, 100, 1_000, 64 * 1024]) {
      for (const byte of [0x3a, 0x78, 0xe9]) {
        const fed = feedUntilRefused(new SSEParser(smallBounds({ maxLineBytes: MiB })), new Uint8Array(size).fill(byte), 2 * MiB);
        assert.equal(fed, Math.floor(MiB / size), `${size}`);
      }
    }
  });

  test('an endless event of short lines ends at the bound of its bytes or of its fields', { timeout: 30_000 }, () => {
    const bounds = smallBounds({ maxEventBytes: MiB, maxEventFields: 100_000 });
    const rows = [['data:\n', 100_000], ['data: 123456789012345\n', MiB / 16], ['x\n', 100_000], ['id: 1\n', 100_000], ['data:\r', 100_000]] as const;
    for (const [line, most] of rows) {
      for (const repeat of [1, 1_000]) {
        const fed = feedUntilRefused(new SSEParser(bounds), encoder.encode(line.repeat(repeat)), 200_000);
        assert.ok(fed === Math.floor(most / repeat) || fed === most / repeat, `${line} × ${repeat}: ${fed}`);
      }
    }
  });

  test('millions of empty lines and comments, before an event and within one, hold no memory', { timeout: 60_000 }, () => {
    const parser = new SSEParser(BOUNDS);
    const open = 'data: open\n';
    const floods = [['', '\n'], ['', '\r\n'], ['', ':\n'], ['', ': keep alive é\n\n'], [open, ': keep alive\n'], [open, ': keep alive é\r\n']] as const;
    for (const [opening, line] of floods) {
      const flood = encoder.encode(line.repeat(Math.floor((64 * 1024) / line.length)));
      parser.feed(encoder.encode(opening));
      parser.feed(flood);
      const before = process.memoryUsage().rss;
      for (let fed = 0; fed < 100; fed++) assert.equal(parser.feed(flood).length, 0);
      const grown = process.memoryUsage().rss - before;
      assert.ok(grown < 64 * MiB, `${grown} bytes more`);
      assert.deepEqual(parser.feed(encoder.encode('data: x\n\n')).map((item) => toReference(item).data), [opening === '' ? 'x' : 'open\nx']);
    }
  });

  test('an event in small chunks takes time in its bytes, where keeping one string and searching it again does not', { timeout: 60_000 }, () => {
    const milliseconds = (action: () => void): number => {
      const began = performance.now();
      action();
      return performance.now() - began;
    };
    const least = (action: () => void): number => Math.min(...Array.from({ length: 15 }, () => milliseconds(action)));
    const chunksOf = (size: number): Uint8Array[] => cutEvery(encoder.encode(`data: ${'x'.repeat(size)}\n\n`), 7);
    const control = (chunks: readonly Uint8Array[]): void => {
      let kept = new Uint8Array(0);
      for (const chunk of chunks) {
        kept = concat(kept, chunk) as Uint8Array<ArrayBuffer>;
        if (kept.lastIndexOf(0x0a) === 0) throw new Error('found');
      }
    };
    const ours = (chunks: readonly Uint8Array[]): void => {
      const parser = new SSEParser(BOUNDS);
      assert.equal(chunks.reduce((sum, chunk) => sum + parser.feed(chunk).length, 0), 1);
    };
    const [short, long] = [chunksOf(50_000), chunksOf(400_000)];
    ours(long);
    const [ourShort, ourLong] = [least(() => ours(short)), least(() => ours(long))];
    const [fewChunks, manyChunks] = [chunksOf(25_000), chunksOf(200_000)];
    control(fewChunks);
    const [controlShort, controlLong] = [least(() => control(fewChunks)), milliseconds(() => control(manyChunks))];
    assert.ok(ourLong / ourShort < 24, `ours: ${ourShort} ms, then ${ourLong} ms for eight times as much`);
    assert.ok(controlLong / controlShort > 24, `control: ${controlShort} ms, then ${controlLong} ms for eight times as much`);
  });
});
