/** What every store of tokens has to keep, as tests that run over any of them. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../lib/base/secret.ts';
import type { NewSecret } from '../../lib/base/versioned-secrets.ts';
import type { TokenStore } from '../../lib/oauth/token-store.ts';

/** A store made for one test. */
export interface StoreUnderTest {
  readonly store: TokenStore;
  /** Over the same secrets, as another process has it. */
  readonly sibling: TokenStore;
  dispose(): Promise<void>;
}

let versions = 0;

/** A new version of this text. */
export function newSecret(text: string): NewSecret {
  return { version: `v-${++versions}`, text: new Secret(text) };
}

/** The contract as a suite of the given name; `make` is called once for each test. */
export function describeTokenStore(name: string, make: () => Promise<StoreUnderTest>, skip: string | false = false): void {
  const it = (sentence: string, body: (subject: StoreUnderTest) => Promise<void>): void =>
    void test(sentence, { skip, timeout: 60_000 }, async () => {
      const subject = await make();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  const textOf = async (store: TokenStore, key: string = 'k'): Promise<string | undefined> => (await store.read(key))?.text?.reveal();

  describe(`${name}: what is stored`, () => {
    it('comes back as it was, with its version, through the sibling too', async ({ store, sibling }) => {
      const secret = newSecret('tökens ☃ "\\\n');
      assert.equal(await store.read('k'), undefined);
      assert.equal(await store.replace('k', undefined, secret), true);
      for (const reader of [store, sibling]) {
        const read = await reader.read('k');
        assert.deepEqual([read?.version, read?.text?.reveal()], [secret.version, secret.text.reveal()]);
      }
      assert.equal(await store.read('other'), undefined);
    });

    it('is replaced by who has seen its version, and by nobody else', async ({ store, sibling }) => {
      const [first, second, late] = [newSecret('first'), newSecret('second'), newSecret('late')];
      await store.replace('k', undefined, first);
      assert.equal(await sibling.replace('k', first.version, second), true);
      assert.equal(await store.replace('k', first.version, late), false);
      assert.equal(await store.replace('k', undefined, late), false);
      assert.equal(await textOf(store), 'second');
    });

    it('put there a second time, it is there: who does not know whether it was stored may ask again', async ({ store }) => {
      const [first, second] = [newSecret('first'), newSecret('second')];
      for (let times = 0; times < 2; times++) assert.equal(await store.replace('k', undefined, first), true);
      for (let times = 0; times < 2; times++) assert.equal(await store.replace('k', first.version, second), true);
      assert.equal(await store.replace('k', undefined, first), false);
    });

    it('is taken away by who has seen its version: nobody clears what another one put there', async ({ store, sibling }) => {
      const [first, second] = [newSecret('first'), newSecret('second')];
      await store.replace('k', undefined, first);
      await sibling.replace('k', first.version, second);
      assert.equal(await store.replace('k', first.version, undefined), false);
      assert.equal(await textOf(store), 'second');
      for (let times = 0; times < 2; times++) assert.equal(await store.replace('k', second.version, undefined), true);
      assert.equal(await store.read('k'), undefined);
    });

    it('of many who replace one version, one wins', async ({ store, sibling }) => {
      const first = newSecret('first');
      await store.replace('k', undefined, first);
      const won = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : sibling).replace('k', first.version, newSecret(`by ${index}`))));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal(await textOf(store), `by ${won.indexOf(true)}`);
    });
  });

  describe(`${name}: locks`, () => {
    it('one has it, until it lets go; another key has a lock of its own', async ({ store, sibling }) => {
      const lock = await store.tryLock('k');
      assert.ok(lock !== undefined);
      assert.deepEqual([await store.tryLock('k'), await sibling.tryLock('k')], [undefined, undefined]);
      const other = await sibling.tryLock('other');
      assert.ok(other !== undefined);
      await lock.release();
      const next = await sibling.tryLock('k');
      assert.ok(next !== undefined);
      await lock.release();
      assert.equal(await store.tryLock('k'), undefined, 'released twice, it takes nothing from who has it now');
      await Promise.all([next.release(), other.release()]);
    });
  });
}
