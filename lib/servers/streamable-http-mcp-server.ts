import { ConnectedServer } from './connected-server.ts';
import { resolveHTTPOptions } from './http-options.ts';
import type { StreamableHTTPMCPServerOptions } from './http-options.ts';
import { HTTPRoad } from './http-road.ts';

/**
 * A server that is spoken to over HTTP: Streamable HTTP, or the HTTP+SSE of 2024-11-05 where there is nothing newer.
 *
 * Messages go to one endpoint; what the server sends by itself comes on a stream of its own. A session that the server has lost is made anew, once for all requests that
 * met it, and requests that only read are sent again. `cleanup()` ends the session that this handle made.
 */
export class StreamableHTTPMCPServer extends ConnectedServer {
  readonly #road: HTTPRoad;

  /** @throws TypeError or RangeError, naming the option, what was expected and what came. */
  constructor(options: StreamableHTTPMCPServerOptions) {
    const resolved = resolveHTTPOptions(options);
    const road = new HTTPRoad(resolved);
    super(resolved, road);
    this.#road = road;
  }

  /** The session that the server named, where it has sessions. Who knows it can speak as this client: keep it from logs. */
  get sessionId(): string | undefined {
    return this.#road.sessionId;
  }
}
