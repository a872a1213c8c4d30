import { isTooDeep } from '../base/json.ts';
import type { Secret } from '../base/secret.ts';

/** What a text out of a store holds as JSON; `undefined` for one that is too long, too deep or none. Throws nothing: a store is not trusted. */
export function storedJSON(text: Secret, maxCharacters: number, maxLevels: number): unknown {
  const json = text.reveal();
  if (json.length > maxCharacters || isTooDeep(json, maxLevels)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
