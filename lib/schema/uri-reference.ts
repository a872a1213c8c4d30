/** URI references as texts, for naming schemas. Source: RFC 3986, sections 3, 5.2 and 5.3, and its appendix B. Nothing is ever fetched. */

interface URIParts {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly path: string;
  readonly query: string | undefined;
}

const URI_PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/u;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

function partsOf(uri: string): URIParts {
  const [, scheme, authority, path = '', query] = URI_PARTS.exec(uri) ?? [];
  return { scheme, authority, path, query };
}

/** `uri` without its fragment, and the fragment without its `#`, empty where there is none. */
export function splitFragment(uri: string): { readonly uri: string; readonly fragment: string } {
  const at = uri.indexOf('#');
  return at === -1 ? { uri, fragment: '' } : { uri: uri.slice(0, at), fragment: uri.slice(at + 1) };
}

/** Whether `uri` names its scheme. */
export function isAbsoluteURI(uri: string): boolean {
  return SCHEME.test(uri);
}

/** The path without `.` and `..`. Source: RFC 3986 section 5.2.4. */
function withoutDotSegments(path: string): string {
  if (!path.includes('.')) return path;
  const kept: string[] = [];
  const segments = path.split('/');
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === '..') {
      if (kept.length > 1 || (kept.length === 1 && kept[0] !== '')) kept.pop();
    } else if (segment !== '.') kept.push(segment);
    if (isLast && (segment === '.' || segment === '..')) kept.push('');
  });
  return kept.join('/');
}

function mergedPath(base: URIParts, path: string): string {
  if (base.authority !== undefined && base.path === '') return `/${path}`;
  return base.path.slice(0, base.path.lastIndexOf('/') + 1) + path;
}

function joinURI({ scheme, authority, path, query }: URIParts): string {
  const head = (scheme === undefined ? '' : `${scheme}:`) + (authority === undefined ? '' : `//${authority}`);
  return head + path + (query === undefined ? '' : `?${query}`);
}

/** `reference`, which has no fragment, as seen from `base`, which may be empty or itself relative. Source: RFC 3986 section 5.2.2. */
export function resolveURI(base: string, reference: string): string {
  if (reference === '' || base === '') return reference === '' ? base : reference;
  const from = partsOf(base);
  const to = partsOf(reference);
  if (to.scheme !== undefined) return joinURI({ ...to, path: withoutDotSegments(to.path) });
  if (to.authority !== undefined) return joinURI({ ...to, scheme: from.scheme, path: withoutDotSegments(to.path) });
  if (to.path === '') return joinURI({ ...from, query: to.query ?? from.query });
  const path = to.path.startsWith('/') ? to.path : mergedPath(from, to.path);
  return joinURI({ scheme: from.scheme, authority: from.authority, path: withoutDotSegments(path), query: to.query });
}
