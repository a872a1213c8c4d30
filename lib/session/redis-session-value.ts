/** How a session record is written into Redis, and read from there without trusting it. */

import { SessionStoreError } from '../base/errors.ts';
import { isTooDeep } from '../base/json.ts';
import { DEFAULT_LIMITS } from '../base/limits.ts';
import { readSessionRecord } from './session-record.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionSeal } from './session-seal.ts';

/** What a stored value turned out to be: a record, or why it is none of ours. */
export type StoredValue = { readonly record: SessionRecord } | { readonly flaw: ValueFlaw };

/** Why a stored value is not used. */
export type ValueFlaw = 'too large' | 'no session record' | 'damaged' | 'not sealed' | 'sealed otherwise';

/** The most bytes that a stored value has, where nothing else is said. */
export const DEFAULT_MAX_RECORD_BYTES: number = 1024 * 1024;

/** What every value begins with, as a pattern of Lua: version, epoch, and whether JSON follows or what is sealed. */
export const VALUE_HEAD_IN_LUA: string = '^mcp1:(%d+):[js]:';
const VALUE_HEAD = /^mcp1:(0|[1-9]\d{0,15}):([js]):/;
const OUTSIDE_ASCII = /[\u007f-\uffff]/g;

/**
 * Values: `mcp1:<epoch>:j:<JSON>`, or `mcp1:<epoch>:s:<sealed JSON>`. The epoch stands in front so that a script can compare it; it is held to the one
 * inside. All is printable ASCII, so that a value is the same whatever a client makes of bytes.
 */
export class SessionValues {
  readonly #maxBytes: number;
  readonly #seal: SessionSeal | undefined;

  constructor(maxBytes: number, seal: SessionSeal | undefined) {
    this.#maxBytes = maxBytes;
    this.#seal = seal;
  }

  /** How many bytes of a stored value are worth reading: one more than it may have. */
  get readBytes(): number {
    return this.#maxBytes + 1;
  }

  /**
   * The value for a record that has been checked, to be stored under the key `name`.
   *
   * @throws SessionStoreError `ERR_MCP_SESSION_RECORD` for a record that is too large.
   */
  async encode(record: SessionRecord, name: string): Promise<string> {
    const json = JSON.stringify(record).replace(OUTSIDE_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const head = `mcp1:${record.epoch}:${this.#seal === undefined ? 'j' : 's'}:`;
    const value = head + ((await this.#seal?.seal(json, boundTo(name, head))) ?? json);
    if (value.length <= this.#maxBytes) return value;
    const details = { bytes: value.length, maxRecordBytes: this.#maxBytes };
    throw new SessionStoreError('ERR_MCP_SESSION_RECORD', `The session record takes ${value.length} bytes, more than maxRecordBytes, ${this.#maxBytes}`, { details });
  }

  /** What stands under the key `name`. Throws nothing. */
  async decode(value: string, name: string): Promise<StoredValue> {
    if (value.length > this.#maxBytes) return { flaw: 'too large' };
    const [head, epoch, kind] = VALUE_HEAD.exec(value) ?? [];
    if (head === undefined) return { flaw: 'no session record' };
    if (kind === 'j' && this.#seal !== undefined) return { flaw: 'not sealed' };
    const body = value.slice(head.length);
    const json = kind === 'j' ? body : await this.#seal?.open(body, boundTo(name, head));
    if (json === undefined) return { flaw: 'sealed otherwise' };
    const record = parseRecord(json);
    return record === undefined || String(record.epoch) !== epoch ? { flaw: 'damaged' } : { record };
  }
}

/** What a sealed value is bound to: moved to another key, or with another epoch in front, it does not open. */
function boundTo(name: string, head: string): string {
  return `${name}\n${head}`;
}

function parseRecord(json: string): SessionRecord | undefined {
  if (isTooDeep(json, DEFAULT_LIMITS.maxDepth)) return undefined;
  try {
    return readSessionRecord(JSON.parse(json));
  } catch {
    return undefined;
  }
}
