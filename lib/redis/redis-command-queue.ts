import type { RedisCommand } from './redis-command.ts';

const LEAST_SLOTS = 16;
const MOST_IDLE_SLOTS = 1_024;

/** Commands in order, first in, first out: a ring, as an array that is shifted moves every element. */
export class RedisCommandQueue {
  #slots: Array<RedisCommand | undefined> = new Array<RedisCommand | undefined>(LEAST_SLOTS).fill(undefined);
  #mask: number = LEAST_SLOTS - 1;
  #head = 0;
  /** How many are in it. */
  length = 0;
  /** The size of their frames together: bytes, or characters where a frame is text. */
  size = 0;

  /** The oldest. */
  get first(): RedisCommand | undefined {
    return this.#slots[this.#head];
  }

  push(command: RedisCommand): void {
    if (this.length > this.#mask) this.#resize((this.#mask + 1) * 2);
    this.#slots[(this.#head + this.length) & this.#mask] = command;
    this.length += 1;
    this.size += command.frame.length;
  }

  /** Takes the oldest out. */
  shift(): RedisCommand | undefined {
    const command = this.#slots[this.#head];
    if (command === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.length -= 1;
    this.size -= command.frame.length;
    if (this.length === 0 && this.#mask >= MOST_IDLE_SLOTS) this.#resize(LEAST_SLOTS);
    return command;
  }

  /** Takes all of them out, oldest first. */
  takeAll(): RedisCommand[] {
    const all = this.list();
    this.#slots = new Array<RedisCommand | undefined>(LEAST_SLOTS).fill(undefined);
    this.#mask = LEAST_SLOTS - 1;
    this.#head = 0;
    this.length = 0;
    this.size = 0;
    return all;
  }

  /** Puts these before all others. */
  prepend(commands: readonly RedisCommand[]): void {
    if (commands.length === 0) return;
    const behind = this.takeAll();
    for (const command of commands) this.push(command);
    for (const command of behind) this.push(command);
  }

  /** All of them, oldest first. */
  list(): RedisCommand[] {
    const all: RedisCommand[] = [];
    for (let index = 0; index < this.length; index++) all.push(this.#slots[(this.#head + index) & this.#mask] as RedisCommand);
    return all;
  }

  #resize(size: number): void {
    const all = this.list();
    this.#slots = new Array<RedisCommand | undefined>(size).fill(undefined);
    for (const [index, command] of all.entries()) this.#slots[index] = command;
    this.#mask = size - 1;
    this.#head = 0;
  }
}
