/** The receiver of a redirect, over real sockets: what it takes, what it refuses, and that it is gone afterwards. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { receiveRedirect } from '../../lib/oauth/redirect-receiver.ts';
import type { ReceiveRedirectOptions, RedirectReceiver } from '../../lib/oauth/redirect-receiver.ts';

async function withReceiver(options: ReceiveRedirectOptions, body: (receiver: RedirectReceiver, origin: string) => Promise<void>): Promise<void> {
  const receiver = await receiveRedirect(options);
  try {
    await body(receiver, new URL(receiver.redirectUrl).origin);
  } finally {
    await receiver.close();
  }
}

/** Sends bytes and gives everything that comes back. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let got = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
    socket.setEncoding('latin1').on('data', (chunk: string) => (got += chunk));
    socket.on('error', () => resolve(got));
    socket.on('close', () => resolve(got));
  });
}

describe('the receiver of a redirect', () => {
  test('listens on 127.0.0.1 and gives the URL that a browser came with, whole', async () => {
    await withReceiver({}, async ({ redirectUrl, redirected }) => {
      assert.match(redirectUrl, /^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      const response = await fetch(`${redirectUrl}?code=a%20b&state=s`);
      assert.equal(response.status, 200);
      assert.equal(await redirected, `${redirectUrl}?code=a%20b&state=s`);
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.match(await response.text(), /You can close this window/);
    });
  });

  test('its page shows nothing of what came', async () => {
    await withReceiver({}, async ({ redirectUrl }) => {
      const response = await fetch(`${redirectUrl}?state=s&error=<script>alert(1)</script>&error_description=call%20this%20number`);
      const text = await response.text();
      assert.doesNotMatch(text, /script|call|number|alert/);
    });
  });

  test('one is taken; afterwards nobody listens', async () => {
    await withReceiver({}, async ({ redirectUrl, redirected, close }) => {
      await (await fetch(`${redirectUrl}?code=1&state=s`)).text();
      await redirected;
      await close();
      await assert.rejects(fetch(`${redirectUrl}?code=2&state=s`));
    });
  });

  test('of two that come at once one is taken', async () => {
    await withReceiver({}, async ({ redirectUrl, redirected }) => {
      const came = await Promise.allSettled([1, 2].map(async (code) => (await fetch(`${redirectUrl}?code=${code}&state=s`)).status));
      const taken = came.filter((one) => one.status === 'fulfilled' && one.value === 200);
      assert.equal(taken.length, 1);
      assert.match(await redirected, /code=[12]&state=s$/);
    });
  });

  test('what is not expected is refused, and the one that is comes later', async () => {
    await withReceiver({ isExpected: (url) => url.searchParams.get('state') === 'mine' }, async ({ redirectUrl, redirected }, origin) => {
      const statuses = [];
      for (const url of [`${redirectUrl}?code=1`, `${redirectUrl}?code=1&state=other`, `${origin}/favicon.ico`, `${origin}/callback/x?state=mine`]) {
        const response = await fetch(url);
        statuses.push(response.status);
        await response.text();
      }
      assert.deepEqual(statuses, [400, 400, 404, 404]);
      const post = await fetch(`${redirectUrl}?code=1&state=mine`, { method: 'POST', body: 'x' });
      assert.equal(post.status, 405);
      await post.text();
      await (await fetch(`${redirectUrl}?code=2&state=mine`)).text();
      assert.equal(await redirected, `${redirectUrl}?code=2&state=mine`);
    });
  });

  test('another Host is refused: the name of a page of the web may lead here', async () => {
    await withReceiver({}, async ({ redirectUrl }) => {
      const got = await raw(redirectUrl, 'GET /callback?code=1&state=s HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
      assert.match(got, /^HTTP\/1\.1 421 /);
    });
  });

  test('a target that is a whole URL, or long without end, is refused', async () => {
    await withReceiver({}, async ({ redirectUrl }) => {
      const { host } = new URL(redirectUrl);
      assert.match(await raw(redirectUrl, `GET http://${host}/callback?state=s HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 400 /);
      const long = await raw(redirectUrl, `GET /callback?state=${'s'.repeat(1_000_000)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.doesNotMatch(long, /^HTTP\/1\.1 200 /);
    });
  });

  test('a signal gives it up, and closes it', async () => {
    const controller = new AbortController();
    const receiver = await receiveRedirect({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(receiver.redirected, /enough/);
    await receiver.close();
    await assert.rejects(fetch(receiver.redirectUrl));
  });

  test('closing it is fine twice, and leaves no rejection that nobody hears', async () => {
    const receiver = await receiveRedirect({ path: '/' });
    assert.match(receiver.redirectUrl, /:\d+\/$/);
    await Promise.all([receiver.close(), receiver.close()]);
  });

  test('wrong options are refused at the door', async () => {
    for (const path of ['callback', '/a?b', '//host/x', '/a#b', 1]) await assert.rejects(receiveRedirect({ path: path as string }), TypeError, String(path));
    await assert.rejects(receiveRedirect({ isExpected: 1 } as unknown as ReceiveRedirectOptions), TypeError);
    await assert.rejects(receiveRedirect({ host: '0.0.0.0' } as ReceiveRedirectOptions), /has no option "host"/);
  });
});
