import { copyAsJSON, deepFreeze, isObject, own } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import type { Root } from '../types/roots.ts';

/**
 * A copy of the host's list of roots, before it goes to a server: what the host does to its own list later has no effect.
 *
 * @throws TypeError that names the root, what was expected and what came.
 */
export function checkRoots(name: string, roots: unknown): readonly Root[] {
  if (!Array.isArray(roots)) throw new TypeError(`${name} must be a list of roots; got ${describe(roots)}`);
  return deepFreeze(roots.map((root: unknown, index) => checkRoot(`${name}[${index}]`, root)));
}

function checkRoot(name: string, given: unknown): Root {
  if (!isObject(given)) throw new TypeError(`${name} must be an object; got ${describe(given)}`);
  const root = copyOf(name, given);
  if (!isObject(root)) throw new TypeError(`${name} must be an object; got one whose JSON form is none`);
  const uri = own(root, 'uri');
  // Source: 2025-11-25, client, "Roots", "Data Types": this MUST be a file:// URI in the current specification.
  if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).protocol !== 'file:') throw new TypeError(`${name}.uri must be a file:// URI; got ${describe(uri)}`);
  const title = own(root, 'name');
  if (title !== undefined && typeof title !== 'string') throw new TypeError(`${name}.name must be a string; got ${describe(title)}`);
  return root as unknown as Root;
}

function copyOf(name: string, root: object): unknown {
  try {
    return copyAsJSON(root);
  } catch (cause) {
    throw new TypeError(`${name} must have a JSON form`, { cause });
  }
}
