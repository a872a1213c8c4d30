import { HTTP_ROWS } from './http-rows.ts';
import { HTTP_PEERS, STDIO_PEERS } from './peers.ts';
import type { Peer } from './peers.ts';
import { STDIO_ROWS } from './rows.ts';
import type { Row } from './rows.ts';

/** What one `npm run bench -- <name>` measures. */
export interface Suite {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly peers: readonly Peer[];
}

/** Every suite that measures clients. */
export const SUITES: readonly Suite[] = [
  { name: 'stdio', rows: STDIO_ROWS, peers: STDIO_PEERS },
  { name: 'http', rows: HTTP_ROWS, peers: HTTP_PEERS },
];
