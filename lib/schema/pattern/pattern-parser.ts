/**
 * Reads regular expressions of ECMA-262 with the flag `u` into a tree. Open groups are kept on a stack of our own, so that no
 * depth of nesting can exhaust the platform's. Source: ECMA-262 section 22.2.1.
 */

import { dotSet, singleCodePoint } from './code-point-set.ts';
import { takeClass } from './pattern-class.ts';
import { takeCharacterEscape, takeClassEscape } from './pattern-escape.ts';
import { choiceNode, EMPTY_NODE, repeatNode, sequenceNode, setNode } from './pattern-node.ts';
import type { PatternAssertion, PatternNode } from './pattern-node.ts';
import { END_OF_PATTERN, PatternReader } from './pattern-reader.ts';

const GROUP_NAME = /^[$_\p{ID_Start}][$\u200c\u200d\p{ID_Continue}]*$/u;
const LOOKAROUND: readonly string[] = ['=', '!', '<=', '<!'];

/** A group that is still open: the alternatives that are complete, and the elements of the one being read. */
interface OpenGroup {
  readonly start: number;
  readonly options: PatternNode[];
  items: PatternNode[];
}

const openGroup = (start: number): OpenGroup => ({ start, options: [], items: [] });

function assertionNode(assertion: PatternAssertion): PatternNode {
  return { type: 'assertion', assertion, size: 1 };
}

function closedGroup(group: OpenGroup): PatternNode {
  return choiceNode([...group.options, sequenceNode(group.items)]);
}

/** What was read, and where it became larger than `maxSize`, if it did. */
export interface ParsedPattern {
  readonly node: PatternNode;
  /** The index of the first element that has more than `maxSize` elements with its repetitions written out; 0 where only the whole has. */
  readonly oversizeAt: number | undefined;
}

class PatternParser {
  readonly #reader: PatternReader;
  readonly #outer: OpenGroup[] = [];
  readonly #names: Set<string> = new Set<string>();
  readonly #maxSize: number;
  #group: OpenGroup = openGroup(0);
  #oversizeAt: number | undefined;

  constructor(source: string, maxSize: number) {
    this.#reader = new PatternReader(source);
    this.#maxSize = maxSize;
  }

  parse(): ParsedPattern {
    for (let start = 0; this.#reader.peek() !== END_OF_PATTERN; start = this.#reader.index) this.#takeTerm(start);
    if (this.#outer.length > 0) throw this.#reader.error('this group is not closed', this.#group.start);
    const node = closedGroup(this.#group);
    this.#noteSize(node, 0);
    return { node, oversizeAt: this.#oversizeAt };
  }

  #takeTerm(start: number): void {
    const codePoint = this.#reader.take();
    switch (String.fromCodePoint(codePoint)) {
      case '|':
        this.#group.options.push(sequenceNode(this.#group.items));
        this.#group.items = [];
        return;
      case '(':
        this.#open(start);
        return;
      case ')':
        this.#close(start);
        return;
      case '^':
        return this.#addAssertion('start');
      case '$':
        return this.#addAssertion('end');
      case '\\':
        return this.#takeEscape(start);
      case '[':
        return this.#addQuantified(setNode(takeClass(this.#reader)), start);
      case '.':
        return this.#addQuantified(setNode(dotSet()), start);
      case '*':
      case '+':
      case '?':
        throw this.#reader.error('there is nothing to repeat', start);
      case ']':
      case '{':
      case '}':
        throw this.#reader.error('this bracket needs a backslash to stand for itself', start);
      default:
        this.#addQuantified(setNode(singleCodePoint(codePoint)), start);
    }
  }

  #takeEscape(start: number): void {
    const reader = this.#reader;
    if (reader.takeText('b')) return this.#addAssertion('boundary');
    if (reader.takeText('B')) return this.#addAssertion('noBoundary');
    const set = takeClassEscape(reader);
    this.#addQuantified(setNode(set ?? singleCodePoint(takeCharacterEscape(reader, false))), start);
  }

  #addAssertion(assertion: PatternAssertion): void {
    // What follows it is read as a term of its own, so that a quantifier has nothing to repeat.
    this.#group.items.push(assertionNode(assertion));
  }

  #addQuantified(node: PatternNode, start: number): void {
    const quantified = this.#takeQuantifier(node);
    this.#noteSize(quantified, start);
    if (quantified !== EMPTY_NODE) this.#group.items.push(quantified);
  }

  #noteSize(node: PatternNode, start: number): void {
    if (node.size > this.#maxSize) this.#oversizeAt ??= start;
  }

  #open(start: number): void {
    if (this.#reader.takeText('?')) this.#takeGroupKind(start);
    this.#outer.push(this.#group);
    this.#group = openGroup(start);
  }

  #takeGroupKind(start: number): void {
    const reader = this.#reader;
    if (reader.takeText(':')) return;
    if (LOOKAROUND.some((mark) => reader.takeText(mark))) {
      throw reader.error('looking ahead or behind cannot be matched in linear time here', start, 'nonLinear');
    }
    if (!reader.takeText('<')) throw reader.error('a group begins with (, (?: or (?<name>', start);
    const name = this.#takeGroupName(start);
    if (this.#names.has(name)) throw reader.error('there is another group of this name', start);
    this.#names.add(name);
  }

  #takeGroupName(start: number): string {
    const reader = this.#reader;
    let name = '';
    while (!reader.takeText('>')) {
      const codePoint = reader.takeText('\\u') ? reader.takeUnicodeEscape() : reader.take();
      if (codePoint === END_OF_PATTERN) break;
      name += String.fromCodePoint(codePoint);
    }
    if (reader.source[reader.index - 1] !== '>' || !GROUP_NAME.test(name)) throw reader.error('the name of a group is an identifier followed by >', start);
    return name;
  }

  #close(start: number): void {
    const outer = this.#outer.pop();
    if (outer === undefined) throw this.#reader.error('there is no group to close', start);
    const group = this.#group;
    this.#group = outer;
    this.#addQuantified(closedGroup(group), group.start);
  }

  #takeQuantifier(node: PatternNode): PatternNode {
    const reader = this.#reader;
    const counts = this.#takeCounts();
    if (counts === undefined) return node;
    // A lazy quantifier takes fewer first, which changes what is found and not whether something is.
    reader.takeText('?');
    return repeatNode(node, ...counts);
  }

  #takeCounts(): [min: number, max: number] | undefined {
    const reader = this.#reader;
    if (reader.takeText('*')) return [0, Infinity];
    if (reader.takeText('+')) return [1, Infinity];
    if (reader.takeText('?')) return [0, 1];
    const start = reader.index;
    if (!reader.takeText('{')) return undefined;
    const min = reader.takeNumber();
    if (min === undefined) throw reader.error('a repetition is written {n}, {n,} or {n,m}', start);
    const max = reader.takeText(',') ? (reader.takeNumber() ?? Infinity) : min;
    if (!reader.takeText('}')) throw reader.error('a repetition is written {n}, {n,} or {n,m}', start);
    if (min > max) throw reader.error('a repetition goes from the lower number to the higher one', start);
    return [min, max];
  }
}

/**
 * The tree of a pattern.
 *
 * @param maxSize how many elements it may have with its repetitions written out, for {@link ParsedPattern.oversizeAt}.
 * @throws PatternError with the index of what is wrong or cannot be linear.
 */
export function parsePattern(source: string, maxSize: number): ParsedPattern {
  return new PatternParser(source, maxSize).parse();
}
