/** JSON Pointers. Source: RFC 6901. */

/** A way down a value from its root, the last step first; undefined is the root itself. Shared by all that goes on from it. */
export interface Descent {
  readonly above: Descent | undefined;
  readonly token: string | number;
}

function escapedToken(token: string | number): string {
  if (typeof token === 'number') return String(token);
  return token.includes('~') || token.includes('/') ? token.replaceAll('~', '~0').replaceAll('/', '~1') : token;
}

/** The way as a JSON Pointer; empty for the root. */
export function pointerOf(descent: Descent | undefined): string {
  const tokens: string[] = [];
  for (let step = descent; step !== undefined; step = step.above) tokens.push(escapedToken(step.token));
  return tokens.length === 0 ? '' : `/${tokens.reverse().join('/')}`;
}

/** The way as the fragment of a URI. Source: RFC 6901 section 6. */
export function fragmentOf(descent: Descent | undefined): string {
  // A lone surrogate has no UTF-8.
  return encodeURI(pointerOf(descent).replace(/\p{Surrogate}/gu, '\ufffd')).replaceAll('#', '%23').replaceAll('?', '%3F');
}

/** The tokens of a JSON Pointer, or undefined where it is none. */
export function tokensOf(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  const tokens = pointer.slice(1).split('/');
  if (!pointer.includes('~')) return tokens;
  return /~(?![01])/.test(pointer) ? undefined : tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
