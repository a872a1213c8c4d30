/** What a server asks of the user, answered with what the command line says, or by the person at the terminal. */

import type { ElicitationHandlers, ElicitationValue, FormElicitation, FormElicitationAnswer } from '../index.ts';
import { askForm, contentOf, schemaOf } from './ask-form.ts';
import { askVisit } from './ask-visit.ts';
import { converse } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { readFieldValue } from './field-value.ts';
import type { HostIO } from './host-io.ts';
import type { Notes } from './notes.ts';
import { printableLine } from './printable.ts';

/** What an {@link Asker} is made with. */
export interface AskerOptions {
  readonly io: HostIO;
  readonly notes: Notes;
  /** The server as the command line names it. */
  readonly who: string;
  /** What `--answer` says, by the name of the field. */
  readonly answers: ReadonlyMap<string, string>;
  /** Whether a person is there to be asked. */
  readonly isInteractive: boolean;
}

/** Answers a server's forms and pages, one after the other. */
export class Asker {
  readonly isInteractive: boolean;
  readonly #options: AskerOptions;
  readonly #who: string;
  readonly #unused: Set<string>;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #askedAt = -Infinity;

  constructor(options: AskerOptions) {
    this.#options = options;
    this.isInteractive = options.isInteractive;
    this.#who = printableLine(options.who);
    this.#unused = new Set(options.answers.keys());
  }

  /** What is offered to the server: nothing that nobody would answer. */
  get handlers(): ElicitationHandlers | undefined {
    const { answers, isInteractive } = this.#options;
    if (isInteractive) {
      return {
        form: (form, { signal }) => this.inTurn(signal, (conversation) => this.#fill(form, conversation)),
        url: (page, { signal }) => this.inTurn(signal, (conversation) => askVisit(page, this.#who, conversation)),
      };
    }
    return answers.size === 0 ? undefined : { form: (form) => this.#fill(form, undefined) };
  }

  /** Whether a person is being asked. */
  get isAsking(): boolean {
    return this.#waiting > 0;
  }

  /** When the last question ended, as `HostIO.now` counts. */
  get askedAt(): number {
    return this.#askedAt;
  }

  /** The answers that no form asked for. */
  get unused(): string[] {
    return [...this.#unused];
  }

  /** Asks when what was asked before is answered: a server may ask many things at once; a person is asked one. */
  async inTurn<T>(signal: AbortSignal, ask: (conversation: Conversation) => Promise<T>): Promise<T> {
    const { io, notes } = this.#options;
    this.#waiting++;
    const turn = this.#last.then(async () => {
      const release = notes.hold();
      try {
        return await ask(converse(io, notes, AbortSignal.any([io.signal, signal])));
      } finally {
        release();
      }
    });
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
      this.#askedAt = io.now();
    }
  }

  async #fill(form: FormElicitation, conversation: Conversation | undefined): Promise<FormElicitationAnswer> {
    const given = new Map<string, ElicitationValue>();
    for (const field of form.fields) {
      const text = this.#options.answers.get(field.name);
      if (text === undefined) continue;
      this.#unused.delete(field.name);
      const answer = readFieldValue(field, text, schemaOf(form, field), 'name');
      if ('problem' in answer) return this.#giveUp(`--answer ${field.name}=…: ${answer.problem}`);
      given.set(field.name, answer.value);
    }
    const missing = form.fields.filter(({ name, required, default: preset }) => required && preset === undefined && !given.has(name));
    if (conversation !== undefined && !(given.size > 0 && form.fields.every(({ name }) => given.has(name)))) return askForm(form, this.#who, given, conversation);
    if (missing.length > 0) return this.#giveUp(`it asks for ${missing.map(({ name }) => name).join(', ')}, which no --answer gives`);
    this.#options.notes.line('form', `answered ${this.#options.who}: ${form.message}`);
    return { action: 'accept', content: contentOf(given) };
  }

  /** Nobody said no to the form: it is only not answered. */
  #giveUp(why: string): FormElicitationAnswer {
    this.#options.notes.line('form', `not answered ${this.#options.who}: ${why}`);
    return { action: 'cancel' };
  }
}
