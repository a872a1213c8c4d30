/**
 * Takes the values of headers, the secrets of variables, and the password of Redis, out of what the program says of errors and events: a server may well repeat the token it refuses.
 */

/** Gives a text without the secrets in it. */
export type Hide = (text: string) => string;

const MARK = '[hidden header value]';
const PASSWORD_MARK = '[hidden password]';
const SECRET_MARK = '[hidden secret]';
// A shorter one stands in too many texts that have nothing to do with it, and hides nothing.
const SHORTEST = 4;
// So many characters of a secret at the end of a text that was cut are part of it.
const TELLING = 8;

/** `Bearer token`: what is behind the scheme is the secret. Source: RFC 9110 section 11.4. */
function secretOf(value: string): string {
  return /^[A-Za-z]+ +(\S.*)$/su.exec(value)?.[1] ?? value;
}

/** The secret as it may stand in a text: as it is, or quoted once or twice on its way here. */
function formsOf(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1);
  return [secret, once, JSON.stringify(once).slice(1, -1)];
}

/** How many characters from `at` on are those `form` begins with. */
function sharedLength(text: string, at: number, form: string): number {
  let length = 0;
  while (length < form.length && text[at + length] === form[length]) length++;
  return length;
}

function without(text: string, form: string, mark: string): string {
  const beginning = form.slice(0, TELLING);
  let kept = '';
  let from = 0;
  for (let at = text.indexOf(beginning); at !== -1; at = text.indexOf(beginning, from)) {
    kept += text.slice(from, at) + mark;
    from = at + sharedLength(text, at, form);
  }
  return kept + text.slice(from);
}

/** What hides these values of headers, or what of them stands behind an authentication scheme. Shorter ones than four characters stay. */
export function hiderOf(values: readonly string[]): Hide {
  return hiderOfSecrets(values.map(secretOf), MARK);
}

/** What hides these secrets, of four characters or more. */
export function secretHiderOf(secrets: readonly string[]): Hide {
  return hiderOfSecrets(secrets, SECRET_MARK);
}

function hiderOfSecrets(all: readonly string[], mark: string): Hide {
  const secrets = all.filter((secret) => secret.length >= SHORTEST);
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((one, other) => other.length - one.length);
  return (text) => forms.reduce((kept, form) => without(kept, form, mark), text);
}

/**
 * What hides the password of a url, as it is written there and decoded, whether the url is one or not: all between the first colon behind the scheme and the last
 * at sign.
 */
export function passwordHiderOf(url: string): Hide {
  const [, written = ''] = /^[^:]*:\/*[^:]*:(.*)@/su.exec(url) ?? [];
  return hiderOfSecrets([written, decoded(written)], PASSWORD_MARK);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `value`, which is JSON, with every string and name in it hidden. */
export function hideDeep(value: unknown, hide: Hide): unknown {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((item) => hideDeep(item, hide));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [hide(name), hideDeep(member, hide)]));
}
