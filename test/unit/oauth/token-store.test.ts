import { test } from 'node:test';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Secret } from '../../../lib/base/secret.ts';
import { InMemoryTokenStore } from '../../../lib/oauth/token-store.ts';
import { describeTokenStore, newSecret } from '../../helpers/token-store-contract.ts';

describeTokenStore('InMemoryTokenStore', async () => {
  const store = new InMemoryTokenStore();
  return { store, sibling: store, dispose: async () => {} };
});

test('InMemoryTokenStore: shows nothing, and keeps 1000 owners, those used last', async () => {
  const store = new InMemoryTokenStore();
  for (let index = 0; index < 1_000; index++) await store.replace(`k-${index}`, undefined, newSecret('canary'));
  assert.ok(!inspect(store, { depth: 9, showHidden: true }).includes('canary'));
  assert.ok((await store.read('k-0'))?.text instanceof Secret);
  await store.replace('one more', undefined, newSecret('x'));
  assert.deepEqual([(await store.read('k-0'))?.text?.reveal(), await store.read('k-1')], ['canary', undefined]);
});
