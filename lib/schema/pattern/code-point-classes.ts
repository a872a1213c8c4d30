/** Code points that no set of a pattern tells apart, under one small number: the columns of an automaton's table. */

import { hasCodePoint, MAX_CODE_POINT } from './code-point-set.ts';
import type { CodePointSet } from './code-point-set.ts';

/** The class of the end of the input, which no code point has. */
export const END_CLASS = 0;

const CACHED_CODE_POINTS = 1024;
const CACHED_ASCII = 128;

/**
 * The classes of the code points under some sets. Which class a code point has is found out when it is first asked for, so that a Unicode
 * property costs nothing before; what is remembered is bounded.
 */
export class CodePointClasses {
  /** The classes of the first 128 code points; {@link END_CLASS} for one that was not asked for. */
  readonly ascii: Uint16Array = new Uint16Array(CACHED_ASCII);
  readonly #sets: readonly CodePointSet[];
  /** Where a run of code points begins that all sets without properties treat alike. */
  readonly #starts: readonly number[];
  /** For each run, the sets that have it, as bits. */
  readonly #runs: readonly Uint32Array[];
  readonly #withTests: readonly number[];
  readonly #members: Uint32Array[] = [new Uint32Array(0)];
  readonly #classes: Map<string, number> = new Map<string, number>();
  readonly #runClasses: Uint16Array;
  readonly #cachedCodePoints: Int32Array;
  readonly #cachedClasses: Uint16Array;
  readonly #words: number;

  constructor(sets: readonly CodePointSet[]) {
    this.#sets = sets;
    this.#words = (sets.length + 31) >> 5;
    this.#starts = runStarts(sets);
    this.#runs = runMembers(sets, this.#starts, this.#words);
    this.#withTests = sets.flatMap((set, index) => (set.tests.length > 0 ? [index] : []));
    this.#runClasses = new Uint16Array(this.#starts.length);
    const cached = this.#withTests.length > 0 ? CACHED_CODE_POINTS : 0;
    this.#cachedCodePoints = new Int32Array(cached).fill(-1);
    this.#cachedClasses = new Uint16Array(cached);
  }

  /** How many classes were met so far, {@link END_CLASS} among them. */
  get count(): number {
    return this.#members.length;
  }

  /** The sets that have the code points of a class, as bits: that of set `n` is bit `n % 32` of word `n >> 5`. */
  membersOf(codeClass: number): Uint32Array {
    return this.#members[codeClass] ?? new Uint32Array(this.#words);
  }

  /** The class of `codePoint`. */
  classOf(codePoint: number): number {
    const run = this.#runOf(codePoint);
    if (this.#withTests.length === 0) {
      const known = this.#runClasses[run] ?? END_CLASS;
      const found = known === END_CLASS ? this.#classWith(this.#runs[run] ?? new Uint32Array(this.#words)) : known;
      this.#runClasses[run] = found;
      if (codePoint < CACHED_ASCII) this.ascii[codePoint] = found;
      return found;
    }
    const slot = codePoint % CACHED_CODE_POINTS;
    if (this.#cachedCodePoints[slot] === codePoint) return this.#cachedClasses[slot] ?? END_CLASS;
    const found = this.#classWith(this.#testedMembers(codePoint, run));
    this.#cachedCodePoints[slot] = codePoint;
    this.#cachedClasses[slot] = found;
    if (codePoint < CACHED_ASCII) this.ascii[codePoint] = found;
    return found;
  }

  #runOf(codePoint: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= codePoint) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #testedMembers(codePoint: number, run: number): Uint32Array {
    const members = Uint32Array.from(this.#runs[run] ?? []);
    for (const index of this.#withTests) {
      const set = this.#sets[index];
      if (set !== undefined && hasCodePoint(set, codePoint)) addBit(members, index);
    }
    return members;
  }

  #classWith(members: Uint32Array): number {
    const key = bitsKey(members);
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const added = this.#members.push(members) - 1;
    this.#classes.set(key, added);
    return added;
  }
}

/** Sets bit `index` of `bits`. */
export function addBit(bits: Uint32Array | Int32Array, index: number): void {
  const word = index >> 5;
  bits[word] = (bits[word] ?? 0) | (1 << (index & 31));
}

/** A string that is the same for the same bits only, of two characters a word. */
export function bitsKey(bits: Uint32Array | Int32Array): string {
  let key = '';
  for (const word of bits) key += String.fromCharCode(word >>> 16, word & 0xffff);
  return key;
}

function runStarts(sets: readonly CodePointSet[]): number[] {
  const starts = new Set<number>([0]);
  for (const { ranges, tests } of sets) {
    if (tests.length > 0) continue;
    for (let index = 0; index < ranges.length; index += 2) {
      starts.add(ranges[index] ?? 0);
      starts.add((ranges[index + 1] ?? 0) + 1);
    }
  }
  starts.delete(MAX_CODE_POINT + 1);
  return [...starts].sort((left, right) => left - right);
}

function runMembers(sets: readonly CodePointSet[], starts: readonly number[], words: number): Uint32Array[] {
  const runs = starts.map(() => new Uint32Array(words));
  const runAt = new Map(starts.map((start, index) => [start, index]));
  sets.forEach(({ ranges, tests }, set) => {
    if (tests.length > 0) return;
    for (let index = 0; index < ranges.length; index += 2) {
      const last = ranges[index + 1] ?? 0;
      for (let run = runAt.get(ranges[index] ?? 0) ?? 0; run < starts.length && (starts[run] ?? 0) <= last; run++) addBit(runs[run] ?? new Uint32Array(words), set);
    }
  });
  return runs;
}
