/**
 * Which trace a request belongs to, in its `_meta`.
 * Source: MCP 2026-07-28, basic, "OpenTelemetry trace context"; the keys are free to use in every earlier revision.
 */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { ListenerFault } from '../base/listeners.ts';
import { describe } from '../base/options.ts';

/** The place of a request in a trace, as W3C Trace Context and W3C Baggage write it. */
export interface TraceContext {
  /** Such as `00-0123456789abcdef0123456789abcdef-0123456789abcdef-01`; see {@link isTraceparent}. */
  readonly traceparent?: string | undefined;
  /** What the tracing systems on the way noted; of no use without `traceparent`. */
  readonly tracestate?: string | undefined;
  /** Names and values that travel with the trace. They reach the server: nothing that it must not know. */
  readonly baggage?: string | undefined;
}

/** The trace that a request which goes out now belongs to; `undefined` where there is none. */
export type TraceContextHook = () => TraceContext | undefined;

// Source: W3C Trace Context, section 3.2.2: version 00, lower case, and neither id all zeros.
const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
// Source: W3C Trace Context, section 3.3.1: at most 32 members, each a key and a value, or empty.
const STATE_KEY = /^(?:[a-z\d][a-z\d_*/-]{0,255}|[a-z\d][a-z\d_*/-]{0,240}@[a-z][a-z\d_*/-]{0,13})$/;
const STATE_VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MOST_STATE_MEMBERS = 32;
// Source: W3C Baggage, sections 3.2.1 and 3.3.2: what may stand in it, and the bytes that have to be passed on.
const BAGGAGE = /^[\x21\x23-\x5b\x5d-\x7e \t]+$/;
const MOST_BAGGAGE_BYTES = 8_192;
// 32 members of at most 513 characters, with the blanks that may stand around them.
const MOST_STATE_CHARACTERS = 32 * 600;

/** Whether `value` is a `traceparent` of version 00. Source: W3C Trace Context, section 3.2. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && TRACEPARENT.test(value);
}

function isTracestate(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MOST_STATE_CHARACTERS) return false;
  const members = value.split(',').map((member) => member.replace(/^[ \t]+|[ \t]+$/g, '')).filter((member) => member !== '');
  const keys = new Set<string>();
  for (const member of members) {
    const at = member.indexOf('=');
    const key = member.slice(0, at);
    if (at === -1 || !STATE_KEY.test(key) || !STATE_VALUE.test(member.slice(at + 1)) || keys.has(key)) return false;
    keys.add(key);
  }
  return keys.size > 0 && keys.size <= MOST_STATE_MEMBERS;
}

function isBaggage(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MOST_BAGGAGE_BYTES && BAGGAGE.test(value) && value.includes('=');
}

const MEMBERS: ReadonlyMap<keyof TraceContext, (value: unknown) => value is string> = new Map([
  ['traceparent', isTraceparent],
  ['tracestate', isTracestate],
  ['baggage', isBaggage],
]);

/** What is valid of a trace context; what is not is told to `invalid`. `undefined` where nothing is left. */
function readTraceMembers(given: JSONObject, invalid: (name: keyof TraceContext, value: unknown) => void): TraceContext | undefined {
  const read: { -readonly [Name in keyof TraceContext]: TraceContext[Name] } = {};
  for (const [name, isValid] of MEMBERS) {
    const value = own(given, name);
    if (value === undefined) continue;
    if (isValid(value)) read[name] = value;
    else invalid(name, value);
  }
  // Source: W3C Trace Context, section 4.3: without a valid traceparent there is no tracestate.
  if (read.traceparent === undefined) delete read.tracestate;
  return Object.keys(read).length === 0 ? undefined : read;
}

/** The trace that a request or notification of the server says, in its params, it belongs to; what is not valid of it is left out. */
export function readTraceContext(params: JSONObject): TraceContext | undefined {
  const meta = own(params, '_meta');
  const read = isObject(meta) ? readTraceMembers(meta, () => {}) : undefined;
  return read === undefined ? undefined : Object.freeze(read);
}

/** Who hears of a hook that does not do what it should. */
export interface TraceFaults {
  readonly callbackFault: ListenerFault;
  /** The hook gave something that is no trace context; said once for each kind. */
  readonly warn: (message: string) => void;
}

/**
 * Makes what adds the trace to a request's `_meta`. What the caller gave stands above it, and a `traceparent` of the
 * caller's takes the place of the hook's with its `tracestate`. A hook that throws adds nothing and fails no request.
 */
export function traceStamp(hook: TraceContextHook, faults: TraceFaults): (meta: JSONObject | undefined) => JSONObject | undefined {
  const told = new Set<string>();
  const warnOnce = (what: string, value: unknown): void => {
    if (told.has(what)) return;
    told.add(what);
    faults.warn(`traceContext gave ${what} that is none: ${describe(value)}; it is left out`);
  };
  return (meta) => {
    const trace = askHook(hook, faults.callbackFault, warnOnce);
    if (trace === undefined) return meta;
    if (meta === undefined) return { ...trace };
    const { traceparent, tracestate, ...others } = trace;
    return Object.hasOwn(meta, 'traceparent') ? { ...others, ...meta } : { ...trace, ...meta };
  };
}

function askHook(hook: TraceContextHook, callbackFault: ListenerFault, warnOnce: (what: string, value: unknown) => void): TraceContext | undefined {
  let given: unknown;
  try {
    given = hook();
    if (given === undefined || given === null) return undefined;
    if (typeof given === 'object' && !(given instanceof Promise)) return readTraceMembers(given as JSONObject, (name, value) => warnOnce(`a ${name}`, value));
  } catch (cause) {
    callbackFault('traceContext', cause);
    return undefined;
  }
  if (given instanceof Promise) given.catch((cause: unknown) => callbackFault('traceContext', cause));
  warnOnce('a trace context', given);
  return undefined;
}
