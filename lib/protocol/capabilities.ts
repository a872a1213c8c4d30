/** What each side declares that it can do. Source: `schema.ts` of each revision, ClientCapabilities and ServerCapabilities. */

import type { JSONObject } from '../base/json.ts';
import { METHODS } from './methods.ts';
import { REVISION_2024_11_05 } from './versions.ts';
import type { ProtocolVersion } from './versions.ts';

/** What a server offers; members that nobody knows are kept. */
export interface ServerCapabilities {
  readonly tools?: { readonly listChanged?: boolean };
  readonly resources?: { readonly listChanged?: boolean; readonly subscribe?: boolean };
  readonly prompts?: { readonly listChanged?: boolean };
  readonly completions?: JSONObject;
  readonly logging?: JSONObject;
  readonly tasks?: JSONObject;
  readonly experimental?: Readonly<Record<string, JSONObject>>;
  readonly [name: string]: unknown;
}

/** What this client offers to a server. */
export interface ClientCapabilities {
  readonly roots?: { readonly listChanged?: boolean };
  readonly sampling?: JSONObject;
  readonly elicitation?: JSONObject;
  readonly experimental?: Readonly<Record<string, JSONObject>>;
}

/** The capability that `method` needs and the server has not declared, or `undefined` when it may be sent. */
export function missingCapability(method: string, declared: ServerCapabilities, revision: ProtocolVersion): string | undefined {
  const needs = METHODS.get(method)?.needs;
  if (needs === undefined || Object.hasOwn(declared, needs)) return undefined;
  // The first revision has no such capability to declare.
  if (needs === 'completions' && revision === REVISION_2024_11_05) return undefined;
  return needs;
}
