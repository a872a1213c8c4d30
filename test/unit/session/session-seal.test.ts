import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { SessionSeal } from '../../../lib/session/session-seal.ts';
import { readProjectFile } from '../../helpers/tree.ts';

const OLDER = Uint8Array.from({ length: 32 }, (_, index) => index);
const NEWER = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const LIMIT = { timeout: 30_000 };

interface Vectors {
  readonly keys: Readonly<Record<string, string>>;
  readonly key: string;
  readonly record: unknown;
  readonly values: ReadonlyArray<{ readonly is: string; readonly under?: string; readonly value: string }>;
}

const vectors = JSON.parse(readProjectFile('spec-fixtures/session-records/values.json')) as Vectors;

describe('SessionSeal: what is sealed', () => {
  test('is a nonce of 12 bytes, the text encrypted with AES-256-GCM and a tag of 16, as node:crypto reads it (NIST SP 800-38D)', LIMIT, async () => {
    const text = 'a record with ☃ and \0';
    const bytes = Buffer.from(await new SessionSeal([OLDER]).seal(text, 'the key name'), 'base64');
    assert.equal(bytes.length, 12 + Buffer.byteLength(text) + 16);
    const decipher = createDecipheriv('aes-256-gcm', OLDER, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from('the key name'));
    decipher.setAuthTag(bytes.subarray(-16));
    assert.equal(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8'), text);
  });

  test('opens again, and what node:crypto has sealed opens too: the vectors of spec-fixtures', LIMIT, async () => {
    const sealed = vectors.values.filter((value) => value.is === 'sealed');
    assert.equal(sealed.length, 2);
    for (const { value, under = '' } of sealed) {
      const head = value.slice(0, value.lastIndexOf(':') + 1);
      const seal = new SessionSeal([vectors.keys[under] ?? '']);
      const text = await seal.open(value.slice(head.length), `${vectors.key}\n${head}`);
      assert.deepEqual(JSON.parse(text ?? ''), vectors.record);
      assert.equal(await seal.open(await seal.seal(text ?? '', 'x'), 'x'), text);
    }
  });

  test('is never twice the same: 1,000 nonces differ', LIMIT, async () => {
    const seal = new SessionSeal([OLDER]);
    const sealed = await Promise.all(Array.from({ length: 1_000 }, () => seal.seal('text', 'bound')));
    assert.equal(new Set(sealed.map((value) => value.slice(0, 16))).size, 1_000);
  });

  test('holds a text of a megabyte', LIMIT, async () => {
    const seal = new SessionSeal([OLDER]);
    const text = 'ä'.repeat(500_000);
    assert.equal(await seal.open(await seal.seal(text, 'bound'), 'bound'), text);
  });
});

describe('SessionSeal: what does not open', () => {
  const seal = new SessionSeal([OLDER]);

  test('what is bound to another name, sealed under another key, changed in any byte or cut anywhere', LIMIT, async () => {
    const sealed = await seal.seal('text', 'bound');
    assert.equal(await seal.open(sealed, 'bound'), 'text');
    assert.equal(await seal.open(sealed, 'bound '), undefined);
    assert.equal(await new SessionSeal([NEWER]).open(sealed, 'bound'), undefined);
    const bytes = Buffer.from(sealed, 'base64');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      assert.equal(await seal.open(changed.toString('base64'), 'bound'), undefined, `byte ${index}`);
      assert.equal(await seal.open(bytes.subarray(0, index).toString('base64'), 'bound'), undefined, `cut at ${index}`);
    }
  });

  test('what is no base64, and is not guessed at', LIMIT, async () => {
    const sealed = await seal.seal('text', 'bound');
    for (const text of ['', ' ', 'not base64!', '====', `${sealed}\n`, ` ${sealed}`, sealed.slice(0, -1), `${sealed.slice(0, 8)}=${sealed.slice(9)}`, '☃☃☃☃', '\0'.repeat(44)]) {
      assert.equal(await seal.open(text, 'bound'), undefined, JSON.stringify(text));
    }
  });
});

describe('SessionSeal: keys', () => {
  test('the first seals and all open, so that keys can be changed one worker at a time', LIMIT, async () => {
    const [before, between, after] = [new SessionSeal([OLDER]), new SessionSeal([OLDER, NEWER]), new SessionSeal([NEWER, OLDER])];
    const [old, older, newer] = [await before.seal('a', 'b'), await between.seal('a', 'b'), await after.seal('a', 'b')];
    assert.deepEqual(await Promise.all([old, older].map((value) => before.open(value, 'b'))), ['a', 'a']);
    assert.deepEqual(await Promise.all([old, older, newer].map((value) => between.open(value, 'b'))), ['a', 'a', 'a']);
    assert.deepEqual(await Promise.all([old, older, newer].map((value) => after.open(value, 'b'))), ['a', 'a', 'a']);
    assert.equal(await before.open(newer, 'b'), undefined);
    assert.equal(await new SessionSeal([NEWER]).open(old, 'b'), undefined, 'a key that was taken out opens nothing any more');
  });

  test('may be bytes, base64 or base64url, with padding or without', LIMIT, async () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => 0xf8 + (index % 8));
    const standard = Buffer.from(key).toString('base64');
    const url = Buffer.from(key).toString('base64url');
    assert.notEqual(standard.replace('=', ''), url);
    const sealed = await new SessionSeal([key]).seal('text', 'bound');
    for (const form of [standard, standard.replace('=', ''), url, `${url}=`]) assert.equal(await new SessionSeal([form]).open(sealed, 'bound'), 'text', form.length.toString());
  });

  test('are copied: what the host wipes afterwards is still the key, and what it gave is not changed', LIMIT, async () => {
    const key = new Uint8Array(OLDER);
    const seal = new SessionSeal([key]);
    const sealed = await seal.seal('text', 'bound');
    assert.deepEqual(key, OLDER);
    key.fill(0);
    assert.equal(await new SessionSeal([OLDER]).open(sealed, 'bound'), 'text');
    const later = new SessionSeal([key]);
    key.fill(9);
    const cipher = createCipheriv('aes-256-gcm', new Uint8Array(32), new Uint8Array(12));
    cipher.setAAD(Buffer.from('bound'));
    const foreign = Buffer.concat([new Uint8Array(12), cipher.update('of zeros'), cipher.final(), cipher.getAuthTag()]).toString('base64');
    assert.equal(await later.open(foreign, 'bound'), 'of zeros');
  });

  test('that are none are refused at the door, and never shown', () => {
    const canary = 'canary-canary-canary';
    for (const keys of ['x', {}, [5], [null], [[1]], undefined]) assert.throws(() => new SessionSeal(keys as never), TypeError);
    const wrong = [[], [new Uint8Array(31)], [new Uint8Array(33)], [new Uint8Array(16)], [''], [canary], [OLDER, canary], Array.from({ length: 17 }, () => OLDER), ['☃'.repeat(44)]];
    for (const keys of wrong) {
      assert.throws(
        () => new SessionSeal(keys as never),
        (error: unknown) => error instanceof RangeError && !error.message.includes('canary'),
      );
    }
  });

  test('are not in what inspect and JSON show', LIMIT, async () => {
    const seal = new SessionSeal([Buffer.from('canary-canary-canary-canary-1234').toString('base64')]);
    await seal.seal('text', 'bound');
    assert.doesNotMatch(inspect(seal, { depth: 9, showHidden: true }) + JSON.stringify(seal), /canary|Y2FuYXJ5|63, 61|99, 97/);
  });
});
