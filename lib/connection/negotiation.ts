/** Agreeing with the server on an era and a revision. Source: 2026-07-28, basic, "Versioning and Compatibility"; 2025-11-25, lifecycle. */

import { deferred } from '../base/deferred.ts';
import type { Clock } from '../base/clock.ts';
import { PeerProtocolError, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { ClientCapabilities } from '../protocol/capabilities.ts';
import { checkDiscoverResult } from '../protocol/checks/discover.ts';
import type { DiscoverResult } from '../protocol/checks/discover.ts';
import type { Agreement, Call, Era, EraName } from '../protocol/era.ts';
import { UNSUPPORTED_VERSION } from '../protocol/error-codes.ts';
import { serverSettings } from '../protocol/extensions.ts';
import type { ExtensionTerms } from '../protocol/extensions.ts';
import { initializeCall, readInitialize, supportedByError } from '../protocol/legacy-era.ts';
import { DISCOVER, ModernEra } from '../protocol/modern-era.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import { isModern } from '../protocol/versions.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';
import { isNoEndpoint, probeOutcome, probeVerdict, supportedVersions } from './probe-verdict.ts';
import type { ProbeOutcome } from './probe-verdict.ts';

/** What this side brings to a negotiation. */
export interface Offer {
  /** In order of preference; not empty. */
  readonly protocolVersions: readonly ProtocolVersion[];
  readonly clientInfo: Implementation;
  /** Whether `clientInfo` goes out with every request of the modern era; the handshake of the legacy one cannot do without it. */
  readonly sendsClientInfo: boolean;
  readonly capabilities: ClientCapabilities;
  /** What the host knows beyond the protocol. Those that are always declared are among the capabilities. */
  readonly extensions?: readonly ExtensionTerms[] | undefined;
}

/** Asks over a connection that is not agreed yet, in the way of `era` where there is one. */
export type Ask = <T>(call: Call, read: (result: JSONObject) => T, era?: Era) => Promise<T>;

/** What a negotiation goes over. */
export interface NegotiationPort {
  readonly ask: Ask;
  /** Whether the server may be silent to what it does not know: it is on a shared channel, where nothing says that it heard. */
  readonly mayBeSilent: boolean;
  readonly clock: Clock;
  /** How long a server on a shared channel has to answer the probe, milliseconds. */
  readonly probeTimeoutMs: number;
  /** Hears that the server is being probed: if it ends now, that may be why. */
  readonly probing: () => void;
}

/** One negotiation. */
export class Negotiation {
  readonly #port: NegotiationPort;
  readonly #offer: Offer;
  readonly #legacy: readonly ProtocolVersion[];
  readonly #modern: readonly ProtocolVersion[];

  constructor(port: NegotiationPort, offer: Offer) {
    this.#port = port;
    this.#offer = offer;
    this.#legacy = offer.protocolVersions.filter((version) => !isModern(version));
    this.#modern = offer.protocolVersions.filter(isModern);
  }

  /**
   * Agrees. `known`: the era that the server was found to be of before, or is said to be of; it is tried first.
   *
   * @throws PeerProtocolError `ERR_MCP_UNSUPPORTED_VERSION`, `ERR_MCP_INVALID_RESULT`; RPCError when the server refuses; what the road fails with.
   */
  async agree(known: EraName | undefined): Promise<Agreement> {
    const [preferred] = this.#offer.protocolVersions;
    const [modern] = this.#modern;
    if (preferred === undefined) throw new TypeError('protocolVersions must name at least one version');
    if (modern === undefined) return this.#initialize();
    const beginsLegacy = this.#legacy.length > 0 && (known === 'legacy' || (known === undefined && !isModern(preferred)));
    if (!beginsLegacy) return this.#probe(modern, true);
    try {
      return await this.#initialize();
    } catch (cause) {
      return this.#afterRefusal(cause, modern);
    }
  }

  /** Probes after a refused handshake. What says nothing of the era does not lead there, and where the probe finds nothing, the refusal counts. */
  async #afterRefusal(cause: unknown, modern: ProtocolVersion): Promise<Agreement> {
    const named = this.#modernRevisionIn(cause);
    if (named !== undefined) return this.#probe(named, false);
    if (!(cause instanceof RPCError) && !isNoEndpoint(cause)) throw cause;
    return this.#probe(modern, false).catch(() => {
      throw cause;
    });
  }

  /** The revision that a refused handshake says is spoken, if it says so. */
  #modernRevisionIn(cause: unknown): ProtocolVersion | undefined {
    const supported = supportedVersions(cause);
    const named = this.#modern.find((version) => supported?.includes(version) === true);
    const isModernServer = cause instanceof RPCError && cause.rpcCode === UNSUPPORTED_VERSION && supported === undefined;
    return named ?? (isModernServer ? this.#modern[0] : undefined);
  }

  /** Asks with `revision` who the server is. `fallsBack`: whether the legacy handshake was not made yet. */
  async #probe(first: ProtocolVersion, fallsBack: boolean): Promise<Agreement> {
    const tried: ProtocolVersion[] = [];
    for (let revision = first; ; ) {
      tried.push(revision);
      const era = this.#eraOf(revision);
      const reply = this.#discover(era);
      const outcome = await this.#heard(reply);
      const verdict = probeVerdict(outcome, this.#offer.protocolVersions, tried);
      switch (verdict.kind) {
        case 'modern':
          if (outcome.kind === 'discovered') return this.#agreement(verdict.revision, outcome.result);
          break;
        case 'again':
          revision = verdict.revision;
          continue;
        case 'legacy':
          if (fallsBack && this.#legacy.length > 0) return this.#fallBack(outcome, reply);
          throw this.#noCommonVersion('none that is modern', outcome);
        case 'no-common-version':
          throw this.#noCommonVersion(verdict.supported.map((version) => quote(version)).join(', '), outcome);
      }
      throw outcome.kind === 'rejected' ? outcome.cause : this.#noCommonVersion('nothing', outcome);
    }
  }

  /**
   * The legacy handshake. A server that was only slow may answer the probe after all: it counts where the handshake is refused, or not answered
   * either. Where the server makes it, it is one of both eras, and goes on in that of the handshake, whatever it said before.
   */
  async #fallBack(outcome: ProbeOutcome, reply: Promise<ProbeOutcome>): Promise<Agreement> {
    let found: Agreement | undefined;
    const handshake = this.#initialize().catch((cause: unknown) => {
      if (found !== undefined) return found;
      const named = this.#modernRevisionIn(cause);
      if (named === undefined) throw cause;
      return this.#probe(named, false);
    });
    if (outcome.kind !== 'silence') return handshake;
    const late = reply.then((came) => {
      const verdict = probeVerdict(came, this.#offer.protocolVersions, this.#modern);
      if (verdict.kind !== 'modern' || came.kind !== 'discovered') return handshake;
      found = this.#agreement(verdict.revision, came.result);
      return this.#within(handshake, found);
    });
    return Promise.race([handshake, late]);
  }

  /** `promise`, or `otherwise` where it takes longer than a server may take for the probe. */
  #within<T>(promise: Promise<T>, otherwise: T): Promise<T> {
    const { clock, probeTimeoutMs } = this.#port;
    const silence = deferred<T>();
    const cancel = clock.after(probeTimeoutMs, () => silence.resolve(otherwise));
    return Promise.race([promise, silence.promise]).finally(cancel);
  }

  #discover(era: ModernEra): Promise<ProbeOutcome> {
    return probeOutcome(this.#port.ask(DISCOVER, checkDiscoverResult, era));
  }

  /** What comes of the probe; on a shared channel nothing may come. */
  async #heard(reply: Promise<ProbeOutcome>): Promise<ProbeOutcome> {
    const { mayBeSilent, probing } = this.#port;
    if (this.#legacy.length === 0) return reply;
    probing();
    return mayBeSilent ? this.#within(reply, { kind: 'silence' }) : reply;
  }

  /**
   * Asks for the preferred legacy revision and takes the server's choice where it is among the offered ones. A server that refuses
   * the revision with an error and names those it supports is asked once more.
   */
  #initialize(): Promise<Agreement> {
    const { capabilities, clientInfo } = this.#offer;
    const ask = (revision: ProtocolVersion) =>
      this.#port.ask(initializeCall(revision, capabilities, clientInfo), (result) => readInitialize(result, this.#legacy));
    const [preferred] = this.#legacy;
    if (preferred === undefined) return Promise.reject(new TypeError('protocolVersions must name at least one version'));
    return ask(preferred).catch((cause: unknown) => {
      const supported = cause instanceof RPCError ? supportedByError(cause.data, this.#legacy) : undefined;
      if (supported === undefined || supported === preferred) throw cause;
      return ask(supported);
    });
  }

  #eraOf(revision: ProtocolVersion, extensions?: readonly ExtensionTerms[]): ModernEra {
    const { capabilities, clientInfo, sendsClientInfo } = this.#offer;
    return new ModernEra(revision, { capabilities, clientInfo: sendsClientInfo ? clientInfo : undefined, extensions });
  }

  /** What is agreed on with a modern server: its era knows the extensions that both sides have. */
  #agreement(revision: ProtocolVersion, { capabilities, serverInfo, instructions }: DiscoverResult): Agreement {
    const extensions = this.#offer.extensions?.filter(({ name }) => serverSettings(name, capabilities) !== undefined);
    return { era: this.#eraOf(revision, extensions), capabilities, serverInfo, instructions, opened: undefined };
  }

  #noCommonVersion(came: string, outcome: ProbeOutcome): PeerProtocolError {
    const offered = this.#offer.protocolVersions;
    const message = `Expected the server to speak one of the protocol versions ${offered.join(', ')}; it speaks ${came === '' ? 'none that it names' : came}`;
    return new PeerProtocolError('ERR_MCP_UNSUPPORTED_VERSION', message, { details: { offered }, cause: outcome.kind === 'rejected' ? outcome.cause : undefined });
  }
}
