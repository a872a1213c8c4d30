/** What the servers of ours on the official library offer, over whatever road: one of everything. */
import {
  McpServer,
  ResourceTemplate,
  acceptedContent,
  completable,
  createRequestStateCodec,
  fromJsonSchema,
  inputRequired,
} from '@modelcontextprotocol/server';
import type { LoggingLevel, ServerContext, ServerNotifier } from '@modelcontextprotocol/server';

/** The era that an instance is made for. */
export type OfficialEra = 'legacy' | 'modern';

/** What the instances of one server share: over HTTP one may live for a single request. */
export interface SharedState {
  /** What was added to each list. */
  readonly grown: { readonly tools: string[]; readonly prompts: string[]; readonly resources: string[] };
  note: string;
  /** How many calls of `wait` were taken back. */
  withdrawn: number;
  /** Tells of changes where no instance lives long enough to do so. */
  notify?: ServerNotifier;
}

/** The state of a server that was just started. */
export function newSharedState(): SharedState {
  return { grown: { tools: [], prompts: [], resources: [] }, note: 'one', withdrawn: 0 };
}

/** How long the lists of tools, and the note, are fresh: longer than any test runs. */
export const FRESH_MS = 600_000;

/** Nobody but this server can make a state of a round that it takes. */
const rounds = createRequestStateCodec<Record<string, unknown>>({ key: 'a key of ours that has at least 32 bytes' });

const textOf = (text: string): { content: { type: 'text'; text: string }[] } => ({ content: [{ type: 'text', text }] });

/** An object of members of one type each, all of them required, as a schema. */
function members<Members extends object>(types: { readonly [Name in keyof Members]: string }) {
  const properties = Object.fromEntries(Object.entries<string>(types).map(([name, type]) => [name, { type }]));
  return fromJsonSchema<Members>({ type: 'object', properties, required: Object.keys(types) });
}

/** An instance for one connection, or one request, of the server that `state` belongs to. */
export function makeServer(state: SharedState = newSharedState(), era: OfficialEra = 'legacy'): McpServer {
  const server = new McpServer(
    { name: 'ours', version: '1.2.3' },
    {
      instructions: 'Add, count, read, greet.',
      capabilities: { logging: {}, tools: { listChanged: true }, prompts: { listChanged: true }, resources: { listChanged: true, subscribe: true } },
      cacheHints: { 'tools/list': { ttlMs: FRESH_MS, cacheScope: 'public' } },
      requestState: { verify: rounds.verify },
    },
  );
  offerTools(server, state);
  offerResources(server, state);
  offerPrompts(server);
  offerChanges(server, state, era);
  offerQuestions(server);
  return server;
}

function offerTools(server: McpServer, state: SharedState): void {
  const inputSchema = members<{ a: number; b: number }>({ a: 'number', b: 'number' });
  server.registerTool('add', { description: 'Adds', inputSchema, outputSchema: members<{ sum: number }>({ sum: 'number' }) }, ({ a, b }) => ({
    ...textOf(`${a + b}`),
    structuredContent: { sum: a + b },
  }));
  server.registerTool('count', { inputSchema: members<{ total: number; pauseMs: number }>({ total: 'number', pauseMs: 'number' }) }, count);
  server.registerTool('fail', {}, () => Promise.reject(new Error('as it was told to')));
  server.registerTool('log', { inputSchema: members<{ level: LoggingLevel; words: string }>({ level: 'string', words: 'string' }) }, async ({ level, words }, { mcpReq }) => {
    await mcpReq.log(level, { words }, 'ours');
    return textOf('logged');
  });
  server.registerTool('wait', {}, async ({ mcpReq: { signal, notify, _meta } }) => {
    // That the call is here is told as progress.
    await notify({ method: 'notifications/progress', params: { progressToken: _meta?.progressToken, progress: 1 } });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    state.withdrawn += 1;
    return textOf('nobody waits any more');
  });
  server.registerTool('withdrawn', {}, () => textOf(`${state.withdrawn}`));
}

async function count({ total, pauseMs }: { readonly total: number; readonly pauseMs: number }, { mcpReq, http }: ServerContext) {
  const progressToken = mcpReq._meta?.progressToken;
  for (let progress = 1; progress <= total; progress += 1) {
    const params = { progressToken, progress, total };
    if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params });
    // With a pause, the stream of the answer is closed before it, so that the client has to come back for the rest.
    if (pauseMs > 0) http?.closeSSE?.();
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return textOf(`counted to ${total}`);
}

function offerResources(server: McpServer, state: SharedState): void {
  const read = ({ href }: URL) => ({ contents: [{ uri: href, text: state.note }] });
  server.registerResource('note', 'note://one', { mimeType: 'text/plain', cacheHint: { ttlMs: FRESH_MS } }, read);
  server.registerResource('now', 'note://now', {}, read);
  const complete = { n: (start: string) => ['12', '13', '2'].filter((n) => n.startsWith(start)) };
  const template = new ResourceTemplate('note://number/{n}', { list: undefined, complete });
  const blobOf = (n: unknown): string => Buffer.from(`note ${String(n)}`).toString('base64');
  server.registerResource('notes', template, {}, ({ href }, { n }) => ({ contents: [{ uri: href, blob: blobOf(n) }] }));
}

function offerPrompts(server: McpServer): void {
  const argsSchema = members<{ name: string }>({ name: 'string' });
  // What may follow depends on an argument that was filled in before, as the library allows it to.
  const name = completable(fromJsonSchema<string>({ type: 'string' }), (start, context) =>
    [...(context?.arguments?.['family'] === 'first' ? ['Adam'] : []), 'Eve', 'Evelyn'].filter((each) => each.startsWith(start)),
  );
  server.registerPrompt('greet', { argsSchema: Object.assign(argsSchema, { shape: { name } }) }, ({ name }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Hello, ${name}` } }],
  }));
}

/** Tools that change what there is, and tell of it. */
function offerChanges(server: McpServer, state: SharedState, era: OfficialEra): void {
  const register = {
    tools: (name: string) => server.registerTool(name, {}, () => ({ content: [] })),
    prompts: (name: string) => server.registerPrompt(name, {}, () => ({ messages: [] })),
    resources: (name: string) => server.registerResource(name, `note://${name}`, {}, () => ({ contents: [] })),
  };
  const grow = (list: keyof typeof register): void => {
    const name = `grown-${state.grown[list].length + 1}`;
    state.grown[list].push(name);
    if (state.notify === undefined) register[list](name);
    else state.notify[`${list}Changed`]();
  };
  for (const list of ['tools', 'prompts', 'resources'] as const) {
    state.grown[list].forEach(register[list]);
    server.registerTool(`grow-${list}`, {}, () => (grow(list), { content: [] }));
  }

  const followed = new Set<string>();
  server.server.setRequestHandler('resources/subscribe', ({ params }) => (followed.add(params.uri), {}));
  server.server.setRequestHandler('resources/unsubscribe', ({ params }) => (followed.delete(params.uri), {}));
  server.registerTool('write', { inputSchema: members<{ text: string; tell: boolean }>({ text: 'string', tell: 'boolean' }) }, async ({ text, tell }) => {
    state.note = text;
    const uri = 'note://one';
    if (tell) state.notify?.resourceUpdated(uri);
    // A modern connection knows by itself who follows what.
    if (tell && state.notify === undefined && (era === 'modern' || followed.has(uri))) await server.server.sendResourceUpdated({ uri });
    return textOf(`wrote ${text}`);
  });
}

/** What asks before it answers: a tool in two rounds, a tool with a page, a prompt and a resource. */
function offerQuestions(server: McpServer): void {
  const requestedSchema = members<{ name: string }>({ name: 'string' });
  const askName = (message: string) => inputRequired.elicit({ message, requestedSchema });
  const nameIn = ({ mcpReq }: ServerContext): string | undefined => acceptedContent<{ name: string }>(mcpReq.inputResponses, 'who')?.name;

  server.registerTool('ask', {}, async (context) => {
    const { inputResponses, requestState } = context.mcpReq;
    const state = requestState<Record<string, unknown>>();
    if (state === undefined) {
      const words = inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: 'Say a word' } }], maxTokens: 10 });
      const inputRequests = { who: askName('Who are you?'), words, where: inputRequired.listRoots() };
      return inputRequired({ requestState: await rounds.mint({}), inputRequests });
    }
    const answers = { ...state, ...inputResponses };
    if ('sure' in answers) return textOf(JSON.stringify(answers));
    return inputRequired({ requestState: await rounds.mint(answers), inputRequests: { sure: askName('Say it again') } });
  });
  server.registerTool('visit', {}, ({ mcpReq: { inputResponses } }) =>
    inputResponses === undefined
      ? inputRequired({ inputRequests: { page: inputRequired.elicitUrl({ message: 'Visit it', url: 'https://example.com/page' }) } })
      : textOf(JSON.stringify(inputResponses)),
  );
  server.registerPrompt('who', {}, (context) => {
    const name = nameIn(context);
    if (name === undefined) return inputRequired({ inputRequests: { who: askName('Who is asking?') } });
    return { messages: [{ role: 'user', content: { type: 'text', text: `I am ${name}` } }] };
  });
  server.registerResource('who', 'note://who', {}, ({ href }, context) => {
    const name = nameIn(context);
    if (name === undefined) return inputRequired({ inputRequests: { who: askName('Who is reading?') } });
    return { contents: [{ uri: href, text: `for ${name}` }] };
  });
}
