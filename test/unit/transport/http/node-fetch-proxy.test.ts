import assert from 'node:assert/strict';
import * as net from 'node:net';
import { describe, test } from 'node:test';
import { hostOf, parseProxy, portOf } from '../../../../lib/transport/http/node-fetch-proxy-url.ts';
import { parseNoProxy, proxyFromEnvironment } from '../../../../lib/transport/http/node-fetch-proxy.ts';

/** `host:port` of the proxy that an environment gives for a url. */
function through(environment: Readonly<Record<string, string>>, url: string): string | undefined {
  const proxy = proxyFromEnvironment(environment, net)(new URL(url));
  return proxy === undefined ? undefined : `${proxy.host}:${proxy.port}`;
}

// The list, then targets that it excepts, then targets that it does not.
const NO_PROXY: readonly (readonly [list: string, excepted: readonly string[], proxied: readonly string[]])[] = [
  ['', [], ['http://example.com/']],
  ['*', ['http://example.com/', 'https://10.0.0.1/', 'http://[::1]/'], []],
  ['a.test, *', ['http://example.com/'], []],
  ['example.com', ['http://example.com/', 'https://example.com:8443/', 'http://a.b.example.com/'], ['http://notexample.com/', 'http://example.com.evil.test/', 'http://example.org/']],
  ['.example.com', ['http://example.com/', 'http://a.example.com/'], ['http://notexample.com/']],
  ['*.example.com', ['http://a.example.com/', 'http://example.com/'], ['http://notexample.com/']],
  ['EXAMPLE.com.', ['http://example.COM/', 'http://example.com./'], []],
  ['example.com:8080', ['http://example.com:8080/', 'http://a.example.com:8080/'], ['http://example.com/', 'https://example.com/']],
  ['example.com:443', ['https://example.com/'], ['http://example.com/']],
  ['a.test,b.test c.test\td.test', ['http://a.test/', 'http://b.test/', 'http://c.test/', 'http://d.test/'], ['http://e.test/']],
  ['localhost', ['http://localhost:3000/'], ['http://127.0.0.1/']],
  ['127.0.0.1', ['http://127.0.0.1:80/', 'http://127.1/'], ['http://127.0.0.2/', 'http://localhost/']],
  ['127.0.0.1:81', ['http://127.0.0.1:81/'], ['http://127.0.0.1/']],
  ['10.0.0.0/8', ['http://10.255.0.1/', 'https://10.0.0.0/'], ['http://11.0.0.1/', 'http://10.example.com/']],
  ['192.168.1.0/30', ['http://192.168.1.3/'], ['http://192.168.1.4/']],
  ['0.0.0.0/0', ['http://8.8.8.8/'], ['http://example.com/']],
  ['10.0.0.0/33', [], ['http://10.0.0.0/']],
  ['10.0.0.0/', [], ['http://10.0.0.0/']],
  ['::1', ['http://[::1]:3000/'], ['http://[::2]/']],
  ['[::1]', ['http://[::1]/'], ['http://[::2]/']],
  ['[::1]:3000', ['http://[::1]:3000/'], ['http://[::1]/']],
  ['fd00::/8', ['http://[fd12::1]/'], ['http://[fe80::1]/']],
  ['0.0.1', [], ['http://127.0.0.1/']],
  ['.', [], ['http://example.com/']],
  [':80', [], ['http://example.com/']],
  ['[', [], ['http://example.com/']],
];

describe('NO_PROXY (the rules of curl, and address blocks)', () => {
  for (const [list, excepted, proxied] of NO_PROXY) {
    test(`${JSON.stringify(list)} excepts ${excepted.length === 0 ? 'nothing' : excepted.join(' and ')}`, () => {
      const isExcepted = parseNoProxy(list, net);
      const ask = (text: string) => isExcepted(hostOf(new URL(text)), portOf(new URL(text)));
      assert.deepEqual(excepted.filter((url) => !ask(url)), []);
      assert.deepEqual(proxied.filter(ask), []);
    });
  }
});

describe('the proxy that the environment names', () => {
  test('HTTP_PROXY is for http:, HTTPS_PROXY for https:, each in either case', () => {
    for (const environment of [{ HTTP_PROXY: 'http://a.test:1', HTTPS_PROXY: 'http://b.test:2' }, { http_proxy: 'http://a.test:1', https_proxy: 'http://b.test:2' }]) {
      assert.equal(through(environment, 'http://x.test/'), 'a.test:1');
      assert.equal(through(environment, 'https://x.test/'), 'b.test:2');
    }
    assert.equal(through({ HTTP_PROXY: 'http://a.test:1' }, 'https://x.test/'), undefined);
    assert.equal(through({ HTTPS_PROXY: 'http://a.test:1' }, 'http://x.test/'), undefined);
  });

  test('lower case wins, and what is empty is not there', () => {
    assert.equal(through({ http_proxy: 'http://low.test:1', HTTP_PROXY: 'http://up.test:2' }, 'http://x.test/'), 'low.test:1');
    assert.equal(through({ http_proxy: '', HTTP_PROXY: 'http://up.test:2' }, 'http://x.test/'), 'up.test:2');
    const both = { http_proxy: 'http://low.test:1', no_proxy: 'x.test', NO_PROXY: 'y.test' };
    assert.equal(through(both, 'http://x.test/'), undefined);
    assert.equal(through(both, 'http://y.test/'), 'low.test:1');
  });

  test('NO_PROXY excepts from both', () => {
    const environment = { HTTP_PROXY: 'http://a.test:1', HTTPS_PROXY: 'http://a.test:1', NO_PROXY: 'x.test' };
    assert.equal(through(environment, 'http://x.test/'), undefined);
    assert.equal(through(environment, 'https://x.test/'), undefined);
    assert.equal(through(environment, 'https://y.test/'), 'a.test:1');
  });

  test('below a web server, where REQUEST_METHOD is set, HTTP_PROXY may be a header of a request and is not believed; HTTPS_PROXY is', () => {
    const environment = { REQUEST_METHOD: 'GET', HTTP_PROXY: 'http://evil.test', http_proxy: 'http://evil.test', HTTPS_PROXY: 'http://b.test:2' };
    assert.equal(through(environment, 'http://x.test/'), undefined);
    assert.equal(through(environment, 'https://x.test/'), 'b.test:2');
  });

  test('a variable that is no url of a proxy is an error for what would go through it, and for nothing else', () => {
    const environment = { HTTPS_PROXY: 'socks5://user:canary@a.test:1', NO_PROXY: 'x.test' };
    assert.equal(through(environment, 'http://y.test/'), undefined);
    assert.equal(through(environment, 'https://x.test/'), undefined);
    assert.throws(() => through(environment, 'https://y.test/'), { name: 'TypeError', message: 'HTTPS_PROXY must be the url of an http: or https: proxy; proxies of the scheme socks5: are not supported' });
  });
});

describe('the url of a proxy', () => {
  test('has a default port, may go without a scheme, and its host goes without brackets', () => {
    assert.deepEqual(parseProxy('proxy', 'http://a.test'), { protocol: 'http:', host: 'a.test', port: 80, authorization: undefined });
    assert.deepEqual(parseProxy('proxy', 'https://a.test/'), { protocol: 'https:', host: 'a.test', port: 443, authorization: undefined });
    assert.deepEqual(parseProxy('proxy', 'a.test:3128'), { protocol: 'http:', host: 'a.test', port: 3128, authorization: undefined });
    assert.equal(parseProxy('proxy', 'http://[::1]:3128').host, '::1');
  });

  test('may hold credentials, percent-encoded, which become a Basic header in UTF-8 (RFC 7617 section 2)', () => {
    assert.equal(parseProxy('proxy', 'http://Aladdin:open%20sesame@a.test').authorization, 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    assert.equal(parseProxy('proxy', 'http://test:123%C2%A3@a.test').authorization, 'Basic dGVzdDoxMjPCow==');
    assert.equal(parseProxy('proxy', 'http://only@a.test').authorization, 'Basic b25seTo=');
  });

  test('that is none is a TypeError, which never shows it: it may hold a password', () => {
    for (const text of ['http://', 'http://user:canary@', 'ftp://user:canary@a.test', 'http://user:%FFcanary@a.test', 'http://user:canary@a.test:99999']) {
      assert.throws(() => parseProxy('proxy', text), (error: Error) => error instanceof TypeError && error.message.startsWith('proxy must be') && !error.stack?.includes('canary'), text);
    }
  });
});
