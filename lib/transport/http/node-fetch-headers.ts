/** The headers of a response as the wire gave them, read without building anything where that is possible. */

/**
 * The platform's `Headers`, made when something other than one value is asked for. Equal names are joined with `, `, `Set-Cookie` too, whose
 * values stand alone in `getSetCookie()`; as with every response, nothing can be changed.
 */
export class ResponseHeaders implements Headers {
  /** Name, value, name, value. */
  readonly #raw: readonly string[];
  #headers: Headers | undefined;

  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    return rawHeader(this.#raw, String(name).toLowerCase());
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  getSetCookie(): string[] {
    return this.#raw.filter((_, index) => index % 2 === 1 && this.#raw[index - 1]?.toLowerCase() === 'set-cookie');
  }

  forEach(action: (value: string, key: string, parent: Headers) => void, receiver?: unknown): void {
    for (const [key, value] of this.#built) action.call(receiver, value, key, this);
  }

  keys(): ReturnType<Headers['keys']> {
    return this.#built.keys();
  }

  values(): ReturnType<Headers['values']> {
    return this.#built.values();
  }

  entries(): ReturnType<Headers['entries']> {
    return this.#built.entries();
  }

  [Symbol.iterator](): ReturnType<Headers['entries']> {
    return this.#built.entries();
  }

  append(): never {
    throw immutable();
  }

  set(): never {
    throw immutable();
  }

  delete(): never {
    throw immutable();
  }

  get #built(): Headers {
    if (this.#headers !== undefined) return this.#headers;
    const headers = new Headers();
    for (let index = 0; index < this.#raw.length; index += 2) headers.append(this.#raw[index] ?? '', this.#raw[index + 1] ?? '');
    this.#headers = headers;
    return headers;
  }
}

function immutable(): TypeError {
  return new TypeError('The headers of a response cannot be changed');
}

/** The values of one header, joined with `, ` (RFC 9110 section 5.3); null where it is not there. `name` in lower case. */
export function rawHeader(raw: readonly string[], name: string): string | null {
  let found: string | null = null;
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length !== name.length || (candidate !== name && candidate.toLowerCase() !== name)) continue;
    const value = raw[index + 1] ?? '';
    found = found === null ? value : `${found}, ${value}`;
  }
  return found;
}
