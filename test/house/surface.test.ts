import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as library from '../../lib/index.ts';
import { readProjectFile } from '../helpers/tree.ts';
import { maskSource } from './source-text.ts';

// Written by hand: what is added here is promised to hosts, what is taken away breaks them.
const EXPORTS = [
  'AuthorizationError',
  'ConnectionError',
  'ConnectionState',
  'ERROR_CODES',
  'InMemorySessionManager',
  'InMemoryTokenStore',
  'InputRequiredError',
  'InvalidValueError',
  'LIMITS',
  'LOG_LEVELS',
  'LimitError',
  'MCPError',
  'MCPServerProtocol',
  'PROTOCOL_VERSIONS',
  'PeerProtocolError',
  'RESPError',
  'RPCError',
  'RedisClient',
  'RedisCluster',
  'RedisError',
  'RedisSentinel',
  'RedisSessionManager',
  'RequestTimeoutError',
  'SERVER_LOG_LEVELS',
  'SchemaRegistry',
  'Secret',
  'SessionManager',
  'SessionStoreError',
  'StdioMCPServer',
  'StreamableHTTPMCPServer',
  'TASK_STATUSES',
  'URLElicitationRequiredError',
  'VERSION',
  'bearerToken',
  'checkSessionRecord',
  'compileSchema',
  'createNodeFetch',
  'createOAuth',
  'displayName',
  'escapeText',
  'expandURITemplate',
  'guardLookup',
  'isAudioContent',
  'isBlobResource',
  'isEmbeddedResource',
  'isImageContent',
  'isMCPError',
  'isResourceLink',
  'isSafeLink',
  'isTextContent',
  'isTextResource',
  'isTraceparent',
  'logServerMessages',
  'loopbackSignIn',
  'parseURITemplate',
  'receiveRedirect',
  'resourceBytes',
  'resultText',
  'safeIcons',
  'schemaSentence',
  'sessionKey',
  'toolDigest',
  'toolTypes',
  'toolsToAnthropic',
  'toolsToGemini',
  'toolsToOpenAI',
];

const HANDLE_MEMBERS = [
  'answerQuestion',
  'callTool',
  'cancelRequest',
  'cleanup',
  'complete',
  'connect',
  'connectionCause',
  'connectionState',
  'elicitURLs',
  'era',
  'extensions',
  'getPrompt',
  'getTask',
  'instructions',
  'iteratePrompts',
  'iterateResourceTemplates',
  'iterateResources',
  'iterateTasks',
  'iterateTools',
  'listPrompts',
  'listPromptsPage',
  'listResourceContents',
  'listResourceTemplates',
  'listResourceTemplatesPage',
  'listResources',
  'listResourcesPage',
  'listTasks',
  'listTasksPage',
  'listTools',
  'listToolsPage',
  'name',
  'notifyRootsChanged',
  'on',
  'pendingRequests',
  'ping',
  'protocolVersion',
  'resumeTask',
  'serverCapabilities',
  'serverInfo',
  'setLogLevel',
  'startTask',
  'subscribe',
  'use',
  'verdict',
];

const HTTP_MEMBERS = ['sessionId'];
const STDIO_MEMBERS = ['processId', 'signalProcess', 'stderrTail'];

/** The names of every public member of an object: its own fields, and what its classes have, up to Object. */
function publicMembers(object: object): string[] {
  const names = new Set(Object.keys(object));
  for (let level = Object.getPrototypeOf(object); level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
  }
  names.delete('constructor');
  return [...names].sort();
}

/** What a class of `source` declares as abstract members. */
function abstractMembers(source: string): string[] {
  const found = maskSource(source).code.matchAll(/^ {2}abstract (?:readonly |get )?(\w+)/gm);
  return [...new Set([...found].map((match) => match[1] ?? ''))].sort();
}

/** The statements of a source that are neither an import nor a list of exports by name. */
function otherStatements(source: string): string[] {
  const rest = maskSource(source).withStrings.replace(/\b(?:import|export)\s+(?:type\s+)?\{[^}]*\}\s*from\s*'[^']+';/g, '');
  return rest.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

describe('the public list is written by hand (lib/index.ts)', () => {
  test('it exports exactly these values', () => {
    assert.deepEqual(Object.keys(library).sort(), EXPORTS);
  });

  test('it is a list of names and nothing else', () => {
    assert.deepEqual(otherStatements(readProjectFile('lib/index.ts')), []);
  });

  test('a StdioMCPServer has exactly these public members', () => {
    const server = new library.StdioMCPServer({ serverName: 'pinned', command: ['node'] });
    assert.deepEqual(publicMembers(server), [...HANDLE_MEMBERS, ...STDIO_MEMBERS].sort());
    assert.ok(server instanceof library.MCPServerProtocol);
    assert.equal(typeof server[Symbol.asyncDispose as never], 'function');
  });

  test('a StreamableHTTPMCPServer has exactly these public members', () => {
    const server = new library.StreamableHTTPMCPServer({ serverName: 'pinned', serverUrl: 'http://localhost' });
    assert.deepEqual(publicMembers(server), [...HANDLE_MEMBERS, ...HTTP_MEMBERS].sort());
    assert.ok(server instanceof library.MCPServerProtocol);
  });

  test('MCPServerProtocol asks for the members that are no matter of stdio, and for no other', () => {
    const concrete = Object.getOwnPropertyNames(library.MCPServerProtocol.prototype).filter((name) => name !== 'constructor');
    const declared = abstractMembers(readProjectFile('lib/servers/mcp-server-protocol.ts'));
    assert.deepEqual([...new Set([...concrete, ...declared])].sort(), HANDLE_MEMBERS);
  });

  test('the tables it exports cannot be changed by who imports them', () => {
    const tables = Object.entries(library).filter(([, value]) => typeof value === 'object');
    assert.ok(tables.length > 2);
    assert.deepEqual(tables.filter(([, table]) => !Object.isFrozen(table)).map(([name]) => name), []);
  });
});

describe('the rules can fail', () => {
  test('a member of a parent class, a getter and a field are seen; private ones are not', () => {
    class Parent {
      inherited(): void {}
      get computed(): number {
        return this.#hidden;
      }
      readonly #hidden = 1;
    }
    class Child extends Parent {
      field = 1;
      own(): void {}
    }
    assert.deepEqual(publicMembers(new Child()), ['computed', 'field', 'inherited', 'own']);
  });

  test('abstract members are read from the source, once each, and not from comments', () => {
    const source = 'abstract class A {\n  /** abstract no */\n  abstract readonly name: string;\n  abstract get era(): string;\n  abstract on(a: 1): void;\n  abstract on(a: 2): void;\n}';
    assert.deepEqual(abstractMembers(source), ['era', 'name', 'on']);
  });

  test('a statement that is not a list of names is seen', () => {
    assert.deepEqual(otherStatements("export { a } from './a.ts';\nexport type {\n  B,\n} from './b.ts';\n// fine"), []);
    assert.deepEqual(otherStatements("export const a = 1;\nexport { b } from './b.ts';"), ['export const a = 1;']);
    assert.deepEqual(otherStatements("export * from './a.ts';"), ["export * from './a.ts';"]);
  });
});
