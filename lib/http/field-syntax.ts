/** The parts that header field values are made of, read from left to right, each character a bounded number of times. */

const HTAB = 0x09;
const BLANK = 0x20;
const DOUBLE_QUOTE = 0x22;
const COMMA = 0x2c;
const QUOTED_PAIR = 0x5c;
const TOKEN_MARKS = "!#$%&'*+-.^_`|~";
const TOKEN68_MARKS = '-._~+/';

/** Whether a character is a space or a tab: all the white space that a field value knows. Source: RFC 9110 section 5.6.3. */
export function isWhiteSpace(code: number): boolean {
  return code === BLANK || code === HTAB;
}

/** Whether a character is visible ASCII. Source: RFC 5234 appendix B.1, VCHAR. */
export function isVisible(code: number): boolean {
  return code > BLANK && code < 0x7f;
}

/** The index of the first character of `text` that is not visible ASCII; -1 where all are: such a text can be a URL. Source: RFC 3986 section 2. */
export function indexOfInvisible(text: string): number {
  for (let index = 0; index < text.length; index++) if (!isVisible(text.charCodeAt(index))) return index;
  return -1;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** Whether a character belongs to the body of a token68, before its `=`. Source: RFC 9110 section 11.2; RFC 6750 section 2.1. */
export function isToken68Character(code: number): boolean {
  return isAlphanumeric(code) || TOKEN68_MARKS.includes(String.fromCharCode(code));
}

function isTokenCharacter(code: number): boolean {
  return isAlphanumeric(code) || TOKEN_MARKS.includes(String.fromCharCode(code));
}

/** Whether all of `text` is one token. Source: RFC 9110 section 5.6.2. */
export function isToken(text: string): boolean {
  if (text === '') return false;
  for (let index = 0; index < text.length; index++) if (!isTokenCharacter(text.charCodeAt(index))) return false;
  return true;
}

/** `value` without the spaces and tabs at its two ends. Source: RFC 9110 section 5.5. */
export function withoutOuterSpace(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isWhiteSpace(value.charCodeAt(start))) start++;
  while (end > start && isWhiteSpace(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

/** A place in a field value, and what can be read from there. What is not there is `undefined`, and the place stays. */
export class FieldReader {
  /** All of the field value. */
  readonly text: string;
  /** The index of the next character. */
  at: number = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether no character is left. */
  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Whether the next character is `character`. */
  isAt(character: string): boolean {
    return this.text[this.at] === character;
  }

  /** Steps over `character` where it comes next. */
  take(character: string): boolean {
    if (!this.isAt(character)) return false;
    this.at++;
    return true;
  }

  /** Steps over spaces and tabs. */
  skipWhiteSpace(): void {
    while (isWhiteSpace(this.text.charCodeAt(this.at))) this.at++;
  }

  /** The longest run of characters that `belongs` holds for; `undefined` where there is none. */
  run(belongs: (code: number) => boolean): string | undefined {
    const start = this.at;
    while (!this.atEnd && belongs(this.text.charCodeAt(this.at))) this.at++;
    return this.at === start ? undefined : this.text.slice(start, this.at);
  }

  /** A token. Source: RFC 9110 section 5.6.2. */
  token(): string | undefined {
    return this.run(isTokenCharacter);
  }

  /**
   * The text of a quoted string, its escapes resolved; one that is not closed or holds a control character is none.
   * Beyond ASCII everything is taken: how such bytes were decoded differs from one `fetch` to the next.
   * Source: RFC 9110 section 5.6.4.
   */
  quotedString(): string | undefined {
    if (!this.isAt('"')) return undefined;
    let value = '';
    let start = this.at + 1;
    for (let index = start; index < this.text.length; index++) {
      const code = this.text.charCodeAt(index);
      if (code === DOUBLE_QUOTE) {
        value += this.text.slice(start, index);
        this.at = index + 1;
        return value;
      }
      if (code === QUOTED_PAIR) {
        value += this.text.slice(start, index);
        start = ++index;
      }
      if (!mayBeQuoted(this.text.charCodeAt(index))) return undefined;
    }
    return undefined;
  }

  /** A token or a quoted string. */
  tokenOrQuotedString(): string | undefined {
    return this.isAt('"') ? this.quotedString() : this.token();
  }

  /** Steps to the next of `separators` that is not inside of quotes, or to the end: an open quote hides all that follows. */
  skipTo(separators: string): void {
    for (; !this.atEnd; this.at++) {
      if (this.isAt('"')) this.#skipQuoted();
      else if (separators.includes(this.text.charAt(this.at))) return;
    }
  }

  /** Whether nothing but white space stands before the next comma or the end; leaves the place there when so. */
  isElementOver(): boolean {
    const start = this.at;
    this.skipWhiteSpace();
    if (this.atEnd || this.text.charCodeAt(this.at) === COMMA) return true;
    this.at = start;
    return false;
  }

  /** From an opening quote to its closing one, whatever stands between. */
  #skipQuoted(): void {
    for (this.at++; !this.atEnd && !this.isAt('"'); this.at++) if (this.isAt('\\')) this.at++;
  }
}

/** qdtext and what a backslash may stand before. NaN, behind the last character, is neither. */
function mayBeQuoted(code: number): boolean {
  return code === HTAB || (code >= BLANK && code !== 0x7f);
}
