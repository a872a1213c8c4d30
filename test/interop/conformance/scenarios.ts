/** Which scenarios of the suite are run, and which are not, and why. Together they are all that the suite has for clients. */

/** A scenario, with the revisions that its server and its checks speak: it is run at each of them. */
export interface Scenario {
  readonly name: string;
  readonly revisions: readonly string[];
  /** Whether the suite compares all that the client sends with the schema of the revision: the check `wire-schema-valid`. */
  readonly wire?: true;
  /** Whether a check compares times of the clock, which a busy machine can spoil. */
  readonly timed?: true;
  /** Whether the suite lists it as one of an extension, without revisions. */
  readonly extension?: true;
}

/** A scenario as the suite lists it. */
export type Listed = Pick<Scenario, 'name' | 'revisions'>;

const [MARCH, JUNE, NOVEMBER, JULY] = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const;

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
  { name: 'auth/metadata-default', revisions: [NOVEMBER, JULY] },
  { name: 'auth/metadata-var1', revisions: [NOVEMBER, JULY] },
  { name: 'auth/metadata-var2', revisions: [NOVEMBER, JULY] },
  { name: 'auth/metadata-var3', revisions: [NOVEMBER, JULY] },
  { name: 'auth/basic-cimd', revisions: [NOVEMBER, JULY] },
  { name: 'auth/scope-from-www-authenticate', revisions: [NOVEMBER, JULY] },
  { name: 'auth/scope-from-scopes-supported', revisions: [NOVEMBER, JULY] },
  { name: 'auth/scope-omitted-when-undefined', revisions: [NOVEMBER, JULY] },
  { name: 'auth/scope-step-up', revisions: [NOVEMBER, JULY] },
  { name: 'auth/scope-retry-limit', revisions: [NOVEMBER, JULY] },
  { name: 'auth/token-endpoint-auth-basic', revisions: [JUNE, NOVEMBER, JULY] },
  { name: 'auth/token-endpoint-auth-post', revisions: [JUNE, NOVEMBER, JULY] },
  { name: 'auth/token-endpoint-auth-none', revisions: [JUNE, NOVEMBER, JULY] },
  { name: 'auth/pre-registration', revisions: [NOVEMBER, JULY] },
  { name: 'auth/2025-03-26-oauth-metadata-backcompat', revisions: [MARCH] },
  { name: 'auth/2025-03-26-oauth-endpoint-fallback', revisions: [MARCH] },
  { name: 'auth/resource-mismatch', revisions: [JULY] },
  { name: 'auth/offline-access-scope', revisions: [JULY] },
  { name: 'auth/offline-access-not-supported', revisions: [JULY] },
  { name: 'auth/authorization-server-migration', revisions: [JULY] },
  { name: 'auth/iss-supported', revisions: [JULY] },
  { name: 'auth/iss-not-advertised', revisions: [JULY] },
  { name: 'auth/iss-supported-missing', revisions: [JULY] },
  { name: 'auth/iss-wrong-issuer', revisions: [JULY] },
  { name: 'auth/iss-unexpected', revisions: [JULY] },
  { name: 'auth/iss-normalized', revisions: [JULY] },
  { name: 'auth/metadata-issuer-mismatch', revisions: [JULY] },
  { name: 'auth/client-credentials-jwt', revisions: [NOVEMBER, JULY], extension: true },
  { name: 'auth/client-credentials-basic', revisions: [NOVEMBER, JULY], extension: true },
  { name: 'auth/enterprise-managed-authorization', revisions: [NOVEMBER, JULY], extension: true },
  { name: 'auth/dpop', revisions: [NOVEMBER, JULY], extension: true },
  { name: 'auth/dpop-nonce', revisions: [NOVEMBER, JULY], extension: true },
  { name: 'auth/wif-jwt-bearer', revisions: [NOVEMBER, JULY], extension: true },
];

/** Scenarios that are not run, with the reason. */
export const SET_ASIDE: ReadonlyMap<string, string> = new Map([
  ['sep-2640-client-no-prefetch', 'the extension for skills is not built'],
  ['sep-2640-client-verify-digest', 'the extension for skills is not built'],
  ['sep-2640-client-verify-size', 'the extension for skills is not built'],
  ['sep-2640-client-verify-frontmatter', 'the extension for skills is not built'],
]);

/** What the tables above and the suite's own list do not agree on, a sentence each; nothing that the suite has can go unseen. */
export function disagreements(listed: readonly Listed[]): string[] {
  const known = new Map(SCENARIOS.map((scenario) => [scenario.name, scenario]));
  const sentences = listed.flatMap(({ name, revisions }) => {
    const scenario = known.get(name);
    if (scenario === undefined) {
      return SET_ASIDE.has(name) ? [] : [`${name} [${revisions.join(', ')}] is neither run nor set aside`];
    }
    const [here, there] = [scenario.extension === true ? 'extension' : scenario.revisions.join(', '), revisions.join(', ')];
    return here === there ? [] : [`${name} is run at ${here}; the suite has it at ${there}`];
  });
  const gone = [...known.keys(), ...SET_ASIDE.keys()].filter((key) => !listed.some(({ name }) => name === key));
  return [...sentences, ...gone.map((name) => `the suite has no ${name}`)];
}
