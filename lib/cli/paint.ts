/** Colours, where they are wanted. */

/** The few ways in which the program marks text. */
export interface Paint {
  /** A name: what one would type. */
  name(text: string): string;
  /** What is there to be read past. */
  faint(text: string): string;
  /** A heading. */
  heading(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

// SGR parameters of ECMA-48 section 8.3.117: how the mark begins, how it ends.
const marked = (begin: number, end: number) => (text: string) => (text === '' ? '' : `\u001b[${begin}m${text}\u001b[${end}m`);
const plain = (text: string): string => text;

/** Marks text for a terminal. */
export const COLOURED: Paint = Object.freeze({
  name: marked(36, 39),
  faint: marked(2, 22),
  heading: marked(1, 22),
  good: marked(32, 39),
  bad: marked(31, 39),
});

/** Leaves text as it is. */
export const PLAIN: Paint = Object.freeze({ name: plain, faint: plain, heading: plain, good: plain, bad: plain });

/**
 * Whether a stream gets colours: never with NO_COLOR (https://no-color.org: present and not empty); else as FORCE_COLOR
 * says where it is set (`0` and `false` no, all else yes); else on a terminal that is not `TERM=dumb`.
 */
export function wantsColours(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return isTerminal && environment['TERM'] !== 'dumb';
}

/** The {@link Paint} for a stream. */
export function choosePaint(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): Paint {
  return wantsColours(environment, isTerminal) ? COLOURED : PLAIN;
}
