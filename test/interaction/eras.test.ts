/** One host program against five servers, each of which speaks one revision only, on every road: what comes of it is the same. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROTOCOL_VERSIONS, StdioMCPServer, StreamableHTTPMCPServer, isMCPError, resultText } from '../../lib/index.ts';
import type { MCPError, MCPServerProtocol, ProtocolVersion } from '../../lib/index.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import { resolveStdioOptions } from '../../lib/servers/stdio-options.ts';
import { MemoryTransport } from '../../lib/transport/memory-transport.ts';
import { fixtureCommand, fixturePath } from '../helpers/fixture.ts';
import { startDemo } from '../helpers/http-server.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';

/** What a host does with a server it knows nothing of, and what it saw. */
async function host(server: MCPServerProtocol): Promise<Record<string, unknown>> {
  const codeOf = (error: unknown): string => (isMCPError(error) ? error.code : String(error));
  const tools = await server.listTools();
  const sum = await server.callTool('add', { a: 2, b: 0.5 });
  const failed = await server.callTool('fail');
  const weather = await server.callTool('structured', { city: 'Bern' });
  const unknown = await server.callTool('no-such-tool').catch(codeOf);
  const incomplete = await server.callTool('add', { a: 2 }).catch(codeOf);
  const resources = await server.listResources();
  const [readme] = await server.listResourceContents('demo://readme');
  const [pixel] = await server.listResourceContents('demo://pixel');
  const missing = await server.listResourceContents('demo://nowhere').catch(codeOf);
  const templates = await server.listResourceTemplates();
  const prompts = await server.listPrompts();
  const prompt = await server.getPrompt('greet', { name: 'Ada', style: 'short' });
  const completion = await server.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'name', value: 'a' });
  const progress: unknown[] = [];
  const counted = await server.callTool('countdown', { from: 3, intervalMs: 1 }, { onProgress: ({ progress: done, total }) => progress.push([done, total]) });
  const controller = new AbortController();
  const never = server.callTool('never', {}, { signal: controller.signal }).catch((reason: unknown) => reason);
  controller.abort('no more');
  const cancelled = await never;
  await server.ping();
  return {
    who: server.serverInfo?.name,
    instructions: server.instructions,
    tools: tools.length,
    sum: [resultText(sum), sum.isError ?? false],
    failed: [resultText(failed), failed.isError],
    weather: weather.structuredContent,
    unknown,
    incomplete,
    resources: resources.length,
    texts: [readme?.text?.split('\n')[0], pixel?.blob?.length],
    missing,
    templates: templates.map(({ uriTemplate }) => uriTemplate),
    prompts: prompts.map(({ name }) => name),
    prompt: prompt.messages,
    completion: completion.values,
    progress,
    counted: resultText(counted),
    cancelled,
    waiting: server.pendingRequests.length,
  };
}

const SEEN = {
  who: 'barewire-demo',
  instructions: 'A server to try things with. Start with the tool "add".',
  tools: 16,
  sum: ['2.5', false],
  failed: ['This tool always fails.', true],
  weather: { city: 'Bern', temperature: 21.5, conditions: 'sunny' },
  unknown: 'ERR_MCP_UNKNOWN_TOOL',
  incomplete: 'ERR_MCP_INVALID_ARGUMENTS',
  resources: 27,
  texts: ['# Demo', 92],
  missing: 'ERR_MCP_RESOURCE_NOT_FOUND',
  templates: ['demo://items/{id}'],
  prompts: ['greet', 'review'],
  prompt: [{ role: 'user', content: { type: 'text', text: 'Write a short greeting for Ada.' } }],
  completion: ['Ada', 'Alan'],
  progress: [[1, 3], [2, 3], [3, 3]],
  counted: 'Counted down from 3.',
  cancelled: 'no more',
  waiting: 0,
};

/** A server that speaks `revision` only, and a handle on it with the default offer. */
type Reach = (revision: ProtocolVersion) => Promise<{ readonly server: MCPServerProtocol; stop(): Promise<void> }>;

/** The fixture's conversation with one client. */
interface Conversation {
  receive(message: unknown): Promise<object | undefined>;
  stop(): void;
}
type NewConversation = new (options: { readonly revisions: readonly string[]; readonly send: (message: object) => void }) => Conversation;

const inMemory: Reach = async (revision) => {
  const { Conversation } = (await import(new URL(`file://${fixturePath('demo-protocol')}`).href)) as { Conversation: NewConversation };
  const send = (message: object): void => transport.deliver(JSON.stringify(message));
  const conversation = new Conversation({ revisions: [revision], send });
  const receive = async (text: string, reply: (text: string) => void): Promise<void> => {
    const answer = await conversation.receive(JSON.parse(text));
    if (answer !== undefined) reply(JSON.stringify(answer));
  };
  const transport = new MemoryTransport({ receive: (text, reply) => void receive(text, reply) });
  const server = new ConnectedServer(resolveStdioOptions({ serverName: 'memory', command: ['none'], healthCheckIntervalMs: 0 }), {
    recovers: 'limited',
    open: (connection, signal) => connection.open(transport, signal),
    mayRetry: () => false,
    hasEnded: () => false,
    endsSession: () => Promise.resolve(false),
    left: () => Promise.resolve(),
    network: () => ({ transport: 'pipe' }),
  });
  return { server, stop: async () => conversation.stop() };
};

const overStdio: Reach = async (revision) => {
  const command = fixtureCommand('demo-server', '--protocol', revision);
  return { server: new StdioMCPServer({ serverName: 'stdio', command, startupTimeoutMs: 60_000 }), stop: () => Promise.resolve() };
};

const overHTTP: Reach = async (revision) => {
  const demo = await startDemo('--protocol', revision);
  // The first revision has a transport of its own.
  const serverUrl = revision === '2024-11-05' ? demo.sse : demo.url;
  return { server: new StreamableHTTPMCPServer({ serverName: 'http', serverUrl, connectTimeoutMs: 60_000 }), stop: () => demo.stop() };
};

const ROADS: readonly (readonly [string, Reach])[] = [
  ['in memory', inMemory],
  ['over stdio', overStdio],
  ['over HTTP', overHTTP],
];

for (const [road, reach] of ROADS) {
  describe(`the same program, ${road}`, () => {
    for (const revision of PROTOCOL_VERSIONS) {
      test(`a server that speaks ${revision} only`, async () => {
        const { server, stop } = await reach(revision);
        const faults: MCPError[] = [];
        server.on('fault', (fault) => faults.push(fault));
        try {
          await server.connect();
          assert.deepEqual([server.protocolVersion, server.era], [revision, MODERN_VERSIONS.includes(revision) ? 'modern' : 'legacy']);
          assert.deepEqual(await host(server), SEEN);
          assert.deepEqual(faults, []);
        } finally {
          await server.cleanup();
          await stop();
        }
        assert.equal(server.connectionState, 'disconnected');
      });
    }
  });
}
