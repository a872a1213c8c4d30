/** A resource server and its authorization server, and a second one of these, on the loopback: they do what a script says, note who was sent what, and know which secrets may be sent to whom. */

import assert from 'node:assert/strict';
import { HTTPPeer } from './http-server.ts';
import type { PeerExchange } from './http-server.ts';
import { Turns, patched } from './oauth-script.ts';
import type { PairScript, Party, ResourceScript, ScriptedAnswer } from './oauth-script.ts';
import { ScriptedAuthorizationServer, play } from './oauth-scripted-server.ts';
import type { RawRequest } from './raw-http.ts';

const PRM_PATH = '/.well-known/oauth-protected-resource/mcp';

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
