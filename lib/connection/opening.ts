/** How a connection begins: what was agreed on before is proven, or the server is negotiated with. */

import type { Clock } from '../base/clock.ts';
import { ConnectionError, RPCError, isMCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { encodeNotification } from '../jsonrpc/codec.ts';
import { checkEmptyResult } from '../protocol/checks/results.ts';
import type { Agreement, Call, Era, EraName } from '../protocol/era.ts';
import type { Link } from './link.ts';
import { Negotiation } from './negotiation.ts';
import type { Offer } from './negotiation.ts';
import type { Outgoing } from './outgoing.ts';
import { defaultRequestSettings } from './request-settings.ts';
import type { RequestSettings } from './request-settings.ts';

/** What an earlier connection agreed on, to be taken up without a new handshake. */
export interface Restored {
  readonly agreement: Agreement;
  readonly sessionId: string | undefined;
}

/** What an opening needs of its connection's options. */
export interface OpeningOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly offer: Offer;
}

// The handshake has the deadline of the attempt that it belongs to, and none of its own.
const HANDSHAKE: RequestSettings = defaultRequestSettings(Infinity);

/** One opening, over one link. */
export class Opening {
  readonly #link: Link;
  readonly #outgoing: Outgoing;
  readonly #options: OpeningOptions;
  #isProbing = false;

  constructor(link: Link, outgoing: Outgoing, options: OpeningOptions) {
    this.#link = link;
    this.#outgoing = outgoing;
    this.#options = options;
  }

  /** Whether the server was asked what an older one may not bear, and nothing is agreed on yet. */
  get isProbing(): boolean {
    return this.#isProbing;
  }

  /** Negotiates, and says to the server what has to be said then. `known`: the era that it was found to be of before. */
  async agree(known: EraName | undefined): Promise<void> {
    const { clock, limits, offer } = this.#options;
    const link = this.#link;
    const { pending } = this.#outgoing;
    const negotiation = new Negotiation(
      {
        ask: (call, read, era) => this.#ask(call, read, era),
        mayBeSilent: link.transport.channel === 'shared',
        clock,
        probeTimeoutMs: limits.probeTimeoutMs,
        probing: () => {
          this.#isProbing = true;
        },
      },
      offer,
    );
    const agreement = await negotiation.agree(known);
    this.#isProbing = false;
    // A probe or a handshake that was not answered is not waited for any longer.
    for (const { id } of pending.values()) link.abandon(id);
    pending.rejectAll(new ConnectionError('ERR_MCP_UNSUPPORTED_METHOD', 'The server did not answer the probe', { delivery: 'unknown' }));
    link.agree(agreement);
    if (agreement.opened === undefined) return;
    const text = encodeNotification(agreement.opened.method, agreement.opened.params, limits);
    await link.transport.send({ text, awaitsReply: false, headers: link.headers }, link.opening.signal);
  }

  /** Whether what was agreed on earlier still holds: the server is asked, and knows the session. */
  async takesUp({ agreement, sessionId }: Restored): Promise<boolean> {
    const link = this.#link;
    link.agree(agreement, sessionId);
    try {
      await this.#ask(agreement.era.ping, checkEmptyResult, agreement.era);
      return true;
    } catch (cause) {
      link.opening.signal.throwIfAborted();
      // An error of the server is an answer too. Anything else it says, or a status of refusal, is none.
      if (cause instanceof RPCError) return true;
      if (!isMCPError(cause) || cause.delivery !== 'answered') throw cause;
      link.disagree();
      return false;
    }
  }

  /** Asks before there is an agreement: the end of the opening is the end of the wait. */
  #ask<T>(call: Call, read: (result: JSONObject) => T, era?: Era): Promise<T> {
    const { signal } = this.#link.opening;
    const reply = this.#outgoing.request(this.#link, call.method, call.params, HANDSHAKE, { read }, era);
    const giveUp = () => this.#outgoing.pending.rejectAll(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    return reply.finally(() => signal.removeEventListener('abort', giveUp));
  }
}
