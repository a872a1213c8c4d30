/** Under which key a session is stored. */

import { digestOfParts } from '../base/digest-parts.ts';
import type { DigestPart } from '../base/digest-parts.ts';

/** Whose session it is: two askers whose parts differ anywhere never share one. */
export interface SessionOwner {
  /** The URL of the endpoint as it is spoken to, in the form that `URL.href` has. */
  readonly endpoint: string;
  /** Who is asking, in words of the host. */
  readonly sessionKey?: string | undefined;
  /** What the server knows the asker by, such as the value of an `Authorization` header. Only its digest goes any further. */
  readonly credential?: string | undefined;
  /**
   * What the asker declares to the server that it can do, as a text; left out for nothing. A server asks what was declared when the
   * session began, so only who can answer that may take it up.
   */
  readonly capabilities?: string | undefined;
}

const KEY_VERSION = 'v1:';
// What is digested begins with words of its own, so that a digest made for another purpose is never a key.
const SESSION_PURPOSE = 'barewire session key 1';

/**
 * The key of a session: `v1:` and the SHA-256, as 64 hexadecimal digits, of the purpose and the three parts, each as UTF-8 after its length in
 * bytes as four bytes, most significant first; an absent part is the length 0xffffffff and nothing else. Capabilities are a fourth part,
 * which is not there at all when they are left out: the key of an asker without any is made of three. So no part can reach into the next, and
 * one that is empty is not one that is absent. The key shows neither endpoint nor credential, but who can guess a credential
 * can tell from the key that the guess is right.
 *
 * @throws TypeError for a part that is no string, or not well-formed UTF-16 (two such texts could have one form in UTF-8).
 */
export async function sessionKey(owner: SessionOwner): Promise<string> {
  const { endpoint, sessionKey, credential, capabilities } = owner;
  if (typeof endpoint !== 'string') throw new TypeError('endpoint must be a string');
  const parts: DigestPart[] = [['endpoint', endpoint], ['sessionKey', sessionKey], ['credential', credential]];
  if (capabilities !== undefined) parts.push(['capabilities', capabilities]);
  return KEY_VERSION + (await digestOfParts(SESSION_PURPOSE, parts));
}
