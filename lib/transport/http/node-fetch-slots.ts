/** How many exchanges run at once, with one server and with all. */

/** One that waits for its turn. */
export interface Waiter {
  /** It is its turn: a slot is taken for it. */
  start(): void;
}

interface Line {
  active: number;
  /** In the order they came, each with its number in the order of all. */
  readonly waiting: Map<Waiter, number>;
}

/** Slots, in the order they were asked for. */
export class ExchangeSlots {
  readonly #mostPerKey: number;
  readonly #most: number;
  readonly #lines = new Map<string, Line>();
  #active = 0;
  #asked = 0;

  constructor(mostPerKey: number, most: number) {
    this.#mostPerKey = mostPerKey;
    this.#most = most;
  }

  /** How many are taken. */
  get active(): number {
    return this.#active;
  }

  /** Whether the slot is taken at once; if not, `waiter` is started when its turn comes. */
  take(key: string, waiter: Waiter): boolean {
    let line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, (line = { active: 0, waiting: new Map() }));
    if (this.#active < this.#most && line.active < this.#mostPerKey && line.waiting.size === 0) {
      line.active++;
      this.#active++;
      return true;
    }
    line.waiting.set(waiter, this.#asked++);
    return false;
  }

  /** Leaves the line. */
  leave(key: string, waiter: Waiter): void {
    const line = this.#lines.get(key);
    line?.waiting.delete(waiter);
    this.#tidy(key, line);
  }

  /** Gives a slot back; whoever has waited longest and has room now is started. */
  giveBack(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    line.active--;
    this.#active--;
    const next = this.#next();
    this.#tidy(key, line);
    next?.start();
  }

  #next(): Waiter | undefined {
    let first: { waiter: Waiter; line: Line; number: number } | undefined;
    for (const line of this.#lines.values()) {
      if (line.active >= this.#mostPerKey || line.waiting.size === 0) continue;
      const [[waiter, number] = []] = line.waiting;
      if (waiter !== undefined && number !== undefined && (first === undefined || number < first.number)) first = { waiter, line, number };
    }
    if (first === undefined) return undefined;
    first.line.waiting.delete(first.waiter);
    first.line.active++;
    this.#active++;
    return first.waiter;
  }

  #tidy(key: string, line: Line | undefined): void {
    if (line !== undefined && line.active === 0 && line.waiting.size === 0) this.#lines.delete(key);
  }
}
