/** Who a client says it is. */

/** User and password. Neither is printed, inspected or turned into JSON: only who asks for the password by its method gets it. */
export class RedisCredentials {
  /** The ACL user. */
  readonly username: string;
  readonly #password: string;

  constructor(username: string, password: string) {
    this.username = username;
    this.#password = password;
  }

  /** The password, for who sends it. */
  revealPassword(): string {
    return this.#password;
  }

  /** As JSON, the user alone. */
  toJSON(): { readonly username: string } {
    return { username: this.username };
  }
}

/** The user that a password without a user belongs to. Source: Redis, "ACL", AUTH with one argument. */
export const DEFAULT_REDIS_USER = 'default';
