import type { FrameSink, OutboundFrame, Transport } from './transport.ts';
import { PLAIN_ARRIVAL } from './transport.ts';
import { ConnectionError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';

/** The far end of a {@link MemoryTransport}: a server in this process. */
export interface MemoryPeer {
  /** Hears every frame that the client sends, in order, each in a turn of its own. */
  receive(text: string, reply: (text: string) => void): void;
}

/** A road to a server in the same process: no bytes, no sockets, the same order of things. */
export class MemoryTransport implements Transport {
  readonly channel = 'shared' as const;
  readonly #peer: MemoryPeer;
  #sink: FrameSink | undefined;

  constructor(peer: MemoryPeer) {
    this.#peer = peer;
  }

  open(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#sink = sink;
    return Promise.resolve();
  }

  send(frame: OutboundFrame): undefined {
    if (this.#sink === undefined) throw new ConnectionError('ERR_MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'unsent' });
    queueMicrotask(() => this.#peer.receive(frame.text, (text) => this.deliver(text)));
    return undefined;
  }

  /** Delivers one frame of the peer, asked for or not, in a turn of its own. */
  deliver(text: string): void {
    queueMicrotask(() => this.#sink?.deliver(text, PLAIN_ARRIVAL));
  }

  /** The peer goes away. */
  end(cause?: MCPError): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.ended(cause);
  }

  close(): Promise<void> {
    this.end();
    return Promise.resolve();
  }
}
