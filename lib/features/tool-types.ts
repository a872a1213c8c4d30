/** The tools of a server as types of TypeScript. Pure: only definitions are read. */

import { isObject, own } from '../base/json.ts';
import { describe } from '../base/options.ts';
import { quote } from '../base/text.ts';
import type { Tool } from '../protocol/types/tools.ts';
import { TypeNames, schemaTypes } from './schema-types.ts';
import { docComment, textLiteral, typeName } from './type-text.ts';

const HEAD = '/** The tools of an MCP server: what each of them takes, and what it answers as structured content. Written by barewire. */';
const MAP = 'Tools';

/**
 * The text of a module of TypeScript (a `.d.ts`) with types for `tools`: for each tool its arguments, as `…Args`, where it has an `outputSchema` its structured
 * content, as `…Result`, and the interface `Tools`, which leads from the name of each tool to `{ args, result }`; `result` is `unknown` where the tool does
 * not say.
 *
 * What a schema takes, its type takes: `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `prefixItems`, `anyOf`, `oneOf`,
 * `allOf`, `nullable` and `$ref` within the schema are in the type, all else leaves it wider, and what is not known is `unknown`. So is what lies deeper than 32
 * levels, or after 2,000 types of one schema; of an `enum` of more than 1,000 values only the kind is said. Names are made of ASCII letters and digits, and no two are the same;
 * texts of the server are in literals and comments only, escaped.
 *
 * @throws TypeError for what are no tools; RangeError for two tools of one name.
 */
export function toolTypes(tools: readonly Tool[]): string {
  if (!Array.isArray(tools)) throw new TypeError(`tools must be an array; got ${describe(tools)}`);
  const names = new TypeNames([MAP]);
  const seen = new Set<string>();
  const written = tools.map((tool: unknown, index) => {
    if (!isObject(tool) || typeof tool['name'] !== 'string') throw new TypeError(`tools[${index}] must be a tool; got ${describe(tool)}`);
    const name = tool['name'];
    if (seen.has(name)) throw new RangeError(`two tools have the name ${quote(name)}`);
    seen.add(name);
    return typesOf(tool as unknown as Tool, names);
  });
  const rows = written.flatMap(({ row }) => row);
  return [HEAD, ...written.flatMap(({ declarations }) => declarations), `export interface ${MAP} {\n${rows.join('')}}`].join('\n\n') + '\n';
}

function typesOf(tool: Tool, names: TypeNames): { readonly declarations: string[]; readonly row: string } {
  const { name, description, inputSchema, outputSchema } = tool;
  const base = names.take(typeName(name) || 'Tool', ['Args', 'Result']);
  const declarations = schemaTypes(inputSchema, `${base}Args`, description, names);
  const results = isObject(outputSchema) ? schemaTypes(outputSchema, `${base}Result`, typesText(own(outputSchema, 'description')), names) : [];
  const result = results.length === 0 ? 'unknown' : `${base}Result`;
  return { declarations: [...declarations, ...results], row: `${docComment(description, '  ')}  ${textLiteral(name)}: { args: ${base}Args; result: ${result} };\n` };
}

function typesText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
