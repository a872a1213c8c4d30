/**
 * Tools in the forms that the interfaces of model providers take, and the way back from the names they use. Pure: no provider is asked. What
 * a provider does not take of a schema, it says itself.
 */

import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe } from '../base/options.ts';
import type { Tool } from '../protocol/types/tools.ts';
import { ProviderNames } from './provider-names.ts';

/** How tools are put into the form of a provider. */
export interface ToolFormatOptions {
  /**
   * Comes before each name, with a `_` between: for the tools of several servers in one request. 1 to 20 of letters, digits and `-`; so names with
   * two prefixes are never the same. Default: none.
   */
  readonly prefix?: string | undefined;
}

/** Tools in the form of a provider, and their names. */
export interface FormattedTools<T> {
  readonly tools: readonly T[];
  /** The name to call the tool by, for the name that the provider's answer has; `undefined` for one that is not of these tools. */
  toToolName(providerName: string): string | undefined;
  /** The name that the provider has for a tool; `undefined` for one that is not of these tools. */
  toProviderName(toolName: string): string | undefined;
}

/** A tool as the Chat Completions interface of OpenAI takes it. */
export interface OpenAITool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: JSONObject };
}

/** A tool as the Messages interface of Anthropic takes it. */
export interface AnthropicTool {
  readonly name: string;
  readonly description?: string;
  readonly input_schema: JSONObject;
}

/** One of `functionDeclarations` as the interface of Gemini takes them. */
export interface GeminiFunctionDeclaration {
  readonly name: string;
  readonly description?: string;
  readonly parametersJsonSchema: JSONObject;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const GEMINI_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;

/**
 * Tools for the Chat Completions interface of OpenAI. The schema of the arguments is passed on as it is.
 *
 * @throws TypeError or RangeError for wrong arguments, and for two tools of one name.
 */
export function toolsToOpenAI(tools: readonly Tool[], options?: ToolFormatOptions): FormattedTools<OpenAITool> {
  return format(tools, options, NAME, (name, tool) => ({ type: 'function', function: { name, ...descriptionOf(tool), parameters: tool.inputSchema } }));
}

/** As {@link toolsToOpenAI}, for the Messages interface of Anthropic. */
export function toolsToAnthropic(tools: readonly Tool[], options?: ToolFormatOptions): FormattedTools<AnthropicTool> {
  return format(tools, options, NAME, (name, tool) => ({ name, ...descriptionOf(tool), input_schema: tool.inputSchema }));
}

/**
 * As {@link toolsToOpenAI}, for Gemini: what goes into `functionDeclarations`. The schema is passed on as it is, as `parametersJsonSchema`, but for its `$schema`,
 * which is left out; the older member `parameters` takes a small part of JSON Schema only and is not used. Names begin with a letter or `_`.
 */
export function toolsToGemini(tools: readonly Tool[], options?: ToolFormatOptions): FormattedTools<GeminiFunctionDeclaration> {
  return format(tools, options, GEMINI_NAME, (name, tool) => ({ name, ...descriptionOf(tool), parametersJsonSchema: withoutDialect(tool.inputSchema) }));
}

function format<T>(tools: readonly Tool[], options: ToolFormatOptions = {}, pattern: RegExp, form: (name: string, tool: Tool) => T): FormattedTools<T> {
  const given: unknown = options;
  checkKeys('options', given, ['prefix']);
  if (!Array.isArray(tools)) throw new TypeError(`tools must be an array; got ${describe(tools)}`);
  const names = new ProviderNames(given['prefix'], pattern);
  const formatted = tools.map((tool: unknown, index) => {
    if (!isObject(tool) || typeof tool['name'] !== 'string') throw new TypeError(`tools[${index}] must be a tool; got ${describe(tool)}`);
    return form(names.add(tool['name']), tool as unknown as Tool);
  });
  return { tools: formatted, toToolName: (name) => names.toToolName(name), toProviderName: (name) => names.toProviderName(name) };
}

function descriptionOf({ description }: Tool): { readonly description?: string } {
  return typeof description === 'string' ? { description } : {};
}

function withoutDialect(schema: JSONObject): JSONObject {
  if (!Object.hasOwn(schema, '$schema')) return schema;
  const { $schema: _dialect, ...rest } = schema;
  return rest;
}
