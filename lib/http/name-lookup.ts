/** How names are looked up, in the shape that the platform has. */

/** An address that a name stands for. */
export interface NamedAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** What a lookup may be asked for. */
export interface NameLookupOptions {
  readonly all?: boolean | undefined;
  readonly family?: number | 'IPv4' | 'IPv6' | undefined;
  readonly hints?: number | undefined;
}

/** The signature of `lookup` in `node:dns`: a list of addresses where `all` is asked for, else one and its family. */
export type NameLookup = (
  hostname: string,
  options: NameLookupOptions,
  callback: (error: Error | null, address: string | NamedAddress[], family?: number) => void,
) => void;

/** Makes of a lookup one that lets fewer addresses through. */
export type LookupGuard = (lookup: NameLookup) => NameLookup;
