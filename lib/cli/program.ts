/** One run of the program, from its words to its exit code. */

import { StdioMCPServer, VERSION } from '../index.ts';
import type { Action, Answer } from './command.ts';
import { readCommandLine, wantsJSON } from './command-line.ts';
import type { Invocation } from './command-line.ts';
import { COMMANDS, findCommand } from './commands.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { Interruption } from './failure.ts';
import { renderCommandHelp, renderHelp } from './help.ts';
import type { HostIO } from './host-io.ts';
import { Notes } from './notes.ts';
import { choosePaint } from './paint.ts';
import { printableJSON } from './printable.ts';
import { problemOf, renderProblem, renderProblemAsJSON } from './render-error.ts';
import { readLogLevel, readServerOptions } from './server-options.ts';

/**
 * Runs the program with the words after its name, and gives its exit code. Never rejects. When it is done, no server
 * that it started is left.
 */
export async function runProgram(words: readonly string[], io: HostIO): Promise<number> {
  const asJSON = wantsJSON(words);
  try {
    const invocation = readCommandLine(words);
    const told = tell(invocation, io);
    if (told !== undefined) {
      io.stdout.write(`${told}\n`);
      return EXIT_CODES.ok;
    }
    const action = await unlessInterrupted(findCommand(invocation).prepare(invocation, io), io.signal);
    return await runWithServer(invocation, action, io, asJSON);
  } catch (error) {
    return report(error, io, asJSON);
  }
}

/** The text of `--help` or `--version`, when one is asked for. */
function tell(invocation: Invocation, io: HostIO): string | undefined {
  const { command, options } = invocation;
  const paint = choosePaint(io.environment, io.stdout.isTerminal);
  if (options.has('help')) return command === undefined ? renderHelp(COMMANDS, paint) : renderCommandHelp(findCommand(invocation), paint);
  return options.has('version') ? `barewire ${VERSION}` : undefined;
}

async function runWithServer(invocation: Invocation, action: Action, io: HostIO, asJSON: boolean): Promise<number> {
  const level = readLogLevel(invocation);
  const paint = choosePaint(io.environment, io.stderr.isTerminal);
  const notes = new Notes({ io, paint, level, verbose: invocation.options.has('verbose') });
  const server = new StdioMCPServer(readServerOptions(invocation, io.environment, notes.logger));
  io.onForcedExit(() => server.signalProcess('SIGKILL'));
  server.on('log', (message) => notes.logMessage(message));
  const request = { signal: io.signal };
  let exitCode: number;
  try {
    await server.connect(request);
    if (level !== undefined && server.serverCapabilities?.logging !== undefined) await server.setLogLevel(level, request);
    const answer = await action(server, { io, notes, request });
    print(answer, io, asJSON);
    notes.serverErrors(server.stderrTail);
    exitCode = answer.failure === undefined ? EXIT_CODES.ok : report(answer.failure, io, asJSON);
  } catch (error) {
    notes.serverErrors(server.stderrTail);
    exitCode = report(error, io, asJSON);
  }
  await close(server, io.signal);
  return io.signal.reason instanceof Interruption && !io.signal.reason.quiet ? io.signal.reason.exitCode : exitCode;
}

function print(answer: Answer, io: HostIO, asJSON: boolean): void {
  const paint = choosePaint(io.environment, io.stdout.isTerminal);
  io.stdout.write(`${asJSON ? printableJSON(answer.json) : answer.text(paint)}\n`);
}

/** Says what went wrong, once, and gives the exit code. After an interruption that is what went wrong, whatever failed of it. */
function report(error: unknown, io: HostIO, asJSON: boolean): number {
  const cause: unknown = io.signal.aborted ? io.signal.reason : error;
  const problem = problemOf(cause);
  if (cause instanceof Interruption && cause.quiet) return problem.exitCode;
  const asText = !asJSON && io.stderr.isTerminal;
  io.stderr.write(`${asText ? renderProblem(problem, choosePaint(io.environment, true)) : renderProblemAsJSON(problem)}\n`);
  return problem.exitCode;
}

/** Lets the server go. Who presses Ctrl-C while it takes its time does not want to wait for it. */
async function close(server: StdioMCPServer, signal: AbortSignal): Promise<void> {
  const hurry = () => {
    if (!(signal.reason instanceof Interruption && signal.reason.quiet)) server.signalProcess('SIGKILL');
  };
  signal.addEventListener('abort', hurry, { once: true });
  await server.cleanup();
  signal.removeEventListener('abort', hurry);
}

/** `promise`, or the rejection with the signal's reason when that comes first. */
function unlessInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
