/** The one door to `node:diagnostics_channel`. What of it is used is written out: declarations for hosts know nothing of Node. */

/** A channel that somebody may listen to. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
  /** Runs `action` with the stores that are bound to the channel, after publishing `context`. */
  runStores<T>(context: object, action: () => T): T;
}

/** What makes channels. */
export interface DiagnosticsModule {
  channel(name: string): DiagnosticsChannel;
}

/** The module, or `undefined` where the platform has no way to get it at once: nobody is told anything there. */
export function diagnosticsModule(): DiagnosticsModule | undefined {
  if (typeof process !== 'object' || typeof process.getBuiltinModule !== 'function') return undefined;
  return process.getBuiltinModule('node:diagnostics_channel') as unknown as DiagnosticsModule;
}
