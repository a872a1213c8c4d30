/** Where a server may work. Source: MCP 2024-11-05 to 2025-11-25, client, "Roots". */

import type { JSONObject } from '../base/json.ts';
import { describe } from '../base/options.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import { checkRoots } from '../protocol/checks/roots.ts';
import type { Root } from '../protocol/types/roots.ts';
import type { HostContext, HostFeature } from './host-feature.ts';

/** The roots, or a function that gives them each time they are asked for. Its signal fires when nobody waits for them any more. */
export type RootsHandler = readonly Root[] | ((signal: AbortSignal) => readonly Root[] | Promise<readonly Root[]>);

/** @throws TypeError for what is neither a list of roots nor a function. */
export function resolveRoots(roots: unknown): RootsHandler | undefined {
  if (roots === undefined || typeof roots === 'function') return roots as RootsHandler | undefined;
  if (!Array.isArray(roots)) throw new TypeError(`handlers.roots must be a list of roots or a function; got ${describe(roots)}`);
  return checkRoots('handlers.roots', structuredClone(roots));
}

/** Answers `roots/list`, and declares that changes are told. */
export function rootsFeature(roots: RootsHandler, _context: HostContext): HostFeature {
  const answer = async ({ signal }: IncomingRequest): Promise<JSONObject> => {
    const list = typeof roots === 'function' ? await roots(signal) : roots;
    return { roots: checkRoots('The roots of the host', list) };
  };
  return { capabilities: { roots: { listChanged: true } }, answers: new Map([['roots/list', answer]]) };
}
