/** Tools that cannot be used: one bad definition marks only itself, and is told of once. */

import { PeerProtocolError } from '../base/errors.ts';
import type { ErrorDetails, MCPError } from '../base/errors.ts';
import { quote } from '../base/text.ts';

/** What is told of the tools of one connection. */
export class ToolFaults {
  readonly #most: number;
  readonly #fault: (error: MCPError) => void;
  #told: Set<string> | undefined;

  /** `most` is how many are told of. */
  constructor(most: number, fault: (error: MCPError) => void) {
    this.#most = most;
    this.#fault = fault;
  }

  /** Says what is wrong with a tool, where it was not said before. `toolName` is absent where it has none. */
  tell(toolName: string | undefined, why: string, details: ErrorDetails, cause?: unknown): void {
    const message = `${toolName === undefined ? 'A tool without a name' : `The tool ${quote(toolName)}`} is not defined as the protocol says: ${why}`;
    this.#told ??= new Set();
    if (this.#told.has(message) || this.#told.size >= this.#most) return;
    this.#told.add(message);
    this.#fault(new PeerProtocolError('ERR_MCP_INVALID_TOOL', message, { details: { toolName, ...details }, ...(cause === undefined ? {} : { cause }) }));
  }

  /** Another connection: what is wrong is said again. */
  restart(): void {
    this.#told = undefined;
  }
}
