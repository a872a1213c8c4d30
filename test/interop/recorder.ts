/** A `fetch` that remembers what went through it, and can be told to break a response in the middle. */
import type { StreamableHTTPMCPServerOptions } from '../../lib/index.ts';

/** The contract of the option `fetch`. */
export type Fetch = NonNullable<StreamableHTTPMCPServerOptions['fetch']>;
type FetchResponse = Awaited<ReturnType<Fetch>>;
type BodyReader = ReturnType<NonNullable<FetchResponse['body']>['getReader']>;

/** One request, and the status of what came back. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON of the body; undefined when it had none. */
  readonly message: Readonly<Record<string, unknown>> | undefined;
  /** Undefined until the headers of a response are there. */
  status: number | undefined;
}

/** What a recorder asks about an exchange that was just answered: the point in its body where it breaks; undefined leaves it whole. */
export type Breaker = (exchange: Exchange) => ((textSoFar: string) => boolean) | undefined;

/** Records every exchange of one handle. */
export class Recorder {
  /** In the order in which they were asked for. */
  readonly exchanges: Exchange[] = [];
  /** What a request waits for before it goes out, such as until a test is ready for it. */
  gate: (exchange: Exchange) => Promise<void> = () => Promise.resolve();
  /** Which bodies break; none by default. */
  breaker: Breaker = () => undefined;
  readonly #inner: Fetch;

  constructor(inner: Fetch = (url, init) => globalThis.fetch(url, init)) {
    this.#inner = inner;
  }

  readonly fetch: Fetch = async (url, init) => {
    const headers = Object.fromEntries(Object.entries(init.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const message = init.body === undefined ? undefined : (JSON.parse(init.body) as Record<string, unknown>);
    const exchange: Exchange = { method: init.method, url, headers, message, status: undefined };
    this.exchanges.push(exchange);
    await this.gate(exchange);
    const response = await this.#inner(url, init);
    exchange.status = response.status;
    const breaksAt = this.breaker(exchange);
    return breaksAt === undefined ? response : broken(response, breaksAt);
  };

  /** The exchanges that carried the JSON-RPC method `method`. */
  calls(method: string): Exchange[] {
    return this.exchanges.filter(({ message }) => message?.['method'] === method);
  }

  /** The exchanges with the HTTP method `method`. */
  of(method: string): Exchange[] {
    return this.exchanges.filter((exchange) => exchange.method === method);
  }
}

/** The response with a body that fails, as a lost connection does, once `breaksAt` is true of the text that was read so far. */
function broken(response: FetchResponse, breaksAt: (textSoFar: string) => boolean): FetchResponse {
  const { status, headers, body } = response;
  if (body === null) return response;
  const wrapped = (): BodyReader => {
    const reader = response.reader?.() ?? body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    return {
      read: async () => {
        if (breaksAt(text)) {
          await reader.cancel();
          throw new TypeError('terminated');
        }
        const chunk = await reader.read();
        text += decoder.decode(chunk.value, { stream: true });
        return chunk;
      },
      cancel: (reason) => reader.cancel(reason),
    };
  };
  return { status, headers, body: { getReader: wrapped, cancel: (reason) => body.cancel(reason) } };
}
