import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rawHeader, ResponseHeaders } from '../../../../lib/transport/http/node-fetch-headers.ts';

const RAW = ['Content-Type', 'text/plain', 'X-A', '1', 'Set-Cookie', 'a=1', 'x-a', '2', 'SET-COOKIE', 'b=2, c', 'Empty', ''];

describe('the headers of a response, as the platform’s Headers has them (fetch standard, section 5.1)', () => {
  const headers: Headers = new ResponseHeaders(RAW);
  const platform = new Headers();
  for (let index = 0; index < RAW.length; index += 2) platform.append(RAW[index] ?? '', RAW[index + 1] ?? '');

  test('one value is found whatever its case; equal names are joined', () => {
    for (const name of ['content-type', 'CONTENT-TYPE', 'x-a', 'X-A', 'set-cookie', 'empty', 'x', 'missing']) {
      assert.equal(headers.get(name), platform.get(name), name);
      assert.equal(headers.has(name), platform.has(name), name);
    }
    assert.equal(headers.get('x-a'), '1, 2');
    assert.equal(headers.get('missing'), null);
    assert.equal(headers.get('empty'), '');
  });

  test('all of them come in the platform’s order, cookies apart', () => {
    assert.deepEqual([...headers], [...platform]);
    assert.deepEqual([...headers.entries()], [...platform.entries()]);
    assert.deepEqual([...headers.keys()], [...platform.keys()]);
    assert.deepEqual([...headers.values()], [...platform.values()]);
    assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2, c']);
    const seen: string[] = [];
    headers.forEach((value, key, parent) => void seen.push(`${key}: ${value}: ${parent === headers}`));
    assert.equal(seen[0], 'content-type: text/plain: true');
    assert.deepEqual([...new Headers(headers)], [...platform]);
  });

  test('they cannot be changed', () => {
    for (const change of [() => headers.set('a', 'b'), () => headers.append('a', 'b'), () => headers.delete('x-a')]) assert.throws(change, TypeError);
    assert.equal(headers.get('x-a'), '1, 2');
  });

  test('a name that a peer chose is no member of anything', () => {
    assert.equal(rawHeader(['__proto__', 'a', 'constructor', 'b'], '__proto__'), 'a');
    assert.equal(new ResponseHeaders([]).get('constructor'), null);
  });
});
