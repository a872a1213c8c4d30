/** What an authorization server remembers, so that a test can make it forget. */
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** One thing that is remembered: of a kind, until it is over. */
interface Entry {
  readonly kind: string;
  readonly payload: AdapterPayload;
  readonly endsOn: number;
}

/** Everything, in memory. */
export class ProviderStore {
  readonly #entries = new Map<string, Entry>();

  /** What the library asks for things of one kind, such as `AccessToken`. */
  readonly adapter = (kind: string): Adapter => ({
    upsert: async (id, payload, seconds = Infinity) => void this.#entries.set(keyOf(kind, id), { kind, payload, endsOn: Date.now() + seconds * 1_000 }),
    find: async (id) => this.#live(keyOf(kind, id)),
    findByUid: async (uid) => this.#of(kind).find((payload) => payload.uid === uid),
    findByUserCode: async (userCode) => this.#of(kind).find((payload) => payload.userCode === userCode),
    consume: async (id) => {
      const payload = this.#live(keyOf(kind, id));
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000);
    },
    destroy: async (id) => void this.#entries.delete(keyOf(kind, id)),
    revokeByGrantId: async (grantId) => void this.#forget((entry) => entry.kind === kind && entry.payload.grantId === grantId),
  });

  /** Forgets everything of these kinds; says how many things that were. */
  forget(...kinds: readonly string[]): number {
    return this.#forget(({ kind }) => kinds.includes(kind));
  }

  /** How many live things of a kind there are that nobody has used up. */
  count(kind: string): number {
    return this.#of(kind).filter(({ consumed }) => consumed === undefined).length;
  }

  #of(kind: string): readonly AdapterPayload[] {
    return [...this.#entries.values()].filter((entry) => entry.kind === kind && entry.endsOn > Date.now()).map(({ payload }) => payload);
  }

  #live(key: string): AdapterPayload | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.endsOn <= Date.now() ? undefined : entry.payload;
  }

  #forget(isMeant: (entry: Entry) => boolean): number {
    const gone = [...this.#entries].filter(([, entry]) => isMeant(entry));
    for (const [key] of gone) this.#entries.delete(key);
    return gone.length;
  }
}

function keyOf(kind: string, id: string): string {
  return `${kind} ${id}`;
}
