/** createNodeFetch over real sockets on loopback: the fetch contract, framing, abort, limits, and what is left behind. */

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import * as http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import process from 'node:process';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { LimitError } from '../../lib/index.ts';
import type { BodyReader } from '../../lib/http/fetch-port.ts';
import { createNodeFetch } from '../../lib/transport/http/node-fetch.ts';
import type { NodeFetch } from '../../lib/transport/http/node-fetch-contract.ts';
import type { NodeFetchOptions } from '../../lib/transport/http/node-fetch-options.ts';
import { systemCodeOf } from '../../lib/http/failure-facts.ts';
import { until } from '../helpers/until.ts';

const isDeno = process.versions['deno'] !== undefined;
const timeout = 30_000;

interface Peer {
  readonly url: string;
  readonly nodeFetch: NodeFetch;
  /** The connections that are open now. */
  readonly open: ReadonlySet<Socket>;
  /** How many there ever were. */
  readonly accepted: () => number;
}

type Action = (peer: Peer) => Promise<void>;

async function serve(server: net.Server, options: NodeFetchOptions, action: Action): Promise<void> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const nodeFetch = createNodeFetch({ proxy: false, ...options });
  try {
    await action({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, nodeFetch, open, accepted: () => accepted });
  } finally {
    await nodeFetch.close();
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A server that speaks HTTP, and the fetch under test. */
function withServer(answer: (request: IncomingMessage, response: ServerResponse) => void, action: Action, options: NodeFetchOptions = {}): Promise<void> {
  return serve(http.createServer(answer), options, action);
}

/** A server that answers the first bytes of each connection with bytes. */
function withBytes(answer: (socket: Socket, received: string) => void, action: Action, options: NodeFetchOptions = {}): Promise<void> {
  const server = net.createServer((socket) => socket.once('data', (chunk) => answer(socket, chunk.toString('latin1'))));
  return serve(server, options, action);
}

async function rejection(promise: Promise<unknown>): Promise<Error & { cause?: unknown }> {
  return promise.then(
    () => assert.fail('Expected a rejection'),
    (error: Error) => error,
  );
}

async function fetchFailure(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await rejection(promise);
  assert.ok(error instanceof TypeError, String(error));
  assert.equal(error.message, 'fetch failed');
  return systemCodeOf(error);
}

async function readAll(reader: BodyReader): Promise<string> {
  const decoder = new TextDecoder();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

const echo = (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => response.end(JSON.stringify({ method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() })));
};

describe('a response of createNodeFetch is what the fetch standard makes of it', () => {
  const answer = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(201, 'Made', ['X-A', '1', 'x-a', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Type', 'application/json']);
    response.end('\u{feff}{"a":"é"}');
  };

  test('status, its text, ok, the url without its fragment, and joined headers', { timeout }, () =>
    withServer(answer, async ({ url, nodeFetch }) => {
      const response = await nodeFetch(`${url}/b?c=d#e`);
      assert.deepEqual([response.status, response.statusText, response.ok, response.url, response.redirected], [201, 'Made', true, `${url}/b?c=d`, false]);
      assert.equal(response.headers.get('X-a'), '1, 2');
      assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
      assert.equal(await response.text(), '{"a":"é"}');
    }));

  test('the body can be had as text, JSON, bytes, a stream or by a reader, once', { timeout }, () =>
    withServer(answer, async ({ url, nodeFetch }) => {
      const bytes = new TextEncoder().encode('\u{feff}{"a":"é"}');
      assert.deepEqual(await (await nodeFetch(url)).json(), { a: 'é' });
      assert.deepEqual(await (await nodeFetch(url)).bytes(), bytes);
      assert.deepEqual(new Uint8Array(await (await nodeFetch(url)).arrayBuffer()), bytes);
      assert.equal(await new Response((await nodeFetch(url)).body).text(), '{"a":"é"}');
      const response = await nodeFetch(url);
      assert.equal(response.bodyUsed, false);
      assert.equal(await readAll(response.reader()), '{"a":"é"}');
      assert.equal(response.bodyUsed, true);
      assert.throws(() => response.reader(), { name: 'TypeError', message: 'The body is used already' });
      await assert.rejects(response.text(), TypeError);
      const { body } = response;
      assert.ok(body instanceof ReadableStream);
      await assert.rejects(body.getReader().read(), TypeError);
    }));

  test('a stream that is read, or let go, or only locked, is the body’s one use', { timeout }, () =>
    withServer(answer, async ({ url, nodeFetch }) => {
      const response = await nodeFetch(url);
      const { body } = response;
      assert.equal(response.body, body);
      const reader = body?.getReader();
      assert.equal(response.bodyUsed, false);
      await assert.rejects(response.text(), TypeError);
      assert.equal((await reader?.read())?.done, false);
      assert.equal(response.bodyUsed, true);
      const other = await nodeFetch(url);
      await other.body?.cancel();
      assert.equal(other.bodyUsed, true);
      await assert.rejects(other.json(), TypeError);
    }));

  test('an answer to HEAD, and the statuses 204, 205 and 304, have no body, and empty text', { timeout }, () =>
    withServer(
      (request, response) => response.writeHead(Number(request.url?.slice(1))).end(),
      async ({ url, nodeFetch, accepted }) => {
        for (const [path, method] of [['/200', 'HEAD'], ['/204', 'GET'], ['/205', 'GET'], ['/304', 'GET']] as const) {
          const response = await nodeFetch(url + path, { method });
          assert.equal(response.body, null, path);
          assert.equal(await response.text(), '');
          assert.deepEqual(await response.reader().read(), { done: true });
        }
        assert.ok(accepted() <= 3, `${accepted()} connections`);
      },
    ));

  test('a redirect is the response when asked for, an error otherwise, and followed never', { timeout }, () => {
    let asked = 0;
    return withServer(
      (_, response) => {
        asked++;
        response.writeHead(307, { location: '/next' }).end('moved');
      },
      async ({ url, nodeFetch }) => {
        const response = await nodeFetch(url, { redirect: 'manual' });
        assert.deepEqual([response.status, response.headers.get('location'), await response.text()], [307, '/next', 'moved']);
        const error = await rejection(nodeFetch(url));
        assert.equal(error.message, 'fetch failed');
        assert.match(String(error.cause), /redirects, with status 307, which is not followed/);
        await assert.rejects(nodeFetch(url, { redirect: 'follow' as 'manual' }), { name: 'TypeError', message: /never follows redirects/ });
        assert.equal(asked, 2);
      },
    );
  });
});

describe('what createNodeFetch sends', () => {
  test('a string goes out in UTF-8 with its length, in one request, with nothing that nobody asked for', { timeout }, () => {
    let seen = '';
    return withBytes(
      (socket, received) => {
        seen = received;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      },
      async ({ url, nodeFetch }) => {
        await nodeFetch(`${url}/a?b`, { method: 'post', headers: { 'Content-Type': 'application/json', 'X-A': 'b' }, body: '"é"' });
        const [head = '', body] = seen.split('\r\n\r\n');
        const [line, ...headers] = head.split('\r\n');
        assert.equal(line, 'POST /a?b HTTP/1.1');
        assert.deepEqual(headers.map((text) => text.toLowerCase()).toSorted(), [
          ...['connection: keep-alive', 'content-length: 4', 'content-type: application/json', `host: ${new URL(url).host}`, 'x-a: b'],
        ]);
        assert.equal(body, '"\u00c3\u00a9"');
      },
    );
  });

  test('bytes, forms, streams, and a body of any method arrive whole', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch }) => {
      type Echo = { method: string; body: string; headers: Record<string, string> };
      const send = async (method: string, body: NonNullable<Parameters<NodeFetch>[1]>['body']) => (await (await nodeFetch(url, { method, body })).json()) as Echo;
      const bytes = await send('PUT', new TextEncoder().encode('a€b').subarray(1));
      assert.deepEqual([bytes.method, bytes.body, bytes.headers['content-length']], ['PUT', '€b', '4']);
      const form = await send('POST', new URLSearchParams({ a: 'b c' }));
      assert.deepEqual([form.body, form.headers['content-type']], ['a=b+c', 'application/x-www-form-urlencoded;charset=UTF-8']);
      const removed = await send('DELETE', 'gone');
      assert.deepEqual([removed.method, removed.body, removed.headers['content-length']], ['DELETE', 'gone', '4']);
      const chunks = Array.from({ length: 40 }, (_, index) => String.fromCharCode(97 + (index % 26)).repeat(10_000));
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          const chunk = chunks[at++];
          if (chunk === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(chunk));
        },
      });
      let at = 0;
      const streamed = await send('POST', stream);
      assert.deepEqual([streamed.headers['transfer-encoding'], streamed.headers['content-length'], streamed.body === chunks.join('')], ['chunked', undefined, true]);
      const none = await send('POST', undefined);
      assert.deepEqual([none.body, none.headers['content-length']], ['', '0']);
    }));

  test('a stream that breaks is a failed fetch, and its connection is gone', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch, open }) => {
      const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('no more')) });
      const error = await rejection(nodeFetch(url, { method: 'POST', body }));
      assert.equal(error.message, 'fetch failed');
      assert.equal((error.cause as Error).message, 'no more');
      await until(() => open.size === 0, 'the connection is closed');
    }));

  test('a header whose name or value could end its line is refused before anything is sent, and its value is not shown', { timeout }, () => {
    let asked = 0;
    return withServer(
      (_, response) => void response.end(String(asked++)),
      async ({ url, nodeFetch }) => {
        for (const headers of [{ 'x-a': 'canary\r\nx-b: c' }, { 'x-a': 'canary\n' }, { 'x-a': 'canary\0' }, { 'x-a': 'canary\u{1f600}' }, { 'x-a\r\nx-b': 'canary' }, { '': 'canary' }]) {
          const error = await rejection(nodeFetch(url, { headers: headers as Record<string, string> }));
          assert.ok(error instanceof TypeError, String(error));
          assert.ok(!String(error.stack).includes('canary'));
        }
        assert.equal(asked, 0);
        assert.equal((await nodeFetch(url)).status, 200);
      },
    );
  });

  test('arguments that cannot be reject with a TypeError', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch }) => {
      for (const bad of ['/a', 'ftp://a.test', url.replace('//', '//user:password@')]) await assert.rejects(nodeFetch(bad), TypeError);
      await assert.rejects(nodeFetch(url, { method: 'A B' }), TypeError);
      await assert.rejects(nodeFetch(url, { method: 'CONNECT' }), TypeError);
      await assert.rejects(nodeFetch(url, { headers: { 'Transfer-Encoding': 'chunked' } }), TypeError);
    }));

  test('it works where modules can only be imported', { timeout }, () =>
    withServer(echo, async ({ url }) => {
      const { getBuiltinModule } = process;
      Reflect.set(process, 'getBuiltinModule', undefined);
      const nodeFetch = createNodeFetch({ proxy: false });
      try {
        assert.equal((await nodeFetch(url)).status, 200);
      } finally {
        Reflect.set(process, 'getBuiltinModule', getBuiltinModule);
        await nodeFetch.close();
      }
    }));
});

describe('sockets are kept, shared, bounded and let go', () => {
  test('exchanges one after the other use one connection, whether their bodies are read, let go or left', { timeout }, () =>
    withServer(
      (_, response) => response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here'.repeat(100)),
      async ({ url, nodeFetch, accepted }) => {
        for (let index = 0; index < 30; index++) {
          const response = await nodeFetch(url);
          if (index % 3 === 0) await response.text();
          else if (index % 3 === 1) await response.reader().cancel();
          // A body that nobody touches arrives a little later.
          await new Promise((resolve) => setTimeout(resolve, index % 3 === 2 ? 10 : 0));
        }
        assert.ok(accepted() <= 3, `${accepted()} connections`);
      },
    ));

  test('a long body that is let go takes its connection with it, and the server is not read on', { timeout }, () =>
    withServer(
      (_, response) => {
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          if (!response.destroyed) response.once('drain', write);
        };
        write();
      },
      async ({ url, nodeFetch, open }) => {
        const reader = (await nodeFetch(url)).reader();
        assert.equal((await reader.read()).done, false);
        await reader.cancel();
        assert.deepEqual(await reader.read(), { done: true, value: undefined });
        await (await nodeFetch(url)).body?.cancel();
        await until(() => open.size === 0, 'both connections are closed');
      },
    ));

  test('a body that nobody reads is not taken into memory', { timeout }, async () => {
    const all = 64 * 1024 * 1024;
    let written = 0;
    await withServer(
      (_, response) => {
        const write = (): void => {
          while (written < all) {
            written += 65_536;
            if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', write);
          }
          response.end();
        };
        write();
      },
      async ({ url, nodeFetch }) => {
        const reader = (await nodeFetch(url)).reader();
        assert.equal((await reader.read()).done, false);
        // The server is stuck when two looks in a row find it at the same place.
        let before = -1;
        await until(
          async () => {
            await new Promise((resolve) => setTimeout(resolve, 100));
            const isStuck = before === written;
            before = written;
            return isStuck;
          },
          'the server is held up',
          20_000,
        );
        assert.ok(written < all / 2, `${written} bytes were written`);
        let received = 0;
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          received += value?.length ?? 0;
        }
        assert.ok(received > all / 2 && written === all, `${received} of ${written} bytes were received`);
      },
    );
  });

  test('500 at once with maxSocketsPerHost 8 are all answered, over at most 8 connections', { timeout }, () => {
    let atOnce = 0;
    let most = 0;
    return withServer(
      (_, response) => {
        most = Math.max(most, ++atOnce);
        setTimeout(() => response.end('x', () => atOnce--), 1);
      },
      async ({ url, nodeFetch, accepted }) => {
        const texts = await Promise.all(Array.from({ length: 500 }, async () => (await nodeFetch(url)).text()));
        assert.equal(texts.filter((text) => text === 'x').length, 500);
        assert.ok(most <= 8, `${most} at once`);
        assert.ok(accepted() <= 8, `${accepted()} connections`);
      },
      { maxSocketsPerHost: 8 },
    );
  });

  test('maxSockets bounds the connections to all servers, idle ones included', { timeout }, () =>
    withServer(echo, (first) =>
      withServer(echo, async (second) => {
        const nodeFetch = createNodeFetch({ proxy: false, maxSockets: 2, keepAliveMs: 60_000 });
        const most = { open: 0 };
        for (let round = 0; round < 5; round++) {
          const urls = [first.url, second.url, first.url, second.url, second.url];
          await Promise.all(urls.map(async (url) => (await nodeFetch(url)).text()));
          most.open = Math.max(most.open, first.open.size + second.open.size);
          await until(() => first.open.size + second.open.size <= 2, 'no more than two connections are open');
        }
        assert.ok(most.open >= 1);
        await nodeFetch.close();
        await until(() => first.open.size + second.open.size === 0, 'all are closed');
      }),
    ));

  test('close() closes idle connections at once and a busy one when its exchange ends; nothing new is begun', { timeout }, () => {
    const finish: (() => void)[] = [];
    return withServer(
      (request, response) => {
        if (request.url === '/idle') return void response.end('idle');
        response.write('a');
        finish.push(() => response.end('b'));
      },
      async ({ url, nodeFetch, open }) => {
        const busy = (await nodeFetch(`${url}/busy`)).reader();
        assert.equal(new TextDecoder().decode((await busy.read()).value), 'a');
        assert.equal(await (await nodeFetch(`${url}/idle`)).text(), 'idle');
        await nodeFetch.close();
        await until(() => open.size === 1, 'the idle connection is closed');
        assert.match(String((await rejection(nodeFetch(url))).cause), /closed/);
        finish[0]?.();
        assert.equal(await readAll(busy), 'b');
        await until(() => open.size === 0, 'the other one is closed');
      },
    );
  });

  test('an idle connection is closed after keepAliveMs, or sooner where the server says that it will', { timeout }, async () => {
    await withServer(echo, async ({ url, nodeFetch, open }) => {
      await (await nodeFetch(url)).text();
      await until(() => open.size === 0, 'the connection is closed', 20_000);
    }, { keepAliveMs: 50 });
    const hint = (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, { 'keep-alive': 'timeout=1', 'content-length': 1 }).end('x');
    await withServer(hint, async ({ url, nodeFetch, open }) => {
      await (await nodeFetch(url)).text();
      assert.equal(open.size, 1);
      await until(() => open.size === 0, 'the connection is closed', 20_000);
    }, { keepAliveMs: 60_000 });
  });

  test('a body that is silent for three seconds goes on, however short keepAliveMs is', { timeout }, () =>
    withServer(
      (_, response) => {
        response.write('before ');
        setTimeout(() => response.end('after'), 3_000);
      },
      async ({ url, nodeFetch }) => assert.equal(await (await nodeFetch(url)).text(), 'before after'),
      { keepAliveMs: 100 },
    ));
});

describe('abort: the caller gets the signal’s own reason, and nothing is left', () => {
  const silent = () => {};
  const reason = { why: 'enough' };

  test('before it begins', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch, accepted }) => {
      await assert.rejects(nodeFetch(url, { signal: AbortSignal.abort(reason) }), (error: unknown) => error === (reason as unknown));
      assert.equal(accepted(), 0);
    }));

  test('while it waits for its turn; those behind it are served', { timeout }, () => {
    const answers: ServerResponse[] = [];
    return withServer(
      (_, response) => void answers.push(response),
      async ({ url, nodeFetch, accepted }) => {
        const first = nodeFetch(url);
        await until(() => answers.length === 1, 'the first is asked');
        const controller = new AbortController();
        const second = nodeFetch(url, { signal: controller.signal });
        const third = nodeFetch(`${url}/third`);
        controller.abort(reason);
        await assert.rejects(second, (error: unknown) => error === (reason as unknown));
        answers[0]?.end('1');
        assert.equal(await (await first).text(), '1');
        await until(() => answers.length === 2, 'the third is asked');
        answers[1]?.end('3');
        assert.equal(await (await third).text(), '3');
        assert.equal(answers.length, 2);
        assert.equal(accepted(), 1);
      },
      { maxSocketsPerHost: 1 },
    );
  });

  test('while it connects', { timeout }, async () => {
    let looked = 0;
    const nodeFetch = createNodeFetch({ proxy: false, lookup: () => void looked++, maxSocketsPerHost: 1 });
    for (let round = 1; round <= 3; round++) {
      const controller = new AbortController();
      const pending = nodeFetch('http://nowhere.test/', { signal: controller.signal });
      await until(() => looked === round, 'the name is looked up');
      controller.abort(reason);
      await assert.rejects(pending, (error: unknown) => error === (reason as unknown));
    }
    await nodeFetch.close();
  });

  test('in the moment it begins', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch, open }) => {
      await (await nodeFetch(url)).text();
      const controller = new AbortController();
      const pending = nodeFetch(url, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(pending, (error: unknown) => error === (reason as unknown));
      await until(() => open.size === 0, 'the connection is closed');
      assert.equal((await nodeFetch(url)).status, 200);
    }));

  test('while it waits for headers', { timeout }, () =>
    withServer(silent, async ({ url, nodeFetch, open }) => {
      const controller = new AbortController();
      const pending = nodeFetch(url, { method: 'POST', body: 'x', signal: controller.signal });
      await until(() => open.size === 1, 'the server is reached');
      controller.abort(reason);
      await assert.rejects(pending, (error: unknown) => error === (reason as unknown));
      await until(() => open.size === 0, 'the connection is closed');
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    }));

  for (const [way, read] of [
    ['its reader', (response: Awaited<ReturnType<NodeFetch>>) => response.reader()],
    ['its stream', (response: Awaited<ReturnType<NodeFetch>>) => response.body?.getReader() ?? assert.fail()],
  ] as const) {
    test(`while its body comes, read by ${way}`, { timeout }, () =>
      withServer(
        (_, response) => void response.write('a'),
        async ({ url, nodeFetch, open }) => {
          const controller = new AbortController();
          const reader = read(await nodeFetch(url, { signal: controller.signal }));
          assert.equal((await reader.read()).done, false);
          const pending = reader.read();
          controller.abort(reason);
          await assert.rejects(pending, (error: unknown) => error === (reason as unknown));
          await assert.rejects(reader.read(), (error: unknown) => error === (reason as unknown));
          await until(() => open.size === 0, 'the connection is closed');
        },
      ));
  }

  test('while a compressed body is still to be decoded, all of it being there', { timeout }, () =>
    withServer(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(8 * 1024 * 1024))),
      async ({ url, nodeFetch }) => {
        const controller = new AbortController();
        const reader = (await nodeFetch(url, { signal: controller.signal })).reader();
        assert.equal((await reader.read()).done, false);
        controller.abort(reason);
        await assert.rejects(reader.read(), (error: unknown) => error === (reason as unknown));
        assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
      },
    ));

  test('while its own body goes out: the stream hears of it', { timeout }, () =>
    withServer((request) => void request.resume(), async ({ url, nodeFetch, open }) => {
      let cancelled = false;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (open.size > 0) return new Promise<void>(() => {});
          return void controller.enqueue(new Uint8Array(1_000));
        },
        cancel: () => void (cancelled = true),
      });
      const controller = new AbortController();
      const pending = nodeFetch(url, { method: 'POST', body, signal: controller.signal });
      await until(() => open.size === 1, 'the server is reached');
      controller.abort(reason);
      await assert.rejects(pending, (error: unknown) => error === (reason as unknown));
      await until(() => cancelled, 'the stream is cancelled');
      await until(() => open.size === 0, 'the connection is closed');
    }));

  test('after the end it changes nothing, and no listener stays on a signal that many share', { timeout }, () =>
    withServer(echo, async ({ url, nodeFetch, accepted }) => {
      const controller = new AbortController();
      const responses = await Promise.all(Array.from({ length: 50 }, () => nodeFetch(url, { signal: controller.signal })));
      assert.equal((await Promise.all(responses.map((response) => response.text()))).length, 50);
      await nodeFetch(url, { method: 'HEAD', signal: controller.signal });
      await until(() => getEventListeners(controller.signal, 'abort').length === 0, 'all listeners are gone');
      const before = accepted();
      controller.abort();
      assert.equal((await nodeFetch(url)).status, 200);
      assert.equal(accepted(), before);
    }));

  test('no socket and no timer is left in this process', { timeout, skip: isDeno ? 'Deno does not say what keeps it alive' : false }, async () => {
    const resources = () => process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|DNS|GetAddrInfo/i.test(name));
    await until(() => resources().length === 0, 'the tests before this one are gone');
    await withServer(
      (request, response) => void (request.url === '/body' && response.write('a')),
      async ({ url, nodeFetch }) => {
        const controller = new AbortController();
        const { signal } = controller;
        const body = (await nodeFetch(`${url}/body`, { signal })).text();
        const pending = [body, nodeFetch(url, { signal }), nodeFetch(`${url}/body`, { signal })];
        controller.abort(reason);
        for (const { status } of await Promise.allSettled(pending)) assert.equal(status, 'rejected');
      },
    );
    // The one timer is the wait's own.
    await until(() => resources().filter((name) => name !== 'Timeout').length === 0 && resources().length <= 1, 'nothing is left');
  });
});

describe('what a hostile or broken server sends', () => {
  const head = (...lines: string[]) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

  test('nobody listens: the system’s code is in the chain of causes', { timeout }, async () => {
    const nodeFetch = createNodeFetch({ proxy: false });
    let url = '';
    await withServer(echo, async (peer) => void (url = peer.url));
    assert.equal(await fetchFailure(nodeFetch(url)), 'ECONNREFUSED');
    await nodeFetch.close();
  });

  test('a connection that is closed without a word, or reset, is a failed fetch', { timeout }, async () => {
    await withBytes((socket) => socket.end(), async ({ url, nodeFetch }) => assert.equal(await fetchFailure(nodeFetch(url)), 'ECONNRESET'));
    await withBytes((socket) => socket.resetAndDestroy(), async ({ url, nodeFetch }) => assert.equal(await fetchFailure(nodeFetch(url)), 'ECONNRESET'));
  });

  const CUT: readonly (readonly [what: string, bytes: string])[] = [
    ['before its Content-Length is reached', `${head('Content-Length: 10')}abcd`],
    ['in the middle of a chunk', `${head('Transfer-Encoding: chunked')}4\r\nabcd\r\n8\r\nef`],
    ['between two chunks', `${head('Transfer-Encoding: chunked')}4\r\nabcd\r\n`],
    ['by a chunk that is none', `${head('Transfer-Encoding: chunked')}4\r\nabcd\r\nxyz\r\n`],
  ];
  for (const [what, bytes] of CUT) {
    test(`a body that ends ${what} gives what came, then "terminated"`, { timeout }, () =>
      withBytes(
        (socket) => void socket.end(bytes),
        async ({ url, nodeFetch, open }) => {
          const reader = (await nodeFetch(url)).reader();
          let text = '';
          const error = await rejection(
            (async () => {
              for (;;) text += new TextDecoder().decode((await reader.read()).value);
            })(),
          );
          assert.ok(error instanceof TypeError && error.message === 'terminated', String(error));
          assert.match(systemCodeOf(error) ?? '', /^(?:ECONNRESET|HPE_\w+)$/);
          // What breaks the framing in the same packet takes the bytes before it along.
          assert.ok(text.startsWith('abcd') || what === 'by a chunk that is none', text);
          await assert.rejects(reader.read(), (again) => again === error);
          await until(() => open.size === 0, 'the connection is closed');
        },
      ));
  }

  test('the same through text() and a stream; a body without a length ends with its connection', { timeout }, async () => {
    await withBytes(
      (socket) => void socket.end(`${head('Content-Length: 10')}abcd`),
      async ({ url, nodeFetch }) => {
        await assert.rejects((await nodeFetch(url)).text(), TypeError);
        await assert.rejects(new Response((await nodeFetch(url)).body).text());
      },
    );
    await withBytes((socket) => void socket.end(`${head('Connection: close')}abcd`), async ({ url, nodeFetch }) => assert.equal(await (await nodeFetch(url)).text(), 'abcd'));
  });

  const REFUSED: readonly (readonly [what: string, bytes: string, code: RegExp])[] = [
    ['Content-Length beside Transfer-Encoding (RFC 9112 section 6.3)', `${head('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`, /^HPE_/],
    ['Transfer-Encoding beside Content-Length', `${head('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n`, /^HPE_/],
    ['two lengths (RFC 9112 section 6.3)', `${head('Content-Length: 4', 'Content-Length: 5')}abcde`, /^HPE_/],
    ['a length that is no number', `${head('Content-Length: 4x')}abcd`, /^HPE_/],
    ['a CR inside of a header (RFC 9112 section 2.2)', head('X-A: b\rc', 'Content-Length: 0'), /^HPE_/],
    ['a NUL inside of a header', head('X-A: b\0c', 'Content-Length: 0'), /^HPE_/],
    ['a folded name', head('X A: b', 'Content-Length: 0'), /^HPE_/],
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', /^HPE_/],
    ['a change of protocol that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^ECONNRESET$/],
  ];
  for (const [what, bytes, code] of REFUSED) {
    test(`refused: ${what}`, { timeout }, () =>
      withBytes(
        (socket) => void socket.write(bytes),
        async ({ url, nodeFetch, open }) => {
          assert.match((await fetchFailure(nodeFetch(url))) ?? '', code);
          await until(() => open.size === 0, 'the connection is closed');
        },
      ));
  }

  test('headers of 60 KiB are read, and of more than maxHeaderBytes refused', { timeout }, async () => {
    const answer = (size: number) => (socket: Socket) => void socket.write(head(`X-A: ${'b'.repeat(size)}`, 'Content-Length: 0'));
    await withBytes(answer(60_000), async ({ url, nodeFetch }) => assert.equal((await nodeFetch(url)).headers.get('x-a')?.length, 60_000));
    await withBytes(answer(66_000), async ({ url, nodeFetch }) => assert.equal(await fetchFailure(nodeFetch(url)), 'HPE_HEADER_OVERFLOW'));
    await withBytes(answer(500), async ({ url, nodeFetch }) => assert.equal(await fetchFailure(nodeFetch(url)), 'HPE_HEADER_OVERFLOW'), { maxHeaderBytes: 400 });
  });

  test('no header is dropped in silence, however many there are', { timeout }, () =>
    withBytes(
      (socket) => void socket.write(head(...Array.from({ length: 3_000 }, (_, index) => `a${index}: b`), 'X-Last: c', 'Content-Length: 0')),
      async ({ url, nodeFetch }) => {
        const { headers } = await nodeFetch(url);
        assert.equal(headers.get('x-last'), 'c');
        assert.equal([...headers].length, 3_002);
      },
    ));

  test('maxInterimResponses of the statuses 100 to 199 are passed over, one more is refused', { timeout }, async () => {
    const interim = (count: number) => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(count - 1) + 'HTTP/1.1 100 Continue\r\n\r\n';
    await withBytes((socket) => void socket.write(interim(16) + head('Content-Length: 0')), async ({ url, nodeFetch }) => assert.equal((await nodeFetch(url)).status, 200));
    await withBytes(
      (socket) => void socket.write(interim(1_000) + head('Content-Length: 0')),
      async ({ url, nodeFetch, open }) => {
        const error = await rejection(nodeFetch(url));
        assert.ok(error.cause instanceof LimitError);
        assert.equal(error.cause.details['limit'], 'maxInterimResponses');
        await until(() => open.size === 0, 'the connection is closed');
      },
    );
  });
});

describe('compressed bodies (RFC 9110 section 8.4)', () => {
  const text = 'é compressible '.repeat(10_000);
  const respond = (coding: string, body: Uint8Array, type = 'application/json') => (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(200, { 'content-encoding': coding, 'content-type': type }).end(body);

  const GOOD: readonly (readonly [coding: string, body: Uint8Array])[] = [
    ['gzip', gzipSync(text)],
    ['X-GZip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
  ];
  for (const [coding, body] of GOOD) {
    test(`${coding} is decoded, asked for or not, and its connection is kept`, { timeout }, () =>
      withServer(respond(coding, body), async ({ url, nodeFetch, accepted }) => {
        assert.equal(await (await nodeFetch(url)).text(), text);
        assert.equal(await readAll((await nodeFetch(url)).reader()), text);
        assert.equal(await new Response((await nodeFetch(url)).body).text(), text);
        assert.equal(accepted(), 1);
      }));
  }

  test('a coding that is not known is given as it came; an empty body stays empty', { timeout }, async () => {
    await withServer(respond('zip', Buffer.from('raw')), async ({ url, nodeFetch }) => assert.equal(await (await nodeFetch(url)).text(), 'raw'));
    await withServer(respond('gzip, gzip, gzip, gzip', Buffer.from('raw')), async ({ url, nodeFetch }) => assert.equal(await (await nodeFetch(url)).text(), 'raw'));
    for (const coding of ['gzip', 'deflate', 'br']) {
      await withServer(respond(coding, new Uint8Array()), async ({ url, nodeFetch }) => assert.equal(await (await nodeFetch(url)).text(), ''));
    }
  });

  test('nothing is asked for by default; with compression: true, gzip and br are', { timeout }, async () => {
    const asked = async (nodeFetch: NodeFetch, url: string) => ((await (await nodeFetch(url)).json()) as { headers: Record<string, string> }).headers['accept-encoding'];
    await withServer(echo, async ({ url, nodeFetch }) => assert.equal(await asked(nodeFetch, url), undefined));
    await withServer(echo, async ({ url, nodeFetch }) => assert.equal(await asked(nodeFetch, url), 'gzip, br'), { compression: true });
  });

  const whole = gzipSync(text);
  const BAD: readonly (readonly [what: string, coding: string, body: Uint8Array])[] = [
    ['is none', 'gzip', Buffer.from('not compressed at all')],
    ['is cut', 'gzip', whole.subarray(0, whole.length - 20)],
    ['is broken', 'gzip', Buffer.concat([whole.subarray(0, 100), Buffer.alloc(2_000, 0x55)])],
    ['is none', 'br', Buffer.from('not compressed at all, not even by brotli')],
    ['is none', 'deflate', Buffer.from('not compressed at all')],
  ];
  for (const [what, coding, body] of BAD) {
    test(`${coding} that ${what} rejects the reader with "terminated"`, { timeout }, () =>
      withServer(respond(coding, body), async ({ url, nodeFetch }) => {
        const error = await rejection((await nodeFetch(url)).text());
        assert.ok(error instanceof TypeError && error.message === 'terminated', String(error));
        assert.ok(error.cause instanceof Error);
        await until(async () => (await nodeFetch(url, { method: 'HEAD' })).status === 200, 'the fetch goes on');
      }));
  }

  for (const [coding, compress] of [['gzip', gzipSync], ['deflate', deflateSync], ['br', brotliCompressSync]] as const) {
    test(`a ${coding} bomb ends at maxDecodedBytes, and its connection with it`, { timeout }, async () => {
      const bomb = compress(Buffer.alloc(32 * 1024 * 1024));
      await withServer(
        (_, response) => void response.writeHead(200, { 'content-encoding': coding }).write(bomb),
        async ({ url, nodeFetch, open }) => {
          const reader = (await nodeFetch(url)).reader();
          let received = 0;
          const error = await rejection(
            (async () => {
              for (;;) received += (await reader.read()).value?.length ?? 0;
            })(),
          );
          assert.ok(error instanceof LimitError, String(error));
          assert.deepEqual(error.details, { most: 1_000_000, limit: 'maxDecodedBytes' });
          assert.ok(received <= 1_000_000);
          await until(() => open.size === 0, 'the connection is closed');
        },
        { maxDecodedBytes: 1_000_000 },
      );
    });
  }

  test('maxDecodedBytes exactly are allowed', { timeout }, () =>
    withServer(respond('gzip', gzipSync('x'.repeat(1_000))), async ({ url, nodeFetch }) => assert.equal((await (await nodeFetch(url)).text()).length, 1_000), { maxDecodedBytes: 1_000 }));

  test('an event stream has no end, so no such limit; its events come as they are sent', { timeout }, async () => {
    const { createGzip, constants } = process.getBuiltinModule('node:zlib');
    await withServer(
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/event-stream; charset=utf-8' });
        const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
        gzip.pipe(response);
        gzip.write('data: first\n\n');
      },
      async ({ url, nodeFetch }) => {
        const reader = (await nodeFetch(url)).reader();
        assert.equal(new TextDecoder().decode((await reader.read()).value), 'data: first\n\n');
        await reader.cancel();
      },
      { maxDecodedBytes: 5 },
    );
  });
});
