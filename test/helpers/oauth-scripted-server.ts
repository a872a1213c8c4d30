/** The authorization server of a scripted pair. */

import { createHash } from 'node:crypto';
import type { JSONObject } from '../../lib/index.ts';
import type { OAuthPair } from './oauth-pair.ts';
import { Turns, patched } from './oauth-script.ts';
import type { AuthorizationScript, Party, ScriptedAnswer } from './oauth-script.ts';
import { RawHTTPServer } from './raw-http.ts';
import type { RawExchange, RawRequest } from './raw-http.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** What a code was given for. */
interface CodeGrant {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly resource: string;
  readonly clientId: string;
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

/** Answers a request by a script. */
export async function play(exchange: RawExchange, pair: OAuthPair, answer: ScriptedAnswer): Promise<void> {
  const { status = 200, headers = {}, json, body = '', repeat, hangs = false } = pair.filled(answer);
  if (hangs) return exchange.closed;
  const text = json === undefined ? body : JSON.stringify(json);
  const length = repeat === undefined ? Buffer.byteLength(text) : repeat.text.length * repeat.times;
  const lines = Object.entries({ ...(json === undefined ? {} : JSON_TYPE), ...headers, 'Content-Length': String(length) }).map(([name, value]) => `${name}: ${value}`);
  await exchange.write(Buffer.from([`HTTP/1.1 ${status} Whatever`, ...lines, '', text].join('\r\n')));
  if (repeat !== undefined) await exchange.play([{ repeat: repeat.text, times: repeat.times }]);
}
