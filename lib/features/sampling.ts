/** A model of the host, for a server that has none. Source: MCP 2024-11-05 to 2025-11-25, client, "Sampling". */

import { orAbort } from '../base/abort.ts';
import { PeerProtocolError } from '../base/errors.ts';
import { copyAsJSON, deepFreeze } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { checkKeys, count, describe, flag, functionOption } from '../base/options.ts';
import { escapeText } from '../base/text.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { utf8Length } from '../jsonrpc/utf8.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkSamplingRequest, checkSamplingResult, speaksOfTools } from '../protocol/checks/sampling.ts';
import { USER_REJECTED } from '../protocol/error-codes.ts';
import type { Progress } from '../protocol/types/progress.ts';
import type { SamplingRequest, SamplingResult } from '../protocol/types/sampling.ts';
import type { HostContext, HostFeature } from './host-feature.ts';
import { SamplingBounds } from './sampling-bounds.ts';
import type { SamplingBoundOptions } from './sampling-bounds.ts';

/** What a handler of sampling knows beside the request. */
export interface SamplingContext {
  /** Which server asks: the name that the host gave it. */
  readonly serverName: string;
  /** Fires when nobody waits for the answer any more: the server took the request back, it took too long, or the connection is over. */
  readonly signal: AbortSignal;
  /**
   * Tells the server how far its request has come, if it wants to hear of that: `progress` has to grow. May be called as often as one
   * likes; what comes faster than `limits.progressIntervalMs` is put together.
   *
   * @throws TypeError or RangeError for what is no report.
   */
  reportProgress(progress: Progress): void;
  /**
   * Throws what tells the server that the user said no: error −1, with `message`. For a handler that lets somebody look at the prompt, or at
   * what the model said.
   */
  reject(message?: string): never;
}

/** Asks a model. What it throws goes to the logger; the server hears only that it failed. */
export type SamplingHandler = (request: SamplingRequest, context: SamplingContext) => SamplingResult | Promise<SamplingResult>;

/** The option `handlers.sampling` in full. */
export interface SamplingOptions {
  readonly handle: SamplingHandler;
  /** Whether servers may send tools with a request; declared as `sampling.tools`. Without it such a request is refused. Default: false. */
  readonly tools?: boolean | undefined;
  /** Whether servers may ask for context of servers; declared as `sampling.context`. Without it the handler does not see that they did. Default: false. */
  readonly context?: boolean | undefined;
  /**
   * Asked before {@link SamplingOptions.handle}. Anything but `true` tells the server that the user said no, error −1, and costs
   * no tokens. Default: every request is approved.
   */
  readonly approve?: ((request: SamplingRequest, context: SamplingContext) => boolean | Promise<boolean>) | undefined;
  /** The most tokens that one request is granted: a higher `maxTokens` is lowered. Default: `limits.maxSamplingTokens`, 8 192. */
  readonly maxTokens?: number | undefined;
  /** The most tokens that all requests in the life of the handle are granted together; what is left lowers the last one. Default: no bound. */
  readonly maxTokensTotal?: number | undefined;
  /** The most requests within any 60 seconds. Default: `limits.maxSamplingsPerMinute`, 30. */
  readonly maxRequestsPerMinute?: number | undefined;
  /** The most requests at once. Default: `limits.maxSamplingsAtOnce`, 4. */
  readonly maxConcurrent?: number | undefined;
  /** The most bytes that the params of one request may have, as JSON in UTF-8. Default: `limits.maxSamplingBytes`, 4 MiB. */
  readonly maxBytes?: number | undefined;
}

const OPTION_NAMES: readonly (keyof SamplingOptions)[] = [
  'handle',
  'tools',
  'context',
  'approve',
  'maxTokens',
  'maxTokensTotal',
  'maxRequestsPerMinute',
  'maxConcurrent',
  'maxBytes',
];

const SAMPLING_BOUND_NAMES = ['maxTokens', 'maxTokensTotal', 'maxRequestsPerMinute', 'maxConcurrent', 'maxBytes'] as const;

/**
 * Reads the option `handlers.sampling`.
 *
 * @throws TypeError or RangeError, naming the option, what was expected and what came.
 */
export function resolveSampling(sampling: unknown): SamplingOptions | undefined {
  if (sampling === undefined) return undefined;
  if (typeof sampling === 'function') return Object.freeze({ handle: sampling as SamplingHandler });
  if (typeof sampling !== 'object') throw new TypeError(`handlers.sampling must be a function or an object of options; got ${describe(sampling)}`);
  checkKeys('handlers.sampling', sampling, OPTION_NAMES);
  const options = { ...sampling } as Partial<SamplingOptions>;
  functionOption('handlers.sampling.handle', options.handle);
  if (options.approve !== undefined) functionOption('handlers.sampling.approve', options.approve);
  for (const name of ['tools', 'context'] as const) if (options[name] !== undefined) flag(`handlers.sampling.${name}`, options[name]);
  for (const name of SAMPLING_BOUND_NAMES) if (options[name] !== undefined) count(`handlers.sampling.${name}`, options[name], 1);
  return Object.freeze(options) as SamplingOptions;
}

/** Answers `sampling/createMessage`. */
export function samplingFeature(options: SamplingOptions, context: HostContext): HostFeature {
  const sampling = new Sampling(options, context);
  const capability = { ...(options.tools === true ? { tools: {} } : undefined), ...(options.context === true ? { context: {} } : undefined) };
  return {
    capabilities: { sampling: capability },
    answers: new Map([['sampling/createMessage', (request: IncomingRequest) => sampling.answer(request)]]),
  };
}

class Sampling {
  readonly #options: SamplingOptions;
  readonly #context: HostContext;
  readonly #bounds: SamplingBounds;

  constructor(options: SamplingOptions, context: HostContext) {
    this.#options = options;
    this.#context = context;
    this.#bounds = new SamplingBounds(boundsOf(options, context.limits), context.clock, context.fault);
  }

  async answer(incoming: IncomingRequest): Promise<JSONObject> {
    const { serverName } = this.#context;
    const { signal, reportProgress = ignore } = incoming;
    const asked = this.#read(incoming.params);
    const granted = this.#bounds.admit(asked.maxTokens);
    const request = deepFreeze({ ...asked, maxTokens: granted });
    const context: SamplingContext = Object.freeze({ serverName, signal, reportProgress, reject });
    let unused = granted;
    const ask = async (): Promise<JSONObject> => {
      const { approve, handle } = this.#options;
      if (approve !== undefined && (await approve(request, context)) !== true) reject();
      // Nothing is spent on a request that was taken back while somebody thought about it.
      signal.throwIfAborted();
      unused = 0;
      return readSamplingResult(await handle(request, context), request.tools !== undefined);
    };
    // A handler that goes on after its signal fired is not waited for: it would keep its place for ever.
    return orAbort(ask(), signal).finally(() => this.#bounds.release(unused));
  }

  /** What the server asks, as an object of its own: what the host does to it has no effect here. */
  #read(params: JSONObject): SamplingRequest {
    const text = JSON.stringify(params);
    this.#bounds.checkSize(utf8Length(text));
    const { tools, context } = this.#options;
    // Null is what many servers write for a member that they leave out.
    const given = Object.entries(JSON.parse(text) as JSONObject).filter(([name, value]) => value !== null && (name !== 'includeContext' || context === true));
    try {
      const request = checkSamplingRequest(Object.fromEntries(given));
      if (tools !== true && speaksOfTools(request)) throw new Misfit('', 'a request without tools: this client did not declare sampling.tools');
      return request;
    } catch (cause) {
      throw cause instanceof Misfit ? this.#invalid(cause) : cause;
    }
  }

  #invalid({ message, pointer }: Misfit): RequestRefusal {
    const details = { method: 'sampling/createMessage', pointer: escapeText(pointer, 200) };
    this.#context.fault(new PeerProtocolError('ERR_MCP_INVALID_PARAMS', `The params of sampling/createMessage are not valid: ${message}`, { details }));
    return new RequestRefusal(RPC_ERROR.invalidParams, `The params are not valid: ${message}`);
  }
}

function boundsOf(options: SamplingOptions, limits: Limits): SamplingBoundOptions {
  return {
    maxTokens: options.maxTokens ?? limits.maxSamplingTokens,
    maxTokensTotal: options.maxTokensTotal ?? Infinity,
    maxRequestsPerMinute: options.maxRequestsPerMinute ?? limits.maxSamplingsPerMinute,
    maxConcurrent: options.maxConcurrent ?? limits.maxSamplingsAtOnce,
    maxBytes: options.maxBytes ?? limits.maxSamplingBytes,
  };
}

/** The host's answer, copied and checked. */
function readSamplingResult(given: unknown, hasTools: boolean): JSONObject {
  try {
    const result = checkSamplingResult(copyAsJSON(given), hasTools);
    const { content } = result;
    // Before 2025-11-25 there is only the single block.
    return { ...result, content: Array.isArray(content) && content.length === 1 ? content[0] : content };
  } catch (cause) {
    throw cause instanceof Misfit ? new TypeError(`handlers.sampling must give the result of a model: ${cause.message}`) : cause;
  }
}

// Source: 2025-11-25, client, "Sampling", "Error Handling".
function reject(message: string = 'The user rejected the request'): never {
  if (typeof message !== 'string') throw new TypeError(`message must be a string; got ${describe(message)}`);
  throw new RequestRefusal(USER_REJECTED, message);
}

function ignore(): void {}
