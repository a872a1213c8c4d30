/** Reading parsed JSON without trusting it: own keys only, depth known before parsing. */

/** A JSON object whose members nobody has looked at yet. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: neither null, nor an array, nor a primitive. */
export function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member `key`, or `undefined`: nothing is read from a prototype, polluted or not. */
export function own(object: JSONObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * `value` as JSON has it, as an object of its own; `undefined` for what has no JSON form, such as a function.
 *
 * @throws TypeError for a cycle or a BigInt, and what a `toJSON` throws.
 */
export function copyAsJSON(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}

/** Freezes a parsed value and all in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

/** Whether a parsed value nests deeper than `levels`. Walks no further than that. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeper(item, levels - 1)) return true;
    return false;
  }
  for (const key in value) if (isDeeper((value as JSONObject)[key], levels - 1)) return true;
  return false;
}

/**
 * Whether `text` nests deeper than `maxDepth` levels of arrays and objects. Linear; does not allocate; says nothing
 * of whether the text is JSON; one that is too short to open and close so many levels is not deep. A text with at most
 * `maxDepth` openers is answered by counting them, without a walk.
 */
export function isTooDeep(text: string, maxDepth: number): boolean {
  if (text.length < 2 * (maxDepth + 1)) return false;
  if (!hasMoreOpeners(text, maxDepth)) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22: // "
        index = endOfString(text, index);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > maxDepth) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return false;
}

function hasMoreOpeners(text: string, most: number): boolean {
  let count = 0;
  for (const opener of ['{', '[']) {
    let index = text.indexOf(opener);
    while (index !== -1) {
      if (++count > most) return true;
      index = text.indexOf(opener, index + 1);
    }
  }
  return false;
}

/** The index of the quote that ends the string begun at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
