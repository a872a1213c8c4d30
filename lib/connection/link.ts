import type { RequestId, RequestIds } from '../jsonrpc/request-id.ts';
import { CountedIds, PrefixedIds } from '../jsonrpc/request-id.ts';
import { missingCapability } from '../protocol/capabilities.ts';
import type { Agreement } from '../protocol/era.ts';
import { NO_HEADERS } from '../transport/transport.ts';
import type { FrameHeaders, Transport } from '../transport/transport.ts';
import { uniquePrefix } from './unique-prefix.ts';

/** One opened transport with all that belongs to it and ends with it. */
export class Link {
  readonly transport: Transport;
  readonly ids: RequestIds;
  /** Ends the opening of the link: aborted with the cause. */
  readonly opening: AbortController = new AbortController();
  #agreement: Agreement | undefined;
  #sessionId: string | undefined;
  #headers: FrameHeaders = NO_HEADERS;
  readonly #abandoned = new Set<RequestId>();
  /** Methods that were found to be ones that may be sent; the answer stays the same as long as the agreement does. */
  readonly #allowed = new Set<string>();

  constructor(transport: Transport) {
    this.transport = transport;
    this.ids = transport.channel === 'shared' ? new CountedIds() : new PrefixedIds(uniquePrefix());
  }

  get agreement(): Agreement | undefined {
    return this.#agreement;
  }

  /** The session that the server named, if it named one. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  /** What every frame carries from the agreement on. */
  get headers(): FrameHeaders {
    return this.#headers;
  }

  /** Takes the session that a response names. False when it is not the one that was named before. */
  nameSession(sessionId: string): boolean {
    if (this.#agreement?.era.hasSessions === false) return true;
    if (this.#agreement !== undefined) return sessionId === this.#sessionId;
    this.#sessionId = sessionId;
    return true;
  }

  /** Takes what was agreed on, with the session that was named. */
  agree(agreement: Agreement, sessionId: string | undefined = this.#sessionId): void {
    this.#agreement = agreement;
    this.#sessionId = agreement.era.hasSessions ? sessionId : undefined;
    this.#headers = agreement.era.headers(this.#sessionId);
  }

  /** Forgets an agreement that turned out not to hold. */
  disagree(): void {
    this.#agreement = undefined;
    this.#sessionId = undefined;
    this.#headers = NO_HEADERS;
    this.#allowed.clear();
  }

  /** From now on nobody waits for a reply to the request `id` of the negotiation: one that comes is no fault. */
  abandon(id: RequestId): void {
    this.#abandoned.add(id);
  }

  /** Whether nobody waits for the reply to `id`, and it may come nevertheless. */
  isAbandoned(id: RequestId): boolean {
    return this.#abandoned.has(id);
  }

  /** Why `method` may not be sent, or `undefined` when it may. */
  refusal(method: string): string | undefined {
    if (this.#allowed.has(method)) return undefined;
    const agreement = this.#agreement;
    if (agreement === undefined) return 'nothing is agreed on yet';
    const { era, capabilities } = agreement;
    if (!era.mayTravel(method, 'client')) return `the agreed protocol version ${era.revision} does not have it`;
    const missing = missingCapability(method, capabilities, era.revision);
    if (missing !== undefined) return `the server did not declare the capability "${missing}"`;
    this.#allowed.add(method);
    return undefined;
  }

  /** Whether an answer with this HTTP status, and this code where it is an error, says that the session is over. */
  isSessionLost(status: number, rpcCode: number | undefined): boolean {
    return this.#sessionId !== undefined && this.#agreement?.era.isSessionLost(status, rpcCode) === true;
  }
}
