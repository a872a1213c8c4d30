/** Arguments of tools that are said in headers too, and what the host has to say about it. Source: 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters". */

import { own, isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { ListenerFault } from '../base/listeners.ts';
import { quote } from '../base/text.ts';
import type { Mirror } from '../connection/request-settings.ts';
import { jsonForm } from '../jsonrpc/codec.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkTool } from '../protocol/checks/results.ts';
import type { HeaderFields } from '../protocol/era.ts';
import { headersOfArguments, paramHeaders, parameterName } from '../protocol/param-headers.ts';
import type { ParamHeader } from '../protocol/param-headers.ts';
import type { Tool } from '../protocol/types/tools.ts';

/**
 * Whether an argument of a tool may be said in a header, where everything on the way to the server can read it. `parameter`: its name, or the names that
 * lead to it joined with dots; `header`: the whole name of the header, as the server wants it.
 */
export type MirrorPolicy = boolean | ((tool: string, parameter: string, header: string) => boolean);

/** What {@link ParamMirrors} is made with. */
export interface ParamMirrorsOptions {
  /** Whether the connection is one that says arguments in headers. */
  readonly isOn: () => boolean;
  readonly policy: MirrorPolicy;
  /** Hears of what is kept back. */
  readonly log: (message: string) => void;
  readonly callbackFault: ListenerFault;
}

/** The arguments of one tool that are said in headers. */
export class ParamMirror implements Mirror {
  /** The headers that the host keeps back. */
  readonly keptBack: readonly string[];
  readonly #tool: string;
  readonly #headers: readonly ParamHeader[];

  constructor(tool: string, headers: readonly ParamHeader[], keptBack: readonly string[]) {
    this.#tool = tool;
    this.#headers = headers;
    this.keptBack = keptBack;
  }

  headersOf(params: JSONObject | undefined): HeaderFields | undefined {
    // Middleware may have made it a call of another tool.
    if (params === undefined || own(params, 'name') !== this.#tool) return undefined;
    const args = own(params, 'arguments');
    return isObject(args) ? headersOfArguments(this.#headers, jsonForm(args, 'tools/call')) : undefined;
  }
}

/** One tool as a server describes it, its marks too. @throws Misfit. */
export function checkMarkedTool(tool: unknown): void {
  checkTool(tool);
  try {
    paramHeaders((tool as Tool).inputSchema);
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within('inputSchema') : cause;
  }
}

/** Finds out which tools have such arguments. */
export class ParamMirrors {
  readonly #options: ParamMirrorsOptions;

  constructor(options: ParamMirrorsOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#options.isOn();
  }

  /** What of `tool` is said in headers; `undefined` where nothing is marked. Only for a tool whose marks are as the protocol says. */
  of({ name, inputSchema }: Tool): ParamMirror | undefined {
    if (!this.isOn) return undefined;
    const headers = paramHeaders(inputSchema);
    if (headers.length === 0) return undefined;
    const said = headers.filter((header) => this.#maySay(name, header));
    return new ParamMirror(
      name,
      said,
      headers.filter((header) => !said.includes(header)).map(({ header }) => header),
    );
  }

  #maySay(tool: string, param: ParamHeader): boolean {
    const { policy, log, callbackFault } = this.#options;
    if (policy === true) return true;
    const parameter = parameterName(param);
    try {
      if (policy !== false && policy(tool, parameter, param.header) === true) return true;
    } catch (cause) {
      callbackFault('mirrorParameters', cause);
    }
    log(`the argument ${quote(parameter)} of the tool ${quote(tool)} is not said in ${quote(param.header)}, as mirrorParameters wants it`);
    return false;
  }
}
