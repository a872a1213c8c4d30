/** Streams that are no RESP, or nearly: seeded bytes and changed replies. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LimitError, RedisError } from '../../lib/base/errors.ts';
import { DEFAULT_RESP_BOUNDS } from '../../lib/resp/resp-bounds.ts';
import { RESPDecoder } from '../../lib/resp/resp-decoder.ts';
import { bytesOfStream, cutAtRandom, cutEvery, decodeChunks, factsOf, joinBytes, plainOf, readRESPCases, seededBelow, seededReply } from '../unit/resp/wire.ts';
import type { Given, Stream } from '../unit/resp/wire.ts';

const BOUNDS = { maxBulkBytes: 2_000, maxElements: 200, maxDepth: 8, maxLineBytes: 100 };
// What a changed byte is changed to: what means something here.
const TELLING = new TextEncoder().encode('+-:$!=;*%~>|.,(#_0123456789?\r\ntfinaeE\u0000x');
const LINE_END = new TextEncoder().encode('\r\n');

/** What is given and thrown is the same however the stream is cut; nothing but the errors of this library is thrown. */
function judge(stream: Uint8Array, below: (bound: number) => number): Given {
  const strings = below(2) === 0 ? 'text' : 'bytes';
  const whole = decodeChunks([stream], BOUNDS, strings);
  const items = whole.items.map(plainOf);
  for (const chunks of [cutEvery(stream, 1), cutAtRandom(stream, below, 9), cutAtRandom(stream, below, 80)]) {
    const given = decodeChunks(chunks, BOUNDS, strings);
    assert.deepEqual([given.items.map(plainOf), factsOf(given.error)], [items, factsOf(whole.error)]);
  }
  const { error } = whole;
  if (error instanceof RedisError) assert.equal(error.code, 'ERR_MCP_REDIS_PROTOCOL');
  else if (error !== undefined) assert.ok(error instanceof LimitError && /^maxRedis(BulkBytes|Elements|Depth|LineBytes)$/.test(String(error.details['limit'])));
  return whole;
}

describe('a hostile stream of replies: the same for every cut, only the errors of this library, and an end', () => {
  test('3,000 streams of seeded bytes are refused, mostly at their first', { timeout: 30_000 }, () => {
    const below = seededBelow(101);
    let refused = 0;
    for (let turn = 0; turn < 3_000; turn++) {
      const stream = Uint8Array.from({ length: 1 + below(60) }, () => below(256));
      if (judge(stream, below).error !== undefined) refused += 1;
    }
    assert.ok(refused > 2_700, `${refused} of 3,000 were refused`);
  });

  test('3,000 streams of bytes that mean something in RESP', { timeout: 30_000 }, () => {
    const below = seededBelow(102);
    const codes = new Set<string | undefined>();
    for (let turn = 0; turn < 3_000; turn++) {
      const part = (): Uint8Array => (below(3) === 0 ? LINE_END : TELLING.subarray(below(TELLING.length)).subarray(0, 1));
      const parts = Array.from({ length: 1 + below(30) }, part);
      codes.add(judge(joinBytes(...parts), below).error?.code);
    }
    assert.ok(codes.has('ERR_MCP_REDIS_PROTOCOL') && codes.has('ERR_MCP_LIMIT'), [...codes].join());
  });

  test('3,000 replies of all types, each changed, cut or lengthened in one to four places', { timeout: 30_000 }, () => {
    const below = seededBelow(103);
    const seen = { given: 0, refused: 0, over: 0, waiting: 0 };
    for (let turn = 0; turn < 3_000; turn++) {
      let stream: Uint8Array = new TextEncoder().encode(Array.from({ length: 1 + below(4) }, () => seededReply(below).wire).join(''));
      for (let change = below(4); change >= 0; change--) {
        const at = below(stream.length);
        const byte = TELLING.slice(below(TELLING.length)).slice(0, 1);
        const kind = below(4);
        if (kind === 0) stream = joinBytes(stream.subarray(0, at), byte, stream.subarray(at + 1));
        else if (kind === 1) stream = joinBytes(stream.subarray(0, at), byte, stream.subarray(at));
        else if (kind === 2) stream = joinBytes(stream.subarray(0, at), stream.subarray(at + 1 + below(5)));
        else stream = joinBytes(stream.subarray(0, at), stream.subarray(below(stream.length)));
      }
      const { items, error } = judge(stream, below);
      if (items.length > 0) seen.given += 1;
      if (error instanceof LimitError) seen.over += 1;
      else if (error !== undefined) seen.refused += 1;
      else seen.waiting += 1;
    }
    assert.ok(Math.min(seen.given, seen.refused, seen.over, seen.waiting) > 50, JSON.stringify(seen));
  });

  test('every malformed reply, at every place of an array and after a thousand good replies', { timeout: 30_000 }, () => {
    const good = new TextEncoder().encode('+OK\r\n'.repeat(1_000));
    for (const one of readRESPCases<Stream & { readonly name: string }>('malformed.json')) {
      const stream = bytesOfStream(one);
      const { items, error } = decodeChunks([joinBytes(good, stream)]);
      assert.ok(error instanceof RedisError, one.name);
      assert.equal(items.length, 1_000);
      for (const place of [0, 1, 2]) {
        const inside = decodeChunks([joinBytes(new TextEncoder().encode(`*3\r\n${':1\r\n'.repeat(place)}`), stream)]);
        assert.ok(inside.error instanceof RedisError, `${one.name} as element ${place}`);
        assert.deepEqual(inside.items, []);
      }
    }
  });

  test('100,000 attributes, maps of nothing and pushes keep nothing', { timeout: 30_000 }, () => {
    let replies = 0;
    let pushes = 0;
    const decoder = new RESPDecoder(DEFAULT_RESP_BOUNDS, { reply: () => void replies++, push: () => void pushes++ });
    const chunk = new TextEncoder().encode('|1\r\n+a\r\n:1\r\n%0\r\n>1\r\n+k\r\n');
    for (let turn = 0; turn < 100_000; turn++) decoder.feed(chunk);
    assert.deepEqual([replies, pushes], [100_000, 100_000]);
  });
});
