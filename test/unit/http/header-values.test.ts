import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isOwnedHeader, READ_HEADERS, SENT_HEADERS } from '../../../lib/http/header-names.ts';
import { checkHeaderValue, checkToken, checkUserHeaders } from '../../../lib/http/header-value.ts';
import { checkSessionId, MAX_SESSION_ID_CHARACTERS } from '../../../lib/http/session-id.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../../../lib/http/value-encoding.ts';
import { assertNotQuadratic, EVERY_BYTE, NAUGHTY, readCases, seededTexts } from './cases.ts';

const FUZZED = seededTexts(7, [...NAUGHTY, ...EVERY_BYTE, 'abc', ' '], 5_000);
const isVisible = (code: number): boolean => code >= 0x21 && code <= 0x7e;

/** The error of a refusal, a TypeError whose message holds none of `secrets`. */
function refusalOf(action: () => unknown, ...secrets: readonly string[]): TypeError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    for (const secret of secrets) assert.equal(error.message.includes(secret), false, error.message);
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

/** Whether `action` refuses; whatever it throws beside a TypeError goes on. */
function isRefused(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch (error) {
    if (error instanceof TypeError) return true;
    throw error;
  }
}

describe('names of header fields', () => {
  test('what is sent is a token (RFC 9110 section 5.6.2), and what is read is written in lower case, to be looked up', () => {
    for (const name of Object.values(SENT_HEADERS)) assert.match(name, /^[A-Za-z-]+$/);
    for (const name of Object.values(READ_HEADERS)) assert.equal(name, name.toLowerCase());
    assert.equal(READ_HEADERS.sessionId, SENT_HEADERS.sessionId.toLowerCase());
  });

  test('the transport owns every name it sends but those that let a request in, whatever the case (RFC 9110 section 5.1)', () => {
    for (const name of Object.values(SENT_HEADERS)) {
      for (const written of [name, name.toLowerCase(), name.toUpperCase()]) assert.equal(isOwnedHeader(written), name !== 'Authorization' && name !== 'DPoP', written);
    }
    assert.equal(isOwnedHeader('mcp-PARAM-region'), true);
    for (const name of ['X-API-Key', 'Cookie', 'Mcp-Parameter', 'mcp-params', 'X-Mcp-Name', 'Traceparent', 'User-Agent', 'Origin']) assert.equal(isOwnedHeader(name), false, name);
  });
});

describe('a header value (RFC 9110 section 5.5)', () => {
  test('of all characters from 0x00 to 0xFF, visible ASCII, space and tab may stand inside', () => {
    for (const [code, character] of EVERY_BYTE.entries()) {
      const value = `a${character}b`;
      if (isVisible(code) || code === 0x20 || code === 0x09) assert.equal(checkHeaderValue('X', value), value);
      else refusalOf(() => checkHeaderValue('X', value), value);
    }
  });

  test('at the beginning, at the end and alone, only visible ASCII', () => {
    for (const [code, character] of EVERY_BYTE.entries()) {
      for (const value of [`${character}a`, `a${character}`, character]) assert.equal(isRefused(() => checkHeaderValue('X', value)), !isVisible(code), JSON.stringify(value));
    }
  });

  test('obs-text only where it is asked for, and nothing beyond one byte even then', () => {
    for (const [code, character] of EVERY_BYTE.entries()) {
      const allowed = isVisible(code) || code === 0x20 || code === 0x09 || code >= 0x80;
      assert.equal(isRefused(() => checkHeaderValue('X', `a${character}b`, { obsText: true })), !allowed, String(code));
    }
    for (const value of ['\u0100', 'a\u20acb', '🧭', '\ud800']) assert.ok(isRefused(() => checkHeaderValue('X', value, { obsText: true })), value);
    assert.ok(isRefused(() => checkHeaderValue('X', 'é', { obsText: false })));
  });

  test('an empty value is one', () => {
    assert.equal(checkHeaderValue('X', ''), '');
  });

  test('a refusal names the header, escaped, and the place, and never the value', () => {
    assert.match(refusalOf(() => checkHeaderValue('X-API-Key', 'hunter2\r\nhunter2'), 'hunter2').message, /"X-API-Key".*control character at index 7 of 16/);
    assert.match(refusalOf(() => checkHeaderValue('X-API-Key', 'hunter2é'), 'hunter2', 'é').message, /"X-API-Key".*outside of ASCII at index 7 of 8/);
    assert.match(refusalOf(() => checkHeaderValue('X-API-Key', ' hunter2'), 'hunter2').message, /"X-API-Key".*white space at its beginning/);
    assert.match(refusalOf(() => checkHeaderValue('X-API-Key', 'hunter2\t'), 'hunter2').message, /"X-API-Key".*white space at its end/);
    assert.match(refusalOf(() => checkHeaderValue('a\r\nb', '\n'), '\r', '\n').message, /"a\\r\\nb"/);
  });

  test('what is no string is refused, a number without being shown', () => {
    for (const value of [undefined, null, 4815162342, 4815162342n, {}, ['hunter2'], Symbol('hunter2'), () => 'hunter2']) {
      assert.match(refusalOf(() => checkHeaderValue('X', value as string), 'hunter2', '4815162342').message, /"X" must be a string/);
    }
  });

  test('what is taken reaches the other side of the platform’s Headers unchanged: nothing is trimmed or replaced', () => {
    let taken = 0;
    for (const value of [...EVERY_BYTE, ...NAUGHTY, ...FUZZED]) {
      if (isRefused(() => checkHeaderValue('X', value))) continue;
      taken++;
      assert.equal(new Headers({ X: value }).get('x'), value);
    }
    assert.ok(taken > 200, `${taken} values`);
  });
});

describe('the encoding of Mcp-Name and Mcp-Param-… (MCP 2026-07-28, Streamable HTTP, "Value Encoding")', () => {
  interface Encoded {
    readonly name: string;
    readonly value: string | number | boolean;
    readonly header: string;
  }

  for (const { name, value, header } of readCases<Encoded>('encoded-values.json')) {
    test(`${name}: ${JSON.stringify(value).slice(0, 60)}`, () => {
      assert.equal(encodeHeaderValue(value), header);
      assert.equal(decodeHeaderValue(header), String(value));
    });
  }

  for (const { name, header } of readCases<{ readonly name: string; readonly header: string }>('undecodable-values.json')) {
    test(`${name} cannot be decoded`, () => assert.equal(decodeHeaderValue(header), undefined));
  }

  test('each character from 0x00 to 0xFF, alone, at both ends and inside, becomes a value that a header can carry, and comes back', () => {
    for (const character of EVERY_BYTE) {
      for (const value of [character, `${character}a`, `a${character}`, `a${character}b`]) {
        const header = encodeHeaderValue(value);
        assert.equal(checkHeaderValue('Mcp-Name', header), header);
        assert.equal(decodeHeaderValue(header), value);
      }
    }
  });

  test('every string of well-formed Unicode comes back; two strings never share a header', () => {
    const seen = new Map<string, string>();
    for (const value of [...NAUGHTY, ...FUZZED]) {
      const isWellFormed = !/\p{Surrogate}/u.test(value);
      if (isRefused(() => encodeHeaderValue(value))) {
        assert.equal(isWellFormed, false, JSON.stringify(value));
        continue;
      }
      assert.ok(isWellFormed);
      const header = encodeHeaderValue(value);
      assert.equal(checkHeaderValue('Mcp-Name', header), header);
      assert.equal(decodeHeaderValue(header), value);
      assert.equal(seen.get(header) ?? value, value);
      seen.set(header, value);
    }
    assert.ok(seen.size > 1_000);
  });

  test('a lone surrogate, which has no UTF-8 form, is refused: a replacement would not be what the message says', () => {
    for (const value of ['hunter2\ud800', '\udc00hunter2', 'a\udc00\ud800b']) assert.match(refusalOf(() => encodeHeaderValue(value), 'hunter2').message, /lone surrogate/);
  });

  test('minus zero is zero; a fraction, an integer beyond the safe ones and every other kind are refused, unseen', () => {
    assert.equal(encodeHeaderValue(-0), '0');
    for (const value of [1.5, 2 ** 53, -(2 ** 53), 1e21, NaN, Infinity]) assert.match(refusalOf(() => encodeHeaderValue(value), String(value)).message, /safe integer/);
    for (const value of [null, undefined, 7n, {}, ['a'], () => 'a']) assert.ok(isRefused(() => encodeHeaderValue(value as string)), typeof value);
  });

  test('a value of a megabyte is encoded', () => {
    const value = 'é\n'.repeat(350_000);
    assert.ok(decodeHeaderValue(encodeHeaderValue(value)) === value);
  });
});

describe('a bearer token (RFC 6750 section 2.1)', () => {
  test('b64token: letters, digits and -._~+/, then any number of =', () => {
    for (const token of ['a', 'mF_9.B5f-4.1JqM', 'AbC-._~+/09==', 'a=', 'a====', '/', 'eyJh.eyJz.c2ln']) assert.equal(checkToken(token), token);
    for (const token of ['', '=', '==', 'a=b', '=a', 'a b', ' a', 'a ', 'a\n', 'a\r\nX: b', 'a,b', 'a|b', 'a:b', 'a"b', 'é', 'a\0', '🧭', 'Bearer a']) assert.ok(isRefused(() => checkToken(token)), JSON.stringify(token));
  });

  test('of all characters from 0x00 to 0xFF exactly 68 may stand inside', () => {
    const taken = EVERY_BYTE.filter((character) => !isRefused(() => checkToken(`a${character}b`)));
    assert.equal(taken.join(''), '+-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~');
    assert.equal(taken.length, 68);
  });

  test('a refusal does not show the token', () => {
    assert.match(refusalOf(() => checkToken('hunter2 hunter2'), 'hunter2').message, /index 7 of 15/);
    assert.match(refusalOf(() => checkToken(4815162342 as unknown as string), '4815162342').message, /must be a string/);
  });
});

describe('headers that a host gives', () => {
  test('own names and values are taken, in their order and case, into an object of its own without a prototype', () => {
    const given = { 'X-API-Key': 'a b', authorization: 'Bearer c', 'x-empty': '', "!#$%&'*+-.^_`|~09azAZ": 'd' };
    const checked = checkUserHeaders(given);
    assert.deepEqual(Object.entries(checked), Object.entries(given));
    assert.equal(Object.getPrototypeOf(checked), null);
    given['X-API-Key'] = 'changed';
    assert.equal(checked['X-API-Key'], 'a b');
    assert.deepEqual(Object.entries(checkUserHeaders({})), []);
    assert.deepEqual(Object.entries(checkUserHeaders(Object.assign(Object.create(null) as object, { a: 'b' }))), [['a', 'b']]);
  });

  test('__proto__ and constructor are names like others, and what is inherited is not sent', () => {
    assert.deepEqual(Object.entries(checkUserHeaders(JSON.parse('{"__proto__":"a","constructor":"b"}'))), [['__proto__', 'a'], ['constructor', 'b']]);
    assert.deepEqual(Object.entries(checkUserHeaders(Object.create({ __proto__: null, inherited: 'a' }) as object)), []);
  });

  test('of all characters from 0x00 to 0xFF only those of a token may stand in a name (RFC 9110 section 5.6.2)', () => {
    const taken = EVERY_BYTE.filter((character) => !isRefused(() => checkUserHeaders({ [`x${character}y`]: 'a' })));
    assert.equal(taken.join(''), "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
    for (const name of ['', ' ', 'a b', 'a:', ':authority', 'a\r\nb', 'é', '🧭']) assert.match(refusalOf(() => checkUserHeaders({ [name]: 'hunter2' }), 'hunter2').message, /is none of a header/);
  });

  test('names that the transport sends itself are refused, whatever the case', () => {
    const owned = ['content-type', 'content-length', 'accept', 'host', 'connection', 'transfer-encoding', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id', 'mcp-method', 'mcp-name', 'mcp-param-region', 'mcp-param-'];
    const ofConnection = ['te', 'trailer', 'upgrade', 'keep-alive', 'proxy-connection', 'expect', 'content-encoding'];
    for (const name of [...owned, ...ofConnection]) {
      for (const written of [name, name.toUpperCase(), name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())]) {
        const { message } = refusalOf(() => checkUserHeaders({ [written]: 'hunter2' }), 'hunter2');
        assert.ok(message.includes(`"${written}": the transport sends it itself`), message);
      }
    }
  });

  test('two names that differ by case alone are refused', () => {
    assert.match(refusalOf(() => checkUserHeaders({ 'X-Key': 'hunter2', 'x-key': 'b' }), 'hunter2').message, /"x-key" twice/);
  });

  test('a value that no header can carry is refused with the name of its header, one that is no string too', () => {
    assert.match(refusalOf(() => checkUserHeaders({ 'X-Key': 'hunter2\n' }), 'hunter2').message, /"X-Key".*control character/);
    for (const value of [undefined, null, 4815162342, true, ['hunter2'], {}]) assert.match(refusalOf(() => checkUserHeaders({ 'X-Key': value }), 'hunter2', '4815162342').message, /"X-Key" must be a string/);
  });

  test('anything but a plain object is refused, for its headers would be lost in silence', () => {
    const others = [undefined, null, 'a: hunter2', 1, [['a', 'hunter2']], new Headers({ a: 'hunter2' }), new Map([['a', 'hunter2']]), Promise.resolve({ a: 'hunter2' }), () => ({}), new Date(0)];
    for (const headers of others) assert.match(refusalOf(() => checkUserHeaders(headers), 'hunter2').message, /headers must be a plain object/);
  });
});

describe('a session id (MCP 2025-11-25, Streamable HTTP, "Session Management")', () => {
  test('no header is no session', () => {
    assert.deepEqual(checkSessionId(null), { kind: 'none' });
  });

  test('visible ASCII is taken as it stands', () => {
    const all = EVERY_BYTE.slice(0x21, 0x7f).join('');
    for (const sessionId of ['1868a90c-7e3c', 'a', ',', 'a,b', all]) assert.deepEqual(checkSessionId(sessionId), { kind: 'given', sessionId });
  });

  test('of all characters from 0x00 to 0xFF those from 0x21 to 0x7E are taken, wherever they stand', () => {
    for (const [code, character] of EVERY_BYTE.entries()) {
      for (const value of [character, `${character}a`, `a${character}`, `a${character}b`]) assert.equal(checkSessionId(value).kind, isVisible(code) ? 'given' : 'refused', JSON.stringify(value));
    }
  });

  test('two headers, which arrive joined by a comma and a space, are refused and told as two', () => {
    const answer = checkSessionId('first, second');
    assert.ok(answer.kind === 'refused' && /two of them/.test(answer.reason));
  });

  test('an empty id and one of more than 1024 characters are refused, one of 1024 is taken; the bound can be another', () => {
    assert.equal(MAX_SESSION_ID_CHARACTERS, 1024);
    assert.equal(checkSessionId('').kind, 'refused');
    assert.equal(checkSessionId('a'.repeat(1024)).kind, 'given');
    const answer = checkSessionId('a'.repeat(1025));
    assert.ok(answer.kind === 'refused' && answer.reason.includes('1025'));
    assert.deepEqual([checkSessionId('abc', 3).kind, checkSessionId('abcd', 3).kind], ['given', 'refused']);
  });

  test('a refusal says why and shows no part of what came', () => {
    for (const value of ['hunter2, hunter2', 'hunter2\r\n', 'hunter2é', 'hunter2'.repeat(200), ' hunter2']) {
      const answer = checkSessionId(value);
      assert.ok(answer.kind === 'refused' && !answer.reason.includes('hunter2'), value);
    }
  });
});

describe('hostile values', () => {
  test('every function takes or refuses with a TypeError, and nothing else', () => {
    for (const value of [...NAUGHTY, ...FUZZED]) {
      isRefused(() => checkHeaderValue(value, value));
      isRefused(() => checkToken(value));
      isRefused(() => encodeHeaderValue(value));
      isRefused(() => checkUserHeaders({ [value]: value }));
      assert.ok(['given', 'refused'].includes(checkSessionId(value).kind));
      decodeHeaderValue(value);
    }
  });

  test('time is not quadratic', { timeout: 60_000 }, () => {
    const half = 100_000;
    const texts = { letters: 'a'.repeat(2 * half), blanks: `a${' '.repeat(half)}a${' '.repeat(half)}`, equals: `${'='.repeat(half)}a${'='.repeat(half)}`, marks: '=?base64?'.repeat(half / 4), beyond: 'é'.repeat(half) };
    assertNotQuadratic(texts, (text) => {
      isRefused(() => checkHeaderValue('X', text));
      isRefused(() => checkToken(text));
      isRefused(() => checkUserHeaders({ [text]: text }));
      decodeHeaderValue(encodeHeaderValue(text));
      decodeHeaderValue(`=?base64?${text}?=`);
      checkSessionId(text, Infinity);
    });
  });
});
