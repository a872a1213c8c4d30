/** The port behind which results are shared with other handles. */

/** What is asked for, by whom. */
export interface ResultAddress {
  /** Who asks; `undefined` for what is everybody's. */
  readonly who: string | undefined;
  readonly method: string;
  /** The params, as a text. */
  readonly field: string;
}

/** A result that was found, checked to be one of its method. */
export interface SharedResult {
  readonly text: string;
  /** For how long it is fresh still, milliseconds. */
  readonly freshMs: number;
}

/** Results that several handles share. Nothing here rejects or throws: without its store a handle asks its server. */
export interface SharedResults {
  find(address: ResultAddress, signal: AbortSignal | undefined): Promise<SharedResult | undefined>;
  store(address: ResultAddress, text: string, freshMs: number): void;
  /** Forgets all results of these methods, of whoever was asked for here. */
  drop(methods: readonly string[]): void;
}
