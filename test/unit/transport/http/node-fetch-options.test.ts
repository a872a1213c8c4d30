import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import process from 'node:process';
import { describe, test } from 'node:test';
import { createNodeFetch } from '../../../../lib/transport/http/node-fetch.ts';
import type { Fetch } from '../../../../lib/http/fetch-port.ts';
import { resolveNodeFetchOptions } from '../../../../lib/transport/http/node-fetch-options.ts';
import type { NodeFetchOptions } from '../../../../lib/transport/http/node-fetch-options.ts';

describe('the options of createNodeFetch', () => {
  test('have these defaults, and the result is frozen', () => {
    const { environment, ...rest } = resolveNodeFetchOptions({ environment: { HTTP_PROXY: 'a', OTHER: 'b' } });
    assert.deepEqual(rest, {
      ...{ proxy: undefined, ca: undefined, cert: undefined, key: undefined, passphrase: undefined, servername: undefined, socketPath: undefined, lookup: undefined },
      ...{ dangerouslyAllowInvalidCertificates: false, compression: false, keepAliveMs: 4_000, maxSocketsPerHost: 256, maxSockets: 1_024 },
      ...{ maxDecodedBytes: 67_108_864, maxHeaderBytes: 65_536, maxInterimResponses: 16 },
    });
    assert.equal(environment['HTTP_PROXY'], 'a');
    assert.equal(Object.hasOwn(environment, 'OTHER'), false);
    assert.ok(Object.isFrozen(resolveNodeFetchOptions({})));
  });

  test('the environment is the process’s, as it is when the fetch is made', () => {
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = 'http://a.test';
    const { environment } = resolveNodeFetchOptions({});
    if (before === undefined) delete process.env['HTTPS_PROXY'];
    else process.env['HTTPS_PROXY'] = before;
    assert.equal(environment['HTTPS_PROXY'], 'http://a.test');
  });

  test('a wrong one is refused at the door, by name, without its value', () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ prox: false }, /no option "prox"; did you mean "proxy"/],
      [{ proxy: 1 }, /^proxy must be/],
      [{ proxy: '' }, /^proxy must be/],
      [{ proxy: true }, /^proxy must be/],
      [{ proxy: 'socks5://user:canary@a.test' }, /^proxy must be .* socks5: are not supported/],
      [{ environment: 'canary' }, /^environment must be/],
      [{ ca: '' }, /^ca must be/],
      [{ ca: ['canary', 1] }, /^ca must be/],
      [{ cert: {} }, /^cert must be/],
      [{ key: 5 }, /^key must be/],
      [{ passphrase: '' }, /^passphrase must be/],
      [{ servername: 1 }, /^servername must be/],
      [{ socketPath: '' }, /^socketPath must be/],
      [{ lookup: 'canary' }, /^lookup must be/],
      [{ dangerouslyAllowInvalidCertificates: 'canary' }, /^dangerouslyAllowInvalidCertificates must be/],
      [{ compression: 1 }, /^compression must be/],
      [{ keepAliveMs: 0 }, /^keepAliveMs must be/],
      ...['maxSocketsPerHost', 'maxSockets', 'maxDecodedBytes', 'maxHeaderBytes', 'maxInterimResponses'].map((name) => [{ [name]: 0 }, new RegExp(`^${name} must be`)] as const),
    ];
    for (const [options, message] of wrong) {
      assert.throws(() => createNodeFetch(options as NodeFetchOptions), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        assert.match(error.message, message);
        return !error.message.includes('canary');
      });
    }
  });

  test('lookup takes the function of node:dns, and the result fits where a Fetch is wanted', async () => {
    const nodeFetch = createNodeFetch({ lookup });
    const fits: Fetch = nodeFetch;
    assert.equal(fits, nodeFetch);
    await nodeFetch.close();
  });
});
