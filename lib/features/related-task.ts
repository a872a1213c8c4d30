/** What belongs to a task says so. Source: 2025-11-25, basic, utilities, "Tasks", "Associating Task-Related Messages". */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import type { Answerer } from '../connection/incoming-requests.ts';

/** The member of `_meta` that names the task. */
const RELATED_TASK = 'io.modelcontextprotocol/related-task';

/** Answers as `answerer` does; what it answers to a request that belongs to a task belongs to the same task. */
export function withRelatedTask(answerer: Answerer): Answerer {
  return (request) => {
    const answering = answerer(request);
    const meta = own(request.params, '_meta');
    const related = isObject(meta) ? own(meta, RELATED_TASK) : undefined;
    return related === undefined ? answering : answering?.then((result) => relatedTo(result, related));
  };
}

function relatedTo(result: JSONObject, related: unknown): JSONObject {
  const meta = own(result, '_meta');
  return { ...result, _meta: { ...(isObject(meta) ? meta : {}), [RELATED_TASK]: related } };
}
