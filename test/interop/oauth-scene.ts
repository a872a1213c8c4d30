/** One user, one authorization server and one guarded MCP server, for the length of a test. */
import assert from 'node:assert/strict';
import { InMemoryTokenStore, StreamableHTTPMCPServer, createOAuth } from '../../lib/index.ts';
import type { Authorization, MCPError, OAuthOptions, SignInRequest, StreamableHTTPMCPServerOptions } from '../../lib/index.ts';
import { startAuthorizationServer } from './authorization-server.ts';
import type { AuthorizationServer, AuthorizationServerOptions } from './authorization-server.ts';
import { listenGuarded } from './bearer-guard.ts';
import type { GuardOptions, GuardedServer } from './bearer-guard.ts';
import { Browser } from './browser.ts';
import { bothEras } from './official-servers.ts';
import type { Handler } from './official-servers.ts';

/** Where the browser of the user comes back to; nobody listens there. */
export const REDIRECT_URL = 'http://127.0.0.1:49152/callback';

/** How the two servers of a scene are. */
export interface SceneOptions {
  readonly handler?: Handler;
  readonly guard?: GuardOptions;
  readonly authorizationServer?: AuthorizationServerOptions;
}

/** What a handle is made with, beside what all have. */
export type HostOptions = Partial<StreamableHTTPMCPServerOptions>;

/** What a test plays in. */
export class Scene {
  readonly authorizationServer: AuthorizationServer;
  readonly guarded: GuardedServer;
  readonly browser: Browser = new Browser();
  /** What the user was shown, in order. */
  readonly shown: SignInRequest[] = [];
  readonly #servers: StreamableHTTPMCPServer[] = [];

  /** Use {@link withScene}. */
  constructor(authorizationServer: AuthorizationServer, guarded: GuardedServer) {
    this.authorizationServer = authorizationServer;
    this.guarded = guarded;
  }

  /** A user who signs in with the browser and allows everything. */
  readonly signedIn: OAuthOptions = {
    redirectUrl: REDIRECT_URL,
    signIn: (request) => {
      this.shown.push(request);
      return this.browser.visit(request.url);
    },
  };

  /** A handle on the guarded server; it ends with the scene. */
  handle(authorization: Authorization, options: HostOptions = {}): StreamableHTTPMCPServer {
    const server = new StreamableHTTPMCPServer({ serverName: 'notes', serverUrl: this.guarded.url, authorization, ...options });
    this.#servers.push(server);
    return server;
  }

  /** The same, connected, for the user of the browser, with tokens that are bound to no key unless asked for. */
  async connect(oauth: OAuthOptions = {}, options: HostOptions = {}): Promise<StreamableHTTPMCPServer> {
    const server = this.handle(createOAuth({ allowLoopback: true, tokenStore: new InMemoryTokenStore(), ...this.signedIn, ...oauth }), options);
    const faults: MCPError[] = [];
    server.on('fault', (fault) => faults.push(fault));
    await server.connect();
    assert.deepEqual(faults, []);
    return server;
  }

  /** Ends every handle. */
  async end(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.cleanup()));
  }
}

/** Starts both servers, runs `body`, and ends everything. */
export async function withScene(options: SceneOptions, body: (scene: Scene) => Promise<void>): Promise<void> {
  const { server, close } = await startAuthorizationServer(options.authorizationServer);
  const guarded = await listenGuarded(options.handler ?? bothEras(), server, options.guard);
  const scene = new Scene(server, guarded);
  try {
    await body(scene);
  } finally {
    await scene.end();
    await guarded.close();
    await close();
  }
}

/** That the tool of the guarded server works. */
export async function addsUp(server: StreamableHTTPMCPServer): Promise<void> {
  const { structuredContent } = await server.callTool('add', { a: 1.5, b: 2 });
  assert.deepEqual(structuredContent, { sum: 3.5 });
}
