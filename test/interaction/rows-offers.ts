/** What a server offers: tools, resources, prompts, completion. */

import assert from 'node:assert/strict';
import { expandURITemplate, resourceBytes, resultText } from '../../lib/index.ts';
import type { Row } from './row.ts';
import { all, errorOf, refusalOf } from './row.ts';

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name);

const TOOLS: readonly Row[] = [
  {
    feature: 'the list of tools, whole, page by page and one by one',
    run: async ({ server }) => {
      const whole = names(await server.listTools());
      assert.equal(new Set(whole).size, whole.length);
      assert.ok(whole.includes('add') && whole.length > 20, 'a page holds ten');
      const first = await server.listToolsPage();
      assert.deepEqual([names(first.tools), first.nextCursor], [whole.slice(0, 10), 'from-10']);
      assert.deepEqual(names((await server.listToolsPage(first.nextCursor)).tools), whole.slice(10, 20));
      assert.deepEqual(names(await all(server.iterateTools())), whole);
      assert.deepEqual(await refusalOf(server.listToolsPage('nowhere')), ['ERR_MCP_RPC', 'answered']);
    },
  },
  {
    feature: 'a call',
    run: async ({ server }) => {
      const result = await server.callTool('add', { a: 2, b: 0.5 });
      assert.deepEqual([resultText(result), result.isError, result.content], ['2.5', undefined, [{ type: 'text', text: '2.5' }]]);
    },
  },
  {
    feature: 'structured content, checked against the schema of the tool',
    run: async ({ server }) => {
      assert.deepEqual((await server.callTool('structured', { city: 'Bern' })).structuredContent, { city: 'Bern', temperature: 21.5, conditions: 'sunny' });
      assert.deepEqual(await refusalOf(server.callTool('misfit')), ['ERR_MCP_INVALID_STRUCTURED_CONTENT', 'answered']);
    },
  },
  {
    feature: 'a tool that is not there, and the one of the nearest name',
    run: async ({ server }) => {
      const error = await errorOf(server.callTool('ecko'));
      assert.deepEqual([error.code, error.delivery, error.details['nearest']], ['ERR_MCP_UNKNOWN_TOOL', 'unsent', 'echo']);
    },
  },
  {
    feature: 'a tool that says that it failed',
    run: async ({ server }) => {
      const result = await server.callTool('fail');
      assert.deepEqual([resultText(result), result.isError], ['This tool always fails.', true]);
    },
  },
  {
    feature: 'an argument that is missing is refused before it is sent',
    run: async ({ server }) => assert.deepEqual(await refusalOf(server.callTool('add', { a: 2 })), ['ERR_MCP_INVALID_ARGUMENTS', 'unsent']),
  },
  {
    feature: 'an argument of the wrong type is refused before it is sent, where the host wants that',
    options: { checkArguments: 'schema' },
    run: async ({ server }) => assert.deepEqual(await refusalOf(server.callTool('add', { a: 2, b: 'three' })), ['ERR_MCP_INVALID_ARGUMENTS', 'unsent']),
  },
  {
    feature: 'without checks the server is asked, and says it itself',
    options: { checkArguments: false },
    run: async ({ server }) => {
      assert.deepEqual(await refusalOf(server.callTool('ecko')), ['ERR_MCP_INVALID_ARGUMENTS', 'answered']);
      assert.equal((await server.callTool('add', { a: 2 })).isError, true);
    },
  },
];

const RESOURCES: readonly Row[] = [
  {
    feature: 'the list of resources, whole, page by page and one by one',
    run: async ({ server }) => {
      const whole = names(await server.listResources());
      assert.equal(whole.length, 27);
      const first = await server.listResourcesPage();
      assert.deepEqual(names(first.resources), whole.slice(0, 10));
      assert.deepEqual(names((await server.listResourcesPage(first.nextCursor)).resources), whole.slice(10, 20));
      assert.deepEqual(names(await all(server.iterateResources())), whole);
    },
  },
  {
    feature: 'the contents of a resource, text and bytes',
    run: async ({ server }) => {
      const [readme] = await server.listResourceContents('demo://readme');
      assert.match(readme?.text ?? '', /^# Demo\n/);
      const [pixel] = await server.listResourceContents('demo://pixel');
      assert.ok(pixel !== undefined);
      assert.deepEqual([pixel.mimeType, [...resourceBytes(pixel).subarray(1, 4)]], ['image/png', [80, 78, 71]]);
    },
  },
  {
    feature: 'a resource that is not there, and what is no uri',
    run: async ({ server }) => {
      assert.deepEqual(await refusalOf(server.listResourceContents('demo://nowhere')), ['ERR_MCP_RESOURCE_NOT_FOUND', 'answered']);
      assert.deepEqual(await refusalOf(server.listResourceContents('no uri')), ['ERR_MCP_INVALID_URI', 'unsent']);
    },
  },
  {
    feature: 'resource templates, whole, page by page and one by one, and what one leads to',
    run: async ({ server }) => {
      const templates = await server.listResourceTemplates();
      assert.deepEqual(templates.map(({ uriTemplate }) => uriTemplate), ['demo://items/{id}']);
      assert.deepEqual((await server.listResourceTemplatesPage()).resourceTemplates, templates);
      assert.deepEqual(await all(server.iterateResourceTemplates()), templates);
      const [item] = await server.listResourceContents(expandURITemplate(templates[0]?.uriTemplate ?? '', { id: '7' }));
      assert.equal(item?.text, 'This is item 7.');
    },
  },
];

const PROMPTS: readonly Row[] = [
  {
    feature: 'the list of prompts, whole, page by page and one by one',
    run: async ({ server }) => {
      assert.deepEqual(names(await server.listPrompts()), ['greet', 'review']);
      assert.deepEqual(names((await server.listPromptsPage()).prompts), ['greet', 'review']);
      assert.deepEqual(names(await all(server.iteratePrompts())), ['greet', 'review']);
    },
  },
  {
    feature: 'a prompt, one that is not there, and one without what it needs',
    run: async ({ server }) => {
      const prompt = await server.getPrompt('greet', { name: 'Ada', style: 'short' });
      assert.deepEqual(prompt.messages, [{ role: 'user', content: { type: 'text', text: 'Write a short greeting for Ada.' } }]);
      assert.deepEqual(await refusalOf(server.getPrompt('grate', {})), ['ERR_MCP_INVALID_ARGUMENTS', 'answered']);
      assert.deepEqual(await refusalOf(server.getPrompt('greet', {})), ['ERR_MCP_INVALID_ARGUMENTS', 'answered']);
    },
  },
  {
    feature: 'completion of an argument, in the light of what was filled in before, and of a template',
    run: async ({ server }) => {
      const prompt = { type: 'ref/prompt', name: 'greet' } as const;
      assert.deepEqual((await server.complete(prompt, { name: 'name', value: 'a' })).values, ['Ada', 'Alan']);
      assert.deepEqual((await server.complete(prompt, { name: 'style', value: 'f' })).values, ['formal', 'friendly']);
      assert.deepEqual((await server.complete(prompt, { name: 'style', value: 'f' }, { context: { arguments: { name: 'Grace' } } })).values, ['formal']);
      assert.deepEqual((await server.complete({ type: 'ref/resource', uri: 'demo://items/{id}' }, { name: 'id', value: '25' })).values, ['25']);
      assert.deepEqual(await refusalOf(server.complete(prompt, { name: 'colour', value: '' })), ['ERR_MCP_INVALID_ARGUMENTS', 'answered']);
    },
  },
];

/** See the head of this file. */
export const OFFERS: readonly Row[] = [...TOOLS, ...RESOURCES, ...PROMPTS];
