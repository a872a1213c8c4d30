/** The modern era: no handshake, no session; every request says what there is to know. Source: 2026-07-28, basic. */

import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';
import { capabilitiesIn } from './capabilities.ts';
import type { ClientCapabilities } from './capabilities.ts';
import { Misfit } from './checks/check.ts';
import { ASKING_METHODS } from './checks/input-required.ts';
import type { Call, Era, EraName, HeaderFields, ResultKind, Stamps } from './era.ts';
import { extendedMethods, withExtensions } from './extensions.ts';
import type { ExtensionTerms } from './extensions.ts';
import { META } from './meta.ts';
import { mayTravel } from './methods.ts';
import type { Sender } from './methods.ts';
import { mirroredValue } from './param-headers.ts';
import type { Implementation } from './types/implementation.ts';
import type { ProtocolVersion } from './versions.ts';

/** What this client says of itself with every request. */
export interface ClientIdentity {
  readonly capabilities: ClientCapabilities;
  /** Left out where the host does not want it said. */
  readonly clientInfo: Implementation | undefined;
  /** The extensions that the server has too, once that is known. */
  readonly extensions?: readonly ExtensionTerms[] | undefined;
}

const ASKS_BACK: ReadonlySet<string> = new Set(ASKING_METHODS);

// Source: 2026-07-28, Streamable HTTP, "Standard Request Headers": what each method is about.
const NAME_PARAMS: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

// Headers are made once for what is asked for again and again; a host that asks for more things than this makes some of them anew.
const MOST_KEPT_HEADERS = 256;

/** What asks a server who it is. Source: 2026-07-28, server, "Discovery". */
export const DISCOVER: Call = Object.freeze({ method: 'server/discover', params: undefined });

/** {@link Era} for the revisions without a handshake. */
export class ModernEra implements Era {
  readonly name: EraName = 'modern';
  readonly revision: ProtocolVersion;
  readonly acceptsBatches = false;
  readonly answersServer = false;
  readonly resumesStreams = false;
  readonly hasSessions = false;
  readonly hasStandaloneStream = false;
  readonly listensByRequest = true;
  readonly hasLogLevelRequest = false;
  readonly mirrorsParams = true;
  readonly declaresByRequest = true;
  readonly caches = true;
  readonly ping: Call = DISCOVER;
  readonly #meta: JSONObject;
  readonly #extensions: readonly ExtensionTerms[];
  readonly #extended: ReadonlySet<string>;
  readonly #requestHeaders = new Map<string, HeaderFields>();

  constructor(revision: ProtocolVersion, { capabilities, clientInfo, extensions = [] }: ClientIdentity) {
    this.revision = revision;
    this.#extensions = extensions;
    this.#extended = extendedMethods(extensions);
    const declared = withExtensions(capabilities, extensions);
    const identity = clientInfo === undefined ? {} : { [META.clientInfo]: clientInfo };
    this.#meta = Object.freeze({ [META.protocolVersion]: revision, ...identity, [META.clientCapabilities]: capabilitiesIn(revision, declared) });
  }

  mayBeEnded(method: string): boolean {
    // Source: 2026-07-28, basic, patterns, "Cancellation": servers MUST NOT send it for any other purpose.
    return method === 'subscriptions/listen';
  }

  mayTravel(method: string, from: Sender): boolean {
    return mayTravel(method, from, this.revision) || (from === 'client' && this.#extensions.some(({ methods }) => methods.has(method)));
  }

  stamp(params: JSONObject | undefined, { meta, progressToken, logLevel }: Stamps): JSONObject {
    if (meta === undefined && progressToken === undefined && logLevel === undefined) return { ...params, _meta: this.#meta };
    const token = progressToken === undefined ? undefined : { progressToken };
    const level = logLevel === undefined ? undefined : { [META.logLevel]: logLevel };
    // What the protocol says of a request is not the host's to change; which messages it wants is.
    return { ...params, _meta: { ...level, ...meta, ...this.#meta, ...token } };
  }

  headers(): HeaderFields {
    return Object.freeze({ [SENT_HEADERS.protocolVersion]: this.revision });
  }

  requestHeaders(headers: HeaderFields, method: string, params: JSONObject | undefined, mirrored: HeaderFields | undefined): HeaderFields {
    const standard = this.#standardHeaders(headers, method, params);
    return mirrored === undefined ? standard : Object.freeze({ ...standard, ...mirrored });
  }

  resultKind(method: string, result: JSONObject): ResultKind {
    const kind = own(result, 'resultType');
    // Absent: a server of an earlier revision. Source: 2026-07-28, basic, "ResultType".
    if (kind === undefined || kind === 'complete') return 'complete';
    if (kind === 'input_required' && this.mayAskBack(method)) return kind;
    if (typeof kind === 'string' && this.#extensions.some(({ resultTypes }) => resultTypes.get(kind)?.has(method) === true)) return kind;
    const came = typeof kind === 'string' ? quote(kind) : `a ${typeof kind}`;
    throw new Misfit('/resultType', `one that this client knows for ${method}; got ${came}`);
  }

  mayAskBack(method: string): boolean {
    return ASKS_BACK.has(method);
  }

  mayBeExtended(method: string): boolean {
    return this.#extended.has(method);
  }

  isSessionLost(): boolean {
    return false;
  }

  withdraw(id: RequestId, _method: string, reason: string, channel: 'shared' | 'exchange'): Call | undefined {
    // Where a request has a stream of its own, closing that says it. Source: 2026-07-28, basic, patterns, "Cancellation".
    return channel === 'exchange' ? undefined : { method: 'notifications/cancelled', params: { requestId: id, reason } };
  }

  #standardHeaders(headers: HeaderFields, method: string, params: JSONObject | undefined): HeaderFields {
    const member = NAME_PARAMS.get(method) ?? this.#nameParamOf(method);
    const name = member === undefined ? undefined : own(params ?? {}, member);
    const key = typeof name === 'string' ? `${method} ${name}` : method;
    const kept = this.#requestHeaders.get(key);
    if (kept !== undefined) return kept;
    const named = typeof name === 'string' ? { [SENT_HEADERS.name]: mirroredValue(name, `params.${member} of ${method}`) } : {};
    const made = Object.freeze({ ...headers, [SENT_HEADERS.method]: method, ...named });
    if (this.#requestHeaders.size >= MOST_KEPT_HEADERS) this.#requestHeaders.clear();
    this.#requestHeaders.set(key, made);
    return made;
  }

  #nameParamOf(method: string): string | undefined {
    for (const { methods } of this.#extensions) if (methods.has(method)) return methods.get(method);
    return undefined;
  }
}
