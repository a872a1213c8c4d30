/** The slot of a key in a cluster. Source: Redis cluster specification, "Key distribution model" and "Hash tags". */

import type { RedisArgument } from '../resp/resp-encoder.ts';

/** How many slots a cluster has. */
export const REDIS_SLOT_COUNT = 16_384;

const CRC16_POLYNOMIAL = 0x1021;

function makeCRC16Table(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ CRC16_POLYNOMIAL;
    return crc;
  });
}

const CRC16_TABLE: Uint16Array = makeCRC16Table();

const nextCRC16 = (crc: number, byte: number): number => ((crc << 8) & 0xffff) ^ (CRC16_TABLE[(crc >> 8) ^ byte] as number);

/** CRC16/XMODEM: polynomial 1021 (hexadecimal), begun with 0, nothing reflected. */
export function redisCRC16(bytes: Uint8Array): number {
  let crc = 0;
  for (let index = 0; index < bytes.length; index++) crc = nextCRC16(crc, bytes[index] as number);
  return crc;
}

const TAG_OPENING = 0x7b;
const TAG_CLOSING = 0x7d;

/** The slot of `key`: that of its hash tag, where it has one: what stands between its first `{` and the next `}`, unless that is nothing. */
export function slotOfKey(key: RedisArgument): number {
  if (key instanceof Uint8Array) return redisCRC16(tagOfBytes(key)) % REDIS_SLOT_COUNT;
  const tag = tagOfText(typeof key === 'string' ? key : String(key));
  let crc = 0;
  for (let index = 0; index < tag.length; index++) {
    const code = tag.charCodeAt(index);
    if (code > 0x7f) return redisCRC16(new TextEncoder().encode(tag)) % REDIS_SLOT_COUNT;
    crc = nextCRC16(crc, code);
  }
  return crc % REDIS_SLOT_COUNT;
}

function tagOfText(key: string): string {
  const opening = key.indexOf('{');
  const closing = opening === -1 ? -1 : key.indexOf('}', opening + 1);
  return closing > opening + 1 ? key.slice(opening + 1, closing) : key;
}

function tagOfBytes(key: Uint8Array): Uint8Array {
  const opening = key.indexOf(TAG_OPENING);
  const closing = opening === -1 ? -1 : key.indexOf(TAG_CLOSING, opening + 1);
  return closing > opening + 1 ? key.subarray(opening + 1, closing) : key;
}
