/** The commands, as a table. */

import { parseURITemplate } from '../index.ts';
import type { CompletionReference, MCPServerProtocol } from '../index.ts';
import { CALL_COMMAND } from './call-command.ts';
import { operand } from './command.ts';
import type { Action, ActionContext, Answer, Command } from './command.ts';
import { OPTIONS } from './command-line.ts';
import type { Invocation } from './command-line.ts';
import { EMIT_TYPES_COMMAND } from './emit-types-command.ts';
import { usageFailure } from './failure.ts';
import { patiently } from './patience.ts';
import { printableLine } from './printable.ts';
import { renderPrompt, renderResource, resourceBytes } from './render-content.ts';
import { renderInfo } from './render-info.ts';
import { renderCompletion, renderPrompts, renderResources, renderResourceTemplates, renderTools } from './render-lists.ts';
import { outputPath, saveBytes } from './save.ts';
import { SESSION_COMMAND } from './session-command.ts';
import { TASKS_COMMAND, TASK_COMMAND } from './task-commands.ts';
import { readArgumentWords, textArguments } from './tool-arguments.ts';
import { WATCH_COMMAND } from './watch-command.ts';

/** A command without operands. */
function plainCommand(name: string, summary: string, action: Action): Command {
  return { name, operands: '', least: 0, most: 0, summary, options: [], examples: [name], prepare: async () => action };
}

const tools: Action = async (server, { request }) => {
  const list = await server.listTools(request);
  return { json: { tools: list }, text: (paint) => renderTools(list, paint) };
};

const resources: Action = async (server, { request }) => {
  const list = await server.listResources(request);
  return { json: { resources: list }, text: (paint) => renderResources(list, paint) };
};

const templates: Action = async (server, { request }) => {
  const list = await server.listResourceTemplates(request);
  return { json: { resourceTemplates: list }, text: (paint) => renderResourceTemplates(list, paint) };
};

const prompts: Action = async (server, { request }) => {
  const list = await server.listPrompts(request);
  return { json: { prompts: list }, text: (paint) => renderPrompts(list, paint) };
};

async function ping(server: MCPServerProtocol, { io, request }: ActionContext): Promise<Answer> {
  const startedAt = io.now();
  await server.ping(request);
  const milliseconds = Math.round((io.now() - startedAt) * 10) / 10;
  const name = server.serverInfo?.name ?? server.name;
  return { json: { ok: true, milliseconds }, text: (paint) => `${paint.good('answered')}: ${printableLine(name)}, in ${milliseconds} ms` };
}

const info: Action = async (server) => {
  const { serverInfo, protocolVersion, era, instructions } = server;
  const facts = { serverInfo, protocolVersion, era, capabilities: server.serverCapabilities ?? {}, instructions };
  return { json: facts, text: (paint) => renderInfo(facts, paint) };
};

/** The URI that is read: the operand itself, or, where values follow it, what it is as a template (RFC 6570). */
function readURI(invocation: Invocation): string {
  const text = operand(invocation, 0);
  const words = readArgumentWords(invocation.operands.slice(1));
  if (words.length === 0) return text;
  const template = parseURITemplate(text);
  const stranger = words.find(({ name }) => !template.variableNames.includes(name));
  if (stranger !== undefined) throw usageFailure(`the template has no variable "${stranger.name}"; it has ${template.variableNames.join(', ') || 'none'}`);
  return template.expand(textArguments(words));
}

async function prepareRead(invocation: Invocation): Promise<Action> {
  const uri = readURI(invocation);
  const out = outputPath(invocation);
  return async (server, context) => {
    const { io } = context;
    const contents = await patiently(context, (request) => server.listResourceContents(uri, request));
    const [first] = contents;
    const saved = out === undefined ? undefined : await saveBytes(out, first === undefined ? undefined : resourceBytes(first), io);
    const { line, failure } = saved ?? {};
    return { json: { contents }, text: (paint) => (line === undefined ? renderResource(contents, paint) : paint.good(line)), failure };
  };
}

async function preparePrompt(invocation: Invocation): Promise<Action> {
  const name = operand(invocation, 0);
  const args = textArguments(readArgumentWords(invocation.operands.slice(1)));
  return async (server, context) => {
    const prompt = await patiently(context, (request) => server.getPrompt(name, args, request));
    return { json: prompt, text: (paint) => renderPrompt(prompt, paint) };
  };
}

function readReference(invocation: Invocation): CompletionReference {
  const kind = operand(invocation, 0);
  if (kind === 'prompt') return { type: 'ref/prompt', name: operand(invocation, 1) };
  if (kind === 'resource') return { type: 'ref/resource', uri: operand(invocation, 1) };
  throw usageFailure(`complete what? "prompt" or "resource"; got "${kind}"`, 'see barewire complete --help');
}

async function prepareComplete(invocation: Invocation): Promise<Action> {
  const reference = readReference(invocation);
  const [typed, ...known] = readArgumentWords(invocation.operands.slice(2));
  if (typed === undefined) throw usageFailure('which argument? write name=text', 'see barewire complete --help');
  const argument = { name: typed.name, value: typed.text };
  const context = known.length === 0 ? {} : { context: { arguments: textArguments(known) } };
  return async (server, { request }) => {
    const completion = await server.complete(reference, argument, { ...request, ...context });
    return { json: { completion }, text: (paint) => renderCompletion(completion, paint) };
  };
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  plainCommand('info', 'print who the server is, what it can do, and its instructions', info),
  plainCommand('ping', 'ask the server whether it is there', ping),
  plainCommand('tools', 'list the tools with their parameters', tools),
  EMIT_TYPES_COMMAND,
  CALL_COMMAND,
  TASKS_COMMAND,
  TASK_COMMAND,
  plainCommand('resources', 'list the resources', resources),
  plainCommand('templates', 'list the resource templates', templates),
  {
    name: 'read',
    operands: '<uri or template> [variable=text …]',
    least: 1,
    most: Infinity,
    summary: 'print a resource',
    about: ['With values of variables, the first operand is a template (RFC 6570): see the command templates.'],
    options: ['out', 'answer', 'no-input'],
    asks: true,
    examples: ['read demo://readme', 'read demo://items/{id} id=3', 'read file:///data/logo.png --out logo.png'],
    prepare: prepareRead,
  },
  plainCommand('prompts', 'list the prompts with their arguments', prompts),
  {
    name: 'prompt',
    operands: '<name> [argument=text …]',
    least: 1,
    most: Infinity,
    summary: 'print the messages of a prompt',
    options: ['answer', 'no-input'],
    asks: true,
    examples: ['prompt review language=TypeScript'],
    prepare: preparePrompt,
  },
  {
    name: 'complete',
    operands: 'prompt|resource <name or template> <argument>=<text> [known=text …]',
    least: 3,
    most: Infinity,
    summary: 'print what an argument could be that begins with the text',
    about: ['Arguments after the first are those that are known already.'],
    options: [],
    examples: ['complete prompt review language=Ty', 'complete resource file:///{path} path=do'],
    prepare: prepareComplete,
  },
  WATCH_COMMAND,
  SESSION_COMMAND,
];

/**
 * The command of an invocation, its options and the number of its operands checked.
 *
 * @throws Failure `ERR_CLI_USAGE`.
 */
export function findCommand({ command: name, operands, options }: Invocation): Command {
  if (name === undefined) throw usageFailure(`no command; there are ${COMMANDS.map((command) => command.name).join(', ')}`);
  const command = COMMANDS.find((known) => known.name === name);
  if (command === undefined) throw usageFailure(`there is no command "${name}"; there are ${COMMANDS.map((known) => known.name).join(', ')}`);
  const hint = `see barewire ${command.name} --help`;
  for (const option of options.names) {
    if (!OPTIONS[option].common && !command.options.includes(option)) throw usageFailure(`${command.name} takes no --${option}`, hint);
  }
  if (options.has('help')) return command;
  if (operands.length < command.least) throw usageFailure(`${command.name} needs ${command.operands}`, hint);
  if (operands.length > command.most) {
    const taken = command.most === 0 ? 'no operand' : `${command.operands} only`;
    throw usageFailure(`${command.name} takes ${taken}; got "${operands[command.most]}"`, hint);
  }
  return command;
}
