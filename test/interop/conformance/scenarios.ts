/** Which scenarios of the suite are run, and which are not, and why. Together they are all that the suite has for clients. */

/** A scenario, with the revisions that its server and its checks speak: it is run at each of them. */
export interface Scenario {
  readonly name: string;
  readonly revisions: readonly string[];
  /** Whether the suite compares all that the client sends with the schema of the revision: the check `wire-schema-valid`. */
  readonly wire?: true;
  /** Whether a check compares times of the clock, which a busy machine can spoil. */
  readonly timed?: true;
}

/** A scenario as the suite lists it. */
export type Listed = Pick<Scenario, 'name' | 'revisions'>;

const [JUNE, NOVEMBER, JULY] = ['2025-06-18', '2025-11-25', '2026-07-28'] as const;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'initialize', revisions: [JUNE, NOVEMBER] },
  { name: 'tools_call', revisions: [JUNE, NOVEMBER, JULY], wire: true },
  { name: 'elicitation-sep1034-client-defaults', revisions: [NOVEMBER] },
  { name: 'sse-retry', revisions: [NOVEMBER], timed: true },
  { name: 'json-schema-2020-12-preservation', revisions: [NOVEMBER, JULY], wire: true },
  { name: 'request-metadata', revisions: [JULY] },
  { name: 'sep-2322-client-request-state', revisions: [JULY] },
  { name: 'http-standard-headers', revisions: [JULY] },
  { name: 'http-custom-headers', revisions: [JULY] },
  { name: 'http-invalid-tool-headers', revisions: [JULY] },
  { name: 'json-schema-ref-no-deref', revisions: [JULY] },
];

/** Names, or beginnings of names, of scenarios that are not run, with the reason. */
export const SET_ASIDE: ReadonlyMap<string, string> = new Map([
  ['auth/', 'authorization is not built yet'],
  ['sep-2640-client-no-prefetch', 'the extension for skills is not built'],
  ['sep-2640-client-verify-digest', 'the extension for skills is not built'],
  ['sep-2640-client-verify-size', 'the extension for skills is not built'],
  ['sep-2640-client-verify-frontmatter', 'the extension for skills is not built'],
]);

/** What the tables above and the suite's own list do not agree on, a sentence each; nothing that the suite has can go unseen. */
export function disagreements(listed: readonly Listed[]): string[] {
  const known = new Map(SCENARIOS.map((scenario) => [scenario.name, scenario]));
  const isAside = (name: string, key: string): boolean => name === key || (key.endsWith('/') && name.startsWith(key));
  const sentences = listed.flatMap(({ name, revisions }) => {
    const scenario = known.get(name);
    if (scenario === undefined) {
      const isKnown = [...SET_ASIDE.keys()].some((key) => isAside(name, key));
      return isKnown ? [] : [`${name} [${revisions.join(', ')}] is neither run nor set aside`];
    }
    const [here, there] = [scenario.revisions.join(', '), revisions.join(', ')];
    return here === there ? [] : [`${name} is run at ${here}; the suite has it at ${there}`];
  });
  const has = (key: string): boolean => listed.some(({ name }) => isAside(name, key));
  const gone = [...known.keys(), ...SET_ASIDE.keys()].filter((key) => !has(key));
  return [...sentences, ...gone.map((key) => `the suite has no ${key}`)];
}
