/** Where fresh tokens come from: out of memory, out of the store, or from the authorization server, which is asked by one for all. */

import { orAbort } from '../base/abort.ts';
import { pauseBeforeRetryMs } from '../base/backoff.ts';
import type { AbortSource } from '../base/cancellation.ts';
import { delay } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { AuthorizationError, isMCPError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { quiet } from '../base/quiet.ts';
import { TokenKeeper } from './token-keeper.ts';
import type { TokenOwner, TokenSet } from './token-set.ts';
import { TokenShelf, isStoreFailure } from './token-shelf.ts';
import type { ShelvedTokens } from './token-shelf.ts';
import type { TokenLock, TokenStore } from './token-store.ts';

/** How tokens are renewed without a human. */
export interface TokenRenewal {
  /** Whether it is worth trying with what there is: a refresh token, or whatever else it takes. */
  canRenew(tokens: TokenSet | undefined): boolean;
  /**
   * Asks for new tokens, once. It is not told of callers that give up: the answer may hold the only refresh token that is good from now on.
   *
   * @throws AuthorizationError; `invalid_grant` ends the tokens there are, where it takes some, and so does what {@link TokenRenewal.isOver} says it of; everything else leaves them.
   */
  renew(tokens: TokenSet | undefined): Promise<TokenSet>;
  /** Whether what `renew` threw says in another way that no renewal of these tokens can succeed any more. */
  isOver?(error: unknown): boolean;
}

/** What a {@link TokenSource} is made with. */
export interface TokenSourceOptions {
  readonly owner: TokenOwner;
  readonly store: TokenStore;
  readonly renewal: TokenRenewal;
  readonly clock: Clock;
  readonly log: Log;
  /** How long before they expire tokens are renewed, milliseconds, and never earlier than in the last quarter of their life; 60,000 where it is left out. */
  readonly skewMs?: number | undefined;
  /** How long one waits for another one who renews them, milliseconds; 30,000 where it is left out. */
  readonly waitMs?: number | undefined;
}

/** What is to be done about tokens: they are good, others are needed, or there is no way without a human. */
type Verdict = 'use' | 'renew' | 'none';

const DEFAULT_SKEW_MS = 60_000;
const DEFAULT_RENEWAL_WAIT_MS = 30_000;
const SKEW_OF_LIFE = 1 / 4;
/** A token refused so soon after it was issued because of a refusal is not a matter of its age. */
const REFUSED_AGAIN_MS = 60_000;
const [FIRST_RENEWAL_POLL_MS, LONGEST_RENEWAL_POLL_MS] = [20, 250];
const [FIRST_RENEWAL_PAUSE_MS, LONGEST_RENEWAL_PAUSE_MS] = [1_000, 30_000];

/**
 * Tokens of one owner. However many ask in however many processes over one store: new tokens are asked for once, and who comes second takes what the first one stored.
 * Tokens in memory are used as long as they live, store or no store; without the store nothing is renewed, as a refresh token that is used twice signs everybody out.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #shelf: TokenShelf;
  readonly #keeper: TokenKeeper;
  readonly #flights = new Map<string, Promise<TokenSet | undefined>>();
  #failures = 0;
  #pausedUntil = -Infinity;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#shelf = new TokenShelf(options.store, options.owner, options.clock);
    this.#keeper = new TokenKeeper(this.#shelf, options.clock, options.log);
  }

  /**
   * Tokens that live for a while still; `undefined` when a human has to sign in. Where they cannot be renewed just now, or somebody else is about it, the old ones for
   * as long as they live.
   *
   * @throws AuthorizationError `ERR_MCP_AUTH_STORE`; what the renewal throws; the reason of `signal`, which ends the wait, and not the renewal.
   */
  async current(signal: AbortSource): Promise<TokenSet | undefined> {
    signal.throwIfAborted();
    const { known } = this.#keeper;
    return known !== undefined && this.#isFresh(known) ? known : this.#share('current', undefined, signal);
  }

  /**
   * What to try in place of `refused`, which the resource refused though they live still: what somebody else got meanwhile, or new tokens. `undefined` when there is nothing to be
   * tried but a human: also when `refused` are themselves the answer to a refusal, whoever asked for them.
   *
   * @throws AuthorizationError as {@link TokenSource.current}.
   */
  async rejected(refused: TokenSet, signal: AbortSource): Promise<TokenSet | undefined> {
    signal.throwIfAborted();
    const { known } = this.#keeper;
    if (known !== undefined && !known.hasTokenOf(refused) && this.#isFresh(known)) return known;
    return this.#share(`refused ${refused.accessToken.reveal()}`, refused, signal);
  }

  /**
   * What took the place of `held`, which live still but may do too little: issued to somebody else who asked for more. Nothing is renewed; `undefined` where they stand unchanged.
   *
   * @throws AuthorizationError `ERR_MCP_AUTH_STORE`; the reason of `signal`.
   */
  async replacementOf(held: TokenSet, signal: AbortSource): Promise<TokenSet | undefined> {
    signal.throwIfAborted();
    if (isUsable(this.#keeper.known, held)) return this.#keeper.known;
    const { tokens } = await orAbort(this.#keeper.read(), signal);
    return isUsable(tokens, held) ? this.#settle(tokens, 'use') : undefined;
  }

  /** Takes tokens that a human has just been issued: they replace whatever there is. Where the store is away they are used here meanwhile, and stored later. */
  async adopt(tokens: TokenSet): Promise<void> {
    await this.#keeper.keep(tokens, () => true);
  }

  /** Forgets `tokens`, and nothing that took their place. @throws AuthorizationError `ERR_MCP_AUTH_STORE`. */
  async forget(tokens: TokenSet): Promise<void> {
    await this.#keeper.forget(tokens);
  }

  /** Ends the tries to store what could not be stored yet; what is in memory stays. Closing twice is fine. */
  close(): void {
    this.#keeper.close();
  }

  /** Those who want the same have one search, and its outcome. */
  #share(name: string, refused: TokenSet | undefined, signal: AbortSource): Promise<TokenSet | undefined> {
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      flight = quiet(this.#search(refused).finally(() => this.#flights.delete(name)));
      this.#flights.set(name, flight);
    }
    return orAbort(flight, signal);
  }

  async #search(refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    try {
      return await this.#find(refused);
    } catch (error) {
      if (isStoreFailure(error) && isUsable(this.#keeper.known, refused)) return this.#keeper.known;
      throw error;
    }
  }

  /** Until there are tokens to be used, or nobody else is about them. */
  async #find(refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    const { clock, waitMs = DEFAULT_RENEWAL_WAIT_MS } = this.#options;
    const end = clock.now() + waitMs;
    for (let tries = 1; ; tries++) {
      const shelved = await this.#keeper.read();
      const verdict = this.#judge(shelved.tokens, refused);
      if (verdict !== 'renew') return this.#settle(shelved.tokens, verdict);
      const lock = await this.#shelf.tryLock();
      if (lock !== undefined) return this.#renewUnder(lock, refused);
      if (isUsable(shelved.tokens, refused)) return this.#settle(shelved.tokens, 'use');
      if (clock.now() >= end) throw new AuthorizationError('ERR_MCP_AUTH_STORE', `Somebody else renews the tokens, and was not done within ${waitMs} ms`, { details: { waitMs } });
      await delay(clock, pauseBeforeRetryMs(FIRST_RENEWAL_POLL_MS, tries, LONGEST_RENEWAL_POLL_MS, Math.random()));
    }
  }

  /** Somebody may have renewed them before the lock was ours. */
  async #renewUnder(lock: TokenLock, refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    try {
      const shelved = await this.#keeper.read();
      const verdict = this.#judge(shelved.tokens, refused);
      return verdict === 'renew' ? await this.#renew(shelved, refused) : this.#settle(shelved.tokens, verdict);
    } finally {
      await lock.release().catch(() => {});
    }
  }

  async #renew(shelved: ShelvedTokens, refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    let renewed: TokenSet;
    try {
      renewed = await this.#options.renewal.renew(shelved.tokens);
    } catch (error) {
      return this.#notRenewed(error, shelved, refused);
    }
    this.#failures = 0;
    const tokens = refused === undefined ? renewed : renewed.asReplacementOfRefused();
    // What cannot be read, and nothing at all, is worth less than what was just issued.
    const replaces = (now: ShelvedTokens): boolean => now.version === shelved.version || now.tokens === undefined;
    return this.#keeper.keep(tokens, replaces);
  }

  /** The old ones while they live, but for those that are over for certain. */
  async #notRenewed(error: unknown, shelved: ShelvedTokens, refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    const { log, clock, renewal } = this.#options;
    // A grant that takes no tokens says nothing of those there are.
    if ((isInvalidGrant(error) && !renewal.canRenew(undefined)) || renewal.isOver?.(error) === true) return this.#ended(shelved, refused);
    this.#pausedUntil = clock.now() + pauseBeforeRetryMs(FIRST_RENEWAL_PAUSE_MS, ++this.#failures, LONGEST_RENEWAL_PAUSE_MS, Math.random());
    if (!isUsable(shelved.tokens, refused)) throw error;
    log.warn('Tokens could not be renewed; the old ones are used as long as they live', { cause: error });
    return this.#settle(shelved.tokens, 'use');
  }

  /** The server does not know the refresh token any more: unless somebody else has replaced it, the tokens are over for everybody. */
  async #ended(shelved: ShelvedTokens, refused: TokenSet | undefined): Promise<TokenSet | undefined> {
    const now = await this.#shelf.read();
    if (now.version !== shelved.version) return this.#settle(now.tokens, isUsable(now.tokens, refused) ? 'use' : 'none');
    if (shelved.version !== undefined) await this.#shelf.remove(shelved.version);
    this.#options.log.info('The refresh token is not good any more: somebody has to sign in again');
    return this.#settle(undefined, 'none');
  }

  #judge(tokens: TokenSet | undefined, refused: TokenSet | undefined): Verdict {
    const { renewal, clock } = this.#options;
    const usable = isUsable(tokens, refused);
    if (tokens !== undefined && usable && (this.#isFresh(tokens) || clock.now() < this.#pausedUntil)) return 'use';
    if (refused !== undefined && tokens?.hasTokenOf(refused) === true && tokens.replacesRefused && Math.abs(clock.date() - tokens.issuedOn) < REFUSED_AGAIN_MS) return 'none';
    if (renewal.canRenew(tokens)) return 'renew';
    return usable ? 'use' : 'none';
  }

  #settle(tokens: TokenSet | undefined, verdict: Exclude<Verdict, 'renew'>): TokenSet | undefined {
    this.#keeper.known = verdict === 'use' ? tokens : undefined;
    return this.#keeper.known;
  }

  #isFresh(tokens: TokenSet): boolean {
    const { skewMs = DEFAULT_SKEW_MS } = this.#options;
    const { issuedOn, expiresOn } = tokens;
    return tokens.isFresh(expiresOn === undefined ? skewMs : Math.min(skewMs, SKEW_OF_LIFE * (expiresOn - issuedOn)));
  }
}

/** Whether tokens live, and are not those that were refused. */
function isUsable(tokens: TokenSet | undefined, refused: TokenSet | undefined): boolean {
  return tokens !== undefined && tokens.isFresh(0) && (refused === undefined || !tokens.hasTokenOf(refused));
}

function isInvalidGrant(error: unknown): boolean {
  return isMCPError(error) && error.code === 'ERR_MCP_AUTH_REFUSED' && error.details['error'] === 'invalid_grant';
}
