import { createNodeFetch } from '../index.ts';
import type { NodeFetch } from '../index.ts';

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/**
 * The fetch that goes through the proxy of the environment; `undefined` where none is set (an empty variable is none), as the platform's own
 * serves then. Which address goes through which proxy, and what `NO_PROXY` excepts, it decides itself. It is to be closed.
 */
export function fetchForEnvironment(environment: Readonly<Record<string, string | undefined>>): NodeFetch | undefined {
  const hasProxy = PROXY_VARIABLES.some((name) => (environment[name] ?? '') !== '');
  return hasProxy ? createNodeFetch({ environment }) : undefined;
}
