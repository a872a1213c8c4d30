/** What is known of a server's tools: to refuse a call that cannot go well before it is sent, and to check what comes back. */

import { orAbort } from '../base/abort.ts';
import { PeerProtocolError, RPCError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Tool } from '../protocol/types/tools.ts';
import { accepts, knownOf } from './known-tool.ts';
import type { KnownTool, KnownTools, ToolChecks } from './known-tool.ts';
import { checkCall, unknownTool } from './refused-calls.ts';

const NO_ARGUMENTS: JSONObject = Object.freeze({});

/** The server cannot list its tools: nothing is known of any of them, and there is no use in asking again. */
const UNLISTED = 'unlisted';

/** How the list is looked at: whether it has to come from the server now, and who hears that it did not. */
export interface Look {
  readonly isAnew: boolean;
  readonly known: () => void;
}

/** What a look at the list came to. */
interface Learnt {
  readonly tools: readonly Tool[];
  readonly known: KnownTools | typeof UNLISTED;
  /** Whether some of it was known before, and may be out of date. */
  readonly isOld: boolean;
  /** Why the server cannot list its tools. */
  readonly cause?: unknown;
}

/** Learns the list of tools when it is first needed, and again when it may have changed. */
export class ToolCatalogue {
  readonly #load: (look: Look) => Promise<readonly Tool[]>;
  readonly #checks: ToolChecks;
  #known: KnownTools | typeof UNLISTED | undefined;
  /** What was known before it was forgotten: of schemas that are still the same, what was compiled is taken over. */
  #before: KnownTools | undefined;
  #loading: Promise<Learnt> | undefined;
  #version = 0;
  #isUsed = false;

  constructor(load: (look: Look) => Promise<readonly Tool[]>, checks: ToolChecks) {
    this.#load = load;
    this.#checks = checks;
  }

  /** Changes whenever what is known is forgotten. */
  get version(): number {
    return this.#version;
  }

  /** Whether the list was learnt on this connection. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Takes a whole list that was asked for at `version`; one that is out of date by now is not taken. */
  learn(tools: readonly Tool[], version: number): KnownTools {
    const known = knownOf(tools, this.#checks, this.#before);
    if (version !== this.#version) return known;
    this.#isUsed = true;
    this.#known = known;
    this.#before = known;
    return known;
  }

  /** Forgets: the list may have changed. */
  forget(): void {
    this.#version++;
    this.#known = undefined;
    this.#loading = undefined;
  }

  /** Forgets: another connection, maybe another server. */
  restart(): void {
    this.forget();
    this.#isUsed = false;
  }

  /** What is known of a tool, without asking. */
  find(name: string): KnownTool | undefined {
    return this.#known === UNLISTED ? undefined : this.#known?.get(name);
  }

  /** Whether a call may be sent as it is. False too when that has to be looked up. */
  accepts(tool: KnownTool | undefined, args: JSONObject = NO_ARGUMENTS): boolean {
    return tool === undefined ? this.#known === UNLISTED : accepts(tool, args);
  }

  /**
   * Looks the tool up, asking the server for its list where it is not known, and once more for a tool that is not in it.
   * A server that cannot list its tools is taken at its word until the list changes: nothing is refused then.
   *
   * @throws InvalidValueError `ERR_MCP_UNKNOWN_TOOL`, `ERR_MCP_INVALID_ARGUMENTS`; PeerProtocolError `ERR_MCP_INVALID_TOOL`, each `unsent`;
   *   or what kept the list from coming.
   */
  async require(name: string, args: JSONObject = NO_ARGUMENTS, signal: AbortSignal | undefined): Promise<KnownTool | undefined> {
    const learnt = this.#known === undefined ? await orAbort(this.#learnAll(false), signal) : undefined;
    let known = learnt?.known ?? this.#known ?? UNLISTED;
    if (known !== UNLISTED && !known.has(name) && learnt?.isOld !== false) {
      this.forget();
      ({ known } = await orAbort(this.#learnAll(true), signal));
    }
    if (known === UNLISTED) return undefined;
    const tool = known.get(name);
    if (tool === undefined) throw unknownTool(name, known);
    checkCall(name, tool, args);
    return tool;
  }

  /** What is known of a tool by a list that was asked for after `version`, asked for now where there is none. @throws what kept it from coming. */
  async findAfter(version: number, name: string, signal: AbortSignal | undefined): Promise<KnownTool | undefined> {
    // Of many calls that were refused for one change, the first asks for the list.
    if (version === this.#version) this.forget();
    const known = this.#known ?? (await orAbort(this.#learnAll(true), signal)).known;
    return known === UNLISTED ? undefined : known.get(name);
  }

  /** The whole list, asked for now, or being asked for; what is known follows it. @throws what kept it from coming. */
  async relearn(): Promise<readonly Tool[]> {
    const { tools, known, cause } = await this.#learnAll(true);
    if (known === UNLISTED) throw cause;
    return tools;
  }

  #learnAll(isAnew: boolean): Promise<Learnt> {
    this.#loading ??= this.#loadOnce(this.#version, isAnew);
    return this.#loading;
  }

  async #loadOnce(version: number, isAnew: boolean): Promise<Learnt> {
    let isOld = false;
    try {
      const tools = await this.#load({ isAnew, known: () => (isOld = true) });
      return { tools, known: this.learn(tools, version), isOld };
    } catch (cause) {
      if (!(cause instanceof RPCError || cause instanceof PeerProtocolError)) throw cause;
      if (version === this.#version) this.#known = UNLISTED;
      return { tools: [], known: UNLISTED, isOld, cause };
    } finally {
      if (version === this.#version) this.#loading = undefined;
    }
  }
}
