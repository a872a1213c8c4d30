/** The host's handlers for what a server may ask. The capabilities that are declared follow from those given. */

import { checkKeys } from '../base/options.ts';
import { joinFeatures } from './host-feature.ts';
import type { HostContext, HostFeature } from './host-feature.ts';
import { resolveRoots, rootsFeature } from './roots.ts';
import type { RootsHandler } from './roots.ts';

/** What the host answers a server with; what is left out is not offered. */
export interface Handlers {
  /** The folders and files that the server may work in. */
  readonly roots?: RootsHandler | undefined;
}

const HANDLER_NAMES: readonly (keyof Handlers)[] = ['roots'];

/**
 * Reads the option `handlers`.
 *
 * @throws TypeError, naming the handler, what was expected and what came.
 */
export function resolveHandlers(handlers: unknown): Handlers {
  if (handlers === undefined) return {};
  checkKeys('handlers', handlers, HANDLER_NAMES);
  return { roots: resolveRoots(handlers['roots']) };
}

/** What the handlers that are given declare and answer. */
export function handlersFeature({ roots }: Handlers, context: HostContext): HostFeature {
  return joinFeatures(roots === undefined ? [] : [rootsFeature(roots, context)]);
}
