/** What a server may ask of the host: one feature each, joined to one answerer. One form for both eras. */

import type { Clock } from '../base/clock.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import type { ListenerFault } from '../base/listeners.ts';
import type { Answerer, IncomingRequest } from '../connection/incoming-requests.ts';
import type { ClientCapabilities } from '../protocol/capabilities.ts';
import type { ElicitationBook } from './elicitation-book.ts';

/** What a feature that answers the server is made with. */
export interface HostContext {
  readonly serverName: string;
  readonly clock: Clock;
  readonly limits: Limits;
  /** Code of the host threw or rejected where nobody else would hear of it. */
  readonly callbackFault: ListenerFault;
  /** The server asks what it may not, or too much. */
  readonly fault: (error: MCPError) => void;
  /** The visits to pages that the server has asked for. */
  readonly elicitations: ElicitationBook;
}

/** Answers one method; what it rejects with is what the server is told, see `RequestRefusal`. */
export type HostAnswer = (request: IncomingRequest) => Promise<JSONObject>;

/** What one feature declares to the server, and answers it. */
export interface HostFeature {
  readonly capabilities: ClientCapabilities;
  /** By method. */
  readonly answers: ReadonlyMap<string, HostAnswer>;
}

/** Several features as one. */
export function joinFeatures(features: readonly HostFeature[]): HostFeature {
  const answers = new Map<string, HostAnswer>();
  let capabilities: ClientCapabilities = {};
  for (const feature of features) {
    capabilities = { ...capabilities, ...feature.capabilities };
    for (const [method, answer] of feature.answers) answers.set(method, answer);
  }
  return { capabilities, answers };
}

/** Answers what `feature` answers, with `around` around it, and offers nothing else. */
export function answererOf({ answers }: HostFeature, around: (request: IncomingRequest, answer: HostAnswer) => Promise<JSONObject>): Answerer {
  return (request) => {
    const answer = answers.get(request.method);
    return answer === undefined ? undefined : around(request, answer);
  };
}
