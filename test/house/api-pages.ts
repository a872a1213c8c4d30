/**
 * The pages of docs/api/: every name that lib/index.ts exports, with its declaration and what its comment says.
 *
 *   node --import tsx test/house/api-pages.ts --write
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { PROJECT_ROOT, readProjectFile } from '../helpers/tree.ts';
import { maskSource } from './source-text.ts';

/** The command that writes the pages. */
export const WRITE_COMMAND = 'node --import tsx test/house/api-pages.ts --write';

/** One page: its name, its title, and the sources whose exports stand on it. A source belongs to the first page that takes it. */
interface Topic {
  readonly name: string;
  readonly title: string;
  readonly sources: RegExp;
}

const TOPICS: readonly Topic[] = [
  { name: 'servers', title: 'Servers', sources: /servers\/(?:mcp-server-protocol|stdio-mcp-server|streamable-http-mcp-server|client-info|server-verdict)/ },
  { name: 'options', title: 'Options of servers', sources: /servers\/\w+-options|base\/(?:limits|log|clock)/ },
  { name: 'requests', title: 'Requests and the connection', sources: /^lib\/(?:connection|jsonrpc)\/|features\/(?:tools|completion)\.ts/ },
  { name: 'events', title: 'Events and subscriptions', sources: /features\/(?:server-events|change-source|subscription)|base\/listeners|log-bridge/ },
  { name: 'handlers', title: 'What a server asks of the host', sources: /features\/(?:handlers|roots|sampling|elicit|url-elicitation|input-|stored-question)|types\/(?:elicitation|sampling|roots|input-required)/ },
  { name: 'tasks', title: 'Tasks', sources: /features\/(?:stored-task|task-handle)|types\/tasks/ },
  { name: 'middleware', title: 'Middleware and observability', sources: /features\/(?:middleware|trace-context)|servers\/diagnostics/ },
  { name: 'sessions', title: 'Sessions', sources: /^lib\/session\/|base\/(?:secret|versioned-secrets)/ },
  { name: 'redis', title: 'Redis', sources: /^lib\/(?:redis|resp)\// },
  { name: 'oauth', title: 'Authorization', sources: /^lib\/oauth\/|http\/authorizer|base\/secret/ },
  { name: 'transport', title: 'Transport over HTTP', sources: /^lib\/(?:transport|http)\// },
  { name: 'schema', title: 'JSON Schema', sources: /^lib\/schema\// },
  { name: 'errors', title: 'Errors', sources: /base\/errors/ },
  { name: 'helpers', title: 'Helpers', sources: /^lib\/(?:features|uri)\/|checks\/content-guards|base\/text/ },
  { name: 'types', title: 'Types of the protocol', sources: /^lib\/protocol\/|base\/json/ },
];

/** One exported name. */
interface Export {
  readonly name: string;
  readonly source: string;
}

const LISTS = /export\s+(?:type\s+)?\{([^}]*)\}\s*from\s*'([^']+)'/g;

function listedExports(path: string): Export[] {
  const text = maskSource(readProjectFile(path)).withStrings;
  return [...text.matchAll(LISTS)].flatMap(([, names = '', specifier = '']) => {
    const source = posix.join(posix.dirname(path), specifier);
    return names.split(',').map((name) => ({ name: name.replace(/^\s*type\s/, '').trim(), source })).filter(({ name }) => name !== '');
  });
}

/** Where what stands at `from` ends: behind the `;` or the block that ends it. */
function endOf(code: string, from: number): { readonly end: number; readonly block: number } {
  let depth = 0;
  let block = -1;
  for (let index = from; index < code.length; index++) {
    const character = code[index] ?? '';
    if ('([{'.includes(character)) {
      if (depth === 0 && character === '{') block = index;
      depth++;
    } else if (')]}'.includes(character)) {
      depth--;
      // A block that a line ends with is a body; a type goes on, at least with `;`.
      if (depth === 0 && character === '}' && /^\s*(?:\n|$)/.test(code.slice(index + 1))) return { end: index + 1, block };
    } else if (character === ';' && depth === 0) return { end: index + 1, block: -1 };
  }
  return { end: code.length, block };
}

/** The comment of documentation that ends right before `at`, as it stands; empty where there is none. */
function commentBefore(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd();
  const start = before.lastIndexOf('/**');
  return before.endsWith('*/') && start !== -1 && before.indexOf('*/', start) === before.length - 2 ? before.slice(start) : '';
}

/** A member of a class as a declaration has it, or undefined for one that is not for hosts. */
function memberSignature(text: string, code: string, start: number, { end, block }: ReturnType<typeof endOf>): string | undefined {
  if (/^(?:(?:readonly|static|async|override|get|set)\s+)*#|^(?:private|protected)\b|^static\s*\{/.test(code.slice(start, end))) return undefined;
  const equals = block === -1 && /^[\w ]+\??:/.test(code.slice(start, end)) ? assignmentAt(code.slice(start, end)) : -1;
  const cut = block !== -1 ? block : equals !== -1 ? start + equals : end - 1;
  const comment = commentBefore(text, start);
  return `${comment === '' ? '' : `  ${comment}\n`}  ${text.slice(start, cut).trim().replace(/\basync (?=\w)/, '')};`;
}

/** Where ` = ` begins outside of brackets, or -1. */
function assignmentAt(code: string): number {
  let depth = 0;
  for (let index = 0; index < code.length; index++) {
    const character = code[index] ?? '';
    if ('([{<'.includes(character)) depth++;
    else if (')]}'.includes(character) || (character === '>' && code[index - 1] !== '=')) depth--;
    else if (depth === 0 && code.startsWith(' = ', index)) return index;
  }
  return -1;
}

function classSignature(text: string, code: string, start: number, block: number, end: number): string {
  const members: string[] = [];
  let at = block + 1;
  for (;;) {
    at += /^\s*/.exec(code.slice(at))?.[0].length ?? 0;
    if (at >= end - 1) break;
    const member = endOf(code, at);
    const signature = memberSignature(text, code, at, member);
    if (signature !== undefined) members.push(signature);
    at = member.end;
  }
  return `${text.slice(start, block).trim()} {\n${members.join('\n')}\n}`;
}

/** A declaration: what is said of it, and its text up to its body. */
interface Declaration {
  readonly comment: string;
  readonly signature: string;
}

/** Every declaration of `name` in `source`: a value and a type may share one, a function may have several. */
function declarationsOf({ name, source }: Export): Declaration[] {
  const text = readProjectFile(source);
  const { code } = maskSource(text);
  const found = [...code.matchAll(new RegExp(`^export (?:declare )?(?:abstract )?(?:async )?(class|interface|type|function|const) ${name}\\b`, 'gm'))];
  return found.map((match) => {
    const [start, kind] = [match.index, match[1]];
    const { end, block } = endOf(code, start);
    const whole = text.slice(start, end).trim();
    const equals = assignmentAt(code.slice(start, end));
    const isTyped = kind === 'const' && /^export const \w+:/.test(whole) && equals !== -1;
    const signature = kind === 'class' ? classSignature(text, code, start, block, end) : kind === 'function' && block !== -1 ? `${text.slice(start, block).trim()};` : isTyped ? `${whole.slice(0, equals)};` : whole;
    return { comment: commentBefore(text, start), signature: signature.replace(/^export /, '') };
  });
}

/** What a comment says, as text: marks away, tags as words. */
export function wordsOf(comment: string): string {
  const lines = comment.replace(/^\/\*\*|\*\/$/g, '').split('\n').map((line) => line.replace(/^\s*\* ?/, '').trim());
  const text = lines.join('\n').trim().replace(/\{@link (\w+)\}/g, '`$1`').replace(/^@throws /gm, '\nThrows ').replace(/\s@throws /g, ' Throws ');
  // What looks like a tag is text, but in code.
  return text.split(/(`[^`]*`)/).map((part, index) => (index % 2 === 1 ? part : part.replace(/[<[]/g, '\\$&'))).join('').replace(/\n{3,}/g, '\n\n');
}

/** The declarations of a name, looked for in what its source itself takes from elsewhere where they are not in it. */
function resolved(wanted: Export): Declaration[] {
  const declarations = declarationsOf(wanted);
  if (declarations.length > 0) return declarations;
  const next = listedExports(wanted.source).find(({ name }) => name === wanted.name);
  if (next === undefined) throw new Error(`${wanted.source} has no declaration of ${wanted.name}`);
  return resolved(next);
}

function section(wanted: Export): string {
  const declarations = resolved(wanted);
  const words = [...new Set(declarations.map(({ comment }) => wordsOf(comment)))].filter((text) => text !== '');
  return [`## ${wanted.name}`, ...words, `\`\`\`typescript\n${declarations.map(({ signature }) => signature).join('\n\n')}\n\`\`\``].join('\n\n');
}

/** Every page, by its path, as it has to be. */
export function apiPages(): ReadonlyMap<string, string> {
  const exported = listedExports('lib/index.ts');
  const topicOf = ({ name, source }: Export): Topic => {
    const topic = TOPICS.find(({ sources }) => sources.test(source));
    if (topic === undefined) throw new Error(`${name} of ${source} belongs to no page: see TOPICS in test/house/api-pages.ts`);
    return topic;
  };
  const pages = TOPICS.map((topic) => {
    const own = exported.filter((wanted) => topicOf(wanted) === topic).sort((one, other) => (one.name < other.name ? -1 : 1));
    const note = `<!-- Written by \`${WRITE_COMMAND}\` from the sources; do not change it by hand. -->`;
    return { topic, names: own.map(({ name }) => name), text: `${[`# ${topic.title}`, note, ...own.map(section)].join('\n\n')}\n` };
  });
  const links = pages.map(({ topic, names }) => `- [${topic.title}](${topic.name}.md): ${names.map((name) => `[\`${name}\`](${topic.name}.md#${name.toLowerCase()})`).join(', ')}`);
  const index = `# API\n\n<!-- Written by \`${WRITE_COMMAND}\`. -->\n\nEvery name that \`barewire\` exports, with its declaration and its contract, as they stand in the sources.\n\n${links.join('\n')}\n`;
  return new Map([['docs/api/README.md', index], ...pages.map(({ topic, text }) => [`docs/api/${topic.name}.md`, text] as const)]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href && process.argv.includes('--write')) {
  mkdirSync(join(PROJECT_ROOT, 'docs/api'), { recursive: true });
  for (const [path, text] of apiPages()) writeFileSync(join(PROJECT_ROOT, path), text);
}
