import type { JSONObject } from '../base/json.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';

/** What a feature needs of a server: somebody who asks it. */
export interface Requester {
  /** Sends one request; settles once. `isRepeatable`: sending it twice is known to do no harm, whatever its method says. */
  request<T>(method: string, params: JSONObject | undefined, settings: RequestSettings, reader: ReplyReader<T>, isRepeatable?: boolean): Promise<T>;
}
