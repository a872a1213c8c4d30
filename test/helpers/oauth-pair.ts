/** A resource server and its authorization server, and a second one of these, on the loopback: they do what a script says, note who was sent what, and know which secrets may be sent to whom. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { JSONObject } from '../../lib/index.ts';
import { HTTPPeer } from './http-server.ts';
import type { PeerExchange } from './http-server.ts';
import { Turns, patched } from './oauth-script.ts';
import type { AuthorizationScript, PairScript, Party, ResourceScript, ScriptedAnswer } from './oauth-script.ts';
import { RawHTTPServer } from './raw-http.ts';
import type { RawExchange, RawRequest } from './raw-http.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const PRM_PATH = '/.well-known/oauth-protected-resource/mcp';

/** What a code was given for. */
interface CodeGrant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly clientId: string;
}

/** See the head of this file. */
export class OAuthPair {
  /** `<party> <method> <path>` of every request but those to the endpoint of the MCP server, in order. */
  readonly log: string[] = [];
  /** Secrets, and the parties that may see them. */
  readonly secrets: Map<string, readonly Party[]> = new Map();
  /** Access tokens that are good. */
  readonly tokens: Set<string> = new Set();
  /** How many requests came to the endpoint with a token, by the token. */
  readonly shown: Map<string, number> = new Map();
  script: PairScript;
  readonly resource: ScriptedResource;
  readonly servers: Readonly<Record<'as' | 'other', ScriptedAuthorizationServer>>;

  private constructor(script: PairScript, resource: ScriptedResource, servers: Readonly<Record<'as' | 'other', ScriptedAuthorizationServer>>) {
    this.script = script;
    this.resource = resource;
    this.servers = servers;
  }

  static async listen(script: PairScript): Promise<OAuthPair> {
    const parts: { pair?: OAuthPair } = {};
    const of = (): OAuthPair => parts.pair ?? assert.fail('The servers do not listen yet');
    const [as, other] = [await ScriptedAuthorizationServer.listen('as', of), await ScriptedAuthorizationServer.listen('other', of)];
    const pair = new OAuthPair(script, await ScriptedResource.listen(of), { as, other });
    parts.pair = pair;
    pair.change(script);
    return pair;
  }

  /** Goes on by another script: what it does not say stays. */
  change(script: PairScript): void {
    this.script = { ...this.script, ...script };
    if (script.resource !== undefined) this.resource.begin(script.resource);
    if (script.server !== undefined) this.servers.as.begin(script.server);
    if (script.other !== undefined) this.servers.other.begin(script.other);
  }

  /** How often the log has `entry`. */
  count(entry: string): number {
    return this.log.filter((line) => line === entry).length;
  }

  /** `value` with the origins in place of their names. */
  filled<T>(value: T): T {
    const origins: Readonly<Record<string, string>> = { '{rs}': this.resource.origin, '{as}': this.servers.as.origin, '{other}': this.servers.other.origin };
    const text = JSON.stringify(value);
    return text === undefined ? value : (JSON.parse(text.replace(/\{(?:rs|as|other)\}/g, (name) => origins[name] ?? name)) as T);
  }

  /** Fails where somebody was sent a secret that is not for them, or anybody one in a URL. */
  assertNothingLeaked(): void {
    const sent: readonly (readonly [Party, readonly RawRequest[]])[] = [['rs', this.resource.requests], ['as', this.servers.as.requests], ['other', this.servers.other.requests]];
    for (const [party, requests] of sent) {
      for (const request of requests) {
        const [path, all] = [decoded(request.path), `${request.head} ${decoded(request.body)} ${basicOf(request)}`];
        for (const [secret, parties] of this.secrets) {
          assert.ok(!path.includes(secret), `${secret} was in a URL: ${party} ${path}`);
          assert.ok(parties.includes(party) || !all.includes(secret), `${secret} was sent to ${party}: ${request.method} ${request.path}`);
        }
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.resource.close(), this.servers.as.close(), this.servers.other.close()]);
  }
}

/** The MCP server: lets in who has a token that is good. */
export class ScriptedResource {
  /** What messages with these tokens are answered, for ever. */
  readonly answersTo: Map<string, ScriptedAnswer> = new Map();
  readonly #of: () => OAuthPair;
  readonly #peer: HTTPPeer;
  #script: ResourceScript = {};
  #answers = new Turns();
  #toTokens = new Turns();

  private constructor(of: () => OAuthPair, peer: HTTPPeer) {
    this.#of = of;
    this.#peer = peer;
  }

  static async listen(of: () => OAuthPair): Promise<ScriptedResource> {
    const parts: { resource?: ScriptedResource } = {};
    const peer = await HTTPPeer.listen({ '*': (exchange) => parts.resource?.answer(exchange) });
    const resource = new ScriptedResource(of, peer);
    parts.resource = resource;
    return resource;
  }

  get origin(): string {
    return this.#peer.origin;
  }

  get url(): string {
    return this.#peer.url;
  }

  get requests(): readonly RawRequest[] {
    return this.#peer.requests;
  }

  /** How often a message was posted. */
  calls(method: string): number {
    return this.#peer.sent(method).length;
  }

  begin(script: ResourceScript): void {
    this.#script = script;
    this.#answers = new Turns(script.answers);
    this.#toTokens = new Turns(script.toTokens);
  }

  async answer(exchange: PeerExchange): Promise<unknown> {
    const pair = this.#of();
    const { path, method, headers } = exchange.request;
    if (path !== this.#peer.path) {
      pair.log.push(`rs ${method} ${path}`);
      return play(exchange.raw, pair, this.#documents()[path] ?? { status: 404 });
    }
    const token = /^(?:Bearer|DPoP) (.*)$/.exec(headers['authorization'] ?? '')?.[1];
    if (token !== undefined) pair.shown.set(token, (pair.shown.get(token) ?? 0) + 1);
    const isGood = token !== undefined && pair.tokens.has(token);
    const scripted = this.#answers.next() ?? this.answersTo.get(token ?? '') ?? (isGood ? this.#toTokens.next() : undefined);
    if (scripted !== undefined) return play(exchange.raw, pair, scripted);
    if (isGood) return 'pass';
    const { challenge = `Bearer resource_metadata="{rs}${PRM_PATH}"` } = this.#script;
    return play(exchange.raw, pair, { status: 401, headers: challenge === null ? {} : { 'WWW-Authenticate': challenge } });
  }

  close(): Promise<void> {
    return this.#peer.close();
  }

  #documents(): Readonly<Record<string, ScriptedAnswer>> {
    const metadata = patched({ resource: '{rs}/mcp', authorization_servers: ['{as}'] }, this.#script.metadata);
    return { [PRM_PATH]: { json: metadata }, ...this.#script.documents };
  }
}

/** An authorization server: whoever visits it is signed in at once. */
export class ScriptedAuthorizationServer {
  readonly party: 'as' | 'other';
  readonly #of: () => OAuthPair;
  readonly #server: RawHTTPServer;
  readonly #codes = new Map<string, CodeGrant>();
  #script: AuthorizationScript = {};
  #token = new Turns();
  #register = new Turns();
  #issued = 0;

  private constructor(party: 'as' | 'other', of: () => OAuthPair, server: RawHTTPServer) {
    this.party = party;
    this.#of = of;
    this.#server = server;
  }

  static async listen(party: 'as' | 'other', of: () => OAuthPair): Promise<ScriptedAuthorizationServer> {
    const parts: { self?: ScriptedAuthorizationServer } = {};
    const server = await RawHTTPServer.listen((exchange) => parts.self?.answer(exchange));
    const self = new ScriptedAuthorizationServer(party, of, server);
    parts.self = self;
    return self;
  }

  get origin(): string {
    return this.#server.origin;
  }

  get requests(): readonly RawRequest[] {
    return this.#server.requests;
  }

  /** The fields of the forms that came to the token endpoint, in order. */
  get forms(): readonly Readonly<Record<string, string>>[] {
    return this.requests.filter(({ path }) => path === '/token').map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
  }

  begin(script: AuthorizationScript): void {
    this.#script = script;
    this.#token = new Turns(script.token);
    this.#register = new Turns(script.register);
  }

  async answer(exchange: RawExchange): Promise<unknown> {
    const pair = this.#of();
    const { method, path } = exchange.request;
    const url = new URL(path, this.origin);
    pair.log.push(`${this.party} ${method} ${url.pathname}`);
    return play(exchange, pair, this.#answerTo(exchange.request, url));
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #answerTo({ method, body, headers }: RawRequest, url: URL): ScriptedAnswer {
    const { documents = {}, metadata } = this.#script;
    const document = documents[url.pathname];
    if (document !== undefined) return document;
    const place = `${method} ${url.pathname}`;
    if (place === 'GET /.well-known/oauth-authorization-server') return { json: patched(this.#metadata(), metadata) };
    if (place === 'GET /authorize') return this.#authorize(url.searchParams);
    if (place === 'POST /token') return this.#withIssue(this.#token.next(), () => this.#issue(new URLSearchParams(body), headers['dpop'] !== undefined));
    if (place === 'POST /register') return this.#withIssue(this.#register.next(), () => this.#registered(JSON.parse(body) as JSONObject));
    return { status: 404 };
  }

  #metadata(): JSONObject {
    const at = `{${this.party}}`;
    return {
      issuer: at,
      authorization_endpoint: `${at}/authorize`,
      token_endpoint: `${at}/token`,
      registration_endpoint: `${at}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  #authorize(asked: URLSearchParams): ScriptedAnswer {
    const code = this.#secret('code', [this.party]);
    const get = (name: string): string => asked.get(name) ?? '';
    this.#codes.set(code, { challenge: get('code_challenge'), redirectUri: get('redirect_uri'), resource: get('resource'), clientId: get('client_id') });
    const location = new URL(get('redirect_uri'));
    const parameters = patched({ code, state: get('state'), iss: this.#of().filled(`{${this.party}}`) }, this.#of().filled(this.#script.authorize));
    for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, String(value));
    return { status: 302, headers: { Location: location.href } };
  }

  #withIssue(scripted: ScriptedAnswer | undefined, issue: () => ScriptedAnswer): ScriptedAnswer {
    if (scripted !== undefined && scripted.issue === undefined) return scripted;
    const issued = issue();
    return scripted === undefined ? issued : { ...issued, ...scripted, json: patched(issued.json as JSONObject, scripted.issue) };
  }

  #issue(form: URLSearchParams, isBound: boolean): ScriptedAnswer {
    if (form.get('grant_type') === 'authorization_code') {
      const grant = this.#codes.get(form.get('code') ?? '');
      this.#codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
      const isGood = grant !== undefined && grant.challenge === challenge && grant.redirectUri === form.get('redirect_uri') && grant.resource === form.get('resource') && grant.clientId === (form.get('client_id') ?? grant.clientId);
      if (!isGood) return { status: 400, json: { error: 'invalid_grant' } };
    }
    const token = this.#secret('access', ['rs']);
    this.#of().tokens.add(token);
    return { json: { access_token: token, token_type: isBound ? 'DPoP' : 'Bearer', expires_in: 3_600, refresh_token: this.#secret('refresh', [this.party]) } };
  }

  #registered({ redirect_uris, token_endpoint_auth_method }: JSONObject): ScriptedAnswer {
    return { status: 201, json: { client_id: `${this.party}-client-${++this.#issued}`, redirect_uris, token_endpoint_auth_method } };
  }

  #secret(kind: string, parties: readonly Party[]): string {
    const secret = `${this.party}-${kind}-${++this.#issued}-canary`;
    this.#of().secrets.set(secret, parties);
    return secret;
  }
}

async function play(exchange: RawExchange, pair: OAuthPair, answer: ScriptedAnswer): Promise<void> {
  const { status = 200, headers = {}, json, body = '', repeat, hangs = false } = pair.filled(answer);
  if (hangs) return exchange.closed;
  const text = json === undefined ? body : JSON.stringify(json);
  const length = repeat === undefined ? Buffer.byteLength(text) : repeat.text.length * repeat.times;
  const lines = Object.entries({ ...(json === undefined ? {} : JSON_TYPE), ...headers, 'Content-Length': String(length) }).map(([name, value]) => `${name}: ${value}`);
  await exchange.write(Buffer.from([`HTTP/1.1 ${status} Whatever`, ...lines, '', text].join('\r\n')));
  if (repeat !== undefined) await exchange.play([{ repeat: repeat.text, times: repeat.times }]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function basicOf({ headers }: RawRequest): string {
  const [, credentials = ''] = /^Basic (.*)$/.exec(headers['authorization'] ?? '') ?? [];
  return decoded(Buffer.from(credentials, 'base64').toString());
}
