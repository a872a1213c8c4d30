import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolveWindowsCommand, windowsStopCommand } from '../../../../lib/transport/stdio/windows-command.ts';
import type { WindowsCommand, WindowsLookup } from '../../../../lib/transport/stdio/windows-command.ts';

interface ArgumentLine {
  readonly line: string;
  readonly arguments: readonly string[];
  readonly argumentsWhereAPairEndsTheQuotes?: readonly string[];
}
interface BatchArgument {
  readonly name: string;
  readonly argument: string;
  readonly quoted: string;
}
interface BatchRefusal {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly message: string;
}
interface Search {
  readonly name: string;
  readonly path: string | null;
  readonly pathext?: string;
  readonly files: readonly string[];
  readonly command: string;
  readonly found: string | null;
}

function readCases<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../spec-fixtures/windows-command/${file}`, import.meta.url), 'utf8')) as readonly T[];
}

const CMD = 'C:\\Windows\\System32\\cmd.exe';
const NPX = 'C:\\Program Files\\nodejs\\npx.cmd';
const ENV: Readonly<Record<string, string>> = { Path: 'C:\\Program Files\\nodejs', ComSpec: CMD, SystemRoot: 'C:\\Windows' };

function machine(files: readonly string[], env: WindowsLookup['env'] = ENV, workingDir: string = 'C:\\work'): WindowsLookup & { asked: string[] } {
  const asked: string[] = [];
  const there = new Set(files.map((file) => file.toLowerCase()));
  const isFile = (path: string) => {
    asked.push(path);
    return there.has(path.toLowerCase());
  };
  return { env, workingDir, isFile, asked };
}

const runNpx = (...args: string[]): WindowsCommand => resolveWindowsCommand(['npx', ...args], machine([NPX]));

/** The line that stands between the outer quotes, which `cmd.exe` takes off because of `/s`. */
function innerLine(command: WindowsCommand): string {
  const line = command.args.at(-1) ?? '';
  assert.ok(line.length >= 2 && line.startsWith('"') && line.endsWith('"'));
  return line.slice(1, -1);
}

/**
 * The arguments of a line, read character by character as the C runtime reads them; with `pairEndsQuotes`, as
 * `CommandLineToArgvW` does. The name of the program, which has rules of its own, is not part of the line.
 */
function readArguments(line: string, pairEndsQuotes: boolean): string[] {
  const found: string[] = [];
  let current: string | undefined;
  let quoted = false;
  for (let index = 0; index < line.length; ) {
    const rest = line.slice(index);
    const slashes = /^\\*/.exec(rest)?.[0].length ?? 0;
    if (slashes > 0) {
      const beforeQuote = rest[slashes] === '"';
      current = (current ?? '') + '\\'.repeat(beforeQuote ? Math.floor(slashes / 2) : slashes);
      index += slashes;
      if (beforeQuote && slashes % 2 === 1) {
        current += '"';
        index += 1;
      }
    } else if (rest.startsWith('""') && quoted) {
      current = `${current ?? ''}"`;
      quoted = !pairEndsQuotes;
      index += 2;
    } else if (rest.startsWith('"')) {
      current ??= '';
      quoted = !quoted;
      index += 1;
    } else if (!quoted && /^[ \t]/.test(rest)) {
      if (current !== undefined) found.push(current);
      current = undefined;
      index += 1;
    } else {
      current = (current ?? '') + rest.charAt(0);
      index += 1;
    }
  }
  if (current !== undefined) found.push(current);
  return found;
}

/** What `cmd.exe` sees: the words between its delimiters, and every character that means something to it. */
function readAsCommandInterpreter(line: string): { readonly words: string[]; readonly active: string; readonly openQuote: boolean } {
  let quoted = false;
  let active = '';
  let words = [''];
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    if (/[%\r\n\0]/.test(character) || (!quoted && /[&|<>^()!]/.test(character))) active += character;
    if (!quoted && /[ \t,;=\v\f\u00ff]/.test(character)) words.push('');
    else words = [...words.slice(0, -1), `${words.at(-1) ?? ''}${character}`];
  }
  return { words, active, openQuote: quoted };
}

function thrownBy(action: () => unknown): TypeError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof TypeError, `threw ${String(error)}`);
    return error;
  }
  assert.fail('nothing was thrown');
}

describe('the program is found as Windows finds it, without the current directory', () => {
  for (const { name, path, pathext, files, command, found } of readCases<Search>('searches.json')) {
    test(name, () => {
      const env = { ...ENV, Path: path ?? undefined, PATHEXT: pathext };
      const search = () => resolveWindowsCommand([command], machine(files, env));
      if (found === null) {
        assert.match(thrownBy(search).message, /^command\[0\] names no \.com, \.exe, \.bat or \.cmd file that can be found/);
        return;
      }
      const { file, args } = search();
      if (/\.(exe|com)$/i.test(found)) assert.deepEqual([file, args], [found, []]);
      else assert.deepEqual([file, args.at(-1)], [CMD, `""${found}""`]);
    });
  }

  test('only absolute paths below PATH are ever looked at for a bare name', () => {
    const search = machine([], { ...ENV, Path: '.;C:\\one;relative;"D:\\two";\\\\srv\\share' });
    thrownBy(() => resolveWindowsCommand(['npx'], search));
    assert.deepEqual([...new Set(search.asked.map((path) => path.slice(0, path.lastIndexOf('\\'))))], ['C:\\one', 'D:\\two', '\\\\srv\\share']);
  });

  test('variables are found in any case, own ones only, and PATH counts before Path, as for Node', () => {
    const env = Object.assign(Object.create({ PATH: 'C:\\polluted' }) as Record<string, string>, { path: 'C:\\c', Path: 'C:\\b', PATH: 'C:\\a' });
    const search = machine(['C:\\a\\run.exe', 'C:\\b\\run.exe', 'C:\\c\\run.exe', 'C:\\polluted\\run.exe'], env);
    assert.equal(resolveWindowsCommand(['run'], search).file, 'C:\\a\\run.exe');
    const { file } = resolveWindowsCommand(['run'], machine(['C:\\c\\run.exe'], { PATH: undefined, path: 'C:\\c' }));
    assert.equal(file, 'C:\\c\\run.exe');
  });

  const hidden: readonly [string, string][] = [
    ['a dot behind the extension', 'run.bat.'],
    ['a blank behind the extension', 'run.cmd '],
    ['dots and blanks behind the extension of a full path', 'C:\\work\\run.bat. .'],
    ['a directory that ends in a dot', 'C:\\work.\\run.exe'],
    ['a data stream', 'C:\\work\\run.bat::$DATA'],
    ['a path relative to a drive', 'C:run.exe'],
    ['a quote', 'C:\\work\\"run.exe'],
    ['a wildcard', 'run*.exe'],
    ['a line break', 'run\n.exe'],
    ['a long-path prefix', '\\\\?\\C:\\work\\run.bat'],
    ['a device path', '\\\\.\\C:\\work\\run.exe'],
    ['a server without a share', '\\\\srv'],
  ];
  for (const [name, command] of hidden) {
    test(`${name} in the name is a TypeError, before any file is looked at`, () => {
      const search = machine(['C:\\work\\run.bat', 'C:\\work\\run.cmd', 'C:\\work\\run.exe']);
      assert.match(thrownBy(() => resolveWindowsCommand([command], search)).message, /^command\[0\] must be /);
      assert.deepEqual(search.asked, []);
    });
  }

  test('a working directory that is not absolute is a TypeError', () => {
    for (const workingDir of ['', 'work', '.', 'C:', 'C:work', '\\work']) {
      const error = thrownBy(() => resolveWindowsCommand(['.\\run.exe'], machine(['C:\\work\\run.exe'], ENV, workingDir)));
      assert.equal(error.message, 'workingDir must be an absolute path');
    }
  });
});

describe('a program is started directly, with its arguments as they are', () => {
  test('nothing is quoted, refused or left out for an .exe: the runtime quotes for it', () => {
    const args = ['', 'a b', '"', '%PATH%', 'a&b', 'line\nbreak', '\\'];
    const command = resolveWindowsCommand(['node', ...args], machine(['C:\\Program Files\\nodejs\\node.exe']));
    assert.deepEqual(command, { file: 'C:\\Program Files\\nodejs\\node.exe', args, verbatim: false });
  });

  test('the given argv is not changed, and the result does not share it', () => {
    const argv = Object.freeze(['node', 'a']);
    const command = resolveWindowsCommand(argv, machine(['C:\\Program Files\\nodejs\\node.exe']));
    command.args.push('b');
    assert.deepEqual(argv, ['node', 'a']);
  });
});

describe('a batch file is started by cmd.exe with a line that nothing can break out of', () => {
  test('npx -y server, the everyday case', () => {
    assert.deepEqual(runNpx('-y', '@scope/server', 'C:\\my dir'), {
      file: CMD,
      args: ['/d', '/v:off', '/s', '/c', `""${NPX}" -y @scope/server "C:\\my dir""`],
      verbatim: true,
    });
  });

  for (const { name, argument, quoted } of readCases<BatchArgument>('batch-arguments.json')) {
    test(`${name}: quoted for cmd.exe, and one argument for the C runtime`, () => {
      const line = innerLine(runNpx('first', argument, 'last'));
      assert.equal(line, `"${NPX}" first ${quoted} last`);
      assert.deepEqual(readArguments(quoted, false), [argument]);
    });
  }

  for (const { name, arguments: args, message } of readCases<BatchRefusal>('batch-refusals.json')) {
    test(`${name} is refused with the index of the argument, and nothing of its text`, () => {
      const error = thrownBy(() => runNpx(...args));
      assert.match(error.message, new RegExp(message));
      assert.ok(!error.message.includes('hunter2'));
    });
  }

  test('a percent sign in the path of the batch file is refused', () => {
    const error = thrownBy(() => resolveWindowsCommand(['C:\\%x%\\run.cmd'], machine(['C:\\%x%\\run.cmd'])));
    assert.match(error.message, /^the path of command\[0\] holds a percent sign/);
  });

  test('a network share as the working directory is refused: cmd.exe would work elsewhere', () => {
    for (const workingDir of ['\\\\srv\\share\\work', '//srv/share/work']) {
      const error = thrownBy(() => resolveWindowsCommand(['npx'], machine([NPX], ENV, workingDir)));
      assert.match(error.message, /^workingDir must be on a drive/);
    }
  });

  test('a line of 8191 characters passes, one more is refused (Microsoft, "Command prompt line string limitation")', () => {
    const lengthOf = (command: WindowsCommand) => [command.file, ...command.args].join(' ').length;
    const room = 8191 - lengthOf(runNpx('a'));
    assert.equal(lengthOf(runNpx('a'.repeat(room + 1))), 8191);
    assert.match(thrownBy(() => runNpx('a'.repeat(room + 2))).message, /longer than the 8191 characters/);
  });
});

describe('what was quoted is read back by independent readers of both layers', () => {
  test('the readers themselves read what Microsoft documents', () => {
    for (const { line, arguments: expected, argumentsWhereAPairEndsTheQuotes } of readCases<ArgumentLine>('argument-lines.json')) {
      assert.deepEqual(readArguments(line, false), expected, line);
      assert.deepEqual(readArguments(line, true), argumentsWhereAPairEndsTheQuotes ?? expected, line);
    }
    const seen = readAsCommandInterpreter('a "b & c" \\"&d"');
    assert.deepEqual(seen, { words: ['a', '"b & c"', '\\"&d"'], active: '', openQuote: false });
    assert.equal(readAsCommandInterpreter('"a\\"&b').active, '&');
  });

  test('3,000 seeded lists of arguments: nothing is active for cmd.exe, its words are the arguments, and they come back as they were', () => {
    let state = 11;
    const next = (bound: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * bound);
    };
    const characters = [...'""\\\\  \t&|<>^()!\'`~=;,+@-/:*?[]{}#$ab0', '\v', '\f', '\u00ff', 'é', '🧭', '\u2028'];
    let withoutQuotes = 0;
    for (let round = 0; round < 3_000; round++) {
      const args = Array.from({ length: next(5) }, () => Array.from({ length: next(12) }, () => characters[next(characters.length)]).join(''));
      const line = innerLine(runNpx(...args));
      const behindScript = line.slice(`"${NPX}"`.length);
      const seen = readAsCommandInterpreter(line);
      const shown = JSON.stringify(args);
      assert.deepEqual([seen.active, seen.openQuote, seen.words.length], ['', false, args.length + 1], shown);
      assert.deepEqual(readArguments(behindScript, false), args, shown);
      // A batch file that uses %1, %2 hands on each word as it is.
      assert.deepEqual(seen.words.slice(1).map((word) => readArguments(word, false)), args.map((argument) => [argument]), shown);
      if (args.some((argument) => argument.includes('"'))) continue;
      withoutQuotes++;
      assert.deepEqual(readArguments(behindScript, true), args, shown);
    }
    assert.ok(withoutQuotes > 500);
  });
});

describe('programs of the system are named by absolute paths, never found in PATH', () => {
  const npxWith = (env: Record<string, string | undefined>) => resolveWindowsCommand(['npx'], machine([NPX], { Path: ENV['Path'], ...env })).file;

  test('cmd.exe is COMSPEC where that is an absolute path of a cmd.exe', () => {
    assert.equal(npxWith({ COMSPEC: 'D:\\Win\\System32\\CMD.EXE', SystemRoot: 'C:\\Windows' }), 'D:\\Win\\System32\\CMD.EXE');
  });

  test('else it is the cmd.exe of SystemRoot or windir, and of C:\\Windows without both', () => {
    const others = [undefined, '', 'cmd.exe', '.\\cmd.exe', 'C:cmd.exe', 'C:\\tools\\tcc.exe', 'C:\\my tools\\cmd.exe', 'C:\\cmd.exe /k'];
    for (const comspec of others) {
      assert.equal(npxWith({ COMSPEC: comspec, systemroot: 'D:\\Win' }), 'D:\\Win\\System32\\cmd.exe', comspec);
    }
    assert.equal(npxWith({ SYSTEMROOT: 'relative', WinDir: 'E:\\W\\' }), 'E:\\W\\System32\\cmd.exe');
    assert.equal(npxWith({}), CMD);
  });

  test('a process tree is ended by taskkill in System32', () => {
    const expected = { file: 'D:\\Win\\System32\\taskkill.exe', args: ['/pid', '4711', '/t', '/f'] };
    assert.deepEqual(windowsStopCommand(4711, { SystemRoot: 'D:\\Win', Path: 'C:\\evil' }), expected);
    assert.equal(windowsStopCommand(1, {}).file, 'C:\\Windows\\System32\\taskkill.exe');
  });

  test('a process id that is not a positive whole number is a TypeError', () => {
    for (const processId of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
      assert.equal(thrownBy(() => windowsStopCommand(processId, ENV)).message, 'processId must be a positive whole number');
    }
  });
});
