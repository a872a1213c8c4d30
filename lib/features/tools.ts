/** What a server can do. Source: MCP, server, "Tools". */

import { timedSignal } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { InvalidValueError, PeerProtocolError, RPCError, RequestTimeoutError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkListToolsResult, checkTool } from '../protocol/checks/results.ts';
import { HEADER_MISMATCH } from '../protocol/error-codes.ts';
import type { CallToolResult, ListToolsResult, Tool } from '../protocol/types/tools.ts';
import type { KnownTool } from './known-tool.ts';
import { ListBaseline } from './list-baseline.ts';
import type { ChangingList } from './list-changes.ts';
import { PagedList } from './paged-list.ts';
import { refusedArguments, refusedCall } from './refusals.ts';
import type { Requester } from './requester.ts';
import { checkMarkedTool } from './param-mirrors.ts';
import type { ParamMirrors } from './param-mirrors.ts';
import { PLAIN_RESULT } from './result-check.ts';
import { NOTHING_MORE } from './server-events.ts';
import type { IsHeard, ListChanged } from './server-events.ts';
import { ToolCatalogue } from './tool-catalogue.ts';
import { ToolFaults } from './tool-faults.ts';

/** What is checked of the arguments of a call before it is sent: nothing, that the tool is there and required arguments are, or all that its schema says. */
export type ArgumentChecks = boolean | 'schema';

/** What {@link Tools} is made with. */
export interface ToolsOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** The settings of requests that nobody asked for. */
  readonly defaults: RequestSettings;
  readonly checkArguments: ArgumentChecks;
  readonly checkResults: boolean;
  readonly isHeard: IsHeard;
  /** Finds what of a call is said in headers. */
  readonly mirrors: ParamMirrors;
  /** A tool cannot be used. */
  readonly fault: (error: MCPError) => void;
  /** Where tools that run as tasks only are run. */
  readonly tasks: () => TaskRunner;
}

/** Runs tools as tasks. */
export interface TaskRunner {
  /** Whether the server runs tools as tasks. */
  readonly areOffered: boolean;
  /** Whether a task is made where the client asks for one; elsewhere the server decides. */
  readonly areAskedFor: boolean;
  /** `undefined` where no task has to be asked for. */
  run(call: ReadyCall): Promise<CallToolResult> | undefined;
}

/** A call that was found to be one that can be made. */
export interface ReadyCall {
  readonly name: string;
  readonly args: JSONObject | undefined;
  readonly settings: RequestSettings;
  /** What is known of the tool. The list may change, and be forgotten, while the call is on its way. */
  readonly tool: KnownTool | undefined;
}

/** The params of a call. */
export interface CallParams extends JSONObject {
  readonly name: string;
}

/** How a call is read, by what is known of its tool. */
type ReaderOf<T> = (tool: KnownTool | undefined) => ReplyReader<T>;

const toolName = (tool: Tool): string => tool.name;

/** The tools of one server. */
export class Tools implements ChangingList {
  readonly #requester: Requester;
  readonly #clock: Clock;
  readonly #list: PagedList<ListToolsResult, Tool>;
  /** What is known of the tools: to refuse a call that cannot go well, to check results, and to know which may be repeated. */
  readonly #catalogue: ToolCatalogue;
  readonly #checksArguments: boolean;
  readonly #faults: ToolFaults;
  readonly #mirrors: ParamMirrors;
  readonly #tasks: () => TaskRunner;
  /** Reads what a tool answers of which nothing else is known. */
  readonly #plainReader: ReplyReader<CallToolResult>;
  readonly #baseline: ListBaseline<Tool>;

  constructor(requester: Requester, { clock, limits, defaults, checkArguments, checkResults, isHeard, mirrors, fault, tasks }: ToolsOptions) {
    this.#requester = requester;
    this.#clock = clock;
    this.#list = new PagedList(requester, { method: 'tools/list', check: (result) => this.#checkPage(result), items: (page) => page.tools, maxPages: limits.maxPages });
    this.#mirrors = mirrors;
    this.#faults = new ToolFaults(limits.maxToolFaults, fault);
    const checks = { checksSchema: checkArguments === 'schema', checksResults: checkResults, limits, faults: this.#faults, mirrors };
    this.#catalogue = new ToolCatalogue(({ isAnew, known }) => this.#all({ ...defaults, cache: isAnew ? 'refresh' : 'use', onCached: known }), checks);
    this.#checksArguments = checkArguments !== false;
    this.#baseline = new ListBaseline(toolName, () => isHeard('toolsChanged'));
    this.#tasks = tasks;
    this.#plainReader = { read: PLAIN_RESULT.read, refuse: (error: RPCError) => (tasks().areOffered && tasks().areAskedFor ? refusedCall(error) : refusedArguments(error)) };
  }

  /** All tools. */
  async list(settings: RequestSettings): Promise<Tool[]> {
    const { version } = this.#catalogue;
    const tools = await this.#all(settings);
    this.#catalogue.learn(tools, version);
    return tools;
  }

  /** One page of tools. */
  page(cursor: string | undefined, settings: RequestSettings): Promise<ListToolsResult> {
    return this.#list.page(cursor, settings);
  }

  /** Tool by tool. */
  async *iterate(settings: RequestSettings): AsyncGenerator<Tool, void, undefined> {
    const seen = new Set<string>();
    for await (const tool of this.#list.iterate(settings)) if (this.#isFirst(tool, seen)) yield tool;
  }

  /**
   * Calls a tool.
   *
   * @throws InvalidValueError `ERR_MCP_UNKNOWN_TOOL` or `ERR_MCP_INVALID_ARGUMENTS`, before sending or as the server says; PeerProtocolError
   *   `ERR_MCP_INVALID_STRUCTURED_CONTENT`, `ERR_MCP_INVALID_TOOL`.
   */
  call(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    const tool = this.#catalogue.find(name);
    if (!this.#checksArguments || this.#catalogue.accepts(tool, args)) return this.#send(name, args, settings, tool);
    return quiet(this.#checkAndSend(name, args, settings));
  }

  /** Calls a tool with params that are ready, the answers to a question among them. What was checked before is not checked again. */
  resume(params: JSONObject, settings: RequestSettings): Promise<CallToolResult> {
    const name = own(params, 'name');
    const tool = typeof name === 'string' ? this.#catalogue.find(name) : undefined;
    return this.#requester.request('tools/call', params, withMirror(settings, tool), this.#readerOf(tool));
  }

  expire(): void {
    this.#catalogue.forget();
  }

  refresh(): Promise<ListChanged> | undefined {
    const told = this.#baseline.refresh(() => this.#catalogue.relearn());
    if (told !== undefined) return told;
    return this.#catalogue.isUsed ? this.#catalogue.relearn().then(() => NOTHING_MORE) : undefined;
  }

  /** What is known may be wrong: another connection, maybe another server. */
  restart(): void {
    this.#catalogue.restart();
    this.#faults.restart();
  }

  letGo(): void {
    this.#baseline.letGo();
  }

  async #all(settings: RequestSettings): Promise<Tool[]> {
    const seen = new Set<string>();
    const tools = (await this.#list.all(settings)).filter((tool) => this.#isFirst(tool, seen));
    this.#baseline.see(tools);
    return tools;
  }

  /** Two tools of one name cannot be told apart when one is called: the first is the one that is meant. */
  #isFirst({ name }: Tool, seen: Set<string>): boolean {
    if (seen.has(name)) {
      this.#faults.tell(name, 'another tool before it in the list has the same name, so this one is left out', { pointer: '/name' });
      return false;
    }
    seen.add(name);
    return true;
  }

  #checkPage(result: JSONObject): ListToolsResult {
    const check = this.#mirrors.isOn ? checkMarkedTool : checkTool;
    return checkListToolsResult(result, check, ({ message, pointer }, tool) => {
      const name = isObject(tool) ? own(tool, 'name') : undefined;
      this.#faults.tell(typeof name === 'string' ? name : undefined, `${message}; it is left out of the list`, { pointer });
    });
  }

  /** How the result of a call of `name` is read, as far as the tool is known. */
  reader(name: string | undefined): ReplyReader<CallToolResult> {
    return this.#readerOf(name === undefined ? undefined : this.#catalogue.find(name));
  }

  /**
   * Makes a call ready to be made a task: as it would be sent now, with the time that the look-up left of it. `isAsked`: a task has to be asked for.
   *
   * @throws InvalidValueError as {@link Tools.call}, and `ERR_MCP_TASK_UNSUPPORTED` for a tool that is known not to run as a task where it is asked to.
   */
  async readyAsTask(name: string, args: JSONObject | undefined, settings: RequestSettings, isAsked: boolean): Promise<ReadyCall> {
    const ready = this.#checksArguments ? await this.#check(name, args, settings) : { name, args, settings, tool: this.#catalogue.find(name) };
    if (isAsked && ready.tool?.taskSupport === 'forbidden') throw noTask(name);
    return ready;
  }

  async #checkAndSend(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<CallToolResult> {
    const ready = await this.#check(name, args, settings);
    const running = ready.tool?.taskSupport === 'required' ? this.#tasks().run(ready) : undefined;
    return running ?? this.#send(name, ready.args, ready.settings, ready.tool);
  }

  /** The look-up is part of the call: it ends with the same signal, and its time is taken from the call's. */
  async #check(name: string, args: JSONObject | undefined, settings: RequestSettings): Promise<ReadyCall> {
    // In its JSON form, as it would be sent now: what the caller does to it while the list is asked for has no effect.
    const kept = args === undefined ? undefined : (JSON.parse(JSON.stringify(args)) as JSONObject);
    const { value: tool, settings: left } = await this.#inTimeOf(settings, this.#clock.now(), (signal) => this.#catalogue.require(name, kept, signal));
    return { name, args: kept, settings: left, tool };
  }

  /** What `look` comes to, as part of a call that began at `startedAt`, and the settings with the time that it left. */
  async #inTimeOf<T>(settings: RequestSettings, startedAt: number, look: (signal: AbortSignal | undefined) => Promise<T>): Promise<{ value: T; settings: RequestSettings }> {
    const { timeoutMs } = settings;
    const leftMs = () => Math.max(1, timeoutMs - (this.#clock.now() - startedAt));
    const late = () =>
      new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', `tools/call waited ${timeoutMs} ms for the list of tools`, { details: { timeoutMs }, delivery: 'unsent' });
    const bound = timedSignal(this.#clock, leftMs(), late, settings.signal);
    try {
      const value = await look(bound.signal);
      return { value, settings: { ...settings, timeoutMs: leftMs() } };
    } finally {
      bound.release();
    }
  }

  #send(name: string, args: JSONObject | undefined, settings: RequestSettings, tool: KnownTool | undefined): Promise<CallToolResult> {
    return this.send(args === undefined ? { name } : { name, arguments: args }, settings, tool, this.#reading);
  }

  /** Sends a call that was found to be one that can be made; what is known of the tool may change while it is on its way, and with it the reader. */
  send<T>(params: CallParams, settings: RequestSettings, tool: KnownTool | undefined, reader: ReaderOf<T>): Promise<T> {
    if (this.#mirrors.isOn) return quiet(this.#sendMirrored(params, settings, tool, reader));
    return this.#request(params, settings, tool, reader);
  }

  #request<T>(params: CallParams, settings: RequestSettings, tool: KnownTool | undefined, reader: ReaderOf<T>): Promise<T> {
    const isRepeatable = settings.retry === 'idempotent' && tool?.isRepeatable === true;
    return this.#requester.request('tools/call', params, settings, reader(tool), isRepeatable);
  }

  /**
   * Where the server says that the headers are not those of the arguments, its list is asked for, and the call is sent once more.
   * Source: 2026-07-28, Streamable HTTP, "Client Behavior".
   */
  async #sendMirrored<T>(params: CallParams, settings: RequestSettings, tool: KnownTool | undefined, reader: ReaderOf<T>): Promise<T> {
    const { version } = this.#catalogue;
    const startedAt = this.#clock.now();
    try {
      return await this.#request(params, withMirror(settings, tool), tool, reader);
    } catch (error) {
      if (!isHeaderMismatch(error)) throw error;
      if (settings.retry === 'never' || keepsBack(tool)) throw withKeptBack(error, tool);
      const fresh = await this.#inTimeOf(settings, startedAt, (signal) => this.#catalogue.findAfter(version, params.name, signal)).catch((cause: unknown) => {
        // A list that does not come says less than the refusal; the end of the call says more.
        throw cause instanceof RPCError || cause instanceof PeerProtocolError ? error : cause;
      });
      if (fresh.value === undefined || keepsBack(fresh.value)) throw withKeptBack(error, fresh.value);
      return this.#request(params, withMirror(fresh.settings, fresh.value), fresh.value, reader).catch((again: unknown) => {
        throw isHeaderMismatch(again) ? withKeptBack(again, fresh.value) : again;
      });
    }
  }

  readonly #reading: ReaderOf<CallToolResult> = (tool) => this.#readerOf(tool);

  #readerOf(tool: KnownTool | undefined): ReplyReader<CallToolResult> {
    return tool === undefined || tool.reader === PLAIN_RESULT ? this.#plainReader : tool.reader;
  }
}

function noTask(name: string): InvalidValueError {
  return new InvalidValueError('ERR_MCP_TASK_UNSUPPORTED', `The tool ${quote(name)} does not run as a task; callTool calls it`, {
    details: { toolName: name },
    delivery: 'unsent',
  });
}

function withMirror(settings: RequestSettings, tool: KnownTool | undefined): RequestSettings {
  return tool?.mirror === undefined ? settings : { ...settings, mirror: tool.mirror };
}

function isHeaderMismatch(error: unknown): error is RPCError {
  return error instanceof RPCError && error.rpcCode === HEADER_MISMATCH;
}

/** Whether sending it again would say no more. */
function keepsBack(tool: KnownTool | undefined): boolean {
  return tool?.mirror !== undefined && tool.mirror.keptBack.length > 0;
}

/** Says which headers the host keeps back, where it does: that may be why. */
function withKeptBack(error: RPCError, tool: KnownTool | undefined): RPCError {
  const keptBack = tool?.mirror?.keptBack ?? [];
  if (keptBack.length === 0) return error;
  const message = `${error.message}; the option mirrorParameters keeps back ${keptBack.map((header) => quote(header)).join(', ')}`;
  return new RPCError(error.rpcCode, message, error.data, { details: { ...error.details, keptBack }, cause: error });
}
