import { deepFreeze, isObject, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import type { ServerCapabilities } from '../capabilities.ts';
import type { Implementation } from '../types/implementation.ts';
import { Misfit, asObject, objectAt, optionalStringAt, partAt, stringAt } from './check.ts';

/** The server's half of the handshake. Source: MCP, basic, lifecycle, "Initialization". */
export interface InitializeResult {
  /** Whatever the server wrote: whether it is spoken here is the negotiation's question. */
  readonly protocolVersion: string;
  readonly capabilities: ServerCapabilities;
  readonly serverInfo: Implementation;
  readonly instructions: string | undefined;
}

/** The result of `initialize`, frozen: it is looked at as long as the connection lives. */
export function checkInitializeResult(result: JSONObject): InitializeResult {
  return {
    protocolVersion: stringAt(result, 'protocolVersion'),
    capabilities: deepFreeze(checkServerCapabilities(objectAt(result, 'capabilities'))),
    serverInfo: deepFreeze(partAt(result, 'serverInfo', checkImplementation)),
    instructions: optionalStringAt(result, 'instructions'),
  };
}

/** Who a peer says it is. */
export function checkImplementation(value: unknown): Implementation {
  const implementation = asObject(value);
  stringAt(implementation, 'name');
  stringAt(implementation, 'version');
  optionalStringAt(implementation, 'title');
  return implementation as unknown as Implementation;
}

const KNOWN = ['tools', 'resources', 'prompts', 'completions', 'logging', 'tasks', 'experimental'] as const;

/** Known capabilities are objects. One that is null or false is not declared, and left out; the unknown is kept. */
export function checkServerCapabilities(declared: JSONObject): ServerCapabilities {
  const capabilities: Record<string, unknown> = { ...declared };
  for (const name of KNOWN) {
    const value = own(declared, name);
    if (isObject(value) || value === undefined) continue;
    if (value !== null && value !== false) throw new Misfit(`/capabilities/${name}`, 'an object');
    delete capabilities[name];
  }
  return capabilities as ServerCapabilities;
}
