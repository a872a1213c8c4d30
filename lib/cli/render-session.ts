import type { SessionRecord } from '../index.ts';
import { readableDuration } from './duration.ts';
import type { Paint } from './paint.ts';
import { printableLine } from './printable.ts';
import { renderInfo } from './render-info.ts';

/** What is known of one stored session. */
export interface SessionFacts {
  readonly key: string;
  readonly epoch: number;
  readonly sealed: boolean;
  /** `undefined` for one that is sealed, and for a value that is no record. */
  readonly record: SessionRecord | undefined;
  /** How long ago it was stored, milliseconds, as far as the clocks agree; `undefined` where that is not known. */
  readonly ageMs: number | undefined;
  /** When it is forgotten if nobody uses it; `undefined` where it does not expire or that is not known. */
  readonly expiresInMs: number | undefined;
  /** How many handles use it; `undefined` where that is not known. */
  readonly members: number | undefined;
}

const SHOWN_CHARACTERS = 4;
const SHORTEST_CUT = 16;

/** The session id, or only so much of it that two can be told apart, for whoever has it can speak in the session. */
function sessionIdText(sessionId: string | undefined, reveals: boolean): string {
  if (sessionId === undefined) return 'without an id';
  if (reveals) return printableLine(sessionId);
  const beginning = sessionId.length < SHORTEST_CUT ? '' : printableLine(sessionId.slice(0, SHOWN_CHARACTERS));
  return `${beginning}… (${sessionId.length} characters; --reveal shows it)`;
}

/** One stored session for people. */
export function renderSession({ key, epoch, sealed, record, ageMs, expiresInMs, members }: SessionFacts, reveals: boolean, paint: Paint): string {
  const row = (name: string, text: string) => `${paint.faint(name.padEnd(14))}${text}`;
  const lines: string[] = [];
  if (record !== undefined) {
    const { serverInfo, revision, era, capabilities, sessionId } = record;
    lines.push(renderInfo({ serverInfo, protocolVersion: revision, era, capabilities, instructions: undefined }, paint));
    lines.push(row('session id', sessionIdText(sessionId, reveals)));
  } else {
    lines.push(row('record', sealed ? 'sealed: only who has the key can read it' : paint.bad('what is stored there is no session record')));
  }
  lines.push(row('epoch', String(epoch)));
  if (ageMs !== undefined) lines.push(row('stored', `${readableDuration(ageMs)} ago`));
  lines.push(row('expires', expiresInMs === undefined ? 'never, or that is not known' : `in ${readableDuration(expiresInMs)}, unless it is used before`));
  if (members !== undefined) lines.push(row('used by', members === 0 ? 'nobody just now' : `${members} just now`));
  lines.push(row('sealed', sealed ? 'yes' : 'no'), row('key', printableLine(key)));
  return lines.join('\n');
}

/** The same for programs; the session id only where it is to be revealed. */
export function sessionJSON({ record, ...facts }: SessionFacts, reveals: boolean): unknown {
  const { sessionId, ...shown } = record ?? { sessionId: undefined };
  return { session: { ...facts, ...shown, ...(reveals && sessionId !== undefined ? { sessionId } : {}) } };
}
