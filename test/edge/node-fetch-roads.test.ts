/** createNodeFetch over TLS, through proxies, over a Unix socket and with a lookup of the host's own: real sockets, real certificates. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { systemCodeOf } from '../../lib/http/failure-facts.ts';
import { createNodeFetch } from '../../lib/transport/http/node-fetch.ts';
import type { NodeFetch } from '../../lib/transport/http/node-fetch-contract.ts';
import type { NodeFetchOptions } from '../../lib/transport/http/node-fetch-options.ts';
import { until } from '../helpers/until.ts';

const timeout = 30_000;

const place = mkdtempSync(join(tmpdir(), 'barewire-fetch-'));
after(() => rmSync(place, { recursive: true, force: true }));

const hasOpenSSL = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenSSL ? false : 'openssl is not installed, which makes the certificates';

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Runs openssl in the temporary folder. */
function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: place, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const read = (name: string): Certificate => ({ cert: readFileSync(join(place, `${name}.pem`), 'utf8'), key: readFileSync(join(place, `${name}.key`), 'utf8') });
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function makeAuthority(name: string): Certificate {
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl('req', '-x509', ...EC, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`, ...extensions);
  return read(name);
}

/** A certificate for `names`, signed by `authority`; one for no days has run out. */
function makeCertificate(authority: string, name: string, names: string, days = 2): Certificate {
  openssl('req', ...EC, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  writeFileSync(join(place, `${name}.ext`), `subjectAltName=${names}\n`);
  const signed = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', String(days), '-extfile', `${name}.ext`];
  openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signed);
  return read(name);
}

/** Made by the first test that needs them. */
function makeAll() {
  const authority = makeAuthority('authority');
  return {
    ca: authority.cert,
    other: makeAuthority('other').cert,
    server: makeCertificate('authority', 'server', 'IP:127.0.0.1,DNS:localhost,DNS:service.test'),
    elsewhere: makeCertificate('authority', 'elsewhere', 'DNS:elsewhere.test'),
    expired: makeCertificate('authority', 'expired', 'IP:127.0.0.1', -1),
    client: makeCertificate('authority', 'client', 'DNS:client.test'),
  };
}
let made: ReturnType<typeof makeAll> | undefined;
const certificates = () => (made ??= makeAll());

interface Running {
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
  readonly accepted: () => number;
}

/** Runs servers and a fetch for the time of `action`. */
async function running(servers: readonly net.Server[], options: NodeFetchOptions, action: (nodeFetch: NodeFetch, ...peers: Running[]) => Promise<void>): Promise<void> {
  const peers = await Promise.all(servers.map(start));
  const nodeFetch = createNodeFetch({ environment: {}, ...options });
  try {
    await action(nodeFetch, ...peers);
  } finally {
    await nodeFetch.close();
    for (const { open } of peers) for (const socket of open) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function start(server: net.Server): Promise<Running> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
  });
  // A handshake that fails is the client's story here.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, open, accepted: () => accepted };
}

/** Says what it was asked. */
const echo = (request: IncomingMessage, response: ServerResponse) => void response.end(JSON.stringify({ url: request.url, headers: request.headers }));
type Echo = { url: string; headers: Record<string, string> };
const echoed = async (nodeFetch: NodeFetch, url: string, headers: Record<string, string> = {}) => (await (await nodeFetch(url, { headers })).json()) as Echo;

const secure = (certificate: Certificate, more: https.ServerOptions = {}) => https.createServer({ ...certificate, ...more }, echo);

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => assert.fail('Expected a rejection'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TypeError, String(error));
  assert.equal(error.message, 'fetch failed');
  return error;
}

/** A proxy that notes what it is asked: `CONNECT` for tunnels, whole urls otherwise. */
function proxyServer(asked: { line: string; authorization: string | undefined }[], options: { tls?: Certificate; status?: number; silent?: boolean } = {}): net.Server {
  const note = (request: IncomingMessage) => void asked.push({ line: `${request.method} ${request.url}`, authorization: request.headers['proxy-authorization'] });
  const forward = (request: IncomingMessage, response: ServerResponse) => {
    note(request);
    const { 'proxy-authorization': _, ...headers } = request.headers;
    request.pipe(
      http.request(request.url ?? '', { method: request.method ?? '', headers }, (message) => {
        response.writeHead(message.statusCode ?? 0, message.headers);
        message.pipe(response);
      }),
    );
  };
  const server = options.tls === undefined ? http.createServer(forward) : https.createServer(options.tls, forward);
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    note(request);
    client.on('error', () => {});
    if (options.silent) return void client.resume().on('end', () => client.destroy());
    if (options.status !== undefined) return void client.end(`HTTP/1.1 ${options.status} No\r\nContent-Length: 2\r\n\r\nno`);
    const [host = '', port] = (request.url ?? '').split(/:(?=\d+$)/);
    const target = net.connect(Number(port), host === 'service.test' ? '127.0.0.1' : host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => target.destroy());
  });
  return server;
}

describe('TLS', () => {
  test('a server whose authority is given with ca is trusted; several exchanges share one connection', { timeout, skip }, async () => {
    const { server, ca, other } = certificates();
    for (const authorities of [ca, new TextEncoder().encode(ca), [other, ca]]) {
      await running([secure(server)], { ca: authorities }, async (nodeFetch, { port, accepted }) => {
        for (let index = 0; index < 5; index++) assert.equal((await echoed(nodeFetch, `https://127.0.0.1:${port}/a`)).headers['host'], `127.0.0.1:${port}`);
        assert.equal(accepted(), 1);
      });
    }
  });

  test('an unknown authority, a certificate that has run out, and one for another name are refused, with their codes', { timeout, skip }, async () => {
    const { server, expired, elsewhere, ca, other } = certificates();
    const rows = [
      [server, undefined, /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNKNOWN_CERTIFICATE_VERIFICATION_ERROR)$/],
      [server, other, /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNKNOWN_CERTIFICATE_VERIFICATION_ERROR)$/],
      [expired, ca, /^CERT_HAS_EXPIRED$/],
      [elsewhere, ca, /^ERR_TLS_CERT_ALTNAME_INVALID$/],
    ] as const;
    for (const [certificate, authority, code] of rows) {
      await running([secure(certificate)], authority === undefined ? {} : { ca: authority }, async (nodeFetch, { port, open }) => {
        const error = await failure(nodeFetch(`https://127.0.0.1:${port}/`));
        assert.match(systemCodeOf(error) ?? '', code);
        await until(() => open.size === 0, 'the connection is closed');
      });
    }
  });

  test('dangerouslyAllowInvalidCertificates takes them all', { timeout, skip }, async () => {
    const { expired } = certificates();
    await running([secure(expired)], { dangerouslyAllowInvalidCertificates: true }, async (nodeFetch, { port }) => {
      assert.equal((await nodeFetch(`https://127.0.0.1:${port}/`)).status, 200);
    });
  });

  test('NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment does not', { timeout, skip }, async () => {
    const { expired, ca } = certificates();
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await running([secure(expired)], { ca }, async (nodeFetch, { port }) => assert.equal(systemCodeOf(await failure(nodeFetch(`https://127.0.0.1:${port}/`))), 'CERT_HAS_EXPIRED'));
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('servername is the name that counts; a Host header is not', { timeout, skip }, async () => {
    const { elsewhere, ca } = certificates();
    await running([secure(elsewhere)], { ca, servername: 'elsewhere.test' }, async (nodeFetch, { port }) => assert.equal((await nodeFetch(`https://127.0.0.1:${port}/`)).status, 200));
    await running([secure(elsewhere)], { ca }, async (nodeFetch, { port }) => {
      const error = await failure(nodeFetch(`https://127.0.0.1:${port}/`, { headers: { host: 'elsewhere.test' } }));
      assert.equal(systemCodeOf(error), 'ERR_TLS_CERT_ALTNAME_INVALID');
    });
  });

  test('cert and key are shown to a server that asks for them', { timeout, skip }, async () => {
    const { server, client, ca } = certificates();
    const asking = () => secure(server, { requestCert: true, rejectUnauthorized: true, ca });
    await running([asking()], { ca, ...client }, async (nodeFetch, { port }) => assert.equal((await nodeFetch(`https://127.0.0.1:${port}/`)).status, 200));
    await running([asking()], { ca }, async (nodeFetch, { port }) => void (await failure(nodeFetch(`https://127.0.0.1:${port}/`))));
  });

  test('plain HTTP where TLS is expected is a failed fetch', { timeout, skip }, async () => {
    await running([http.createServer(echo)], {}, async (nodeFetch, { port }) => void (await failure(nodeFetch(`https://127.0.0.1:${port}/`))));
  });
});

describe('a proxy for http: (RFC 9112 section 3.2.2, absolute form)', () => {
  test('is asked for the whole url, over connections that are shared; the server sees its own host', { timeout }, async () => {
    const asked: { line: string; authorization: string | undefined }[] = [];
    const servers = [http.createServer(echo), proxyServer(asked)];
    const nodeFetches: NodeFetch[] = [];
    await running(servers, {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: `http://127.0.0.1:${proxy.port}` });
      nodeFetches.push(nodeFetch);
      for (let index = 0; index < 3; index++) {
        const { url, headers } = await echoed(nodeFetch, `http://127.0.0.1:${target.port}/a?b=c`, { 'x-a': 'b' });
        assert.deepEqual([url, headers['host'], headers['x-a']], ['/a?b=c', `127.0.0.1:${target.port}`, 'b']);
      }
      assert.deepEqual(asked, Array.from({ length: 3 }, () => ({ line: `GET http://127.0.0.1:${target.port}/a?b=c`, authorization: undefined })));
      assert.equal(proxy.accepted(), 1);
      await nodeFetch.close();
    });
  });

  test('gets the credentials of its url, and nobody else does', { timeout }, async () => {
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([http.createServer(echo), proxyServer(asked)], {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ environment: { http_proxy: `http://user:p%40ss@127.0.0.1:${proxy.port}` } });
      const { headers } = await echoed(nodeFetch, `http://127.0.0.1:${target.port}/`);
      assert.equal(asked[0]?.authorization, `Basic ${btoa('user:p@ss')}`);
      assert.equal(headers['proxy-authorization'], undefined);
      await assert.rejects(nodeFetch(`http://127.0.0.1:${target.port}/`, { headers: { 'Proxy-Authorization': 'x' } }), TypeError);
      await nodeFetch.close();
    });
  });

  test('is left out for what NO_PROXY names, with proxy: false, and over a Unix socket', { timeout }, async () => {
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([http.createServer(echo), proxyServer(asked)], {}, async (_, target, proxy) => {
      const environment = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '127.0.0.0/8' };
      for (const options of [{ environment }, { environment: { HTTP_PROXY: environment.HTTP_PROXY }, proxy: false as const }]) {
        const nodeFetch = createNodeFetch(options);
        assert.equal((await echoed(nodeFetch, `http://127.0.0.1:${target.port}/`)).url, '/');
        await nodeFetch.close();
      }
      assert.deepEqual(asked, []);
    });
  });

  test('over TLS is verified with ca', { timeout, skip }, async () => {
    const { server, ca, other } = certificates();
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([http.createServer(echo), proxyServer(asked, { tls: server })], {}, async (_, target, proxy) => {
      const proxyUrl = `https://user:pass@127.0.0.1:${proxy.port}`;
      const nodeFetch = createNodeFetch({ proxy: proxyUrl, ca });
      assert.equal((await echoed(nodeFetch, `http://127.0.0.1:${target.port}/a`)).url, '/a');
      assert.deepEqual(asked, [{ line: `GET http://127.0.0.1:${target.port}/a`, authorization: `Basic ${btoa('user:pass')}` }]);
      await nodeFetch.close();
      const distrusting = createNodeFetch({ proxy: proxyUrl, ca: other });
      assert.match(systemCodeOf(await failure(distrusting(`http://127.0.0.1:${target.port}/a`))) ?? '', /^(?:UNABLE|UNKNOWN)_/);
      await distrusting.close();
      assert.equal(asked.length, 1);
    });
  });
});

describe('a proxy for https: (RFC 9110 section 9.3.6, CONNECT)', () => {
  test('is asked for a tunnel once, for all that goes through it, and sees no more than where it leads', { timeout, skip }, async () => {
    const { server, ca } = certificates();
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([secure(server), proxyServer(asked)], {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ environment: { HTTPS_PROXY: `http://user:pass@127.0.0.1:${proxy.port}` }, ca });
      for (let index = 0; index < 5; index++) {
        const { url, headers } = await echoed(nodeFetch, `https://service.test:${target.port}/a?b`, { authorization: 'Bearer secret' });
        assert.deepEqual([url, headers['host'], headers['authorization'], headers['proxy-authorization']], ['/a?b', `service.test:${target.port}`, 'Bearer secret', undefined]);
      }
      assert.deepEqual(asked, [{ line: `CONNECT service.test:${target.port}`, authorization: `Basic ${btoa('user:pass')}` }]);
      await nodeFetch.close();
      await until(() => proxy.open.size === 0 && target.open.size === 0, 'the tunnel is closed');
    });
  });

  test('the server’s certificate is verified through the tunnel, for the name in the url', { timeout, skip }, async () => {
    const { elsewhere, ca } = certificates();
    await running([secure(elsewhere), proxyServer([])], {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: `http://127.0.0.1:${proxy.port}`, ca });
      assert.equal(systemCodeOf(await failure(nodeFetch(`https://service.test:${target.port}/`))), 'ERR_TLS_CERT_ALTNAME_INVALID');
      await nodeFetch.close();
      await until(() => proxy.open.size === 0 && target.open.size === 0, 'the tunnel is closed');
    });
  });

  test('over TLS itself, the one tunnel goes inside of the other', { timeout, skip }, async () => {
    const { server, ca } = certificates();
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([secure(server), proxyServer(asked, { tls: server })], {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: new URL(`https://127.0.0.1:${proxy.port}`), ca });
      for (let index = 0; index < 3; index++) assert.equal((await echoed(nodeFetch, `https://127.0.0.1:${target.port}/a`)).url, '/a');
      assert.equal(asked.length, 1);
      await nodeFetch.close();
      await until(() => proxy.open.size === 0 && target.open.size === 0, 'the tunnel is closed');
    });
  });

  test('that refuses is a failed fetch with a code of its own, and the credentials are nowhere in it', { timeout, skip }, async () => {
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([proxyServer(asked, { status: 407 })], {}, async (_, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: `http://canary:canary@127.0.0.1:${proxy.port}` });
      const error = await failure(nodeFetch('https://service.test/canary', { headers: { authorization: 'canary' } }));
      assert.equal(systemCodeOf(error), 'ERR_PROXY_TUNNEL');
      assert.match(String(error.cause), /answered with status 407/);
      const shown = inspect([error, nodeFetch], { depth: 20, showHidden: true });
      for (const secret of ['canary', btoa('canary:canary')]) assert.ok(!shown.includes(secret), secret);
      await until(() => proxy.open.size === 0, 'the connection is closed');
      await nodeFetch.close();
    });
  });

  test('that is not there, closes, or speaks before TLS does is a failed fetch', { timeout, skip }, async () => {
    let port = 0;
    await running([http.createServer()], {}, async (_, gone) => void (port = gone.port));
    const nodeFetch = createNodeFetch({ proxy: `http://127.0.0.1:${port}` });
    assert.equal(systemCodeOf(await failure(nodeFetch('https://service.test/'))), 'ECONNREFUSED');
    await nodeFetch.close();
    for (const answer of ['', 'HTTP/1.1 200 OK\r\n\r\nhello', 'nonsense\r\n\r\n']) {
      const server = net.createServer((socket) => socket.once('data', () => socket.end(answer)));
      await running([server], {}, async (_, proxy) => {
        const through = createNodeFetch({ proxy: `http://127.0.0.1:${proxy.port}` });
        await failure(through('https://service.test/'));
        await until(() => proxy.open.size === 0, 'the connection is closed');
        await through.close();
      });
    }
  });

  test('an abort while the tunnel is made closes its connection', { timeout, skip }, async () => {
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([proxyServer(asked, { silent: true })], {}, async (_, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: `http://127.0.0.1:${proxy.port}`, maxSocketsPerHost: 1 });
      for (let round = 1; round <= 2; round++) {
        const controller = new AbortController();
        const reason = new Error('enough');
        const pending = nodeFetch('https://service.test/', { signal: controller.signal });
        await until(() => asked.length === round, 'the proxy is asked');
        controller.abort(reason);
        await assert.rejects(pending, (error) => error === reason);
        await until(() => proxy.open.size === 0, 'the connection is closed');
      }
      await nodeFetch.close();
    });
  });

  test('40 at once with maxSocketsPerHost 4 make at most 4 tunnels', { timeout, skip }, async () => {
    const { server, ca } = certificates();
    const asked: { line: string; authorization: string | undefined }[] = [];
    await running([secure(server), proxyServer(asked)], {}, async (_, target, proxy) => {
      const nodeFetch = createNodeFetch({ proxy: `http://127.0.0.1:${proxy.port}`, ca, maxSocketsPerHost: 4 });
      const answers = await Promise.all(Array.from({ length: 40 }, (__, index) => echoed(nodeFetch, `https://127.0.0.1:${target.port}/${index}`)));
      assert.deepEqual(answers.map(({ url }) => url), Array.from({ length: 40 }, (__, index) => `/${index}`));
      assert.ok(asked.length <= 4, `${asked.length} tunnels`);
      await nodeFetch.close();
    });
  });
});

describe('other roads', () => {
  test('socketPath: every request goes to the Unix socket, under the host of its url', { timeout, skip: process.platform === 'win32' ? 'Windows has no Unix sockets' : false }, async () => {
    const socketPath = join(place, 'socket');
    const server = http.createServer(echo);
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const nodeFetch = createNodeFetch({ socketPath, environment: { HTTP_PROXY: 'http://127.0.0.1:1' } });
    for (let index = 0; index < 3; index++) {
      const { url, headers } = await echoed(nodeFetch, 'http://service.test/a?b');
      assert.deepEqual([url, headers['host']], ['/a?b', 'service.test']);
    }
    await nodeFetch.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(createNodeFetch({ socketPath: join(place, 'nothing') })('http://service.test/'));
    assert.equal(systemCodeOf(error), 'ENOENT');
  });

  test('lookup says where a name leads, and what it refuses is a failed fetch', { timeout }, async () => {
    const looked: string[] = [];
    const lookup: NodeFetchOptions['lookup'] = (hostname, options, callback) => {
      looked.push(hostname);
      if (hostname === 'forbidden.test') return callback(Object.assign(new Error('forbidden'), { code: 'EFORBIDDEN' }), []);
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    await running([http.createServer(echo)], { lookup }, async (nodeFetch, { port }) => {
      assert.equal((await echoed(nodeFetch, `http://service.test:${port}/`)).headers['host'], `service.test:${port}`);
      assert.equal(systemCodeOf(await failure(nodeFetch(`http://forbidden.test:${port}/`))), 'EFORBIDDEN');
      assert.deepEqual(looked, ['service.test', 'forbidden.test']);
    });
  });

  test('a host that is an address of IPv6 is connected to as such', { timeout }, async (t) => {
    const server = http.createServer(echo);
    const hasIPv6 = await new Promise<boolean>((resolve) => server.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true)));
    if (!hasIPv6) return t.skip('this machine has no IPv6');
    const { port } = server.address() as AddressInfo;
    const nodeFetch = createNodeFetch({ proxy: false });
    assert.equal((await echoed(nodeFetch, `http://[::1]:${port}/`)).headers['host'], `[::1]:${port}`);
    await nodeFetch.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
