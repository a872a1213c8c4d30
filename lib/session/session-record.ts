/** What is stored of a session, so that another process, or this one after a restart, can go on with it. */

import { SessionStoreError } from '../base/errors.ts';
import { deepFreeze, isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import { checkSessionId } from '../http/session-id.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import { Misfit, asObject, objectAt, optionalStringAt, stringAt } from '../protocol/checks/check.ts';
import { checkInitializeResult, checkServerCapabilities } from '../protocol/checks/initialize.ts';
import type { EraName } from '../protocol/era.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import { toResumableId } from '../sse/resumable-id.ts';
import { copyJSON } from './json-copy.ts';

/**
 * One session as it is stored, or what is known of a server that has none: its era. It holds what a server said in the handshake, or to
 * `server/discover`, and where the session stands, and never a token, a header or a credential. Every value of it is JSON: `JSON.stringify` and `JSON.parse` keep it whole, where an absent member
 * is as good as one that is `undefined`. The session id lets whoever knows it speak in the session, so a store deserves the
 * care that a password deserves.
 */
export interface SessionRecord {
  /** The shape of the record. A record of another shape is refused, not guessed at. */
  readonly version: 1;
  readonly era: EraName;
  /** The dated revision that was negotiated; whether it is spoken here is for who restores the session to say. */
  readonly revision: string;
  /** What the server gave as `Mcp-Session-Id`; `undefined` for a server that has no sessions. */
  readonly sessionId: string | undefined;
  /** Modern servers may keep it to themselves. */
  readonly serverInfo: Implementation | undefined;
  readonly capabilities: ServerCapabilities;
  readonly instructions: string | undefined;
  /** The id of the last event that was handed on, where a stream can be resumed after it: never an empty one. */
  readonly lastEventId: string | undefined;
  /** Which session in a row this is under its key; each new one is higher. */
  readonly epoch: number;
  /** When it was stored, in milliseconds since 1970. */
  readonly storedAt: number;
}

const RECORD_MEMBERS = ['version', 'era', 'revision', 'sessionId', 'serverInfo', 'capabilities', 'instructions', 'lastEventId', 'epoch', 'storedAt'] as const;

/** The most that a whole record may weigh, in characters of text and eight for every value and name in it. */
export const MAX_RECORD_CHARACTERS: number = 256 * 1024;
const MAX_EVENT_ID_CHARACTERS = 4_096;
const MAX_NAME_CHARACTERS = 1_024;

const REVISION = /^\d{4}-\d{2}-\d{2}$/;
// The last moment that a Date can hold. Source: ECMA-262, "Time Values and Time Range".
const LAST_MOMENT_MS = 8.64e15;

/**
 * `value` as a {@link SessionRecord}: a deep copy, deeply frozen, of the members that a record has. Other members, a token
 * that somebody put there among them, are left out; in `serverInfo` and `capabilities`, which are the server's own words,
 * unknown members are kept, but for one named `__proto__`. Only own members are read, each once; null counts as absent where a
 * member may be.
 *
 * @throws SessionStoreError `ERR_MCP_SESSION_RECORD`, and nothing else, for whatever is no record: another shape, a member of
 * the wrong kind, one that is too long, too deep or too large, and for an object that throws when it is read.
 */
export function checkSessionRecord(value: unknown): SessionRecord {
  try {
    return readSession(value);
  } catch (cause) {
    const why = cause instanceof Misfit ? cause.message : 'it cannot be read';
    throw new SessionStoreError('ERR_MCP_SESSION_RECORD', `Not a session record: ${why}`, { cause });
  }
}

/** {@link checkSessionRecord} for whom what is no record is as good as none: the record, or `undefined`. Throws nothing. */
export function readSessionRecord(value: unknown): SessionRecord | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    return checkSessionRecord(value);
  } catch {
    return undefined;
  }
}

function readSession(value: unknown): SessionRecord {
  const copy = asObject(copyJSON(knownMembers(value), { maxCharacters: MAX_RECORD_CHARACTERS, maxDepth: DEFAULT_LIMITS.maxDepth }));
  if (own(copy, 'version') !== 1) throw new Misfit('/version', `1; got ${describe(own(copy, 'version'))}`);
  const revision = stringAt(copy, 'revision');
  if (!REVISION.test(revision)) throw new Misfit('/revision', 'a date');
  const era = checkEra(copy);
  const server = checkServerWords(copy, era);
  return Object.freeze({
    version: 1,
    era,
    revision,
    sessionId: sessionIdAt(copy),
    serverInfo: server.serverInfo,
    capabilities: server.capabilities,
    instructions: server.instructions,
    lastEventId: lastEventIdAt(copy),
    epoch: wholeNumberAt(copy, 'epoch', Number.MAX_SAFE_INTEGER),
    storedAt: wholeNumberAt(copy, 'storedAt', LAST_MOMENT_MS),
  });
}

/** The own members that a record has, each read once; nothing is known of them yet. */
function knownMembers(value: unknown): JSONObject {
  if (!isObject(value)) throw new Misfit('', 'an object');
  return Object.fromEntries(RECORD_MEMBERS.filter((name) => Object.hasOwn(value, name)).map((name) => [name, value[name]]));
}

/**
 * What the server said of itself, held to what the handshake of its era holds it to.
 *
 * @throws Misfit
 */
export function checkServerWords(record: JSONObject, era: EraName): Pick<SessionRecord, 'serverInfo' | 'capabilities' | 'instructions'> {
  const given = own(record, 'serverInfo');
  if (era === 'modern' && (given === undefined || given === null)) {
    const capabilities = deepFreeze(checkServerCapabilities(objectAt(record, 'capabilities')));
    return { serverInfo: undefined, capabilities, instructions: optionalStringAt(record, 'instructions') };
  }
  const serverInfo = objectAt(record, 'serverInfo');
  for (const name of ['name', 'version', 'title'] as const) {
    const text = own(serverInfo, name);
    if (typeof text === 'string' && text.length > MAX_NAME_CHARACTERS) throw recordTooLong(`/serverInfo/${name}`, MAX_NAME_CHARACTERS, text);
  }
  return checkInitializeResult({ ...record, protocolVersion: '' });
}

/**
 * The era that `record` names.
 *
 * @throws Misfit
 */
export function checkEra(record: JSONObject): EraName {
  const era = own(record, 'era');
  if (era === 'legacy' || era === 'modern') return era;
  throw new Misfit('/era', `legacy or modern; got ${describe(era)}`);
}

function sessionIdAt(record: JSONObject): string | undefined {
  const answer = checkSessionId(optionalStringAt(record, 'sessionId') ?? null);
  if (answer.kind === 'refused') throw new Misfit('/sessionId', `what a server may give as one. ${answer.reason}`);
  return answer.kind === 'given' ? answer.sessionId : undefined;
}

function lastEventIdAt(record: JSONObject): string | undefined {
  const id = optionalStringAt(record, 'lastEventId');
  if (id === undefined || toResumableId(id, MAX_EVENT_ID_CHARACTERS) === id) return id;
  throw new Misfit('/lastEventId', `1 to ${MAX_EVENT_ID_CHARACTERS} characters that can travel in a header; got ${describe(id)}`);
}

function recordTooLong(pointer: string, most: number, text: string): Misfit {
  return new Misfit(pointer, `at most ${most} characters long; got ${text.length}`);
}

function wholeNumberAt(record: JSONObject, name: string, most: number): number {
  const value = own(record, name);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw new Misfit(`/${name}`, `a whole number from 0 to ${most}; got ${describe(value)}`);
}
