import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownFormats } from '../../../lib/schema/formats/formats.ts';
import { compileSchema } from '../../../lib/schema/schema.ts';

interface Cases {
  readonly source: string;
  readonly takes: readonly string[];
  readonly refuses: readonly string[];
}

const FORMATS: Readonly<Record<string, Cases>> = {
  'date-time': {
    source: 'RFC 3339 section 5.6',
    takes: ['2024-02-29T23:59:59Z', '1985-04-12t23:20:50.52z', '1990-12-31T15:59:60-08:00', '2000-01-01T00:00:00+23:59'],
    refuses: ['2023-02-29T00:00:00Z', '2024-01-01 00:00:00Z', '2024-01-01T00:00:00', '2024-01-01T24:00:00Z', '1990-12-31T15:59:60Z', '2024-1-01T00:00:00Z', '2024-01-01T00:00:00.Z', '٢٠24-01-01T00:00:00Z'],
  },
  date: { source: 'RFC 3339 section 5.6', takes: ['2000-02-29', '0000-01-01'], refuses: ['1900-02-29', '2024-13-01', '2024-04-31', '2024-04-00', '20240401', '2024-04-01\n'] },
  time: { source: 'RFC 3339 section 5.6', takes: ['08:30:06Z', '23:59:60+00:00', '01:29:60+01:30'], refuses: ['08:30:06', '8:30:06Z', '08:30:06+24:00', '22:59:60Z', '08:60:06Z'] },
  duration: { source: 'RFC 3339 appendix A', takes: ['P4DT12H30M5S', 'P1Y2M', 'P2W', 'PT0S'], refuses: ['P', 'PT', 'P1Y2D', 'P1D2H', 'P2W1D', 'P1H', 'PT1D', 'P-1D'] },
  email: {
    source: 'RFC 5321 section 4.1.2',
    takes: ['joe.bloggs@example.com', 'te~st@example.com', '"joe bloggs"@example.com', 'joe@[127.0.0.1]', 'joe@[IPv6:::1]'],
    refuses: ['2962', '.test@example.com', 'test.@example.com', 'te..st@example.com', 'a b@example.com', 'a@b@example.com', 'joe@[127.0.0.300]', 'joe@-x.example', '@example.com', 'müller@example.com'],
  },
  'idn-email': { source: 'RFC 6531', takes: ['실례@실례.테스트', 'joe@example.com'], refuses: ['2962', 'a b@example.com'] },
  hostname: { source: 'RFC 1123 section 2.1', takes: ['www.example.com', 'a', '1host', 'xn--4gbwdl.xn--wgbh1c'], refuses: ['', '-a', 'a-', 'a..b', 'a_b', 'a.', 'ab--cd', `${'a'.repeat(64)}.com`, `${'a.'.repeat(127)}a`] },
  ipv4: { source: 'RFC 2673 section 3.2', takes: ['0.0.0.0', '255.255.255.255'], refuses: ['256.0.0.1', '1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4 ', '0x7f.0.0.1', '1.2.3.४'] },
  ipv6: {
    source: 'RFC 4291 section 2.2',
    takes: ['::', '::1', '1::', 'fe80::a:b:c', '1:2:3:4:5:6:7:8', '::ffff:192.168.0.1', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:7::'],
    refuses: ['', ':', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::12345', '1:2:3:4:5:6:7:8::', '::1.2.3', 'fe80::1%eth0', '1.2.3.4::', ':1::2'],
  },
  uri: {
    source: 'RFC 3986 appendix A',
    takes: ['http://a.example/?q=%20#f', 'urn:oasis:names', 'ldap://[2001:db8::7]/c=GB?one', 'tel:+1-816-555-1212', 'http://user:pw@a.example:80/', 'http://[v1.x]/', 'a:'],
    refuses: ['//a.example/', '/abc', 'a b:c', 'http:// a.example', 'http://a.example/<>', 'http://a.example/%zz', 'http://[1::2::3]/', 'http://a.example:8a/', '1http://a', ':a', 'http://ü.example/'],
  },
  'uri-reference': { source: 'RFC 3986 section 4.1', takes: ['', '/abc', '//a.example/b', '#f', '?q', 'a/b:c', 'http://a.example/'], refuses: ['\\\\a', '#a\\b', ':a', '1a:b', 'a b'] },
  iri: { source: 'RFC 3987 section 2.2', takes: ['http://ƒøø.example/?∂éœ=πîx#πîüx', 'http://a.example/'], refuses: ['/abc', 'http://2001:0db8::7334/', 'http://a.example/<>'] },
  'iri-reference': { source: 'RFC 3987 section 2.2', takes: ['/âππ', '#ƒrägmênt'], refuses: ['\\\\a', 'â b'] },
  'uri-template': { source: 'RFC 6570', takes: ['http://a.example/{x}/{+y*}{?q,z:3}', 'plain', '', '{%20}', '{a.b}'], refuses: ['{', '}', '{}', '{a', '{a b}', '{=a}', '{a:0}', '{a:10000}', '<a>', '{a..b}', '%2'] },
  uuid: { source: 'RFC 9562 section 4', takes: ['2eb8aa08-aa98-11ea-b4aa-73b441d16380', '2EB8AA08-AA98-11EA-B4AA-73B441D16380'], refuses: ['2eb8aa08-aa98-11ea-b4aa-73b441d1638', '2eb8aa08aa9811eab4aa73b441d16380', 'ghb8aa08-aa98-11ea-b4aa-73b441d16380'] },
  'json-pointer': { source: 'RFC 6901', takes: ['', '/', '/a~1b/~0', '/a/0/ß'], refuses: ['a', '/~', '/~2', '#/a'] },
  'relative-json-pointer': { source: 'draft-bhutton-relative-json-pointer-00', takes: ['0', '1/a', '0#', '120/foo'], refuses: ['', '-1/a', '01/a', '0##', '/a', '+1'] },
  regex: { source: 'ECMA-262 with the flag u', takes: ['([abc])+\\s+$', '(?<=a)b', ''], refuses: ['^(abc]', '\\a', '(', '*'] },
};

test('every format that can be an assertion is shown here', () => {
  assert.deepEqual(knownFormats().sort(), Object.keys(FORMATS).sort());
});

for (const [format, { source, takes, refuses }] of Object.entries(FORMATS)) {
  test(`${format}: texts that have it and texts that do not (${source})`, () => {
    const compiled = compileSchema({ format }, { formats: 'assert' });
    for (const text of takes) assert.equal(compiled.isValid(text), true, JSON.stringify(text));
    for (const text of refuses) assert.equal(compiled.isValid(text), false, JSON.stringify(text));
    assert.equal(compiled.isValid(1), true, 'only strings have formats');
  });
}
