/** Clients that were registered, kept where the tokens are: each under its issuer and its place, and shown to no other. */

import { digestOfParts } from '../base/digest-parts.ts';
import { Secret } from '../base/secret.ts';
import { randomTokenId } from './jwt.ts';
import { clientFromJSON, clientToJSON } from './registered-client.ts';
import type { RegisteredClient } from './registered-client.ts';
import { storedJSON } from './stored-json.ts';
import type { TokenStore } from './token-store.ts';

const CLIENT_PURPOSE = 'barewire client key 1';
const BINDING_PURPOSE = 'barewire client binding key 1';
const MAX_CLIENT_CHARACTERS = 64 * 1024;
const RECORD_LEVELS = 3;

/** What a client is kept for: the redirect URL that it was registered with; or, where that is another one each time, whose tokens were issued to it. */
export type ClientPlace = { readonly redirectUrl: string } | { readonly resource: string; readonly user: string | undefined };

/** The client of `issuer` in this place. */
export async function storedClient(store: TokenStore, issuer: string, place: ClientPlace): Promise<RegisteredClient | undefined> {
  const found = await store.read(await clientKey(issuer, place));
  return found?.text === undefined ? undefined : clientFromJSON(parsedRecord(found.text), issuer);
}

/** Keeps a client. What another process has registered meanwhile stays, and is what comes back: all of them are to have the same. */
export async function keepClient(store: TokenStore, client: RegisteredClient, place: ClientPlace): Promise<RegisteredClient> {
  const key = await clientKey(client.issuer, place);
  const before = await store.read(key);
  const isKept = await store.replace(key, before?.version, { version: randomTokenId(), text: new Secret(JSON.stringify(clientToJSON(client))) });
  return isKept ? client : (await storedClient(store, client.issuer, place)) ?? client;
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

async function clientKey(issuer: string, place: ClientPlace): Promise<string> {
  const parts = 'redirectUrl' in place ? ([['redirectUrl', place.redirectUrl]] as const) : ([['resource', place.resource], ['user', place.user]] as const);
  return `v1:${await digestOfParts(CLIENT_PURPOSE, [['issuer', issuer], ...parts])}`;
}

function parsedRecord(text: Secret): unknown {
  return storedJSON(text, MAX_CLIENT_CHARACTERS, RECORD_LEVELS);
}
