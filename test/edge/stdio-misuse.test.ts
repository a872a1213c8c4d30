/** A careless host: every mistake is answered at once, with a typed error, and harms no connection. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StdioMCPServer } from '../../lib/index.ts';
import type { MCPError, RequestOptions } from '../../lib/index.ts';
import { until } from '../helpers/until.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import { makeServer, mcpRejection, rejection, textOf, withConnected, withServer } from '../helpers/with-server.ts';

const demo = fixtureCommand('demo-server');

/** Every call that needs a connection. */
const calls: Record<string, (server: StdioMCPServer) => Promise<unknown>> = {
  listTools: (server) => server.listTools(),
  listToolsPage: (server) => server.listToolsPage(),
  listResources: (server) => server.listResources(),
  listResourcesPage: (server) => server.listResourcesPage(),
  listResourceTemplates: (server) => server.listResourceTemplates(),
  listResourceContents: (server) => server.listResourceContents('demo://readme'),
  listPrompts: (server) => server.listPrompts(),
  getPrompt: (server) => server.getPrompt('review', { code: '1' }),
  complete: (server) => server.complete({ type: 'ref/prompt', name: 'greet' }, { name: 'name', value: '' }),
  callTool: (server) => server.callTool('add', { a: 1, b: 2 }),
  setLogLevel: (server) => server.setLogLevel('info'),
  ping: (server) => server.ping(),
  iterateTools: (server) => server.iterateTools()[Symbol.asyncIterator]().next(),
  iterateResources: (server) => server.iterateResources()[Symbol.asyncIterator]().next(),
};

describe('a handle that is not connected', () => {
  for (const [name, call] of Object.entries(calls)) {
    test(`${name} is rejected with ConnectionError, unsent: before connect(), after cleanup(), after the child died for good`, async () => {
      await withServer({ command: fixtureCommand('exits', 'on-call', '1'), restart: 'never' }, async (server) => {
        const refused = async () => {
          const error = await mcpRejection(call(server), 'ConnectionError', 'ERR_MCP_NOT_CONNECTED');
          assert.equal(error.delivery, 'unsent');
        };
        await refused();
        await server.connect();
        await rejection(server.callTool('call'));
        await refused();
        await server.cleanup();
        await refused();
      });
    });
  }

  test('the calls above work when it is connected, so that the tests above test what they say', async () => {
    await withConnected({ command: demo, checkArguments: true }, async (server) => {
      for (const call of Object.values(calls)) await call(server);
    });
  });
});

describe('what the host changes afterwards', () => {
  test('arguments are read when the call is made', async () => {
    const record = recordFile();
    await withConnected({ command: fixtureCommand('answers-late'), serverEnv: record.serverEnv, requestTimeoutMs: 50 }, async (server) => {
      const args = { text: 'before', deep: { list: [1, 2] } };
      const meta = { mine: 'before' };
      const call = rejection(server.callTool('call', args, { meta }));
      args.text = 'after';
      args.deep.list.push(3);
      meta.mine = 'after';
      await call;
      await until(() => record.count('tools/call') === 1, 'the server has written down what it heard');
      const [sent] = record.read().filter(({ method }) => method === 'tools/call');
      assert.deepEqual(sent?.params?.['arguments'], { text: 'before', deep: { list: [1, 2] } });
      assert.equal((sent?.params?.['_meta'] as { mine: string }).mine, 'before');
    });
  });

  test('an argument that says its own JSON form is sent in that form, whether or not the list of tools is known yet', async () => {
    const record = recordFile();
    const options = { command: fixtureCommand('answers-late'), serverEnv: record.serverEnv, checkArguments: true, requestTimeoutMs: 500 };
    await withConnected(options, async (server) => {
      const args = { at: new Date(0), url: new URL('demo://readme'), left: undefined, own: { toJSON: () => 'own form' }, list: [() => 1] };
      for (let round = 0; round < 2; round++) await rejection(server.callTool('call', args));
      const sent = record.read().filter(({ method }) => method === 'tools/call');
      const expected = { at: '1970-01-01T00:00:00.000Z', url: 'demo://readme', own: 'own form', list: [null] };
      assert.deepEqual(sent.map(({ params }) => params?.['arguments']), [expected, expected]);
    });
  });

  test('options are read when the handle is made', async () => {
    const serverEnv: Record<string, string> = { FROM_HOST: 'before' };
    const limits = { maxPages: 1_000 };
    const options = { serverName: 'test', command: [...demo], serverEnv, limits, healthCheckIntervalMs: 0 };
    const server = new StdioMCPServer(options);
    serverEnv['FROM_HOST'] = 'after';
    serverEnv['ADDED'] = 'after';
    limits.maxPages = 1;
    options.command.length = 0;
    try {
      await server.connect();
      assert.equal((await server.listResources()).length, 27);
      assert.ok(!textOf(await server.callTool('environment')).includes('ADDED'));
    } finally {
      await server.cleanup();
    }
  });

  test('what the handle shows of itself is not what it works with', async () => {
    await withConnected({ command: demo }, async (server) => {
      const shown = [server.serverCapabilities, server.serverInfo, server.pendingRequests];
      for (const value of shown) {
        assert.notEqual(value, undefined);
        try {
          for (const key of Object.keys(value ?? {})) delete (value as Record<string, unknown>)[key];
        } catch (error) {
          assert.ok(error instanceof TypeError); // It is frozen: as good.
        }
      }
      assert.ok((await server.listTools()).length > 5);
      assert.equal(textOf(await server.callTool('echo', { text: 'on' })), 'on');
    });
  });

  test('a result belongs to the host: what it does to one does not show in the next', async () => {
    await withConnected({ command: demo }, async (server) => {
      const first = await server.listTools();
      (first as unknown[]).length = 0;
      assert.ok((await server.listTools()).length > 5);
    });
  });
});

describe('wrong arguments', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const unsendable: Record<string, Record<string, unknown>> = {
    'a cycle': cyclic,
    'a BigInt': { n: 1n },
    'a toJSON that throws': { toJSON: () => { throw new Error('of the host'); } },
    'a getter that throws': { get x() { throw new Error('of the host'); } },
  };
  for (const [what, args] of Object.entries(unsendable)) {
    test(`${what} in the arguments: TypeError at once, nothing waits, the connection goes on`, async () => {
      await withConnected({ command: demo }, async (server) => {
        const reason = await rejection(server.callTool('echo', args));
        assert.ok(reason instanceof TypeError, String(reason));
        assert.deepEqual(server.pendingRequests, []);
        assert.equal(textOf(await server.callTool('echo', { text: 'on' })), 'on');
      });
    });
  }

  test('a tool that is not there, or an argument that is missing, is refused before anything is sent', async () => {
    const record = recordFile();
    await withConnected({ command: fixtureCommand('answers-late'), serverEnv: record.serverEnv, checkArguments: true }, async (server) => {
      await mcpRejection(server.callTool('cal'), 'InvalidValueError', 'ERR_MCP_UNKNOWN_TOOL');
      assert.equal(record.count('tools/call'), 0);
    });
    await withConnected({ command: demo, checkArguments: true }, async (server) => {
      const error = await mcpRejection(server.callTool('add', { a: 1 }), 'InvalidValueError', 'ERR_MCP_INVALID_ARGUMENTS');
      assert.match(error.message, /b/);
    });
  });

  test('a resource that is not there, and a uri that is none, are InvalidValueError', async () => {
    await withConnected({ command: demo }, async (server) => {
      await mcpRejection(server.listResourceContents('demo://nothing'), 'InvalidValueError', 'ERR_MCP_RESOURCE_NOT_FOUND');
      await mcpRejection(server.listResourceContents('not a uri'), 'InvalidValueError', 'ERR_MCP_INVALID_URI');
      await mcpRejection(server.listResourceContents(''), 'InvalidValueError', 'ERR_MCP_INVALID_URI');
    });
  });

  const options: Record<string, unknown> = {
    'an unknown option': { timeout: 5 },
    'a timeout that is text': { timeoutMs: '5' },
    'a timeout of zero': { timeoutMs: 0 },
    'a timeout that is NaN': { timeoutMs: NaN },
    'a signal that is none': { signal: {} },
    'an onProgress that is none': { onProgress: 1 },
    'a progress token that is a fraction': { meta: { progressToken: 0.5 } },
    'a progress token that is an object': { meta: { progressToken: {} } },
    'meta that is an array': { meta: [] },
  };
  for (const [what, wrong] of Object.entries(options)) {
    test(`${what}: TypeError or RangeError at once, and nothing waits`, async () => {
      await withConnected({ command: demo }, async (server) => {
        const reason = await (async () => server.ping(wrong as RequestOptions))().then(() => undefined, (error: unknown) => error);
        assert.ok(reason instanceof TypeError || reason instanceof RangeError, String(reason));
        assert.deepEqual(server.pendingRequests, []);
      });
    });
  }

  const handles: Record<string, Record<string, unknown>> = {
    'no command': { command: undefined },
    'an empty command': { command: '' },
    'an empty argv': { command: [] },
    'an argv with a number': { command: ['node', 1] },
    'an argv with a NUL': { command: ['node', 'a\0b'] },
    'an environment with undefined': { serverEnv: { A: undefined } },
    'an environment with a number': { serverEnv: { A: 1 } },
    'an environment whose name has "="': { serverEnv: { 'A=B': '' } },
    'an environment with a NUL': { serverEnv: { A: 'a\0b' } },
    'an unknown option': { timeout: 1 },
    'a timeout that is text': { requestTimeoutMs: '1' },
    'an unknown limit': { limits: { maxMessageByte: 1 } },
    'a limit of zero': { limits: { maxMessageBytes: 0 } },
    'a revision nobody knows': { protocolVersions: ['1999-12-31'] },
    'no revision': { protocolVersions: [] },
    'a restart that is none': { restart: 'always' },
    'a name that is empty': { serverName: '' },
  };
  for (const [what, wrong] of Object.entries(handles)) {
    test(`${what}: the constructor throws TypeError or RangeError`, () => {
      assert.throws(
        () => makeServer({ command: demo, ...wrong } as Parameters<typeof makeServer>[0]),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    });
  }

  test('what the server did not declare is refused unsent', async () => {
    await withConnected({ command: fixtureCommand('answers-late') }, async (server) => {
      const call = server.complete({ type: 'ref/prompt', name: 'a' }, { name: 'b', value: '' });
      const error = await mcpRejection(call, 'InvalidValueError', 'ERR_MCP_UNSUPPORTED_METHOD');
      assert.equal(error.delivery, 'unsent');
    });
  });
});

describe('errors that leave the process', () => {
  test('no secret of the command line or the environment is in an error', async () => {
    const command = ['barewire-no-such-command', '--token', 'canary-argument'];
    const options = { command, serverEnv: { TOKEN: 'canary-value' }, maxConnectionRetries: 0 };
    await withServer(options, async (server) => {
      const error = (await rejection(server.connect())) as MCPError;
      assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /canary/);
    });
  });
});
