/**
 * Which file Windows is to start for a command, and with which arguments. Windows hands a program one line of text, and a
 * batch file is not a program: `cmd.exe` reads that line first, by other rules, with commands in it. So a batch file gets
 * a line that means the same to both readers, or none. No error shows an argument: it may hold a secret.
 */

/** What the search for a program looks at. */
export interface WindowsLookup {
  /** The environment the child is to have; names are found regardless of case. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory the child is to work in: an absolute path. */
  readonly workingDir: string;
  /** Whether there is a file (or an app execution alias) at an absolute path. */
  isFile(path: string): boolean;
}

/** What to give to `spawn`; `verbatim` is its `windowsVerbatimArguments`. */
export interface WindowsCommand {
  readonly file: string;
  readonly args: string[];
  readonly verbatim: boolean;
}

// What CreateProcess starts itself, and what cmd.exe starts; in the order in which Windows looks for them.
const EXTENSIONS = ['.com', '.exe', '.bat', '.cmd'];
const STARTABLE = /\.(?:com|exe|bat|cmd)$/i;
const BATCH = /\.(?:bat|cmd)$/i;

// A drive and its root, or a server and a share. Device paths (\\?\, \\.\) are neither.
const ROOT = /^(?:[A-Za-z]:\\|\\\\[^\\?.][^\\]*\\[^\\]+(?:\\|$))/;
// Source: Microsoft, "Naming Files, Paths, and Namespaces". A colon would open an alternate data stream.
const NEVER_IN_NAMES = /[<>:"|?*\u0000-\u001f]/;

// Source: Microsoft, "Command prompt line string limitation".
const LONGEST_COMMAND_LINE = 8191;
// Means nothing to cmd.exe outside quotes, neither in its line nor in a batch file.
const PLAIN = /^[A-Za-z0-9_./:\\@+-]+$/;

/**
 * Finds the program that `argv[0]` names, and says how to start it with the other elements as its arguments.
 *
 * A bare name is looked for in the absolute directories of PATH with the extensions of PATHEXT, and never in the current
 * directory; a path with a separator is taken from `workingDir`. Only `.com`, `.exe`, `.bat` and `.cmd` count: a shell script
 * that lies beside `npx.cmd` under the name `npx` is not seen. Programs are started directly. A batch file is started by
 * `cmd.exe` (COMSPEC) with `/d /v:off /s /c "…"`; a double quote in an argument is doubled, which keeps `cmd.exe` inside
 * quotes however often the batch file hands the argument on, and which the C runtime reads as one quote since 2008.
 *
 * @throws TypeError when nothing is found; for a name that Windows would read as another (trailing dots or blanks, a data
 * stream, a path relative to a drive); and, naming its index, for an argument of a batch file that no quoting makes safe:
 * CR, LF, NUL, and `%`, which expands inside quotes and, in a batch file that uses `call`, again after every escape.
 */
export function resolveWindowsCommand(argv: readonly string[], lookup: WindowsLookup): WindowsCommand {
  const [name = '', ...args] = argv;
  const program = findProgram(name, lookup);
  if (program === undefined) {
    throw new TypeError('command[0] names no .com, .exe, .bat or .cmd file that can be found; a script needs its interpreter in front of it');
  }
  if (!BATCH.test(program)) return { file: program, args, verbatim: false };
  return batchCommand(program, args, lookup);
}

/** How a process and all its descendants are ended at once: `taskkill` by its absolute path. */
export function windowsStopCommand(processId: number, env: WindowsLookup['env']): { file: string; args: string[] } {
  if (!Number.isSafeInteger(processId) || processId <= 0) throw new TypeError('processId must be a positive whole number');
  return { file: systemProgram(env, 'taskkill.exe'), args: ['/pid', String(processId), '/t', '/f'] };
}

function findProgram(name: string, lookup: WindowsLookup): string | undefined {
  const wanted = name.replaceAll('/', '\\');
  checkFileName(wanted);
  const places = wanted.includes('\\')
    ? [absolutePath(wanted, lookup.workingDir)]
    : searchDirectories(lookup.env).map((directory) => `${directory}\\${wanted}`);
  const endings = ['', ...searchExtensions(lookup.env)];
  for (const place of places) {
    for (const ending of endings) {
      const candidate = place + ending;
      if (STARTABLE.test(candidate) && lookup.isFile(candidate)) return candidate;
    }
  }
  return undefined;
}

/**
 * Refuses what Windows would silently read as the name of another file: it drops dots and blanks at the end, so that
 * `run.bat.` is a batch file that does not look like one.
 */
function checkFileName(wanted: string): void {
  const root = ROOT.exec(wanted)?.[0] ?? '';
  for (const segment of wanted.slice(root.length).split('\\')) {
    if (segment === '.' || segment === '..') continue;
    if (NEVER_IN_NAMES.test(segment) || /[. ]$/.test(segment)) {
      throw new TypeError('command[0] must be the name or the full path of a file; it holds what no Windows file name holds');
    }
  }
}

function absolutePath(wanted: string, workingDir: string): string {
  const base = workingDir.replaceAll('/', '\\');
  const baseRoot = ROOT.exec(base)?.[0];
  if (baseRoot === undefined) throw new TypeError('workingDir must be an absolute path');
  if (ROOT.test(wanted)) return withoutDots(wanted);
  if (wanted.startsWith('\\\\')) throw new TypeError('command[0] must be a path on a drive or on a network share');
  return withoutDots(wanted.startsWith('\\') ? baseRoot + wanted : `${base}\\${wanted}`);
}

/** An absolute path without `.`, `..` and empty segments. */
function withoutDots(path: string): string {
  const root = ROOT.exec(path)?.[0] ?? '';
  const segments: string[] = [];
  for (const segment of path.slice(root.length).split('\\')) {
    if (segment === '..') segments.pop();
    else if (segment !== '.' && segment !== '') segments.push(segment);
  }
  return `${root.replace(/\\$/, '')}\\${segments.join('\\')}`;
}

/** The directories of PATH, which may stand in quotes. A relative one would be a search in the current directory. */
function searchDirectories(env: WindowsLookup['env']): string[] {
  const entries = environmentValue(env, 'PATH')?.match(/(?:"[^"]*"?|[^;"])+/g) ?? [];
  return entries
    .map((entry) => entry.replaceAll('"', '').replaceAll('/', '\\'))
    .filter((entry) => ROOT.test(entry))
    .map((entry) => withoutDots(entry).replace(/\\$/, ''));
}

/** The extensions of PATHEXT that can be started, in its order; Windows' own order where it names none. */
function searchExtensions(env: WindowsLookup['env']): string[] {
  const listed = (environmentValue(env, 'PATHEXT') ?? '').split(';').map((extension) => extension.trim().toLowerCase());
  const usable = listed.filter((extension) => EXTENSIONS.includes(extension));
  return usable.length > 0 ? usable : EXTENSIONS;
}

function batchCommand(script: string, args: readonly string[], lookup: WindowsLookup): WindowsCommand {
  // There cmd.exe says so on stdout and works in the Windows directory instead.
  if (/^[\\/]{2}/.test(lookup.workingDir)) {
    throw new TypeError('workingDir must be on a drive for a batch file: cmd.exe cannot work on a network share');
  }
  checkForBatch('the path of command[0]', script);
  const words = args.map((argument, index) => {
    checkForBatch(`command[${index + 1}]`, argument);
    return quoteForBatch(argument);
  });
  // With /s, cmd.exe takes off the outer pair of quotes and leaves the line between them alone.
  const line = `"${[`"${script}"`, ...words].join(' ')}"`;
  const command = { file: commandInterpreter(lookup.env), args: ['/d', '/v:off', '/s', '/c', line], verbatim: true };
  if ([command.file, ...command.args].join(' ').length > LONGEST_COMMAND_LINE) {
    throw new TypeError(`command is longer than the ${LONGEST_COMMAND_LINE} characters cmd.exe reads; start the program behind the batch file`);
  }
  return command;
}

function checkForBatch(place: string, text: string): void {
  const found = /[\0\r\n%]/.exec(text)?.[0];
  if (found === undefined) return;
  const kind = found === '%' ? 'a percent sign' : found === '\0' ? 'a NUL character' : 'a line break';
  throw new TypeError(
    `${place} holds ${kind}, which nothing makes safe for a batch file; start the program behind it (as in node and a script), or use serverEnv`,
  );
}

/** One argument, for `cmd.exe` and for the C runtime: backslashes count as escapes only before a quote, so those are doubled. */
function quoteForBatch(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  const parts = argument.split('"').map((part) => part + '\\'.repeat(trailingBackslashes(part)));
  return `"${parts.join('""')}"`;
}

function trailingBackslashes(text: string): number {
  let count = 0;
  while (text.charAt(text.length - 1 - count) === '\\') count += 1;
  return count;
}

/** COMSPEC where it is an absolute path of a `cmd.exe`: the quoting is for no other shell. Else the one of the system. */
function commandInterpreter(env: WindowsLookup['env']): string {
  const named = environmentValue(env, 'COMSPEC') ?? '';
  // A blank would cut the first word of the line, which cmd.exe passes over.
  return /^[A-Za-z]:\\(?:[^\\\s"]+\\)*cmd\.exe$/i.test(named) ? named : systemProgram(env, 'cmd.exe');
}

/** A program of the system by its absolute path, so that no directory of PATH can stand in for it. */
function systemProgram(env: WindowsLookup['env'], name: string): string {
  const named = [environmentValue(env, 'SYSTEMROOT'), environmentValue(env, 'WINDIR')].find((root) => root !== undefined && /^[A-Za-z]:\\[^\s"]+$/.test(root));
  return `${(named ?? 'C:\\Windows').replace(/\\+$/, '')}\\System32\\${name}`;
}

/** A variable by its name in capitals. Of several spellings the first in order counts, as it does for Node. */
function environmentValue(env: WindowsLookup['env'], name: string): string | undefined {
  const spellings = Object.keys(env).filter((key) => key.toUpperCase() === name && env[key] !== undefined);
  const [first] = spellings.sort();
  return first === undefined ? undefined : env[first];
}
