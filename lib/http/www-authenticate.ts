/** Reads `WWW-Authenticate`: what a server asks for before it answers. */

import { FieldReader, isToken68Character } from './field-syntax.ts';

/** One challenge. */
export interface Challenge {
  /** The scheme in lower case: `bearer`. */
  readonly scheme: string;
  /** Parameters by name in lower case, values as they stood there, without quotes: hostile text. Of two with one name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands in the place of parameters in schemes such as Negotiate, as it came. */
  readonly token68: string | undefined;
}

/** How much of a header is read. */
export interface ChallengeBounds {
  /** Of a longer header nothing is read: a value must not be cut. */
  readonly maxCharacters?: number;
  /** Later challenges are left out. */
  readonly maxChallenges?: number;
  /** Later parameters of one challenge are left out. */
  readonly maxParameters?: number;
}

/** The bounds that hold where none are given. */
export const CHALLENGE_BOUNDS: Required<ChallengeBounds> = Object.freeze({ maxCharacters: 16_384, maxChallenges: 32, maxParameters: 64 });

interface OpenChallenge extends Challenge {
  readonly parameters: Map<string, string>;
  token68: string | undefined;
}

/**
 * The challenges of a `WWW-Authenticate`, in their order; several headers may have been joined by commas. Never throws: an
 * element of the list that is not well formed is left out, and a parameter before any scheme with it.
 * Source: RFC 9110 sections 11.6.1, 11.2 and 5.6.1.
 */
export function parseChallenges(value: string | null, bounds: ChallengeBounds = {}): readonly Challenge[] {
  const { maxCharacters, maxChallenges, maxParameters } = { ...CHALLENGE_BOUNDS, ...bounds };
  if (value === null || value.length > maxCharacters) return [];
  const reader = new FieldReader(value);
  const challenges: OpenChallenge[] = [];
  let open: OpenChallenge | undefined;
  while (!reader.atEnd) {
    const current = readElement(reader, open, maxParameters);
    if (current !== undefined && current !== open) {
      if (challenges.length >= maxChallenges) break;
      challenges.push(current);
    }
    open = current;
    reader.skipTo(',');
    reader.take(',');
  }
  return challenges;
}

/**
 * Reads what stands between two commas: nothing, a parameter of the challenge `open`, or a scheme with what follows it. The
 * result is the challenge that the next parameter belongs to: none behind what may have been a scheme and cannot be read.
 */
function readElement(reader: FieldReader, open: OpenChallenge | undefined, maxParameters: number): OpenChallenge | undefined {
  if (reader.isElementOver()) return open;
  reader.skipWhiteSpace();
  const start = reader.at;
  const word = reader.token();
  if (word === undefined) return undefined;
  const challenge = openChallenge(word);
  if (reader.isElementOver()) return challenge;
  const afterWord = reader.at;
  reader.skipWhiteSpace();
  if (reader.isAt('=')) {
    reader.at = start;
    readChallengeParameter(reader, open, maxParameters);
    return open;
  }
  if (reader.at === afterWord) return undefined;
  if (!readToken68(reader, challenge)) readChallengeParameter(reader, challenge, maxParameters);
  return challenge;
}

function openChallenge(scheme: string): OpenChallenge {
  return { scheme: scheme.toLowerCase(), parameters: new Map(), token68: undefined };
}

/** A token68 is told from a parameter by what follows: it has the rest of the element to itself. */
function readToken68(reader: FieldReader, challenge: OpenChallenge): boolean {
  const start = reader.at;
  const body = reader.run(isToken68Character);
  if (body !== undefined) {
    const padding = reader.run((code) => code === 0x3d) ?? '';
    if (reader.isElementOver()) {
      challenge.token68 = body + padding;
      return true;
    }
  }
  reader.at = start;
  return false;
}

/** Reads `name = value` up to a comma; keeps it where it is well formed, belongs to a challenge and is its first of the name. */
function readChallengeParameter(reader: FieldReader, challenge: OpenChallenge | undefined, maxParameters: number): void {
  const name = reader.token()?.toLowerCase();
  reader.skipWhiteSpace();
  if (name === undefined || !reader.take('=')) return;
  reader.skipWhiteSpace();
  const value = reader.tokenOrQuotedString();
  if (value === undefined || !reader.isElementOver() || challenge === undefined) return;
  if (challenge.parameters.size < maxParameters && !challenge.parameters.has(name)) challenge.parameters.set(name, value);
}
