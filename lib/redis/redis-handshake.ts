/** The first commands on a connection: protocol, user, name, database. Source: Redis, "HELLO", "AUTH", "SELECT", "CLIENT SETNAME". */

import { RedisError } from '../base/errors.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import { RESPError } from '../resp/resp-error.ts';
import type { RESPReply } from '../resp/resp-reply.ts';
import { DEFAULT_REDIS_USER } from './redis-credentials.ts';
import type { RedisCredentials } from './redis-credentials.ts';
import { replyFailure } from './redis-failure.ts';

/** Writes one command and gives its reply, an error reply too. */
export type AskRedis = (args: readonly RedisArgument[]) => Promise<RESPReply>;

/** Whom to be and what to work on. */
export interface RedisIntroduction {
  readonly credentials: RedisCredentials | undefined;
  readonly clientName: string;
  readonly database: number;
}

/**
 * Makes a fresh connection usable: RESP3 with `HELLO`, or, where the server has no such command, RESP2. What does not depend on each other's
 * answers is written at once.
 *
 * @throws RedisError `ERR_MCP_REDIS_AUTH` when the server does not let us in, `ERR_MCP_REDIS_REPLY` for any other refusal.
 */
export async function introduceToRedis(ask: AskRedis, place: string, introduction: RedisIntroduction): Promise<void> {
  const { credentials, clientName, database } = introduction;
  const login = credentials === undefined ? [] : ['AUTH', credentials.username, credentials.revealPassword()];
  const hello = ask(['HELLO', 3, ...login, 'SETNAME', clientName]);
  const select = database === 0 ? undefined : ask(['SELECT', database]);
  const answer = await hello;
  const selected = await select;
  if (answer instanceof RESPError && hasNoHello(answer)) return introduceInRESP2(ask, place, introduction);
  if (answer instanceof RESPError) throw loginFailure(place, 'HELLO', answer);
  if (selected instanceof RESPError) throw replyFailure(place, 'SELECT', selected);
}

function hasNoHello(answer: RESPError): boolean {
  return answer.code === 'NOPROTO' || /^ERR unknown command/i.test(answer.message);
}

async function introduceInRESP2(ask: AskRedis, place: string, { credentials, clientName, database }: RedisIntroduction): Promise<void> {
  const login = credentials === undefined ? undefined : ask(['AUTH', ...userOf(credentials), credentials.revealPassword()]);
  const named = ask(['CLIENT', 'SETNAME', clientName]);
  const select = database === 0 ? undefined : ask(['SELECT', database]);
  const [admitted, , selected] = await Promise.all([login, named, select]);
  if (admitted instanceof RESPError) throw loginFailure(place, 'AUTH', admitted);
  // A name is for those who look; that a server has none for clients is no reason to stay away.
  if (selected instanceof RESPError) throw replyFailure(place, 'SELECT', selected);
}

/** Servers before Redis 6 know a password and no users. */
function userOf(credentials: RedisCredentials): readonly string[] {
  return credentials.username === DEFAULT_REDIS_USER ? [] : [credentials.username];
}

/** Old servers say `ERR` for a wrong password, and for one that they do not want. */
function loginFailure(place: string, command: string, answer: RESPError): RedisError {
  const failure = replyFailure(place, command, answer);
  if (failure.code === 'ERR_MCP_REDIS_AUTH' || !/password|auth/i.test(answer.message)) return failure;
  return new RedisError('ERR_MCP_REDIS_AUTH', failure.message, { details: failure.details, delivery: failure.delivery });
}
