/** What a server lets be read. Source: MCP, server, "Resources". */

import { InvalidValueError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import type { Limits } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import type { ReplyReader } from '../connection/pending-requests.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { checkListResourceTemplatesResult, checkListResourcesResult, checkReadResourceResult } from '../protocol/checks/results.ts';
import type { ResourceContents } from '../protocol/types/content.ts';
import type { ListResourceTemplatesResult, ListResourcesResult, Resource, ResourceTemplate } from '../protocol/types/resources.ts';
import { ListBaseline } from './list-baseline.ts';
import type { ChangingList } from './list-changes.ts';
import { PagedList } from './paged-list.ts';
import { refusedResource } from './refusals.ts';
import type { Requester } from './requester.ts';
import type { IsHeard, ListChanged } from './server-events.ts';

const RESOURCES_READ: ReplyReader<ResourceContents[]> = Object.freeze({
  read: (result: JSONObject) => [...checkReadResourceResult(result).contents],
  refuse: refusedResource,
});

// A scheme, a colon, and nothing that cannot stand in a URI. Source: RFC 3986 section 3. Servers have schemes of their own.
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\s\u0000-\u001f\u007f"<>\\^`]*$/;

const resourceURI = (resource: Resource): string => resource.uri;

/**
 * An absolute URI.
 *
 * @throws TypeError for what is no string; InvalidValueError `ERR_MCP_INVALID_URI`, `unsent`.
 */
export function checkURI(name: string, uri: unknown): string {
  if (typeof uri !== 'string') throw new TypeError(`${name} must be a string; got ${describe(uri)}`);
  if (URI.test(uri)) return uri;
  throw new InvalidValueError('ERR_MCP_INVALID_URI', `${name} must be an absolute URI such as file:///readme.md; got ${describe(uri)} that is none`, { delivery: 'unsent' });
}

/** The resources and resource templates of one server. */
export class Resources implements ChangingList {
  readonly list: PagedList<ListResourcesResult, Resource>;
  readonly templates: PagedList<ListResourceTemplatesResult, ResourceTemplate>;
  readonly #requester: Requester;
  readonly #defaults: RequestSettings;
  readonly #baseline: ListBaseline<Resource>;

  constructor(requester: Requester, { maxPages }: Limits, defaults: RequestSettings, isHeard: IsHeard) {
    this.#requester = requester;
    this.#defaults = defaults;
    this.#baseline = new ListBaseline(resourceURI, () => isHeard('resourcesChanged'));
    this.list = new PagedList(requester, { method: 'resources/list', check: checkListResourcesResult, items: (page) => page.resources, maxPages });
    this.templates = new PagedList(requester, {
      method: 'resources/templates/list',
      check: checkListResourceTemplatesResult,
      items: (page) => page.resourceTemplates,
      maxPages,
    });
  }

  /** The whole list. */
  async all(settings: RequestSettings): Promise<Resource[]> {
    const resources = await this.list.all(settings);
    this.#baseline.see(resources);
    return resources;
  }

  expire(): void {}

  refresh(): Promise<ListChanged> | undefined {
    return this.#baseline.refresh(() => this.list.all({ ...this.#defaults, cache: 'refresh' }));
  }

  letGo(): void {
    this.#baseline.letGo();
  }

  /**
   * The parts of what `uri` names.
   *
   * @throws InvalidValueError `ERR_MCP_INVALID_URI`, `unsent`; `ERR_MCP_RESOURCE_NOT_FOUND`, `answered`.
   */
  read(uri: string, settings: RequestSettings): Promise<ResourceContents[]> {
    return this.resume({ uri: checkURI('uri', uri) }, settings);
  }

  /** Reads with params that are ready, the answers to a question among them. */
  resume(params: JSONObject, settings: RequestSettings): Promise<ResourceContents[]> {
    return this.#requester.request('resources/read', params, settings, RESOURCES_READ);
  }
}
