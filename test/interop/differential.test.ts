/**
 * The same calls through the official client, `@modelcontextprotocol/client` 2.x, and through ours, each with a connection of its own to
 * server-everything, give equal results: values deeply, errors by their code and words.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { RPCError, StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { CompletionReference, JSONObject, MCPServerProtocol } from '../../lib/index.ts';
import { startEverything, stopUnused } from './http-peers.ts';
import type { EverythingProgram } from './http-peers.ts';
import { EVERYTHING, until } from './peers.ts';

/** What became of one call. */
type Outcome = { readonly value: unknown } | { readonly error: { readonly code: number; readonly words: string } };

/** One call, as each of the two clients is asked for it. */
interface Pair {
  readonly what: string;
  readonly ours: (server: MCPServerProtocol) => Promise<unknown>;
  readonly theirs: (client: Client) => Promise<unknown>;
}

function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  return call.then((value) => ({ value }), (error: unknown) => ({ error: answerIn(error) }));
}

/** The server's own answer in an error, or in what caused it; any other error is not to be compared, but seen. */
function answerIn(error: unknown): { code: number; words: string } {
  if (error instanceof ProtocolError) return { code: error.code, words: error.message };
  if (error instanceof RPCError) return { code: error.rpcCode, words: error.message.replace(/^\S+ was answered with error -?\d+: /, '') };
  if (error instanceof Error && error.cause !== undefined) return answerIn(error.cause);
  throw error;
}

/** Times of the server's clock in its texts, and sessions, which differ between any two calls. */
const masked = (outcome: Outcome): unknown =>
  JSON.parse(
    JSON.stringify(outcome, (_key, value: unknown) => {
      if (typeof value !== 'string') return value;
      const decoded = /^[A-Za-z0-9+/]{16,}={0,2}$/.test(value) ? Buffer.from(value, 'base64').toString() : value;
      return (decoded.startsWith('Resource ') ? decoded : value).replace(/ created at .*$/, ' created at …');
    }),
  );

const tool = (name: string, args: JSONObject = {}): Pair => ({
  what: `${name} ${JSON.stringify(args)}`,
  ours: (server) => server.callTool(name, args),
  theirs: (client) => client.callTool({ name, arguments: args }),
});

const resource = (uri: string): Pair => ({
  what: uri,
  ours: async (server) => ({ contents: await server.listResourceContents(uri) }),
  theirs: (client) => client.readResource({ uri }),
});

const prompt = (name: string, args: Record<string, string> = {}): Pair => ({
  what: `${name} ${JSON.stringify(args)}`,
  ours: (server) => server.getPrompt(name, args),
  theirs: (client) => client.getPrompt({ name, arguments: args }),
});

const completion = (ref: CompletionReference, name: string, value: string, context?: { arguments: Record<string, string> }): Pair => ({
  what: `${JSON.stringify(ref)} ${name}=${value} ${JSON.stringify(context ?? {})}`,
  ours: async (server) => ({ completion: await server.complete(ref, { name, value }, { context }) }),
  theirs: (client) => client.complete({ ref, argument: { name, value }, ...(context === undefined ? {} : { context }) }),
});

const prompted = (name: string): CompletionReference => ({ type: 'ref/prompt', name });

const LISTS: readonly Pair[] = [
  { what: 'who and what', ours: (server) => Promise.resolve(identityOf(server)), theirs: (client) => Promise.resolve(theirIdentityOf(client)) },
  { what: 'tools', ours: async (server) => ({ tools: await server.listTools() }), theirs: (client) => client.listTools() },
  { what: 'tools, one page', ours: (server) => server.listToolsPage(), theirs: (client) => client.listTools() },
  { what: 'resources', ours: async (server) => ({ resources: await server.listResources() }), theirs: (client) => client.listResources() },
  {
    what: 'resource templates',
    ours: async (server) => ({ resourceTemplates: await server.listResourceTemplates() }),
    theirs: (client) => client.listResourceTemplates(),
  },
  { what: 'prompts', ours: async (server) => ({ prompts: await server.listPrompts() }), theirs: (client) => client.listPrompts() },
];

function identityOf(server: MCPServerProtocol): unknown {
  return [server.serverInfo, server.serverCapabilities, server.instructions, server.protocolVersion];
}

function theirIdentityOf(client: Client): unknown {
  return [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions(), client.getNegotiatedProtocolVersion()];
}

// Not get-env and the two toggles, which tell of the process and the session, and not what only works as a task.
const TOOLS: readonly Pair[] = [
  tool('echo', { message: 'plain' }),
  tool('echo', { message: '' }),
  tool('echo', { message: 'ünï 🎉 日本語 \u2028 \u0000 "quoted" \\ \r\n' }),
  tool('echo', { message: 'x'.repeat(100_000) }),
  tool('get-sum', { a: 2, b: 40 }),
  tool('get-sum', { a: 0.1, b: 0.2 }),
  tool('get-sum', { a: -1e21, b: 5e-324 }),
  tool('get-sum', { a: 1, b: 'two' }),
  tool('get-annotated-message', { messageType: 'error' }),
  tool('get-annotated-message', { messageType: 'success', includeImage: true }),
  tool('get-annotated-message', { messageType: 'debug' }),
  tool('get-annotated-message', { messageType: 'loud' }),
  tool('get-tiny-image'),
  tool('get-structured-content', { location: 'New York' }),
  tool('get-structured-content', { location: 'Chicago' }),
  tool('get-structured-content', { location: 'Paris' }),
  tool('get-resource-links'),
  tool('get-resource-links', { count: 10 }),
  tool('get-resource-links', { count: 11 }),
  tool('get-resource-reference', { resourceId: 3 }),
  tool('get-resource-reference', { resourceType: 'Blob', resourceId: 4 }),
  tool('get-resource-reference', { resourceId: 0 }),
  tool('gzip-file-as-resource', { name: 'a.gz', data: 'data:text/plain,hello', outputType: 'resource' }),
  tool('gzip-file-as-resource', { name: 'b.gz', data: 'ftp://example.test/file' }),
  tool('simulate-research-query', { topic: 'ferns' }),
];

const RESOURCES: readonly Pair[] = [
  ...['architecture', 'features', 'instructions', 'structure'].map((name) => resource(`demo://resource/static/document/${name}.md`)),
  resource('demo://resource/dynamic/text/12'),
  resource('demo://resource/dynamic/blob/7'),
  resource('demo://resource/dynamic/text/zero'),
  resource('demo://resource/nowhere'),
];

const PROMPTS: readonly Pair[] = [
  prompt('simple-prompt'),
  prompt('args-prompt', { city: 'Reno' }),
  prompt('args-prompt', { city: 'Reno', state: 'Nevada' }),
  prompt('args-prompt'),
  prompt('completable-prompt', { department: 'Sales', name: 'Eve' }),
  prompt('resource-prompt', { resourceType: 'Text', resourceId: '5' }),
  prompt('resource-prompt', { resourceType: 'Blob', resourceId: '5' }),
  prompt('resource-prompt', { resourceType: 'Zip', resourceId: '5' }),
  prompt('no-such-prompt'),
];

const COMPLETIONS: readonly Pair[] = [
  completion(prompted('completable-prompt'), 'department', ''),
  completion(prompted('completable-prompt'), 'department', 'S'),
  completion(prompted('completable-prompt'), 'department', 'x'),
  completion(prompted('completable-prompt'), 'name', '', { arguments: { department: 'Engineering' } }),
  completion(prompted('resource-prompt'), 'resourceType', 'B'),
  completion(prompted('args-prompt'), 'city', ''),
  completion(prompted('no-such-prompt'), 'x', ''),
  completion({ type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }, 'resourceId', '9'),
  completion({ type: 'ref/resource', uri: 'demo://no/{such}' }, 'such', ''),
];

const CHAPTERS: ReadonlyMap<string, readonly Pair[]> = new Map([
  ['who it is, and its lists', LISTS],
  ['tools', TOOLS],
  ['resources', RESOURCES],
  ['prompts', PROMPTS],
  ['completion', COMPLETIONS],
]);

/** Two connected clients. */
interface Both {
  readonly ours: MCPServerProtocol;
  readonly theirs: Client;
}

let starting: Promise<EverythingProgram> | undefined;
after(async () => {
  if (starting !== undefined) await stopUnused(await starting);
});

const newClient = (): Client => new Client({ name: 'interop', version: '1.0.0' }, { capabilities: {} });

/** Two clients on one road; what the server refuses is to be its own refusal, so ours checks no arguments. */
const ROADS: ReadonlyMap<string, () => Promise<Both>> = new Map<string, () => Promise<Both>>([
  ['stdio', async () => {
    const command = [process.execPath, EVERYTHING];
    const ours = new StdioMCPServer({ serverName: 'ours', command, checkArguments: false, startupTimeoutMs: 30_000 });
    const theirs = newClient();
    const transport = new StdioClientTransport({ command: process.execPath, args: [EVERYTHING], stderr: 'ignore' });
    await Promise.all([ours.connect(), theirs.connect(transport)]);
    return { ours, theirs };
  }],
  ['streamableHttp', async () => {
    const { url } = await (starting ??= startEverything('streamableHttp'));
    const ours = new StreamableHTTPMCPServer({ serverName: 'ours', serverUrl: url, checkArguments: false });
    const theirs = newClient();
    await Promise.all([ours.connect(), theirs.connect(new StreamableHTTPClientTransport(new URL(url)))]);
    return { ours, theirs };
  }],
]);

async function withBoth(connect: () => Promise<Both>, body: (both: Both) => Promise<void>): Promise<void> {
  const { ours, theirs } = await connect();
  try {
    await body({ ours, theirs });
  } finally {
    const { transport } = theirs;
    if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession();
    await Promise.all([ours.cleanup(), theirs.close()]);
  }
}

for (const [road, connect] of ROADS) {
  describe(`the official client and ours over ${road}`, () => {
    for (const [chapter, pairs] of CHAPTERS) {
      test(`${chapter}: ${pairs.length} calls, equal results`, async () => {
        await withBoth(connect, async ({ ours, theirs }) => {
          for (const pair of pairs) {
            const [mine, other] = await Promise.all([outcomeOf(pair.ours(ours)), outcomeOf(pair.theirs(theirs))]);
            assert.deepEqual(masked(mine), masked(other), pair.what);
          }
        });
      });
    }

    test('reports of progress: equal, in order', async () => {
      await withBoth(connect, async ({ ours, theirs }) => {
        const reports: [unknown[], unknown[]] = [[], []];
        const args = { duration: 0.3, steps: 3 };
        const name = 'trigger-long-running-operation';
        const [mine, other] = await Promise.all([
          ours.callTool(name, args, { onProgress: (report) => reports[0].push({ ...report }) }),
          theirs.callTool({ name, arguments: args }, { onprogress: (report) => reports[1].push({ ...report }) }),
        ]);
        assert.deepEqual(mine, other);
        assert.deepEqual(reports[0], [1, 2, 3].map((progress) => ({ progress, total: 3 })));
        // The official client drops a report that it reads in one piece with the result: 2.4.0 hears of the result first.
        assert.deepEqual(reports[1], reports[0].slice(0, reports[1].length));
        assert.ok(reports[1].length >= 2);
      });
    });

    test('announcements: a new resource is announced to both', async () => {
      await withBoth(connect, async ({ ours, theirs }) => {
        const heard = [0, 0];
        ours.on('resourcesChanged', () => (heard[0] = 1));
        theirs.setNotificationHandler('notifications/resources/list_changed', () => void (heard[1] = 1));
        // Over HTTP the streams for announcements open after the handshake, each in its own time: make news until both have heard.
        for (let turn = 0; turn < 100 && heard.includes(0); turn += 1) {
          const args = { data: 'data:text/plain,news', outputType: 'resourceLink' };
          await ours.callTool('gzip-file-as-resource', { ...args, name: `ours-${turn}.gz` });
          await theirs.callTool({ name: 'gzip-file-as-resource', arguments: { ...args, name: `theirs-${turn}.gz` } });
        }
        await until(() => !heard.includes(0), 'both have heard');
      });
    });
  });
}
