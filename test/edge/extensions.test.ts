/** Extensions as objects of the host, with a server in a process of its own that has one, over pipes and sockets. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { StdioMCPServer, StreamableHTTPMCPServer } from '../../lib/index.ts';
import type { Extension, MCPError, MCPServerProtocol } from '../../lib/index.ts';
import { fixtureCommand } from '../helpers/fixture.ts';
import { mcpRejection, rejection, textOf } from '../helpers/with-server.ts';

const FIXTURE = 'drafts-server.mjs';
const NAME = 'com.example/drafts';
const children: ChildProcess[] = [];

async function serve(...words: readonly string[]): Promise<string> {
  const [command = '', ...args] = fixtureCommand(FIXTURE, '--http', ...words);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return (JSON.parse(line.toString()) as { url: string }).url;
}

let url = '';
let silentURL = '';
before(async () => {
  [url, silentURL] = await Promise.all([serve(), serve('--silent')]);
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** What a host knows of drafts; `written` gets what the server tells. */
function draftsExtension(written: unknown[]): Extension {
  return {
    name: NAME,
    settings: { format: 'html' },
    methods: { 'drafts/finish': { nameParam: 'draftId' } },
    results: { draft: { methods: ['tools/call'], complete: ({ draftId }, call) => call.request('drafts/finish', { draftId }) } },
    notifications: {
      'notifications/drafts/written': {
        check({ draftId, words }) {
          if (typeof words !== 'number') throw new TypeError('words must be a number');
          return { draftId, words };
        },
        heard: (value) => written.push(value),
      },
    },
  };
}

interface Given {
  readonly isSilent?: boolean;
  readonly extensions?: readonly Extension[];
}
const common = { serverName: 'drafts', healthCheckIntervalMs: 0 };
const roads: ReadonlyArray<[name: string, make: (given: Given) => MCPServerProtocol]> = [
  ['stdio', ({ isSilent = false, extensions }) => new StdioMCPServer({ ...common, extensions, command: fixtureCommand(FIXTURE, ...(isSilent ? ['--silent'] : [])) })],
  ['HTTP', ({ isSilent = false, extensions }) => new StreamableHTTPMCPServer({ ...common, extensions, serverUrl: isSilent ? silentURL : url })],
];

for (const [name, make] of roads) {
  const withServer = async (given: Given, body: (server: MCPServerProtocol, faults: readonly MCPError[]) => Promise<void>): Promise<void> => {
    const server = make(given);
    const faults: MCPError[] = [];
    server.on('fault', (fault) => faults.push(fault));
    try {
      await server.connect();
      await body(server, faults);
    } finally {
      await server.cleanup();
    }
  };

  describe(`an extension that both sides have, over ${name}`, () => {
    test('each says its settings; a result of its kind is completed, a notification heard, a request sent', async () => {
      const written: unknown[] = [];
      await withServer({ extensions: [draftsExtension(written)] }, async (server, faults) => {
        const drafts = server.extensions.get(NAME);
        assert.deepEqual([[...server.extensions.keys()], drafts?.settings], [[NAME], { formats: ['text', 'html'] }]);
        assert.equal(textOf(await server.callTool('write', { topic: 'bees' })), 'All about bees, as html.');
        const [{ draftId }] = written as [{ draftId: string }];
        assert.deepEqual(written, [{ draftId, words: 3 }]);
        const finished = await drafts?.request('drafts/finish', { draftId });
        assert.deepEqual(finished?.['content'], [{ type: 'text', text: 'All about bees, as html.' }]);
        const refused = await mcpRejection(drafts?.request('drafts/finish', { draftId: 'none' }) as Promise<unknown>, 'RPCError', 'ERR_MCP_RPC');
        assert.match(refused.message, /There is no draft none/);
        assert.match(String(await rejection(drafts?.request('drafts/burn') as Promise<unknown>)), /TypeError: method must be one of the extension com\.example\/drafts: drafts\/finish/);
        assert.deepEqual(faults, []);
      });
    });

    test('what it refuses of a notification is a fault, and no more', async () => {
      const written: unknown[] = [];
      await withServer({ extensions: [draftsExtension(written)] }, async (server, faults) => {
        assert.equal(textOf(await server.callTool('write', { topic: 'nothing' })), 'All about nothing, as html.');
        assert.deepEqual([written, faults.map(({ code, details }) => [code, details['method']])], [[], [['ERR_MCP_INVALID_PARAMS', 'notifications/drafts/written']]]);
      });
    });

    test('is not there where the host does not have it: the server answers as everybody else', async () => {
      await withServer({}, async (server, faults) => {
        assert.equal(server.extensions.size, 0);
        assert.equal(textOf(await server.callTool('write', { topic: 'bees' })), 'All about bees.');
        assert.deepEqual(faults, []);
      });
    });

    test('is not active where the server does not declare it: its results are refused, its notifications dropped', async () => {
      const written: unknown[] = [];
      await withServer({ isSilent: true, extensions: [draftsExtension(written)] }, async (server, faults) => {
        assert.equal(server.extensions.size, 0);
        const error = await mcpRejection(server.callTool('write', { topic: 'bees' }), 'PeerProtocolError', 'ERR_MCP_INVALID_RESULT');
        assert.deepEqual(error.details, { method: 'tools/call', pointer: '/resultType' });
        assert.deepEqual([written, faults.map(({ code }) => code)], [[], ['ERR_MCP_UNEXPECTED_METHOD']]);
      });
    });
  });
}
