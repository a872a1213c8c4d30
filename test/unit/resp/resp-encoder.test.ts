import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeCommand } from '../../../lib/resp/resp-encoder.ts';
import type { RedisArgument } from '../../../lib/resp/resp-encoder.ts';
import { bytesOfHex, bytesOfStream, decodeChunks, readRESPCases, seededBelow } from './wire.ts';
import type { Stream } from './wire.ts';

interface CommandCase extends Stream {
  readonly name: string;
  readonly args: readonly unknown[];
}

function argumentOfJSON(json: unknown): RedisArgument {
  if (typeof json !== 'object' || json === null) return json as RedisArgument;
  const { bigint, hex } = json as { bigint?: string; hex?: string };
  return bigint === undefined ? bytesOfHex(hex ?? '') : BigInt(bigint);
}

const onTheWire = (command: string | Uint8Array): Uint8Array => (typeof command === 'string' ? new TextEncoder().encode(command) : new Uint8Array(command));

describe('a command is an array of bulk strings (RESP, "Sending commands to a Redis server")', () => {
  for (const one of readRESPCases<CommandCase>('commands.json')) {
    test(one.name, () => assert.deepEqual(onTheWire(encodeCommand(one.args.map(argumentOfJSON))), bytesOfStream(one)));
  }

  test('it is a string unless an argument is bytes, and then a Uint8Array', () => {
    assert.equal(encodeCommand(['GET', 'é', 1, 2n]), '*4\r\n$3\r\nGET\r\n$2\r\né\r\n$1\r\n1\r\n$1\r\n2\r\n');
    for (const args of [[new Uint8Array(1)], ['SET', 'k', new Uint8Array(0)], [Buffer.from('GET'), 'k']]) assert.ok(encodeCommand(args) instanceof Uint8Array);
  });

  test('2,000 seeded commands are read back as they were', () => {
    const below = seededBelow(3);
    const pieces = ['', 'GET', 'é', '日', '🧭', '\r\n', '$3\r\n', '\u0000', 'x'.repeat(300), '\ufeff'];
    for (let turn = 0; turn < 2_000; turn++) {
      const words = Array.from({ length: 1 + below(5) }, () => Array.from({ length: below(4) }, () => pieces[below(pieces.length)] ?? '').join(''));
      const args: RedisArgument[] = words.map((word) => (below(4) === 0 ? new TextEncoder().encode(word) : word));
      assert.deepEqual(decodeChunks([onTheWire(encodeCommand(args))]), { items: [words], error: undefined });
    }
  });

  test('the bytes of an argument are not written to, and a view is written as it is seen', () => {
    const memory = Uint8Array.from([1, 2, 3, 4]);
    const view = memory.subarray(1, 3);
    assert.deepEqual(onTheWire(encodeCommand([view])), bytesOfHex('2a310d0a24320d0a02030d0a'));
    assert.deepEqual(memory, Uint8Array.from([1, 2, 3, 4]));
  });
});

describe('a wrong argument is a TypeError at once, which says where it stood and shows no argument', () => {
  const wrong: readonly (readonly [string, readonly unknown[], RegExp])[] = [
    ['no argument', [], /at least one argument; got none/],
    ['NaN', ['SECRET', NaN], /as argument 1 of a command; got NaN$/],
    ['null', ['SECRET', 'SECRET', null], /argument 2 .*; got null$/],
    ['undefined', [undefined], /argument 0 .*; got undefined$/],
    ['a boolean', ['SECRET', true], /argument 1 .*; got boolean$/],
    ['an object', ['SECRET', {}], /argument 1 .*; got object$/],
    ['an ArrayBuffer', ['SECRET', new ArrayBuffer(3)], /argument 1 .*; got object$/],
    ['a wrong one after bytes', [new Uint8Array(1), Symbol('SECRET')], /argument 1 .*; got symbol$/],
    ['a wrong one before bytes', [() => {}, new Uint8Array(1)], /argument 0 .*; got function$/],
  ];
  for (const [name, args, message] of wrong) {
    test(name, () => {
      assert.throws(
        () => encodeCommand(args as RedisArgument[]),
        (error) => error instanceof TypeError && message.test(error.message) && !error.message.includes('SECRET'),
      );
    });
  }
});
