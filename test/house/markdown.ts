/** Markdown as text: headings and their anchors, links, tables, blocks of code. */

/** One block of code between fences. */
export interface CodeBlock {
  /** What stands behind the opening fence: the language, and words for those who read the block. */
  readonly info: string;
  readonly code: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
}

const BLOCKS = /^( {0,3})(`{3,})([^\n`]*)\n([\s\S]*?)^ {0,3}\2`*[ \t]*$/gm;

/** Every block of code, in order. */
export function codeBlocks(text: string): CodeBlock[] {
  return [...text.matchAll(BLOCKS)].map((match) => ({
    info: (match[3] ?? '').trim(),
    code: match[4] ?? '',
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** `text` without its blocks of code and its comments. */
export function proseOf(text: string): string {
  return text.replace(BLOCKS, '').replace(/<!--[\s\S]*?-->/g, '');
}

/** The titles of the headings of one level, in order. */
export function headings(text: string, level: number): string[] {
  const found = proseOf(text).matchAll(new RegExp(`^#{${level}}[ \\t]+(.+?)[ \\t#]*$`, 'gm'));
  return [...found].map((match) => match[1] ?? '');
}

/** The anchor of a heading, as the sites that show Markdown make it: lower case, punctuation away, spaces to hyphens. */
export function anchorOf(title: string): string {
  const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
  return plain.trim().toLowerCase().replace(/[^\p{Letter}\p{Number}\p{Mark}_ -]/gu, '').replaceAll(' ', '-');
}

/** Every anchor of a text: one a heading, a second heading of the same title with `-1`, and what is written as `<a id>`. */
export function anchors(text: string): Set<string> {
  const found = new Set<string>();
  const counts = new Map<string, number>();
  for (const match of proseOf(text).matchAll(/^#{1,6}[ \t]+(.+?)[ \t#]*$/gm)) {
    const anchor = anchorOf(match[1] ?? '');
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    found.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  for (const match of proseOf(text).matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) found.add(match[1] ?? '');
  return found;
}

/** The targets of every link and picture, in order: inline ones and definitions. */
export function links(text: string): string[] {
  const prose = proseOf(text).replace(/`[^`\n]*`/g, '');
  const found = prose.matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)|^ {0,3}\[[^\]]+\]:\s*<?([^>\s]+)>?/gm);
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

/** The cells of every row of every table, trimmed, code marks away, without the lines under the heads. */
export function tableRows(text: string): string[][] {
  const lines = proseOf(text).split('\n').filter((line) => /^\s*\|.*\|\s*$/.test(line) && !/^[\s|:-]+$/.test(line));
  return lines.map((line) => line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('`', '')));
}
