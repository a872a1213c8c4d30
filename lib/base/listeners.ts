/** Takes a listener back; calling it twice does nothing. */
export type Unsubscribe = () => void;

/** What hears of a listener that threw or rejected: which, and with what. */
export type ListenerFault = (what: string, cause: unknown) => void;

/**
 * Listeners by event name. A listener that throws, or returns a promise that rejects, is reported to `onFault` and
 * harms neither the emitter nor the other listeners. Listeners are called in the order in which they came; one that
 * is added while an event is emitted does not hear that event.
 */
export class Listeners<Events extends object> {
  readonly #byEvent = new Map<keyof Events & string, ReadonlyArray<(payload: never) => unknown>>();
  readonly #onFault: ListenerFault;

  constructor(onFault: ListenerFault) {
    this.#onFault = onFault;
  }

  /** Adds a listener. The same function added twice is called twice. */
  on<Name extends keyof Events & string>(event: Name, listener: (payload: Events[Name]) => unknown): Unsubscribe {
    // A copy on every change, so that emitting needs none.
    const entry = (payload: Events[Name]) => listener(payload);
    this.#byEvent.set(event, [...(this.#byEvent.get(event) ?? []), entry]);
    return () => {
      const left = (this.#byEvent.get(event) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#byEvent.set(event, left);
      else this.#byEvent.delete(event);
    };
  }

  /** Whether anybody listens, so that a caller can leave out work nobody would see. */
  has(event: keyof Events & string): boolean {
    return this.#byEvent.has(event);
  }

  /** Calls every listener of `event`. */
  emit<Name extends keyof Events & string>(event: Name, payload: Events[Name]): void {
    const listeners = this.#byEvent.get(event);
    if (listeners === undefined) return;
    for (const listener of listeners) callSafely(listener, payload as never, this.#onFault, event);
  }

  /** Takes back every listener. */
  clear(): void {
    this.#byEvent.clear();
  }
}

/** Calls code of the host: what it throws, or rejects with later, goes to `onFault`, with `what` was called, and nowhere else. */
export function callSafely<P>(listener: (payload: P) => unknown, payload: P, onFault: ListenerFault, what: string): void {
  try {
    const outcome = listener(payload);
    if (outcome instanceof Promise) outcome.catch((cause: unknown) => onFault(what, cause));
  } catch (cause) {
    onFault(what, cause);
  }
}
