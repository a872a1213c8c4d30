/** Checks of what a server asks before it answers. Source: 2026-07-28, basic, patterns, "Multi Round-Trip Requests". */

import { LimitError } from '../../base/errors.ts';
import { own } from '../../base/json.ts';
import type { JSONObject } from '../../base/json.ts';
import { describe } from '../../base/options.ts';
import { quote } from '../../base/text.ts';
import type { AskingMethod, InputMethod, InputRequest, InputRequired } from '../types/input-required.ts';
import { Misfit, asObject, optionalObjectAt, optionalStringAt, stringAt } from './check.ts';

const INPUT_METHODS: readonly InputMethod[] = ['elicitation/create', 'sampling/createMessage', 'roots/list'];

/** What may be answered with a question. Source: as above, "Supported Requests". */
export const ASKING_METHODS: readonly AskingMethod[] = ['tools/call', 'prompts/get', 'resources/read'];

/** @throws Misfit; LimitError `maxInputRequests`, when more than `most` things are asked. */
export function checkInputRequired(result: JSONObject, most: number): InputRequired {
  const asked = checkInputRequests(result, most);
  const requestState = optionalStringAt(result, 'requestState');
  if (asked === undefined && requestState === undefined) throw new Misfit('', 'a question with inputRequests, requestState or both; it has neither');
  return { inputRequests: asked, requestState };
}

/** The member `inputRequests`, where it is there. @throws as {@link checkInputRequired}. */
export function checkInputRequests(object: JSONObject, most: number): ReadonlyMap<string, InputRequest> | undefined {
  const asked = optionalObjectAt(object, 'inputRequests');
  if (asked === undefined) return undefined;
  const names = Object.keys(asked);
  if (names.length > most) {
    throw new LimitError('maxInputRequests', `At most ${most} things may be asked at once; got ${names.length}`, { details: { most }, delivery: 'answered' });
  }
  // A map, as the names are the server's: one of them may be "__proto__".
  return new Map(names.map((name) => [name, checkRequest(asked, name)]));
}

function checkRequest(asked: JSONObject, name: string): InputRequest {
  try {
    const request = asObject(own(asked, name));
    const method = INPUT_METHODS.find((known) => known === own(request, 'method'));
    if (method === undefined) throw new Misfit('/method', `one of ${INPUT_METHODS.join(', ')}; got ${shown(own(request, 'method'))}`);
    return { method, params: optionalObjectAt(request, 'params') ?? {} };
  } catch (cause) {
    throw cause instanceof Misfit ? cause.within(name).within('inputRequests') : cause;
  }
}

/** @throws Misfit for a method that is not answered with questions. */
export function checkAskingMethod(object: JSONObject): AskingMethod {
  const came = stringAt(object, 'method');
  const method = ASKING_METHODS.find((known) => known === came);
  if (method === undefined) throw new Misfit('/method', `one of ${ASKING_METHODS.join(', ')}; got ${quote(came)}`);
  return method;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quote(value) : describe(value);
}
