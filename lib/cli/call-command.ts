import type { CallToolResult } from '../index.ts';
import { operand } from './command.ts';
import type { Action, Answer, Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import { firstBytes, renderToolResult } from './render-content.ts';
import { outputPath, saveBytes } from './save.ts';
import { callAsTask } from './task-commands.ts';
import { readArgumentObject, readArgumentWords, toolArguments } from './tool-arguments.ts';
import { toolFailure } from './tool-failure.ts';

async function answerTo(tool: string, result: CallToolResult, out: string | undefined, io: HostIO): Promise<Answer> {
  const failure = result.isError === true ? toolFailure(tool, result.content) : undefined;
  const saved = out === undefined || failure !== undefined ? undefined : await saveBytes(out, firstBytes(result.content), io);
  return {
    json: result,
    text: (paint) => [renderToolResult(result, paint), ...(saved?.line === undefined ? [] : [paint.good(saved.line)])].join('\n'),
    failure: failure ?? saved?.failure,
  };
}

async function prepareCall(invocation: Invocation, io: HostIO): Promise<Action> {
  const { operands, options } = invocation;
  const tool = operand(invocation, 0);
  const words = readArgumentWords(operands.slice(1));
  const given = options.value('args');
  if (given !== undefined && words.length > 0) throw usageFailure('give the arguments as name=value or with --args, not both');
  const out = outputPath(invocation);
  const object = given === undefined ? undefined : await readArgumentObject(given, io);
  return async (server, context) => {
    const { notes, request } = context;
    // Only words have to be understood by the tool's schema.
    const tools = words.length === 0 ? [] : await server.listTools(request);
    const args = object ?? toolArguments(words, tools.find(({ name }) => name === tool));
    const view = notes.showProgress(tool);
    try {
      const onProgress = view.update.bind(view);
      const call = (): Promise<CallToolResult> => server.callTool(tool, args, { ...request, resetTimeoutOnProgress: true, onProgress });
      const result = options.has('task') ? await callAsTask(server, tool, args, context, onProgress) : await call();
      view.end();
      return await answerTo(tool, result, out, io);
    } finally {
      view.end();
    }
  };
}

/** `barewire call`. */
export const CALL_COMMAND: Command = {
  name: 'call',
  operands: '<tool> [name=value …]',
  least: 1,
  most: Infinity,
  summary: 'call a tool and print what it answers',
  about: [
    'name=value    a number, true, [1,2] … where the tool has such a parameter, text otherwise',
    'name:=json    JSON, whatever the parameter is',
    'While the tool reports progress, the time of --timeout begins anew. Ctrl-C cancels the call.',
    'With --task the tool runs as a task: how it stands is said on stderr, Ctrl-C leaves it running, and --timeout does not bound it.',
  ],
  options: ['args', 'out', 'task'],
  examples: ['call add a=1 b=2', `call search --args '{"query": "wire", "tags": ["a", "b"]}'`, 'call draw size=large --out picture.png'],
  prepare: prepareCall,
};
