/** What a host shows of what a server offers: names and pictures. All of it is the server's word. */

import { InvalidValueError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Icon } from '../protocol/types/implementation.ts';
import { safeIconSource, safePageURL } from '../uri/safe-links.ts';
import type { SafeIconOptions } from '../uri/safe-links.ts';

/** What has a name to show: a tool, a prompt, a resource, a server. */
export interface Named {
  readonly name: string;
  readonly title?: string;
  readonly annotations?: object;
}

/**
 * The name of a thing for people: `title`, for tools before 2025-06-18 `annotations.title`, else `name`; empty ones do not count. Not escaped, and not
 * unique: two tools may have one title, and a title may be chosen to look like another tool. Source: `schema.ts`, BaseMetadata, Tool.
 */
export function displayName(thing: Named): string {
  const annotations: unknown = thing.annotations;
  return titleOf(thing as unknown as JSONObject) ?? (isObject(annotations) ? titleOf(annotations) : undefined) ?? thing.name;
}

function titleOf(object: JSONObject): string | undefined {
  const title = own(object, 'title');
  return typeof title === 'string' && title.trim() !== '' ? title : undefined;
}

/**
 * The icons of a thing that may be shown: from an `https:` URL without user name and password, or a `data:image/…` URI; the others are left out. `src` is
 * as the platform writes it, `mimeType` of a `data:` URI is its own. With `sameOriginAs`, the server's URL, those of another origin are left
 * out too. What is fetched should be fetched without credentials and without following redirects; a picture of the type `image/svg+xml` can hold scripts. Source: MCP
 * 2025-11-25, basic, "Icons".
 *
 * @throws TypeError for a `sameOriginAs` that is no URL.
 */
export function safeIcons(thing: { readonly icons?: readonly Icon[] }, options: SafeIconOptions = {}): Icon[] {
  if (options.sameOriginAs !== undefined) new URL(options.sameOriginAs);
  const icons: unknown = own(thing as JSONObject, 'icons');
  return Array.isArray(icons) ? icons.flatMap((icon) => safeIcon(icon, options)) : [];
}

function safeIcon(icon: unknown, options: SafeIconOptions): readonly Icon[] {
  if (!isObject(icon)) return [];
  const source = orUndefined(() => safeIconSource(own(icon, 'src'), options));
  if (source === undefined) return [];
  const mimeType = source.mimeType ?? own(icon, 'mimeType');
  const sizes = own(icon, 'sizes');
  const theme = own(icon, 'theme');
  return [
    {
      src: source.href,
      ...(typeof mimeType === 'string' ? { mimeType } : {}),
      ...(Array.isArray(sizes) ? { sizes: sizes.filter((size) => typeof size === 'string') } : {}),
      ...(typeof theme === 'string' ? { theme } : {}),
    },
  ];
}

/** Whether a link of a server may be shown as one to be followed: an `https:` URL without user name and password. Nothing else is, whatever its scheme. */
export function isSafeLink(link: unknown): boolean {
  return orUndefined(() => safePageURL(link)) !== undefined;
}

function orUndefined<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined;
    throw error;
  }
}
