/** Elements to replies: the levels of the reply that is being read, as a stack of its own, so that no depth is a depth of calls. */

import { elementsOf, OpenAggregate } from './open-aggregate.ts';
import type { AggregateType } from './open-aggregate.ts';
import type { RESPBounds } from './resp-bounds.ts';
import { malformedReply, misplacedValue, overRESPLimit } from './resp-refusal.ts';
import type { RESPReply } from './resp-reply.ts';
import { BYTE_ZERO, TYPE_ATTRIBUTE, TYPE_PUSH } from './resp-types.ts';

/** Who hears what is read. Must not throw. May switch `strings` of the decoder, and may call its `reset`, which drops the rest of the chunk too. */
export interface RESPHearer {
  /** One whole reply, in the order of the stream. */
  reply(reply: RESPReply): void;
  /** One whole push that stood between replies, its kind first. Its strings are always text. */
  push(items: readonly RESPReply[]): void;
}

/** Puts elements into the aggregates they belong to, and hands out what is whole. */
export class ReplyBuilder {
  readonly #bounds: RESPBounds;
  readonly #hearer: RESPHearer;
  #below: OpenAggregate[] = [];
  #top: OpenAggregate | undefined;
  // Of the reply that is being read: all that its aggregates announced, or that came where nothing is announced.
  #elements = 0;
  #wantsBytes = false;

  constructor(bounds: RESPBounds, hearer: RESPHearer) {
    this.#bounds = bounds;
    this.#hearer = hearer;
  }

  /** Whether the next element is a reply by itself: a push may stand here. */
  get isBetweenReplies(): boolean {
    return this.#top === undefined;
  }

  /** Whether a streamed aggregate may end here. */
  get mayEndStream(): boolean {
    return this.#top?.mayEnd ?? false;
  }

  /** Whether strings of the reply that is being read are wanted as bytes. */
  get wantsBytes(): boolean {
    return this.#wantsBytes;
  }

  /** The first byte of an element is there: where it is the first of a reply, that reply's strings are as `strings` says. */
  begin(strings: 'text' | 'bytes'): void {
    if (this.#top === undefined && this.#elements === 0) this.#wantsBytes = strings === 'bytes';
  }

  /** How long an aggregate of `type` may be here. */
  mostLength(type: AggregateType): number {
    return Math.floor((this.#bounds.maxElements - this.#elements) / elementsOf(type, 1));
  }

  /**
   * An aggregate begins; `length` is Infinity where it is streamed.
   *
   * @throws LimitError `maxRedisElements`, `maxRedisDepth`
   * @throws RedisError `ERR_MCP_REDIS_PROTOCOL` for a push without a kind.
   */
  open(type: AggregateType, length: number): void {
    const elements = elementsOf(type, length);
    if (this.#below.length + (this.#top === undefined ? 0 : 1) >= this.#bounds.maxDepth) {
      throw overRESPLimit('maxRedisDepth', 'aggregates inside each other', this.#bounds.maxDepth);
    }
    // Many attributes without anything in them are counted by themselves.
    this.#count((length === Infinity ? 0 : elements) + (type === TYPE_ATTRIBUTE ? 1 : 0));
    if (type === TYPE_PUSH) {
      if (length === 0) throw malformedReply('a push with its kind', BYTE_ZERO);
      this.#wantsBytes = false;
    }
    if (this.#top !== undefined) this.#below.push(this.#top);
    this.#top = new OpenAggregate(type, elements);
    if (elements === 0) this.#closeTop();
  }

  /**
   * The next element is whole.
   *
   * @throws LimitError `maxRedisElements`
   * @throws RedisError `ERR_MCP_REDIS_PROTOCOL` for a push whose kind is no string.
   */
  settle(element: RESPReply): void {
    const top = this.#top;
    if (top === undefined) return this.#handOut(element);
    if (this.#add(top, element)) this.#closeTop();
  }

  /** The innermost aggregate, a streamed one, is whole. */
  endStream(): void {
    this.#closeTop();
  }

  /** Forgets what it holds. */
  clear(): void {
    this.#below = [];
    this.#top = undefined;
    this.#elements = 0;
  }

  /** The innermost aggregate is whole, and with it all those whose last element it is. */
  #closeTop(): void {
    for (let top = this.#top; top !== undefined; top = this.#top) {
      const parent = this.#below.pop();
      this.#top = parent;
      if (top.type === TYPE_PUSH) {
        this.#elements = 0;
        return this.#hearer.push(top.items);
      }
      if (top.type === TYPE_ATTRIBUTE) {
        if (parent !== undefined) parent.isAttributed = true;
        return;
      }
      const reply = top.toReply();
      if (parent === undefined) return this.#handOut(reply);
      if (!this.#add(parent, reply)) return;
    }
  }

  #add(aggregate: OpenAggregate, element: RESPReply): boolean {
    if (aggregate.remaining === Infinity) this.#count(1);
    if (aggregate.type === TYPE_PUSH && aggregate.items.length === 0 && typeof element !== 'string') throw misplacedValue('the kind of a push, a string');
    return aggregate.add(element);
  }

  #handOut(reply: RESPReply): void {
    this.#elements = 0;
    this.#hearer.reply(reply);
  }

  #count(elements: number): void {
    this.#elements += elements;
    if (this.#elements > this.#bounds.maxElements) throw overRESPLimit('maxRedisElements', 'a reply with elements', this.#bounds.maxElements);
  }
}
