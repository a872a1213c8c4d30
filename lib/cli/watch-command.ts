/** `barewire watch`: what a server says by itself, as it comes. */

import { SERVER_LOG_LEVELS } from '../index.ts';
import type { LogMessage, MCPServerProtocol, ServerEvents, ServerLogLevel, Subscription } from '../index.ts';
import type { Action, ActionContext, Command } from './command.ts';
import { readDuration } from './duration.ts';
import { Failure, usageFailure } from './failure.ts';
import { hideDeep } from './hide.ts';
import { choosePaint } from './paint.ts';
import { printableJSON } from './printable.ts';
import { eventFacts, renderEvent } from './render-event.ts';

// What a timer of the platform can hold (32 bits, signed): a longer one would end at once.
const LONGEST_MS = 2_147_483_647;

const EVENTS: Readonly<Record<keyof ServerEvents, true>> = {
  toolsChanged: true,
  promptsChanged: true,
  resourcesChanged: true,
  resourceUpdated: true,
  taskChanged: true,
  log: true,
  progress: true,
  stateChanged: true,
  fault: true,
  gap: true,
  elicitationCompleted: true,
};

function isGraveEnough({ level }: LogMessage, least: ServerLogLevel | undefined): boolean {
  return least === undefined || SERVER_LOG_LEVELS.indexOf(level) >= SERVER_LOG_LEVELS.indexOf(least);
}

/** Prints every event from now on, one line each. */
function attach(server: MCPServerProtocol, { io, asJSON, hide, level }: ActionContext): void {
  const paint = choosePaint(io.environment, io.stdout.isTerminal);
  const startedAt = io.now();
  for (const event of Object.keys(EVENTS) as Array<keyof ServerEvents>) {
    server.on(event, (payload) => {
      if (event === 'log' && !isGraveEnough(payload as LogMessage, level)) return;
      const milliseconds = Math.round(io.now() - startedAt);
      const facts = hideDeep(eventFacts(event, payload), hide);
      const line = asJSON ? printableJSON({ event, milliseconds, payload: facts }) : renderEvent(event, facts, milliseconds, paint);
      io.stdout.write(`${line}\n`);
    });
  }
}

/** Rejects when the connection is lost for good. */
function untilLost(server: MCPServerProtocol, recover: () => Promise<void>): Promise<never> {
  return new Promise((_resolve, reject) => {
    const lost = () => void recover().catch(reject);
    server.on('stateChanged', ({ to }) => (to === 'failed' ? lost() : undefined));
    if (server.connectionState === 'failed') lost();
  });
}

/** A server of the modern era says what it agreed to tell, and leaves out what it does not. */
function checkAgreed(uris: readonly string[], { honoured }: Subscription): void {
  const missing = uris.filter((uri) => !honoured.uris.includes(uri));
  if (missing.length > 0) throw new Failure('ERR_CLI_NOT_AGREED', `the server did not agree to tell of ${missing.join(', ')}`, { details: { uris: missing } });
}

function readFor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = readDuration('--for', text);
  if (milliseconds > LONGEST_MS) throw usageFailure('--for must be 24 days at most; without it, Ctrl-C ends the watch');
  return milliseconds;
}

/** `barewire watch`. */
export const WATCH_COMMAND: Command = {
  name: 'watch',
  operands: '',
  least: 0,
  most: 0,
  summary: 'print what the server says by itself, as it comes',
  about: [
    'One line each: log messages, changed lists and resources, progress, faults, gaps, changes of state.',
    'Ends with Ctrl-C, after --for, or when the connection is lost for good.',
    '--uri asks the server to tell when that resource changes, and asks again after the connection was lost.',
    '--log-level asks the server for log messages of that level and graver ones.',
  ],
  options: ['for', 'uri', 'answer', 'no-input'],
  asks: true,
  examples: ['watch', 'watch --uri demo://readme --uri demo://items/1', 'watch --for 30s --log-level info --json'],
  attach,
  prepare: async (invocation): Promise<Action> => {
    const forMs = readFor(invocation.options.value('for'));
    const uris = invocation.options.values('uri');
    return async (server, { io, recover, request }) => {
      const over = new AbortController();
      try {
        // What it tells is printed like every other event.
        if (uris.length > 0) checkAgreed(uris, await server.subscribe({ uris }, request));
        await Promise.race([io.wait(forMs, AbortSignal.any([io.signal, over.signal])), untilLost(server, recover)]);
      } finally {
        over.abort();
      }
      return undefined;
    };
  },
};
