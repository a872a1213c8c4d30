/** Where metadata lies. Source: RFC 8615, RFC 9728 section 3.1, RFC 8414 section 3.1, OpenID Connect Discovery 1.0 section 4. */

const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';
const OPENID_CONFIGURATION = '/.well-known/openid-configuration';

/**
 * Where a server's protected resource metadata may lie, the likeliest first: at the path of the server as it is, at that path without a slash at its end, since many servers know it by that form only,
 * and at the root. The query of the server goes with its path. Source: RFC 9728 section 3.1; MCP 2026-07-28, authorization server discovery, "Protected Resource Metadata Discovery Requirements".
 *
 * @param serverUrl a URL that parses.
 */
export function protectedResourceURLs(serverUrl: string): readonly string[] {
  const { origin, pathname, search } = new URL(serverUrl);
  const path = pathname === '/' ? '' : pathname;
  const atPath = [path, withoutLastSlash(path)].map((form) => `${origin}${PROTECTED_RESOURCE}${form}${search}`);
  return [...new Set([...atPath, `${origin}${PROTECTED_RESOURCE}`])];
}

/**
 * Where the metadata of an authorization server may lie, in the order in which it is looked for. Source: MCP 2026-07-28, authorization server discovery, "Authorization Server Metadata Discovery".
 *
 * @param issuer a URL that parses, without query.
 */
export function authorizationServerURLs(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = withoutLastSlash(pathname);
  const inserted = [`${origin}${AUTHORIZATION_SERVER}${path}`, `${origin}${OPENID_CONFIGURATION}${path}`];
  return path === '' ? inserted : [...inserted, `${origin}${path}${OPENID_CONFIGURATION}`];
}

function withoutLastSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
