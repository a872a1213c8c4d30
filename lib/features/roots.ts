/** Where a server may work. Source: MCP 2024-11-05 to 2025-11-25, client, "Roots". */

import { InvalidValueError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import { checkRoots } from '../protocol/checks/roots.ts';
import type { Root } from '../protocol/types/roots.ts';
import type { HostContext, HostFeature } from './host-feature.ts';

/**
 * The roots, or a function that gives them each time they are asked for. Its signal fires when nobody waits for them any more. What
 * it throws, or gives that is no list of roots, goes to the logger; the server hears only that it failed.
 */
export type RootsHandler = readonly Root[] | ((signal: AbortSignal) => readonly Root[] | Promise<readonly Root[]>);

/** What tells a server that the roots are others. */
export const ROOTS_CHANGED = 'notifications/roots/list_changed';

/** @throws TypeError for what is neither a list of roots nor a function. */
export function resolveRoots(roots: unknown): RootsHandler | undefined {
  if (roots === undefined || typeof roots === 'function') return roots as RootsHandler | undefined;
  if (!Array.isArray(roots)) throw new TypeError(`handlers.roots must be a list of roots or a function; got ${describe(roots)}`);
  return checkRoots('handlers.roots', roots);
}

/** Answers `roots/list`, and declares that changes are told. */
export function rootsFeature(roots: RootsHandler, _context: HostContext): HostFeature {
  const answer = async ({ signal }: IncomingRequest): Promise<JSONObject> => {
    if (typeof roots !== 'function') return { roots };
    return { roots: checkRoots('The roots of the host', await roots(signal)) };
  };
  return { capabilities: { roots: { listChanged: true } }, answers: new Map([['roots/list', answer]]) };
}

/** The server was told that there are no roots, so it cannot be told that they changed. */
export function rootsNotDeclared(): InvalidValueError {
  return new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', 'notifyRootsChanged needs the option handlers.roots: without it the server was told that there are no roots', {
    details: { method: ROOTS_CHANGED },
    delivery: 'unsent',
  });
}
