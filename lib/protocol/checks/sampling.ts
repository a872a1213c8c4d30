/** What a server asks of a model, and what the host answers. Source: 2025-11-25, client, "Sampling". */

import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import type { SamplingRequest, SamplingResult } from '../types/sampling.ts';
import {
  Misfit,
  arrayAt,
  asObject,
  asString,
  objectAt,
  optionalArrayAt,
  optionalBooleanAt,
  optionalNumberAt,
  optionalObjectAt,
  optionalStringAt,
  stringAt,
} from './check.ts';
import { checkContentBlock } from './content.ts';
import { checkTool } from './results.ts';

const ROLES: readonly string[] = ['user', 'assistant'];
const CONTEXTS: readonly string[] = ['none', 'thisServer', 'allServers'];
const TOOL_CHOICES: readonly string[] = ['auto', 'required', 'none'];

// What a model is told and says has no resources: a closed list, so that a host meets no block that its types do not name.
const BLOCK_TYPES: readonly string[] = ['text', 'image', 'audio', 'tool_use', 'tool_result'];

/** The params of `sampling/createMessage`, of every revision that has it. */
export function checkSamplingRequest(params: JSONObject): SamplingRequest {
  const messages = arrayAt(params, 'messages', checkMessage);
  checkPreferences(params);
  optionalStringAt(params, 'systemPrompt');
  optionalChoiceAt(params, 'includeContext', CONTEXTS);
  optionalNumberAt(params, 'temperature');
  checkMaxTokens(own(params, 'maxTokens'));
  optionalArrayAt(params, 'stopSequences', asString);
  optionalObjectAt(params, 'metadata');
  optionalArrayAt(params, 'tools', checkTool);
  const toolChoice = optionalObjectAt(params, 'toolChoice');
  if (toolChoice !== undefined) within('toolChoice', () => optionalChoiceAt(toolChoice, 'mode', TOOL_CHOICES));
  within('messages', () => checkBalance(messages as readonly JSONObject[]));
  return params as unknown as SamplingRequest;
}

/**
 * What the host's model said, before it goes to a server. The model may ask for tools only where it was given some.
 */
export function checkSamplingResult(result: unknown, hasTools: boolean): SamplingResult {
  const answer = asObject(result);
  choiceAt(answer, 'role', ROLES);
  if (stringAt(answer, 'model') === '') throw new Misfit('/model', 'the name of a model; got an empty string');
  optionalStringAt(answer, 'stopReason');
  optionalObjectAt(answer, '_meta');
  const blocks = checkContent(answer);
  if (blocks.length === 0) throw new Misfit('/content', 'at least one block; got none');
  for (const block of blocks) {
    const type = own(block, 'type');
    if (type === 'tool_result') throw new Misfit('/content', 'what a model says; got the result of a tool');
    if (type === 'tool_use' && !hasTools) throw new Misfit('/content', 'without a use of tools, as the request has none');
  }
  return answer as unknown as SamplingResult;
}

/** Whether a request is about tools in any way: those it offers, and those that were used before. */
export function speaksOfTools(request: SamplingRequest): boolean {
  if (request.tools !== undefined || request.toolChoice !== undefined) return true;
  return request.messages.some(({ content }) => blocksOf(content).some(({ type }) => type === 'tool_use' || type === 'tool_result'));
}

function blocksOf<T>(content: T | readonly T[]): readonly T[] {
  return Array.isArray(content) ? (content as readonly T[]) : [content as T];
}

function checkMessage(value: unknown): void {
  const message = asObject(value);
  const role = choiceAt(message, 'role', ROLES);
  const blocks = checkContent(message);
  const uses = blocks.filter((block) => own(block, 'type') === 'tool_use').length;
  const results = blocks.filter((block) => own(block, 'type') === 'tool_result').length;
  // Source: 2025-11-25, client, "Sampling", "Message Roles" and "Tool Result Messages".
  if (uses > 0 && role !== 'assistant') throw new Misfit('/content', 'without a use of tools, which only the assistant makes');
  if (results > 0 && role !== 'user') throw new Misfit('/content', 'without results of tools, which only the user gives');
  if (results > 0 && results !== blocks.length) throw new Misfit('/content', 'results of tools and nothing else, as it has one');
}

/** One block or several; gives them as a list. */
function checkContent(message: JSONObject): readonly JSONObject[] {
  const content = own(message, 'content');
  if (Array.isArray(content)) return arrayAt(message, 'content', checkBlock) as readonly JSONObject[];
  return [within('content', () => checkBlock(content))];
}

function checkBlock(value: unknown): JSONObject {
  const block = asObject(value);
  const type = choiceAt(block, 'type', BLOCK_TYPES);
  if (type === 'tool_use') {
    stringAt(block, 'id');
    stringAt(block, 'name');
    objectAt(block, 'input');
  } else if (type === 'tool_result') {
    stringAt(block, 'toolUseId');
    arrayAt(block, 'content', checkContentBlock);
    optionalObjectAt(block, 'structuredContent');
    optionalBooleanAt(block, 'isError');
  } else {
    checkContentBlock(block);
  }
  return block;
}

/**
 * Every use of a tool is answered by the message that follows, and nothing else is.
 * Source: 2025-11-25, client, "Sampling", "Tool Use and Result Balance".
 */
function checkBalance(messages: readonly JSONObject[]): void {
  let open: readonly string[] = [];
  messages.forEach((message, index) => {
    const blocks = blocksOf(own(message, 'content') as JSONObject | readonly JSONObject[]);
    const results = namesIn(blocks, 'tool_result', 'toolUseId');
    if (!isSameSet(open, results)) throw new Misfit(`/${index}/content`, `the results of the ${open.length} uses of tools before it, one each; got ${results.length} results`);
    open = namesIn(blocks, 'tool_use', 'id');
    if (new Set(open).size !== open.length) throw new Misfit(`/${index}/content`, 'uses of tools with an id of their own each');
  });
  if (open.length > 0) throw new Misfit('', `the results of the ${open.length} uses of tools in its last message too; they are missing`);
}

function namesIn(blocks: readonly JSONObject[], type: string, key: string): readonly string[] {
  return blocks.filter((block) => own(block, 'type') === type).map((block) => own(block, key) as string);
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const names = new Set(left);
  return left.length === right.length && right.every((name) => names.delete(name));
}

function checkPreferences(params: JSONObject): void {
  const preferences = optionalObjectAt(params, 'modelPreferences');
  if (preferences === undefined) return;
  within('modelPreferences', () => {
    optionalArrayAt(preferences, 'hints', (hint) => optionalStringAt(asObject(hint), 'name'));
    for (const key of ['costPriority', 'speedPriority', 'intelligencePriority']) {
      const priority = optionalNumberAt(preferences, key);
      if (priority !== undefined && !(priority >= 0 && priority <= 1)) throw new Misfit(`/${key}`, `a number from 0 to 1; got ${describe(priority)}`);
    }
  });
}

function checkMaxTokens(value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) > 0) return;
  throw new Misfit('/maxTokens', `a whole number, at least 1; got ${describe(value)}`);
}

function choiceAt(object: JSONObject, key: string, choices: readonly string[]): string {
  const value = stringAt(object, key);
  if (choices.includes(value)) return value;
  throw new Misfit(`/${key}`, `one of ${choices.join(', ')}; got another string`);
}

function optionalChoiceAt(object: JSONObject, key: string, choices: readonly string[]): void {
  const value = own(object, key);
  if (value !== undefined && value !== null) choiceAt(object, key, choices);
}

function within<T>(key: string, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within(key) : cause;
  }
}
