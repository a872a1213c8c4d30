import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { SessionStoreError } from '../../../lib/base/errors.ts';
import { sessionKey } from '../../../lib/session/session-key.ts';
import type { SessionOwner } from '../../../lib/session/session-key.ts';
import { MAX_RECORD_CHARACTERS, checkSessionRecord, readSessionRecord } from '../../../lib/session/session-record.ts';
import { sessionRecord } from '../../helpers/session-manager-contract.ts';

const refusal = (value: unknown): SessionStoreError => {
  try {
    checkSessionRecord(value);
  } catch (error) {
    assert.ok(error instanceof SessionStoreError, `it threw ${String(error)}`);
    assert.equal(error.code, 'ERR_MCP_SESSION_RECORD');
    return error;
  }
  return assert.fail('it was accepted');
};

const nested = (levels: number): unknown => {
  let value: unknown = {};
  for (let level = 1; level < levels; level++) value = { in: value };
  return value;
};

describe('checkSessionRecord: a record', () => {
  test('it is a frozen copy that equals what was given', () => {
    const given = structuredClone(sessionRecord());
    const checked = checkSessionRecord(given);
    assert.deepEqual(checked, sessionRecord());
    assert.notEqual(checked, given);
    assert.notEqual(checked.capabilities, given.capabilities);
    for (const part of [checked, checked.serverInfo, checked.capabilities, checked.capabilities.tools, checked.capabilities.experimental]) assert.ok(Object.isFrozen(part));
    assert.ok(!Object.isFrozen(given.serverInfo), 'what was given is left as it is');
  });

  test('it survives JSON, with and without the members that may be absent', () => {
    for (const record of [sessionRecord(), sessionRecord({ sessionId: undefined, instructions: undefined, lastEventId: undefined })]) {
      assert.deepEqual(checkSessionRecord(JSON.parse(JSON.stringify(record))), record);
    }
    const withNulls = { ...sessionRecord(), sessionId: null, instructions: null, lastEventId: null };
    assert.deepEqual(checkSessionRecord(withNulls), sessionRecord({ sessionId: undefined, instructions: undefined, lastEventId: undefined }));
  });

  test('both eras, any revision by date and the ends of every range are accepted', () => {
    const changes = [{ era: 'modern', revision: '2026-07-28' }, { epoch: 0, storedAt: 0 }, { epoch: Number.MAX_SAFE_INTEGER }, { storedAt: 8.64e15 }, { sessionId: '!' }, { sessionId: '~'.repeat(1_024) }, { lastEventId: '0' }, { lastEventId: 'a b\t'.padEnd(4_096, 'x') }, { instructions: '' }] as const;
    for (const change of changes) assert.deepEqual(checkSessionRecord(sessionRecord(change)), sessionRecord(change));
  });

  test('a record without a prototype, or of another realm, is a record', () => {
    assert.deepEqual(checkSessionRecord(Object.assign(Object.create(null), sessionRecord())), sessionRecord());
    assert.deepEqual(checkSessionRecord({ ...sessionRecord(), serverInfo: Object.assign(Object.create(null), sessionRecord().serverInfo) }), sessionRecord());
  });

  test('what the server said of itself is kept, known or not', () => {
    const serverInfo = { name: 's', version: '', 'x-build': [1, { a: null }], icons: [{ src: 'https://x.example/i.png' }] };
    const capabilities = { 'x-unknown': { deep: [true, -0.5, ''] }, constructor: { own: 1 } } as never;
    assert.deepEqual(checkSessionRecord(sessionRecord({ serverInfo, capabilities })), sessionRecord({ serverInfo, capabilities }));
  });
});

describe('checkSessionRecord: what a record does not hold', () => {
  test('other members are left out: tokens, headers, credentials', () => {
    const given = { ...sessionRecord(), authorization: 'Bearer canary', token: 'canary', headers: { cookie: 'canary' }, credential: 'canary', 'Mcp-Session-Id': 'canary' };
    const checked = checkSessionRecord(given);
    assert.deepEqual(Object.keys(checked).sort(), Object.keys(sessionRecord()).sort());
    assert.ok(!JSON.stringify(checked).includes('canary'));
  });

  test('members that a record does not have are not even read', () => {
    const given = Object.defineProperty({ ...sessionRecord() }, 'token', { enumerable: true, get: () => assert.fail('it was read') });
    assert.deepEqual(checkSessionRecord(given), sessionRecord());
  });

  test('__proto__ as a name is dropped at every level, and no prototype is changed', () => {
    const text = JSON.stringify(sessionRecord())
      .replace('{', '{"__proto__":{"polluted":true},')
      .replace('"serverInfo":{', '"serverInfo":{"__proto__":{"polluted":true},')
      .replace('"tools":{', '"tools":{"__proto__":{"polluted":true},');
    assert.equal(text.split('__proto__').length, 4);
    const checked = checkSessionRecord(JSON.parse(text));
    assert.deepEqual(checked, sessionRecord());
    for (const part of [{}, checked, checked.serverInfo, checked.capabilities.tools]) assert.equal((part as Record<string, unknown>)['polluted'], undefined);
    assert.equal(Object.getPrototypeOf(checked.serverInfo), Object.prototype);
  });

  test('inherited members are no members', () => {
    refusal(Object.create(sessionRecord()));
    const { sessionId, ...rest } = sessionRecord();
    assert.equal(checkSessionRecord(Object.assign(Object.create({ sessionId }), rest)).sessionId, undefined);
    refusal({ ...sessionRecord(), serverInfo: Object.create(sessionRecord().serverInfo ?? null) });
  });
});

describe('checkSessionRecord: what is no record is a SessionStoreError, whatever it is', () => {
  test('values of other kinds', () => {
    for (const value of [undefined, null, true, 0, NaN, 10n ** 50n, '', JSON.stringify(sessionRecord()), Symbol('s'), () => sessionRecord(), [], [sessionRecord()], {}, new Map(), new Date(0), new Uint8Array(4)]) refusal(value);
  });

  test('each member of a wrong kind or out of range, named', () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      version: [undefined, null, 0, 2, '1', true, [1]],
      era: [undefined, null, '', 'Legacy', 'future', 1, ['legacy'], { toString: () => 'legacy' }],
      revision: [undefined, null, '', '2025', '2025-06-18\n', ' 2025-06-18', '2025-06-18T00:00:00Z', '２０２５-06-18', 20250618, 'x'.repeat(10_000)],
      sessionId: ['', ' ', 'a b', 'a\r\nAuthorization: x', 'a\0', 'ü', '\u007f', 'x'.repeat(1_025), 7, {}, ['a'], true],
      serverInfo: [undefined, null, 'name', [], {}, { name: 'x' }, { version: '1' }, { name: 1, version: '1' }, { name: 'x', version: '1', title: 5 }, { name: 'x'.repeat(1_025), version: '1' }, new Date(0), new Map()],
      capabilities: [undefined, null, 'tools', [], { tools: 'yes' }, { tools: [] }, { resources: 1 }, { experimental: true }],
      instructions: [5, {}, ['text'], false],
      lastEventId: [5, {}, '', ' ', 'a ', 'ü', 'a\nb', 'a\0', '\u001b[0m', 'x'.repeat(4_097)],
      epoch: [undefined, null, '1', -1, 1.5, NaN, Infinity, 2 ** 53, 1n, new Date(0)],
      storedAt: [undefined, null, '2025-06-18', -1, 0.5, NaN, 8.64e15 + 2, Infinity],
    };
    assert.deepEqual(Object.keys(wrong), Object.keys(sessionRecord()));
    for (const [member, values] of Object.entries(wrong)) {
      for (const value of values) assert.match(refusal({ ...sessionRecord(), [member]: value }).message, new RegExp(member), member);
    }
  });

  test('what JSON does not have, anywhere in it', () => {
    for (const odd of [NaN, Infinity, 1n, Symbol('s'), () => 1, new Date(0), new Map(), new Uint8Array(2), new (class Odd {})()]) {
      refusal(sessionRecord({ capabilities: { 'x-odd': { list: [odd] } } }));
    }
  });

  test('what is too large: text, names, many values, a long array, a sparse one', () => {
    const fits = sessionRecord({ instructions: 'x'.repeat(MAX_RECORD_CHARACTERS - 2_000) });
    assert.deepEqual(checkSessionRecord(fits), fits);
    refusal(sessionRecord({ instructions: 'x'.repeat(MAX_RECORD_CHARACTERS) }));
    refusal(sessionRecord({ capabilities: { ['k'.repeat(MAX_RECORD_CHARACTERS)]: {} } }));
    refusal(sessionRecord({ capabilities: { 'x-list': new Array(50_000).fill(0) } }));
    refusal(sessionRecord({ capabilities: { 'x-list': new Array(4_294_967_295) } }));
    refusal(sessionRecord({ capabilities: Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, {}])) }));
    refusal(sessionRecord({ instructions: 'x'.repeat(200_000), serverInfo: { name: 's', version: '1', description: 'x'.repeat(200_000) } }));
  });

  test('128 levels are accepted, 129 and a value that holds itself are not', () => {
    const fits = sessionRecord({ capabilities: { 'x-deep': nested(126) } });
    assert.deepEqual(checkSessionRecord(fits), fits);
    refusal(sessionRecord({ capabilities: { 'x-deep': nested(127) } }));
    refusal(sessionRecord({ capabilities: { 'x-deep': nested(5_000) } }));
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    refusal(sessionRecord({ capabilities: circle }));
  });

  test('objects that fight back when they are read', () => {
    const throws = (): never => {
      throw new Error('of the getter');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const hostile of [
      proxy,
      new Proxy(sessionRecord(), { getOwnPropertyDescriptor: throws }),
      new Proxy(sessionRecord(), { get: throws }),
      { ...sessionRecord(), serverInfo: proxy },
      { ...sessionRecord(), capabilities: new Proxy({}, { ownKeys: throws }) },
      { ...sessionRecord(), capabilities: new Proxy({}, { getPrototypeOf: throws }) },
      { ...sessionRecord(), capabilities: { list: new Proxy([], { get: (_, name) => (name === 'length' ? Infinity : []) }) } },
      Object.defineProperty({ ...sessionRecord() }, 'epoch', { enumerable: true, get: throws }),
    ]) refusal(hostile);
  });

  test('a member that answers differently the second time is read once', () => {
    let reads = 0;
    const given = Object.defineProperty({ ...sessionRecord() }, 'sessionId', { enumerable: true, get: () => (++reads === 1 ? 'fine' : 'a\r\nb') });
    assert.equal(checkSessionRecord(given).sessionId, 'fine');
    assert.equal(reads, 1);
  });

  test('the message quotes none of it, and no control character', () => {
    const canary = 'sk-canary\u001b[2J\n';
    for (const value of [{ ...sessionRecord(), sessionId: canary }, { ...sessionRecord(), lastEventId: canary }, { ...sessionRecord(), era: canary }, { ...sessionRecord(), revision: canary }, { ...sessionRecord(), epoch: canary }, canary]) {
      assert.doesNotMatch(refusal(value).message, /canary|[\u0000-\u001f]/);
    }
    assert.doesNotMatch(refusal(sessionRecord({ capabilities: { 'a\u001b[2J\nb': { c: NaN } } })).message, /[\u0000-\u001f]/);
  });

  test('readSessionRecord: what is no record is as good as none', () => {
    assert.deepEqual(readSessionRecord(sessionRecord()), sessionRecord());
    for (const value of [undefined, null, 'text', { ...sessionRecord(), version: 2 }]) assert.equal(readSessionRecord(value), undefined);
  });
});

/** The layout of the digested bytes, written a second time from its description. */
function expectedKey({ endpoint, sessionKey: name, credential }: SessionOwner): string {
  const hash = createHash('sha256');
  for (const text of ['barewire session key 1', endpoint, name, credential]) {
    const bytes = Buffer.from(text ?? '', 'utf8');
    hash.update(Buffer.from((text === undefined ? 0xffffffff : bytes.length).toString(16).padStart(8, '0'), 'hex')).update(bytes);
  }
  return `v1:${hash.digest('hex')}`;
}

/** Numbers that look random and are the same in every run (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('sessionKey', () => {
  const endpoint = 'https://mcp.example/mcp';

  test('vectors, computed by another program', async () => {
    // python3: hashlib.sha256 over struct.pack('>I', length) + text, for the purpose and the three parts.
    const vectors: readonly (readonly [SessionOwner, string])[] = [
      [{ endpoint }, '4f7c5fe8aab65398dea6e9e3486b59327640c3462e558b22b0b5f0635cff0e0c'],
      [{ endpoint, credential: 'Bearer abc' }, 'fe0cc51bff727165238a5f5f6d2c1780a9468032f75647436bbeaf0e3aa143a1'],
      [{ endpoint, sessionKey: 'tenant-7' }, '13bf9af07f5b0a09db84b07ffc033d2082a6eb2218d96e9d1cfa9f6c9656b47e'],
      [{ endpoint, sessionKey: '', credential: '' }, '8882071d2ffed1f961cc04f2406b6b19ca31aa2fc4222490afa1ef6ea34326aa'],
      [{ endpoint: 'http://[::1]:8080/mcp/?a=ü☃', sessionKey: 'nützer 🦀', credential: 'Basic dTpw' }, '317e3f1995faadfd1f2905d7eb2e145acfad5db76b06c141d08f6c1f0f4ecf74'],
    ];
    for (const [owner, digest] of vectors) {
      assert.equal(await sessionKey(owner), `v1:${digest}`);
      assert.equal(expectedKey(owner), `v1:${digest}`);
    }
  });

  test('what is declared to the server is a part of its own, where something is: who cannot answer what a session may ask does not take it up', async () => {
    // As above, with a fourth part.
    const owner = { endpoint, credential: 'Bearer abc' };
    assert.equal(await sessionKey({ ...owner, capabilities: '{"roots":{}}' }), 'v1:5b5a87ccc556cebcf66e4d1c2f8825f7e8395e5f6853d28814a8e32c1a9a308f');
    assert.equal(await sessionKey({ ...owner, capabilities: undefined }), await sessionKey(owner));
    const keys = await Promise.all(['', '{}', '{"roots":{}}', undefined].map((capabilities) => sessionKey({ ...owner, capabilities })));
    assert.equal(new Set(keys).size, 4);
  });

  test('the same owner has the same key; an absent part and an undefined one are the same', async () => {
    assert.equal(await sessionKey({ endpoint, sessionKey: undefined, credential: undefined }), await sessionKey({ endpoint }));
  });

  test('another user or tenant of one URL has another key, and neither URL nor credential stands in it', async () => {
    const keys = await Promise.all([{ endpoint }, { endpoint, credential: 'Bearer alice' }, { endpoint, credential: 'Bearer bob' }, { endpoint, sessionKey: 'Bearer alice' }].map(sessionKey));
    assert.equal(new Set(keys).size, 4);
    for (const key of keys) assert.match(key, /^v1:[0-9a-f]{64}$/);
  });

  test('distinct owners have distinct keys: every triple of short parts, absent ones, digits and separators among them', async () => {
    const parts = ['', 'a', 'aa', '0', '1', ':', '\0', '\u0001a', '\u00ff', '\u00ff\u00ff', 'é', 'e\u0301', 'v1:'];
    const optional = [undefined, ...parts];
    const owners = parts.flatMap((url) => optional.flatMap((name) => optional.map((credential) => ({ endpoint: url, sessionKey: name, credential }))));
    const keys = await Promise.all(owners.map(sessionKey));
    assert.equal(owners.length, 13 * 14 * 14);
    assert.equal(new Set(keys).size, owners.length);
  });

  test('the boundaries between parts cannot be shifted: every way to cut one text in three has its own key', async () => {
    const random = seeded(20_250_618);
    for (let round = 0; round < 10; round++) {
      const text = Array.from({ length: 24 }, () => String.fromCharCode(random(4) === 0 ? random(32) : random(0xd7ff))).join('');
      const owners: SessionOwner[] = [];
      for (let first = 0; first <= text.length; first++) {
        for (let second = first; second <= text.length; second++) {
          owners.push({ endpoint: text.slice(0, first), sessionKey: text.slice(first, second), credential: text.slice(second) });
        }
      }
      const keys = await Promise.all(owners.map(sessionKey));
      assert.equal(new Set(keys).size, owners.length, `round ${round}`);
      assert.equal(keys[7], expectedKey(owners[7] ?? { endpoint }));
    }
  });

  test('a text that has no UTF-8 of its own is refused: two lone surrogates would have one key', async () => {
    for (const owner of [{ endpoint: '\ud800' }, { endpoint, sessionKey: 'a\udfff' }, { endpoint, credential: '\ud800b' }]) {
      await assert.rejects(sessionKey(owner), (error: Error) => error instanceof TypeError && !/[\ud800-\udfff]/.test(error.message));
    }
  });

  test('a part that is no string is refused, and not shown', async () => {
    for (const owner of [{}, { endpoint: 7 }, { endpoint, sessionKey: null }, { endpoint, credential: { token: 'canary' } }]) {
      await assert.rejects(sessionKey(owner as never), (error: Error) => error instanceof TypeError && !error.message.includes('canary'));
    }
  });
});
