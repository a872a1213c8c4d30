/** An MCP server of ours on the official library, which only lets in who has a token of the authorization server for it. */
import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from 'jose';
import { createHash } from 'node:crypto';
import type { AuthorizationServer, Introspected } from './authorization-server.ts';
import { listen } from './official-servers.ts';
import type { Handler } from './official-servers.ts';

/** What each request needs, and what the tool `write` needs beside it. */
export const READ = 'notes:read';
export const WRITE = 'notes:write';

/** A nonce that proofs have to hold, where the server wants one. */
const NONCE = 'a-nonce-of-the-resource';

/** How a server is guarded. */
export interface GuardOptions {
  /** How long tokens for it live, seconds. Default: 600. */
  readonly lifeS?: number;
  /** Whether a proof of possession has to hold a nonce of it. Default: no. */
  readonly wantsNonce?: boolean;
}

/** A guarded server that listens. */
export interface GuardedServer {
  readonly url: string;
  /** The values of `Authorization` that were let in, each once. */
  readonly letIn: ReadonlySet<string>;
  /** The status and the error of each request that was not let in. */
  readonly refused: readonly string[];
  readonly close: () => Promise<void>;
}

/** Lets a guarded server listen. */
export async function listenGuarded(handler: Handler, authorizationServer: AuthorizationServer, options: GuardOptions = {}): Promise<GuardedServer> {
  const guard = new Guard(authorizationServer, options);
  const listening = await listen(async (request) => (await guard.refusal(request.clone())) ?? handler(request));
  guard.url = listening.url;
  authorizationServer.serve(listening.url, { scope: `${READ} ${WRITE}`, lifeS: options.lifeS ?? 600 });
  return { url: listening.url, letIn: guard.letIn, refused: guard.refused, close: listening.close };
}

/** Looks at one request after another. */
class Guard {
  url = '';
  readonly letIn = new Set<string>();
  readonly refused: string[] = [];
  readonly #authorizationServer: AuthorizationServer;
  readonly #wantsNonce: boolean;
  readonly #proofs = new Set<unknown>();

  constructor(authorizationServer: AuthorizationServer, { wantsNonce = false }: GuardOptions) {
    this.#authorizationServer = authorizationServer;
    this.#wantsNonce = wantsNonce;
  }

  /** The answer to a request that is not for the server behind; `undefined` for one that is. */
  async refusal(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/.well-known/oauth-protected-resource')) return this.#metadata();
    if (pathname !== '/mcp') return new Response('Nothing is here', { status: 404 });
    const authorization = request.headers.get('authorization') ?? '';
    const [scheme = '', token] = authorization.split(' ');
    if (token === undefined) return this.#refuse(401, 'Bearer', { scope: READ });
    const known = await this.#authorizationServer.introspect(token);
    if (!known.active || known.aud !== this.url) return this.#refuse(401, scheme, { error: 'invalid_token' });
    const problem = await this.#problemOf(request, scheme, token, known);
    if (problem !== undefined) return this.#refuse(401, 'DPoP', { error: problem, algs: 'ES256' });
    const scope = known.scope?.split(' ') ?? [];
    const wanted = (await this.#isWrite(request)) ? WRITE : READ;
    if (!scope.includes(wanted)) return this.#refuse(403, scheme, { error: 'insufficient_scope', scope: wanted });
    this.letIn.add(authorization);
    return undefined;
  }

  #metadata(): Response {
    return Response.json({ resource: this.url, authorization_servers: [this.#authorizationServer.issuer], bearer_methods_supported: ['header'] });
  }

  #refuse(status: number, scheme: string, parameters: Readonly<Record<string, string>>): Response {
    this.refused.push([String(status), parameters['error'] ?? 'no token'].join(' '));
    const metadata = new URL('/.well-known/oauth-protected-resource/mcp', this.url).href;
    const list = Object.entries({ ...parameters, resource_metadata: metadata }).map(([name, value]) => `${name}="${value}"`);
    const headers = { 'www-authenticate': `${scheme} ${list.join(', ')}`, ...(parameters['error'] === 'use_dpop_nonce' ? { 'dpop-nonce': NONCE } : {}) };
    return new Response(null, { status, headers });
  }

  /** Why a token is of no use to who sent it, as a code of an error. Source: RFC 9449 sections 4.3, 7.1 and 9. */
  async #problemOf({ headers, method, url }: Request, scheme: string, token: string, { cnf }: Introspected): Promise<string | undefined> {
    if (cnf?.jkt === undefined) return scheme === 'Bearer' ? undefined : 'invalid_token';
    if (scheme !== 'DPoP') return 'invalid_token';
    try {
      const { payload, protectedHeader } = await jwtVerify(headers.get('dpop') ?? '', EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256'] });
      const { htm, htu, ath, jti, nonce } = payload;
      if (this.#wantsNonce && nonce !== NONCE) return 'use_dpop_nonce';
      const isBound = protectedHeader.jwk !== undefined && (await calculateJwkThumbprint(protectedHeader.jwk)) === cnf.jkt;
      const isRight = isBound && htm === method && htu === new URL(new URL(url).pathname, this.url).href && ath === createHash('sha256').update(token).digest('base64url');
      if (!isRight || this.#proofs.has(jti)) return 'invalid_dpop_proof';
      this.#proofs.add(jti);
      return undefined;
    } catch {
      return 'invalid_dpop_proof';
    }
  }

  async #isWrite(request: Request): Promise<boolean> {
    if (request.method !== 'POST') return false;
    const { method, params } = (await request.json()) as { readonly method?: string; readonly params?: { readonly name?: string } };
    return method === 'tools/call' && params?.name === 'write';
  }
}
