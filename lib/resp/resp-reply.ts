/** What Redis answers, as a program sees it. Source: the Redis serialization protocol specification, RESP2 and RESP3. */

import type { RESPError } from './resp-error.ts';

/**
 * One reply.
 *
 * | on the wire | here |
 * |---|---|
 * | simple string `+` | string |
 * | bulk string `$`, also streamed; verbatim string `=`, without its `txt:` | string, or Uint8Array where bytes are asked for |
 * | integer `:` | number, or bigint where a number would not be exact |
 * | double `,` | number, with `inf`, `-inf` and `nan` |
 * | big number `(` | bigint |
 * | boolean `#` | boolean |
 * | null `_`, `$-1`, `*-1` | null |
 * | error `-`, bulk error `!` | {@link RESPError}, a value like any other |
 * | array `*`, map `%`, set `~`, also streamed | array, Map, Set |
 *
 * Of two equal keys of a map the later one stands, and equal members of a set are one, as Map and Set have it: strings and numbers by value,
 * bytes and aggregates never. An attribute `|` is left out; a push `>` is no reply.
 */
export type RESPReply = string | number | bigint | boolean | null | Uint8Array | RESPError | RESPReply[] | Map<RESPReply, RESPReply> | Set<RESPReply>;
