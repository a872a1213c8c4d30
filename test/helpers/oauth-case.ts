/** Runs one case of spec-fixtures/oauth: a host with the options of the case, and the servers of its script. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { inspect } from 'node:util';
import { createOAuth } from '../../lib/index.ts';
import type { JSONObject, MCPError, OAuth, OAuthOptions, SignInRequest, StreamableHTTPMCPServer } from '../../lib/index.ts';
import { makeHTTPServer } from './http-server-handle.ts';
import type { HTTPTestOptions } from './http-server-handle.ts';
import { OAuthPair } from './oauth-pair.ts';
import type { PairScript, Party } from './oauth-script.ts';
import { textOf } from './with-server.ts';

/** What is to become of a call, and what the servers are to have seen by then. */
export interface OAuthExpectation {
  /** The code of its error; without it the call succeeds. */
  readonly code?: string;
  /** Its name. Default: `AuthorizationError`. */
  readonly error?: string;
  /** Members of the error's details. */
  readonly details?: JSONObject;
  /** What its message holds, and what it does not. */
  readonly says?: string;
  readonly hides?: readonly string[];
  /** How often there was which request so far: `as POST /token`. */
  readonly counts?: Readonly<Record<string, number>>;
  /** All requests so far but those to the endpoint of the MCP server, in order. */
  readonly log?: readonly string[];
  /** Fields of the last form that the authorization server got; null: absent. */
  readonly form?: Readonly<Record<string, string | null>>;
}

/** What is done one after the other. */
export type OAuthStep = { readonly call: OAuthExpectation } | { readonly revoke: true } | { readonly change: PairScript };

/** What a data file holds, and each of its variants in place of it. */
interface CaseBody {
  readonly script?: PairScript;
  readonly options?: JSONObject;
  readonly limits?: Readonly<Record<string, number>>;
  /** Secrets of the host, and who may see them. */
  readonly secrets?: Readonly<Record<string, readonly Party[]>>;
  readonly expect?: OAuthExpectation;
  readonly steps?: readonly OAuthStep[];
}

/** A data file. */
export interface OAuthCase extends CaseBody {
  /** The row of the list of faults or of threats that it stands for. */
  readonly row: string;
  readonly name: string;
  readonly source: string;
  /** Values of the same fault: what one says counts before what the file says. */
  readonly variants?: readonly (CaseBody & { readonly name: string })[];
}

const FOLDER = new URL('../../spec-fixtures/oauth/', import.meta.url);
/** Where the browser comes back to, which nobody listens at. */
export const REDIRECT_URL = 'http://127.0.0.1:8/callback';

/** The data files by name, in order. */
export function oauthCases(): readonly (readonly [file: string, OAuthCase])[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => [file, JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as OAuthCase]);
}

/** The cases that a data file stands for, each with its name. */
export function variantsOf(file: OAuthCase): readonly (readonly [name: string, body: CaseBody])[] {
  if (file.variants === undefined) return [[file.name, file]];
  return file.variants.map((variant) => [`${file.name}: ${variant.name}`, { ...file, ...variant, script: mergedScript(file.script, variant.script), options: { ...file.options, ...variant.options } }]);
}

function mergedScript(base: PairScript = {}, patch: PairScript = {}): PairScript {
  return { resource: { ...base.resource, ...patch.resource }, server: { ...base.server, ...patch.server }, other: { ...base.other, ...patch.other } };
}

/** Signs in at once: visits the URL, and comes back with where that leads. */
export async function visit({ url, signal }: Pick<SignInRequest, 'url' | 'signal'>): Promise<string> {
  const response = await fetch(url, { redirect: 'manual', signal });
  await response.body?.cancel();
  return response.headers.get('location') ?? assert.fail(`No redirect from ${url}`);
}

/** A host that signs in at once. */
export function makeOAuth(options: OAuthOptions = {}): OAuth {
  const withSignIn = options.grant === undefined && !Object.hasOwn(options, 'signIn') ? { signIn: visit } : {};
  return createOAuth({ allowLoopback: true, ...(options.grant === undefined ? { redirectUrl: REDIRECT_URL } : {}), ...withSignIn, ...options });
}

/** The host of a test, and its servers. */
export interface PairTest {
  readonly pair: OAuthPair;
  readonly oauth: OAuth;
  readonly server: StreamableHTTPMCPServer;
}

/** Starts the servers, makes a handle that is not connected, runs `body`, cleans up, and fails where a secret went astray. */
export async function withPair(script: PairScript, options: OAuthOptions | ((pair: OAuthPair) => OAuthOptions), body: (test: PairTest) => Promise<void>, http: HTTPTestOptions = {}): Promise<void> {
  const pair = await OAuthPair.listen(script);
  const oauth = makeOAuth(typeof options === 'function' ? options(pair) : options);
  const server = makeHTTPServer(pair.resource.url, { authorization: oauth, maxRetries: 0, ...http });
  try {
    await body({ pair, oauth, server });
  } finally {
    await server.cleanup();
    await pair.close();
  }
  pair.assertNothingLeaked();
}

/** Connects where that is needed, and calls the tool; gives what it says. */
export async function use(server: StreamableHTTPMCPServer): Promise<string> {
  if (server.connectionState !== 'connected') await server.connect();
  return textOf(await server.callTool('call'));
}

/** Runs a case: each call is checked as soon as it is over. */
export async function runCase({ script = {}, options = {}, limits = {}, secrets = {}, expect = {}, steps = [{ call: expect }] }: CaseBody): Promise<void> {
  const readOptions = (pair: OAuthPair): OAuthOptions => {
    for (const [secret, parties] of Object.entries(secrets)) pair.secrets.set(secret, parties);
    return pair.filled(options) as OAuthOptions;
  };
  await withPair(script, readOptions, async ({ pair, server }) => {
    for (const step of steps) {
      if ('revoke' in step) pair.tokens.clear();
      else if ('change' in step) pair.change(step.change);
      else await checkCall(pair, server, pair.filled(step.call));
    }
  }, { limits });
}

async function checkCall(pair: OAuthPair, server: StreamableHTTPMCPServer, expected: OAuthExpectation): Promise<void> {
  const outcome = await use(server).catch((error: unknown) => error);
  if (expected.code === undefined) assert.equal(outcome, 'done');
  else checkError(pair, outcome, expected);
  const { counts = {}, log, form = {} } = expected;
  for (const [entry, count] of Object.entries(counts)) assert.equal(pair.count(entry), count, `${entry}: ${inspect(pair.log)}`);
  if (log !== undefined) assert.deepEqual(pair.log, log);
  const sent = pair.servers.as.forms.at(-1) ?? {};
  for (const [name, value] of Object.entries(form)) assert.equal(sent[name] ?? null, value, name);
}

function checkError(pair: OAuthPair, outcome: unknown, { error: name = 'AuthorizationError', code, details = {}, says = '', hides = [] }: OAuthExpectation): void {
  assert.ok(outcome instanceof Error, `Expected ${code}; got ${inspect(outcome)}`);
  const error = outcome as MCPError;
  assert.deepEqual([error.name, error.code], [name, code], error.stack);
  for (const [member, value] of Object.entries(details)) assert.deepEqual(error.details[member], value, member);
  assert.ok(error.message.includes(says), error.message);
  const shown = inspect(error, { depth: 20, showHidden: true });
  for (const text of [...hides, ...pair.secrets.keys()]) assert.ok(!shown.includes(text), `${text} is shown: ${shown}`);
}
