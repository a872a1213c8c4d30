import { URLElicitationRequiredError } from '../index.ts';
import type { CallToolResult, MCPServerProtocol, OnProgress } from '../index.ts';
import { operand } from './command.ts';
import type { Action, ActionContext, Answer, Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import { firstBytes, renderToolResult } from './render-content.ts';
import { outputPath, saveBytes } from './save.ts';
import { patiently } from './patience.ts';
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

// As long as a timer of the platform can be (32 bits, signed): a person visits a page, and Ctrl-C gives up.
const LONGEST_VISIT_MS = 2_147_483_647;

/** Where the server wants pages visited first, and a person has visited them, calls once more: the first call did nothing. */
async function callAfterVisits(server: MCPServerProtocol, { asker, notes, request }: ActionContext, call: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await call();
  } catch (error) {
    if (asker?.isInteractive !== true || !(error instanceof URLElicitationRequiredError)) throw error;
    notes.line('visit', 'the tool is called again when the server says that the visit is completed; Ctrl-C gives up');
    if ((await server.elicitURLs(error, { ...request, timeoutMs: LONGEST_VISIT_MS })) !== 'completed') throw error;
    return call();
  }
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
      const call = (): Promise<CallToolResult> =>
        patiently(context, (settings, renew) => {
          const hear: OnProgress = (report) => (renew(), onProgress(report));
          return server.callTool(tool, args, { ...settings, resetTimeoutOnProgress: true, onProgress: hear });
        });
      const result = options.has('task') ? await callAsTask(server, tool, args, context, onProgress) : await callAfterVisits(server, context, call);
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
    'What the server asks meanwhile, you are asked at the terminal; --answer answers a form, --no-input lets nothing be asked.',
    'With --task the tool runs as a task: how it stands is said on stderr, Ctrl-C leaves it running, and --timeout does not bound it.',
  ],
  options: ['args', 'out', 'task', 'answer', 'no-input'],
  asks: true,
  examples: ['call add a=1 b=2', `call search --args '{"query": "wire", "tags": ["a", "b"]}'`, 'call draw size=large --out picture.png'],
  prepare: prepareCall,
};
