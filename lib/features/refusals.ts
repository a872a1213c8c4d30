/** Errors of a server that say what was asked for is not there, or not valid. */

import { InvalidValueError } from '../base/errors.ts';
import type { ErrorCode, MCPError, RPCError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { escapeText } from '../base/text.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { MISSING_CLIENT_CAPABILITY, RESOURCE_NOT_FOUND, URL_ELICITATION_REQUIRED } from '../protocol/error-codes.ts';
import { urlElicitationRequired } from './url-elicitation-required.ts';

// What an error names of what a server says is missing.
const MOST_NAMES = 10;

function asInvalidValue(code: ErrorCode, error: RPCError): InvalidValueError {
  return new InvalidValueError(code, error.message, { details: error.details, cause: error, delivery: 'answered' });
}

/** What any request can be answered with: `-32042` wants the user to visit a page first. Source: 2025-11-25, client, "Elicitation", "Error Handling". */
export function refusedRequest(error: RPCError): MCPError {
  if (error.rpcCode === MISSING_CLIENT_CAPABILITY) return missingClientCapability(error);
  return error.rpcCode === URL_ELICITATION_REQUIRED ? urlElicitationRequired(error) : error;
}

/** `-32021`, where it says what is missing: servers of earlier revisions may mean something else by it. Source: 2026-07-28, basic, "Error Codes". */
function missingClientCapability(error: RPCError): MCPError {
  const required = isObject(error.data) ? own(error.data, 'requiredCapabilities') : undefined;
  if (!isObject(required)) return error;
  const names = capabilityNames(required).slice(0, MOST_NAMES).map((name) => escapeText(name, 100));
  const message = `${error.message}; it needs a client that declares ${names.join(', ')}, which follows from the handlers that are given`;
  return new InvalidValueError('ERR_MCP_MISSING_CAPABILITY', message, { details: { ...error.details, missing: names }, cause: error, delivery: 'answered' });
}

/** What is required, by name; what has parts by the names of those, as `elicitation.url`. */
function capabilityNames(required: JSONObject): readonly string[] {
  return Object.entries(required).slice(0, MOST_NAMES).flatMap(([name, value]) => {
    const parts = isObject(value) ? Object.keys(value).slice(0, MOST_NAMES) : [];
    return parts.length === 0 ? [name] : parts.map((part) => `${name}.${part}`);
  });
}

/** `-32602` to a request that named something and gave it arguments. Source: MCP, server, "Tools" and "Prompts", error handling. */
export function refusedArguments(error: RPCError): MCPError {
  return error.rpcCode === RPC_ERROR.invalidParams ? asInvalidValue('ERR_MCP_INVALID_ARGUMENTS', error) : refusedRequest(error);
}

/**
 * As {@link refusedArguments}, from a server that runs tools as tasks: `-32601` and `-32600` say that this one runs in no other way.
 * Source: 2025-11-25, basic, utilities, "Tasks", "Tool-Level Negotiation" and "Protocol Errors".
 */
export function refusedCall(error: RPCError): MCPError {
  if (error.rpcCode !== RPC_ERROR.methodNotFound && error.rpcCode !== RPC_ERROR.invalidRequest) return refusedArguments(error);
  const message = `${error.message}; a tool that runs as a task only is called by startTask`;
  return new InvalidValueError('ERR_MCP_TASK_REQUIRED', message, { details: error.details, cause: error, delivery: 'answered' });
}

/** `-32002`, and `-32602` from servers that use it for the same. Source: MCP, server, "Resources", error handling. */
export function refusedResource(error: RPCError): MCPError {
  const isNotFound = error.rpcCode === RESOURCE_NOT_FOUND || error.rpcCode === RPC_ERROR.invalidParams;
  return isNotFound ? asInvalidValue('ERR_MCP_RESOURCE_NOT_FOUND', error) : refusedRequest(error);
}

/** What a subscription to resources rejects with where the server did not say that it has any. */
export function subscribeUnsupported(serverName: string): InvalidValueError {
  const method = 'resources/subscribe';
  return new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', `${serverName} cannot be asked for ${method}: the server did not declare the capability "resources.subscribe"`, {
    details: { method },
    delivery: 'unsent',
  });
}
