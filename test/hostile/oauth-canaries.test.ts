/**
 * Secrets of every kind, in flows that come to an end and flows that fail, at servers that repeat what they are sent: none of them is in a log line, an error, an inspected object, an event, a channel,
 * the environment of a child, a request to anybody else, or Redis.
 */

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  InMemoryTokenStore, RedisSessionManager, Secret, StdioMCPServer, StreamableHTTPMCPServer, bearerToken, createNodeFetch, createOAuth, isMCPError, loopbackSignIn, receiveRedirect,
} from '../../lib/index.ts';
import type { Authorization, MCPServerProtocol, OAuth, OAuthOptions, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import { startOAuthDemo, visitPage } from '../helpers/oauth-demo.ts';
import type { OAuthDemo, SeenRequest } from '../helpers/oauth-demo.ts';
import { RawRedis } from '../helpers/raw-redis.ts';
import { skipWithoutRedis, startRedis } from '../helpers/redis-server.ts';
import { until } from '../helpers/until.ts';

const OPTIONS = { timeout: 120_000 };
const CHANNELS = ['barewire.request', 'barewire.answer'].flatMap((name) => ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((part) => `tracing:${name}:${part}`));

/** Every secret that there was, by its kind. */
const secrets = new Map<string, Set<string>>();
/** Pages that begin a sign-in. A host is to show them, and finds them in `details.authorizationUrl`: they have their state in them. */
const pages = new Set<string>();
/** Everything that a host may see, print or send on. */
const shown: { readonly where: string; readonly text: string }[] = [];

function canary(kind: string, text: string = `canary-${kind.replaceAll(' ', '-')}-${randomUUID()}`): string {
  (secrets.get(kind) ?? secrets.set(kind, new Set()).get(kind))?.add(text);
  return text;
}

function show(where: string, text: string): void {
  shown.push({ where, text });
}

function showObject(where: string, value: unknown): void {
  show(`${where}, inspected`, inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null }));
  try {
    show(`${where}, as JSON`, JSON.stringify(value) ?? '');
  } catch {
    // Objects that hold themselves have no JSON.
  }
  show(`${where}, as text`, String(value));
}

function showError(where: string, error: unknown): void {
  const page = isMCPError(error) ? error.details['authorizationUrl'] : undefined;
  if (typeof page === 'string') pages.add(page);
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 6; inner = inner.cause, depth++) {
    show(`${where}, cause ${depth}`, [inner.message, inner.stack, JSON.stringify(inner), inspect(inner, { depth: 12, showHidden: true, maxStringLength: null })].join('\n'));
  }
}

/** A logger that keeps every line of every level. */
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (message: string, facts?: unknown) => show(`log ${level}`, `${message} ${JSON.stringify(facts)} ${inspect(facts, { depth: 12 })}`)]),
);

function watch(server: MCPServerProtocol): void {
  for (const event of ['log', 'progress', 'stateChanged', 'fault', 'toolsChanged', 'gap'] as const) {
    server.on(event, (payload: unknown) => {
      showObject(`event ${event}`, payload);
      for (const inner of [payload, (payload as { cause?: unknown } | undefined)?.cause]) if (inner instanceof Error) showError(`event ${event}`, inner);
    });
  }
}

function makeServer(url: string, options: Partial<StreamableHTTPMCPServerOptions>): StreamableHTTPMCPServer {
  const server = new StreamableHTTPMCPServer({ serverName: 'canaries', serverUrl: url, logger, logLevel: 'DEBUG', maxRetries: 0, listen: false, ...options });
  watch(server);
  return server;
}

/** Uses a server; what it rejects with is shown, and its code is what is expected. */
async function use(what: string, server: StreamableHTTPMCPServer, expected: string | undefined): Promise<void> {
  let code: string | undefined;
  try {
    await server.connect();
    showObject(`${what}, its result`, await server.callTool('add', { a: 1, b: 2 }));
  } catch (error) {
    code = isMCPError(error) ? error.code : String(error);
    showError(what, error);
  }
  showObject(`${what}, the handle`, server);
  await server.cleanup();
  showObject(`${what}, the handle that was let go`, server);
  assert.equal(code, expected, what);
}

const header = (request: SeenRequest, name: string): string | undefined => request.headers[name];

/** What was made on the way: by the servers, and by the library. */
function harvest(seen: readonly SeenRequest[], how: string): void {
  const take = (kind: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && value !== '') canary(kind, value);
  };
  for (const request of seen) {
    const where = request.server;
    const form = new URLSearchParams(request.body.startsWith('{') ? '' : request.body);
    const query = new URL(request.url, 'http://x').searchParams;
    const [, scheme = '', credentials] = /^(\w+) (.+)$/.exec(header(request, 'authorization') ?? '') ?? [];
    take(where === 'authorization server' ? 'client credentials as base64' : `${scheme} token ${how}`, credentials);
    take(`proof for the ${where}`, header(request, 'dpop'));
    take('session id', header(request, 'mcp-session-id'));
    take('state', query.get('state'));
    take('verifier', form.get('code_verifier'));
    take('authorization code', form.get('code'));
    take('refresh token', form.get('refresh_token'));
    take('client assertion', form.get('client_assertion'));
    take('registered client secret', request.url === '/token' ? form.get('client_secret') : undefined);
    take('assertion of a user', form.get('assertion'));
  }
}

/** What only the authorization server may be sent, and what only the server may. */
function checkPlaces(seen: readonly SeenRequest[], what: string): void {
  const at = (server: SeenRequest['server']) => seen.filter((request) => request.server === server).map((request) => JSON.stringify(request)).join('\n');
  for (const form of ['-code-', '-refresh-', '-secret-', '-registration-', '-jag-']) assert.ok(!at('resource server').includes(form), `${what}: the server was sent a ${form}`);
  assert.ok(!at('authorization server').includes('-access-'), `${what}: the authorization server was sent an access token`);
}

const signIn = () =>
  loopbackSignIn(async ({ url }) => {
    const back = canary('callback', await visitPage(url));
    await (await fetch(back)).text();
  });

const [idp, idpSecret] = ['idp-client', canary('secret at the identity provider')];

interface Flow {
  readonly what: string;
  readonly flags: readonly string[];
  /** The codes with which it ends at a server that gives what is asked for, and at those that give no tokens, and take none. */
  readonly ends?: readonly [string | undefined, string, string];
  readonly make: (demo: OAuthDemo, provider: OAuthDemo) => Partial<OAuthOptions>;
  /** The secret of the client, where the servers are to know it. */
  readonly clientSecret?: string;
}

const pem = canary('private key as PEM', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
for (const line of pem.split('\n').slice(1, -2)) canary('line of a private key', line);
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as Readonly<Record<string, string>>;
canary('private member of a JWK', jwk['d']);
const jwkText = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const [basic, post, machine, web] = ['basic', 'post', 'machine', 'web'].map((kind) => canary(`client secret ${kind}`)) as [string, string, string, string];
const ENDS: NonNullable<Flow['ends']> = [undefined, 'ERR_MCP_AUTH_REFUSED', 'ERR_MCP_AUTH_REQUIRED'];
const machineClient = (secret: string | Secret | undefined, rest: object = {}) => ({ id: 'robot', ...(secret === undefined ? {} : { secret }), ...rest });

const FLOWS: readonly Flow[] = [
  { what: 'a sign-in, registered', flags: [], make: () => ({ signIn: signIn() }) },
  { what: 'a sign-in, legacy', flags: ['--legacy'], make: () => ({ signIn: signIn() }) },
  { what: 'a sign-in with proofs', flags: ['--dpop', 'plain'], make: () => ({ signIn: signIn() }) },
  { what: 'a sign-in with nonces', flags: ['--dpop', 'nonce'], make: () => ({ signIn: signIn() }) },
  { what: 'a client with a secret, basic', flags: [], clientSecret: basic, make: () => ({ signIn: signIn(), client: machineClient(new Secret(basic), { authMethod: 'client_secret_basic' }) }) },
  { what: 'a client with a secret, post', flags: [], clientSecret: post, make: () => ({ signIn: signIn(), client: machineClient(post, { authMethod: 'client_secret_post' }) }) },
  { what: 'client credentials', flags: [], clientSecret: machine, make: ({ issuer }) => ({ grant: { type: 'client_credentials' }, client: machineClient(machine, { issuer }) }) },
  { what: 'a key as PEM', flags: [], clientSecret: 'x', make: ({ issuer }) => ({ grant: { type: 'client_credentials' }, client: machineClient(undefined, { privateKey: pem, algorithm: 'ES256', issuer }) }) },
  { what: 'a key as JWK', flags: [], clientSecret: 'x', make: ({ issuer }) => ({ grant: { type: 'client_credentials' }, client: machineClient(undefined, { privateKey: jwk, algorithm: 'ES256', issuer }) }) },
  {
    what: 'a workload',
    flags: [],
    clientSecret: machine,
    make: ({ issuer }) => ({ grant: { type: 'jwt_bearer', assertion: canary('assertion of a workload') }, client: machineClient(machine, { issuer }) }),
  },
  {
    what: 'a workload that reads a file',
    flags: [],
    clientSecret: machine,
    make: ({ issuer }) => ({ grant: { type: 'jwt_bearer', assertion: async () => new Secret(canary('assertion that was read')) }, client: machineClient(machine, { issuer }) }),
  },
  {
    what: 'an enterprise',
    flags: [],
    clientSecret: machine,
    make: ({ issuer }, provider) => ({
      grant: {
        type: 'enterprise',
        idToken: () => canary('ID token'),
        identityProvider: { issuer: provider.issuer, tokenEndpoint: `${provider.issuer}/token`, clientId: idp, clientSecret: idpSecret },
      },
      client: machineClient(machine, { issuer }),
    }),
  },
];

const provider = startOAuthDemo('--client', `${idp}:${idpSecret}`, '--prefix', 'canary-provider', '--echo');
for (const channel of CHANNELS) subscribe(channel, onMessage);

function onMessage(message: unknown, name: string | symbol): void {
  showObject(`channel ${String(name)}`, message);
}

after(async () => {
  for (const channel of CHANNELS) unsubscribe(channel, onMessage);
  await (await provider).stop();
});

async function withDemo(flags: readonly string[], body: (demo: OAuthDemo) => Promise<void>): Promise<void> {
  const demo = await startOAuthDemo('--prefix', `canary-${randomUUID().slice(0, 8)}`, ...flags);
  try {
    await body(demo);
  } finally {
    await demo.stop();
  }
}

describe('secrets of OAuth', () => {
  for (const { what, flags, make, ends = ENDS, clientSecret } of FLOWS) {
    test(what, OPTIONS, async () => {
      const rows = [[], ['--fail', '--echo'], ['--refuse', '--echo']].map((further, index) => [further, ends[index]] as const);
      for (const [further, code] of rows) {
        const client = clientSecret === undefined ? [] : ['--client', `robot:${clientSecret}`];
        await withDemo([...flags, ...client, ...further], async (demo) => {
          const tokenStore = new InMemoryTokenStore();
          const options = make(demo, await provider);
          const oauth = createOAuth({ allowLoopback: true, tokenStore, dpop: flags.includes('--dpop'), ...options });
          await use(`${what} ${further.join(' ')}`, makeServer(demo.url, { authorization: oauth, headers: { 'X-API-Key': canary('API key'), Cookie: `id=${canary('cookie')}` } }), code);
          showObject(`${what}, the authorization`, oauth);
          showObject(`${what}, the store`, tokenStore);
          const seen = await demo.seen();
          harvest(seen, `of ${what}`);
          checkPlaces(seen, what);
        });
      }
    });
  }

  test('tokens that are refreshed', OPTIONS, async () => {
    await withDemo(['--lifetime', '1'], async (demo) => {
      const server = makeServer(demo.url, { authorization: createOAuth({ allowLoopback: true, signIn: signIn() }) });
      await server.connect();
      await until(async () => {
        await server.callTool('add', { a: 1, b: 2 });
        return (await demo.seen()).some(({ body }) => body.includes('grant_type=refresh_token'));
      }, 'the tokens were refreshed', 20_000);
      await use('tokens that were refreshed', server, undefined);
      const seen = await demo.seen();
      harvest(seen, 'that were refreshed');
      checkPlaces(seen, 'tokens that were refreshed');
    });
  });

  test('a sign-in that is finished by another handle, with an answer that was changed first', OPTIONS, async () => {
    await withDemo(['--client', `web:${web}`], async (demo) => {
      const tokenStore = new InMemoryTokenStore();
      const make = (): OAuth => createOAuth({ allowLoopback: true, tokenStore, redirectUrl: 'http://127.0.0.1:9/callback', client: { id: 'web', secret: web, issuer: demo.issuer }, user: 'ada' });
      const [first, second] = [make(), make()];
      const [one, other] = [makeServer(demo.url, { authorization: first }), makeServer(demo.url, { authorization: second })];
      const refused = await one.connect().then(() => undefined, (error: unknown) => error);
      showError('a sign-in that waits', refused);
      assert.ok(isMCPError(refused));
      const back = canary('callback of a web application', await visitPage(String(refused.details['authorizationUrl'])));
      const wrong = [`${back}&code=${canary('code that was put in')}`, back.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example'), back.replace(/state=[^&]+/, `state=${canary('state of somebody else')}`)];
      for (const url of wrong.slice(2)) showError('a wrong answer', await second.finish(url).then(() => undefined, (error: unknown) => error));
      await second.finish(back);
      showError('an answer that comes again', await second.finish(back).then(() => undefined, (error: unknown) => error));
      for (const url of wrong.slice(0, 2)) showError('a wrong answer', await second.finish(url).then(() => undefined, (error: unknown) => error));
      await use('a sign-in that was finished', other, undefined);
      showObject('the store of a web application', tokenStore);
      await one.cleanup();
      const seen = await demo.seen();
      harvest(seen, 'of a web application');
      checkPlaces(seen, 'a web application');
    });
  });

  test('a no, and a receiver that is shown what is not for it', OPTIONS, async () => {
    await withDemo(['--deny', '--echo'], async (demo) => {
      await use('a no', makeServer(demo.url, { authorization: createOAuth({ allowLoopback: true, signIn: signIn() }) }), 'ERR_MCP_AUTH_DENIED');
      harvest(await demo.seen(), 'that were not given');
    });
    const receiver = await receiveRedirect({ isExpected: () => false });
    const answer = await fetch(`${receiver.redirectUrl}?state=x&code=${canary('code at a wrong moment')}`);
    show('the page of the receiver', await answer.text());
    showObject('the receiver', receiver);
    await receiver.close();
  });
});

describe('secrets that the host gives', () => {
  const rows: readonly (readonly [string, () => Partial<StreamableHTTPMCPServerOptions>])[] = [
    ['a token', () => ({ authorization: bearerToken(canary('token of the host')) })],
    ['a token that is a Secret', () => ({ authorization: bearerToken(new Secret(canary('Secret of the host'))) })],
    ['a token of a function', () => ({ authorization: bearerToken(async () => canary('token of a function')) })],
    ['a header', () => ({ headers: { Authorization: `Basic ${canary('header of the host')}` } })],
    ['a header of a function', () => ({ headers: async () => ({ Authorization: `Bearer ${canary('header of a function')}` }) })],
    ['a token with a line end', () => ({ authorization: bearerToken(() => canary('token that no header holds', `canary-line-\r\n-${randomUUID()}`)) })],
    ['a header with a line end', () => ({ headers: async () => ({ 'X-Key': canary('value that no header holds', `canary-value-\u0000-${randomUUID()}`) }) })],
  ];
  for (const [what, make] of rows) {
    test(what, OPTIONS, async () => {
      await withDemo(['--refuse'], async (demo) => {
        const server = makeServer(demo.url, make());
        const error = await server.connect().then(() => undefined, (reason: unknown) => reason);
        assert.ok(error instanceof Error);
        showError(what, error);
        showObject(`${what}, the handle`, server);
        await server.cleanup();
      });
    });
  }

  test('options that are refused, with the secret in the wrong place', () => {
    const make: readonly (() => unknown)[] = [
      () => bearerToken(canary('token that is none', `canary none ${randomUUID()}`)),
      () => bearerToken({ token: canary('token in an object') } as never),
      () => createOAuth({ client: { id: 'x', secret: { text: canary('secret in an object') } as never } }),
      () => createOAuth({ grant: { type: 'jwt_bearer', assertion: [canary('assertion in an array')] as never } }),
      () => createOAuth({ client: { id: 'x', clientSecret: canary('secret under a wrong name') } as never }),
      () => new StreamableHTTPMCPServer({ serverName: 'x', serverUrl: `https://user:${canary('password in a URL')}@mcp.example/` }),
    ];
    for (const wrong of make) {
      assert.throws(wrong, (error) => (showError('options', error), error instanceof TypeError));
    }
  });

  test('a key that is none', OPTIONS, async () => {
    await withDemo(['--client', 'robot:x'], async (demo) => {
      const key = `-----BEGIN PRIVATE KEY-----\n${canary('key that is none', randomUUID().replaceAll('-', '').repeat(3))}\n-----END PRIVATE KEY-----\n`;
      for (const privateKey of [key, { ...jwkText, d: canary('member that is none') }]) {
        const oauth = createOAuth({ allowLoopback: true, grant: { type: 'client_credentials' }, client: { id: 'robot', privateKey: privateKey as string, algorithm: 'ES256', issuer: demo.issuer } });
        const server = makeServer(demo.url, { authorization: oauth });
        const error = await server.connect().then(() => undefined, (reason: unknown) => reason);
        assert.ok(error instanceof Error);
        showError('a key that is none', error);
        await server.cleanup();
      }
    });
  });

  test('a key in the query of the server’s URL, and the password of a proxy', OPTIONS, async () => {
    const query = canary('key in a URL');
    await use('a server that is not there', makeServer(`http://127.0.0.1:9/mcp?key=${query}`, {}), 'ERR_MCP_NETWORK');
    await use('a server that is not there, with OAuth', makeServer(`http://127.0.0.1:9/mcp?key=${query}`, { authorization: createOAuth({ allowLoopback: true }) }), 'ERR_MCP_NETWORK');
    const password = canary('password of a proxy');
    canary('password of a proxy as base64', Buffer.from(`user:${password}`).toString('base64'));
    const proxied = createNodeFetch({ proxy: `http://user:${password}@127.0.0.1:9` });
    await use('a proxy that is not there', makeServer('http://mcp.example/mcp', { fetch: proxied }), 'ERR_MCP_NETWORK');
    showObject('a fetch with a proxy', proxied);
    await proxied.close();
  });
});

describe('others', () => {
  test('one authorization for two servers: neither is sent anything of the other', OPTIONS, async () => {
    await withDemo([], async (one) => {
      await withDemo([], async (two) => {
        const oauth: Authorization = createOAuth({ allowLoopback: true, signIn: signIn() });
        for (const demo of [one, two]) await use('two servers', makeServer(demo.url, { authorization: oauth }), undefined);
        const [ofOne, ofTwo] = [await one.seen(), await two.seen()];
        const prefix = (seen: readonly SeenRequest[]) => /canary-\w{8}(?=-client)/.exec(JSON.stringify(seen))?.[0] ?? 'nothing';
        assert.notEqual(prefix(ofOne), prefix(ofTwo));
        assert.ok(!JSON.stringify(ofOne).includes(prefix(ofTwo)) && !JSON.stringify(ofTwo).includes(prefix(ofOne)));
      });
    });
  });

  test('a server that redirects: nobody else gets the token, the headers, or anything else', OPTIONS, async () => {
    const elsewhere = await HTTPPeer.listen({});
    const peer = await HTTPPeer.listen({ '*': (exchange) => exchange.respond(307, { Location: elsewhere.url }) });
    const server = makeServer(peer.url, { authorization: bearerToken(canary('token at a redirect')), headers: { 'X-API-Key': canary('API key at a redirect') } });
    const error = await server.connect().then(() => undefined, (reason: unknown) => reason);
    showError('a redirect', error);
    await server.cleanup();
    assert.equal(elsewhere.requests.length, 0);
    await Promise.all([peer.close(), elsewhere.close()]);
  });

  test('the identity provider and the authorization server: each is sent what is for it', OPTIONS, async () => {
    const { seen } = await provider;
    const atProvider = JSON.stringify(await seen());
    assert.ok([...(secrets.get('ID token') ?? [])].some((token) => atProvider.includes(token)));
    for (const kind of ['client secret machine', 'API key', 'cookie']) for (const text of secrets.get(kind) ?? []) assert.ok(!atProvider.includes(text), kind);
  });

  test('a child: no variable of this process that is a secret', { ...OPTIONS, skip: process.platform === 'linux' ? false : 'reads /proc' }, async () => {
    const names = ['OAUTH_CLIENT_SECRET', 'MCP_TOKEN', 'HTTPS_PROXY', 'BAREWIRE_REDIS_URL'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = `http://user:${canary(`variable ${name}`)}@proxy.invalid`;
    const server = new StdioMCPServer({ serverName: 'child', command: fixtureCommand('demo-server'), logger, logLevel: 'DEBUG' });
    try {
      await server.connect();
      show('the environment of a child', readFileSync(`/proc/${server.processId}/environ`, 'latin1'));
      showObject('a handle over stdio', server);
    } finally {
      await server.cleanup();
      names.forEach((name, index) => (before[index] === undefined ? delete process.env[name] : (process.env[name] = before[index])));
    }
  });

  test('Redis: a session that is sealed, whose tokens are in memory; every key and value of it', { ...OPTIONS, skip: skipWithoutRedis }, async () => {
    const password = canary('password of Redis');
    const secret = canary('key for sealing', Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64'));
    const redis = await startRedis({ password, args: ['--rdbcompression', 'no'] });
    const manager = new RedisSessionManager({ redisUrl: redis.url, logger, sealingKeys: [secret] });
    try {
      await withDemo(['--legacy'], async (demo) => {
        const oauth = createOAuth({ allowLoopback: true, signIn: signIn(), user: 'ada' });
        const server = makeServer(demo.url, { authorization: oauth, sessionManager: manager, headers: { 'X-API-Key': canary('API key of a session') } });
        await server.connect();
        showObject('a manager of sessions', manager);
        showObject('a handle with a session in Redis', server);
        const raw = await RawRedis.connect(redis.port);
        await raw.send(['AUTH', password]);
        const keys = (await redis.cli('--scan')).split('\n').filter((key) => key !== '');
        assert.ok(keys.length > 0);
        for (const key of keys) show('Redis', `${key} ${String(await raw.send(['DUMP', key]))} ${await redis.cli('DUMP', key)}`);
        raw.close();
        await server.cleanup();
        harvest(await demo.seen(), 'of a session in Redis');
      });
    } finally {
      await manager.close();
      await redis.stop();
    }
    const lost = new RedisSessionManager({ redisUrl: redis.url, logger });
    showError('a Redis that is gone', await lost.getSession('k').then(() => undefined, (error: unknown) => error));
    showObject('a manager of a Redis that is gone', lost);
    await lost.close();
  });
});

describe('all of it', () => {
  const forms = (text: string): string[] => [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -2), Buffer.from(text).toString('hex')];

  test('there are forty kinds of secrets and more, and each was there', () => {
    assert.ok(secrets.size >= 40, `${secrets.size}: ${[...secrets.keys()].join(', ')}`);
    for (const kind of ['state', 'verifier', 'authorization code', 'refresh token', 'registered client secret', 'client assertion', 'proof for the resource server', 'proof for the authorization server', 'client credentials as base64', 'session id']) {
      if (kind !== 'registered client secret') assert.ok((secrets.get(kind)?.size ?? 0) > 0, kind);
    }
  });

  test('none of them is shown anywhere', () => {
    assert.ok(shown.length > 500, `${shown.length} texts`);
    const leaks = new Set<string>();
    const texts = shown.map(({ where, text }) => ({ where, text: [...pages].reduce((rest, page) => rest.replaceAll(page, '(the page)'), text) }));
    for (const [kind, all] of secrets) {
      for (const secret of all) {
        const found = forms(secret);
        for (const { where, text } of texts) if (found.some((form) => text.includes(form))) leaks.add(`${kind} in ${where}`);
      }
    }
    assert.deepEqual([...leaks], []);
  });

  test('the search can fail', () => {
    const text = canary('one that is shown');
    assert.ok(forms(text).some((form) => `x ${Buffer.from(text).toString('base64')}`.includes(form)));
    assert.ok(inspect({ text }).includes(text));
    secrets.delete('one that is shown');
  });
});
