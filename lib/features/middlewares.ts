/** The middleware of one handle: who stands around what, and the way past it where nobody does. */

import type { Clock } from '../base/clock.ts';
import { LimitError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { callSafely } from '../base/listeners.ts';
import type { ListenerFault, Unsubscribe } from '../base/listeners.ts';
import { settled } from '../base/quiet.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import { invalidParams, invalidResult } from '../connection/misfit-errors.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { Misfit } from '../protocol/checks/check.ts';
import type { HostAnswer } from './host-feature.ts';
import type { AnswerCall, IncomingNotification, Middleware, MiddlewareSteps, NotificationNext } from './middleware.ts';
import { readMiddleware } from './middleware.ts';
import { NO_MEMBERS, brokenMiddleware, changedInput, frozenCopy, runSteps } from './middleware-steps.ts';
import type { MiddlewareOnion } from './middleware-steps.ts';
import type { Requester } from './requester.ts';
import { RequestRun } from './request-run.ts';
import { readTraceContext } from './trace-context.ts';

/** What the middleware of a handle is made with. */
export interface MiddlewaresOptions {
  readonly serverName: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** What requests go through in the end. */
  readonly requester: Requester;
  /** Where notifications go in the end. May throw a Misfit. */
  readonly hear: (method: string, params: JSONObject) => void;
  readonly callbackFault: ListenerFault;
  readonly fault: (error: MCPError) => void;
}

type Of<Part extends keyof MiddlewareSteps> = readonly NonNullable<MiddlewareSteps[Part]>[];

const KNOWN_CHANGES: readonly string[] = ['params'];

/** The middleware. Where there is none of a kind, what passes is not touched. */
export class Middlewares implements Requester {
  readonly #options: MiddlewaresOptions;
  readonly #requester: Requester;
  #requests: Of<'request'> | undefined;
  #answers: Of<'answer'> | undefined;
  #notifications: Of<'notification'> | undefined;
  /** Requests that are on their way through middleware. */
  #running = 0;

  constructor(options: MiddlewaresOptions) {
    this.#options = options;
    this.#requester = options.requester;
  }

  /** Adds a middleware, inside of those that are there. What is on its way does not meet it. @throws TypeError for what is none. */
  add(middleware: Middleware): Unsubscribe {
    const { request, answer, notification } = readMiddleware(middleware);
    this.#requests = withStep(this.#requests, request);
    this.#answers = withStep(this.#answers, answer);
    this.#notifications = withStep(this.#notifications, notification);
    return () => {
      this.#requests = withoutStep(this.#requests, request);
      this.#answers = withoutStep(this.#answers, answer);
      this.#notifications = withoutStep(this.#notifications, notification);
    };
  }

  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T> {
    const steps = this.#requests;
    if (steps === undefined) return this.#requester.request(method, params, settings, reader, isRepeatable);
    return settled(() => {
      settings.signal?.throwIfAborted();
      this.#requireRoom();
      const { serverName, clock, requester } = this.#options;
      return this.#counted(method, reader, new RequestRun({ serverName, clock, requester, steps, refuse: reader.refuse?.bind(reader) }, { method, params, settings, isRepeatable }));
    });
  }

  /** What the server is answered. */
  answer(request: IncomingRequest, answer: HostAnswer): Promise<JSONObject> {
    const steps = this.#answers;
    if (steps === undefined) return answer(request);
    const { serverName } = this.#options;
    const { id, method, signal } = request;
    const traceContext = readTraceContext(request.params);
    const came = frozenCopy(request.params, method);
    const onion: MiddlewareOnion<AnswerCall> = {
      steps,
      known: KNOWN_CHANGES,
      delivery: () => undefined,
      throwIfOver: () => signal.throwIfAborted(),
      callOf: ({ params }) => Object.freeze({ serverName, id, method, params, traceContext, signal }),
      core: ({ params }) => answer(params === came ? request : { id, method, params, signal }),
    };
    return runSteps(onion, 0, { params: came, meta: NO_MEMBERS });
  }

  /** Takes a notification of the server. */
  hear(method: string, params: JSONObject): void {
    const steps = this.#notifications;
    if (steps === undefined) this.#options.hear(method, params);
    else {
      const came: IncomingNotification = Object.freeze({ serverName: this.#options.serverName, method, params: frozenCopy(params, method), traceContext: readTraceContext(params) });
      // What nobody changes is heard as it came.
      this.#pass(steps, 0, came, (event) => this.#hearSafely(method, event === came ? params : event.params));
    }
  }

  #pass(steps: Of<'notification'>, index: number, event: IncomingNotification, hear: (event: IncomingNotification) => void): void {
    const step = steps[index];
    if (step === undefined) return hear(event);
    let isHandedOn = false;
    const next: NotificationNext = (change) => {
      if (isHandedOn) throw brokenMiddleware(step.name, 'called next twice', undefined);
      const { params } = changedInput({ params: event.params, meta: NO_MEMBERS }, change, KNOWN_CHANGES);
      isHandedOn = true;
      this.#pass(steps, index + 1, params === event.params ? event : Object.freeze({ ...event, params }), hear);
    };
    callSafely((given) => step.run(given, next), event, this.#options.callbackFault, step.name);
  }

  /** What is wrong with a notification is no error of the middleware that handed it on. */
  #hearSafely(method: string, params: JSONObject): void {
    try {
      this.#options.hear(method, params);
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause;
      this.#options.fault(invalidParams(method, cause));
    }
  }

  /** A middleware that asks the server in every request meets itself without end: what is on its way is bounded. */
  #requireRoom(): void {
    const { serverName, limits } = this.#options;
    const { maxPendingRequests: most } = limits;
    if (this.#running < most) return;
    throw new LimitError('maxPendingRequests', `At most ${most} requests may be on their way through the middleware of ${serverName}; so many are`, { details: { most }, delivery: 'unsent' });
  }

  async #counted<T>(method: string, reader: ReplyReader<T>, run: RequestRun): Promise<T> {
    this.#running++;
    try {
      return readMiddlewareResult(method, reader, await run.result());
    } finally {
      this.#running--;
    }
  }
}

function readMiddlewareResult<T>(method: string, reader: ReplyReader<T>, result: JSONObject): T {
  try {
    return reader.read(result);
  } catch (cause) {
    throw invalidResult(method, cause);
  }
}

// A copy on every change: what is on its way keeps the list that it began with.
function withStep<Step>(steps: readonly Step[] | undefined, step: Step | undefined): readonly Step[] | undefined {
  return step === undefined ? steps : [...(steps ?? []), step];
}

function withoutStep<Step>(steps: readonly Step[] | undefined, step: Step | undefined): readonly Step[] | undefined {
  const left = steps?.filter((other) => other !== step);
  return left === undefined || left.length === 0 ? undefined : left;
}
