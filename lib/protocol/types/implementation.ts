/** Who a client or a server says it is. Source: `schema.ts`, Implementation; title since 2025-06-18, the rest since 2025-11-25. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly websiteUrl?: string;
  readonly icons?: readonly Icon[];
}

/** A picture for a person to see. Its `src` is the peer's word: https and data only are safe to show. */
export interface Icon {
  readonly src: string;
  readonly mimeType?: string;
  readonly sizes?: readonly string[];
  readonly theme?: string;
}
