import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JSONObject } from '../../../lib/base/json.ts';
import { LimitError, PeerProtocolError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { decodeMessage, encodeError, encodeNotification, encodeRequest, encodeResult } from '../../../lib/jsonrpc/codec.ts';
import type { MessageBounds } from '../../../lib/jsonrpc/codec.ts';
import type { Decoded, MalformedMessage } from '../../../lib/jsonrpc/message.ts';
import { PrefixedIds, isRequestId } from '../../../lib/jsonrpc/request-id.ts';
import { decodeUTF8, utf8Length, withoutBOM } from '../../../lib/jsonrpc/utf8.ts';

const BOUNDS: MessageBounds = { maxDepth: 128, maxMessageBytes: DEFAULT_LIMITS.maxMessageBytes };
const decode = (text: string, bounds: Partial<MessageBounds> = {}): Decoded => decodeMessage(text, { ...BOUNDS, ...bounds });

function malformed(text: string, bounds: Partial<MessageBounds> = {}): MalformedMessage {
  const decoded = decode(text, bounds);
  assert.equal(decoded.kind, 'malformed', text.slice(0, 200));
  return decoded as MalformedMessage;
}

describe('decoding what is well formed (JSON-RPC 2.0 sections 4 and 5)', () => {
  test('a request', () => {
    assert.deepEqual(decode('{"jsonrpc":"2.0","id":"a","method":"roots/list","params":{"x":1}}'), {
      kind: 'request',
      id: 'a',
      method: 'roots/list',
      params: { x: 1 },
      message: { jsonrpc: '2.0', id: 'a', method: 'roots/list', params: { x: 1 } },
    });
  });

  test('a notification, with and without params', () => {
    const decoded = decode('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    assert.ok(decoded.kind === 'notification' && decoded.params === undefined && decoded.method === 'notifications/initialized');
    const other = decode('{"params":{"a":null},"method":"m","jsonrpc":"2.0"}');
    assert.deepEqual(other.kind === 'notification' && other.params, { a: null });
  });

  test('a result', () => {
    const decoded = decode(' {"jsonrpc":"2.0","id":7,"result":{}} \r\t');
    assert.deepEqual(decoded, { kind: 'result', id: 7, result: {}, message: { jsonrpc: '2.0', id: 7, result: {} } });
  });

  test('an error, with data of any kind, with an id, null, or none', () => {
    const decoded = decode('{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no","data":[1]}}');
    assert.deepEqual(
      decoded.kind === 'error' && [decoded.id, decoded.code, decoded.errorMessage, decoded.data],
      [7, -32601, 'no', [1]],
    );
    for (const id of ['"id":null,', '']) {
      const orphan = decode(`{"jsonrpc":"2.0",${id}"error":{"code":-32700,"message":""}}`);
      assert.deepEqual(orphan.kind === 'error' && [orphan.id, orphan.code, orphan.data], [undefined, -32700, undefined]);
    }
  });

  test('members that nobody knows are kept, at every level', () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"tools":[],"x-new":{"deep":[1,"2",null]}},"trace":"t","extra":{"a":1}}';
    const decoded = decode(text);
    assert.ok(decoded.kind === 'result');
    assert.equal(JSON.stringify(decoded.message), text);
    assert.deepEqual(decoded.result['x-new'], { deep: [1, '2', null] });
  });

  test('of two members with one name the last counts (RFC 8259 section 4 leaves it open)', () => {
    const decoded = decode('{"jsonrpc":"2.0","id":1,"id":2,"result":{"a":1},"result":{"a":2}}');
    assert.deepEqual(decoded.kind === 'result' && [decoded.id, decoded.result], [2, { a: 2 }]);
  });

  test('U+2028 and U+2029 stand raw in strings (RFC 8259 section 7)', () => {
    const decoded = decode('{"jsonrpc":"2.0","method":"m","params":{"t":"a\u2028b\u2029c"}}');
    assert.deepEqual(decoded.kind === 'notification' && decoded.params, { t: 'a\u2028b\u2029c' });
  });
});

describe('ids (MCP, basic, "Requests": a string or an integer, never null)', () => {
  test('a string and an integer are ids, and 7 is not "7"', () => {
    for (const [text, id] of [['7', 7], ['"7"', '7'], ['0', 0], ['-1', -1], ['""', ''], ['9007199254740991', 2 ** 53 - 1], ['7.0', 7]] as const) {
      const decoded = decode(`{"jsonrpc":"2.0","id":${text},"result":{}}`);
      assert.equal(decoded.kind === 'result' && decoded.id, id, text);
      assert.equal(typeof (decoded.kind === 'result' && decoded.id), typeof id, text);
    }
  });

  for (const id of ['1.5', '9007199254740992', '9007199254740993', '-9007199254740993', '1e300', '1e-7', 'true', '[]', '{}', '["a"]']) {
    test(`${id} is no id: a request, a result and an error with it are refused, for none of them can be told from another`, () => {
      for (const rest of ['"method":"ping"', '"result":{}', '"error":{"code":1,"message":""}']) {
        const { id: recovered, error } = malformed(`{"jsonrpc":"2.0","id":${id},${rest}}`);
        assert.equal(recovered, undefined);
        assert.equal(error.code, 'ERR_MCP_INVALID_MESSAGE');
        assert.match(error.message, /"id"/);
      }
    });
  }

  test('null is no id of a request or a result', () => {
    for (const rest of ['"method":"ping"', '"result":{}']) assert.match(malformed(`{"jsonrpc":"2.0","id":null,${rest}}`).error.message, /"id".*got null/);
  });

  test('a result without an id is refused', () => {
    assert.match(malformed('{"jsonrpc":"2.0","result":{}}').error.message, /"id".*got undefined/);
  });

  test('what can be an id', () => {
    for (const id of ['', 'x', '7', 0, -5, 2 ** 53 - 1, -(2 ** 53 - 1)]) assert.equal(isRequestId(id), true, String(id));
    for (const id of [null, undefined, 1.5, NaN, Infinity, 2 ** 53, true, 1n, {}, [], Symbol('a')]) assert.equal(isRequestId(id), false, String(id));
  });

  test('the ids of a connection are all different, carry its prefix, and are known again', () => {
    const ids = new PrefixedIds('abc');
    const made = Array.from({ length: 1000 }, () => ids.next());
    assert.equal(new Set(made).size, 1000);
    for (const id of made) assert.ok(id.startsWith('abc.') && ids.issued(id), id);
    const last = made.at(-1) ?? '';
    assert.equal(new PrefixedIds('abc').issued(last), false);
    const strange = ['abc.0', 'abc.01', 'abc.1001', 'abc.', 'abc.1.5', 'abc. 1', 'abc.+1', 'abc.1e2', `abc.${'9'.repeat(400)}`, 'xabc.1', 'abd.1', '1', 1];
    for (const id of strange) assert.equal(ids.issued(id), false, String(id));
  });
});

describe('decoding what is malformed: it is said, never thrown, and the request it names is named', () => {
  const id = '"id":"k.9"';
  const rows: readonly [what: string, text: string, expected: RegExp, named: boolean][] = [
    ['both result and error', `{"jsonrpc":"2.0",${id},"result":{},"error":{"code":1,"message":"x"}}`, /got both "result" and "error"/, true],
    ['neither result nor error', `{"jsonrpc":"2.0",${id}}`, /got none of them/, true],
    ['an error without a code', `{"jsonrpc":"2.0",${id},"error":{"message":"x"}}`, /"error.code" to be an integer; got undefined/, true],
    ['an error with a code that is text', `{"jsonrpc":"2.0",${id},"error":{"code":"-32601","message":"x"}}`, /"error.code".*got a string/, true],
    ['an error with a fractional code', `{"jsonrpc":"2.0",${id},"error":{"code":1.5,"message":"x"}}`, /"error.code".*got the number 1.5/, true],
    ['an error without a message', `{"jsonrpc":"2.0",${id},"error":{"code":1}}`, /"error.message" to be a string; got undefined/, true],
    ['an error that is text', `{"jsonrpc":"2.0",${id},"error":"boom"}`, /"error" to be an object; got a string/, true],
    ['an error that is null', `{"jsonrpc":"2.0",${id},"error":null}`, /"error" to be an object; got null/, true],
    ['an error that is null beside a result', `{"jsonrpc":"2.0",${id},"error":null,"result":{}}`, /got both/, true],
    ['a result that is null', `{"jsonrpc":"2.0",${id},"result":null}`, /"result" to be an object; got null/, true],
    ['a result that is a list', `{"jsonrpc":"2.0",${id},"result":[]}`, /"result" to be an object; got an array/, true],
    ['a result that is text', `{"jsonrpc":"2.0",${id},"result":"ok"}`, /"result" to be an object; got a string/, true],
    ['another version', `{"jsonrpc":"1.0",${id},"result":{}}`, /"jsonrpc" to be "2.0"; got a string/, true],
    ['a version that is a number', `{"jsonrpc":2.0,${id},"result":{}}`, /"jsonrpc" to be "2.0"; got the number 2/, true],
    ['no version', `{${id},"result":{}}`, /"jsonrpc" to be "2.0"; got undefined/, true],
    ['an empty object', '{}', /"jsonrpc" to be "2.0"/, false],
    ['a version and nothing else', '{"jsonrpc":"2.0"}', /got none of them/, false],
    ['a method that is a number', '{"jsonrpc":"2.0","method":7}', /"method" to be a string; got the number 7/, false],
    ['a method that is null', '{"jsonrpc":"2.0","method":null}', /"method" to be a string; got null/, false],
    ['params that are a list', '{"jsonrpc":"2.0","method":"m","params":[1]}', /"params" to be an object; got an array/, false],
    ['params that are null', '{"jsonrpc":"2.0","method":"m","params":null}', /"params" to be an object; got null/, false],
    ['params that are text', '{"jsonrpc":"2.0","method":"m","params":"p"}', /"params" to be an object; got a string/, false],
    ['a number', '42', /an object; got the number 42/, false],
    ['null', 'null', /an object; got null/, false],
    ['true', 'true', /an object; got the boolean true/, false],
    ['text', '"s"', /an object; got a string/, false],
    ['an empty batch', '[]', /a batch of at least one message; got an empty array/, false],
  ];

  for (const [what, text, expected, named] of rows) {
    test(what, () => {
      const decoded = malformed(text);
      assert.ok(decoded.error instanceof PeerProtocolError);
      assert.equal(decoded.error.code, 'ERR_MCP_INVALID_MESSAGE');
      assert.match(decoded.error.message, expected);
      assert.equal(decoded.id, named ? 'k.9' : undefined);
    });
  }

  test('an id that is a number is recovered as a number', () => {
    assert.equal(malformed('{"jsonrpc":"2.0","id":12}').id, 12);
  });

  test('what is no JSON is said to be none, and its text does not enter the message', () => {
    for (const text of ['', ' ', 'Server listening on hunter2', '{', '{"jsonrpc":"2.0","id":1,"result":{}', '{"a":1}{"a":1}', "{'a':1}", '\ufeff{}', 'NaN', '{"a":01}']) {
      const { id: recovered, error } = malformed(text);
      assert.equal(error.code, 'ERR_MCP_INVALID_JSON', text);
      assert.ok(error instanceof PeerProtocolError);
      assert.equal(recovered, undefined);
      assert.ok(!error.message.includes('hunter2'));
      assert.match(error.message, new RegExp(`got ${text.length} characters`));
    }
  });

  test('what a peer wrote does not enter the message of an error', () => {
    const secret = 'hunter2';
    for (const member of [`"result":"${secret}"`, `"error":"${secret}"`, `"error":{"code":"${secret}","message":"m"}`, `"${secret}":1`, `"method":["${secret}"]`]) {
      assert.ok(!malformed(`{"jsonrpc":"2.0","id":1,${member}}`).error.message.includes(secret), member);
    }
  });
});

describe('batches (2025-03-26 basic, "Batching")', () => {
  test('every message of a batch is read by itself, in order, the malformed ones too', () => {
    const decoded = decode('[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2},7,{"jsonrpc":"2.0","method":"m"},{"jsonrpc":"2.0","id":3,"method":"ping"}]');
    assert.ok(decoded.kind === 'batch');
    assert.deepEqual(decoded.messages.map(({ kind }) => kind), ['result', 'malformed', 'malformed', 'notification', 'request']);
    assert.deepEqual(decoded.messages.map((one) => ('id' in one ? one.id : 'none')), [1, 2, undefined, 'none', 3]);
  });

  test('a batch inside a batch is no message', () => {
    const decoded = decode('[[{"jsonrpc":"2.0","method":"m"}],[]]');
    assert.ok(decoded.kind === 'batch');
    for (const one of decoded.messages) assert.match(one.kind === 'malformed' ? one.error.message : '', /an object; got an array/);
  });
});

describe('names that are traps stay data', () => {
  const text = '{"jsonrpc":"2.0","method":"m","params":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"t","hasOwnProperty":0}}';

  test('__proto__ and constructor are own members, and nobody’s prototype', () => {
    const decoded = decode(text);
    assert.ok(decoded.kind === 'notification' && decoded.params !== undefined);
    assert.deepEqual(Object.keys(decoded.params), ['__proto__', 'constructor', 'toString', 'hasOwnProperty']);
    assert.equal(Object.getPrototypeOf(decoded.params), Object.prototype);
    assert.equal((decoded.params as { polluted?: unknown }).polluted, undefined);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  test('they survive decoding and encoding', () => {
    const decoded = decode(text);
    assert.ok(decoded.kind === 'notification');
    assert.equal(encodeNotification(decoded.method, decoded.params, BOUNDS), text);
  });

  test('a message that inherits its members from such a name has none', () => {
    assert.match(malformed('{"__proto__":{"jsonrpc":"2.0","id":1,"result":{}}}').error.message, /"jsonrpc"/);
    assert.equal(malformed('{"jsonrpc":"2.0","__proto__":{"id":1,"result":{}}}').id, undefined);
    assert.match(malformed('{"jsonrpc":"2.0","id":1,"error":{"__proto__":{"code":1,"message":"x"}}}').error.message, /"error.code"/);
  });
});

describe('bounds of one message', () => {
  const padded = (length: number): string => {
    const frame = '{"jsonrpc":"2.0","method":"m","params":{"p":""}}';
    return frame.replace('""', `"${'x'.repeat(length - frame.length)}"`);
  };

  test('a text just under and at the limit is read, one beyond it is refused by name', () => {
    for (const length of [99, 100]) assert.equal(decode(padded(length), { maxMessageBytes: 100 }).kind, 'notification');
    const { error, id } = malformed(padded(101), { maxMessageBytes: 100 });
    assert.ok(error instanceof LimitError);
    assert.deepEqual([error.code, error.details['limit'], error.details['most'], error.details['size'], id], ['ERR_MCP_LIMIT', 'maxMessageBytes', 100, 101, undefined]);
  });

  test('the default of 16 MiB holds at one byte below, at and beyond', () => {
    const most = DEFAULT_LIMITS.maxMessageBytes;
    for (const length of [most - 1, most]) assert.equal(decode(padded(length)).kind, 'notification');
    assert.equal(malformed(padded(most + 1)).error.code, 'ERR_MCP_LIMIT');
  });

  test('the depth of a message is known before it is parsed, at 127, 128, 129 and a million levels', () => {
    // The message and its params are two levels.
    const nested = (levels: number): string => `{"jsonrpc":"2.0","method":"m","params":{"v":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`;
    for (const levels of [127, 128]) assert.equal(decode(nested(levels)).kind, 'notification', `${levels}`);
    for (const levels of [129, 1_000_000]) {
      const { error } = malformed(nested(levels));
      assert.ok(error instanceof LimitError);
      assert.deepEqual([error.code, error.details['limit'], error.details['most']], ['ERR_MCP_LIMIT', 'maxDepth', 128]);
    }
    assert.equal(malformed('['.repeat(1_000_000)).error.code, 'ERR_MCP_LIMIT', 'no JSON, and still only a limit');
  });

  test('brackets in strings are no depth', () => {
    assert.equal(decode(`{"jsonrpc":"2.0","method":"m","params":{"v":"${'[{\\"'.repeat(1000)}"}}`, { maxDepth: 2 }).kind, 'notification');
  });

  test('what we send is counted in bytes of UTF-8: one below, at and beyond the limit', () => {
    for (const filler of ['x', 'é', '€', '𝄞']) {
      const size = (count: number): number => Buffer.byteLength(encodeNotification('m', { p: filler.repeat(count) }, BOUNDS));
      const most = size(50);
      const bounds = (maxMessageBytes: number): MessageBounds => ({ maxDepth: 128, maxMessageBytes });
      for (const limit of [most, most + 1]) assert.equal(Buffer.byteLength(encodeNotification('m', { p: filler.repeat(50) }, bounds(limit))), most, filler);
      assert.throws(
        () => encodeNotification('m', { p: filler.repeat(50) }, bounds(most - 1)),
        (error) => error instanceof LimitError && error.details['limit'] === 'maxMessageBytes' && error.details['size'] === most && error.delivery === 'unsent',
        filler,
      );
    }
  });

  test('every kind of message that we send is bounded', () => {
    const bounds: MessageBounds = { maxDepth: 128, maxMessageBytes: 60 };
    const big = 'x'.repeat(60);
    assert.throws(() => encodeRequest(1, 'm', { big }, bounds), LimitError);
    assert.throws(() => encodeRequest(big, 'm', undefined, bounds), LimitError);
    assert.throws(() => encodeNotification(big, undefined, bounds), LimitError);
    assert.throws(() => encodeResult(1, { big }, bounds), LimitError);
    assert.throws(() => encodeError(1, 1, big, bounds), LimitError);
    assert.ok(encodeRequest(1, 'm', {}, bounds).length < 60);
  });
});

describe('encoding', () => {
  test('an answer has at most maxDepth levels, as the peer has to read it; a request of the host may have more', () => {
    const nested = (levels: number): JSONObject => (levels === 1 ? {} : { a: nested(levels - 1) });
    const bounds: MessageBounds = { maxDepth: 5, maxMessageBytes: 1_000 };
    assert.equal(encodeResult(1, nested(4), bounds), '{"jsonrpc":"2.0","id":1,"result":{"a":{"a":{"a":{}}}}}');
    assert.throws(() => encodeResult(1, nested(5), bounds), (error) => error instanceof LimitError && error.details['limit'] === 'maxDepth');
    assert.ok(encodeRequest(1, 'm', nested(5), bounds).length > 0);
  });

  test('every kind of message, on one line', () => {
    assert.equal(encodeRequest('a.1', 'tools/list', undefined, BOUNDS), '{"jsonrpc":"2.0","id":"a.1","method":"tools/list"}');
    assert.equal(encodeRequest(0, 'm', { a: [null] }, BOUNDS), '{"jsonrpc":"2.0","id":0,"method":"m","params":{"a":[null]}}');
    assert.equal(encodeNotification('n', undefined, BOUNDS), '{"jsonrpc":"2.0","method":"n"}');
    assert.equal(encodeResult(7, {}, BOUNDS), '{"jsonrpc":"2.0","id":7,"result":{}}');
    assert.equal(encodeError('7', -32601, 'Method not found', BOUNDS), '{"jsonrpc":"2.0","id":"7","error":{"code":-32601,"message":"Method not found"}}');
  });

  test('line ends inside strings are escaped, so a frame is one line (MCP, transports, "stdio")', () => {
    const text = encodeRequest(1, 'm\n', { 'k\r\n': 'v\n\r' }, BOUNDS);
    assert.ok(!/[\n\r]/.test(text));
    assert.deepEqual(JSON.parse(text), { jsonrpc: '2.0', id: 1, method: 'm\n', params: { 'k\r\n': 'v\n\r' } });
  });

  test('a lone surrogate is written as an escape, so every frame is valid UTF-8', () => {
    const text = encodeRequest(1, 'm', { p: 'a\ud800b\udc00' }, BOUNDS);
    assert.equal(decodeUTF8(new TextEncoder().encode(text)), text);
    assert.deepEqual(JSON.parse(text).params, { p: 'a\ud800b\udc00' });
  });

  test('members that are undefined are left out', () => {
    assert.equal(encodeRequest(1, 'm', { a: undefined, b: 1 }, BOUNDS), '{"jsonrpc":"2.0","id":1,"method":"m","params":{"b":1}}');
  });

  test('what has no JSON form is a TypeError that names the method and keeps the cause', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = { cyclic };
    const thrown = new Error('no');
    const throwing = { get bad(): unknown { throw thrown; } };
    const throwingJSON = { inner: { toJSON: () => { throw thrown; } } };
    for (const params of [cyclic, { big: 10n }, throwing, throwingJSON]) {
      assert.throws(() => encodeRequest(1, 'tools/call', params, BOUNDS), (error) => error instanceof TypeError && /tools\/call/.test(error.message) && error.cause !== undefined);
      assert.throws(() => encodeNotification('n', params, BOUNDS), TypeError);
      assert.throws(() => encodeResult(1, params, BOUNDS), TypeError);
    }
    assert.throws(() => encodeRequest(1, 'm', throwing, BOUNDS), (error) => error instanceof TypeError && error.cause === thrown);
    assert.throws(() => encodeRequest(1, 'm', { toJSON: () => { throw 'text'; } }, BOUNDS), TypeError);
  });

  test('params are read at once: what happens to them later has no effect', () => {
    const params = { list: [1] };
    const text = encodeRequest(1, 'm', params, BOUNDS);
    params.list.push(2);
    assert.deepEqual(JSON.parse(text).params, { list: [1] });
  });
});

describe('strict UTF-8 (RFC 3629; RFC 8259 section 8.1)', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

  test('text of every length of sequence comes out as it was', () => {
    for (const text of ['', 'ascii', 'é', '€', '𝄞', '\u0000', '\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}', '\ufffd', '\u2028']) {
      assert.equal(decodeUTF8(new TextEncoder().encode(text)), text);
    }
  });

  test('one byte order mark at the beginning is left out; a second one, and one inside, stay', () => {
    const mark = [0xef, 0xbb, 0xbf];
    assert.equal(decodeUTF8(bytes(...mark, 0x7b, 0x7d)), '{}');
    assert.equal(decodeUTF8(bytes(...mark)), '');
    assert.equal(decodeUTF8(bytes(...mark, ...mark, 0x7b)), '\ufeff{');
    assert.equal(decodeUTF8(bytes(0x22, ...mark, 0x22)), '"\ufeff"');
    assert.equal(withoutBOM('\ufeff\ufeffx'), '\ufeffx');
    assert.equal(withoutBOM('x'), 'x');
    assert.equal(withoutBOM(''), '');
  });

  const invalid: readonly [what: string, ...values: number[]][] = [
    ['a lone continuation byte', 0x80],
    ['a lead byte without its continuation', 0xc3, 0x28, 0xff],
    ['an overlong slash', 0xc0, 0xaf],
    ['an overlong NUL', 0xc0, 0x80],
    ['an overlong three-byte sequence', 0xe0, 0x80, 0xaf],
    ['an overlong four-byte sequence', 0xf0, 0x80, 0x80, 0xaf],
    ['a high surrogate', 0xed, 0xa0, 0x80],
    ['a low surrogate', 0xed, 0xbf, 0xbf],
    ['a pair of surrogates (CESU-8)', 0xed, 0xa0, 0xb4, 0xed, 0xb4, 0x9e],
    ['beyond U+10FFFF', 0xf4, 0x90, 0x80, 0x80],
    ['a five-byte lead', 0xf8, 0x88, 0x80, 0x80, 0x80],
    ['0xFE', 0xfe],
    ['0xFF', 0xff],
    ['a cut two-byte sequence', 0x61, 0xc3],
    ['a cut three-byte sequence', 0x61, 0xe2, 0x82],
    ['a cut four-byte sequence', 0x61, 0xf0, 0x9d, 0x84],
    ['a cut byte order mark', 0xef, 0xbb],
    ['UTF-16 with its mark', 0xff, 0xfe, 0x7b, 0x00],
  ];

  for (const [what, ...values] of invalid) {
    test(`${what} is refused, not replaced`, () => {
      assert.throws(() => decodeUTF8(bytes(...values)), (error) => {
        assert.ok(error instanceof PeerProtocolError);
        assert.equal(error.code, 'ERR_MCP_INVALID_UTF8');
        assert.deepEqual(error.details, { bytes: values.length });
        return true;
      });
      assert.equal(decodeUTF8(bytes(0x6f, 0x6b)), 'ok', 'nothing of it is left for the next frame');
    });
  }

  test('a part of a larger buffer is read alone', () => {
    const whole = new TextEncoder().encode('xx{"a":"é"}yy');
    assert.equal(decodeUTF8(whole.subarray(2, whole.length - 2)), '{"a":"é"}');
  });

  test('the length in bytes agrees with the platform’s encoder, lone surrogates included', () => {
    const samples = ['', 'a', '\u007f\u0080', '\u07ff\u0800', '\uffff', '𝄞', '\ud800', '\udc00', 'a\ud800', '\ud800a', '\ud800\ud800\udc00', '\udc00\ud800', '\udc00\udc00', 'é€𝄞\ud83d'];
    for (const text of samples) assert.equal(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  });
});
