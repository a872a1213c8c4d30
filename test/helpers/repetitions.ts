/**
 * How often a test does again what it does. Every test runs under every runtime; what only adds up more of the same work is done in
 * full under one of them, since test/runtimes/run.ts says `REPETITIONS=few` for the others.
 */

import process from 'node:process';

/** `full`, or `few` where few are asked for. */
export function times(full: number, few: number): number {
  return process.env['REPETITIONS'] === 'few' ? few : full;
}
