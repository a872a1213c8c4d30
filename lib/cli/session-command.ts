/** `barewire session show|forget`: what is kept in Redis for one server and whoever asks it. */

import { checkSessionRecord } from '../index.ts';
import type { SessionRecord } from '../index.ts';
import { operand } from './command.ts';
import type { Action, ActionContext, Answer, Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import { REDIS_VARIABLE, SESSION_KEY_PREFIX, STORED_VALUE_HEAD, readRedisURL } from './redis-sessions.ts';
import type { RedisSessions } from './redis-sessions.ts';
import { renderSession, sessionJSON } from './render-session.ts';
import type { SessionFacts } from './render-session.ts';

// As much as a session manager reads of a value by default.
const MOST_VALUE_BYTES = 1024 * 1024;

/** Looks at what is stored under `key`, without using it: nothing is renewed, and nothing set aside. */
async function look(sessions: RedisSessions, key: string): Promise<SessionFacts | undefined> {
  const name = (purpose: string) => `${SESSION_KEY_PREFIX}{${key}}:${purpose}`;
  const [value, lifeMs, now] = await Promise.all([
    sessions.ask(['GETRANGE', name('record'), 0, MOST_VALUE_BYTES - 1]),
    sessions.ask(['PTTL', name('record')]),
    readTime(sessions),
  ]);
  if (value === '') return undefined;
  const [head = '', epoch, kind] = STORED_VALUE_HEAD.exec(String(value)) ?? [];
  const record = kind === 'j' ? readRecord(String(value).slice(head.length)) : undefined;
  return {
    key,
    epoch: Number(epoch ?? 0),
    sealed: kind === 's',
    record,
    ageMs: record === undefined || now === undefined ? undefined : Math.max(0, now - record.storedAt),
    expiresInMs: typeof lifeMs === 'number' && lifeMs >= 0 ? lifeMs : undefined,
    members: await countMembers(sessions, name('members'), now),
  };
}

function readRecord(json: string): SessionRecord | undefined {
  try {
    return checkSessionRecord(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** The present moment of Redis, in milliseconds since 1970; unknown where it refuses to say. */
async function readTime(sessions: RedisSessions): Promise<number | undefined> {
  const time = await sessions.ask(['TIME']).catch(() => undefined);
  return Array.isArray(time) ? Math.floor(Number(time[0]) * 1_000 + Number(time[1]) / 1_000) : undefined;
}

/** Who is there at the moment `now`; whoever is gone stays in the set for a while. Unknown where Redis refuses to say. */
async function countMembers(sessions: RedisSessions, name: string, now: number | undefined): Promise<number | undefined> {
  if (now === undefined) return undefined;
  try {
    const members = await sessions.ask(['ZRANGE', name, now, '+inf', 'BYSCORE']);
    return Array.isArray(members) ? members.length : undefined;
  } catch {
    return undefined;
  }
}

const nothing: Answer = { json: { session: null }, text: (paint) => paint.faint('no session is kept for this server and whoever asks it') };

async function show(sessions: RedisSessions, key: string, reveals: boolean): Promise<Answer> {
  const facts = await look(sessions, key);
  if (facts === undefined) return nothing;
  return { json: sessionJSON(facts, reveals), text: (paint) => renderSession(facts, reveals, paint) };
}

async function forget(sessions: RedisSessions, key: string): Promise<Answer> {
  const facts = await look(sessions, key);
  if (facts === undefined) return { ...nothing, json: { forgotten: false } };
  await sessions.manager.deleteSession(key);
  const others = facts.members ?? 0;
  const rest = others === 0 ? '' : `; ${others} that use it go on with it`;
  return { json: { forgotten: true, members: facts.members }, text: (paint) => paint.good(`the session is forgotten: the next run begins a new one${rest}`) };
}

function readVerb(invocation: Invocation): 'show' | 'forget' {
  const verb = operand(invocation, 0);
  if (verb !== 'show' && verb !== 'forget') throw usageFailure(`session what? "show" or "forget"; got "${verb}"`, 'see barewire session --help');
  if (verb === 'forget' && invocation.options.has('reveal')) throw usageFailure('--reveal is for session show', 'see barewire session --help');
  if (!invocation.options.has('url')) throw usageFailure('only a server at an address has a session that is kept: give --url', 'see barewire session --help');
  return verb;
}

/** `barewire session`. */
export const SESSION_COMMAND: Command = {
  name: 'session',
  operands: 'show|forget',
  least: 1,
  most: 1,
  summary: 'print or forget the session that is kept in Redis',
  about: [
    'Which session it is, --url and the headers or --session-key say, as for every other command.',
    'Nothing is sent to the server. What is forgotten is not ended: who uses it goes on, and the next run begins a new one.',
  ],
  options: ['reveal'],
  examples: ['session show --redis redis://localhost', 'session show --reveal --json', 'session forget'],
  isRemote: true,
  prepare: async (invocation, io): Promise<Action> => {
    const verb = readVerb(invocation);
    if (readRedisURL(invocation, io.environment) === undefined) throw usageFailure(`which Redis? give --redis, or set ${REDIS_VARIABLE}`);
    return async (_server, { sessions, io: { signal } }: ActionContext) => {
      if (sessions === undefined) throw usageFailure(`which Redis? give --redis, or set ${REDIS_VARIABLE}`);
      const key = await sessions.findKey(signal);
      await sessions.redis.open(signal);
      return verb === 'show' ? show(sessions.redis, key, invocation.options.has('reveal')) : forget(sessions.redis, key);
    };
  },
};
