import type { Clock } from '../base/clock.ts';
import { AuthorizationError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { place } from '../http/failure-facts.ts';
import { SENT_HEADERS } from '../http/header-names.ts';
import type { IssuedTokens, TokenType } from './token-response.ts';

/** Whose tokens they are: what one owner was issued is never another's. */
export interface TokenOwner {
  /** The authorization server that issued them, by its metadata. */
  readonly issuer: string;
  /** The server that they are for, as it was named in the requests. Source: RFC 8707 section 2. */
  readonly resource: string;
  readonly clientId: string;
  /** In whose name, in words of the host; `undefined` where there is one user only. */
  readonly user: string | undefined;
  /** The key that they are bound to. Source: RFC 9449 section 6.1. */
  readonly keyThumbprint: string | undefined;
}

/** What a {@link TokenSet} is made of. */
export interface TokenFacts extends Omit<IssuedTokens, 'lifetimeMs'> {
  readonly owner: TokenOwner;
  /** When they were issued, milliseconds since 1970. */
  readonly issuedOn: number;
  /** When the access token expires, milliseconds since 1970; `undefined` where nobody knows. */
  readonly expiresOn: number | undefined;
  /** Whether they took the place of tokens that the resource refused before they had expired. */
  readonly replacesRefused: boolean;
}

/** An access token and what belongs to it. Never changes; shows no token. */
export class TokenSet implements TokenFacts {
  readonly owner: TokenOwner;
  readonly accessToken: Secret;
  readonly tokenType: TokenType;
  readonly scope: string | undefined;
  readonly refreshToken: Secret | undefined;
  readonly issuedOn: number;
  readonly expiresOn: number | undefined;
  readonly replacesRefused: boolean;
  readonly #clock: Clock;
  /** On the clock that is never set back. */
  readonly #expiresAt: number;

  constructor(facts: TokenFacts, clock: Clock) {
    this.owner = Object.freeze({ ...facts.owner });
    this.accessToken = facts.accessToken;
    this.tokenType = facts.tokenType;
    this.scope = facts.scope;
    this.refreshToken = facts.refreshToken;
    this.issuedOn = facts.issuedOn;
    this.expiresOn = facts.expiresOn;
    this.replacesRefused = facts.replacesRefused;
    this.#clock = clock;
    this.#expiresAt = clock.now() + leftMs(facts, clock);
    Object.freeze(this);
  }

  /** Tokens that were issued a moment ago, after `askedOn`, milliseconds since 1970. */
  static issued(issued: IssuedTokens, owner: TokenOwner, clock: Clock, askedOn: number = clock.date()): TokenSet {
    const { lifetimeMs, ...tokens } = issued;
    const expiresOn = lifetimeMs === undefined ? undefined : askedOn + lifetimeMs;
    return new TokenSet({ ...tokens, owner, issuedOn: askedOn, expiresOn, replacesRefused: false }, clock);
  }

  /** The same tokens, said to have taken the place of refused ones. */
  asReplacementOfRefused(): TokenSet {
    return new TokenSet({ ...this, replacesRefused: true }, this.#clock);
  }

  /**
   * For how many milliseconds the access token lives still, at least 0; Infinity where nobody knows. By the earlier of two clocks: the one stands while the machine
   * sleeps, the other may be set back.
   */
  get lifeMs(): number {
    return Math.max(0, Math.min(this.#expiresAt - this.#clock.now(), leftMs(this, this.#clock)));
  }

  /** Whether the access token lives for longer than `skewMs` still. */
  isFresh(skewMs: number): boolean {
    return this.lifeMs > skewMs;
  }

  /** Whether the access tokens are the same. */
  hasTokenOf(other: TokenSet): boolean {
    return this.accessToken.reveal() === other.accessToken.reveal();
  }

  /**
   * The header that shows the access token to its resource at `url`.
   *
   * @throws AuthorizationError `ERR_MCP_AUTH_ENDPOINT` for a URL of another origin than the resource's.
   */
  headersFor(url: string): Readonly<Record<string, string>> {
    const { resource } = this.owner;
    if (!isOfOneOrigin(url, resource)) throw new AuthorizationError('ERR_MCP_AUTH_ENDPOINT', `The tokens for ${place(resource)} are not sent to ${place(url)}, which is of another origin`);
    return { [SENT_HEADERS.authorization]: `${this.tokenType} ${this.accessToken.reveal()}` };
  }
}

function isOfOneOrigin(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return false;
  const [left, right] = [new URL(one), new URL(other)];
  // Not by `origin` alone: a blob: URL has the origin of its maker.
  return left.protocol === right.protocol && left.host === right.host;
}

/** Never more than the whole lifetime, however far the clock was set back since. */
function leftMs({ issuedOn, expiresOn }: Pick<TokenFacts, 'issuedOn' | 'expiresOn'>, clock: Clock): number {
  return expiresOn === undefined ? Infinity : Math.min(expiresOn - clock.date(), expiresOn - issuedOn);
}
