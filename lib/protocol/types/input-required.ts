/** What a server asks before it answers. Source: 2026-07-28, basic, patterns, "Multi Round-Trip Requests". */

import type { JSONObject } from '../../base/json.ts';

/** What may be answered with a question. */
export type AskingMethod = 'tools/call' | 'prompts/get' | 'resources/read';

/** What may be asked in one. */
export type InputMethod = 'elicitation/create' | 'sampling/createMessage' | 'roots/list';

/** One thing that a server asks. */
export interface InputRequest {
  readonly method: InputMethod;
  /** As the server sent them; hostile. */
  readonly params: JSONObject;
}

/** All that a server asks at once. */
export interface InputRequired {
  /** By the names that the server gave them; `undefined` where it asks nothing and wants to be called again. */
  readonly inputRequests: ReadonlyMap<string, InputRequest> | undefined;
  /** What the server wants back, byte for byte; nobody else reads it. */
  readonly requestState: string | undefined;
}
