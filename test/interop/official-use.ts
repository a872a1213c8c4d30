/** Uses what the servers of official-offer.ts offer: what is the same on every road and in both eras. */
import assert from 'node:assert/strict';
import { InvalidValueError } from '../../lib/index.ts';
import type { MCPServerProtocol } from '../../lib/index.ts';
import type { Agreed } from './official-roads.ts';

const TOOLS = [
  ...['add', 'count', 'fail', 'log', 'wait', 'withdrawn'],
  ...['grow-tools', 'grow-prompts', 'grow-resources', 'write', 'ask', 'visit'],
];

export const isInvalid = (code: string) => (error: unknown): boolean => error instanceof InvalidValueError && error.code === code;

/** A result without what a modern one says beside: that it is whole, and who sends it. */
export function whole(result: object): object {
  const { resultType = 'complete', _meta: _from, ...rest } = result as { resultType?: unknown; _meta?: unknown };
  assert.equal(resultType, 'complete');
  return rest;
}

/** The text of a result of a tool that has one. */
export function textIn({ content }: { readonly content: readonly object[] }): string {
  assert.equal(content.length, 1);
  return (content[0] as { readonly text: string }).text;
}

/** Uses everything but what asks, changes or waits. */
export async function useAll(server: MCPServerProtocol, agreed: Agreed): Promise<void> {
  assert.deepEqual([server.era, server.protocolVersion], agreed);
  assert.deepEqual(server.serverInfo, { name: 'ours', version: '1.2.3' });
  assert.equal(server.instructions, 'Add, count, read, greet.');
  await useTools(server);
  await useResources(server);
  await usePrompts(server);
  await server.ping();
}

async function useTools(server: MCPServerProtocol): Promise<void> {
  const tools = await server.listTools();
  assert.deepEqual(tools.map(({ name }) => name), TOOLS);
  assert.deepEqual([tools[0]?.description, tools[0]?.outputSchema?.['required']], ['Adds', ['sum']]);
  const sum = await server.callTool('add', { a: 1.5, b: 2 });
  assert.deepEqual(whole(sum), { content: [{ type: 'text', text: '3.5' }], structuredContent: { sum: 3.5 } });
  assert.deepEqual(whole(await server.callTool('fail')), { content: [{ type: 'text', text: 'as it was told to' }], isError: true });
  await assert.rejects(server.callTool('add', { a: 1 }), isInvalid('ERR_MCP_INVALID_ARGUMENTS'));

  const reports: unknown[] = [];
  const result = await server.callTool('count', { total: 3, pauseMs: 0 }, { onProgress: (report) => reports.push({ ...report }) });
  assert.deepEqual(whole(result), { content: [{ type: 'text', text: 'counted to 3' }] });
  assert.deepEqual(reports, [1, 2, 3].map((progress) => ({ progress, total: 3 })));
}

async function useResources(server: MCPServerProtocol): Promise<void> {
  assert.deepEqual(await server.listResources(), [
    { uri: 'note://one', name: 'note', mimeType: 'text/plain' },
    { uri: 'note://now', name: 'now' },
    { uri: 'note://who', name: 'who' },
  ]);
  assert.deepEqual((await server.listResourceTemplates()).map(({ uriTemplate }) => uriTemplate), ['note://number/{n}']);
  assert.deepEqual(await server.listResourceContents('note://one'), [{ uri: 'note://one', text: 'one' }]);
  const blob = Buffer.from('note 7').toString('base64');
  assert.deepEqual(await server.listResourceContents('note://number/7'), [{ uri: 'note://number/7', blob }]);
  await assert.rejects(server.listResourceContents('note://two'), isInvalid('ERR_MCP_RESOURCE_NOT_FOUND'));
  const completion = await server.complete({ type: 'ref/resource', uri: 'note://number/{n}' }, { name: 'n', value: '1' });
  assert.deepEqual(completion, { values: ['12', '13'], total: 2, hasMore: false });
}

async function usePrompts(server: MCPServerProtocol): Promise<void> {
  const prompts = await server.listPrompts();
  assert.deepEqual(prompts.map(({ name, arguments: args }) => [name, args]), [['greet', [{ name: 'name', required: true }]], ['who', undefined]]);
  const { messages } = await server.getPrompt('greet', { name: 'Eve' });
  assert.deepEqual(messages, [{ role: 'user', content: { type: 'text', text: 'Hello, Eve' } }]);

  const complete = async (start: string, family: string): Promise<readonly string[]> => {
    const context = { arguments: { family } };
    return (await server.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'name', value: start }, { context })).values;
  };
  assert.deepEqual(await complete('', 'first'), ['Adam', 'Eve', 'Evelyn']);
  assert.deepEqual(await complete('Eve', 'other'), ['Eve', 'Evelyn']);
}
