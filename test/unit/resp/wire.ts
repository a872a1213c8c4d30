/** What the tests of RESP share: streams, cuts, what a decoder gives for them, and seeded replies. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { LimitError, RedisError } from '../../../lib/base/errors.ts';
import { DEFAULT_RESP_BOUNDS } from '../../../lib/resp/resp-bounds.ts';
import type { RESPBounds } from '../../../lib/resp/resp-bounds.ts';
import { RESPDecoder } from '../../../lib/resp/resp-decoder.ts';
import { RESPError } from '../../../lib/resp/resp-error.ts';
import type { RESPReply } from '../../../lib/resp/resp-reply.ts';

/** A push, where replies and pushes stand in one list. */
export interface Push {
  readonly push: readonly RESPReply[];
}

/** What a stream gave: replies and pushes in order, and what was thrown. */
export interface Given {
  readonly items: readonly (RESPReply | Push)[];
  readonly error: RedisError | LimitError | undefined;
}

/** A stream in a file of cases. */
export interface Stream {
  readonly wire?: string;
  readonly hex?: string;
}

const encoder = new TextEncoder();

/** The cases of a file in `spec-fixtures/resp`. */
export function readRESPCases<Case>(file: string): readonly Case[] {
  return JSON.parse(readFileSync(new URL(`../../../spec-fixtures/resp/${file}`, import.meta.url), 'utf8')) as readonly Case[];
}

export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function bytesOfStream({ wire, hex }: Stream): Uint8Array {
  return wire === undefined ? bytesOfHex(hex ?? '') : encoder.encode(wire);
}

/** A value as `spec-fixtures/resp/ORIGIN.md` says it is written. */
export function valueOfJSON(json: unknown): RESPReply {
  if (Array.isArray(json)) return json.map(valueOfJSON);
  if (typeof json !== 'object' || json === null) return json as RESPReply;
  const { bigint, double, error, code, map, set } = json as Record<string, unknown>;
  if (bigint !== undefined) return BigInt(bigint as string);
  if (double !== undefined) return { inf: Infinity, '-inf': -Infinity, nan: NaN, '-0': -0 }[double as string] as number;
  if (map !== undefined) return new Map((map as [unknown, unknown][]).map(([key, value]) => [valueOfJSON(key), valueOfJSON(value)]));
  if (set !== undefined) return new Set((set as unknown[]).map(valueOfJSON));
  const made = new RESPError(error as string);
  assert.equal(made.code, code);
  return made;
}

export function itemsOfJSON(gives: readonly unknown[]): (RESPReply | Push)[] {
  return gives.map((json) => {
    const push = Array.isArray(json) ? undefined : (json as { push?: unknown[] } | null)?.push;
    return push === undefined ? valueOfJSON(json) : { push: push.map(valueOfJSON) };
  });
}

export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Numbers below `bound` that are the same in every run. */
export function seededBelow(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

export function cutEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

export function cutAtRandom(bytes: Uint8Array, below: (bound: number) => number, longest: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + below(longest + 1);
    chunks.push(bytes.slice(start, end));
    start = end;
  }
  return chunks;
}

/** The whole, byte by byte, in even chunks, in two at every place where it is short, and at seeded places, empty chunks among them. */
export function cuttings(bytes: Uint8Array, seed: number): Uint8Array[][] {
  const below = seededBelow(seed);
  const halves = bytes.length > 64 ? [] : Array.from({ length: bytes.length }, (_, at) => [bytes.slice(0, at), bytes.slice(at)]);
  const even = [1, 2, 3, 7, 31].map((size) => cutEvery(bytes, size));
  const random = [2, 5, 20, 60].map((longest) => cutAtRandom(bytes, below, longest));
  return [[bytes], ...halves, ...even, ...random];
}

/** What a decoder gives for `chunks` until they end or it throws. Every chunk is written over after it was fed. */
export function decodeChunks(chunks: readonly Uint8Array[], bounds: Partial<RESPBounds> = {}, strings: 'text' | 'bytes' = 'text'): Given {
  const items: (RESPReply | Push)[] = [];
  const hearer = { reply: (reply: RESPReply) => void items.push(reply), push: (push: readonly RESPReply[]) => void items.push({ push }) };
  const decoder = new RESPDecoder({ ...DEFAULT_RESP_BOUNDS, ...bounds }, hearer);
  decoder.strings = strings;
  for (const chunk of chunks) {
    const copy = chunk.slice();
    try {
      decoder.feed(copy);
    } catch (error) {
      assert.ok(error instanceof RedisError || error instanceof LimitError, `threw ${String(error)}`);
      return { items, error };
    }
    copy.fill(0x21);
  }
  return { items, error: undefined };
}

/** An item without Map and Set, whose members not every runtime compares by value; in the order in which they came. */
export function plainOf(item: RESPReply | Push): unknown {
  if (Array.isArray(item)) return item.map(plainOf);
  if (item instanceof Map) return { map: [...item].map(([key, value]) => [plainOf(key), plainOf(value)]) };
  if (item instanceof Set) return { set: [...item].map(plainOf) };
  return typeof item === 'object' && item !== null && 'push' in item ? { push: item.push.map(plainOf) } : item;
}

/** All of `chunks` is read, and gives `expected`. */
export function assertGives(chunks: readonly Uint8Array[], expected: readonly (RESPReply | Push)[], strings: 'text' | 'bytes' = 'text'): void {
  const { items, error } = decodeChunks(chunks, {}, strings);
  assert.deepEqual([items.map(plainOf), error], [expected.map(plainOf), undefined]);
}

/** What was thrown, as plain facts. */
export function factsOf(error: Given['error']): unknown {
  return error === undefined ? undefined : { name: error.name, code: error.code, message: error.message, details: error.details };
}

/** A seeded reply: its bytes and what they mean. */
export function seededReply(below: (bound: number) => number, depth: number = 3): { readonly wire: string; readonly reply: RESPReply } {
  const attribute = below(12) === 0 ? `|1\r\n+seen\r\n${seededReply(below, 0).wire}` : '';
  const made = depth > 0 && below(3) === 0 ? seededAggregate(below, depth) : seededScalar(below);
  return { wire: attribute + made.wire, reply: made.reply };
}

const SHORT_WORDS = ['', 'a', 'OK', 'hello', '0123456789', '\r\n', '+OK\r\n', 'é', '日本語', '🧭🧭🧭', '{"é":[1,2]}'];
const WORDS = [...SHORT_WORDS, 'mcp_session:user:1', 'x'.repeat(30), 'x'.repeat(700)];

function seededScalar(below: (bound: number) => number): { readonly wire: string; readonly reply: RESPReply } {
  const word = WORDS[below(WORDS.length)] ?? '';
  const line = word.replaceAll('\r\n', '');
  const length = encoder.encode(word).length;
  const digits = String(below(2 ** 31)).repeat(1 + below(3));
  const sign = below(2) === 0 ? '-' : '';
  const exact = BigInt(sign + digits);
  const cases: readonly (() => { readonly wire: string; readonly reply: RESPReply })[] = [
    () => ({ wire: `+${line}\r\n`, reply: line }),
    () => ({ wire: `-ERR ${line}\r\n`, reply: new RESPError(`ERR ${line}`) }),
    () => ({ wire: `$${length}\r\n${word}\r\n`, reply: word }),
    () => ({ wire: `=${length + 4}\r\ntxt:${word}\r\n`, reply: word }),
    () => ({ wire: `!${length}\r\n${word}\r\n`, reply: new RESPError(word) }),
    () => ({ wire: `$?\r\n;1\r\n,\r\n${length === 0 ? '' : `;${length}\r\n${word}\r\n`};0\r\n`, reply: `,${word}` }),
    () => ({ wire: `:${sign}${digits}\r\n`, reply: Number.isSafeInteger(Number(exact)) ? Number(exact) : exact }),
    () => ({ wire: `(${sign}${digits}\r\n`, reply: exact }),
    () => ({ wire: `,${sign}${digits}e-${below(30)}\r\n`, reply: undefined as unknown as RESPReply }),
    () => ({ wire: '#t\r\n', reply: true }),
    () => ({ wire: '#f\r\n', reply: false }),
    () => ({ wire: ['_\r\n', '$-1\r\n', '*-1\r\n'][below(3)] as string, reply: null }),
  ];
  const made = (cases[below(cases.length)] as (typeof cases)[number])();
  return made.reply === undefined ? { wire: made.wire, reply: Number(made.wire.slice(1, -2)) } : made;
}

function seededAggregate(below: (bound: number) => number, depth: number): { readonly wire: string; readonly reply: RESPReply } {
  const isStreamed = below(4) === 0;
  const count = below(5);
  const children = (many: number): { wire: string; reply: RESPReply }[] => Array.from({ length: many }, () => seededReply(below, depth - 1));
  const wrap = (type: string, elements: readonly { wire: string }[]): string =>
    `${type}${isStreamed ? '?' : count}\r\n${elements.map(({ wire }) => wire).join('')}${isStreamed ? '.\r\n' : ''}`;
  const kind = below(3);
  const elements = children(kind === 2 ? 2 * count : count);
  const replies = elements.map(({ reply }) => reply);
  if (kind === 0) return { wire: wrap('*', elements), reply: replies };
  if (kind === 1) return { wire: wrap('~', elements), reply: new Set(replies) };
  const map = new Map<RESPReply, RESPReply>();
  for (let index = 0; index < count; index++) map.set(replies[2 * index] as RESPReply, replies[2 * index + 1] as RESPReply);
  return { wire: wrap('%', elements), reply: map };
}
