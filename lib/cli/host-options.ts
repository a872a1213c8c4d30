/** The options of the command line that say what a server may ask of this program. */

import type { Handlers, Root } from '../index.ts';
import { Asker } from './asker.ts';
import type { Command } from './command.ts';
import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import type { Notes } from './notes.ts';

/** `--root DIR` and `--root file://URI`; a path becomes the URL of a file. */
function readRoots({ options }: Invocation, io: HostIO): Root[] {
  return options.values('root').map((text) => {
    if (text === '') throw usageFailure('--root must be a folder or a file:// URI; got nothing');
    if (!/^[a-z][a-z0-9+.-]*:\/\//iu.test(text)) return { uri: io.fileURL(text) };
    if (!/^file:\/\//iu.test(text) || !URL.canParse(text)) throw usageFailure(`--root must be a folder or a file:// URI; got "${text}"`);
    return { uri: new URL(text).href };
  });
}

/** `--answer name=value`, by name. */
function readAnswers({ options }: Invocation): Map<string, string> {
  const answers = new Map<string, string>();
  for (const text of options.values('answer')) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    if (name === '') throw usageFailure('--answer must be written name=value');
    if (answers.has(name)) throw usageFailure(`--answer ${name}=… is given twice`);
    answers.set(name, text.slice(at + 1));
  }
  return answers;
}

/** The server as whoever typed the command line knows it. */
function nameOfServer({ options, serverCommand }: Invocation): string {
  const url = options.value('url');
  return url === undefined ? serverCommand.join(' ') : (URL.canParse(url) && new URL(url).host) || 'at --url';
}

/**
 * What a server may ask, and who answers. Forms are offered where a person can be asked or answers are given, pages where a person can be asked.
 *
 * @throws Failure `ERR_CLI_USAGE` for options that do not hold.
 */
export function readHandlers(invocation: Invocation, command: Command, io: HostIO, notes: Notes): { readonly handlers: Handlers; readonly asker: Asker | undefined; readonly canAsk: boolean } {
  const { options } = invocation;
  const roots = readRoots(invocation, io);
  const answers = readAnswers(invocation);
  const isInteractive = io.canAsk && !options.has('no-input') && options.value('args') !== '-';
  const asker = command.asks === true ? new Asker({ io, notes, who: nameOfServer(invocation), answers, isInteractive }) : undefined;
  const elicitation = asker?.handlers;
  const handlers = { ...(roots.length === 0 ? {} : { roots }), ...(elicitation === undefined ? {} : { elicitation }) };
  return { handlers, asker, canAsk: isInteractive };
}
