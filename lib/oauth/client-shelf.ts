/** Clients that were registered, kept where the tokens are: each under its issuer and its redirect URL, and shown to no other. */

import { digestOfParts } from '../base/digest-parts.ts';
import { isTooDeep } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import { randomTokenId } from './jwt.ts';
import { clientFromJSON, clientToJSON } from './registered-client.ts';
import type { RegisteredClient } from './registered-client.ts';
import type { TokenStore } from './token-store.ts';

const CLIENT_PURPOSE = 'barewire client key 1';
const BINDING_PURPOSE = 'barewire client binding key 1';
const MAX_CLIENT_CHARACTERS = 64 * 1024;
const RECORD_LEVELS = 3;

/** The client that was registered at `issuer` for `redirectUrl`, and what its place in the store holds. */
export async function storedClient(store: TokenStore, issuer: string, redirectUrl: string): Promise<RegisteredClient | undefined> {
  const found = await store.read(await clientKey(issuer, redirectUrl));
  return found?.text === undefined ? undefined : clientFromJSON(parsedRecord(found.text), issuer);
}

/** Keeps a client. What another process has registered meanwhile stays, and is what comes back: all of them are to have the same. */
export async function keepClient(store: TokenStore, client: RegisteredClient, redirectUrl: string): Promise<RegisteredClient> {
  const key = await clientKey(client.issuer, redirectUrl);
  const before = await store.read(key);
  const isKept = await store.replace(key, before?.version, { version: randomTokenId(), text: new Secret(JSON.stringify(clientToJSON(client))) });
  return isKept ? client : (await storedClient(store, client.issuer, redirectUrl)) ?? client;
}

/** Forgets a client that its authorization server does not know any more, and none that took its place. */
export async function dropClient(store: TokenStore, { issuer, clientId }: RegisteredClient, redirectUrl: string): Promise<void> {
  const key = await clientKey(issuer, redirectUrl);
  const found = await store.read(key);
  const shelved = found?.text === undefined ? undefined : clientFromJSON(parsedRecord(found.text), issuer);
  if (found !== undefined && shelved?.clientId === clientId) await store.replace(key, found.version, undefined);
}

/** The issuer that a client without one was bound to when it was first used: `issuer` where that is now. */
export async function boundIssuer(store: TokenStore, clientId: string, origin: string, issuer: string): Promise<string> {
  const key = `v1:${await digestOfParts(BINDING_PURPOSE, [['clientId', clientId], ['origin', origin]])}`;
  for (;;) {
    const found = await store.read(key);
    const bound = found?.text === undefined ? undefined : parsedRecord(found.text);
    if (typeof bound === 'string') return bound;
    if (await store.replace(key, found?.version, { version: randomTokenId(), text: new Secret(JSON.stringify(issuer)) })) return issuer;
  }
}

async function clientKey(issuer: string, redirectUrl: string): Promise<string> {
  return `v1:${await digestOfParts(CLIENT_PURPOSE, [['issuer', issuer], ['redirectUrl', redirectUrl]])}`;
}

function parsedRecord(text: Secret): unknown {
  const json = text.reveal();
  if (json.length > MAX_CLIENT_CHARACTERS || isTooDeep(json, RECORD_LEVELS)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
