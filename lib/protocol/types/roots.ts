import type { WithMeta } from './metadata.ts';

/** A folder or file that a server may work in. Source: `schema.ts`, Root. */
export interface Root extends WithMeta {
  /** A `file://` URI. */
  readonly uri: string;
  /** For a person to read. */
  readonly name?: string;
}
