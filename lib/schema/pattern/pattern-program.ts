/**
 * A pattern as a nondeterministic automaton: numbered states, each with at most two that follow it. Source: K. Thompson, "Regular
 * expression search algorithm", 1968.
 */

import type { CodePointSet } from './code-point-set.ts';
import type { PatternAssertion, PatternNode } from './pattern-node.ts';

/** What a state does. */
export const STATE_KIND = { accept: 0, take: 1, split: 2, assert: 3, pass: 4 } as const;

/** What a state that asserts asks for, as a number. */
export const ASSERTION: Readonly<Record<PatternAssertion, number>> = Object.freeze({ start: 0, end: 1, boundary: 2, noBoundary: 3 });

/** The states of a pattern, by their number, and the sets that they take. */
export interface PatternProgram {
  /** One of {@link STATE_KIND} a state. */
  readonly kinds: Uint8Array;
  /** What a state takes, as an index into `sets`; which of {@link ASSERTION} it asks for; the second state that follows a split. */
  readonly values: Uint16Array;
  /** The state that follows. */
  readonly next: Uint16Array;
  readonly sets: readonly CodePointSet[];
  readonly start: number;
  /** Whether it matches only from the start of the input on. */
  readonly isAnchored: boolean;
  readonly hasStartAssertion: boolean;
  readonly hasWordAssertion: boolean;
}

const ACCEPT = 0;

/** A node that is still to be put between two states. */
interface Task {
  readonly node: PatternNode;
  readonly from: number;
  readonly to: number;
}

class ProgramBuilder {
  readonly kinds: number[] = [STATE_KIND.accept];
  readonly values: number[] = [0];
  readonly next: number[] = [ACCEPT];
  readonly sets: CodePointSet[] = [];
  readonly #setIndexes: Map<string | CodePointSet, number> = new Map<string | CodePointSet, number>();
  readonly #tasks: Task[] = [];

  build(node: PatternNode): number {
    const start = this.#add();
    this.#tasks.push({ node, from: start, to: ACCEPT });
    for (let task = this.#tasks.pop(); task !== undefined; task = this.#tasks.pop()) this.#place(task);
    return start;
  }

  /** A new state, which only passes on until it is said what it does. */
  #add(): number {
    this.kinds.push(STATE_KIND.pass);
    this.values.push(0);
    return this.next.push(ACCEPT) - 1;
  }

  #set(state: number, kind: number, next: number, value: number = 0): void {
    this.kinds[state] = kind;
    this.next[state] = next;
    this.values[state] = value;
  }

  #place({ node, from, to }: Task): void {
    switch (node.type) {
      case 'empty':
        return this.#set(from, STATE_KIND.pass, to);
      case 'set':
        return this.#set(from, STATE_KIND.take, to, this.#indexOf(node.set));
      case 'assertion':
        return this.#set(from, STATE_KIND.assert, to, ASSERTION[node.assertion]);
      case 'sequence':
        return this.#placeSequence(node.items, from, to);
      case 'choice':
        return this.#placeChoice(node.options, from, to);
      case 'repeat':
        return this.#placeRepeat(node.body, node.min, node.max, from, to);
    }
  }

  #placeSequence(items: readonly PatternNode[], from: number, to: number): void {
    let before = from;
    items.forEach((node, index) => {
      const after = index === items.length - 1 ? to : this.#add();
      this.#tasks.push({ node, from: before, to: after });
      before = after;
    });
  }

  #placeChoice(options: readonly PatternNode[], from: number, to: number): void {
    let split = from;
    options.forEach((node, index) => {
      if (index === options.length - 1) return void this.#tasks.push({ node, from: split, to });
      const [option, others] = [this.#add(), this.#add()];
      this.#set(split, STATE_KIND.split, option, others);
      this.#tasks.push({ node, from: option, to });
      split = others;
    });
  }

  #placeRepeat(body: PatternNode, min: number, max: number, from: number, to: number): void {
    let before = from;
    const copy = (after: number): void => {
      this.#tasks.push({ node: body, from: before, to: after });
      before = after;
    };
    for (let count = 0; count < min; count++) copy(this.#add());
    if (max === Infinity) {
      const again = this.#add();
      this.#set(before, STATE_KIND.split, again, to);
      this.#tasks.push({ node: body, from: again, to: before });
      return;
    }
    for (let count = min; count < max; count++) {
      const option = this.#add();
      this.#set(before, STATE_KIND.split, option, to);
      before = option;
      copy(this.#add());
    }
    this.#set(before, STATE_KIND.pass, to);
  }

  #indexOf(set: CodePointSet): number {
    const key = set.tests.length === 0 ? set.ranges.join() : set;
    const known = this.#setIndexes.get(key);
    if (known !== undefined) return known;
    const index = this.sets.push(set) - 1;
    this.#setIndexes.set(key, index);
    return index;
  }

  /** Lets every state lead past those that only pass on. */
  skipPasses(): void {
    const target = (state: number): number => {
      let end = state;
      while (this.kinds[end] === STATE_KIND.pass) end = this.next[end] ?? ACCEPT;
      return end;
    };
    for (let state = 1; state < this.kinds.length; state++) {
      this.next[state] = target(this.next[state] ?? ACCEPT);
      if (this.kinds[state] === STATE_KIND.split) this.values[state] = target(this.values[state] ?? ACCEPT);
    }
  }

  /** Whether nothing is taken and nothing matches unless the start of the input was asserted. */
  isAnchored(start: number): boolean {
    const seen = new Set<number>([start]);
    for (const state of seen) {
      const kind = this.kinds[state];
      if (kind === STATE_KIND.accept || kind === STATE_KIND.take) return false;
      if (kind === STATE_KIND.assert && this.values[state] === ASSERTION.start) continue;
      seen.add(this.next[state] ?? ACCEPT);
      if (kind === STATE_KIND.split) seen.add(this.values[state] ?? ACCEPT);
    }
    return true;
  }

  asserts(...assertions: readonly number[]): boolean {
    return this.kinds.some((kind, state) => kind === STATE_KIND.assert && assertions.includes(this.values[state] ?? 0));
  }
}

/** The automaton of a tree, which has repetitions of a bounded size only. */
export function patternProgram(node: PatternNode): PatternProgram {
  const builder = new ProgramBuilder();
  const start = builder.build(node);
  builder.skipPasses();
  return {
    kinds: Uint8Array.from(builder.kinds),
    values: Uint16Array.from(builder.values),
    next: Uint16Array.from(builder.next),
    sets: builder.sets,
    start,
    isAnchored: builder.isAnchored(start),
    hasStartAssertion: builder.asserts(ASSERTION.start),
    hasWordAssertion: builder.asserts(ASSERTION.boundary, ASSERTION.noBoundary),
  };
}
