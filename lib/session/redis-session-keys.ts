/** What the keys in Redis are called. */

import { hexDigest } from './redis-digest.ts';

/** The keys of one lock. */
export interface RedisLockKeys {
  /** Holds the token of who has the lock. */
  readonly lock: string;
  /** Holds the fence of the latest holder. */
  readonly fence: string;
  /** There when somebody has lately asked in vain. */
  readonly wanted: string;
}

/** The keys of one session. */
export interface RedisSessionKeys {
  readonly record: string;
  /** Where a value goes that stood in place of the record and is none. */
  readonly quarantine: string;
  /** A sorted set: who uses the session, each with the moment when it is forgotten. */
  readonly members: string;
  readonly lock: RedisLockKeys;
}

// What stands for itself. The colon too, as the key of a session has one; the bracket that ends the tag cannot follow from it.
const ESCAPED = /[^A-Za-z0-9._:-]/g;
const LONGEST_ESCAPED = 200;

/**
 * `text` in letters, digits and `. _ : - %`, at most 200 of them; two texts never have one form. Every other UTF-16 code unit is written as `%` and four hexadecimal
 * digits; what gets longer than that is `%sha256:` and a digest, which no escape begins like.
 */
export async function escapeRedisName(text: string): Promise<string> {
  const escaped = text.replace(ESCAPED, (unit) => `%${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
  return escaped.length <= LONGEST_ESCAPED ? escaped : `%sha256:${await hexDigest('SHA-256', escaped)}`;
}

/**
 * Names keys: the prefix, the session as a hash tag, the purpose. All keys of a session have one tag, so they live in one slot of a
 * cluster. Source: Redis cluster specification, "Hash tags".
 */
export class RedisKeyNames {
  readonly #prefix: string;

  /** The prefix must have no curly bracket, which would be taken for the tag. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The keys of the session under `key`. */
  async ofSession(key: string): Promise<RedisSessionKeys> {
    const tagged = await this.#tagged(key);
    return {
      record: `${tagged}record`,
      quarantine: `${tagged}quarantine`,
      members: `${tagged}members`,
      lock: { lock: `${tagged}lock`, fence: `${tagged}fence`, wanted: `${tagged}wanted` },
    };
  }

  /** The keys of the lease `name`. What is behind its last slash is the purpose, what is before it the session that it belongs to, if there is a slash. */
  async ofLease(name: string): Promise<RedisLockKeys> {
    const slash = name.lastIndexOf('/');
    const tagged = await this.#tagged(slash === -1 ? name : name.slice(0, slash));
    // Escaped, the purpose has no slash: a name without one is not the name with an empty purpose.
    const purpose = slash === -1 ? '' : `/${await escapeRedisName(name.slice(slash + 1))}`;
    return { lock: `${tagged}lease${purpose}`, fence: `${tagged}lease-fence${purpose}`, wanted: `${tagged}lease-wanted${purpose}` };
  }

  /** The key of a group of results. */
  async ofResults(group: string): Promise<string> {
    return `${await this.#tagged(group)}results`;
  }

  /** The key of a secret. */
  async ofSecret(key: string): Promise<string> {
    return `${await this.#tagged(key)}secret`;
  }

  async #tagged(key: string): Promise<string> {
    return `${this.#prefix}{${await escapeRedisName(key)}}:`;
  }
}
