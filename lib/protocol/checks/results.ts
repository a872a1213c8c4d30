/** Results of a server, checked: what comes back is what the types say, or a {@link Misfit} that names the place. */

import type { JSONObject } from '../../base/json.ts';
import type { Completion } from '../types/completion.ts';
import type { GetPromptResult, ListPromptsResult } from '../types/prompts.ts';
import type { ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult } from '../types/resources.ts';
import type { CallToolResult, ListToolsResult } from '../types/tools.ts';
import {
  arrayAt,
  asObject,
  asString,
  optionalArrayAt,
  optionalBooleanAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  objectAt,
  partAt,
  stringAt,
  Misfit,
} from './check.ts';
import { checkContentBlock, checkResourceContents } from './content.ts';

/** One tool as a server describes it. */
export function checkTool(value: unknown): void {
  const tool = asObject(value);
  stringAt(tool, 'name');
  optionalStringAt(tool, 'title');
  optionalStringAt(tool, 'description');
  objectAt(tool, 'inputSchema');
  optionalObjectAt(tool, 'outputSchema');
  optionalObjectAt(tool, 'annotations');
}

function checkResource(value: unknown): void {
  const resource = asObject(value);
  stringAt(resource, 'uri');
  checkDescription(resource);
  optionalNumberAt(resource, 'size');
}

function checkResourceTemplate(value: unknown): void {
  const template = asObject(value);
  stringAt(template, 'uriTemplate');
  checkDescription(template);
}

function checkDescription(thing: JSONObject): void {
  stringAt(thing, 'name');
  optionalStringAt(thing, 'title');
  optionalStringAt(thing, 'description');
  optionalStringAt(thing, 'mimeType');
}

function checkPromptArgument(value: unknown): void {
  const argument = asObject(value);
  stringAt(argument, 'name');
  optionalStringAt(argument, 'description');
  optionalBooleanAt(argument, 'required');
}

function checkPrompt(value: unknown): void {
  const prompt = asObject(value);
  stringAt(prompt, 'name');
  optionalStringAt(prompt, 'title');
  optionalStringAt(prompt, 'description');
  optionalArrayAt(prompt, 'arguments', checkPromptArgument);
}

function checkPromptMessage(value: unknown): void {
  const message = asObject(value);
  const role = stringAt(message, 'role');
  if (role !== 'user' && role !== 'assistant') throw new Misfit('/role', '"user" or "assistant"; got another string');
  partAt(message, 'content', checkContentBlock);
}

/** Hears of a tool that is not what the protocol says: where and how, and the tool as it came. */
export type ToolRefusal = (misfit: Misfit, tool: unknown) => void;

/** One page of `tools/list`. A tool that `check` throws a Misfit for is left out and told to `refused`; the others stay as they came. */
export function checkListToolsResult(result: JSONObject, check: (tool: unknown) => void, refused: ToolRefusal): ListToolsResult {
  const tools = arrayAt(result, 'tools', () => {});
  optionalStringAt(result, 'nextCursor');
  const fitting = tools.filter((tool) => isTool(tool, check, refused));
  return (fitting.length === tools.length ? result : { ...result, tools: fitting }) as unknown as ListToolsResult;
}

function isTool(tool: unknown, check: (tool: unknown) => void, refused: ToolRefusal): boolean {
  try {
    check(tool);
    return true;
  } catch (cause) {
    if (!(cause instanceof Misfit)) throw cause;
    refused(cause, tool);
    return false;
  }
}

/** One page of `resources/list`. */
export function checkListResourcesResult(result: JSONObject): ListResourcesResult {
  arrayAt(result, 'resources', checkResource);
  optionalStringAt(result, 'nextCursor');
  return result as unknown as ListResourcesResult;
}

/** One page of `resources/templates/list`. */
export function checkListResourceTemplatesResult(result: JSONObject): ListResourceTemplatesResult {
  arrayAt(result, 'resourceTemplates', checkResourceTemplate);
  optionalStringAt(result, 'nextCursor');
  return result as unknown as ListResourceTemplatesResult;
}

/** One page of `prompts/list`. */
export function checkListPromptsResult(result: JSONObject): ListPromptsResult {
  arrayAt(result, 'prompts', checkPrompt);
  optionalStringAt(result, 'nextCursor');
  return result as unknown as ListPromptsResult;
}

/** The result of `tools/call`. */
export function checkCallToolResult(result: JSONObject): CallToolResult {
  arrayAt(result, 'content', checkContentBlock);
  optionalBooleanAt(result, 'isError');
  optionalObjectAt(result, 'structuredContent');
  return result as unknown as CallToolResult;
}

/** The result of `resources/read`. */
export function checkReadResourceResult(result: JSONObject): ReadResourceResult {
  arrayAt(result, 'contents', checkResourceContents);
  return result as unknown as ReadResourceResult;
}

/** The result of `prompts/get`. */
export function checkGetPromptResult(result: JSONObject): GetPromptResult {
  optionalStringAt(result, 'description');
  arrayAt(result, 'messages', checkPromptMessage);
  return result as unknown as GetPromptResult;
}

/** The result of `completion/complete`: its one member. */
export function checkCompletion(result: JSONObject): Completion {
  return partAt(result, 'completion', (value) => {
    const completion = asObject(value);
    arrayAt(completion, 'values', asString);
    optionalNumberAt(completion, 'total');
    optionalBooleanAt(completion, 'hasMore');
    return completion as unknown as Completion;
  });
}

/** The result of a request that is only acknowledged. */
export function checkEmptyResult(_result: JSONObject): void {}
