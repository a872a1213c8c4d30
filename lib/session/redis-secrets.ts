/** Sealed secrets in Redis, shared by all processes: one value each, replaced by who has seen its version. */

import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import type { NewSecret, VersionedSecret } from '../base/versioned-secrets.ts';
import { replyNumber, replyText, wrongTypeAsNothing } from './redis-reply.ts';
import { REPLACE_SECRET, SECRET_HEAD } from './redis-secret-scripts.ts';
import type { RedisKeyNames } from './redis-session-keys.ts';
import type { RedisStore } from './redis-store.ts';
import type { SessionSeal } from './session-seal.ts';

/** What {@link RedisSecrets} are made with. */
export interface RedisSecretsOptions {
  readonly store: RedisStore;
  readonly names: RedisKeyNames;
  readonly log: Log;
  readonly seal: SessionSeal;
  /** The most bytes of one value. */
  readonly maxBytes: number;
}

const SECRET_VALUE = new RegExp(`^${SECRET_HEAD}([A-Za-z0-9_-]{1,64}):`);

/**
 * Values: `mcs1:<version>:<sealed text>`. The version stands in front so that a script can compare it; key and version are bound into what is sealed, so that a value that was moved
 * or an older one that was put back under a newer version does not open.
 */
export class RedisSecrets {
  readonly #options: RedisSecretsOptions;

  constructor(options: RedisSecretsOptions) {
    this.#options = options;
  }

  async find(key: string): Promise<VersionedSecret | undefined> {
    const { store, names, seal, maxBytes, log } = this.#options;
    const name = await names.ofSecret(key);
    // No more is read than one may have; another type holds nothing of ours.
    const value = replyText(await store.operate(({ send }) => send(['GETRANGE', name, '0', String(maxBytes)], true).catch(wrongTypeAsNothing)));
    const [head, version] = SECRET_VALUE.exec(value) ?? [];
    if (head === undefined || version === undefined) return undefined;
    const opened = value.length > maxBytes ? undefined : await seal.open(value.slice(head.length), boundToPlace(name, head));
    if (opened === undefined) log.warn('A stored secret does not open under the keys that there are, and counts as nothing', { key: name });
    return { version, text: opened === undefined ? undefined : new Secret(opened) };
  }

  /** @throws RangeError for a secret that takes more than the most bytes. */
  async replace(key: string, expectedVersion: string | undefined, next: NewSecret | undefined, keepMs: string): Promise<boolean> {
    const name = await this.#options.names.ofSecret(key);
    const value = next === undefined ? '' : await this.#encode(next, name);
    const args = [expectedVersion ?? '', value, keepMs, next?.version ?? ''];
    return (await this.#options.store.operate(async (road) => replyNumber(await road.run(REPLACE_SECRET, [name], args)))) === 1;
  }

  async #encode({ version, text }: NewSecret, name: string): Promise<string> {
    const { seal, maxBytes } = this.#options;
    const head = `${SECRET_HEAD}${version}:`;
    const value = head + (await seal.seal(text.reveal(), boundToPlace(name, head)));
    if (value.length <= maxBytes) return value;
    throw new RangeError(`A secret takes ${value.length} bytes, more than maxRecordBytes, ${maxBytes}`);
  }
}

function boundToPlace(name: string, head: string): string {
  return `${name}\n${head}`;
}
