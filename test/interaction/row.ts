/** What a row of the table of features is: something a host does, and what comes of it in each era and on each road. */

import { isMCPError } from '../../lib/index.ts';
import type { EraName, MCPError, MCPServerProtocol } from '../../lib/index.ts';
import type { Reach, RoadName, RoadOptions } from './roads.ts';

/** One cell of the table: a handle that is connected. */
export interface Cell {
  readonly server: MCPServerProtocol;
  readonly era: EraName;
  readonly road: RoadName;
  /** The server is gone, from one moment to the next. */
  lose(): Promise<void>;
  /** It is there again. */
  restore(): Promise<void>;
}

/** What a host does there, with its assertions. */
export type Run = (cell: Cell) => Promise<void>;

/** What is so in one era, or on one road, in place of the rest. */
export interface Exception {
  /** Why it cannot be as elsewhere; a sentence. */
  readonly why: string;
  readonly run: Run;
}

export interface Row {
  readonly feature: string;
  /** What the handle is made with. */
  readonly options?: RoadOptions;
  /** The server is nobody else's, as it does not stay as it was. */
  readonly isAlone?: boolean;
  /** Another server than the demo, where that one does not do. */
  readonly reach?: Partial<Readonly<Record<RoadName, Reach>>>;
  readonly run: Run;
  readonly except?: Partial<Readonly<Record<EraName | RoadName, Exception>>>;
  /** Whether faults are part of it; elsewhere none may come. */
  readonly hasFaults?: boolean;
}

/** The code and the delivery of what a promise was rejected with; or what it was fulfilled with. */
export function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ['fulfilled', value],
    (error: unknown) => (isMCPError(error) ? [error.code, error.delivery] : error),
  );
}

/** The error that a promise was rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<MCPError> {
  const error: unknown = await promise.then(
    () => new Error('it was fulfilled'),
    (reason: unknown) => reason,
  );
  if (!isMCPError(error)) throw error;
  return error;
}

/** Everything that an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const given: T[] = [];
  for await (const item of items) given.push(item);
  return given;
}
