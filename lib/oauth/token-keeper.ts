import { pauseBeforeRetryMs } from '../base/backoff.ts';
import { delay } from '../base/clock.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { NewSecret } from '../base/versioned-secrets.ts';
import type { TokenSet } from './token-set.ts';
import { TokenShelf } from './token-shelf.ts';
import type { ShelvedTokens } from './token-shelf.ts';

/** Tokens that are not in the store yet. */
interface UnsavedTokens {
  readonly tokens: TokenSet;
  readonly secret: NewSecret;
  /** Whether they take the place of what stands there. */
  readonly replaces: (shelved: ShelvedTokens) => boolean;
}

const SAVE_TRIES = 4;
const [FIRST_SAVE_PAUSE_MS, LONGEST_SAVE_PAUSE_MS] = [100, 1_000];
const SAVE_AGAIN_MS = 5_000;
const MOST_RACES = 10;

/** What one process holds of the tokens of an owner: those it uses, and those it has to store still. */
export class TokenKeeper {
  readonly #shelf: TokenShelf;
  readonly #clock: Clock;
  readonly #log: Log;
  /** What is used at the moment. */
  known: TokenSet | undefined;
  #unsaved: UnsavedTokens | undefined;
  #saving: Promise<void> | undefined;
  #cancelSave: CancelTimer | undefined;
  #isClosed = false;

  constructor(shelf: TokenShelf, clock: Clock, log: Log) {
    this.#shelf = shelf;
    this.#clock = clock;
    this.#log = log;
  }

  /** What stands in the store, once it has what is newer here. */
  async read(): Promise<ShelvedTokens> {
    await this.#saveOnce();
    return this.#shelf.read();
  }

  /**
   * Uses `tokens` from now on, and stores them in place of what `replaces` says: at once, or, where the store is away for longer, as soon as it is back. Resolves with what
   * is to be used: something else where that was stored meanwhile.
   */
  async keep(tokens: TokenSet, replaces: UnsavedTokens['replaces']): Promise<TokenSet | undefined> {
    const unsaved = { tokens, secret: TokenShelf.wrap(tokens), replaces };
    this.known = tokens;
    this.#unsaved = unsaved;
    for (let failures = 0; this.#unsaved === unsaved && failures < SAVE_TRIES; ) {
      try {
        await this.#saveOnce();
      } catch (cause) {
        if (++failures < SAVE_TRIES) await delay(this.#clock, pauseBeforeRetryMs(FIRST_SAVE_PAUSE_MS, failures, LONGEST_SAVE_PAUSE_MS, Math.random()));
        else this.#log.warn('New tokens could not be stored yet; they are used by this process alone', { cause });
      }
    }
    this.#saveLater();
    return this.known;
  }

  /** Forgets `tokens`, and nothing that took their place. */
  async forget(tokens: TokenSet): Promise<void> {
    if (this.known?.hasTokenOf(tokens) === true) this.known = undefined;
    if (this.#unsaved?.tokens.hasTokenOf(tokens) === true) this.#unsaved = undefined;
    const { version, tokens: shelved } = await this.#shelf.read();
    if (version !== undefined && shelved?.hasTokenOf(tokens) === true) await this.#shelf.remove(version);
  }

  /** Ends the tries to store what could not be stored yet. */
  close(): void {
    this.#isClosed = true;
    this.#cancelSave?.();
  }

  /** Whoever renews the old ones before these are stored signs everybody out. */
  #saveLater(): void {
    this.#cancelSave?.();
    if (this.#unsaved === undefined || this.#isClosed) return;
    this.#cancelSave = this.#clock.afterInBackground(SAVE_AGAIN_MS, () => {
      const again = (): void => this.#saveLater();
      this.#saveOnce().then(again, again);
    });
  }

  #saveOnce(): Promise<void> {
    const unsaved = this.#unsaved;
    if (unsaved === undefined) return Promise.resolve();
    this.#saving ??= this.#save(unsaved).finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  /** Where something stands in the store that was made later, that is used from now on. */
  async #save(unsaved: UnsavedTokens): Promise<void> {
    for (let races = 0; races < MOST_RACES; races++) {
      const shelved = await this.#shelf.read();
      const isOlder = shelved.version !== unsaved.secret.version && unsaved.replaces(shelved);
      if (isOlder && !(await this.#shelf.replace(shelved.version, unsaved.secret))) continue;
      if (this.#unsaved !== unsaved) return;
      this.#unsaved = undefined;
      if (!isOlder) this.known = shelved.tokens;
      return;
    }
    throw new AuthorizationError('ERR_MCP_AUTH_STORE', `The tokens in the store were replaced by others ${MOST_RACES} times in a row`);
  }
}
