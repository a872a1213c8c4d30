import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkTarget, frame, RequestReader } from '../../../../lib/transport/http/node-fetch-request.ts';

const read = (init: Parameters<RequestReader['read']>[0], codings?: string) => new RequestReader(codings).read(init);

describe('the url of a request (fetch standard, section 5.6)', () => {
  test('goes without its fragment', () => {
    assert.equal(checkTarget('http://a.test/b?c#d').href, 'http://a.test/b?c');
    assert.equal(checkTarget(new URL('https://a.test')).href, 'https://a.test/');
  });

  test('is refused when it is relative, of another scheme, or holds credentials; what it holds is not shown', () => {
    for (const url of ['/canary', '', 'ftp://a.test/canary', 'http://user:canary@a.test/', 'http://canary@a.test/', 'http://']) {
      assert.throws(() => checkTarget(url), (error: Error) => error instanceof TypeError && !error.message.includes('canary'), url);
    }
  });
});

describe('what a request is made with', () => {
  test('headers may be a record, pairs or Headers; equal names are joined, in the case of the first', () => {
    assert.deepEqual(read({ headers: { Accept: 'a', 'X-B': 'b' } }).headers, ['Accept', 'a', 'X-B', 'b']);
    assert.deepEqual(read({ headers: [['Accept', 'a'], ['accept', 'b']] }).headers, ['Accept', 'a, b']);
    assert.deepEqual(read({ headers: new Headers({ Accept: 'a' }) }).headers, ['accept', 'a']);
  });

  test('a frozen record that is given again is what it was; one that can change is read again', () => {
    const reader = new RequestReader(undefined);
    const frozen = Object.freeze({ a: '1' });
    assert.deepEqual(reader.read({ headers: frozen }).headers, ['a', '1']);
    assert.deepEqual(reader.read({ headers: frozen, method: 'POST', body: 'x' }).headers, ['a', '1', 'Content-Type', 'text/plain;charset=UTF-8']);
    assert.deepEqual(reader.read({ headers: frozen }).headers, ['a', '1']);
    const open = { a: '1' };
    assert.deepEqual(reader.read({ headers: open }).headers, ['a', '1']);
    open.a = '2';
    assert.deepEqual(reader.read({ headers: open }).headers, ['a', '2']);
  });

  test('headers that frame the message or are for the next hop are a TypeError that names them and hides their values (RFC 9110 section 7.6.1)', () => {
    const names = ['Connection', 'expect', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade'];
    for (const name of names) {
      assert.throws(() => read({ headers: { [name]: 'canary' } }), (error: Error) => error instanceof TypeError && error.message.includes(name) && !error.message.includes('canary'), name);
    }
  });

  test('a Content-Length is taken where it is true, and a TypeError where it is not', () => {
    assert.deepEqual(read({ method: 'POST', body: 'é', headers: { 'content-length': '2', 'content-type': 'a' } }).headers, ['content-type', 'a']);
    assert.throws(() => read({ method: 'POST', body: 'é', headers: { 'content-length': '1' } }), { name: 'TypeError', message: /Content-Length/ });
    assert.throws(() => read({ headers: { 'content-length': '1' } }), { name: 'TypeError', message: /Content-Length/ });
  });

  test('a value that is no string is a TypeError', () => {
    assert.throws(() => read({ headers: { a: undefined } as unknown as Record<string, string> }), { name: 'TypeError', message: /"a"/ });
  });

  test('text and forms say what they are unless the caller does (fetch standard, section 5.2)', () => {
    assert.deepEqual(read({ method: 'POST', body: 'a' }).headers, ['Content-Type', 'text/plain;charset=UTF-8']);
    assert.deepEqual(read({ method: 'POST', body: new URLSearchParams({ a: 'b c' }) }), {
      ...{ method: 'POST', headers: ['Content-Type', 'application/x-www-form-urlencoded;charset=UTF-8'], hasHost: false },
      ...{ body: 'a=b+c', signal: undefined, takesRedirects: false },
    });
    assert.deepEqual(read({ method: 'POST', body: new Uint8Array([1]) }).headers, []);
    assert.deepEqual(read({ method: 'POST', body: 'a', headers: { 'CONTENT-TYPE': 'b' } }).headers, ['CONTENT-TYPE', 'b']);
  });

  test('codings are asked for when told so, and not over the caller’s own wish', () => {
    assert.deepEqual(read({}, 'gzip, br').headers, ['Accept-Encoding', 'gzip, br']);
    assert.deepEqual(read({ headers: { 'accept-encoding': 'identity' } }, 'gzip, br').headers, ['accept-encoding', 'identity']);
  });

  test('a method is in upper case; those of proxies and of tracing are refused, as is a body where none can be', () => {
    assert.equal(read({ method: 'delete' }).method, 'DELETE');
    assert.equal(read({}).method, 'GET');
    for (const method of ['CONNECT', 'trace', 'TRACK']) assert.throws(() => read({ method }), { name: 'TypeError', message: new RegExp(method.toUpperCase()) });
    for (const method of ['GET', 'head']) assert.throws(() => read({ method, body: '' }), { name: 'TypeError', message: /has no body/ });
    assert.throws(() => read({ method: 'POST', body: 1 as unknown as string }), { name: 'TypeError', message: /body must be/ });
  });

  test('a redirect is an error unless it is asked for; following is refused at once', () => {
    assert.equal(read({ redirect: 'manual' }).takesRedirects, true);
    assert.equal(read({ redirect: 'error' }).takesRedirects, false);
    assert.equal(read({}).takesRedirects, false);
    assert.throws(() => read({ redirect: 'follow' as 'manual' }), { name: 'TypeError', message: /never follows redirects/ });
  });
});

const framing = (request: Parameters<typeof frame>[0]): string[] => {
  const list: string[] = [];
  frame(request, list);
  return list;
};

describe('the framing of a body (RFC 9112 section 6)', () => {
  test('is its length in bytes where it is known, chunks where it is not', () => {
    assert.deepEqual(framing({ method: 'POST', body: 'aé€😀' }), ['Content-Length', '10']);
    assert.deepEqual(framing({ method: 'DELETE', body: new Uint8Array(3) }), ['Content-Length', '3']);
    assert.deepEqual(framing({ method: 'PUT', body: new ReadableStream() }), ['Transfer-Encoding', 'chunked']);
  });

  test('without a body, only methods that give one a meaning say that there is none (RFC 9110 section 8.6)', () => {
    assert.deepEqual(framing({ method: 'POST', body: undefined }), ['Content-Length', '0']);
    assert.deepEqual(framing({ method: 'GET', body: undefined }), []);
    assert.deepEqual(framing({ method: 'DELETE', body: undefined }), []);
  });
});
