/** How much room text takes on a terminal, in cells. */

// East Asian Wide and Fullwidth blocks (Unicode Standard Annex 11), coarsely: first and last code point.
const WIDE: ReadonlyArray<readonly [number, number]> = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

const COMBINING = /^\p{M}$/u;
const PICTURE = /^\p{Emoji_Presentation}$/u;

function widthOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (COMBINING.test(character)) return 0;
  return PICTURE.test(character) || WIDE.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** Cells that `text`, one visible line, takes. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** `text` cut to at most `cells` cells; what is missing is marked by `…`, which takes one. */
export function cutToCells(text: string, cells: number): string {
  if (cells <= 0) return '';
  let kept = '';
  let width = 0;
  let keptWithMark = '';
  for (const character of text) {
    width += widthOf(character);
    if (width > cells) return `${keptWithMark}…`;
    kept += character;
    if (width <= cells - 1) keptWithMark = kept;
  }
  return kept;
}
