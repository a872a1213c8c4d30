/** What a server says by itself, as one line. */

import { isMCPError } from '../index.ts';
import type { ServerEvents } from '../index.ts';
import type { Paint } from './paint.ts';
import { printableJSON, printableLine } from './printable.ts';
import { describeProgress } from './progress-bar.ts';
import type { ProgressReport } from './progress-bar.ts';

type Facts = Readonly<Record<string, unknown>>;

/** An error as plain facts: never its stack or cause. */
function errorFacts(error: unknown): Facts {
  if (isMCPError(error)) {
    const { code, message, details } = error;
    return Object.keys(details).length === 0 ? { code, message } : { code, message, details };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

/** The payload of an event as JSON can carry it. */
export function eventFacts<Name extends keyof ServerEvents>(event: Name, payload: ServerEvents[Name]): Facts {
  if (event === 'fault') return errorFacts(payload);
  if (event !== 'stateChanged') return payload as Facts;
  const { from, to, cause } = payload as ServerEvents['stateChanged'];
  return cause === undefined ? { from, to } : { from, to, cause: errorFacts(cause) };
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : printableJSON(value);
}

function errorWords({ code, message }: Facts): string {
  return code === undefined ? words(message) : `${words(message)} (${words(code)})`;
}

const TEXTS: Readonly<Record<keyof ServerEvents, (facts: Facts) => string>> = {
  toolsChanged: () => 'the list of tools changed',
  promptsChanged: () => 'the list of prompts changed',
  resourcesChanged: () => 'the list of resources changed',
  resourceUpdated: ({ uri }) => `${words(uri)} changed`,
  taskChanged: ({ taskId, status, statusMessage }) => `${words(taskId)} ${words(status)}${statusMessage === undefined ? '' : `: ${words(statusMessage)}`}`,
  log: ({ level, logger, data }) => `${words(level)} ${logger === undefined ? '' : `${words(logger)}: `}${words(data)}`,
  progress: (facts) => `${words(facts['method'])} ${describeProgress(facts as unknown as ProgressReport)}`,
  stateChanged: ({ from, to, cause }) => `${words(from)} → ${words(to)}${cause === undefined ? '' : `: ${errorWords(cause as Facts)}`}`,
  fault: errorWords,
  gap: () => 'something the server said may be lost',
  elicitationCompleted: ({ elicitationId }) => `${words(elicitationId)} is completed`,
};

/** What each event is called; short, so that the texts stand in one column. */
const NAMES: Readonly<Record<keyof ServerEvents, string>> = {
  toolsChanged: 'tools',
  promptsChanged: 'prompts',
  resourcesChanged: 'resources',
  resourceUpdated: 'resource',
  taskChanged: 'task',
  log: 'log',
  progress: 'progress',
  stateChanged: 'state',
  fault: 'fault',
  gap: 'gap',
  elicitationCompleted: 'visit',
};
const WIDEST = Math.max(...Object.values(NAMES).map((name) => name.length));

/** `+1.234s  log        info demo: text`: the time since the start of the watch, what came, and its words, every hidden character escaped. */
export function renderEvent(event: keyof ServerEvents, facts: unknown, milliseconds: number, paint: Paint): string {
  const time = `+${(milliseconds / 1000).toFixed(3)}s`.padStart(9);
  const mark = event === 'fault' || event === 'gap' ? paint.bad : paint.name;
  return `${paint.faint(time)}  ${mark(NAMES[event].padEnd(WIDEST))}  ${printableLine(TEXTS[event](facts as Facts))}`;
}
