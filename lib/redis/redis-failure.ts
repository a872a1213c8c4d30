/** What goes wrong with Redis, as errors. They tell where the server is and which command it was: never an argument, never who asked or with which password. */

import { LimitError, RedisError, isMCPError } from '../base/errors.ts';
import type { Delivery, ErrorCode, MCPError } from '../base/errors.ts';
import { escapeText } from '../base/text.ts';
import type { RESPError } from '../resp/resp-error.ts';

const SHOWN_CHARACTERS = 200;

// Redis, "ACL" and "AUTH": who asks is not known, or may not do it.
const AUTH_CODES: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM']);

/** What the client does about an error reply, beside handing it to who sent the command. */
export type RedisReaction = 'wait' | 'reconnect';

// Each says that the command did not run. LOADING: the data is read from disk; BUSY: a script runs for long: both pass. READONLY: the server
// is a replica now, and the address may lead to the new master. MASTERDOWN: a replica that has lost its master serves nobody.
const REACTIONS: ReadonlyMap<string, RedisReaction> = new Map([
  ['LOADING', 'wait'],
  ['BUSY', 'wait'],
  ['READONLY', 'reconnect'],
  ['MASTERDOWN', 'reconnect'],
]);

/** What to do about an error reply with this code; `undefined` for one that is simply the answer. */
export function reactionTo(redisCode: string): RedisReaction | undefined {
  return REACTIONS.get(redisCode);
}

/** The code that the system or the platform gave, wherever in the chain of causes it stands. */
function systemCodeIn(error: unknown): string | undefined {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code, errors } = cause as { code?: unknown; errors?: readonly unknown[] };
    if (typeof code === 'string') return code;
    const inner = Array.isArray(errors) ? systemCodeIn(errors[0]) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A connect that failed: refused, not found, TLS, or forbidden to this process. */
export function connectFailure(place: string, cause: unknown): MCPError {
  if (isMCPError(cause)) return cause;
  const systemCode = systemCodeIn(cause);
  const details = { place, ...(systemCode === undefined ? {} : { systemCode }) };
  if (systemCode === 'ERR_ACCESS_DENIED') {
    return new RedisError('ERR_MCP_PERMISSION_DENIED', `The permission model of this process forbids to reach Redis at ${place}; run it with --allow-net`, {
      details,
      delivery: 'unsent',
      cause,
    });
  }
  const why = systemCode === undefined ? 'the connection failed' : `the system says ${escapeText(systemCode, 60)}`;
  return new RedisError('ERR_MCP_REDIS_CONNECTION', `Could not connect to Redis at ${place}: ${why}`, { details, delivery: 'unsent', cause });
}

/** A failure without a command: of a connection, or of a connect. */
export function redisFailure(code: ErrorCode, place: string, what: string, cause?: unknown): RedisError {
  return new RedisError(code, `Redis at ${place} ${what}`, cause === undefined ? { details: { place } } : { details: { place }, cause });
}

/** The same failure as one command saw it, with a stack and a delivery of its own. */
export function failureOfCommand(failure: MCPError, command: string, delivery: Delivery): MCPError {
  const options = { details: { ...failure.details, command }, cause: failure, delivery };
  const message = `${command}: ${failure.message}`;
  return failure instanceof LimitError ? new LimitError(String(failure.details['limit']), message, options) : new RedisError(failure.code, message, options);
}

/** A deadline passed: `delivery` says whether the command had been written. */
export function commandTimeout(place: string, command: string, timeoutMs: number, delivery: Delivery, cause?: unknown): RedisError {
  const message = `${command}: Redis at ${place} did not answer within ${timeoutMs} ms`;
  const details = { place, command, timeoutMs };
  return new RedisError('ERR_MCP_REDIS_TIMEOUT', message, cause === undefined ? { details, delivery } : { details, delivery, cause });
}

/** An error reply to a command: what the server says, without what it quotes of the command. */
export function replyFailure(place: string, command: string, reply: RESPError): RedisError {
  const redisCode = escapeText(reply.code, 60);
  const isAboutAccess = AUTH_CODES.has(reply.code);
  const details = { place, command, redisCode, ...redirectionIn(reply) };
  // What is said of access may name users and keys.
  const text = isAboutAccess ? `${redisCode}, ${ACCESS_TEXTS[reply.code] ?? ''}` : withoutQuotations(reply.message);
  const message = `${command}: Redis at ${place} answered ${text}`;
  return new RedisError(isAboutAccess ? 'ERR_MCP_REDIS_AUTH' : 'ERR_MCP_REDIS_REPLY', message, { details, delivery: 'answered' });
}

const ACCESS_TEXTS: Readonly<Record<string, string>> = Object.freeze({
  NOAUTH: 'it wants a password',
  WRONGPASS: 'user or password is wrong, or the user is off',
  NOPERM: 'the user may not do that',
});

// Redis repeats arguments between quotes, and, of an unknown command, all of them behind "with args".
const QUOTATION = /'[^']*'|`[^`]*`|"[^"]*"/g;
const REPEATED_ARGUMENTS = /,? with args\b.*$/s;

/** The text of an error reply without what it may repeat of the command's arguments, escaped and cut. */
function withoutQuotations(text: string): string {
  return escapeText(text.slice(0, 4 * SHOWN_CHARACTERS).replace(REPEATED_ARGUMENTS, '').replace(QUOTATION, '…'), SHOWN_CHARACTERS);
}

/** Where a key is, according to a node of a cluster. */
export interface RedisRedirection {
  readonly slot: number;
  /** `host:port`; an empty host means that of the node that answered. */
  readonly address: string;
}

/** What `MOVED 3999 127.0.0.1:6381` and `ASK …` say. Source: Redis cluster specification, "Redirection and resharding". */
function redirectionIn(reply: RESPError): RedisRedirection | undefined {
  const [, slot, address] = /^(?:MOVED|ASK) (\d{1,5}) (\S{1,300})$/.exec(reply.message) ?? [];
  return slot === undefined || address === undefined ? undefined : { slot: Number(slot), address: escapeText(address, 300) };
}
