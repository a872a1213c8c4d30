/** The host's handlers for what a server may ask. The capabilities that are declared follow from those given. */

import { checkKeys } from '../base/options.ts';
import { elicitationFeature, resolveElicitation } from './elicitation.ts';
import type { ElicitationHandler, ElicitationHandlers } from './elicitation.ts';
import { joinFeatures } from './host-feature.ts';
import type { HostContext, HostFeature } from './host-feature.ts';
import { resolveRoots, rootsFeature } from './roots.ts';
import type { RootsHandler } from './roots.ts';
import { resolveSampling, samplingFeature } from './sampling.ts';
import type { SamplingHandler, SamplingOptions } from './sampling.ts';

/** What the host answers a server with; what is left out is not offered. */
export interface Handlers {
  /** The folders and files that the server may work in. */
  readonly roots?: RootsHandler | undefined;
  /** A model that the server may ask. */
  readonly sampling?: SamplingHandler | SamplingOptions | undefined;
  /** Asks the user: a function for forms alone, or `{ form, url }` for forms, pages to visit, or both. */
  readonly elicitation?: ElicitationHandler | undefined;
}

/** {@link Handlers}, read. */
export interface ResolvedHandlers {
  readonly roots?: RootsHandler | undefined;
  readonly sampling?: SamplingOptions | undefined;
  readonly elicitation?: ElicitationHandlers | undefined;
}

const HANDLER_NAMES: readonly (keyof Handlers)[] = ['roots', 'sampling', 'elicitation'];

/**
 * Reads the option `handlers`.
 *
 * @throws TypeError, naming the handler, what was expected and what came.
 */
export function resolveHandlers(handlers: unknown): ResolvedHandlers {
  if (handlers === undefined) return {};
  checkKeys('handlers', handlers, HANDLER_NAMES);
  return {
    roots: resolveRoots(handlers['roots']),
    sampling: resolveSampling(handlers['sampling']),
    elicitation: resolveElicitation(handlers['elicitation']),
  };
}

/** What the handlers that are given declare and answer. */
export function handlersFeature({ roots, sampling, elicitation }: ResolvedHandlers, context: HostContext): HostFeature {
  const features: HostFeature[] = [];
  if (roots !== undefined) features.push(rootsFeature(roots, context));
  if (sampling !== undefined) features.push(samplingFeature(sampling, context));
  if (elicitation !== undefined) features.push(elicitationFeature(elicitation, context));
  return joinFeatures(features);
}
