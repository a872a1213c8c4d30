/** What is known of a server's tools, to refuse a call that cannot go well before it is sent. */

import { orAbort } from '../base/abort.ts';
import { InvalidValueError, PeerProtocolError, RPCError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { nearest } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { Tool } from '../protocol/types/tools.ts';

const NO_ARGUMENTS: JSONObject = Object.freeze({});

/** What is kept of a tool. */
interface KnownTool {
  readonly required: readonly string[];
  /** The server says that calling it again does no more than calling it once. */
  readonly isRepeatable: boolean;
}

type Known = ReadonlyMap<string, KnownTool>;

/** The server cannot list its tools: nothing is known of any of them, and there is no use in asking again. */
const UNLISTED = 'unlisted';

/** Learns the list of tools when it is first needed, and again when it may have changed. */
export class ToolCatalogue {
  readonly #load: () => Promise<readonly Tool[]>;
  #known: Known | typeof UNLISTED | undefined;
  #loading: Promise<Known | typeof UNLISTED> | undefined;
  #version = 0;

  constructor(load: () => Promise<readonly Tool[]>) {
    this.#load = load;
  }

  /** Changes whenever what is known is forgotten. */
  get version(): number {
    return this.#version;
  }

  /** Takes a whole list that was asked for at `version`; one that is out of date by now is not taken. */
  learn(tools: readonly Tool[], version: number | undefined): void {
    if (version === this.#version) this.#known = knownOf(tools);
  }

  /** Forgets: the list may have changed. */
  forget(): void {
    this.#version++;
    this.#known = undefined;
    this.#loading = undefined;
  }

  /** Whether the call is known to be one that the tool takes. False too when that has to be looked up. */
  accepts(name: string, args: JSONObject = NO_ARGUMENTS): boolean {
    if (this.#known === UNLISTED) return true;
    const required = this.#known?.get(name)?.required;
    if (required === undefined) return false;
    for (const argument of required) if (isAbsent(argument, args)) return false;
    return true;
  }

  /** Whether the server says that calling the tool again does no more than calling it once. False where it is not known. */
  isRepeatable(name: string): boolean {
    return this.#known === UNLISTED ? false : this.#known?.get(name)?.isRepeatable ?? false;
  }

  /**
   * Looks the tool up, asking the server for its list where it is not known, and once more for a tool that is not in it.
   * A server that cannot list its tools is taken at its word until the list changes: nothing is refused then.
   *
   * @throws InvalidValueError `ERR_MCP_UNKNOWN_TOOL`, `ERR_MCP_INVALID_ARGUMENTS`, `unsent`; or what kept the list from coming.
   */
  async require(name: string, args: JSONObject = NO_ARGUMENTS, signal: AbortSignal | undefined): Promise<void> {
    const isFresh = this.#known === undefined;
    let known = this.#known ?? (await orAbort(this.#learnAll(), signal));
    if (known !== UNLISTED && !known.has(name) && !isFresh) {
      this.forget();
      known = await orAbort(this.#learnAll(), signal);
    }
    if (known === UNLISTED) return;
    const required = known.get(name)?.required;
    if (required === undefined) throw unknownTool(name, known);
    const absent = missing(required, args);
    if (absent.length > 0) throw missingArguments(name, absent);
  }

  #learnAll(): Promise<Known | typeof UNLISTED> {
    this.#loading ??= this.#loadOnce(this.#version);
    return this.#loading;
  }

  async #loadOnce(version: number): Promise<Known | typeof UNLISTED> {
    try {
      const tools = await this.#load();
      this.learn(tools, version);
      return knownOf(tools);
    } catch (cause) {
      if (!(cause instanceof RPCError || cause instanceof PeerProtocolError)) throw cause;
      if (version === this.#version) this.#known = UNLISTED;
      return UNLISTED;
    } finally {
      if (version === this.#version) this.#loading = undefined;
    }
  }
}

/** Tools of which the same is known share it: most of the fifty tools of a server require one argument, or none. */
function knownOf(tools: readonly Tool[]): Known {
  const shared = new Map<string, KnownTool>();
  const known = new Map<string, KnownTool>();
  for (const tool of tools) {
    const facts: KnownTool = { required: requiredNames(tool.inputSchema), isRepeatable: isRepeatable(tool) };
    const key = JSON.stringify(facts);
    if (!shared.has(key)) shared.set(key, facts);
    known.set(tool.name, shared.get(key) ?? facts);
  }
  return known;
}

function isRepeatable({ annotations }: Tool): boolean {
  return annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
}

function requiredNames(schema: JSONObject): readonly string[] {
  const required = own(schema, 'required');
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

function missing(required: readonly string[], args: JSONObject): readonly string[] {
  return required.filter((argument) => isAbsent(argument, args));
}

function isAbsent(argument: string, args: JSONObject): boolean {
  return own(args, argument) === undefined;
}

function unknownTool(name: string, known: Known): InvalidValueError {
  const near = nearest(name, known.keys());
  const hint = near === undefined ? `it has ${known.size} tools, none of a name like it` : `did you mean ${quote(near)}?`;
  return new InvalidValueError('ERR_MCP_UNKNOWN_TOOL', `The server has no tool ${quote(name)}; ${hint}`, {
    details: { toolName: name, nearest: near },
    delivery: 'unsent',
  });
}

function missingArguments(name: string, absent: readonly string[]): InvalidValueError {
  const names = absent.map((argument) => quote(argument)).join(', ');
  return new InvalidValueError('ERR_MCP_INVALID_ARGUMENTS', `The tool ${quote(name)} requires the argument${absent.length === 1 ? '' : 's'} ${names}, which the call does not give`, {
    details: { toolName: name, missing: absent },
    delivery: 'unsent',
  });
}
