/**
 * What `@modelcontextprotocol/server-everything` asks of the host, on every road: sampling during a call, roots by itself. The
 * expected values are what the server's own sources say.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidValueError } from '../../lib/index.ts';
import type { Handlers, MCPServerProtocol, Root, SamplingRequest } from '../../lib/index.ts';
import { until } from './peers.ts';
import { everyRoad } from './roads.ts';

const SAYS = 'LLM sampling result: \n';

async function call(server: MCPServerProtocol, name: string, args: Record<string, unknown> = {}): Promise<{ text: string; isError: boolean }> {
  const { content, isError = false } = await server.callTool(name, args);
  return { text: (content[0] as { text: string }).text, isError };
}

const names = async (server: MCPServerProtocol): Promise<string[]> => (await server.listTools()).map(({ name }) => name);

for (const { name, withGuest } of everyRoad()) {
  describe(`server-everything over ${name}: what it asks`, () => {
    test('the tools that ask are there when their handlers are declared, and only then', async () => {
      const asking = ['get-roots-list', 'trigger-sampling-request'];
      await withGuest({}, async ({ server }) => assert.deepEqual((await names(server)).filter((tool) => asking.includes(tool)), []));
      const handlers: Handlers = { roots: [], sampling: ({ maxTokens }) => ({ role: 'assistant', model: `${maxTokens}`, content: { type: 'text', text: '' } }) };
      await withGuest({ handlers }, async ({ server }) => assert.deepEqual((await names(server)).filter((tool) => asking.includes(tool)).sort(), asking));
    });

    for (const revision of ['2025-11-25', '2025-06-18', '2024-11-05']) {
      test(`sampling: the prompt comes through, and what the model says goes back (${revision})`, async () => {
        const requests: SamplingRequest[] = [];
        const handlers: Handlers = {
          sampling: {
            maxTokens: 50,
            handle: async (request) => {
              requests.push(request);
              return { role: 'assistant', model: 'm-1', stopReason: 'endTurn', content: [{ type: 'text', text: 'Snø ☃' }] };
            },
          },
        };
        await withGuest({ handlers, protocolVersions: [revision] }, async ({ server }) => {
          const { text, isError } = await call(server, 'trigger-sampling-request', { prompt: 'Weather?', maxTokens: 77 });
          assert.equal(isError, false, text);
          assert.ok(text.startsWith(SAYS), text);
          assert.deepEqual(JSON.parse(text.slice(SAYS.length)), { model: 'm-1', stopReason: 'endTurn', role: 'assistant', content: { type: 'text', text: 'Snø ☃' } });
          const [request, ...more] = requests;
          assert.deepEqual(more, []);
          assert.deepEqual(
            { ...request, _meta: undefined },
            {
              messages: [{ role: 'user', content: { type: 'text', text: 'Resource trigger-sampling-request context: Weather?' } }],
              systemPrompt: 'You are a helpful test server.',
              maxTokens: 50,
              temperature: 0.7,
              _meta: undefined,
            },
          );
        });
      });
    }

    test('sampling: a user who says no, a handler that fails, and a rate that is used up are errors that the tool tells of', async () => {
      let turn = 0;
      const handlers: Handlers = {
        sampling: {
          maxRequestsPerMinute: 2,
          approve: () => ++turn !== 1,
          handle: () => Promise.reject(new Error('canary')),
        },
      };
      const faults: unknown[] = [];
      const expected = ['MCP error -1: The user rejected the request', 'MCP error -32603: The handler failed', 'MCP error -32603: At most 2 requests for a model are taken a minute'];
      await assert.rejects(
        withGuest({ handlers }, async ({ server }) => {
          server.on('fault', ({ details }) => faults.push(details['limit']));
          for (const words of expected) assert.deepEqual(await call(server, 'trigger-sampling-request', { prompt: 'x' }), { text: words, isError: true });
        }),
        // The bound is told as a fault, and a guest may have none.
        /gives no fault/,
      );
      assert.deepEqual(faults, ['maxSamplingsPerMinute']);
    });

    test('roots: the server asks for them, and again when they changed', async () => {
      let roots: Root[] = [{ uri: 'file:///home/ada', name: 'Home' }, { uri: 'file:///tmp' }];
      await withGuest({ handlers: { roots: () => roots } }, async ({ server, listening }) => {
        await listening();
        const logged: unknown[] = [];
        server.on('log', ({ data }) => logged.push(data));
        const { text } = await call(server, 'get-roots-list');
        assert.ok(text.startsWith('Current MCP Roots (2 total):\n\n1. Home\n   URI: file:///home/ada\n\n2. Unnamed Root\n   URI: file:///tmp\n\n'), text);
        roots = [{ uri: 'file:///srv', name: 'Server' }];
        server.notifyRootsChanged();
        await until(() => logged.includes('Roots updated: 1 root(s) received from client'), 'the server has the new roots');
        const changed = await call(server, 'get-roots-list');
        assert.ok(changed.text.startsWith('Current MCP Roots (1 total):\n\n1. Server\n   URI: file:///srv\n\n'), changed.text);
      });
    });

    test('roots: without a handler no change can be told', async () => {
      await withGuest({}, async ({ server }) => {
        assert.throws(() => server.notifyRootsChanged(), (cause) => cause instanceof InvalidValueError && cause.code === 'ERR_MCP_UNSUPPORTED_METHOD');
      });
    });
  });
}
