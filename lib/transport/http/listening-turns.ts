/** Whose turn it is to listen, where several handles share one session: a message of the server comes on one stream only. */

/** A turn to listen. */
export interface ListeningTurn {
  /** Somebody else listened before, and heard what this handle did not. */
  readonly isTakenOver: boolean;
  /** Fires when the turn is over: somebody else listens. */
  readonly signal: AbortSignal;
  /** Somebody else may listen. Never rejects. */
  release(): Promise<void>;
}

/** Gives turns. */
export interface ListeningTurns {
  /** Waits for this handle's turn, without keeping the process alive. Rejects with the signal's reason, and with nothing else. */
  take(signal: AbortSignal): Promise<ListeningTurn>;
}
