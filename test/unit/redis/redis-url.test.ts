import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { parseRedisURL, placeOfRedis } from '../../../lib/redis/redis-url.ts';
import { RedisCredentials } from '../../../lib/redis/redis-credentials.ts';

const network = (host: string, port: number) => ({ host, port });

describe('the url of a Redis server', () => {
  test('names host, port and database, with defaults for what it leaves out', () => {
    const rows: ReadonlyArray<readonly [url: string, address: object, database: number, isTLS: boolean]> = [
      ['redis://', network('localhost', 6379), 0, false],
      ['redis:///', network('localhost', 6379), 0, false],
      ['redis://h', network('h', 6379), 0, false],
      ['REDIS://h:1/', network('h', 1), 0, false],
      ['redis://h:65535/15', network('h', 65_535), 15, false],
      ['redis://h?db=3', network('h', 6379), 3, false],
      ['redis://h/3?db=3', network('h', 6379), 3, false],
      ['rediss://h.example:6380/2', network('h.example', 6380), 2, true],
      ['redis://[::1]:7', network('::1', 7), 0, false],
      ['redis://127.0.0.1', network('127.0.0.1', 6379), 0, false],
      ['unix:///var/run/a%20b.sock', { path: '/var/run/a b.sock' }, 0, false],
      ['unix:///s?db=4', { path: '/s' }, 4, false],
    ];
    for (const [url, address, database, isTLS] of rows) {
      const target = parseRedisURL(url);
      assert.deepEqual([target.address, target.database, target.isTLS, target.credentials], [address, database, isTLS, undefined], url);
    }
    assert.deepEqual(parseRedisURL(new URL('redis://h:5/1')).address, network('h', 5));
  });

  test('holds user and password, percent-encoded; a password alone is that of default', () => {
    const rows: ReadonlyArray<readonly [url: string, username: string, password: string]> = [
      ['redis://user:pass@h', 'user', 'pass'],
      ['redis://:pass@h', 'default', 'pass'],
      ['redis://u%40:p%2F%3A%3F%23%40%25@h', 'u@', 'p/:?#@%'],
      ['redis://u:a:b@h', 'u', 'a:b'],
      ['redis://u:a@b@h', 'u', 'a@b'],
      ['unix://u:p@/s', 'u', 'p'],
    ];
    for (const [url, username, password] of rows) {
      const { credentials } = parseRedisURL(url);
      assert.equal(credentials?.username, username, url);
      assert.equal(credentials?.revealPassword(), password, url);
    }
    assert.equal(parseRedisURL('redis://:@h').credentials, undefined);
    assert.equal(parseRedisURL('redis://@h').credentials, undefined);
  });

  test('sets a client name and timeouts in its query', () => {
    const target = parseRedisURL('redis://h?name=worker-1&connectTimeoutMs=9&commandTimeoutMs=10&idleTimeoutMs=0');
    assert.equal(target.clientName, 'worker-1');
    assert.deepEqual({ ...target.timeouts }, { connectTimeoutMs: 9, commandTimeoutMs: 10, idleTimeoutMs: 0 });
  });

  test('is refused with a TypeError that shows neither password nor url', () => {
    const wrong: ReadonlyArray<readonly [url: unknown, says: RegExp]> = [
      ['', /begin with/],
      ['h:6379', /begin with/],
      ['http://u:canary@h', /scheme/],
      ['redis:u:canary@h', /begin with/],
      ['redis://u:can/ary@h', /host|port|database/],
      ['redis://u:can?ary@h', /port|host|option/],
      ['redis://u:can#ary@h', /fragment/],
      ['redis://u:%zzcanary@h', /percent-encoded/],
      ['redis://canary@h', /without a password/],
      ['redis://u:canary@h:0', /port/],
      ['redis://u:canary@h:65536', /port/],
      ['redis://u:canary@h:x', /port/],
      ['redis://u:canary@a b', /host/],
      ['redis://u:canary@[::1', /host/],
      ['redis://u:canary@h/x', /database/],
      ['redis://u:canary@h/1/2', /database/],
      ['redis://u:canary@h/-1', /database/],
      ['redis://u:canary@h/1?db=2', /two databases/],
      ['redis://u:canary@h?canary=1', /option/],
      ['redis://u:canary@h?db=1&db=1', /twice/],
      ['redis://u:canary@h?name=a%20b', /printable/],
      ['redis://u:canary@h?commandTimeoutMs=-1', /milliseconds/],
      ['unix://u:canary@h/s', /no host/],
      ['unix://u:canary@', /path/],
      [undefined, /string/],
      [42, /string/],
    ];
    for (const [url, says] of wrong) {
      assert.throws(
        () => parseRedisURL(url as string),
        (error: unknown) => {
          assert.ok(error instanceof TypeError, String(url));
          assert.match(error.message, says, String(url));
          assert.doesNotMatch(inspect(error, { showHidden: true, depth: 9 }), /canary|can[/?#]|ary@/, String(url));
          return true;
        },
      );
    }
  });

  test('has a place for errors: never who asks', () => {
    assert.equal(placeOfRedis({ host: '::1', port: 1 }), '[::1]:1');
    assert.equal(placeOfRedis({ host: 'h', port: 2 }), 'h:2');
    assert.equal(placeOfRedis({ path: '/s' }), 'unix:/s');
  });

  test('gives credentials that print, inspect and serialise without the password', () => {
    const credentials = new RedisCredentials('user', 'canary');
    const seen = [inspect(credentials, { showHidden: true, depth: 9 }), JSON.stringify(credentials), String(credentials), inspect({ ...credentials })];
    assert.deepEqual(seen.filter((text) => text.includes('canary')), []);
    assert.equal(JSON.stringify(credentials), '{"username":"user"}');
  });
});
