/** Reads a document that a server sent: own members, of their kind, not endless. */

import { AuthorizationError } from '../base/errors.ts';
import type { ErrorCode } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';

const MAX_TEXT_CHARACTERS = 4_096;
// The longest lists in use are those of scopes.
const MAX_LIST_ITEMS = 1_000;

/** A document with what its errors say: `The protected resource metadata` and the code. Null counts as absent, as many servers write it. */
export class MetadataFields {
  readonly #document: JSONObject;
  readonly #what: string;
  readonly #code: ErrorCode;

  constructor(document: JSONObject, what: string, code: ErrorCode) {
    this.#document = document;
    this.#what = what;
    this.#code = code;
  }

  /** A member as it came. */
  value(name: string): unknown {
    return own(this.#document, name) ?? undefined;
  }

  /** A text of at most 4,096 characters. */
  text(name: string): string | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : this.#checkText(name, value);
  }

  /** {@link MetadataFields.text} that must be there and not be empty. */
  requiredText(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw this.refuse(`${name} must be a text; got ${describe(value)}`);
    return value;
  }

  /** A list of at most 1,000 texts, frozen. */
  texts(name: string): readonly string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.refuse(`${name} must be a list of texts; got ${describe(value)}`);
    if (value.length > MAX_LIST_ITEMS) throw this.refuse(`${name} must have at most ${MAX_LIST_ITEMS} items; it has ${value.length}`);
    return Object.freeze(value.map((item: unknown, index) => this.#checkText(`${name}/${index}`, item)));
  }

  /** `true` or `false`; `false` where it is absent. */
  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value !== 'boolean') throw this.refuse(`${name} must be true or false; got ${describe(value)}`);
    return value;
  }

  /** The error that says what is wrong with the document. */
  refuse(reason: string): AuthorizationError {
    return new AuthorizationError(this.#code, `${this.#what} is not valid: ${reason}`, { details: { reason } });
  }

  #checkText(name: string, value: unknown): string {
    if (typeof value !== 'string') throw this.refuse(`${name} must be a text; got ${describe(value)}`);
    if (value.length > MAX_TEXT_CHARACTERS) throw this.refuse(`${name} must have at most ${MAX_TEXT_CHARACTERS} characters; it has ${value.length}`);
    return value;
  }
}
