/** The id of a session, as a response carries it. */

import { isVisible } from './field-syntax.ts';

/** The longest session id that is taken. */
export const MAX_SESSION_ID_CHARACTERS = 1_024;

/**
 * What a response says of its session. `none`: no session. `given`: this one. `refused`: something that is no session id
 * and must never be sent back; `reason` says why and does not show it.
 */
export type SessionIdAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'given'; readonly sessionId: string }
  | { readonly kind: 'refused'; readonly reason: string };

const NO_SESSION: SessionIdAnswer = Object.freeze({ kind: 'none' });

/**
 * Reads an `Mcp-Session-Id`, `null` where a response has none: 1 to `maxCharacters` characters of visible ASCII. Two such
 * headers arrive joined by a comma and a space, and are refused for the space.
 * Source: MCP 2025-11-25, Streamable HTTP, "Session Management", 1.
 */
export function checkSessionId(value: string | null, maxCharacters: number = MAX_SESSION_ID_CHARACTERS): SessionIdAnswer {
  if (value === null) return NO_SESSION;
  if (value === '') return refusedSessionId('it is empty');
  if (value.length > maxCharacters) return refusedSessionId(`it has ${value.length} characters, and ${maxCharacters} are the most`);
  for (let index = 0; index < value.length; index++) {
    if (isVisible(value.charCodeAt(index))) continue;
    const joined = value.startsWith(', ', index - 1);
    return refusedSessionId(joined ? 'there are two of them' : `it has a character outside of 0x21 to 0x7E at index ${index}`);
  }
  return { kind: 'given', sessionId: value };
}

function refusedSessionId(reason: string): SessionIdAnswer {
  return { kind: 'refused', reason: `Expected a session id of visible ASCII; ${reason}` };
}
