/**
 * Runs a pattern's automaton over an input: one pass, whatever the pattern. The sets of states it can be in are the states of a
 * deterministic automaton, whose table is filled as inputs ask for it. The table is bounded; an input that keeps overflowing it is
 * followed without one. Source: R. Cox, "Regular Expression Matching in the Wild", 2010.
 */

import { addBit, bitsKey, CodePointClasses, END_CLASS } from './code-point-classes.ts';
import { WORD_SET } from './code-point-set.ts';
import { PatternFollower } from './pattern-follower.ts';
import { ASSERTION, STATE_KIND } from './pattern-program.ts';
import type { PatternProgram } from './pattern-program.ts';

// What a place of the table says beside a state to go to.
const AUTOMATON_UNKNOWN = 0;
const MATCHED = 1;
const DEAD = 2;
const FIRST_ROW = 3;

// What stands before the place where a match is looked for. Where the pattern cannot tell, it is as after no letter.
const AT_START = 0;
const AFTER_OTHER = 1;
const AFTER_WORD = 2;

/** Numbers that the table, its keys and its sets may have together, so that one pattern holds at most some 300 KiB. */
const MAX_TABLE_NUMBERS = 65_536;
/** When the table is full again after fewer characters than this for each of its rows, it does not pay. */
const CHARACTERS_A_ROW = 10;
const FIRST_ROWS = 8;
const LEAST_ROWS = 8;
const AUTOMATON_MAX_KEPT_TAKERS = 256;

/** A set of states of the program, and what stands before them. */
interface Place {
  readonly states: Uint32Array;
  readonly before: number;
}

/** An automaton with its table; good for one pattern and any number of inputs. */
export class PatternAutomaton {
  readonly #program: PatternProgram;
  readonly #classes: CodePointClasses;
  readonly #wordSet: number;
  readonly #words: number;
  /** The round in which a state was last visited. */
  readonly #visited: Uint32Array;
  readonly #pending: Uint16Array;
  /** States that take a code point and lead to the state of the next number: a chain of them is followed by one shift of bits. */
  readonly #links: Uint32Array;
  /** By class, those of its states that take it. */
  readonly #takers: (Uint32Array | undefined)[] = [];
  #round = 0;
  #steps = 0;

  #columns = 0;
  #maxRows = 0;
  #table: Int32Array = new Int32Array(0);
  #places: Place[] = [];
  readonly #rows: Map<string, number> = new Map<string, number>();
  #follower: PatternFollower | undefined;

  constructor(program: PatternProgram) {
    this.#program = program;
    const sets = program.hasWordAssertion ? [...program.sets, WORD_SET] : program.sets;
    this.#wordSet = sets.length - 1;
    this.#classes = new CodePointClasses(sets);
    const { kinds, next } = program;
    const count = kinds.length;
    this.#links = bitsWhere(count, (state) => kinds[state] === STATE_KIND.take && next[state] === state + 1);
    this.#words = (count + 31) >> 5;
    this.#visited = new Uint32Array(count);
    // A state waits once at most: it is marked when it is put here.
    this.#pending = new Uint16Array(count);
    this.#clear(8);
  }

  /** How much work was done so far: one for each character, and one for each state of the program that was looked at. */
  get steps(): number {
    return this.#steps + (this.#follower?.steps ?? 0);
  }

  /** Whether the pattern matches anywhere in `input`. */
  test(input: string): boolean {
    const ascii = this.#classes.ascii;
    const length = input.length;
    let table = this.#table;
    let columns = this.#columns;
    let state = FIRST_ROW;
    let clearedAt = 0;
    for (let index = 0; index < length; ) {
      let code = input.charCodeAt(index);
      const at = index++;
      let codeClass = code < 128 ? (ascii[code] ?? END_CLASS) : END_CLASS;
      if (codeClass === END_CLASS) {
        if ((code & 0xfc00) === 0xd800) {
          code = input.codePointAt(at) ?? code;
          if (code > 0xffff) index++;
        }
        codeClass = this.#classes.classOf(code);
      }
      let next = codeClass < columns ? (table[state * columns + codeClass] ?? AUTOMATON_UNKNOWN) : AUTOMATON_UNKNOWN;
      if (next === AUTOMATON_UNKNOWN) {
        const place = this.#places[state - FIRST_ROW] as Place;
        const rows = this.#places.length;
        next = this.#fill(place, state, codeClass);
        table = this.#table;
        columns = this.#columns;
        if (this.#places.length < rows) {
          if (at - clearedAt < CHARACTERS_A_ROW * rows && clearedAt > 0) return this.#follow(input, at, place);
          clearedAt = at;
        }
      }
      if (next < FIRST_ROW) {
        this.#steps += index;
        return next === MATCHED;
      }
      state = next;
    }
    this.#steps += length;
    const last = table[state * columns + END_CLASS] ?? AUTOMATON_UNKNOWN;
    return (last === AUTOMATON_UNKNOWN ? this.#fill(this.#places[state - FIRST_ROW] as Place, state, END_CLASS) : last) === MATCHED;
  }

  /** Goes on from `place` at `index` without the table. */
  #follow(input: string, index: number, place: Place): boolean {
    // Boundaries of words are nothing that bits know of.
    if (!this.#program.hasWordAssertion) {
      this.#follower ??= new PatternFollower(this.#program, this.#classes);
      if (this.#follower.cost < this.#program.kinds.length) return this.#follower.test(input, index, membersOf(place.states));
    }
    let here = place;
    for (let at = index; at < input.length; ) {
      const code = input.codePointAt(at) ?? 0;
      const next = this.#advance(here, this.#classes.classOf(code));
      if (typeof next === 'number') return next === MATCHED;
      here = next;
      at += code > 0xffff ? 2 : 1;
    }
    this.#steps += input.length;
    return this.#advance(here, END_CLASS) === MATCHED;
  }

  /** Where one code point leads, written into the table. Clears the table where it is full. */
  #fill(place: Place, row: number, codeClass: number): number {
    const next = this.#advance(place, codeClass);
    if (this.#classes.count > this.#columns) {
      this.#clear(this.#classes.count * 2);
      return typeof next === 'number' ? next : this.#rowOf(next);
    }
    if (typeof next !== 'number' && this.#places.length >= this.#maxRows && !this.#rows.has(placeKey(next))) {
      this.#clear(this.#columns);
      return this.#rowOf(next);
    }
    const target = typeof next === 'number' ? next : this.#rowOf(next);
    this.#table[row * this.#columns + codeClass] = target;
    return target;
  }

  /** An empty table but for the row where every input begins. */
  #clear(columns: number): void {
    this.#columns = columns;
    // A row has its places, the bits of its states and a key of as many characters.
    this.#maxRows = Math.max(LEAST_ROWS, Math.floor(MAX_TABLE_NUMBERS / (columns + 2 * this.#words + 8)));
    this.#table = new Int32Array((FIRST_ROW + Math.min(FIRST_ROWS, this.#maxRows)) * columns);
    this.#places = [];
    this.#rows.clear();
    // So that it is the first row.
    this.#rowOf(this.#firstPlace());
  }

  /** Where every input begins. */
  #firstPlace(): Place {
    const states = new Uint32Array(this.#words);
    addBit(states, this.#program.start);
    return { states, before: this.#program.hasStartAssertion ? AT_START : AFTER_OTHER };
  }

  #rowOf(place: Place): number {
    const key = placeKey(place);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row = this.#places.push(place) - 1 + FIRST_ROW;
    this.#rows.set(key, row);
    if ((row + 1) * this.#columns > this.#table.length) {
      const larger = new Int32Array(Math.min(this.#table.length * 2, (FIRST_ROW + this.#maxRows) * this.#columns));
      larger.set(this.#table);
      this.#table = larger;
    }
    return row;
  }

  /** Where a code point of `codeClass` leads from `place`, or the end of the input where it is {@link END_CLASS}. */
  #advance(place: Place, codeClass: number): Place | typeof MATCHED | typeof DEAD {
    const members = this.#classes.membersOf(codeClass);
    const isWord = this.#program.hasWordAssertion && codeClass !== END_CLASS && stateHasBit(members, this.#wordSet);
    const states = new Uint32Array(this.#words);
    this.#round++;
    let isAlive = false;
    this.#steps += this.#words;
    const takers = codeClass === END_CLASS ? undefined : this.#takersOf(codeClass, members);
    for (let word = 0; word < this.#words; word++) {
      const all = place.states[word] ?? 0;
      const links = all & (this.#links[word] ?? 0);
      if (links !== 0 && takers !== undefined) isAlive = moveLinks(links & (takers[word] ?? 0), word, states) || isAlive;
      for (let bits = all & ~links; bits !== 0; bits &= bits - 1) {
        const state = (word << 5) + 31 - Math.clz32(bits & -bits);
        const found = this.#reach(state, place.before, codeClass, isWord, members, states);
        if (found === MATCHED) return MATCHED;
        isAlive ||= found !== DEAD;
      }
    }
    if (codeClass === END_CLASS) return DEAD;
    if (!this.#program.isAnchored) addBit(states, this.#program.start);
    else if (!isAlive) return DEAD;
    return { states, before: this.#program.hasWordAssertion && isWord ? AFTER_WORD : AFTER_OTHER };
  }

  /** The states that take the code points of a class, as bits. */
  #takersOf(codeClass: number, members: Uint32Array): Uint32Array {
    const known = this.#takers[codeClass];
    if (known !== undefined) return known;
    const { kinds, values } = this.#program;
    const takers = bitsWhere(kinds.length, (state) => kinds[state] === STATE_KIND.take && stateHasBit(members, values[state] ?? 0));
    if (codeClass < AUTOMATON_MAX_KEPT_TAKERS) this.#takers[codeClass] = takers;
    return takers;
  }

  /** Visits what `from` leads to without taking anything, and puts into `states` where taking one code point leads. */
  #reach(from: number, before: number, codeClass: number, isWord: boolean, members: Uint32Array, states: Uint32Array): number {
    const { kinds, values, next } = this.#program;
    const pending = this.#pending;
    let count = 0;
    let found = DEAD;
    if (this.#visited[from] !== this.#round) pending[count++] = from;
    this.#visited[from] = this.#round;
    while (count > 0) {
      const state = pending[--count] ?? 0;
      const value = values[state] ?? 0;
      const target = next[state] ?? 0;
      this.#steps++;
      switch (kinds[state]) {
        case STATE_KIND.accept:
          return MATCHED;
        case STATE_KIND.take:
          if (codeClass === END_CLASS || !stateHasBit(members, value)) continue;
          addBit(states, target);
          found = AUTOMATON_UNKNOWN;
          continue;
        case STATE_KIND.assert:
          if (!holds(value, before, codeClass, isWord)) continue;
          break;
        case STATE_KIND.split:
          if (this.#visited[value] !== this.#round) pending[count++] = value;
          this.#visited[value] = this.#round;
      }
      if (this.#visited[target] !== this.#round) pending[count++] = target;
      this.#visited[target] = this.#round;
    }
    return found;
  }
}

/** The bits of `count` that `isSet` names. */
function bitsWhere(count: number, isSet: (index: number) => boolean): Uint32Array {
  const bits = new Uint32Array((count + 31) >> 5);
  for (let index = 0; index < count; index++) if (isSet(index)) addBit(bits, index);
  return bits;
}

/** The numbers of the bits that are set. */
function membersOf(bits: Uint32Array): number[] {
  const members: number[] = [];
  for (let index = 0; index < bits.length << 5; index++) if (stateHasBit(bits, index)) members.push(index);
  return members;
}

/** Puts the state behind each of `links`, which are bits of one word, into `states`; says whether there was one. */
function moveLinks(links: number, word: number, states: Uint32Array): boolean {
  if (links === 0) return false;
  states[word] = (states[word] ?? 0) | (links << 1);
  if (links < 0) states[word + 1] = (states[word + 1] ?? 0) | 1;
  return true;
}

function holds(assertion: number, before: number, codeClass: number, isWord: boolean): boolean {
  if (assertion === ASSERTION.start) return before === AT_START;
  if (assertion === ASSERTION.end) return codeClass === END_CLASS;
  return ((before === AFTER_WORD) !== isWord) === (assertion === ASSERTION.boundary);
}

function stateHasBit(bits: Uint32Array, index: number): boolean {
  return (((bits[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1;
}

function placeKey(place: Place): string {
  return String.fromCharCode(place.before) + bitsKey(place.states);
}
