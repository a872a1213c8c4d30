import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LimitError, RedisError } from '../../../lib/base/errors.ts';
import { DEFAULT_RESP_BOUNDS } from '../../../lib/resp/resp-bounds.ts';
import type { RESPBounds } from '../../../lib/resp/resp-bounds.ts';
import { RESPDecoder } from '../../../lib/resp/resp-decoder.ts';
import { RESPError } from '../../../lib/resp/resp-error.ts';
import type { RESPReply } from '../../../lib/resp/resp-reply.ts';
import { assertGives, bytesOfHex, bytesOfStream, cutEvery, cuttings, decodeChunks, factsOf, itemsOfJSON, joinBytes, readRESPCases, seededBelow, seededReply } from './wire.ts';
import type { Stream } from './wire.ts';

interface ReplyCase extends Stream {
  readonly name: string;
  readonly rule: string;
  readonly gives: readonly unknown[];
}

const encoder = new TextEncoder();
const bytes = (text: string): Uint8Array => encoder.encode(text);
const REPLIES = readRESPCases<ReplyCase>('replies.json');
const MALFORMED = readRESPCases<Stream & { readonly name: string }>('malformed.json');

describe('replies are read as the specification of RESP says, wherever the chunks are cut', () => {
  for (const one of REPLIES) {
    test(`${one.rule}: ${one.name}`, () => {
      const stream = bytesOfStream(one);
      const expected = itemsOfJSON(one.gives);
      for (const chunks of cuttings(stream, stream.length)) assertGives(chunks, expected);
    });

    test(`${one.rule}, among other replies: ${one.name}`, () => {
      const stream = joinBytes(bytes(`+before\r\n$40\r\n${'é'.repeat(20)}\r\n`), bytesOfStream(one), bytes('*2\r\n:1\r\n$2\r\nab\r\n_\r\n'));
      const expected = ['before', 'é'.repeat(20), ...itemsOfJSON(one.gives), [1, 'ab'], null];
      for (const chunks of cuttings(stream, stream.length)) assertGives(chunks, expected);
    });
  }

  test('500 seeded replies of all types, in and beside each other', () => {
    const below = seededBelow(7);
    const made = Array.from({ length: 500 }, () => seededReply(below));
    const stream = bytes(made.map(({ wire }) => wire).join(''));
    const expected = made.map(({ reply }) => reply);
    for (const chunks of cuttings(stream, 11)) assertGives(chunks, expected);
  });
});

describe('a malformed reply is refused at its first wrong byte, and not waited for', () => {
  for (const one of MALFORMED) {
    test(one.name, () => {
      const stream = bytesOfStream(one);
      const until = decodeChunks([stream.slice(0, -1)]);
      assert.deepEqual(until, { items: [], error: undefined }, 'nothing is wrong before the last byte');
      const { error } = decodeChunks([stream]);
      assert.ok(error instanceof RedisError);
      assert.equal(error.code, 'ERR_MCP_REDIS_PROTOCOL');
      const around = joinBytes(bytes('+one\r\n*1\r\n:2\r\n'), stream, bytes('\r\n+more\r\n'));
      for (const chunks of [...cuttings(stream, 1), ...cuttings(around, 2)]) {
        const given = decodeChunks(chunks);
        assert.deepEqual(factsOf(given.error), factsOf(error));
        if (chunks.length > 0 && given.items.length > 0) assert.deepEqual(given.items, ['one', [2]]);
      }
      assert.deepEqual(decodeChunks([around]).items, ['one', [2]], 'what came whole before is handed out');
    });
  }

  test('every reply cut short is waited for: the end of a connection is not a matter of the decoder', () => {
    for (const one of REPLIES) {
      const stream = bytesOfStream(one);
      for (let end = 0; end < stream.length; end++) assert.equal(decodeChunks([stream.slice(0, end)]).error, undefined, `${one.name}, ${end} bytes`);
    }
  });

  test('the error shows the byte, and nothing of what stood around it', () => {
    const { error } = decodeChunks([bytes('$6\r\nsecretX')]);
    assert.equal(error?.message, 'Expected CRLF after the bytes of a string; got the byte 0x58');
    assert.deepEqual(error.details, { expected: 'CRLF after the bytes of a string', byte: 0x58 });
  });
});

describe('bounds', () => {
  const small: Partial<RESPBounds> = { maxBulkBytes: 100, maxElements: 10, maxDepth: 3, maxLineBytes: 40 };
  const rows: readonly (readonly [limit: string, name: string, last: string, first: string])[] = [
    ['maxRedisBulkBytes', 'a bulk string', `$100\r\n${'x'.repeat(100)}\r\n`, '$101'],
    ['maxRedisBulkBytes', 'a bulk string beyond every number', `$100\r\n${'x'.repeat(100)}\r\n`, '$999'],
    ['maxRedisBulkBytes', 'a bulk error', `!100\r\n${'x'.repeat(100)}\r\n`, '!101'],
    ['maxRedisBulkBytes', 'a verbatim string', `=100\r\ntxt:${'x'.repeat(96)}\r\n`, '=101'],
    ['maxRedisBulkBytes', 'the parts of a streamed string together', `$?\r\n;60\r\n${'x'.repeat(60)}\r\n;40\r\n${'x'.repeat(40)}\r\n;0\r\n`, `$?\r\n;60\r\n${'x'.repeat(60)}\r\n;41`],
    ['maxRedisElements', 'an array', `*10\r\n${':1\r\n'.repeat(10)}`, '*11'],
    ['maxRedisElements', 'a map, keys and values', `%5\r\n${':1\r\n'.repeat(10)}`, '%6'],
    ['maxRedisElements', 'a set', `~10\r\n${':1\r\n'.repeat(10)}`, '~11'],
    ['maxRedisElements', 'a push', `>10\r\n${'+k\r\n'.repeat(10)}`, '>11'],
    ['maxRedisElements', 'all levels together', `*2\r\n*4\r\n${':1\r\n'.repeat(4)}*4\r\n${':1\r\n'.repeat(4)}`, `*2\r\n*4\r\n${':1\r\n'.repeat(4)}*5`],
    ['maxRedisElements', 'a streamed array', `*?\r\n${':1\r\n'.repeat(10)}.\r\n`, `*?\r\n${':1\r\n'.repeat(11)}`],
    ['maxRedisElements', 'arrays in a streamed array', `*?\r\n${'*0\r\n'.repeat(10)}.\r\n`, `*?\r\n${'*0\r\n'.repeat(11)}`],
    ['maxRedisElements', 'attributes without anything in them', `${'|0\r\n'.repeat(10)}+x\r\n`, '|0\r\n'.repeat(11)],
    ['maxRedisDepth', 'arrays', '*1\r\n*1\r\n*1\r\n:1\r\n', '*1\r\n*1\r\n*1\r\n*1\r\n'],
    ['maxRedisDepth', 'empty arrays', '*1\r\n*1\r\n*0\r\n', '*1\r\n*1\r\n*1\r\n*0\r\n'],
    ['maxRedisDepth', 'an attribute inside them', '*1\r\n*1\r\n|0\r\n:1\r\n', '*1\r\n*1\r\n*1\r\n|0\r\n'],
    ['maxRedisLineBytes', 'a simple string', `+${'x'.repeat(40)}\r\n`, `+${'x'.repeat(41)}`],
    ['maxRedisLineBytes', 'a simple string with its end', `+${'x'.repeat(40)}\r\n`, `+${'x'.repeat(41)}`],
    ['maxRedisLineBytes', 'an error', `-${'x'.repeat(40)}\r\n`, `-${'x'.repeat(41)}`],
    ['maxRedisLineBytes', 'an integer', `:${'1'.repeat(40)}\r\n`, `:${'1'.repeat(41)}`],
    ['maxRedisLineBytes', 'a big number', `(-${'1'.repeat(39)}\r\n`, `(-${'1'.repeat(40)}`],
    ['maxRedisLineBytes', 'a double', `,0.${'1'.repeat(38)}\r\n`, `,0.${'1'.repeat(39)}`],
    ['maxRedisLineBytes', 'a length', `$${'0'.repeat(39)}1\r\nx\r\n`, `$${'0'.repeat(41)}`],
  ];
  for (const [limit, name, last, first] of rows) {
    test(`${limit}, ${name}: at the bound it is read; past it, it is refused at the byte that passes it, though no end has come`, () => {
      assert.equal(decodeChunks([bytes(last)], small).items.length, 1);
      const { error } = decodeChunks([bytes(first)], small);
      assert.ok(error instanceof LimitError, 'it is refused');
      assert.equal(error.details['limit'], limit);
      assert.equal(decodeChunks([bytes(first.slice(0, -1))], small).error, undefined, 'and not before');
      const around = bytes(`+one\r\n${first}1\r\n\r\n+more\r\n`);
      for (const chunks of cuttings(around, 5)) {
        const given = decodeChunks(chunks, small);
        assert.deepEqual([given.items, factsOf(given.error)], [['one'], factsOf(error)]);
      }
    });
  }

  test('a value that is over a bound is refused when all of it is there, too', () => {
    const over: readonly (readonly [limit: string, wire: string])[] = [
      ['maxRedisBulkBytes', `$101\r\n${'x'.repeat(101)}\r\n`],
      ['maxRedisBulkBytes', `*1\r\n$101\r\n${'x'.repeat(101)}\r\n`],
      ['maxRedisBulkBytes', `=101\r\ntxt:${'x'.repeat(97)}\r\n`],
      ['maxRedisElements', `*11\r\n${':1\r\n'.repeat(11)}`],
      ['maxRedisElements', `%6\r\n${':1\r\n'.repeat(12)}`],
      ['maxRedisDepth', '*1\r\n~1\r\n*1\r\n%1\r\n:1\r\n:2\r\n'],
      ['maxRedisLineBytes', `+${'x'.repeat(41)}\r\n`],
      ['maxRedisLineBytes', `-${'x'.repeat(41)}\r\n`],
    ];
    for (const [limit, wire] of over) {
      for (const chunks of cuttings(bytes(`${wire}+more\r\n`), 9)) {
        const { items, error } = decodeChunks(chunks, small);
        assert.deepEqual([items, error?.details['limit']], [[], limit], wire);
      }
    }
  });

  test('elements are counted anew for every reply', () => {
    assert.equal(decodeChunks([bytes(`*10\r\n${':1\r\n'.repeat(10)}>10\r\n${'+k\r\n'.repeat(10)}`.repeat(5))], small).items.length, 10);
  });

  test('a depth of 200,000, where it is allowed, costs no stack', () => {
    const depth = 200_000;
    const { items, error } = decodeChunks([bytes(`${'*1\r\n'.repeat(depth)}+x\r\n`)], { maxDepth: depth });
    assert.equal(error, undefined);
    let levels = 0;
    for (let value = items[0]; Array.isArray(value); value = value[0]) levels += 1;
    assert.equal(levels, depth);
  });

  test('a length is announced in vain: what is not there takes no memory worth speaking of', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 20 }, () => {
      const decoder = new RESPDecoder(DEFAULT_RESP_BOUNDS, { reply: () => {}, push: () => {} });
      decoder.feed(bytes(`$${DEFAULT_RESP_BOUNDS.maxBulkBytes}\r\nx`));
      return decoder;
    });
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.equal(decoders.length, 20);
    assert.ok(grown < 24 * 1024 * 1024, `20 announcements of 16 MiB took ${grown} bytes`);
  });
});

describe('what a decoder is told', () => {
  function listening(react: (decoder: RESPDecoder, item: RESPReply) => void = () => {}): { decoder: RESPDecoder; items: unknown[] } {
    const items: unknown[] = [];
    const decoder: RESPDecoder = new RESPDecoder(DEFAULT_RESP_BOUNDS, {
      reply(reply) {
        items.push(reply);
        react(decoder, reply);
      },
      push: (push) => void items.push({ push }),
    });
    return { decoder, items };
  }

  test('bytes: bulk, verbatim and streamed strings are bytes; simple strings and errors are text', () => {
    const stream = bytes('$2\r\nab\r\n=6\r\ntxt:cd\r\n$?\r\n;1\r\ne\r\n;1\r\nf\r\n;0\r\n+gh\r\n!3\r\nERR\r\n*2\r\n$0\r\n\r\n$-1\r\n$30\r\n' + 'y'.repeat(30) + '\r\n');
    const expected = [bytes('ab'), bytes('cd'), bytes('ef'), 'gh', new RESPError('ERR'), [new Uint8Array(0), null], bytes('y'.repeat(30))];
    for (const chunks of cuttings(stream, 3)) assertGives(chunks, expected, 'bytes');
  });

  test('bytes are a copy in memory of their own, so that a small value does not hold a chunk', () => {
    for (const size of [1, 5, 100, 5_000]) {
      for (const step of [7, 1_000_000]) {
        const value = bytes('z'.repeat(size));
        const { items } = decodeChunks(cutEvery(joinBytes(bytes(`+${'x'.repeat(9_000)}\r\n$${size}\r\n`), value, bytes('\r\n')), step), {}, 'bytes');
        const given = items[1] as Uint8Array;
        assert.deepEqual(given, value);
        assert.equal(Object.getPrototypeOf(given), Uint8Array.prototype);
        assert.equal(given.buffer.byteLength, size);
      }
    }
  });

  test('bytes that are not UTF-8 are given as they came', () => {
    const { items } = decodeChunks([bytesOfHex('24340d0aff00c3280d0a')], {}, 'bytes');
    assert.deepEqual(items, [bytesOfHex('ff00c328')]);
  });

  test('the strings of a push are text whatever is wanted', () => {
    for (const chunks of cuttings(bytes('>2\r\n$4\r\nkind\r\n$1\r\na\r\n$1\r\nb\r\n'), 1)) assertGives(chunks, [{ push: ['kind', 'a'] }, bytes('b')], 'bytes');
  });

  test('text or bytes is read when a reply begins: switched between two replies of one chunk, and in the middle of one', () => {
    const { decoder, items } = listening((self, reply) => {
      self.strings = reply === 'one' ? 'bytes' : 'text';
    });
    decoder.feed(bytes('$3\r\none\r\n$3\r\ntwo\r\n$5\r\nthree\r\n*2\r\n$1\r\na\r\n'));
    decoder.strings = 'bytes';
    decoder.feed(bytes('$1\r\nb\r\n*?\r\n'));
    decoder.strings = 'bytes';
    decoder.feed(bytes('$1\r\nc\r\n.\r\n'));
    assert.deepEqual(items, ['one', bytes('two'), 'three', ['a', 'b'], ['c']]);
  });

  test('a stream that failed throws the same until it is reset, whatever it is fed', () => {
    const { decoder, items } = listening();
    let first: unknown;
    assert.throws(
      () => decoder.feed(bytes('+one\r\n*2\r\n:1\r\nX')),
      (error) => {
        first = error;
        return error instanceof RedisError;
      },
    );
    assert.throws(() => decoder.feed(bytes('+two\r\n')), (error) => error === first);
    decoder.reset();
    decoder.feed(bytes('+three\r\n'));
    assert.deepEqual(items, ['one', 'three']);
  });

  test('reset in the middle of anything forgets it', () => {
    for (const part of ['+ab', '$5\r\nab', '*2\r\n:1\r\n', '$?\r\n;2\r\na', '=9\r\ntx', ':12', '$1\r\nx\r', '|1\r\n+a\r\n', '%?\r\n+k\r\n', '$1', '>2\r\n+kind\r\n']) {
      const { decoder, items } = listening();
      decoder.feed(bytes(part));
      decoder.reset();
      for (const chunk of cutEvery(bytes('$2\r\nok\r\n+OK\r\n:3\r\n'), 1)) decoder.feed(chunk);
      decoder.feed(bytes('$2\r\nok\r\n'));
      assert.deepEqual(items, ['ok', 'OK', 3, 'ok'], JSON.stringify(part));
    }
  });

  test('reset by who hears a reply drops the rest of the chunk', () => {
    for (const replies of ['+one\r\n', '*1\r\n+one\r\n', '$?\r\n;3\r\none\r\n;0\r\n', '*?\r\n+one\r\n.\r\n']) {
      const { decoder, items } = listening((self) => self.reset());
      decoder.feed(bytes(`${replies}+two\r\n$9\r\nthr`));
      decoder.feed(bytes('+four\r\n'));
      assert.deepEqual([items.length, items[1]], [2, 'four'], JSON.stringify(replies));
    }
  });

  test('what a hearer throws is thrown on, and ends the stream', () => {
    const { decoder, items } = listening(() => {
      throw new RangeError('mine');
    });
    assert.throws(() => decoder.feed(bytes('+one\r\n+two\r\n')), { name: 'RangeError', message: 'mine' });
    assert.throws(() => decoder.feed(bytes('+three\r\n')), { name: 'RangeError', message: 'mine' });
    assert.deepEqual(items, ['one']);
  });

  test('an error reply is a value without a stack', () => {
    const error = new RESPError('NOSCRIPT No matching script.');
    assert.ok(!(error instanceof Error));
    assert.deepEqual({ ...error }, { code: 'NOSCRIPT', message: 'NOSCRIPT No matching script.' });
  });

  test('an empty chunk is nothing', () => {
    const { decoder, items } = listening();
    decoder.feed(new Uint8Array(0));
    decoder.feed(bytes('+a\r'));
    decoder.feed(new Uint8Array(0));
    decoder.feed(bytes('\n'));
    assert.deepEqual(items, ['a']);
  });
});

describe('its work is linear in the bytes: counted as bytes copied, beside a control that joins at every chunk', () => {
  /** How many bytes are copied from array to array while `work` runs. */
  function copiedBytes(work: () => void): number {
    const prototype = Object.getPrototypeOf(Uint8Array.prototype) as { set: (source: ArrayLike<number>, at?: number) => void };
    const { set } = prototype;
    let copied = 0;
    prototype.set = function counting(this: unknown, source, at) {
      copied += source.length;
      return set.call(this, source, at);
    };
    try {
      work();
    } finally {
      prototype.set = set;
    }
    return copied;
  }

  const chunksOf = (wire: string, size: number): Uint8Array[] => cutEvery(bytes(wire), size).map((chunk) => chunk.slice());

  function copiesOfDecoder(chunks: readonly Uint8Array[], strings: 'text' | 'bytes'): { copied: number; replies: number } {
    let replies = 0;
    const decoder = new RESPDecoder(DEFAULT_RESP_BOUNDS, { reply: () => void replies++, push: () => {} });
    decoder.strings = strings;
    const copied = copiedBytes(() => {
      for (const chunk of chunks) decoder.feed(chunk);
    });
    return { copied, replies };
  }

  function copiesOfControl(chunks: readonly Uint8Array[]): number {
    return copiedBytes(() => {
      let held = new Uint8Array(0);
      for (const chunk of chunks) {
        const joined = new Uint8Array(held.length + chunk.length);
        joined.set(held);
        joined.set(chunk, held.length);
        held = joined;
      }
    });
  }

  const KiB = 1024;
  const shapes: readonly (readonly [name: string, size: number, wire: (length: number) => string, lengths: readonly number[], most: number])[] = [
    ['a bulk string in chunks of 4 KiB', 4 * KiB, (length) => `$${length}\r\n${'x'.repeat(length)}\r\n`, [1024 * KiB, 4096 * KiB, 10240 * KiB], 3],
    ['a simple string in chunks of 32 bytes', 32, (length) => `+${'x'.repeat(length)}\r\n`, [4 * KiB, 16 * KiB, 60 * KiB], 3],
    ['a streamed string in parts of 40 bytes', 64, (length) => `$?\r\n${`;40\r\n${'x'.repeat(40)}\r\n`.repeat(length / 40)};0\r\n`, [4_000, 40_000, 400_000], 3],
    ['an array of strings of 100 bytes in chunks of 64', 64, (length) => `*${length / 100}\r\n${`$100\r\n${'x'.repeat(100)}\r\n`.repeat(length / 100)}`, [4_000, 40_000, 400_000], 3],
  ];
  for (const [name, size, wire, lengths, most] of shapes) {
    for (const strings of ['text', 'bytes'] as const) {
      test(`${name}, as ${strings}`, { timeout: 20_000 }, () => {
        for (const length of lengths) {
          const { copied, replies } = copiesOfDecoder(chunksOf(wire(length), size), strings);
          assert.equal(replies, 1);
          assert.ok(copied <= most * length + 4 * KiB, `${copied} bytes were copied for ${length}`);
        }
      });
    }

    test(`${name}: the control is quadratic, so the count tells`, { timeout: 20_000 }, () => {
      const [least = 0] = lengths;
      const control = copiesOfControl(chunksOf(wire(least), size));
      assert.ok(control > 10 * most * least, `the control copied ${control} bytes for ${least}`);
    });
  }
});
