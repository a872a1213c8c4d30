/** One child process and its whole process group: started, watched, stopped. The only place that starts a process. */

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { deferred } from '../../base/deferred.ts';
import { ConnectionError } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { isGroupAlive, signalGroup } from './process-group.ts';
import { resolveWindowsCommand, windowsStopCommand } from './windows-command.ts';

/** What a child is started with. */
export interface ChildOptions {
  /** The program and its arguments; no shell reads them. */
  readonly argv: readonly string[];
  /** The child's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string | undefined;
}

/** How a child ended: with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

const isWindows = process.platform === 'win32';

/** A running child. */
export class ChildProcess {
  readonly pid: number;
  readonly streams: Pick<ChildProcessWithoutNullStreams, 'stdin' | 'stdout' | 'stderr'>;
  /** Resolves when the child itself exited; what it started may still run. */
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;
  #isGone = false;
  readonly #child: ChildProcessWithoutNullStreams;

  private constructor(child: ChildProcessWithoutNullStreams, pid: number) {
    this.#child = child;
    this.pid = pid;
    this.streams = child;
    this.exited = new Promise((onExit) => {
      child.once('exit', (code, signal) => {
        this.#exit = { code, signal };
        onExit(this.#exit);
      });
    });
  }

  /**
   * Starts a child in a process group of its own, so that all it starts can be stopped with it.
   *
   * @throws ConnectionError `ERR_MCP_SPAWN_FAILED`, `ERR_MCP_WORKING_DIR`, `ERR_MCP_PERMISSION_DENIED`, always `unsent`.
   */
  static async start(options: ChildOptions): Promise<ChildProcess> {
    const failed = deferred<never>();
    let child: ChildProcessWithoutNullStreams;
    try {
      child = spawnChild(options);
    } catch (cause) {
      throw startError(options, cause);
    }
    // Stays for the child's whole life: a signal that cannot be sent is an error event too, and one without a listener is fatal.
    child.on('error', (cause) => failed.reject(startError(options, cause)));
    failed.promise.catch(() => {});
    const { pid } = child;
    if (pid === undefined) return failed.promise;
    const started = new ChildProcess(child, pid);
    const spawned = deferred<void>();
    child.once('spawn', spawned.resolve);
    await Promise.race([spawned.promise, failed.promise]);
    return started;
  }

  /** How the child ended, once it did. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Whether the child, or anything of its group, still runs. Once it is false it stays so: the number may be given away. */
  get isAlive(): boolean {
    if (this.#exit === undefined) return true;
    if (!this.#isGone) this.#isGone = isWindows || !isGroupAlive(this.pid);
    return !this.#isGone;
  }

  /** Sends a signal to the child's whole group, at once. False when nobody is left to get it. */
  signal(name: NodeJS.Signals): boolean {
    if (isWindows) return this.#exit === undefined && this.#child.kill(name);
    // The group can outlive the child that it is named after; its number is not given away as long as it does.
    return this.isAlive && signalGroup(this.pid, name);
  }

  /** Kills the child and all it started, as hard as the platform can. */
  kill(): void {
    if (!isWindows) return void this.signal('SIGKILL');
    const { file, args } = windowsStopCommand(this.pid, process.env);
    spawn(file, args, { stdio: 'ignore', windowsHide: true }).once('error', () => this.#child.kill());
  }

  /** Lets go of the pipes: a grandchild that holds the other end holds nothing of ours. */
  release(): void {
    for (const stream of [this.streams.stdin, this.streams.stdout, this.streams.stderr]) stream.destroy();
    this.#child.unref();
  }
}

function spawnChild({ argv, env, workingDir }: ChildOptions): ChildProcessWithoutNullStreams {
  const cwd = workingDir === undefined ? {} : { cwd: workingDir };
  const common = { ...cwd, env: ownEnvironment(env), shell: false, windowsHide: true };
  if (!isWindows) {
    const [file = '', ...args] = argv;
    return spawn(file, args, { ...common, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  }
  const { file, args, verbatim } = resolveWindowsCommand(argv, { env, workingDir: resolve(workingDir ?? '.'), isFile });
  return spawn(file, args, { ...common, stdio: ['pipe', 'pipe', 'pipe'], windowsVerbatimArguments: verbatim });
}

/**
 * A copy that node may write into, without a prototype that spawn would walk. The key is there without a value because node
 * adds the host's own NODE_V8_COVERAGE to every environment that lacks it.
 */
function ownEnvironment(env: ChildOptions['env']): Record<string, string | undefined> {
  const copy: Record<string, string | undefined> = Object.create(null) as Record<string, undefined>;
  Object.assign(copy, env);
  if (!Object.hasOwn(copy, 'NODE_V8_COVERAGE')) copy['NODE_V8_COVERAGE'] = undefined;
  return copy;
}

/** False too for what cannot be looked at: one bad directory of a PATH does not end the search. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

// Arguments may be secrets: only the program's name is shown.
function startError({ argv, workingDir }: ChildOptions, cause: unknown): ConnectionError {
  const program = quote(argv[0] ?? '');
  const systemCode = String((cause as NodeJS.ErrnoException | null)?.code ?? 'unknown');
  const details = { program: argv[0], systemCode };
  const error = (code: 'ERR_MCP_SPAWN_FAILED' | 'ERR_MCP_WORKING_DIR' | 'ERR_MCP_PERMISSION_DENIED', message: string) =>
    new ConnectionError(code, message, { details, cause, delivery: 'unsent' });
  if (systemCode === 'ERR_ACCESS_DENIED') {
    return error('ERR_MCP_PERMISSION_DENIED', `The permission model of this process forbids to start ${program}; run it with --allow-child-process`);
  }
  // A working directory that is not there is reported as a command that is not there.
  if (workingDir !== undefined && (systemCode === 'ENOENT' || systemCode === 'ENOTDIR' || systemCode === 'EACCES') && !isDirectory(workingDir)) {
    return error('ERR_MCP_WORKING_DIR', `workingDir must be a directory that can be entered; ${quote(workingDir, 200)} is none`);
  }
  // Words of our own about a command that no quoting can carry; they hold no argument.
  if (cause instanceof TypeError && !('code' in cause)) return error('ERR_MCP_SPAWN_FAILED', `Could not start ${program}: ${cause.message}`);
  const why = START_FAULTS.get(systemCode) ?? `the system says ${systemCode}`;
  return error('ERR_MCP_SPAWN_FAILED', `Could not start ${program}: ${why}`);
}

const START_FAULTS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such program; is it installed, and on the PATH that the child is given?'],
  ['EACCES', 'it is not a program that this user may run'],
  ['E2BIG', 'its arguments and environment are too long'],
  ['ERR_INVALID_ARG_VALUE', 'its name, an argument or its environment holds a NUL character'],
  ['EMFILE', 'this process has too many open files'],
  ['ENFILE', 'the system has too many open files'],
  ['EAGAIN', 'the system has no room for another process'],
  ['ENOMEM', 'the system has no memory for another process'],
]);
