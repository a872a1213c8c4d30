/**
 * The client under test, as the conformance suite starts it: one process a scenario, the server's url as its last argument,
 * the scenario and the revision in the environment. It does what an ordinary host does, through the public API only, and
 * leaves the judging to the suite: it knows no answer that a server gives, and no value that a check compares.
 *
 * It offers the revision of the scenario and earlier ones; with `--default-offer` what the library offers by itself.
 *
 * Exits with 0 when everything it tried succeeded, 1 when something failed, 2 when it does not know the scenario or the
 * revision. It ends by itself, without `process.exit`: whatever were left open would keep it alive until the suite's limit.
 */
import { PROTOCOL_VERSIONS, StreamableHTTPMCPServer, createOAuth } from '../../../lib/index.ts';
import type { Authorization, OAuthOptions, Handlers, JSONObject, ProtocolVersion } from '../../../lib/index.ts';
import { sampleOf } from './sample.ts';

/** What a host does in a scenario, on a connected server. */
type Behaviour = (server: StreamableHTTPMCPServer) => Promise<void>;

/** A call, as the suite's context asks for it. */
interface ToolCall {
  readonly name: string;
  readonly arguments: JSONObject;
}

/** Looks at what there is. A server that offers no tools is not asked for them. */
async function lookAround(server: StreamableHTTPMCPServer): Promise<void> {
  await server.ping();
  if (server.serverCapabilities?.tools !== undefined) await server.listTools();
}

/** Calls each tool once, with arguments made up from its input schema. */
async function callEveryTool(server: StreamableHTTPMCPServer): Promise<void> {
  for (const { name, inputSchema } of await server.listTools()) await server.callTool(name, sampleOf(inputSchema) as JSONObject);
}

/** Calls each tool once, all at the same time. */
async function callEveryToolAtOnce(server: StreamableHTTPMCPServer): Promise<void> {
  const tools = await server.listTools();
  await Promise.all(tools.map(({ name, inputSchema }) => server.callTool(name, sampleOf(inputSchema) as JSONObject)));
}

/** Makes the calls that the suite asks for, in their order. */
async function makeCallsOfContext(server: StreamableHTTPMCPServer): Promise<void> {
  const { toolCalls } = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as { readonly toolCalls?: readonly ToolCall[] };
  for (const { name, arguments: args } of toolCalls ?? []) await server.callTool(name, args);
}

/** Uses one of each thing that the server lists: tools, resources, prompts. */
async function useEverything(server: StreamableHTTPMCPServer): Promise<void> {
  const { tools, resources, prompts } = server.serverCapabilities ?? {};
  if (tools !== undefined) await callEveryTool(server);
  if (resources !== undefined) for (const { uri } of await server.listResources()) await server.listResourceContents(uri);
  if (prompts === undefined) return;
  for (const { name, arguments: asked = [] } of await server.listPrompts()) {
    await server.getPrompt(name, Object.fromEntries(asked.map((argument) => [argument.name, 'text'])));
  }
}

/** Hands the input schema of one tool, as it was listed, to another tool that takes it as an argument. */
async function handOnSchema(server: StreamableHTTPMCPServer): Promise<void> {
  const tools = await server.listTools();
  const described = tools.find(({ name }) => name === 'json_schema_2020_12_tool');
  if (described === undefined) throw new Error(`The server lists no such tool, only ${tools.map(({ name }) => name).join(', ')}`);
  await server.callTool('json_schema_echo', { schema: described.inputSchema as JSONObject });
}

/** The scenarios by name; README.md beside this file lists all that the suite has. */
const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['initialize', lookAround],
  ['tools_call', callEveryTool],
  ['sse-retry', callEveryTool],
  ['json-schema-2020-12-preservation', handOnSchema],
  ['elicitation-sep1034-client-defaults', callEveryTool],
  ['request-metadata', lookAround],
  ['sep-2322-client-request-state', callEveryToolAtOnce],
  ['http-standard-headers', useEverything],
  ['http-custom-headers', makeCallsOfContext],
  ['http-invalid-tool-headers', callEveryTool],
  ['json-schema-ref-no-deref', lookAround],
]);

/** What a host of the kind that the scenario is about is set up with, from what the suite gives it. Where none is named here a user signs in, as a client that says who it is by its document. */
const SETTINGS: ReadonlyMap<string, (context: Context) => OAuthOptions> = new Map<string, (context: Context) => OAuthOptions>([
  ['auth/pre-registration', ({ client_id = '', client_secret, issuer }) => ({ ...SIGNED_IN, client: { id: client_id, secret: client_secret, issuer } })],
  ['auth/client-credentials-basic', ({ client_id = '', client_secret, issuer }) => ({ grant: { type: 'client_credentials' }, client: { id: client_id, secret: client_secret, issuer } })],
  ['auth/client-credentials-jwt', ({ client_id = '', private_key_pem, issuer }) => ({ grant: { type: 'client_credentials' }, client: { id: client_id, privateKey: private_key_pem, issuer } })],
  ['auth/wif-jwt-bearer', ({ client_id = '', valid_jwt = '', issuer }) => ({ grant: { type: 'jwt_bearer', assertion: () => valid_jwt }, client: { id: client_id, issuer } })],
  [
    'auth/enterprise-managed-authorization',
    ({ client_id = '', client_secret, issuer, idp_client_id = '', idp_id_token = '', idp_issuer = '', idp_token_endpoint = '' }) => ({
      grant: { type: 'enterprise', identityProvider: { issuer: idp_issuer, tokenEndpoint: idp_token_endpoint, clientId: idp_client_id }, idToken: () => idp_id_token },
      client: { id: client_id, secret: client_secret, issuer },
    }),
  ],
]);

type Context = Readonly<Record<string, string | undefined>>;

/** A user whose browser goes where it is sent, and comes back. */
const SIGNED_IN: OAuthOptions = {
  clientName: 'barewire conformance client',
  clientDocumentUrl: 'https://conformance-test.local/client-metadata.json',
  redirectUrl: 'http://localhost:3000/callback',
  signIn: async ({ url, signal }) => {
    const response = await fetch(url, { redirect: 'manual', signal });
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (location === null) throw new Error(`The authorization endpoint answered with status ${response.status} and sent the browser nowhere`);
    return new URL(location, url);
  },
};

/** The authorization of a host in `scenario`. The servers of the suite are on this machine. */
function authorizationFor(scenario: string): Authorization | undefined {
  if (!scenario.startsWith('auth/')) return undefined;
  const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as Context;
  return createOAuth({ ...(SETTINGS.get(scenario)?.(context) ?? SIGNED_IN), allowLoopback: true });
}

/** A user who accepts every form as it is shown, a model that says one thing, and a place to work in. */
const HANDLERS: Handlers = {
  elicitation: () => ({ action: 'accept' }),
  sampling: () => ({ role: 'assistant', content: { type: 'text', text: 'said' }, model: 'none' }),
  roots: () => [{ uri: 'file:///somewhere' }],
};

/** The revision asked for, and the older ones that a server may answer with; none when this client does not speak it. */
function offerFor(revision: string): readonly ProtocolVersion[] {
  const index = PROTOCOL_VERSIONS.findIndex((known) => known === revision);
  return index < 0 ? [] : PROTOCOL_VERSIONS.slice(index);
}

async function main(): Promise<number> {
  const serverUrl = process.argv.at(-1) ?? '';
  const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
  const revision = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '';
  const behaviour = BEHAVIOURS.get(scenario) ?? (scenario.startsWith('auth/') ? callEveryTool : undefined);
  const protocolVersions = offerFor(revision);
  if (behaviour === undefined || protocolVersions.length === 0) {
    console.error(`This client has no behaviour for the scenario ${scenario} at ${revision}`);
    return 2;
  }
  // The suite's url is the endpoint, even where it has no path.
  const mcpEndpoint = new URL(serverUrl).pathname;
  const offer = process.argv.includes('--default-offer') ? {} : { protocolVersions };
  const server = new StreamableHTTPMCPServer({ serverName: scenario, serverUrl, mcpEndpoint, ...offer, handlers: HANDLERS, authorization: authorizationFor(scenario) });
  server.on('fault', (fault) => console.error('fault:', fault));
  try {
    await server.connect();
    await behaviour(server);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await server.cleanup();
  }
}

process.exitCode = await main();
