/** One StdioMCPServer for the length of one test, with short waits and everything it said written down. */

import assert from 'node:assert/strict';
import { StdioMCPServer } from '../../lib/index.ts';
import type { MCPError, StdioMCPServerOptions } from '../../lib/index.ts';
import { assertNoneAlive, canListProcesses, processesInGroup } from './processes.ts';
import { LEGACY_VERSIONS } from './revisions.ts';

/** What a server said while a test ran. */
export interface Seen {
  /** Every fault: wrong, but the connection went on. */
  readonly faults: MCPError[];
  /** Every state it went to, in order. */
  readonly states: string[];
  /** The ids of every process it had, as far as a change of state showed them. */
  readonly processes: Set<number>;
}

/** Options of a test: the command, and whatever differs from the short waits. */
export type TestOptions = Partial<StdioMCPServerOptions> & Pick<StdioMCPServerOptions, 'command'>;

/** A server that is not connected, with short waits: tests of faults would take minutes with the defaults. */
export function makeServer(options: TestOptions): StdioMCPServer {
  return new StdioMCPServer({
    serverName: 'test',
    healthCheckIntervalMs: 0,
    retryDelayMs: 5,
    shutdownTimeoutMs: 3_000,
    checkArguments: false,
    protocolVersions: LEGACY_VERSIONS,
    ...options,
    limits: { stdinGraceMs: 500, terminateGraceMs: 300, ...options.limits },
  });
}

/** Writes down what `server` says from now on. */
export function watch(server: StdioMCPServer): Seen {
  const seen: Seen = { faults: [], states: [], processes: new Set() };
  server.on('fault', (fault) => seen.faults.push(fault));
  server.on('stateChanged', ({ to }) => {
    seen.states.push(to);
    if (server.processId !== undefined) seen.processes.add(server.processId);
  });
  return seen;
}

/** Makes a server, runs `body` with it before it is connected, cleans up and asserts that no process of its groups is left. */
export async function withServer<T>(options: TestOptions, body: (server: StdioMCPServer, seen: Seen) => Promise<T>): Promise<T> {
  const server = makeServer(options);
  const seen = watch(server);
  try {
    return await body(server, seen);
  } finally {
    await server.cleanup();
    if (canListProcesses) await assertNoneAlive(() => Array.from(seen.processes).flatMap(processesInGroup));
  }
}

/** As {@link withServer}, connected. */
export function withConnected<T>(options: TestOptions, body: (server: StdioMCPServer, seen: Seen) => Promise<T>): Promise<T> {
  return withServer(options, async (server, seen) => {
    await server.connect();
    return body(server, seen);
  });
}

/** The reason a promise was rejected with; fails when it is fulfilled. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    return reason;
  }
  assert.fail(`Expected a rejection; got ${JSON.stringify(value)}`);
}

/** The {@link MCPError} a promise was rejected with, of this class name and code. */
export async function mcpRejection(promise: Promise<unknown>, name: string, code: string): Promise<MCPError> {
  const reason = await rejection(promise);
  assert.ok(reason instanceof Error, `Expected an error; got ${String(reason)}`);
  const error = reason as MCPError;
  assert.deepEqual([error.name, error.code], [name, code], error.stack);
  return error;
}

/** The text of the first content block of a tool's result. */
export function textOf(result: { readonly content: readonly unknown[] }): string {
  const block = result.content[0] as { readonly text?: string } | undefined;
  return block?.text ?? '';
}
