/**
 * Follows all the ways of a pattern at once, many with each operation on bits: for inputs that the table of the automaton does not pay for. Only
 * the states that take something are kept; which of them may follow which is known before. Source: V. Glushkov, "The abstract theory of automata",
 * 1961; G. Navarro and M. Raffinot, "Flexible Pattern Matching in Strings", 2002, section 5.2.
 */

import { addBit, bitsKey, END_CLASS } from './code-point-classes.ts';
import type { CodePointClasses } from './code-point-classes.ts';
import { ASSERTION, STATE_KIND } from './pattern-program.ts';
import type { PatternProgram } from './pattern-program.ts';

const MAX_KEPT_TAKERS = 256;
/** So many words of bits take no longer to look at than one state, as a power of two. */
const WORDS_A_STATE_BITS = 2;

/** Bits of some words of a set: an index and its bits, one pair after the other. */
type SparseBits = Int32Array;

/** Where one state leads without taking anything. */
interface Reach {
  readonly takers: Int32Array;
  readonly matches: boolean;
  /** Whether it matches where the input ends. */
  readonly matchesAtEnd: boolean;
}

/** Knows which takers follow which. */
export class PatternFollower {
  readonly #program: PatternProgram;
  readonly #classes: CodePointClasses;
  /** The states that take something; their places here are their numbers below. */
  readonly #states: readonly number[];
  readonly #numbers: Int32Array;
  readonly #words: number;
  /** Takers that lead to the one of the next number, as bits. */
  readonly #links: Int32Array;
  /** Takers that lead to a match. */
  readonly #last: SparseBits;
  /** Takers that lead to a match at the end of the input. */
  readonly #lastAtEnd: SparseBits;
  /** For takers that lead to the same others: how many numbers follow for them, how many for the others, and both as sparse bits. One after the other. */
  readonly #groups: Int32Array;
  readonly #start: Reach;
  readonly #takers: (Int32Array | undefined)[] = [];
  /** What one character costs, in the time that looking at so many states of the program takes. */
  readonly cost: number;
  #steps = 0;

  /** @param program must not ask for boundaries of words. */
  constructor(program: PatternProgram, classes: CodePointClasses) {
    this.#program = program;
    this.#classes = classes;
    const states: number[] = [];
    this.#numbers = new Int32Array(program.kinds.length);
    program.kinds.forEach((kind, state) => {
      if (kind === STATE_KIND.take) this.#numbers[state] = states.push(state) - 1;
    });
    this.#states = states;
    this.#words = (states.length + 31) >> 5;
    this.#links = new Int32Array(this.#words);
    this.#start = this.#reach([program.start]);
    const reached = this.#reachOfTakers();
    this.#last = sparse(this.#bitsWhere((number) => reached[number]?.matches === true));
    this.#lastAtEnd = sparse(this.#bitsWhere((number) => reached[number]?.matchesAtEnd === true));
    this.#groups = Int32Array.from(this.#group(reached));
    this.cost = 1 + ((3 * this.#words + (this.#groups.length >> 1)) >> WORDS_A_STATE_BITS);
  }

  /** How much work was done so far, as {@link PatternFollower.cost}. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether the pattern matches when it goes on at `index`, which is not the start, from `states` of the program. */
  test(input: string, index: number, states: readonly number[]): boolean {
    const isAnchored = this.#program.isAnchored;
    const first = this.#reach(states);
    if (first.matches) return true;
    let active: Int32Array = first.takers;
    let isMatchAtEnd = first.matchesAtEnd;
    let spare: Int32Array = new Int32Array(this.#words);
    const moved = new Int32Array(this.#words);
    for (let at = index; at < input.length; ) {
      const code = input.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      this.#steps += this.cost;
      const found = this.#move(active, this.#takersOf(this.#classes.classOf(code)), moved);
      if (found === 0 && isAnchored) return false;
      if (found !== 0 && intersect(moved, this.#last)) return true;
      isMatchAtEnd = (found !== 0 && intersect(moved, this.#lastAtEnd)) || (!isAnchored && this.#start.matchesAtEnd);
      if (isAnchored) spare.fill(0);
      else spare.set(this.#start.takers);
      if (found !== 0) this.#follow(moved, spare);
      [active, spare] = [spare, active];
    }
    return isMatchAtEnd;
  }

  /** Puts into `moved` what of `active` takes; 0 where nothing does. */
  #move(active: Int32Array, takers: Int32Array, moved: Int32Array): number {
    let found = 0;
    for (let word = 0; word < moved.length; word++) found |= moved[word] = (active[word] as number) & (takers[word] as number);
    return found;
  }

  /** Adds what follows `moved` to `next`. */
  #follow(moved: Int32Array, next: Int32Array): void {
    const links = this.#links;
    const groups = this.#groups;
    let carry = 0;
    for (let word = 0; word < moved.length; word++) {
      const linked = (moved[word] as number) & (links[word] as number);
      next[word] = (next[word] as number) | (linked << 1) | carry;
      carry = linked >>> 31;
    }
    for (let at = 0; at < groups.length; ) {
      const followers = at + 2 + (groups[at] as number);
      const end = followers + (groups[at + 1] as number);
      let isMoved = 0;
      for (at += 2; at < followers; at += 2) isMoved |= (moved[groups[at] as number] as number) & (groups[at + 1] as number);
      if (isMoved !== 0) {
        for (; at < end; at += 2) {
          const word = groups[at] as number;
          next[word] = (next[word] as number) | (groups[at + 1] as number);
        }
      }
      at = end;
    }
  }

  /** The takers of the code points of a class, as bits. */
  #takersOf(codeClass: number): Int32Array {
    const known = this.#takers[codeClass];
    if (known !== undefined) return known;
    const members = this.#classes.membersOf(codeClass);
    const takers = this.#bitsWhere((number) => hasBit(members, this.#program.values[this.#states[number] ?? 0] ?? 0));
    if (codeClass !== END_CLASS && codeClass < MAX_KEPT_TAKERS) this.#takers[codeClass] = takers;
    return takers;
  }

  /** Where `from` leads without taking anything, behind the start of the input and before its end. */
  #reach(from: readonly number[]): Reach {
    const { kinds, values, next } = this.#program;
    const takers = new Int32Array(this.#words);
    let [matches, matchesAtEnd] = [false, false];
    // Twice each state's number, and one more where the end of the input was asked for on the way.
    const seen = new Set<number>(from.map((state) => 2 * state));
    for (const one of seen) {
      const [state, atEnd] = [one >> 1, one & 1];
      const kind = kinds[state];
      if (kind === STATE_KIND.accept) {
        matchesAtEnd = true;
        if (atEnd === 0) matches = true;
      } else if (kind === STATE_KIND.take) {
        if (atEnd === 0) addBit(takers, this.#numbers[state] ?? 0);
      } else if (kind !== STATE_KIND.assert) {
        seen.add(2 * (next[state] ?? 0) + atEnd);
        if (kind === STATE_KIND.split) seen.add(2 * (values[state] ?? 0) + atEnd);
      } else if (values[state] === ASSERTION.end) seen.add(2 * (next[state] ?? 0) + 1);
    }
    return { takers, matches, matchesAtEnd };
  }

  #bitsWhere(isSet: (number: number) => boolean): Int32Array {
    const bits = new Int32Array(this.#words);
    for (let number = 0; number < this.#states.length; number++) if (isSet(number)) addBit(bits, number);
    return bits;
  }

  #reachOfTakers(): readonly Reach[] {
    const known = new Map<number, Reach>();
    return this.#states.map((state) => {
      const to = this.#program.next[state] ?? 0;
      const reach = known.get(to) ?? this.#reach([to]);
      known.set(to, reach);
      return reach;
    });
  }

  /** The groups by where each taker leads, but for the links, which are noted. */
  #group(reached: readonly Reach[]): number[] {
    const groups = new Map<string, { readonly members: Int32Array; readonly followers: Int32Array }>();
    reached.forEach(({ takers }, number) => {
      const followers = takers.slice();
      const after = number + 1;
      if (hasBit(followers, after)) {
        addBit(this.#links, number);
        followers[after >> 5] = (followers[after >> 5] ?? 0) & ~(1 << (after & 31));
      }
      const key = bitsKey(followers);
      const group = groups.get(key) ?? { members: new Int32Array(this.#words), followers };
      groups.set(key, group);
      addBit(group.members, number);
    });
    const flat: number[] = [];
    for (const group of groups.values()) {
      const [members, followers] = [sparse(group.members), sparse(group.followers)];
      if (followers.length > 0) flat.push(members.length, followers.length, ...members, ...followers);
    }
    return flat;
  }
}

function hasBit(bits: Uint32Array | Int32Array, index: number): boolean {
  return (((bits[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

/** Whether one of `wanted` is in `bits`. */
function intersect(bits: Int32Array, wanted: SparseBits): boolean {
  let common = 0;
  for (let at = 0; at < wanted.length; at += 2) common |= (bits[wanted[at] as number] as number) & (wanted[at + 1] as number);
  return common !== 0;
}

function sparse(bits: Int32Array): SparseBits {
  const pairs: number[] = [];
  bits.forEach((value, word) => {
    if (value !== 0) pairs.push(word, value);
  });
  return Int32Array.from(pairs);
}
