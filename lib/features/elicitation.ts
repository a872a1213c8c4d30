/** What a server asks of the user. Source: MCP, client, "Elicitation", of every revision that has it. */

import { isObject } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { checkKeys, describe, functionOption, oneOf } from '../base/options.ts';
import { RequestRefusal } from '../connection/incoming-requests.ts';
import type { IncomingRequest } from '../connection/incoming-requests.ts';
import { RPC_ERROR } from '../jsonrpc/error-code.ts';
import { Misfit } from '../protocol/checks/check.ts';
import { checkElicitationMode, checkFormElicitation, checkURLElicitation } from '../protocol/checks/elicitation.ts';
import type { ElicitationAction, ElicitationContent, FormElicitation, URLElicitation } from '../protocol/types/elicitation.ts';
import { ElicitationForm } from './elicitation-form.ts';
import type { HostContext, HostFeature } from './host-feature.ts';

/** Who asks, and for how long. */
export interface ElicitationContext {
  /** The name that the host gave the server: to be shown with what it asks. */
  readonly serverName: string;
  /** Fires when nobody waits for the answer any more: whatever is shown is to be taken away. */
  readonly signal: AbortSignal;
}

/** What became of a form. `content` of one that is not accepted is not sent. */
export type FormElicitationAnswer =
  | { readonly action: 'accept'; readonly content?: ElicitationContent | undefined }
  | { readonly action: 'decline' | 'cancel' };

/** What became of a page. `accept`: the user agreed to visit it, which says nothing of what happens there. */
export interface URLElicitationAnswer {
  readonly action: ElicitationAction;
}

/** Shows a form to the user. An answer that does not fit the form is an error of the host: it is logged, and the server is told that none can be given. */
export type FormElicitationHandler = (request: FormElicitation, context: ElicitationContext) => FormElicitationAnswer | Promise<FormElicitationAnswer>;

/** Asks the user whether to visit a page, and has it opened. Nothing here opens or fetches it. */
export type URLElicitationHandler = (request: URLElicitation, context: ElicitationContext) => URLElicitationAnswer | Promise<URLElicitationAnswer>;

/** What the host can show; at least one of them. What is left out is not declared, and refused. */
export interface ElicitationHandlers {
  readonly form?: FormElicitationHandler | undefined;
  readonly url?: URLElicitationHandler | undefined;
}

/** The handlers, or the one for forms alone. */
export type ElicitationHandler = FormElicitationHandler | ElicitationHandlers;

const ELICITATION_OWNER = 'handlers.elicitation';
const ACTIONS: readonly ElicitationAction[] = ['accept', 'decline', 'cancel'];

/** @throws TypeError for what is neither a function nor handlers for forms and pages. */
export function resolveElicitation(handler: unknown): ElicitationHandlers | undefined {
  if (handler === undefined) return undefined;
  if (typeof handler === 'function') return Object.freeze({ form: handler as FormElicitationHandler });
  if (!isObject(handler)) throw new TypeError(`${ELICITATION_OWNER} must be a function or an object with form, url or both; got ${describe(handler)}`);
  checkKeys(ELICITATION_OWNER, handler, ['form', 'url']);
  const { form, url } = handler;
  if (form === undefined && url === undefined) throw new TypeError(`${ELICITATION_OWNER} must have form, url or both; got neither`);
  if (form !== undefined) functionOption(`${ELICITATION_OWNER}.form`, form);
  if (url !== undefined) functionOption(`${ELICITATION_OWNER}.url`, url);
  return Object.freeze({ form: form as FormElicitationHandler | undefined, url: url as URLElicitationHandler | undefined });
}

/** Answers `elicitation/create` in the modes that have a handler, and declares those. */
export function elicitationFeature({ form, url }: ElicitationHandlers, context: HostContext): HostFeature {
  const answer = async ({ params, signal }: IncomingRequest): Promise<JSONObject> => {
    const mode = checked(() => checkElicitationMode(params));
    if (mode === 'form' && form !== undefined) return answerForm(form, params, context, signal);
    if (mode === 'url' && url !== undefined) return answerURL(url, params, context, signal);
    // Source: 2025-11-25, client, "Elicitation", "Error Handling": a mode that is not declared is −32602.
    throw new RequestRefusal(RPC_ERROR.invalidParams, `This client offers no elicitation of mode ${mode}`);
  };
  // The first revision with elicitation knows no modes. Its servers read an object with or without members as "forms": they skip what
  // they do not know, as the capability is open there. The later ones read `{}` as forms only, so both modes are named.
  const modes = { ...(form === undefined ? {} : { form: {} }), ...(url === undefined ? {} : { url: {} }) };
  return { capabilities: { elicitation: modes }, answers: new Map([['elicitation/create', answer]]) };
}

async function answerForm(handler: FormElicitationHandler, params: JSONObject, { limits, serverName }: HostContext, signal: AbortSignal): Promise<JSONObject> {
  const bounds = { maxFields: limits.maxFormFields, maxChoices: limits.maxFormChoices };
  const form = new ElicitationForm(checked(() => checkFormElicitation(params, bounds)));
  const answer: unknown = await handler(form.request, { serverName, signal });
  const action = actionOf(answer);
  return action === 'accept' ? { action, content: form.fill((answer as { content?: unknown }).content) } : { action };
}

async function answerURL(handler: URLElicitationHandler, params: JSONObject, context: HostContext, signal: AbortSignal): Promise<JSONObject> {
  const request = checked(() => checkURLElicitation(params));
  if (request.elicitationId !== undefined) context.elicitations.asked(request.elicitationId);
  return { action: await askForVisit(handler, request, { serverName: context.serverName, signal }) };
}

/** What the user says to a page. @throws TypeError for what is no answer. */
export async function askForVisit(handler: URLElicitationHandler, request: URLElicitation, context: ElicitationContext): Promise<ElicitationAction> {
  return actionOf(await handler(request, context));
}

function actionOf(answer: unknown): ElicitationAction {
  if (!isObject(answer)) throw new TypeError(`An answer to an elicitation must be an object with an action; got ${describe(answer)}`);
  checkKeys('An answer to an elicitation', answer, ['action', 'content']);
  return oneOf('action', answer['action'], ACTIONS);
}

/** A request that is not as the protocol says is told so, in words of ours. */
function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof Misfit) throw new RequestRefusal(RPC_ERROR.invalidParams, `The elicitation is refused: ${cause.message}`);
    throw cause;
  }
}
