import type { CallToolResult, ContentBlock } from '../index.ts';
import { operand } from './command.ts';
import type { Action, Answer, Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { Failure, usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import { firstLine } from './printable.ts';
import { firstBytes, renderToolResult } from './render-content.ts';
import { outputPath, saveBytes } from './save.ts';
import { readArgumentObject, readArgumentWords, toolArguments } from './tool-arguments.ts';

// A failure is one line, and the whole text stands in the answer.
const MOST_CHARACTERS = 300;

function toolFailure(tool: string, content: readonly ContentBlock[]): Failure {
  const said = content.map((block) => (block.type === 'text' ? firstLine(block.text) : undefined)).find((line) => line !== undefined);
  const words = said === undefined ? '' : `: ${said.slice(0, MOST_CHARACTERS)}`;
  return new Failure('ERR_CLI_TOOL_ERROR', `the tool "${tool}" reported an error${words}`, {
    exitCode: EXIT_CODES.toolError,
    details: { tool },
  });
}

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
  return async (server, { notes, request }) => {
    // Only words have to be understood by the tool's schema.
    const tools = words.length === 0 ? [] : await server.listTools(request);
    const args = object ?? toolArguments(words, tools.find(({ name }) => name === tool));
    const view = notes.showProgress(tool);
    try {
      const onProgress = view.update.bind(view);
      const result = await server.callTool(tool, args, { ...request, resetTimeoutOnProgress: true, onProgress });
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
  ],
  options: ['args', 'out'],
  examples: ['call add a=1 b=2', `call search --args '{"query": "wire", "tags": ["a", "b"]}'`, 'call draw size=large --out picture.png'],
  prepare: prepareCall,
};
