import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { checkArgv, splitCommandLine } from '../../../../lib/transport/stdio/command-line.ts';
import { childEnvironment } from '../../../../lib/transport/stdio/child-environment.ts';

interface Words {
  readonly name: string;
  readonly text: string;
  readonly words: readonly string[];
  readonly shell?: boolean;
}

interface Refusal {
  readonly name: string;
  readonly text: string;
  readonly message: string;
  readonly secret?: string;
}

function readCases<T>(file: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`../../../../spec-fixtures/command-line/${file}`, import.meta.url), 'utf8')) as readonly T[];
}

const WORDS = readCases<Words>('words.json');
const REFUSALS = readCases<Refusal>('refusals.json');

/** Numbers below `bound` that are the same in every run. */
function seededNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function pick<T>(next: (bound: number) => number, from: readonly T[]): T {
  const chosen = from[next(from.length)];
  assert.ok(chosen !== undefined);
  return chosen;
}

const WITHOUT_SHELL = existsSync('/bin/sh') ? false : 'there is no /bin/sh on this machine';

/** What the machine's own shell makes of every text, in one run: a function prints its arguments, each ended by NUL. */
function splitByShell(texts: readonly string[]): string[][] {
  const script = ["p() { for word do printf 'w%s\\0' \"$word\"; done; printf 'e\\0'; }", ...texts.map((text) => `p ${text}`)].join('\n');
  const run = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' }, timeout: 30_000 });
  assert.equal(run.status, 0, run.stderr);
  const lists: string[][] = [];
  let list: string[] = [];
  for (const entry of run.stdout.split('\0').slice(0, -1)) {
    if (entry.startsWith('w')) list.push(entry.slice(1));
    else [list] = [[], lists.push(list)];
  }
  return lists;
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

describe('a command text is split as a POSIX shell splits words (POSIX.1-2017 XCU 2.2, 2.3)', () => {
  for (const { name, text, words } of WORDS) {
    test(name, () => assert.deepEqual(splitCommandLine(text), words));
  }

  test('the cases of the fixture are what the shell of this machine does', { skip: WITHOUT_SHELL }, () => {
    // Newlines in front would end the call of the function that prints.
    const cases = WORDS.filter(({ shell, text }) => shell !== false && !/^(?:\s|#|\\\n)/.test(text));
    assert.ok(cases.length > 20);
    assert.deepEqual(
      splitByShell(cases.map(({ text }) => text)),
      cases.map(({ words }) => words),
    );
  });

  test('any accepted mixture of quotes, escapes, blanks and comments is split as the shell of this machine does', { skip: WITHOUT_SHELL }, () => {
    const next = seededNumbers(20);
    const pieces = ["'", '"', '\\', ' ', '\t', '\\\n', '#', '""', "''", 'a', 'b', '-', '/', '.', ':', ',', '%', '+', '@', 'é', '日', '🧭', '\r'];
    const texts: string[] = [];
    let refused = 0;
    for (let round = 0; round < 4_000; round++) {
      const text = `x${Array.from({ length: next(14) }, () => pick(next, pieces)).join('')}`;
      try {
        splitCommandLine(text);
        texts.push(text);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        refused++;
      }
    }
    assert.ok(texts.length > 1_000 && refused > 500, `${texts.length} accepted, ${refused} refused`);
    assert.deepEqual(splitByShell(texts), texts.map(splitCommandLine));
  });

  test('a quote that is never closed is refused by the shell of this machine too', { skip: WITHOUT_SHELL }, () => {
    for (const { text } of REFUSALS.filter(({ message }) => message.includes('never closed'))) {
      assert.notEqual(spawnSync('/bin/sh', ['-n', '-c', text]).status, 0, text);
    }
  });

  const styles: readonly ((word: string) => string)[] = [
    (word) => `'${word.replaceAll("'", "'\\''")}'`,
    (word) => `"${word.replace(/[$`"\\]/g, '\\$&')}"`,
    (word) => (word === '' ? "''" : Array.from(word, (character) => (character === '\n' ? "'\n'" : `\\${character}`)).join('')),
  ];

  /** Lists of words out of every kind of character, and one text for each, quoted in changing ways. */
  function quotedLists(seed: number): { readonly words: string[]; readonly text: string }[] {
    const next = seededNumbers(seed);
    const characters = [...' \t\n\r\'"\\$`*?[]{}()<>|&;#~!=%^,ab0-', 'é', '日', '🧭', '\u2028', '\u00a0'];
    return Array.from({ length: 500 }, () => {
      const words = Array.from({ length: 1 + next(4) }, (_, index) => {
        return (index === 0 ? 'x' : '') + Array.from({ length: next(9) }, () => pick(next, characters)).join('');
      });
      return { words, text: words.map((word) => pick(next, styles)(word)).join(pick(next, [' ', '\t ', ' \\\n'])) };
    });
  }

  test('words that are quoted in any of the three ways come back as they were', () => {
    for (const { words, text } of quotedLists(7)) assert.deepEqual(splitCommandLine(text), words, JSON.stringify(text));
  });

  test('words that are quoted in any of the three ways come back from the shell of this machine as well', { skip: WITHOUT_SHELL }, () => {
    const lists = quotedLists(8);
    const texts = lists.map(({ text }) => text);
    assert.deepEqual(splitByShell(texts), texts.map(splitCommandLine));
    assert.deepEqual(texts.map(splitCommandLine), lists.map(({ words }) => words));
  });
});

describe('a command text that would need a shell, or has no end, is a TypeError that shows none of its words', () => {
  for (const { name, text, message, secret } of REFUSALS) {
    test(name, () => {
      const error = thrownBy(() => splitCommandLine(text));
      assert.match(error.message, new RegExp(message));
      if (secret !== undefined) assert.ok(!error.message.includes(secret), error.message);
    });
  }
});

describe('an argv array is checked, and errors name the index and the kind only', () => {
  test('it comes back as a frozen copy that later changes do not reach', () => {
    const given = ['npx', '', '-y', '__proto__', 'a b\n'];
    const checked = checkArgv(given);
    given[0] = 'other';
    given.push('more');
    assert.deepEqual(checked, ['npx', '', '-y', '__proto__', 'a b\n']);
    assert.ok(Object.isFrozen(checked));
  });

  const rows: readonly [string, unknown, string][] = [
    ['a string', 'hunter2', 'command must be an array of strings; got a string'],
    ['nothing', undefined, 'command must be an array of strings; got undefined'],
    ['null', null, 'command must be an array of strings; got null'],
    ['an object that looks like an array', { length: 1, 0: 'hunter2' }, 'command must be an array of strings; got an object'],
    ['an empty array', [], 'command must hold at least one string; got an empty array'],
    ['an empty program', ['', 'hunter2'], 'command[0] must name a program; got an empty string'],
    ['a number among the arguments', ['run', 'hunter2', 4711], 'command[2] must be a string; got a number'],
    ['an array among the arguments', ['run', ['hunter2']], 'command[1] must be a string; got an array'],
    ['an object among the arguments', ['run', { toString: () => 'hunter2' }], 'command[1] must be a string; got an object'],
    ['a null among the arguments', ['run', null], 'command[1] must be a string; got null'],
    ['a hole', Object.assign([], { 0: 'run', 2: 'hunter2' }), 'command[1] must be a string; got undefined'],
    ['a NUL in the program', ['hunter2\0'], 'command[0] must not contain a NUL character'],
    ['a NUL in an argument', ['run', 'a', 'hunter2\0b'], 'command[2] must not contain a NUL character'],
  ];
  for (const [name, value, message] of rows) {
    test(`${name} is a TypeError`, () => assert.equal(thrownBy(() => checkArgv(value)).message, message));
  }
});

describe('a child inherits an allow-list of the environment and what the host adds by name', () => {
  const credentials = {
    AWS_SECRET_ACCESS_KEY: 'canary',
    GITHUB_TOKEN: 'canary',
    HTTPS_PROXY: 'http://user:canary@proxy',
    LD_PRELOAD: 'canary',
    NODE_OPTIONS: '--require canary',
    NODE_PATH: 'canary',
    npm_config_token: 'canary',
    SSH_AUTH_SOCK: 'canary',
  };

  test('on POSIX: HOME, LOGNAME, PATH, SHELL, TERM and USER, and nothing else of the host', () => {
    const needed = { HOME: '/home/a', LOGNAME: 'a', PATH: '/bin', SHELL: '/bin/sh', TERM: 'dumb', USER: 'a' };
    const windowsOnly = { APPDATA: 'canary', TEMP: 'canary', USERNAME: 'canary', SYSTEMROOT: 'canary', path: 'canary', Home: 'canary' };
    for (const platform of ['linux', 'darwin', 'freebsd']) {
      assert.deepEqual({ ...childEnvironment({ ...credentials, ...windowsOnly, ...needed }, {}, platform) }, needed);
    }
  });

  test('on Windows: the names its programs need, whatever their case, and nothing else of the host', () => {
    const needed = {
      AppData: 'C:\\1', ComSpec: 'C:\\2', HOMEDRIVE: 'C:', HOMEPATH: '\\3', LOCALAPPDATA: 'C:\\4', Path: 'C:\\5', PATHEXT: '.EXE',
      PROCESSOR_ARCHITECTURE: 'AMD64', ProgramData: 'C:\\6', ProgramFiles: 'C:\\7', SystemDrive: 'C:', SystemRoot: 'C:\\8', TEMP: 'C:\\9',
      tmp: 'C:\\10', USERNAME: 'a', USERPROFILE: 'C:\\11', windir: 'C:\\12',
    };
    const posixOnly = { HOME: 'canary', SHELL: 'canary', TERM: 'canary', USER: 'canary', LOGNAME: 'canary' };
    assert.deepEqual({ ...childEnvironment({ ...credentials, ...posixOnly, ...needed }, {}, 'win32') }, needed);
  });

  test('undefined values, exported shell functions and empty values of the host are left out', () => {
    const host = { HOME: undefined, PATH: '', SHELL: '() { echo canary; }', TERM: '()', USER: '(a)', LOGNAME: ' ' };
    assert.deepEqual({ ...childEnvironment(host, {}, 'linux') }, { USER: '(a)', LOGNAME: ' ' });
  });

  test('what the host adds stands as given: NODE_OPTIONS, an empty value, a value that looks like a function', () => {
    const extra = { NODE_OPTIONS: '--no-warnings', EMPTY: '', ODD: '() { :; }', PATH: '/opt/bin', 'with blank': 'x' };
    assert.deepEqual({ ...childEnvironment({ PATH: '/bin', HOME: '/h' }, extra, 'linux') }, { HOME: '/h', ...extra });
  });

  test('on Windows an added name replaces an inherited one of another case; on POSIX both stand', () => {
    assert.deepEqual({ ...childEnvironment({ Path: 'C:\\a', TEMP: 'C:\\t' }, { PATH: 'C:\\b' }, 'win32') }, { TEMP: 'C:\\t', PATH: 'C:\\b' });
    assert.deepEqual({ ...childEnvironment({}, { Key: '1', KEY: '2' }, 'win32') }, { KEY: '2' });
    assert.deepEqual({ ...childEnvironment({ PATH: '/a' }, { Path: '/b' }, 'linux') }, { PATH: '/a', Path: '/b' });
  });

  test('__proto__ is a name like any other, and nothing is read from a prototype', () => {
    const extra = JSON.parse('{ "__proto__": "a", "constructor": "b" }') as Record<string, string>;
    const host = Object.create({ PATH: '/polluted' }) as Record<string, string>;
    for (const platform of ['linux', 'win32']) {
      const environment = childEnvironment(host, extra, platform);
      assert.deepEqual(Object.entries(environment), [['__proto__', 'a'], ['constructor', 'b']]);
      assert.equal(Object.getPrototypeOf(environment), null);
      assert.equal(environment['toString'], undefined);
    }
  });

  test('neither of the two given objects is changed', () => {
    const host = Object.freeze({ PATH: '/bin' });
    const extra = Object.freeze({ PATH: '/opt' });
    assert.equal(childEnvironment(host, extra, 'linux')['PATH'], '/opt');
    assert.deepEqual([host.PATH, extra.PATH], ['/bin', '/opt']);
  });

  const rows: readonly [string, Record<string, unknown>, RegExp][] = [
    ['an empty name', { '': 'hunter2' }, /^serverEnv has an empty name$/],
    ['a name with an equals sign and a value behind it', { 'TOKEN=hunter2': 'hunter2' }, /^serverEnv has a name with "=", behind "TOKEN"$/],
    ['a name with NUL', { 'A\0B': 'hunter2' }, /^serverEnv has a name with a NUL character: "A\\u\{0\}B"$/],
    ['a value with NUL', { TOKEN: 'hunter2\0' }, /^serverEnv "TOKEN" must not contain a NUL character$/],
    ['a number', { TOKEN: 4711 }, /^serverEnv "TOKEN" must be a string; got number$/],
    ['undefined', { TOKEN: undefined }, /^serverEnv "TOKEN" must be a string; got undefined$/],
    ['null', { TOKEN: null }, /^serverEnv "TOKEN" must be a string; got null$/],
    ['an object', { TOKEN: { toString: () => 'hunter2' } }, /^serverEnv "TOKEN" must be a string; got object$/],
  ];
  for (const [name, extra, message] of rows) {
    test(`${name} in what the host adds is a TypeError that names the name, never the value`, () => {
      const error = thrownBy(() => childEnvironment({}, extra as Record<string, string>, 'linux'));
      assert.match(error.message, message);
      assert.ok(!/hunter2|4711/.test(error.message));
    });
  }

  test('a real child sees these variables and no canary of the host', { skip: WITHOUT_SHELL }, () => {
    const environment = childEnvironment({ ...credentials, PATH: '/usr/bin:/bin', HOME: '/h' }, { SERVER_KEY: 'given' }, 'linux');
    const run = spawnSync('/bin/sh', ['-c', 'env'], { encoding: 'utf8', env: environment });
    const lines = run.stdout.split('\n');
    for (const line of ['PATH=/usr/bin:/bin', 'HOME=/h', 'SERVER_KEY=given']) assert.ok(lines.includes(line), run.stdout + run.stderr);
    assert.ok(!run.stdout.includes('canary'));
  });
});
