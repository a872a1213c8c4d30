import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { redisCRC16, slotOfKey } from '../../../lib/redis/redis-slots.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** CRC16/XMODEM bit by bit, as the Redis cluster specification, appendix A, describes it. */
function crc16BitByBit(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const isFedBack = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (isFedBack === 1 ? 0x1021 : 0);
    }
  }
  return crc;
}

describe('the slot of a key (Redis cluster specification, key distribution model)', () => {
  test('is found with CRC16/XMODEM, whose check value is 31C3 (appendix A)', () => {
    assert.equal(redisCRC16(bytesOf('123456789')), 0x31c3);
    assert.equal(redisCRC16(new Uint8Array()), 0);
    assert.equal(slotOfKey('123456789'), 0x31c3 % 16_384);
    assert.equal(slotOfKey(''), 0);
    let seed = 7;
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, () => (seed = (seed * 48_271) % 2_147_483_647) & 0xff);
      assert.equal(redisCRC16(bytes), crc16BitByBit(bytes), `${length} bytes`);
    }
  });

  test('is the same for a key as text and as bytes, with letters beyond ASCII and lone surrogates as they are written', () => {
    for (const key of ['foo', 'schlüssel', '{ключ}:record', '🔑', 'a\u0000b', 'x{🔑}y', '{', '}', '{}', 'a}b{c', '\ud800{\udfff}']) {
      assert.equal(slotOfKey(key), slotOfKey(bytesOf(key)), key);
    }
    assert.equal(slotOfKey(12), slotOfKey('12'));
    assert.equal(slotOfKey(12n), slotOfKey('12'));
  });

  test('is that of its hash tag: between the first { and the next }, unless that is nothing (hash tags)', () => {
    const rows: ReadonlyArray<readonly [key: string, hashed: string]> = [
      ['{user1000}.following', 'user1000'],
      ['{user1000}.followers', 'user1000'],
      ['foo{}{bar}', 'foo{}{bar}'],
      ['foo{{bar}}zap', '{bar'],
      ['foo{bar}{zap}', 'bar'],
      ['}foo{bar}', 'bar'],
      ['foo}bar', 'foo}bar'],
      ['foo{bar', 'foo{bar'],
      ['{a}', 'a'],
    ];
    for (const [key, hashed] of rows) {
      assert.equal(slotOfKey(key), crc16BitByBit(bytesOf(hashed)) % 16_384, key);
      assert.equal(slotOfKey(bytesOf(key)), crc16BitByBit(bytesOf(hashed)) % 16_384, key);
    }
  });

  test('brings the record and the lock of one session together, and spreads sessions over the slots', () => {
    const slots = new Set<number>();
    for (let session = 0; session < 2_000; session++) {
      const tag = `mcp_session:{s-${session}}:`;
      assert.equal(slotOfKey(`${tag}record`), slotOfKey(`${tag}lock`));
      slots.add(slotOfKey(`${tag}record`));
    }
    assert.ok(slots.size > 1_700, `${slots.size} slots`);
  });
});
