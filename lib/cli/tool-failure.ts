import type { ContentBlock } from '../index.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { firstLine } from './printable.ts';

// A failure is one line, and the whole text stands in the answer.
const MOST_CHARACTERS = 300;

/** What is reported when a tool, or the task that runs it, came to an error of its own. */
export function toolFailure(tool: string, content: readonly ContentBlock[]): Failure {
  const said = content.map((block) => (block.type === 'text' ? firstLine(block.text) : undefined)).find((line) => line !== undefined);
  const words = said === undefined ? '' : `: ${said.slice(0, MOST_CHARACTERS)}`;
  return new Failure('ERR_CLI_TOOL_ERROR', `the tool "${tool}" reported an error${words}`, {
    exitCode: EXIT_CODES.toolError,
    details: { tool },
  });
}
