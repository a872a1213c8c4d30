/** Progress of one call on a terminal: one line that is written over itself. */

import { cellWidth, cutToCells } from './cell-width.ts';
import type { TextOutput } from './host-io.ts';
import { printableLine } from './printable.ts';

/** How far a call has come, as its server says. */
export interface ProgressReport {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

// Text of a peer is cut before it is measured: no line shows more.
const MOST_CHARACTERS = 500;
const BAR_CELLS = 24;
const LEAST_BAR_CELLS = 8;
const REDRAW_MS = 50;

/** A number for people, at most two decimals; numbers too large to be read come as powers of ten. */
export function readableNumber(value: number): string {
  if (!Number.isFinite(value)) return '?';
  return Math.abs(value) >= 1e12 ? value.toExponential(2) : String(Math.round(value * 100) / 100);
}

/** The share that is done, 0 to 1, or `undefined` where the report does not say: no total, or one that is not above zero. */
export function shareDone({ progress, total }: ProgressReport): number | undefined {
  if (total === undefined || !(total > 0) || !Number.isFinite(total) || Number.isNaN(progress)) return undefined;
  return Math.min(1, Math.max(0, progress / total));
}

function amountOf(report: ProgressReport): string {
  const count = readableNumber(report.progress);
  return shareDone(report) === undefined ? count : `${count}/${readableNumber(report.total ?? 0)}`;
}

/** The report as plain text: `3/5 message`, `3 message`. One line, escaped. */
export function describeProgress(report: ProgressReport): string {
  const amount = amountOf(report);
  return report.message === undefined ? amount : `${amount} ${printableLine(report.message.slice(0, MOST_CHARACTERS))}`;
}

/**
 * The line for `columns` cells, never wider than one less, as some terminals wrap at the last cell. The bar gets
 * smaller with the terminal, so that the numbers have room, and is left out where none is left for it. A report that is
 * `undefined` has not come yet.
 */
export function renderProgressBar(label: string, report: ProgressReport | undefined, columns: number): string {
  const room = Math.max(0, columns - 1);
  const name = cutToCells(printableLine(label.slice(0, MOST_CHARACTERS)), Math.max(8, Math.floor(room / 3)));
  if (report === undefined) return cutToCells(`${name} …`, room);
  const share = shareDone(report);
  const words = describeProgress(report);
  if (share === undefined) return cutToCells(`${name} … ${words}`, room);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const rest = `${name} [] ${percent} ${amountOf(report)}`;
  const barCells = Math.min(BAR_CELLS, room - cellWidth(rest));
  if (barCells < LEAST_BAR_CELLS) return cutToCells(`${name} ${percent} ${words}`, room);
  const full = Math.floor(share * barCells);
  return cutToCells(`${name} [${'█'.repeat(full)}${'░'.repeat(barCells - full)}] ${percent} ${words}`, room);
}

/** What a {@link ProgressBar} is made of. */
export interface ProgressBarOptions {
  readonly output: TextOutput;
  /** What is going on: the name of a tool. */
  readonly label: string;
  /** Milliseconds since some fixed moment. */
  readonly now: () => number;
}

/** A progress bar on a terminal. Reports that come faster than a person can read are left out, but never the last. */
export class ProgressBar {
  readonly #options: ProgressBarOptions;
  #report: ProgressReport | undefined;
  #drawnAt = -Infinity;
  #shown = '';

  constructor(options: ProgressBarOptions) {
    this.#options = options;
  }

  /** Draws the line before anything was reported. */
  start(): void {
    this.#draw();
  }

  /** Takes a report, and draws it unless the last drawing is too fresh. */
  update(report: ProgressReport): void {
    this.#report = report;
    if (this.#options.now() - this.#drawnAt >= REDRAW_MS || shareDone(report) === 1) this.#draw();
  }

  /** Takes the line away; what is written next begins where it stood. */
  clear(): void {
    if (this.#shown !== '') this.#options.output.write('\r\u001b[K');
    this.#shown = '';
  }

  /** Draws the last report and leaves the line standing. */
  finish(): void {
    this.#draw();
    this.#options.output.write('\n');
    this.#shown = '';
  }

  #draw(): void {
    const { output, label, now } = this.#options;
    this.#drawnAt = now();
    const line = renderProgressBar(label, this.#report, output.columns);
    if (line === this.#shown) return;
    this.#shown = line;
    output.write(`\r${line}\u001b[K`);
  }
}
