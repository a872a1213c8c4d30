import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionError, RPCError } from '../../../lib/base/errors.ts';
import { ToolCatalogue } from '../../../lib/features/tool-catalogue.ts';
import type { Tool } from '../../../lib/protocol/types/tools.ts';

const tool = (name: string, required: readonly string[] = []): Tool => ({ name, inputSchema: { type: 'object', required: [...required] } });

describe('the catalogue of tools', () => {
  test('a server that cannot list its tools is asked once, and again when its list may have changed', async () => {
    let asked = 0;
    const catalogue = new ToolCatalogue(async () => {
      asked++;
      throw new RPCError(-32601, 'no such method');
    });
    await catalogue.require('anything', {}, undefined);
    await catalogue.require('anything', {}, undefined);
    assert.equal(asked, 1);
    assert.equal(catalogue.accepts('anything'), true);
    assert.equal(catalogue.isRepeatable('anything'), false);
    catalogue.forget();
    assert.equal(catalogue.accepts('anything'), false);
    await catalogue.require('anything', {}, undefined);
    assert.equal(asked, 2);
  });

  test('a list that a broken road kept from coming is asked for again', async () => {
    let asked = 0;
    const catalogue = new ToolCatalogue(async () => {
      asked++;
      if (asked === 1) throw new ConnectionError('ERR_MCP_NETWORK', 'reset');
      return [tool('add', ['a'])];
    });
    await assert.rejects(catalogue.require('add', { a: 1 }, undefined), { code: 'ERR_MCP_NETWORK' });
    await catalogue.require('add', { a: 1 }, undefined);
    assert.equal(asked, 2);
  });

  test('tools of the same shape are told apart, and those of different shapes too', async () => {
    const catalogue = new ToolCatalogue(async () => [tool('a', ['x']), tool('b', ['x']), tool('c', ['y']), { ...tool('d', ['x']), annotations: { readOnlyHint: true } }]);
    await catalogue.require('a', { x: 1 }, undefined);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map((name) => catalogue.accepts(name, { x: 1 })), [true, true, false, true, false]);
    assert.deepEqual(['a', 'b', 'c', 'd'].map((name) => catalogue.isRepeatable(name)), [false, false, false, true]);
    await assert.rejects(catalogue.require('c', { x: 1 }, undefined), { code: 'ERR_MCP_INVALID_ARGUMENTS' });
  });
});
