/** Calls of tools that are refused before anything is sent. */

import { InvalidValueError, LimitError, PeerProtocolError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { nearest } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { CompiledSchema } from '../schema/schema.ts';
import type { ValidationResult } from '../schema/schema-output.ts';
import { missing } from './known-tool.ts';
import type { KnownTool, KnownTools } from './known-tool.ts';
import { checkTakesTooMuch, complaintOf, reasonOf } from './tool-schema.ts';
import type { ToolSchema } from './tool-schema.ts';

/**
 * Whether the tool takes these arguments, in the form that is sent.
 *
 * @throws InvalidValueError `ERR_MCP_INVALID_ARGUMENTS`; PeerProtocolError `ERR_MCP_INVALID_TOOL` where the schema cannot be used, and so takes
 *   nothing; LimitError where the check takes more than a bound allows.
 */
export function checkCall(name: string, { required, input }: KnownTool, args: JSONObject): void {
  const absent = missing(required, args);
  if (absent.length > 0) throw missingArguments(name, absent);
  if (input === undefined) return;
  const result = validated(name, usable(name, input), args);
  if (result.valid) return;
  const { sentence, details } = complaintOf(result);
  throw new InvalidValueError('ERR_MCP_INVALID_ARGUMENTS', `The tool ${quote(name)} does not take these arguments: ${sentence}`, {
    details: { toolName: name, ...details },
    delivery: 'unsent',
  });
}

function usable(name: string, input: ToolSchema): CompiledSchema {
  try {
    return input.compiled;
  } catch (cause) {
    throw new PeerProtocolError('ERR_MCP_INVALID_TOOL', `The tool ${quote(name)} cannot be called with arguments that are checked: its inputSchema cannot be used: ${reasonOf(cause)}`, {
      details: { toolName: name, pointer: '/inputSchema' },
      cause,
      delivery: 'unsent',
    });
  }
}

function validated(name: string, schema: CompiledSchema, args: JSONObject): ValidationResult {
  try {
    return schema.validate(args);
  } catch (cause) {
    throw cause instanceof LimitError ? checkTakesTooMuch(name, 'arguments for', cause, 'unsent') : cause;
  }
}

/** The error for a tool that is not in the list. */
export function unknownTool(name: string, known: KnownTools): InvalidValueError {
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
