/** Results of a tool that says what it answers with. Source: MCP since 2025-06-18, server, "Tools", "Output Schema". */

import { LimitError, PeerProtocolError } from '../base/errors.ts';
import type { MCPError, RPCError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import { checkCallToolResult } from '../protocol/checks/results.ts';
import type { CallToolResult } from '../protocol/types/tools.ts';
import { refusedArguments } from './refusals.ts';
import type { ToolFaults } from './tool-faults.ts';
import { checkTakesTooMuch, complaintOf, reasonOf } from './tool-schema.ts';
import type { ToolSchema } from './tool-schema.ts';

/** Reads the result of a tool of which nothing is known, or which does not say what it answers with. */
export const PLAIN_RESULT: ReplyReader<CallToolResult> = Object.freeze({ read: checkCallToolResult, refuse: refusedArguments });

/** Reads the results of one tool and checks their structured content. A result with `isError` has none to check. */
export class ResultCheck implements ReplyReader<CallToolResult> {
  readonly schema: ToolSchema;
  readonly #toolName: string;
  readonly #faults: ToolFaults;

  constructor(toolName: string, schema: ToolSchema, faults: ToolFaults) {
    this.#toolName = toolName;
    this.schema = schema;
    this.#faults = faults;
  }

  /** @throws PeerProtocolError `ERR_MCP_INVALID_STRUCTURED_CONTENT`; LimitError where the check takes more than a bound allows. */
  read(result: JSONObject): CallToolResult {
    const checked = checkCallToolResult(result);
    if (own(result, 'isError') === true) return checked;
    const content = own(result, 'structuredContent') ?? undefined;
    if (content === undefined) throw this.#refusal('has no structuredContent, though the tool has an outputSchema');
    if (!this.#isValid(content)) {
      const { sentence, details } = complaintOf(this.schema.compiled.validate(content));
      throw this.#refusal(`is not what its outputSchema says: ${sentence}`, details);
    }
    return checked;
  }

  refuse(error: RPCError): MCPError {
    return refusedArguments(error);
  }

  #isValid(content: unknown): boolean {
    const compiled = this.#compiled();
    try {
      return compiled.isValid(content);
    } catch (cause) {
      throw cause instanceof LimitError ? checkTakesTooMuch(this.#toolName, 'result of', cause, 'answered') : cause;
    }
  }

  #compiled(): ToolSchema['compiled'] {
    try {
      return this.schema.compiled;
    } catch (cause) {
      const why = reasonOf(cause);
      this.#faults.tell(this.#toolName, `its outputSchema cannot be used, so none of its results can be checked: ${why}`, { pointer: '/outputSchema' }, cause);
      throw this.#refusal(`cannot be checked, as its outputSchema cannot be used: ${why}`, {}, cause);
    }
  }

  #refusal(what: string, details: JSONObject = {}, cause?: unknown): PeerProtocolError {
    return new PeerProtocolError('ERR_MCP_INVALID_STRUCTURED_CONTENT', `The result of the tool ${quote(this.#toolName)} ${what}`, {
      details: { toolName: this.#toolName, ...details },
      delivery: 'answered',
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
