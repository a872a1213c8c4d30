/** Requests for authorization that wait for their answer, kept where the tokens are: the answer may come to another process, once. */

import { digestOfParts } from '../base/digest-parts.ts';
import { isObject, own } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import { randomTokenId } from './jwt.ts';
import { PendingAuthorization } from './pending-authorization.ts';
import { storedJSON } from './stored-json.ts';
import type { TokenStore } from './token-store.ts';

/** What is kept of a request. */
export interface KeptRequest {
  readonly pending: PendingAuthorization;
  /** The URL of the server that is to be let in to. */
  readonly serverUrl: string;
  /** Where its challenge said that its metadata is, if it did. */
  readonly challengedUrl: string | undefined;
  /** Whether the tokens are to be bound to a key. */
  readonly isBound: boolean;
}

const PENDING_PURPOSE = 'barewire pending authorization key 1';
const MAX_KEPT_CHARACTERS = 64 * 1024;
const KEPT_LEVELS = 4;

/** Keeps a request until its answer comes, or the store forgets it. */
export async function keepPending(store: TokenStore, { pending, ...facts }: KeptRequest): Promise<void> {
  const text = new Secret(JSON.stringify({ ...facts, pending: pending.toStored() }));
  await store.replace(await pendingKey(pending.facts.state.reveal()), undefined, { version: randomTokenId(), text });
}

/** Takes the request with this `state` out of the store: of several who have its answer, one gets it. */
export async function takePending(store: TokenStore, state: string): Promise<KeptRequest | undefined> {
  const key = await pendingKey(state);
  const found = await store.read(key);
  if (found?.text === undefined) return undefined;
  // By a mark of one's own: that nothing stands there any more is what a second one who takes it would be told too.
  const mark = { version: randomTokenId(), text: new Secret('taken') };
  if (!(await store.replace(key, found.version, mark))) return undefined;
  await store.replace(key, mark.version, undefined);
  const kept = storedJSON(found.text, MAX_KEPT_CHARACTERS, KEPT_LEVELS);
  if (!isObject(kept)) return undefined;
  const serverUrl = own(kept, 'serverUrl');
  if (typeof serverUrl !== 'string' || !URL.canParse(serverUrl)) return undefined;
  const challengedUrl = own(kept, 'challengedUrl');
  return { serverUrl, challengedUrl: typeof challengedUrl === 'string' ? challengedUrl : undefined, isBound: own(kept, 'isBound') === true, pending: PendingAuthorization.fromStored(own(kept, 'pending')) };
}

async function pendingKey(state: string): Promise<string> {
  return `v1:${await digestOfParts(PENDING_PURPOSE, [['state', state]])}`;
}
