/** A command on its way in: what it may be told, checked. */

import { LimitError } from '../base/errors.ts';
import { abortSignal, checkKeys, durationMs, flag, oneOf } from '../base/options.ts';
import { encodeCommand } from '../resp/resp-encoder.ts';
import type { RedisArgument } from '../resp/resp-encoder.ts';
import { RedisCommand } from './redis-command.ts';
import { kindOfCommand, nameOfCommand } from './redis-commands.ts';
import type { ResolvedRedisOptions } from './redis-options.ts';

/** What one command can be told. */
export interface RedisSendOptions {
  /** Takes the command back: it is not written any more, or its reply is not waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of `commandTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** May be sent again when the connection is lost before its reply. Commands that only read are known. */
  readonly isIdempotent?: boolean | undefined;
  /** What bulk strings of the reply become: `'text'`, in which what is not UTF-8 is replaced, or `'bytes'`. `'text'`. */
  readonly replies?: 'text' | 'bytes' | undefined;
}

/** For who has nothing to say. */
export const NO_SEND_OPTIONS: RedisSendOptions = Object.freeze({});

const SEND_OPTION_NAMES: readonly string[] = ['signal', 'timeoutMs', 'isIdempotent', 'replies'];

/**
 * The command that `args` and `options` describe, as they are now; `where` has the place of the server, which is asked for only to name it.
 *
 * @throws TypeError, RangeError for wrong arguments and options, and for a command that is not for a shared connection; LimitError `maxQueuedBytes`.
 */
export function createCommand(
  args: readonly RedisArgument[],
  options: RedisSendOptions,
  { commandTimeoutMs, maxQueuedBytes }: Pick<ResolvedRedisOptions, 'commandTimeoutMs' | 'maxQueuedBytes'>,
  where: { readonly place: string },
): RedisCommand {
  const frame = encodeCommand(args);
  const kind = kindOfCommand(args);
  if (kind === 'refused') {
    throw new TypeError(`${nameOfCommand(args[0])} cannot be sent over a shared connection: it has not exactly one reply, or changes the connection for all`);
  }
  if (frame.length > maxQueuedBytes) throw oversizeCommand(nameOfCommand(args[0]), frame.length, maxQueuedBytes, where.place);
  if (options === NO_SEND_OPTIONS) return new RedisCommand(args[0], frame, 'text', kind === 'read', commandTimeoutMs, false);
  checkKeys('options', options as unknown, SEND_OPTION_NAMES);
  abortSignal('options.signal', options.signal);
  const timeoutMs = options.timeoutMs === undefined ? commandTimeoutMs : durationMs('options.timeoutMs', options.timeoutMs);
  const isIdempotent = options.isIdempotent === undefined ? kind === 'read' : flag('options.isIdempotent', options.isIdempotent);
  const strings = options.replies === undefined ? 'text' : oneOf('options.replies', options.replies, ['text', 'bytes']);
  return new RedisCommand(args[0], frame, strings, isIdempotent, Math.ceil(timeoutMs), false);
}

function oversizeCommand(command: string, bytes: number, most: number, place: string): LimitError {
  const message = `${command}: a command for Redis at ${place} may have ${most} bytes; this one has ${bytes}`;
  return new LimitError('maxQueuedBytes', message, { details: { place, command, most }, delivery: 'unsent' });
}
