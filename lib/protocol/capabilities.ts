/** What each side declares that it can do. Source: `schema.ts` of each revision, ClientCapabilities and ServerCapabilities. */

import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { METHODS, mayTravel } from './methods.ts';
import { REVISION_2024_11_05, REVISION_2025_11_25, isAtLeast, isModern } from './versions.ts';
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
  /** What the server declares of extensions, by their names; unchecked. */
  readonly extensions?: unknown;
  readonly [name: string]: unknown;
}

/** What this client offers to a server. */
export interface ClientCapabilities {
  readonly roots?: { readonly listChanged?: boolean };
  readonly sampling?: JSONObject;
  readonly elicitation?: JSONObject;
  readonly experimental?: Readonly<Record<string, JSONObject>>;
  /** What is declared of extensions, by their names. No revision knows all there is to declare: earlier ones bear this too. */
  readonly extensions?: Readonly<Record<string, JSONObject>>;
}

/** What a server is told when `revision` is proposed to it: what that revision does not have is left out. */
export function capabilitiesIn(revision: ProtocolVersion, capabilities: ClientCapabilities): ClientCapabilities {
  // There, roots have nothing to declare: no notification says that they changed.
  if (isModern(revision)) return capabilities.roots === undefined ? capabilities : { ...capabilities, roots: {} };
  // Source: `schema.ts`, ClientCapabilities: `tools` and `context` of sampling came with 2025-11-25.
  if (capabilities.sampling === undefined || isAtLeast(revision, REVISION_2025_11_25)) return capabilities;
  return { ...capabilities, sampling: {} };
}

/** `capabilities` as a text that is the same for the same ones, whatever the order of their members; `undefined` for none. */
export function capabilitiesText(capabilities: ClientCapabilities): string | undefined {
  if (Object.keys(capabilities).length === 0) return undefined;
  return JSON.stringify(capabilities, (_key, value: unknown) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort(byName)) : value));
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

/** The capability that `method` needs and the server has not declared, or `undefined` when it may be sent. */
export function missingCapability(method: string, declared: ServerCapabilities, revision: ProtocolVersion): string | undefined {
  const needs = METHODS.get(method)?.needs;
  if (needs === undefined || declares(declared, needs)) return undefined;
  // A method that the revision does not have is an extension's here, and so is what it needs.
  if (!mayTravel(method, 'client', revision)) return undefined;
  // The first revision has no such capability to declare.
  if (needs === 'completions' && revision === REVISION_2024_11_05) return undefined;
  return needs;
}

/** Whether a server runs tools as tasks. Source: 2025-11-25, basic, utilities, "Tasks", "Server Capabilities". */
export function runsToolsAsTasks(declared: ServerCapabilities): boolean {
  return declares(declared, 'tasks.requests.tools.call');
}

/** Whether a capability is declared; a dot leads to one within it. */
function declares(declared: ServerCapabilities, path: string): boolean {
  let part: unknown = declared;
  for (const name of path.split('.')) {
    if (!isObject(part) || !Object.hasOwn(part, name)) return false;
    part = part[name];
  }
  return part !== false;
}
