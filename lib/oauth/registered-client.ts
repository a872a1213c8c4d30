/** A client, as one authorization server knows it, and what is stored of it. Source: MCP 2026-07-28, client registration, "Authorization Server Binding". */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { Secret } from '../base/secret.ts';
import type { ClientCredentials } from './authorization-server.ts';

type RegisteredMethod = ClientCredentials['tokenEndpointAuthMethod'];

/** How the authorization server came to know the client: the host registered it, it reads the client's document, or it was asked to. */
export type RegistrationKind = 'pre-registered' | 'metadata-document' | 'dynamic';

/** One client at one issuer; it is shown to no other. */
export interface RegisteredClient {
  readonly kind: RegistrationKind;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  /** How it is registered to prove itself; `undefined` where nobody said. */
  readonly registeredMethod: RegisteredMethod | undefined;
  /** The moment from which the secret is good no more, in milliseconds since 1970; `undefined` for never. */
  readonly secretExpiresAtMs: number | undefined;
}

const REGISTRATION_KINDS: readonly RegistrationKind[] = ['pre-registered', 'metadata-document', 'dynamic'];
const REGISTERED_METHODS: readonly RegisteredMethod[] = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'];
// RFC 6749 appendix A.1 and A.2.
const VISIBLE_TEXT = /^[\x20-\x7e]{1,4096}$/;

/** `value` where it can be a client id or a client secret: 1 to 4,096 characters of visible ASCII and space. */
export function clientTextOf(value: unknown): string | undefined {
  return typeof value === 'string' && VISIBLE_TEXT.test(value) ? value : undefined;
}

/** `value` where it is a way to prove oneself that is known here. */
export function registeredMethodOf(value: unknown): RegisteredMethod | undefined {
  return REGISTERED_METHODS.find((method) => method === value);
}

/** Whether a client can still be used at `nowMs` (since 1970). */
export function isUsableClient({ secretExpiresAtMs }: RegisteredClient, nowMs: number): boolean {
  return secretExpiresAtMs === undefined || nowMs < secretExpiresAtMs;
}

/** What is stored of a client: JSON, with the secret in the clear. The store has to keep it as it would a password. */
export function clientToJSON(client: RegisteredClient): JSONObject {
  const { kind, issuer, clientId, clientSecret, registeredMethod, secretExpiresAtMs } = client;
  return { version: 1, kind, issuer, clientId, clientSecret: clientSecret?.reveal(), registeredMethod, secretExpiresAtMs };
}

/** The client that {@link clientToJSON} stored, where it is one of `issuer`; `undefined` for whatever else there is. */
export function clientFromJSON(value: unknown, issuer: string): RegisteredClient | undefined {
  if (!isObject(value) || own(value, 'version') !== 1 || own(value, 'issuer') !== issuer) return undefined;
  const kind = REGISTRATION_KINDS.find((known) => known === own(value, 'kind'));
  const clientId = clientTextOf(own(value, 'clientId'));
  const secret = own(value, 'clientSecret');
  const method = own(value, 'registeredMethod');
  const expires = own(value, 'secretExpiresAtMs');
  if (kind === undefined || clientId === undefined) return undefined;
  if (secret !== undefined && clientTextOf(secret) === undefined) return undefined;
  if (method !== undefined && registeredMethodOf(method) === undefined) return undefined;
  if (expires !== undefined && typeof expires !== 'number') return undefined;
  const clientSecret = typeof secret === 'string' ? new Secret(secret) : undefined;
  return { kind, issuer, clientId, clientSecret, registeredMethod: registeredMethodOf(method), secretExpiresAtMs: expires };
}
