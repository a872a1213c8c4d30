/** One host program against five servers, each of which speaks one revision only, on every road: what comes of it is the same. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { PROTOCOL_VERSIONS, isMCPError, resultText } from '../../lib/index.ts';
import type { MCPError, MCPServerProtocol } from '../../lib/index.ts';
import { MODERN_VERSIONS } from '../helpers/revisions.ts';
import { HTTPDemos, only, roadsOver } from './roads.ts';

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
  tools: 23,
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

const demos = new HTTPDemos();
after(() => demos.stop());

for (const [road, reach] of Object.entries(roadsOver(demos))) {
  describe(`the same program, ${road}`, () => {
    for (const revision of PROTOCOL_VERSIONS) {
      test(`a server that speaks ${revision} only`, async () => {
        const { server, stop } = await reach(only(revision));
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
