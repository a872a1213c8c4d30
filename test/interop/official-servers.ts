/** Servers of ours on the official library, wired in a few lines each, over `node:http` in this process. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebStandardStreamableHTTPServerTransport, createMcpHandler } from '@modelcontextprotocol/server';
import type { CreateMcpHandlerOptions, EventStore, McpHttpHandler } from '@modelcontextprotocol/server';
import { makeServer, newSharedState } from './official-offer.ts';

/** A web-standard handler, as the official library makes them. */
export type Handler = (request: Request) => Promise<Response>;

/** An endpoint with an instance for each request. */
export function perRequest(options: CreateMcpHandlerOptions): McpHttpHandler {
  const state = newSharedState();
  const handler = createMcpHandler(({ era }) => makeServer(state, era), options);
  state.notify = handler.notify;
  return handler;
}

/** Both eras at one endpoint; the legacy one without sessions. */
export const bothEras = (): Handler => perRequest({}).fetch;

/** The modern era only: whatever begins with `initialize` is refused. */
export const modernOnly = (): Handler => perRequest({ legacy: 'reject' }).fetch;

/** The legacy era with sessions, a stream for each request, and events that can be resumed. */
export function withSessions(retryInterval: number, sessions: Map<string, WebStandardStreamableHTTPServerTransport> = new Map()): Handler {
  return async (request) => {
    const id = request.headers.get('mcp-session-id');
    if (id !== null) return (await sessions.get(id)?.handleRequest(request)) ?? new Response('no such session', { status: 404 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      retryInterval,
      eventStore: new Events(),
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    });
    await makeServer().connect(transport);
    return await transport.handleRequest(request);
  };
}

/** Keeps every event of a session. */
class Events implements EventStore {
  readonly #events: { readonly stream: string; readonly message: Parameters<EventStore['storeEvent']>[1] }[] = [];

  storeEvent(stream: string, message: Parameters<EventStore['storeEvent']>[1]): Promise<string> {
    return Promise.resolve(`event-${this.#events.push({ stream, message }) - 1}`);
  }

  getStreamIdForEventId(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#events[this.#index(id)]?.stream);
  }

  async replayEventsAfter(id: string, { send }: Parameters<EventStore['replayEventsAfter']>[1]): Promise<string> {
    const { stream } = this.#events[this.#index(id)] ?? { stream: '' };
    for (let index = this.#index(id) + 1; index < this.#events.length; index += 1) {
      const event = this.#events[index];
      // A priming event has no message to send again.
      if (event?.stream === stream && 'jsonrpc' in event.message) await send(`event-${index}`, event.message);
    }
    return stream;
  }

  #index(id: string): number {
    return Number(id.slice('event-'.length));
  }
}

/** A handler that listens. */
export interface Listening {
  readonly port: number;
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Lets a handler listen on a free port of the loopback interface, at `/mcp`. */
export async function listen(handler: Handler): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    serve(handler, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', rawHeaders } = incoming;
  const gone = new AbortController();
  outgoing.on('close', () => gone.abort());
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = method === 'POST' ? Buffer.concat(chunks) : null;
  const request = new Request(new URL(url, 'http://127.0.0.1'), { method, headers, body, signal: gone.signal });
  const { status, headers: answered, body: stream } = await handler(request);
  outgoing.writeHead(status, Object.fromEntries(answered));
  outgoing.flushHeaders();
  const reader = stream?.getReader();
  outgoing.on('close', () => void reader?.cancel().catch(() => undefined));
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) outgoing.write(next.value);
  outgoing.end();
}
