import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentKindOf, parseMediaType } from '../../../lib/http/media-type.ts';
import { retryAfterMs } from '../../../lib/http/retry-after.ts';
import { CHALLENGE_BOUNDS, parseChallenges } from '../../../lib/http/www-authenticate.ts';
import { assertNotQuadratic, EVERY_BYTE, NAUGHTY, readCases, seededTexts } from './cases.ts';

const pieces = ['Bearer', 'Basic', 'realm', 'charset', 'application/json', 'text', '/', '=', '==', '"', '\\', '\\"', ',', ';', ' ', '\t', 'a', '1', 'Sun', 'Nov', ':', '-', 'GMT', 'é', '\0', '\n', ...NAUGHTY];
const FUZZED = seededTexts(11, pieces, 20_000);

describe('Content-Type (RFC 9110 section 8.3.1)', () => {
  interface Row {
    readonly name: string;
    readonly value: string;
    readonly essence: string | null;
    readonly parameters: Readonly<Record<string, string>>;
    readonly kind: string;
  }

  for (const { name, value, essence, parameters, kind } of readCases<Row>('media-types.json')) {
    test(`${name}: ${JSON.stringify(value)}`, () => {
      const read = parseMediaType(value);
      assert.equal(read?.essence ?? null, essence);
      assert.deepEqual([...(read?.parameters ?? [])], Object.entries(parameters));
      assert.equal(contentKindOf(value), kind);
    });
  }

  test('no header is told from one that cannot be read', () => {
    assert.equal(parseMediaType(null), undefined);
    assert.equal(contentKindOf(null), 'absent');
    assert.equal(contentKindOf(''), 'other');
  });

  test('of all characters from 0x00 to 0xFF only those of a token may stand in a subtype', () => {
    const taken = EVERY_BYTE.filter((character) => parseMediaType(`a/b${character}c`)?.essence === `a/b${character}c`.toLowerCase());
    assert.equal(taken.join(''), "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  });

  test('of all characters from 0x00 to 0xFF all but controls, the quote and the backslash stand for themselves inside of quotes (section 5.6.4)', () => {
    for (const [code, character] of EVERY_BYTE.entries()) {
      const isControl = (code < 0x20 && code !== 0x09) || code === 0x7f;
      const isSyntax = character === '"' || character === '\\';
      assert.equal(parseMediaType(`a/b; c="d${character}e"`)?.parameters.get('c'), isControl || isSyntax ? (character === '\\' ? 'de' : undefined) : `d${character}e`, String(code));
      assert.equal(parseMediaType(`a/b; c="d\\${character}e"`)?.parameters.get('c'), isControl ? undefined : `d${character}e`, String(code));
    }
  });
});

describe('Retry-After (RFC 9110 section 10.2.3)', () => {
  interface Row {
    readonly name: string;
    readonly value: string;
    readonly nowMs: number;
    readonly waitMs: number | null;
  }

  for (const { name, value, nowMs, waitMs } of readCases<Row>('retry-after.json')) {
    test(`${name}: ${JSON.stringify(value.slice(0, 60))}`, () => assert.equal(retryAfterMs(value, nowMs) ?? null, waitMs));
  }

  test('no header says nothing', () => {
    assert.equal(retryAfterMs(null, 0), undefined);
  });

  test('all three forms of every day of four years are that day (section 5.6.7)', () => {
    const short = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
    const long = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
    for (let day = 0; day < 1461; day++) {
      const date = new Date(Date.UTC(2023, 0, 1, 23, 59, 58) + day * 86_400_000);
      const imf = date.toUTCString();
      const [, dayOfMonth = '', month = '', year = '', time = ''] = imf.split(' ');
      const weekday = date.getUTCDay();
      const forms = [imf, `${long[weekday]}, ${dayOfMonth}-${month}-${year.slice(2)} ${time} GMT`, `${short[weekday]} ${month} ${dayOfMonth.replace(/^0/, ' ')} ${time} ${year}`];
      for (const form of forms) assert.equal(retryAfterMs(form, 1_000_000_000_000), date.getTime() - 1_000_000_000_000, form);
    }
  });

  test('what is read is never negative and always finite', () => {
    for (const value of [...NAUGHTY, ...FUZZED, ...EVERY_BYTE]) {
      const wait = retryAfterMs(value, 1_700_000_000_000);
      assert.ok(wait === undefined || (wait >= 0 && Number.isFinite(wait)), JSON.stringify(value));
    }
  });
});

describe('WWW-Authenticate (RFC 9110 section 11.6.1)', () => {
  interface Row {
    readonly name: string;
    readonly value: string;
    readonly challenges: ReadonlyArray<readonly [scheme: string, parameters: Readonly<Record<string, string>>, token68: string | null]>;
  }

  /** The challenges of a header as the fixtures write them. */
  function read(value: string | null, bounds?: Parameters<typeof parseChallenges>[1]): unknown[] {
    return parseChallenges(value, bounds).map(({ scheme, parameters, token68 }) => [scheme, [...parameters], token68 ?? null]);
  }

  for (const { name, value, challenges } of readCases<Row>('challenges.json')) {
    test(`${name}: ${JSON.stringify(value).slice(0, 90)}`, () => {
      assert.deepEqual(read(value), challenges.map(([scheme, parameters, token68]) => [scheme, Object.entries(parameters), token68]));
    });
  }

  test('no header is no challenge', () => {
    assert.deepEqual(read(null), []);
  });

  test('a header longer than the bound is not read at all, for a value must not be cut; one as long is', () => {
    const { maxCharacters } = CHALLENGE_BOUNDS;
    const header = `Bearer scope="${'a'.repeat(maxCharacters - 15)}"`;
    assert.equal(header.length, maxCharacters);
    assert.equal(parseChallenges(header)[0]?.parameters.get('scope')?.length, maxCharacters - 15);
    assert.deepEqual(read(`${header} `), []);
    assert.deepEqual(read('Bearer a=b', { maxCharacters: 9 }), []);
  });

  test('of more challenges than the bound the first are kept, each with its own parameters alone', () => {
    const header = Array.from({ length: 100 }, (_, index) => `s${index} a=${index}, b=${index}`).join(', ');
    const kept = read(header);
    assert.equal(kept.length, CHALLENGE_BOUNDS.maxChallenges);
    assert.deepEqual(kept.at(-1), ['s31', [['a', '31'], ['b', '31']], null]);
    assert.deepEqual(read('a x=1, b y=2', { maxChallenges: 1 }), [['a', [['x', '1']], null]]);
  });

  test('of more parameters than the bound the first are kept', () => {
    const header = `Bearer ${Array.from({ length: 100 }, (_, index) => `p${index}=${index}`).join(', ')}, DPoP algs=a`;
    const [bearer, dpop] = parseChallenges(header);
    assert.equal(bearer?.parameters.size, CHALLENGE_BOUNDS.maxParameters);
    assert.equal(bearer?.parameters.get('p63'), '63');
    assert.equal(dpop?.parameters.get('algs'), 'a');
  });

  test('what well-formed challenges are made of comes back, however they are written', () => {
    const values = ['a', 'a b', '', 'a, Bearer b=c', '"', '\\', 'é', 'a=b', '\t'];
    for (const first of values) {
      for (const second of values) {
        const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;
        for (const comma of [',', ', ', ' ,\t,', ',,']) {
          const header = ['Basic realm=x', `Bearer a = ${quoted(first)}`, `B=${quoted(second)}`, 'Negotiate YQ=='].join(comma);
          assert.deepEqual(read(header), [['basic', [['realm', 'x']], null], ['bearer', [['a', first], ['b', second]], null], ['negotiate', [], 'YQ==']], header);
        }
      }
    }
  });
});

describe('hostile headers', () => {
  test('no parser throws, and whatever is read is made of what came', () => {
    for (const value of [...NAUGHTY, ...FUZZED, ...EVERY_BYTE]) {
      const mediaType = parseMediaType(value);
      if (mediaType !== undefined) assert.ok(value.toLowerCase().includes(mediaType.essence), JSON.stringify(value));
      for (const { scheme, token68 } of parseChallenges(value)) {
        assert.match(scheme, /^[a-z0-9!#$%&'*+.^_`|~-]+$/);
        assert.ok(value.toLowerCase().includes(scheme) && value.includes(token68 ?? ''), JSON.stringify(value));
      }
    }
  });

  test('time is not quadratic', { timeout: 60_000 }, () => {
    const half = 50_000;
    const bodies = { blanks: ' ', tabs: '\t', commas: ',', quotes: '"', backslashes: '\\', escapes: '\\"', letters: 'a', equals: '=', semicolons: ';', pairs: 'a=b,', words: 'a ', digits: '1', open: '"a', padded: 'a=,' };
    for (const [start, parse] of [
      ['application/json;a="', parseMediaType],
      ['application/json;', parseMediaType],
      ['', parseMediaType],
      ['Bearer a="', (text: string) => parseChallenges(text, { maxCharacters: Infinity, maxChallenges: Infinity, maxParameters: Infinity })],
      ['Bearer ', (text: string) => parseChallenges(text, { maxCharacters: Infinity, maxChallenges: Infinity, maxParameters: Infinity })],
      ['', (text: string) => retryAfterMs(`${text}x`, 0)],
    ] as const) {
      assertNotQuadratic(Object.fromEntries(Object.entries(bodies).map(([name, body]) => [`${start}${name}`, start + body.repeat(half)])), parse);
    }
  });
});
