/** The state of a connection: one name, one table, one door. */

import { ConnectionError } from '../base/errors.ts';

/** The six states. */
export const ConnectionState = {
  DISCONNECTED: 'disconnected',
  CONNECTING: 'connecting',
  INITIALIZING: 'initializing',
  CONNECTED: 'connected',
  DISCONNECTING: 'disconnecting',
  FAILED: 'failed',
} as const;
Object.freeze(ConnectionState);

/** One of the six states. */
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** What can happen to a connection. */
export type ConnectionEvent = 'open' | 'opened' | 'agreed' | 'close' | 'ended' | 'lost';

/** State × event → next state. A pair that is not here cannot happen, and is refused. */
export const CONNECTION_TRANSITIONS: Readonly<Record<ConnectionState, Readonly<Partial<Record<ConnectionEvent, ConnectionState>>>>> =
  Object.freeze({
    disconnected: { open: 'connecting' },
    // The process is being spawned, or the first socket opened.
    connecting: { opened: 'initializing', close: 'disconnecting', lost: 'failed' },
    // The handshake.
    initializing: { agreed: 'connected', close: 'disconnecting', lost: 'failed' },
    connected: { close: 'disconnecting', lost: 'failed' },
    // Requests in flight are settled, the child leaves.
    disconnecting: { ended: 'disconnected', lost: 'disconnected' },
    failed: { open: 'connecting', close: 'disconnecting' },
  });

/** One change of state. */
export interface StateChange {
  readonly from: ConnectionState;
  readonly to: ConnectionState;
  /** Why, where there is a reason: the first one since the connection was last opened. */
  readonly cause: unknown;
}

/** Holds the state, and changes it by the table only. */
export class ConnectionStateMachine {
  #state: ConnectionState = ConnectionState.DISCONNECTED;
  #cause: unknown;

  get state(): ConnectionState {
    return this.#state;
  }

  /** Why the connection left, or is leaving, what it was doing; `undefined` while nothing went wrong. */
  get cause(): unknown {
    return this.#cause;
  }

  /**
   * Takes one event. The first cause since `open` is kept.
   *
   * @throws ConnectionError `ERR_MCP_STATE` for a pair that is not in the table; nothing changes then.
   */
  apply(event: ConnectionEvent, cause?: unknown): StateChange {
    const from = this.#state;
    const to = CONNECTION_TRANSITIONS[from][event];
    if (to === undefined) {
      throw new ConnectionError('ERR_MCP_STATE', `A connection that is ${from} cannot take the event "${event}"`, { details: { state: from, event } });
    }
    this.#cause = event === 'open' ? undefined : (this.#cause ?? cause);
    this.#state = to;
    return { from, to, cause: this.#cause };
  }
}
