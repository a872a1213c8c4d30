/** What a task asks while it runs, each thing answered once. Source: the extension io.modelcontextprotocol/tasks, "Task Update Requests". */

import { InvalidValueError, LimitError } from '../base/errors.ts';
import { own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Unsubscribe } from '../base/listeners.ts';
import { quote } from '../base/text.ts';
import type { InputRequest } from '../protocol/types/input-required.ts';
import type { TaskState } from '../protocol/types/tasks.ts';
import { answerByHandlers } from './input-answers.ts';
import type { Asker, HandlerPort } from './input-answers.ts';
import { mayPass } from './task-watch.ts';

type Questions = ReadonlyMap<string, InputRequest>;

/** The questions of one task, for all who wait for it. The handlers are asked only while somebody does. */
export class TaskQuestions {
  readonly #taskId: string;
  readonly #port: HandlerPort;
  readonly #update: (responses: JSONObject, signal: AbortSignal) => Promise<void>;
  readonly #waiters = new Set<(cause: unknown) => void>();
  /** What the handlers said, until the server has taken it. */
  readonly #answers = new Map<string, unknown>();
  /** What the server has taken. It may go on to ask for that for a while. */
  readonly #taken = new Set<string>();
  #running: AbortController | undefined;

  /** `update` sends answers. */
  constructor(taskId: string, port: HandlerPort, update: (responses: JSONObject, signal: AbortSignal) => Promise<void>) {
    this.#taskId = taskId;
    this.#port = port;
    this.#update = update;
  }

  /** Somebody waits until that is taken back, and hears why what is asked could not be answered. */
  attend(failed: (cause: unknown) => void): Unsubscribe {
    this.#waiters.add(failed);
    return () => {
      this.#waiters.delete(failed);
      if (this.#waiters.size > 0) return;
      this.#running?.abort(new DOMException('Nobody waits for the task any more', 'AbortError'));
      this.#running = undefined;
    };
  }

  /** What the server waits for. */
  open({ inputRequests }: TaskState): Questions {
    return new Map(Array.from(inputRequests ?? []).filter(([key]) => !this.#taken.has(key)));
  }

  /** The server said how the task stands. */
  heard(state: TaskState): void {
    if (this.#running !== undefined || this.#waiters.size === 0) return;
    const open = this.open(state);
    if (open.size === 0) return;
    const controller = new AbortController();
    this.#running = controller;
    const over = (): void => {
      if (this.#running === controller) this.#running = undefined;
    };
    this.#answer(open, controller.signal).then(over, (cause: unknown) => {
      over();
      if (!controller.signal.aborted) for (const failed of [...this.#waiters]) failed(cause);
    });
  }

  /** What whoever wants no question answered hears of one. */
  handedOut(state: TaskState): InvalidValueError {
    const [[key, { method: asked }] = ['', { method: '' }]] = this.open(state);
    return this.#unanswered(`The task ${quote(this.#taskId)} waits for an answer to ${asked} ${quote(key)}, and rounds is "manual"`, { key, asked }, undefined);
  }

  async #answer(open: Questions, signal: AbortSignal): Promise<void> {
    const unasked = new Map(Array.from(open).filter(([key]) => !this.#answers.has(key)));
    this.#requireRoom(unasked.size);
    const asker: Asker = { name: `The task ${quote(this.#taskId)}`, unanswered: (message, details, cause) => this.#unanswered(message, details, cause) };
    const answers = unasked.size === 0 ? {} : await answerByHandlers(unasked, asker, signal, this.#port);
    for (const key of unasked.keys()) this.#answers.set(key, own(answers, key));
    const keys = [...open.keys()];
    try {
      // By fromEntries, which makes a member of whatever name.
      await this.#update(Object.fromEntries(keys.map((key) => [key, this.#answers.get(key)])), signal);
    } catch (cause) {
      // What was said is said again, not asked again, when the server says that it still waits.
      if (signal.aborted || !mayPass(cause)) throw cause;
      return;
    }
    for (const key of keys) {
      this.#answers.delete(key);
      this.#taken.add(key);
    }
  }

  #requireRoom(more: number): void {
    const { maxTaskQuestions: most } = this.#port.limits;
    if (this.#answers.size + this.#taken.size + more <= most) return;
    throw new LimitError('maxTaskQuestions', `At most ${most} things may be asked by one task; ${quote(this.#taskId)} asks more`, { details: { most, taskId: this.#taskId }, delivery: 'answered' });
  }

  #unanswered(message: string, details: JSONObject, cause: unknown): InvalidValueError {
    return new InvalidValueError('ERR_MCP_TASK_INPUT_REQUIRED', message, { details: { taskId: this.#taskId, ...details }, cause, delivery: 'answered' });
  }
}
