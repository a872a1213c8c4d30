/** What a server offers, as lists for people: tools, resources, resource templates, prompts, completions. */

import type { Completion, Prompt, Resource, ResourceTemplate, Tool } from '../index.ts';
import { cellWidth } from './cell-width.ts';
import type { Paint } from './paint.ts';
import { readParameters } from './parameters.ts';
import { firstLine, printableLine, readableSize } from './printable.ts';

/** One thing that is offered. */
interface Entry {
  readonly name: string;
  readonly title: string | undefined;
  readonly facts?: string;
  readonly description: string | undefined;
  readonly parameters?: readonly ParameterRow[];
}

interface ParameterRow {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string | undefined;
}

function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellWidth(text)));
}

// A name that is longer does not push the others apart.
const WIDEST_COLUMN = 32;

function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, Math.min(WIDEST_COLUMN, cellWidth(text))), 0);
}

function renderParameters(rows: readonly ParameterRow[], paint: Paint): string[] {
  const names = rows.map(({ name }) => printableLine(name));
  const types = rows.map(({ type }) => printableLine(type));
  const [nameCells, typeCells] = [widest(names), widest(types)];
  return rows.map((row, index) => {
    const need = row.required ? 'required' : 'optional';
    const description = firstLine(row.description);
    const line = `    ${padded(names[index] ?? '', nameCells)}  ${padded(types[index] ?? '', typeCells)}  ${need}`;
    return description === undefined ? line : `${line}  ${paint.faint(description)}`;
  });
}

function renderEntry(entry: Entry, paint: Paint): string {
  const title = entry.title === undefined || entry.title === entry.name ? '' : `  ${paint.heading(printableLine(entry.title))}`;
  const facts = entry.facts === undefined || entry.facts === '' ? '' : `  ${paint.faint(entry.facts)}`;
  const description = firstLine(entry.description);
  const lines = [paint.name(printableLine(entry.name)) + title + facts];
  if (description !== undefined) lines.push(`  ${description}`);
  lines.push(...renderParameters(entry.parameters ?? [], paint));
  return lines.join('\n');
}

function renderEntries(kind: string, entries: readonly Entry[], paint: Paint): string {
  if (entries.length === 0) return paint.faint(`[no ${kind}]`);
  return entries.map((entry) => renderEntry(entry, paint)).join('\n');
}

/** Tools: name, title, first line of the description, and each parameter with its type. */
export function renderTools(tools: readonly Tool[], paint: Paint): string {
  const entries = tools.map((tool): Entry => {
    const parameters = readParameters(tool.inputSchema).map(({ typeText, ...parameter }) => ({ ...parameter, type: typeText }));
    return { name: tool.name, title: tool.title ?? tool.annotations?.title, description: tool.description, parameters };
  });
  return renderEntries('tools', entries, paint);
}

function facts(parts: ReadonlyArray<string | undefined>): string {
  return parts.flatMap((part) => (part === undefined ? [] : [printableLine(part)])).join(', ');
}

/** Resources: uri, name or title, kind and size, first line of the description. */
export function renderResources(resources: readonly Resource[], paint: Paint): string {
  const entries = resources.map((resource): Entry => {
    const size = resource.size === undefined ? undefined : readableSize(resource.size);
    const { uri, title, name, mimeType, description } = resource;
    return { name: uri, title: title ?? name, facts: facts([mimeType, size]), description };
  });
  return renderEntries('resources', entries, paint);
}

/** Resource templates: the template of their uris, name or title, kind, first line of the description. */
export function renderResourceTemplates(templates: readonly ResourceTemplate[], paint: Paint): string {
  const entries = templates.map(({ uriTemplate, title, name, mimeType, description }): Entry => {
    return { name: uriTemplate, title: title ?? name, facts: facts([mimeType]), description };
  });
  return renderEntries('resource templates', entries, paint);
}

/** Prompts: name, title, first line of the description, and each argument. */
export function renderPrompts(prompts: readonly Prompt[], paint: Paint): string {
  const entries = prompts.map((prompt): Entry => {
    const parameters = (prompt.arguments ?? []).map((argument) => {
      return { name: argument.name, type: 'text', required: argument.required === true, description: argument.description ?? argument.title };
    });
    return { name: prompt.name, title: prompt.title, description: prompt.description, parameters };
  });
  return renderEntries('prompts', entries, paint);
}

/** Completions: one a line, and how many more there are. */
export function renderCompletion(completion: Completion, paint: Paint): string {
  const { values, total, hasMore } = completion;
  const lines = values.map(printableLine);
  const missing = total === undefined ? 0 : total - values.length;
  if (missing > 0) lines.push(paint.faint(`[${missing} more]`));
  else if (hasMore === true) lines.push(paint.faint('[more]'));
  return lines.length === 0 ? paint.faint('[no completions]') : lines.join('\n');
}
