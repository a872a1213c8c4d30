/** Something that one worker at a time does for all, for as long as it is alive. */

/** How long a lease lasts by itself. */
export interface LeaseOptions {
  /** Milliseconds after which it is free again when its holder does not renew it. Default: 15 000. */
  readonly leaseMs?: number | undefined;
}

/** What who holds a lease has of it. It is renewed by itself, and lets the process end. */
export interface Lease {
  /** Fires when the lease is lost: somebody else may have it now. */
  readonly signal: AbortSignal;
  /** Higher than that of every earlier holder: whoever sees a lower one after a higher one knows that it is late. */
  readonly fence: number;
  /** Lets go; somebody else may have it at once. Releasing twice is fine, and so is releasing what is lost. Never rejects. */
  release(): Promise<void>;
}

/** Long enough for a pause of a busy process, short enough that nobody misses a worker that is gone. */
export const DEFAULT_LEASE_MS: number = 15_000;
