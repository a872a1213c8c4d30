/** What a token is asked for: the identifier of a server as a resource. Source: RFC 8707 section 2; MCP 2026-07-28, authorization, "Canonical Server URI". */

import { indexOfInvisible } from '../http/field-syntax.ts';

const HTTP_RESOURCE = /^https?:\/\//i;

/** The identifier of a server that does not give one: its URL without a fragment, and without the slash of a path that is nothing else. */
export function canonicalResource(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.hash = '';
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}

/**
 * Whether `resource`, by its own metadata, is the server or what the server is a part of: of the same origin, with the same path or one that whole segments of it follow. A slash at the end of a path
 * makes no difference; a query must be that of the server. Source: RFC 9728 section 3.3; the parent is for metadata at the root, which MCP lets speak for every path.
 */
export function isResourceOf(resource: string, serverUrl: string): boolean {
  if (indexOfInvisible(resource) !== -1 || !HTTP_RESOURCE.test(resource) || resource.includes('#') || !URL.canParse(resource)) return false;
  const [described, server] = [new URL(resource), new URL(serverUrl)];
  if (described.username !== '' || described.password !== '') return false;
  if (described.origin !== server.origin) return false;
  if (described.search !== '' && described.search !== server.search) return false;
  return segmentsOf(server.pathname).startsWith(segmentsOf(described.pathname));
}

/** A path with one slash at its end. */
function segmentsOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
