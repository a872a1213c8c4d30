/** The extensions of one handle: which are active, who hears their notifications, who asks their requests. */

import { InvalidValueError, PeerProtocolError } from '../base/errors.ts';
import type { MCPError } from '../base/errors.ts';
import type { JSONObject } from '../base/json.ts';
import { callSafely } from '../base/listeners.ts';
import type { ListenerFault } from '../base/listeners.ts';
import { quiet, settled } from '../base/quiet.ts';
import { escapeText, quote } from '../base/text.ts';
import { resolveRequestOptions } from '../connection/request-settings.ts';
import type { RequestSettings } from '../connection/request-settings.ts';
import { Misfit } from '../protocol/checks/check.ts';
import type { Agreement } from '../protocol/era.ts';
import { extendedMethods, serverSettings } from '../protocol/extensions.ts';
import type { ActiveExtension, ExtensionNotification, ExtensionResult, ResolvedExtension } from './extension.ts';
import { refusedRequest } from './refusals.ts';
import type { Requester } from './requester.ts';

/** What {@link Extensions} are made with. */
export interface ExtensionsOptions {
  readonly extensions: readonly ResolvedExtension[];
  /** What was agreed on with the server, once there is that. */
  readonly agreement: () => Agreement | undefined;
  readonly requester: () => Requester;
  readonly defaults: RequestSettings;
  readonly callbackFault: ListenerFault;
  readonly fault: (error: MCPError) => void;
}

type Actives = ReadonlyMap<string, ActiveExtension>;

const NONE: Actives = new Map();

/** What a host knows beyond the protocol, on whatever connection there is. */
export class Extensions {
  readonly all: readonly ResolvedExtension[];
  /** The methods that may be answered by a result of one of them. */
  readonly mayComplete: ReadonlySet<string>;
  readonly #options: ExtensionsOptions;
  readonly #notifications = new Map<string, { readonly extension: ResolvedExtension; readonly notification: ExtensionNotification }>();
  /** Methods of notifications that were dropped on the present connection. */
  readonly #dropped = new Set<string>();
  /** What was found of the agreement that was looked at last. */
  #found: { readonly agreement: Agreement; readonly actives: Actives } | undefined;

  constructor(options: ExtensionsOptions) {
    this.#options = options;
    this.all = options.extensions;
    this.mayComplete = extendedMethods(this.all);
    for (const extension of this.all) for (const [method, notification] of extension.notifications) this.#notifications.set(method, { extension, notification });
  }

  /** Those that are always declared. */
  get declared(): readonly ResolvedExtension[] {
    return this.all.filter(({ declare }) => declare === 'always');
  }

  /** Those that both sides declared, by their names. */
  get active(): Actives {
    const agreement = this.#options.agreement();
    if (agreement === undefined || this.all.length === 0) return NONE;
    if (this.#found?.agreement !== agreement) this.#found = { agreement, actives: this.#activesOf(agreement) };
    return this.#found.actives;
  }

  /** What completes a result of `kind`. @throws Misfit where nothing does. */
  completing(kind: string): { readonly extension: ResolvedExtension; readonly completing: ExtensionResult } {
    for (const extension of this.all) {
      const completing = extension.results.get(kind);
      if (completing !== undefined && this.active.has(extension.name)) return { extension, completing };
    }
    throw new Misfit('/resultType', 'one of an extension that is active');
  }

  /** Another connection: what it drops is told anew. */
  restart(): void {
    this.#dropped.clear();
  }

  /** Takes a notification, if it is one of an extension. @throws Misfit. */
  hears(method: string, params: JSONObject): boolean {
    const known = this.#notifications.get(method);
    if (known === undefined) return false;
    const { extension, notification } = known;
    if (this.active.has(extension.name)) this.#hear(method, params, notification);
    else this.#drop(method, extension);
    return true;
  }

  #hear(method: string, params: JSONObject, notification: ExtensionNotification): void {
    let value: unknown;
    try {
      value = notification.check(params);
    } catch (cause) {
      if (cause instanceof Misfit) throw cause;
      const why = cause instanceof Error ? cause.message : 'it is refused';
      this.#options.fault(new PeerProtocolError('ERR_MCP_INVALID_PARAMS', `The params of ${escapeText(method)} are not valid: ${escapeText(why)}`, { details: { method }, cause }));
      return;
    }
    callSafely((read) => notification.heard(read), value, this.#options.callbackFault, method);
  }

  /** A server that does so once does it again and again: it is told of once. */
  #drop(method: string, { name }: ResolvedExtension): void {
    if (this.#dropped.has(method)) return;
    this.#dropped.add(method);
    const message = `The server sent the notification ${quote(method)} of the extension ${name}, which is not active; it is dropped, and so is every further one, without a word`;
    this.#options.fault(new PeerProtocolError('ERR_MCP_UNEXPECTED_METHOD', message, { details: { method, extension: name } }));
  }

  #activesOf({ era, capabilities }: Agreement): Actives {
    const actives = new Map<string, ActiveExtension>();
    for (const extension of this.all) {
      const settings = serverSettings(extension.name, capabilities);
      if (settings !== undefined && (extension.declare === 'always' || era.declaresByRequest)) actives.set(extension.name, this.#activeOf(extension, settings));
    }
    return actives;
  }

  #activeOf(extension: ResolvedExtension, settings: JSONObject): ActiveExtension {
    const { name } = extension;
    return Object.freeze<ActiveExtension>({
      name,
      settings,
      request: (method, params, options) => settled(() => this.request(extension, method, params, resolveRequestOptions(options, this.#options.defaults))),
    });
  }

  /** Sends a request of `extension`. */
  request({ name, methods }: ResolvedExtension, method: string, params: JSONObject | undefined, settings: RequestSettings): Promise<JSONObject> {
    if (!methods.has(method)) throw new TypeError(`method must be one of the extension ${name}: ${[...methods.keys()].join(', ') || 'it has none'}; got ${quote(method)}`);
    if (!this.active.has(name)) {
      throw new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', `${method} needs the extension ${name}, which the server does not have`, { details: { method, extension: name }, delivery: 'unsent' });
    }
    return quiet(this.#options.requester().request(method, params, settings, { read: (result) => result, refuse: refusedRequest }));
  }
}
