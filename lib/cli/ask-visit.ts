/** A page that a server wants visited: shown, never opened. */

import type { URLElicitation, URLElicitationAnswer } from '../index.ts';
import type { Conversation } from './conversation.ts';
import { indent, printableBlock } from './printable.ts';

/**
 * Shows the address whole, and asks for consent, which is the word yes and nothing shorter.
 *
 * @param who The server as the command line names it, escaped.
 */
export async function askVisit({ message, href, hostname, isPunycode }: URLElicitation, who: string, conversation: Conversation): Promise<URLElicitationAnswer> {
  conversation.say(
    '',
    `The server ${who} wants you to visit a page of ${hostname}:`,
    indent(printableBlock(message)),
    `  ${href}`,
    ...(isPunycode ? ['  Careful: this name is written in letters that may be made to look like another name.'] : []),
    '  Nothing is opened here. Whoever signs in there signs in for whoever asked.',
  );
  for (;;) {
    const text = (await conversation.ask('Will you visit it? Type yes, no or cancel: '))?.trim().toLowerCase();
    if (text === undefined || text === 'cancel') return { action: 'cancel' };
    if (text === 'no') return { action: 'decline' };
    if (text !== 'yes') continue;
    conversation.say(`Open it yourself: ${href}`);
    return { action: 'accept' };
  }
}
