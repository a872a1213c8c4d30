/** Requests for what the user knows, checked. Source: MCP, client, "Elicitation", of every revision that has it. */

import { InvalidValueError } from '../../base/errors.ts';
import { deepFreeze, own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { safePageURL } from '../../uri/safe-links.ts';
import type { SafePage } from '../../uri/safe-links.ts';
import type { FormElicitation, RequiredURLElicitation, URLElicitation } from '../types/elicitation.ts';
import { Misfit, arrayAt, asObject, objectAt, optionalStringAt, partAt, stringAt } from './check.ts';
import { checkFields } from './elicitation-fields.ts';
import type { FormBounds } from './elicitation-fields.ts';

/** The longest `elicitationId`: as many are remembered as a limit says, so each has to have an end. */
const MAX_ID_CHARACTERS = 1_024;
/** The most elicitations of one error: the user is asked for each of them. */
const MAX_REQUIRED = 100;

/** Which kind of request it is. Without `mode` it is a form. */
export function checkElicitationMode(params: JSONObject): 'form' | 'url' {
  const mode = optionalStringAt(params, 'mode') ?? 'form';
  if (mode === 'form' || mode === 'url') return mode;
  throw new Misfit('/mode', '"form" or "url"; got another string');
}

/** A form, with a copy of its schema: what the host does to it changes nothing. */
export function checkFormElicitation(params: JSONObject, bounds: FormBounds): FormElicitation {
  const message = stringAt(params, 'message');
  const fields = partAt(params, 'requestedSchema', (schema) => checkFields(asObject(schema), bounds));
  const requestedSchema = structuredClone(objectAt(params, 'requestedSchema'));
  return deepFreeze({ mode: 'form', message, fields: structuredClone(fields), requestedSchema });
}

/** A page to visit: `https:` only, without user name and password, and without characters that a platform drops. Nothing is fetched. */
export function checkURLElicitation(params: JSONObject): URLElicitation {
  const message = stringAt(params, 'message');
  const url = stringAt(params, 'url');
  const { href, origin, hasPunycode } = checkPage(url);
  const elicitationId = optionalStringAt(params, 'elicitationId');
  if (elicitationId !== undefined && elicitationId.length > MAX_ID_CHARACTERS) throw new Misfit('/elicitationId', `at most ${MAX_ID_CHARACTERS} characters; got ${elicitationId.length}`);
  return Object.freeze({ mode: 'url', message, url, href, origin, hostname: new URL(href).hostname, isPunycode: hasPunycode, elicitationId });
}

function checkPage(url: string): SafePage {
  try {
    return safePageURL(url);
  } catch (cause) {
    const reason = cause instanceof InvalidValueError ? cause.details['reason'] : undefined;
    throw new Misfit('/url', `a page that a user may be sent to: it ${typeof reason === 'string' ? reason : 'must be a valid URL'}`);
  }
}

/** The `data` of the error −32042. Source: 2025-11-25, client, "Elicitation", "URL Elicitation Required Error". */
export function checkRequiredElicitations(data: unknown): readonly RequiredURLElicitation[] {
  const elicitations: RequiredURLElicitation[] = [];
  const given = own(asObject(data), 'elicitations');
  if (Array.isArray(given) && given.length > MAX_REQUIRED) throw new Misfit('/elicitations', `an array of at most ${MAX_REQUIRED} elicitations; got ${given.length}`);
  const items = arrayAt(asObject(data), 'elicitations', (item) => {
    const params = asObject(item);
    stringAt(params, 'elicitationId');
    if (own(params, 'mode') !== 'url') throw new Misfit('/mode', '"url"');
    elicitations.push(checkURLElicitation(params) as RequiredURLElicitation);
  });
  if (items.length === 0) throw new Misfit('/elicitations', 'an array of at least one elicitation');
  return Object.freeze(elicitations);
}

/** Which elicitation `notifications/elicitation/complete` says is completed. */
export function checkElicitationComplete(params: JSONObject): { readonly elicitationId: string } {
  return { elicitationId: stringAt(params, 'elicitationId') };
}
