/** What is said of a request to who watches, by the names of OpenTelemetry. Source: its semantic conventions, generative AI, "MCP". */

import { RPCError, isMCPError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import type { RequestId } from '../jsonrpc/request-id.ts';

/** Attributes by name; plain values, ready for a span. */
export type DiagnosticsAttributes = Record<string, string | number>;

/** How a handle reaches its server. */
export interface NetworkFacts {
  readonly transport: 'pipe' | 'tcp';
  /** The host and port of the server, once it is known where it is. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

// Where in the params stands what a request is about, by method.
const SUBJECTS: ReadonlyMap<string, readonly [member: string, attribute: string]> = new Map([
  ['tools/call', ['name', 'gen_ai.tool.name']],
  ['prompts/get', ['name', 'gen_ai.prompt.name']],
  ['resources/read', ['uri', 'mcp.resource.uri']],
  ['resources/subscribe', ['uri', 'mcp.resource.uri']],
  ['resources/unsubscribe', ['uri', 'mcp.resource.uri']],
  ['notifications/resources/updated', ['uri', 'mcp.resource.uri']],
] as const);

/** What is known when a message is sent, or has come. */
export function attributesOf(
  serverName: string,
  { transport, address, port }: NetworkFacts,
  revision: string | undefined,
  method: string,
  params: JSONObject | undefined,
  id: RequestId | undefined,
): DiagnosticsAttributes {
  const attributes: DiagnosticsAttributes = { 'mcp.method.name': method, 'barewire.server.name': serverName, 'network.transport': transport };
  if (revision !== undefined) attributes['mcp.protocol.version'] = revision;
  if (id !== undefined) attributes['jsonrpc.request.id'] = String(id);
  if (transport === 'tcp') attributes['network.protocol.name'] = 'http';
  if (address !== undefined) attributes['server.address'] = address;
  if (port !== undefined) attributes['server.port'] = port;
  if (method === 'tools/call') attributes['gen_ai.operation.name'] = 'execute_tool';
  const subject = SUBJECTS.get(method);
  const named = subject === undefined || params === undefined ? undefined : own(params, subject[0]);
  if (subject !== undefined && typeof named === 'string') attributes[subject[1]] = named;
  return attributes;
}

/** Adds what is known when a request went well: a tool may have failed all the same. */
export function addOutcome(attributes: DiagnosticsAttributes, outcome: unknown): void {
  const isToolError = attributes['mcp.method.name'] === 'tools/call' && isObject(outcome) && own(outcome, 'isError') === true;
  if (isToolError) attributes['error.type'] = 'tool_error';
}

/** Adds what is known when it did not. */
export function addError(attributes: DiagnosticsAttributes, error: unknown): void {
  const code = rpcCodeOf(error);
  if (code !== undefined) attributes['rpc.response.status_code'] = String(code);
  attributes['error.type'] = code === undefined ? attributeKind(error) : String(code);
}

/** The code of the error object that was the answer. An error with another name may have been made of it. */
function rpcCodeOf(error: unknown): number | undefined {
  if (error instanceof RequestRefusal) return error.rpcCode;
  const code = error instanceof RPCError ? error.rpcCode : isMCPError(error) ? error.details['rpcCode'] : undefined;
  return typeof code === 'number' ? code : undefined;
}

function attributeKind(error: unknown): string {
  if (isMCPError(error)) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}
