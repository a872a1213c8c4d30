/** One run of the program, from its words to its exit code. */

import { VERSION } from '../index.ts';
import { secretsOfAuthorization } from './authorization-options.ts';
import type { Action, Answer } from './command.ts';
import { readCommandLine, wantsJSON } from './command-line.ts';
import type { Invocation } from './command-line.ts';
import { COMMANDS, findCommand } from './commands.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { Interruption } from './failure.ts';
import { renderCommandHelp, renderHelp } from './help.ts';
import { readHeaders } from './header-options.ts';
import { hiderOf, passwordHiderOf, secretHiderOf } from './hide.ts';
import type { Hide } from './hide.ts';
import { readHandlers } from './host-options.ts';
import type { HostIO } from './host-io.ts';
import { Notes } from './notes.ts';
import { choosePaint } from './paint.ts';
import { printableJSON } from './printable.ts';
import { REDIS_VARIABLE } from './redis-sessions.ts';
import { hideInProblem, problemOf, renderProblem, renderProblemAsJSON } from './render-error.ts';
import { readLogLevel, readTimeout } from './server-options.ts';
import { createTarget } from './target.ts';
import type { Target, TargetOptions } from './target.ts';

/**
 * Runs the program with the words after its name, and gives its exit code. Never rejects. When it is done, no server
 * that it started, no session and no socket is left.
 */
export async function runProgram(words: readonly string[], io: HostIO): Promise<number> {
  const asJSON = wantsJSON(words);
  let hide: Hide = (text) => text;
  try {
    const invocation = readCommandLine(words);
    const told = tell(invocation, io);
    if (told !== undefined) {
      io.stdout.write(`${told}\n`);
      return EXIT_CODES.ok;
    }
    // First of all: a header that the shell took apart would be shown as an operand that is too many.
    hide = readHide(invocation, io.environment);
    const command = findCommand(invocation);
    const action = await unlessInterrupted(command.prepare(invocation, io), io.signal);
    return await runWithServer({ invocation, command, environment: io.environment }, action, io, hide);
  } catch (error) {
    return report(error, io, asJSON, hide);
  }
}

/** What hides the secrets of the command line. */
function readHide(invocation: Invocation, environment: HostIO['environment']): Hide {
  const hidePassword = passwordHiderOf(invocation.options.value('redis') ?? environment[REDIS_VARIABLE] ?? '');
  const hideHeaders = hiderOf(Object.values(readHeaders(invocation, environment)));
  const hideSecrets = secretHiderOf(secretsOfAuthorization(invocation, environment));
  return (text) => hideSecrets(hideHeaders(hidePassword(text)));
}

/** The text of `--help` or `--version`, when one is asked for. */
function tell(invocation: Invocation, io: HostIO): string | undefined {
  const { command, options } = invocation;
  const paint = choosePaint(io.environment, io.stdout.isTerminal);
  if (options.has('help')) return command === undefined ? renderHelp(COMMANDS, paint) : renderCommandHelp(findCommand(invocation), paint);
  return options.has('version') ? `barewire ${VERSION}` : undefined;
}

async function runWithServer(options: TargetOptions, action: Action, io: HostIO, hide: Hide): Promise<number> {
  const { invocation, command } = options;
  const asJSON = invocation.options.has('json');
  const level = readLogLevel(invocation);
  const paint = choosePaint(io.environment, io.stderr.isTerminal);
  const notes = new Notes({ io, paint, level, verbose: invocation.options.has('verbose'), hide });
  const { handlers, asker, canAsk } = readHandlers(invocation, command, io, notes);
  const target = createTarget(options, { logger: notes.logger, handlers, showsPages: asker?.isInteractive === true }, { io, notes, asker, canAsk });
  const { server } = target;
  io.onForcedExit(() => target.kill());
  const request = { signal: io.signal };
  const { sessions } = target;
  const context = { io, notes, request, timeoutMs: readTimeout(invocation), asker, asJSON, level, hide, recover: () => target.recover(), sessions };
  if (command.attach === undefined) server.on('log', (message) => notes.logMessage(message));
  else command.attach(server, context);
  let exitCode: number;
  try {
    if (command.isRemote !== true) await connect(target, notes, io.signal);
    if (level !== undefined && server.serverCapabilities?.logging !== undefined) await server.setLogLevel(level, request);
    const answer = await action(server, context);
    if (answer !== undefined) print(answer, io, asJSON);
    for (const name of asker?.unused ?? []) notes.line('form', `no form asked for ${name}, which --answer gives`);
    notes.serverErrors(target.stderrTail());
    exitCode = answer?.failure === undefined ? EXIT_CODES.ok : report(answer.failure, io, asJSON, hide);
  } catch (error) {
    notes.serverErrors(target.stderrTail());
    exitCode = report(error, io, asJSON, hide);
  }
  await close(target, io.signal);
  return io.signal.reason instanceof Interruption && !io.signal.reason.quiet ? io.signal.reason.exitCode : exitCode;
}

/** Connects, with the session that Redis keeps where there is one. A Redis that fails does not fail the run. */
async function connect({ server, sessions }: Target, notes: Notes, signal: AbortSignal): Promise<void> {
  let isTold = false;
  const tell = () => {
    const failure = sessions?.redis.failure;
    if (failure !== undefined && !isTold) notes.line('redis', `${failure.message}; going on without it, with a session of this run alone`);
    isTold = failure !== undefined;
  };
  await sessions?.redis.openOrGiveUp(signal);
  tell();
  await server.connect({ signal });
  tell();
}

function print(answer: Answer, io: HostIO, asJSON: boolean): void {
  const paint = choosePaint(io.environment, io.stdout.isTerminal);
  io.stdout.write(`${asJSON ? printableJSON(answer.json) : answer.text(paint)}\n`);
}

/** Says what went wrong, once, and gives the exit code. After an interruption that is what went wrong, whatever failed of it. */
function report(error: unknown, io: HostIO, asJSON: boolean, hide: Hide): number {
  const cause: unknown = io.signal.aborted ? io.signal.reason : error;
  const problem = hideInProblem(problemOf(cause), hide);
  if (cause instanceof Interruption && cause.quiet) return problem.exitCode;
  const asText = !asJSON && io.stderr.isTerminal;
  io.stderr.write(`${asText ? renderProblem(problem, choosePaint(io.environment, true)) : renderProblemAsJSON(problem)}\n`);
  return problem.exitCode;
}

/** Lets the server go. Who presses Ctrl-C while it takes its time does not want to wait for it. */
async function close(target: Target, signal: AbortSignal): Promise<void> {
  const hurry = () => {
    if (!(signal.reason instanceof Interruption && signal.reason.quiet)) target.kill();
  };
  signal.addEventListener('abort', hurry, { once: true });
  await target.close();
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
