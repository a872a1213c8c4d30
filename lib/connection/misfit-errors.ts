/** What a check of the protocol found wrong, as the error that a host hears of. */

import { PeerProtocolError } from '../base/errors.ts';
import { escapeText } from '../base/text.ts';
import { Misfit } from '../protocol/checks/check.ts';

/** `cause` as the error of a request whose result could not be read: a misfit with its place, anything else as it is. */
export function invalidResult(method: string, cause: unknown): unknown {
  if (!(cause instanceof Misfit)) return cause;
  return new PeerProtocolError('ERR_MCP_INVALID_RESULT', `The result of ${method} is not valid: ${cause.message}`, {
    details: { method, pointer: cause.pointer },
    delivery: 'answered',
  });
}

/** The fault of a notification whose params are not what the protocol says. */
export function invalidParams(method: string, misfit: Misfit): PeerProtocolError {
  const details = { method, pointer: misfit.pointer };
  return new PeerProtocolError('ERR_MCP_INVALID_PARAMS', `The params of ${escapeText(method)} are not valid: ${misfit.message}`, { details });
}
