/** What tells one definition of a tool from another, so that a change of it does not go by unseen. */

import { canonicalJSON } from '../base/canonical-json.ts';
import { isObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import type { Tool } from '../protocol/types/tools.ts';

/**
 * The SHA-256 of a tool's whole definition, as 64 hexadecimal digits: of the UTF-8 of its canonical form (RFC 8785), every member included, known
 * or not. The order of members does not matter; any other difference does. A host that had a person agree to a tool keeps the digest and asks again when it
 * is another one.
 *
 * @throws TypeError for what is no object.
 */
export async function toolDigest(tool: Tool): Promise<string> {
  if (!isObject(tool)) throw new TypeError(`tool must be an object; got ${describe(tool)}`);
  return definitionDigest(tool);
}

/** As {@link toolDigest}, of anything that a server defines. */
export async function definitionDigest(definition: unknown): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJSON(definition)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
