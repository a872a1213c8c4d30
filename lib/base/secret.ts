/** A text that does not print itself: tokens, keys, codes and passwords on their way through the library. */

const SHOWN = '[secret]';

/**
 * Holds a text that nothing shows by accident: as a string and as JSON it is `[secret]`, and inspecting or copying it shows nothing. Who needs the text says so by
 * {@link Secret.reveal}, which is easy to search for.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  /** The text itself. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }
}
