/** Which form of tasks the server has, and who asks it in that one. */

import { InvalidValueError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import { quiet } from '../base/quiet.ts';
import { runsToolsAsTasks } from '../protocol/capabilities.ts';
import { checkListTasksResult } from '../protocol/checks/tasks.ts';
import type { Agreement } from '../protocol/era.ts';
import type { ListTasksResult, Task } from '../protocol/types/tasks.ts';
import { CoreTaskForm } from './core-task-form.ts';
import { TASKS_EXTENSION } from './extension.ts';
import { ExtensionTaskForm } from './extension-task-form.ts';
import type { HandlerPort } from './input-answers.ts';
import { PagedList } from './paged-list.ts';
import type { Requester } from './requester.ts';
import { tasksUnsupported } from './task-form.ts';
import type { TaskForm } from './task-form.ts';

/** What {@link TaskForms} are made with. */
export interface TaskFormsOptions {
  readonly requester: Requester;
  readonly limits: Limits;
  /** Answers what tasks ask. */
  readonly handlers: HandlerPort;
  /** What was agreed on with the server, once there is that. */
  readonly agreement: () => Agreement | undefined;
  /** Whether the extension is active. */
  readonly isExtended: () => boolean;
}

/** The forms of tasks that a server can be asked in. */
type AskedForm = 'core' | 'extension';

/** The forms, on whatever connection there is. */
export class TaskForms {
  readonly list: PagedList<ListTasksResult, Task>;
  readonly #options: TaskFormsOptions;
  readonly #forms: Readonly<Record<AskedForm, TaskForm>>;

  constructor(options: TaskFormsOptions) {
    const { limits, handlers } = options;
    this.#options = options;
    this.#forms = { core: new CoreTaskForm(this.#asking('core')), extension: new ExtensionTaskForm(this.#asking('extension'), handlers) };
    const lists = this.#unless((method) => this.#whyNoList(method));
    this.list = new PagedList(lists, { method: 'tasks/list', check: checkListTasksResult, items: (page) => page.tasks, maxPages: limits.maxPages });
  }

  /** The form of the tasks that the server has, or would have. */
  get agreed(): AskedForm | undefined {
    const era = this.#options.agreement()?.era;
    if (era === undefined) return undefined;
    return era.mayTravel('tasks/result', 'client') ? 'core' : 'extension';
  }

  /** Whether the server runs tools as tasks; true too while nothing is agreed on, as the request says that better. */
  get areOffered(): boolean {
    const agreement = this.#options.agreement();
    return agreement === undefined || (this.areAskedFor ? runsToolsAsTasks(agreement.capabilities) : this.#options.isExtended());
  }

  /** Whether a task is made where the client asks for one; elsewhere the server decides. */
  get areAskedFor(): boolean {
    return this.agreed !== 'extension';
  }

  of(name: AskedForm): TaskForm {
    return this.#forms[name];
  }

  /** Asks a server that has tasks of this form. */
  #asking(form: AskedForm): Requester {
    return this.#unless((method) => this.#whyNoTasks(method, form));
  }

  /** Asks, unless it is known why that cannot go well. */
  #unless(whyNot: (method: string) => InvalidValueError | undefined): Requester {
    return {
      request: (method, params, settings, reader, isRepeatable) => {
        const cause = whyNot(method);
        return cause === undefined ? this.#options.requester.request(method, params, settings, reader, isRepeatable) : quiet(Promise.reject(cause));
      },
    };
  }

  /** A task may have been stored when the server had tasks of another form. */
  #whyNoTasks(method: string, form: AskedForm): InvalidValueError | undefined {
    const { agreed } = this;
    if (agreed === undefined) return undefined;
    if (agreed !== form) return tasksUnsupported(`${method} asks for a task of the form "${form}", and the server does not have such tasks any more`, { method, form });
    return form === 'core' || this.#options.isExtended() ? undefined : lacksMethod(method, `it needs the extension ${TASKS_EXTENSION}, which is not active`);
  }

  #whyNoList(method: string): InvalidValueError | undefined {
    return this.areAskedFor ? undefined : lacksMethod(method, `the extension ${TASKS_EXTENSION} does not have it; keep the ids of tasks, or what their handles give as JSON`);
  }
}

function lacksMethod(method: string, why: string): InvalidValueError {
  return new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', `The server cannot be asked for ${method}: ${why}`, { details: { method }, delivery: 'unsent' });
}
