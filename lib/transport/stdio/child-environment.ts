/** What a child process inherits: a short list of names, and what the host adds by name. */

import { quote } from '../../base/text.ts';

const POSIX_NAMES: ReadonlySet<string> = new Set(['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER']);

// Without these, programs on Windows find neither their system libraries nor their profile.
const WINDOWS_NAMES: ReadonlySet<string> = new Set([
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATH',
  'PATHEXT',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'WINDIR',
]);

/**
 * The environment of a child: of `host` only the names every program needs (so no credential, proxy, `NODE_OPTIONS` or
 * loader variable of the host reaches a server), then `extra` on top exactly as given, whatever its names: that is the host's
 * own wish. On Windows (`platform` `'win32'`) names are one regardless of case: a name of `extra` replaces an inherited
 * one, and the last spelling stands. The result has no prototype, so `__proto__` is a name like any other.
 *
 * @throws TypeError for a name in `extra` that is empty or holds `=` or NUL, and for a value that is not a string or
 * holds NUL. It names the name, never the value.
 */
export function childEnvironment(
  host: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>>,
  platform: string,
): Record<string, string> {
  const isWindows = platform === 'win32';
  const allowed = isWindows ? WINDOWS_NAMES : POSIX_NAMES;
  const environment = Object.create(null) as Record<string, string>;
  const spellings = new Map<string, string>();

  function put(name: string, value: string): void {
    const identity = isWindows ? name.toUpperCase() : name;
    const earlier = spellings.get(identity);
    if (earlier !== undefined) delete environment[earlier];
    spellings.set(identity, name);
    environment[name] = value;
  }

  for (const [name, value] of Object.entries(host)) {
    if (allowed.has(isWindows ? name.toUpperCase() : name) && isInheritable(value)) put(name, value);
  }
  for (const [name, value] of Object.entries(extra) as [string, unknown][]) {
    checkName(name);
    put(name, checkValue(name, value));
  }
  return environment;
}

/**
 * Whether a value of the host is handed on. Not when it begins with `()`: old shells export functions that way and run
 * what they read. Not when it is empty: none of the names above means anything then, programs that would fall back to
 * the user database or a default when it is absent take the empty text instead, and an empty PATH means the
 * current directory (POSIX.1-2017 XBD 8.3). In what the host adds by name, an empty value is kept.
 */
function isInheritable(value: string | undefined): value is string {
  return typeof value === 'string' && value !== '' && !value.startsWith('()');
}

function checkName(name: string): void {
  if (name === '') throw new TypeError('serverEnv has an empty name');
  if (name.includes('\0')) throw new TypeError(`serverEnv has a name with a NUL character: ${quote(name)}`);
  const equals = name.indexOf('=');
  // Whoever wrote `NAME=value` as a name has a value behind the sign.
  if (equals !== -1) throw new TypeError(`serverEnv has a name with "=", behind ${quote(name.slice(0, equals))}`);
}

function checkValue(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`serverEnv ${quote(name)} must be a string; got ${value === null ? 'null' : typeof value}`);
  if (value.includes('\0')) throw new TypeError(`serverEnv ${quote(name)} must not contain a NUL character`);
  return value;
}
