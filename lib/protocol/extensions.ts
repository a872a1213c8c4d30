/** Extensions of the protocol, as far as eras have to know of them. Source: 2026-07-28, basic, "Versioning and Compatibility", "Extension Negotiation". */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { ClientCapabilities, ServerCapabilities } from './capabilities.ts';

/** What one extension adds to what may be said. */
export interface ExtensionTerms {
  readonly name: string;
  /** What this client declares of it. */
  readonly settings: JSONObject;
  /** Whether it is declared to every server, or only to one that declares it too. */
  readonly declare: 'always' | 'offered';
  /** The requests that a client may send, and what of their params HTTP says in the header `Mcp-Name`. */
  readonly methods: ReadonlyMap<string, string | undefined>;
  /** The kinds of result, and which methods may be answered by them. */
  readonly resultTypes: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What a server declares of the extension `name`; `undefined` where it does not have it. */
export function serverSettings(name: string, { extensions }: ServerCapabilities): JSONObject | undefined {
  const settings = isObject(extensions) ? own(extensions, name) : undefined;
  return isObject(settings) ? settings : undefined;
}

/** The methods that may be answered by a kind of result that one of `extensions` has. */
export function extendedMethods(extensions: readonly ExtensionTerms[]): ReadonlySet<string> {
  return new Set(extensions.flatMap(({ resultTypes }) => Array.from(resultTypes.values()).flatMap((methods) => [...methods])));
}

/** `capabilities` with what is declared of `extensions` beside what they have. */
export function withExtensions(capabilities: ClientCapabilities, extensions: readonly ExtensionTerms[]): ClientCapabilities {
  if (extensions.length === 0) return capabilities;
  const declared = Object.fromEntries(extensions.map(({ name, settings }) => [name, settings]));
  return { ...capabilities, extensions: { ...capabilities.extensions, ...declared } };
}
