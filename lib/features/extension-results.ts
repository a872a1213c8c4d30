/** Calls that a server answers with a result of an extension. Source: 2026-07-28, basic, "ResultType". */

import { orAbort, timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { RPCError, RequestTimeoutError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { settled } from '../base/quiet.ts';
import { invalidResult } from '../connection/misfit-errors.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { uniquePrefix } from '../connection/unique-prefix.ts';
import type { ProgressToken } from '../protocol/types/progress.ts';
import type { Extensions } from './extensions.ts';
import type { Requester } from './requester.ts';
import type { TaskProgress } from './task-progress.ts';

/** What {@link ExtensionResults} are made with. */
export interface ExtensionResultsOptions {
  readonly serverName: string;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly requester: Requester;
  readonly extensions: Extensions;
  /** Reports of progress that come after the first answer. */
  readonly progress: TaskProgress;
  /** Whether the server that is connected may answer `method` with a result of an extension. */
  readonly mayBeExtended: (method: string) => boolean;
}

/** What a call comes to that an extension completes. It never leaves this file. */
class Extended {
  readonly kind: string;
  readonly result: JSONObject;

  constructor(kind: string, result: JSONObject) {
    this.kind = kind;
    this.result = result;
  }
}

/** One call, as it was asked for. */
interface AskedCall<T> {
  readonly method: string;
  readonly params: JSONObject | undefined;
  readonly settings: RequestSettings;
  readonly reader: ReplyReader<T>;
  readonly startedAt: number;
}

/** The requester that goes on until there is a result that the protocol knows. What cannot be answered by an extension passes untouched. */
export class ExtensionResults implements Requester {
  readonly #options: ExtensionResultsOptions;

  constructor(options: ExtensionResultsOptions) {
    this.#options = options;
  }

  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T> {
    const { requester, mayBeExtended, clock } = this.#options;
    if (!mayBeExtended(method)) return requester.request(method, params, settings, reader, isRepeatable);
    return settled(() => this.#ask({ method, params, settings, reader, startedAt: clock.now() }, isRepeatable));
  }

  async #ask<T>(call: AskedCall<T>, isRepeatable: boolean | undefined): Promise<T> {
    const { requester, progress } = this.#options;
    const { method, params, settings, reader } = call;
    const token = tokenFor(settings);
    const sent = token === undefined ? settings : { ...settings, meta: { ...settings.meta, progressToken: token } };
    // From before the request on: a report may come in the same moment as the answer.
    const unlisten = token === undefined || settings.onProgress === undefined ? undefined : progress.listen(token, settings.onProgress);
    try {
      const extending: ReplyReader<T | Extended> = {
        ...(reader.sent === undefined ? {} : { sent: (id) => reader.sent?.(id) }),
        read: (result) => reader.read(result),
        interim: (result, kind) => (kind === settings.takes ? reader.read(result) : new Extended(kind, result)),
        refuse: (error) => reader.refuse?.(error) ?? error,
      };
      const value: T | Extended = await requester.request(method, params, sent, extending, isRepeatable);
      return value instanceof Extended ? await this.#complete(call, value) : value;
    } finally {
      unlisten?.();
    }
  }

  async #complete<T>(call: AskedCall<T>, { kind, result }: Extended): Promise<T> {
    const { serverName, clock, extensions } = this.#options;
    const { method, params, settings, reader } = call;
    const bound = this.#bound(call);
    const span = timedSignal(clock, bound.ms, () => tooLate(method, kind, bound), settings.signal);
    try {
      const { extension, completing } = extensions.completing(kind);
      const request = (asked: string, given?: JSONObject): Promise<JSONObject> =>
        settled(() => extensions.request(extension, asked, given, { ...settings, onProgress: undefined, meta: undefined, signal: span.signal }));
      const extended = { serverName, method, params, rounds: settings.rounds ?? 'answer', signal: span.signal, request };
      span.signal.throwIfAborted();
      const completed = await orAbort(Promise.resolve().then(() => completing.complete(result, extended)), span.signal);
      if (!isObject(completed)) throw new TypeError(`complete of the extension ${extension.name} must give an object; got ${describe(completed)}`);
      return reader.read(completed);
    } catch (cause) {
      throw cause instanceof RPCError ? reader.refuse?.(cause) ?? cause : invalidResult(method, cause);
    } finally {
      span.release();
    }
  }

  #bound<T>({ settings, startedAt }: AskedCall<T>): TimeBound {
    const { clock, limits } = this.#options;
    const { timeoutMs, maxTotalTimeoutMs, resetTimeoutOnProgress } = settings;
    const totalMs = Math.max(0, startedAt + maxTotalTimeoutMs - clock.now());
    const stageMs = resetTimeoutOnProgress ? limits.taskWaitMs : timeoutMs;
    return totalMs <= stageMs ? { ms: totalMs, saidMs: maxTotalTimeoutMs, code: 'ERR_MCP_TOTAL_TIMEOUT' } : { ms: stageMs, saidMs: stageMs, code: 'ERR_MCP_REQUEST_TIMEOUT' };
  }
}

/** How long may be waited, and what is said when it is over. */
interface TimeBound {
  readonly ms: number;
  readonly saidMs: number;
  readonly code: 'ERR_MCP_TOTAL_TIMEOUT' | 'ERR_MCP_REQUEST_TIMEOUT';
}

/** The token that reports carry, beyond the first answer too: the host's own where it gave one. */
function tokenFor({ meta, onProgress }: RequestSettings): ProgressToken | undefined {
  const given = meta === undefined ? undefined : (own(meta, 'progressToken') as ProgressToken | undefined);
  return given ?? (onProgress === undefined ? undefined : uniquePrefix());
}

function tooLate(method: string, kind: string, { saidMs, code }: TimeBound): RequestTimeoutError {
  return new RequestTimeoutError(code, `${method} was answered with a result of type "${kind}", which did not come to its end within ${saidMs} ms`, {
    details: { method, resultType: kind, timeoutMs: saidMs },
    delivery: 'unknown',
  });
}
