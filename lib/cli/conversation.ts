/** Questions to the person at the terminal. */

import type { HostIO } from './host-io.ts';
import type { Notes } from './notes.ts';

/** One exchange of questions and answers; what is shown is escaped by whoever shows it. */
export interface Conversation {
  /** Shows lines. */
  say(...lines: readonly string[]): void;
  /** Shows `prompt` and gives what was typed, without the end of the line; `undefined`: there is no more input, or nobody waits any more. */
  ask(prompt: string): Promise<string | undefined>;
}

/** A {@link Conversation} on stdin and stderr, which ends when `signal` fires. What else is said meanwhile is put above the open question. */
export function converse(io: HostIO, notes: Notes, signal: AbortSignal): Conversation {
  return {
    say: (...lines) => notes.show(...lines),
    ask: async (prompt) => {
      notes.openQuestion(prompt);
      try {
        const line = await io.readLine(signal);
        // Nobody pressed Enter, so the question still stands on the line.
        if (line === undefined) notes.show('');
        return line;
      } finally {
        notes.closeQuestion();
      }
    },
  };
}

/** Asks until one of the words is given, or its first letter; `undefined` as for {@link Conversation.ask}. */
export async function askForOne<Word extends string>(conversation: Conversation, prompt: string, words: readonly Word[]): Promise<Word | undefined> {
  for (;;) {
    const text = (await conversation.ask(prompt))?.trim().toLowerCase();
    if (text === undefined) return undefined;
    const word = words.find((known) => known === text || known.charAt(0) === text);
    if (word !== undefined) return word;
  }
}
