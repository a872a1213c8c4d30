/** What is kept of each tool of a list. */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { CallToolResult, Tool } from '../protocol/types/tools.ts';
import type { ParamMirror, ParamMirrors } from './param-mirrors.ts';
import { PLAIN_RESULT, ResultCheck } from './result-check.ts';
import type { ToolFaults } from './tool-faults.ts';
import { ToolSchema, schemaText } from './tool-schema.ts';

/** One tool, as far as calls of it need to know. */
export interface KnownTool {
  readonly required: readonly string[];
  /** The server says that calling it again does no more than calling it once. */
  readonly isRepeatable: boolean;
  readonly taskSupport: TaskSupport;
  /** The schema of its arguments, where they are checked in full. */
  readonly input: ToolSchema | undefined;
  /** Says its arguments in headers, where some are. */
  readonly mirror: ParamMirror | undefined;
  /** Reads its results. */
  readonly reader: ReplyReader<CallToolResult>;
}

/** Whether a tool runs as a task: never, if the caller wants it, or only so. Source: 2025-11-25, basic, utilities, "Tasks", "Tool-Level Negotiation". */
export type TaskSupport = 'forbidden' | 'optional' | 'required';

/** Tools by name. */
export type KnownTools = ReadonlyMap<string, KnownTool>;

/** What of a tool is checked, and with what. */
export interface ToolChecks {
  /** Whether arguments are checked against the whole schema, and not for required members only. */
  readonly checksSchema: boolean;
  /** Whether structured results are checked. */
  readonly checksResults: boolean;
  readonly limits: Limits;
  readonly faults: ToolFaults;
  /** Finds what is said in headers. */
  readonly mirrors: ParamMirrors;
}

/**
 * What is known of `tools`. Those of which the same is known share it: most of the fifty tools of a server require one argument, or none. Schemas that
 * were `before` are taken over, compiled as they are.
 */
export function knownOf(tools: readonly Tool[], checks: ToolChecks, before: KnownTools | undefined): KnownTools {
  const shared = new Map<string, KnownTool>();
  const known = new Map<string, KnownTool>();
  for (const tool of tools) {
    const earlier = before?.get(tool.name);
    const facts: KnownTool = {
      required: requiredNames(tool.inputSchema),
      isRepeatable: isRepeatable(tool),
      taskSupport: taskSupport(tool),
      input: checks.checksSchema ? sameOrNew(earlier?.input, schemaText(tool.inputSchema), checks.limits) : undefined,
      mirror: checks.mirrors.of(tool),
      reader: resultReader(tool, checks, earlier?.reader),
    };
    known.set(tool.name, facts.input === undefined && facts.mirror === undefined && facts.reader === PLAIN_RESULT ? shareable(facts, shared) : facts);
  }
  return known;
}

function shareable(facts: KnownTool, shared: Map<string, KnownTool>): KnownTool {
  const key = JSON.stringify([facts.required, facts.isRepeatable, facts.taskSupport]);
  const same = shared.get(key);
  if (same === undefined) shared.set(key, facts);
  return same ?? facts;
}

function resultReader({ name, outputSchema }: Tool, { checksResults, limits, faults }: ToolChecks, before: ReplyReader<CallToolResult> | undefined): ReplyReader<CallToolResult> {
  // Null counts as absent, as in the check of the list.
  if (!checksResults || (outputSchema ?? undefined) === undefined) return PLAIN_RESULT;
  const text = schemaText(outputSchema as JSONObject);
  if (before instanceof ResultCheck && before.schema.text === text) return before;
  return new ResultCheck(name, new ToolSchema(text, limits), faults);
}

function sameOrNew(before: ToolSchema | undefined, text: string, limits: Limits): ToolSchema {
  return before?.text === text ? before : new ToolSchema(text, limits);
}

function isRepeatable({ annotations }: Tool): boolean {
  return annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
}

function taskSupport({ execution }: Tool): TaskSupport {
  const support = isObject(execution) ? own(execution, 'taskSupport') : undefined;
  return support === 'optional' || support === 'required' ? support : 'forbidden';
}

function requiredNames(schema: JSONObject): readonly string[] {
  const required = own(schema, 'required');
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
}

/** The required arguments that are not there. */
export function missing(required: readonly string[], args: JSONObject): readonly string[] {
  return required.filter((argument) => own(args, argument) === undefined);
}

/** Whether a call is known to be one that the tool takes. False too when that has to be looked into. */
export function accepts(tool: KnownTool, args: JSONObject): boolean {
  // How a tool that runs as a task only is called is for who looks closer.
  if (tool.taskSupport === 'required') return false;
  for (const argument of tool.required) if (own(args, argument) === undefined) return false;
  return tool.input === undefined || tool.input.accepts(args);
}
