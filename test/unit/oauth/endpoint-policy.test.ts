import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AuthorizationError } from '../../../lib/base/errors.ts';
import { STRICT_ENDPOINTS, checkEndpoint, isLoopbackHost, objectionToAddress } from '../../../lib/oauth/endpoint-policy.ts';
import type { EndpointPolicy } from '../../../lib/oauth/endpoint-policy.ts';
import { guardLookup } from '../../../lib/oauth/guarded-lookup.ts';
import type { NameLookup, NamedAddress } from '../../../lib/http/name-lookup.ts';
import { addressScope } from '../../../lib/oauth/ip-address.ts';
import type { AddressScope } from '../../../lib/oauth/ip-address.ts';

const DEVELOPMENT: EndpointPolicy = { allowLoopback: true, dangerouslyAllowPrivateAddresses: false };
const INTRANET: EndpointPolicy = { allowLoopback: false, dangerouslyAllowPrivateAddresses: true };

const SCOPES: Readonly<Record<AddressScope, readonly string[]>> = {
  public: [
    ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0'],
    ...['172.15.255.255', '172.32.0.0', '192.0.1.0', '192.0.3.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '198.51.99.255', '203.0.112.255', '203.0.114.0', '223.255.255.255'],
    ...['2606:4700:4700::1111', '2001:4860:4860::8888', '2001:200::1', '2a00::1', '3ffe:ffff::1', '2620:4f:8000::1'],
    // They hold public addresses: mapped, NAT64, 6to4.
    ...['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '64:ff9b::808:808', '2002:808:808::1', '[::ffff:1.1.1.1]'],
  ],
  loopback: ['127.0.0.1', '127.255.255.255', '127.0.0.0', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '::1%lo'],
  private: [
    ...['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255', '100.64.0.1', '100.127.255.255', '198.18.0.1', '198.19.255.255'],
    ...['fc00::1', 'fdff:ffff::1', 'fec0::1', 'feff::1', '64:ff9b:1::a00:1', '::ffff:10.0.0.1', '::ffff:c0a8:1', '64:ff9b::10.0.0.1', '2002:a00:1::1', '2002:c0a8:101::'],
  ],
  'link-local': ['169.254.169.254', '169.254.0.0', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1', '::ffff:224.0.0.1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.255', '2001:db8::1', '3fff::1', '3fff:fff::1'],
  reserved: [
    ...['0.0.0.0', '0.255.255.255', '192.0.0.1', '192.0.0.255', '192.88.99.1', '240.0.0.1', '255.255.255.255', '::', '::2', '::8.8.8.8', '::127.0.0.1', '2001::1', '2001:2::1', '2001:10::1', '2001:20::1'],
    ...['2001:1ff::1', '100::1', '5f00::1', '4000::1', '8000::1', 'e000::1', 'fe00::1', '::ffff:0:7f00:1', '::ffff:0.0.0.0', '2002::1', '64:ff9b::'],
  ],
};

describe('what an address is for (RFC 6890 and the registries behind it)', () => {
  for (const [scope, addresses] of Object.entries(SCOPES)) {
    test(`${addresses.length} addresses are ${scope}`, () => {
      for (const address of addresses) assert.equal(addressScope(address), scope, address);
    });
  }

  test('what is no address has no scope', () => {
    for (const text of ['', 'localhost', 'a.example', '1.2.3', '1.2.3.256', '0x7f.1', '[::1', '::g', '1.2.3.4.', ':::', '[1.2.3.4]']) assert.equal(addressScope(text), undefined, text);
  });
});

function objection(url: unknown, policy: EndpointPolicy = STRICT_ENDPOINTS): string | undefined {
  try {
    assert.equal(checkEndpoint(url, 'the token endpoint', policy), url);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof AuthorizationError);
    assert.equal(error.code, 'ERR_MCP_AUTH_ENDPOINT');
    assert.equal(error.delivery, 'unsent');
    assert.match(error.message, /^Expected the token endpoint to be an https URL/);
    return String(error.details['reason']);
  }
}

const NOT_PUBLIC = /^its address is \S+, not public$/;
const NOT_HTTPS = /^it is not https$/;
const NO_URL = /^it is no absolute http or https URL$/;
const CHARACTER = /^it has a character at index \d+ that no URL has$/;

const DENIED: readonly (readonly [reason: RegExp, urls: readonly unknown[]])[] = [
  [NOT_HTTPS, ['http://as.example/token', 'HTTP://as.example/', 'http://127.0.0.1/', 'http://localhost/', 'http://[::1]/', 'http://10.0.0.1/']],
  [NO_URL, ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'ftp://as.example/', 'ws://as.example/', 'blob:https://as.example/x', 'as.example/token', '/token', '//as.example/', 'https:as.example', 'https:/as.example', 'https://', 'https://a:b:c/', 'https://[::1/', 'https://as.example:99999/', 'view-source:https://as.example', '']],
  [/^it has a user name or password$/, ['https://user@as.example/', 'https://user:secret@as.example/', 'https://:x@as.example/', 'https://as.example@10.0.0.1/']],
  [/^it has a fragment$/, ['https://as.example/#x', 'https://as.example/token#', 'https://as.example/?a#b']],
  [CHARACTER, [' https://as.example/', 'https://as.example/\n', 'https://as.exa\tmple/', 'https://as.example\\@evil.example/', 'https:\\\\as.example/', 'https://ä.example/', 'https://as.example/\u0000', 'https://１２７.0.0.1/']],
  [/^it is this machine/, ['https://127.0.0.1/', 'https://localhost/', 'https://localhost./', 'https://LOCALHOST:8443/', 'https://a.localhost/', 'https://[::1]/', 'https://2130706433/', 'https://0x7f000001/', 'https://0177.0.0.1/', 'https://127.1/', 'https://127.0.0.1./', 'https://[::ffff:127.0.0.1]/', 'https://%31%32%37.0.0.1/']],
  [NOT_PUBLIC, [
    ...['https://10.0.0.1/', 'https://0xa.0.0.1/', 'https://012.0.0.1/', 'https://167772161/', 'https://192.168.1.1:8443/', 'https://172.16.0.1/', 'https://100.64.0.1/', 'https://169.254.169.254/latest/meta-data/', 'https://2852039166/'],
    ...['https://0.0.0.0/', 'https://0/', 'https://224.0.0.1/', 'https://255.255.255.255/', 'https://192.0.2.1/', 'https://[::]/', 'https://[fe80::1]/', 'https://[fd00::1]/', 'https://[ff02::1]/', 'https://[2001:db8::1]/'],
    ...['https://[::ffff:10.0.0.1]/', 'https://[::ffff:a9fe:a9fe]/', 'https://[64:ff9b::a00:1]/', 'https://[64:ff9b::169.254.169.254]/', 'https://[2002:a00:1::]/', 'https://[2001::1]/', 'https://[::10.0.0.1]/'],
    ...['https://printer.local/', 'https://metadata.google.internal/', 'https://router.home.arpa/', 'https://x.LOCAL./', 'https://local/'],
  ]],
  [/^it is undefined$/, [undefined]],
  [/^it is the number 7$/, [7]],
  [/^it is an object$/, [{}]],
  [/characters, and 4096 are the most$/, [`https://as.example/${'a'.repeat(4_096)}`]],
];

const ALLOWED: readonly string[] = [
  ...['https://as.example', 'https://as.example/', 'HTTPS://AS.example:8443/token?tenant=1', 'https://8.8.8.8/', 'https://[2606:4700::1]/token', 'https://[64:ff9b::808:808]/', 'https://[::ffff:8.8.8.8]/'],
  ...['https://xn--bcher-kva.example/', 'https://as.example/%2e%2e/x', 'https://notlocalhost/', 'https://localhost.example/', 'https://local.example/', 'https://internal.example/', 'https://as.example/?next=http://10.0.0.1/'],
];

describe('endpoints: https to the Internet at large, and nothing else', () => {
  for (const [reason, urls] of DENIED) {
    test(`${urls.length} are refused: ${reason.source}`, () => {
      for (const url of urls) assert.match(String(objection(url)), reason, String(url));
    });
  }

  test(`${ALLOWED.length} are let through, and come back as they stood`, () => {
    for (const url of ALLOWED) assert.equal(objection(url), undefined, url);
  });

  test('allowLoopback: this machine, over http too, and nothing else over http', () => {
    for (const url of ['http://localhost:3000/mcp', 'http://127.0.0.1:1/', 'http://[::1]:1/', 'https://localhost/', 'http://127.9.9.9/']) assert.equal(objection(url, DEVELOPMENT), undefined, url);
    for (const url of ['http://as.example/', 'http://10.0.0.1/', 'http://0.0.0.0/']) assert.match(String(objection(url, DEVELOPMENT)), NOT_HTTPS, url);
    assert.match(String(objection('https://10.0.0.1/', DEVELOPMENT)), NOT_PUBLIC);
  });

  test('dangerouslyAllowPrivateAddresses: a network of one’s own, over https; not the link, where clouds keep credentials, and not this machine', () => {
    for (const url of ['https://10.0.0.1/', 'https://sso.internal/', 'https://[fd00::1]/', 'https://[::ffff:192.168.0.1]/']) assert.equal(objection(url, INTRANET), undefined, url);
    assert.match(String(objection('http://10.0.0.1/', INTRANET)), NOT_HTTPS);
    for (const url of ['https://169.254.169.254/', 'https://224.0.0.1/', 'https://0.0.0.0/']) assert.match(String(objection(url, INTRANET)), NOT_PUBLIC, url);
    assert.match(String(objection('https://localhost/', INTRANET)), /^it is this machine/);
  });

  test('the error shows no path, query, user name or password', () => {
    assert.throws(
      () => checkEndpoint('https://user:hunter2@as.example/path?code=abc', 'the issuer', STRICT_ENDPOINTS),
      ({ message }: Error) => message.includes('(https://as.example)') && !/hunter2|abc|path\?|user:/.test(message),
    );
  });

  test('a host name says by itself whether it is this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'x.localhost']) assert.ok(isLoopbackHost(host), host);
    for (const host of ['localhost.example', '128.0.0.1', 'example']) assert.ok(!isLoopbackHost(host), host);
  });
});

describe('a guarded lookup: the address that is connected to is the one that was checked', () => {
  const answering = (found: string | NamedAddress[]): NameLookup => (_hostname, _options, callback) => callback(null, found, typeof found === 'string' ? 4 : undefined);
  const ask = (lookup: NameLookup, all: boolean): unknown[] => {
    let heard: unknown[] = [];
    lookup('as.example', { all }, (...args) => void (heard = args));
    return heard;
  };

  test('public addresses are handed on, one or many', () => {
    assert.deepEqual(ask(guardLookup(answering('8.8.8.8'), STRICT_ENDPOINTS), false), [null, '8.8.8.8', 4]);
    const many = [{ address: '8.8.8.8', family: 4 }, { address: '2606:4700::1', family: 6 }];
    assert.deepEqual(ask(guardLookup(answering(many), STRICT_ENDPOINTS), true), [null, many, undefined]);
  });

  test('one address that is not public, and none is used', () => {
    for (const address of ['10.0.0.1', '127.0.0.1', '::ffff:169.254.169.254', 'fe80::1%eth0', 'nonsense']) {
      const found = [{ address: '8.8.8.8', family: 4 }, { address, family: 4 }];
      const [error, addresses] = ask(guardLookup(answering(found), STRICT_ENDPOINTS), true);
      assert.ok(error instanceof AuthorizationError && error.code === 'ERR_MCP_AUTH_ENDPOINT', address);
      assert.deepEqual(addresses, []);
      const [single, none] = ask(guardLookup(answering(address), STRICT_ENDPOINTS), false);
      assert.ok(single instanceof AuthorizationError, address);
      assert.equal(none, '');
    }
  });

  test('the policy decides', () => {
    assert.equal(objectionToAddress('127.0.0.1', DEVELOPMENT), undefined);
    assert.equal(objectionToAddress('192.168.0.1', INTRANET), undefined);
    assert.deepEqual(ask(guardLookup(answering('127.0.0.1'), DEVELOPMENT), false), [null, '127.0.0.1', 4]);
  });

  test('a lookup that fails fails as it did', () => {
    const failure = new Error('ENOTFOUND');
    assert.equal(ask(guardLookup((_hostname, _options, callback) => callback(failure, ''), STRICT_ENDPOINTS), false)[0], failure);
  });
});
