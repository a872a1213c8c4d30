/** Names of tools for providers that take few characters, and the way back. */

import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';

const PREFIX = /^[A-Za-z0-9-]{1,20}$/;
// A name that looks as if it were made here is made here too, so that a name that is passed on is never one that was made.
const MADE = /_[0-9a-f]{8}$/;
const MOST_CHARACTERS = 64;
const MARK_CHARACTERS = 9;

/**
 * The names of one request. A name that the provider takes is passed on; any other has `_` for what it does not take, is cut, and ends with a mark: `_` and eight hexadecimal digits
 * that follow from the whole name. So the name of a tool does not depend on the other tools, unless the marks of two are the same by chance or by intent: then
 * the second one has another mark.
 */
export class ProviderNames {
  readonly #prefix: string;
  readonly #pattern: RegExp;
  readonly #toolNames = new Map<string, string>();
  readonly #providerNames = new Map<string, string>();

  /** @throws TypeError or RangeError for a prefix that cannot be one. */
  constructor(prefix: unknown, pattern: RegExp) {
    if (prefix !== undefined && typeof prefix !== 'string') throw new TypeError(`options.prefix must be a string; got ${describe(prefix)}`);
    if (prefix !== undefined && !PREFIX.test(prefix)) throw new RangeError(`options.prefix must be 1 to 20 letters, digits and "-"; got ${quote(prefix)}`);
    this.#prefix = prefix === undefined ? '' : `${prefix}_`;
    this.#pattern = pattern;
  }

  /** The provider's name for one more tool. @throws RangeError for a name that came before. */
  add(toolName: string): string {
    if (this.#providerNames.has(toolName)) throw new RangeError(`two tools have the name ${quote(toolName)}; give each server a prefix of its own`);
    const providerName = this.#freeName(toolName);
    this.#toolNames.set(providerName, toolName);
    this.#providerNames.set(toolName, providerName);
    return providerName;
  }

  toToolName(providerName: string): string | undefined {
    return this.#toolNames.get(providerName);
  }

  toProviderName(toolName: string): string | undefined {
    return this.#providerNames.get(toolName);
  }

  #freeName(toolName: string): string {
    const whole = this.#prefix + toolName;
    if (this.#pattern.test(whole) && !MADE.test(whole)) return whole;
    const readable = whole.replace(/[^A-Za-z0-9_-]/g, '_');
    const start = this.#pattern.test(readable.slice(0, 1)) ? readable : `_${readable}`;
    for (let turn = 0; ; turn++) {
      const name = `${start.slice(0, MOST_CHARACTERS - MARK_CHARACTERS)}_${markOf(turn === 0 ? toolName : `${toolName} ${turn}`)}`;
      if (!this.#toolNames.has(name)) return name;
    }
  }
}

/** Eight hexadecimal digits that follow from `text`: FNV-1a of its UTF-16 units. It tells names apart, and keeps no secret. */
function markOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
