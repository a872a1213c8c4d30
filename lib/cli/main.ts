#!/usr/bin/env node
/** The edge of the program: argv, streams, signals, exit code. Everything else is in `program.ts`, which knows no process. */

import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

import { Interruption } from './failure.ts';
import type { HostIO, TextOutput } from './host-io.ts';
import { runProgram } from './program.ts';
import { TerminalLines } from './terminal-lines.ts';

// Exit codes as a shell gives them: 128 and the number of the signal (POSIX, kill).
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const UNKNOWN_WIDTH = 80;
const LONGEST_TIMER_MS = 2_147_483_647;

function output(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns > 0 ? stream.columns : UNKNOWN_WIDTH;
    },
  };
}

async function readInput(signal: AbortSignal): Promise<string> {
  const { stdin } = process;
  const letGo = () => {
    stdin.destroy();
    // Deno keeps the process for a read that was begun; a file has nothing to unref.
    stdin.unref?.();
  };
  signal.addEventListener('abort', letGo, { once: true });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of stdin) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** The one timer of the program. Without an end it keeps the process alive all the same: whoever waits is not done. */
function wait(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = milliseconds === undefined ? setInterval(() => {}, LONGEST_TIMER_MS) : setTimeout(resolve, milliseconds);
    const stop = () => {
      clearInterval(timer);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}

function hostIO(controller: AbortController, asked: () => void): HostIO {
  let lines: TerminalLines | undefined;
  let lastAct = () => {};
  const interrupt = (name: keyof typeof SIGNALS) => {
    if (!controller.signal.aborted) return controller.abort(new Interruption(`interrupted by ${name}`, SIGNALS[name]));
    lastAct();
    process.exit(SIGNALS[name]);
  };
  for (const name of Object.keys(SIGNALS) as Array<keyof typeof SIGNALS>) process.on(name, () => interrupt(name));
  // `barewire tools … | head -1`: the reader has seen enough.
  process.stdout.on('error', () => controller.abort(new Interruption('nobody reads what is printed', 0, true)));
  process.stderr.on('error', () => {});
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    environment: process.env,
    signal: controller.signal,
    onForcedExit: (action) => (lastAct = action),
    now: () => performance.now(),
    wait,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    readLine: (signal) => {
      asked();
      return (lines ??= new TerminalLines(process.stdin)).next(signal);
    },
    readInput: () => readInput(controller.signal),
    fileURL: (path) => pathToFileURL(path).href,
    readFile: (path) => readFile(path, 'utf8'),
    writeFile: (path, bytes) => writeFile(path, bytes),
  };
}

const controller = new AbortController();
const stdinRead = new AbortController();
void runProgram(process.argv.slice(2), hostIO(controller, () => stdinRead.abort())).then((exitCode) => {
  // The exit code is set, and the process ends by itself: what is printed gets out, and nothing that is left open is hidden.
  process.exitCode = exitCode;
  // A read of stdin that was begun cannot be taken back everywhere, and would hold the process; what was printed goes first.
  if (controller.signal.aborted || stdinRead.signal.aborted) process.stderr.write('', () => process.stdout.write('', () => process.exit()));
});
