/** How the requests of one handle go out: over the connection, or over the one that is being made; again where that can help and do no harm. */

import type { Clock } from '../base/clock.ts';
import type { JSONObject } from '../base/json.ts';
import { quiet, settled } from '../base/quiet.ts';
import type { Connection } from '../connection/connection.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { probeOutcome, probeVerdict } from '../connection/probe-verdict.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import type { Requester } from '../features/requester.ts';
import { checkDiscoverResult } from '../protocol/checks/discover.ts';
import { DISCOVER } from '../protocol/modern-era.ts';
import type { ResolvedCommonOptions } from './common-options.ts';
import { EraDoubt } from './era-doubt.ts';
import type { Lifecycle, Road } from './lifecycle.ts';
import { RequestRetries } from './request-retries.ts';

/** What of the options says how. */
export interface OutgoingOptions extends Pick<ResolvedCommonOptions, 'serverName' | 'limits' | 'offer' | 'retryDelayMs'> {
  /** How often a request is sent again by itself. */
  readonly maxRequestRetries: number;
}

/** What requests go out over. The connection is made later than this, and asked for when there is one. */
export interface OutgoingRoad {
  readonly road: Road;
  readonly clock: Clock;
  readonly defaults: RequestSettings;
  readonly connection: () => Connection;
  readonly lifecycle: () => Lifecycle;
}

/** What middleware and the cache stand around. */
export class OutgoingRequests implements Requester {
  readonly #outgoing: OutgoingRoad;
  readonly #retries: RequestRetries | undefined;
  readonly #doubt: EraDoubt | undefined;

  constructor(options: OutgoingOptions, outgoing: OutgoingRoad) {
    const { maxRequestRetries: maxRetries } = options;
    this.#outgoing = outgoing;
    // A child process does not change what it is.
    const doubt = outgoing.road.recovers === 'on-demand' ? this.#newDoubt(options) : undefined;
    this.#doubt = doubt;
    if (maxRetries === 0 && doubt === undefined) return;
    this.#retries = new RequestRetries({ ...options, clock: outgoing.clock, maxRetries, judge: doubt === undefined ? undefined : (error) => doubt.judge(error) });
  }

  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T> {
    const retries = this.#retries;
    if (retries === undefined) return this.#once(method, params, settings, reader);
    return quiet(retries.run(method, settings, isRepeatable === true, () => this.#once(method, params, settings, reader)));
  }

  /** Over the connection that there is, once; a refusal may say that the server is another one by now. */
  get direct(): Requester {
    const doubt = this.#doubt;
    const connection = this.#outgoing.connection();
    if (doubt === undefined) return connection;
    const judge = async (error: unknown): Promise<never> => {
      throw await doubt.judge(error);
    };
    return { request: (method, params, settings, reader) => connection.request(method, params, settings, reader).catch(judge) };
  }

  #once<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>): Promise<T> {
    const { connection, lifecycle } = this.#outgoing;
    if (lifecycle().recovery === undefined) return connection().request(method, params, settings, reader);
    return settled(async () => {
      await lifecycle().recovered(method, settings.timeoutMs, settings.signal);
      return connection().request(method, params, settings, reader);
    });
  }

  #newDoubt({ serverName: name, limits, offer }: OutgoingOptions): EraDoubt {
    const { clock, connection, defaults } = this.#outgoing;
    return new EraDoubt({
      name,
      clock,
      limits,
      isModern: () => connection().agreement?.era.name === 'modern',
      probe: async () => {
        const outcome = await probeOutcome(connection().request(DISCOVER.method, DISCOVER.params, defaults, { read: checkDiscoverResult }));
        return probeVerdict(outcome, offer.protocolVersions, []).kind === 'legacy';
      },
      giveUp: (cause) => connection().giveUp(cause),
    });
  }
}
