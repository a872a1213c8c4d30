/** Tokens as they are stored: under which key, and as which text. What comes out of a store is not trusted. */

import type { Clock } from '../base/clock.ts';
import { digestOfParts } from '../base/digest-parts.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import { checkToken } from '../http/header-value.ts';
import { storedJSON } from './stored-json.ts';
import type { TokenFacts, TokenOwner } from './token-set.ts';
import { TokenSet } from './token-set.ts';

const TOKEN_PURPOSE = 'barewire token key 1';
const SHAPE = 1;
// Two tokens and a scope, each as long as one may be, with what JSON puts around.
const MAX_STORED_CHARACTERS = 128 * 1024;
const STORED_LEVELS = 1;
// The last moment that a Date can hold. Source: ECMA-262, "Time Values and Time Range".
const LAST_DATE_MS = 8.64e15;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** The key under which tokens of `owner` are stored: `v1:` and a digest, from which nothing of it can be read. */
export async function tokenKey({ issuer, resource, clientId, user, keyThumbprint }: TokenOwner): Promise<string> {
  const parts = [['issuer', issuer], ['resource', resource], ['clientId', clientId], ['user', user], ['keyThumbprint', keyThumbprint]] as const;
  return `v1:${await digestOfParts(TOKEN_PURPOSE, parts)}`;
}

/** `tokens` as a text, which is a secret: JSON, with the tokens readable in it. */
export function encodeTokenSet(tokens: TokenSet): Secret {
  const { accessToken, refreshToken, tokenType, scope, issuedOn, expiresOn, replacesRefused } = tokens;
  const { issuer, resource, clientId, user, keyThumbprint } = tokens.owner;
  const facts = { tokenType, scope, issuedOn, expiresOn, replacesRefused, issuer, resource, clientId, user, keyThumbprint };
  return new Secret(JSON.stringify({ version: SHAPE, accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal(), ...facts }));
}

/** The tokens of `owner` that `text` holds; `undefined` for whatever is no such thing: another shape, another owner, a token that no header can carry. Throws nothing. */
export function decodeTokenSet(text: Secret, owner: TokenOwner, clock: Clock): TokenSet | undefined {
  const json = storedJSON(text, MAX_STORED_CHARACTERS, STORED_LEVELS);
  if (!isObject(json) || own(json, 'version') !== SHAPE || !isOf(json, owner)) return undefined;
  const facts = readFacts(json, owner);
  return facts === undefined ? undefined : new TokenSet(facts, clock);
}

function isOf(json: JSONObject, owner: TokenOwner): boolean {
  return (['issuer', 'resource', 'clientId', 'user', 'keyThumbprint'] as const).every((name) => own(json, name) === owner[name]);
}

function readFacts(json: JSONObject, owner: TokenOwner): TokenFacts | undefined {
  const [accessToken, refreshToken, scope] = ['accessToken', 'refreshToken', 'scope'].map((name) => own(json, name));
  const [tokenType, issuedOn, expiresOn, replacesRefused] = ['tokenType', 'issuedOn', 'expiresOn', 'replacesRefused'].map((name) => own(json, name));
  if (tokenType !== 'Bearer' && tokenType !== 'DPoP') return undefined;
  if (!isAccessToken(accessToken) || !(refreshToken === undefined || isPrintable(refreshToken)) || !(scope === undefined || scope === '' || isPrintable(scope))) return undefined;
  if (!isMoment(issuedOn) || !(expiresOn === undefined || isMoment(expiresOn)) || typeof replacesRefused !== 'boolean') return undefined;
  const secrets = { accessToken: new Secret(accessToken), refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken) };
  return { owner, tokenType, scope, issuedOn, expiresOn, replacesRefused, ...secrets };
}

function isAccessToken(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    return checkToken(value) === value;
  } catch {
    return false;
  }
}

function isPrintable(value: unknown): value is string {
  return typeof value === 'string' && PRINTABLE.test(value);
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_DATE_MS;
}
