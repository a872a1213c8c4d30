import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConnectionError, RPCError } from '../../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import type { ToolChecks } from '../../../lib/features/known-tool.ts';
import { ParamMirrors } from '../../../lib/features/param-mirrors.ts';
import { ToolCatalogue } from '../../../lib/features/tool-catalogue.ts';
import { ToolFaults } from '../../../lib/features/tool-faults.ts';
import type { Tool } from '../../../lib/protocol/types/tools.ts';

const tool = (name: string, required: readonly string[] = []): Tool => ({ name, inputSchema: { type: 'object', required: [...required] } });
const mirrors = new ParamMirrors({ isOn: () => false, policy: true, log: () => {}, callbackFault: () => {} });
const checks: ToolChecks = { checksSchema: false, checksResults: true, limits: DEFAULT_LIMITS, faults: new ToolFaults(1, () => {}), mirrors };

describe('the catalogue of tools', () => {
  test('a server that cannot list its tools is asked once, and again when its list may have changed', async () => {
    let asked = 0;
    const catalogue = new ToolCatalogue(async () => {
      asked++;
      throw new RPCError(-32601, 'no such method');
    }, checks);
    await catalogue.require('anything', {}, undefined);
    await catalogue.require('anything', {}, undefined);
    assert.equal(asked, 1);
    assert.equal(catalogue.find('anything'), undefined);
    assert.equal(catalogue.accepts(undefined), true);
    catalogue.forget();
    assert.equal(catalogue.accepts(undefined), false);
    await catalogue.require('anything', {}, undefined);
    assert.equal(asked, 2);
    await assert.rejects(catalogue.relearn(), { code: 'ERR_MCP_RPC' });
  });

  test('a list that a broken road kept from coming is asked for again', async () => {
    let asked = 0;
    const catalogue = new ToolCatalogue(async () => {
      asked++;
      if (asked === 1) throw new ConnectionError('ERR_MCP_NETWORK', 'reset');
      return [tool('add', ['a'])];
    }, checks);
    await assert.rejects(catalogue.require('add', { a: 1 }, undefined), { code: 'ERR_MCP_NETWORK' });
    await catalogue.require('add', { a: 1 }, undefined);
    assert.equal(asked, 2);
  });

  test('tools of the same shape are told apart, and those of different shapes too', async () => {
    const catalogue = new ToolCatalogue(async () => [tool('a', ['x']), tool('b', ['x']), tool('c', ['y']), { ...tool('d', ['x']), annotations: { readOnlyHint: true } }], checks);
    await catalogue.require('a', { x: 1 }, undefined);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map((name) => catalogue.accepts(catalogue.find(name), { x: 1 })), [true, true, false, true, false]);
    assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map((name) => catalogue.find(name)?.isRepeatable), [false, false, false, true, undefined]);
    assert.equal(catalogue.find('a'), catalogue.find('b'));
    await assert.rejects(catalogue.require('c', { x: 1 }, undefined), { code: 'ERR_MCP_INVALID_ARGUMENTS' });
  });

  test('a schema that is the same in the next list is not compiled again, another one is', () => {
    const output = (type: string): Tool => ({ ...tool('a'), outputSchema: { type } });
    const catalogue = new ToolCatalogue(async () => [], checks);
    catalogue.learn([output('object')], 0);
    const first = catalogue.find('a')?.reader;
    catalogue.forget();
    catalogue.learn([output('object')], 1);
    assert.equal(catalogue.find('a')?.reader, first);
    catalogue.forget();
    catalogue.learn([output('array')], 2);
    assert.notEqual(catalogue.find('a')?.reader, first);
  });

  test('a list that was asked for before the last change is not taken', () => {
    const catalogue = new ToolCatalogue(async () => [], checks);
    catalogue.forget();
    catalogue.learn([tool('old')], 0);
    assert.equal(catalogue.find('old'), undefined);
    assert.equal(catalogue.isUsed, false);
  });

  test('names that every object has are names like others', async () => {
    const catalogue = new ToolCatalogue(async () => [tool('constructor', ['toString']), tool('__proto__')], checks);
    await assert.rejects(catalogue.require('toString', {}, undefined), { code: 'ERR_MCP_UNKNOWN_TOOL' });
    await assert.rejects(catalogue.require('constructor', {}, undefined), { code: 'ERR_MCP_INVALID_ARGUMENTS' });
    assert.ok(await catalogue.require('__proto__', {}, undefined));
  });
});
