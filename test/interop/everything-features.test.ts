/**
 * `@modelcontextprotocol/server-everything` on every road: handshake, resources, templates, prompts, completion, logging.
 * The expected values are what the server's own sources say.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { InvalidValueError, RPCError } from '../../lib/index.ts';
import { EVERYTHING, until, withPeer } from './peers.ts';
import { everyRoad } from './roads.ts';
import type { Guest } from './roads.ts';

const DOCUMENTS = join(dirname(EVERYTHING), 'docs');

const text = (value: string): { type: string; text: string } => ({ type: 'text', text: value });

/** Whether an error is what becomes of the server's answer -32602, with its words and that answer as cause. */
function refusedWith(words: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof InvalidValueError);
    assert.equal(error.code, 'ERR_MCP_INVALID_ARGUMENTS');
    assert.equal(error.delivery, 'answered');
    assert.match(error.message, words);
    assert.ok(error.cause instanceof RPCError);
    assert.equal(error.cause.rpcCode, -32602);
    return true;
  };
}

const MESSAGES = new Map([
  ['debug', 'Debug-level message'],
  ['info', 'Info-level message'],
  ['notice', 'Notice-level message'],
  ['warning', 'Warning-level message'],
  ['error', 'Error-level message'],
  ['critical', 'Critical-level message'],
  ['alert', 'Alert level-message'],
  ['emergency', 'Emergency-level message'],
]);

/**
 * Lets the server log one message of a random level at a time, which it does whenever its logging is turned on, until
 * `enough` is true. After 600 messages each level is missing with a chance below 10^-34.
 */
async function logUntil({ server, session, listening }: Guest, enough: () => boolean): Promise<void> {
  await listening();
  for (let turns = 0; !enough() && turns < 600; turns += 1) {
    const started = await server.callTool('toggle-simulated-logging');
    const words = (started.content[0] as { text: string }).text;
    assert.ok(words.startsWith(`Started simulated, random-leveled logging for session ${session()} at a 5 second pace.`), words);
    const stopped = await server.callTool('toggle-simulated-logging');
    assert.deepEqual(stopped.content, [text(`Stopped simulated logging for session ${session()}`)]);
  }
  assert.ok(enough(), 'the messages came');
}

for (const { name, withGuest } of everyRoad()) {
  const withEverything = (body: (guest: Guest) => Promise<void>): Promise<void> => withGuest({}, body);

  describe(`server-everything over ${name}: the handshake`, () => {
    for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
      test(`agrees on ${revision} when only that is offered, and works in it (lifecycle, "Version Negotiation")`, async () => {
        await withGuest({ protocolVersions: [revision] }, async ({ server }) => {
          assert.equal(server.protocolVersion, revision);
          assert.equal(server.era, 'legacy');
          await server.ping();
          assert.equal((await server.listTools()).length, 13);
          assert.deepEqual(await server.callTool('echo', { message: revision }), { content: [text(`Echo: ${revision}`)] });
          assert.equal((await server.listResourceTemplates()).length, 2);
          const { messages } = await server.getPrompt('args-prompt', { city: 'Oslo' });
          assert.deepEqual(messages, [{ role: 'user', content: text("What's weather in Oslo?") }]);
          const completion = await server.complete({ type: 'ref/prompt', name: 'completable-prompt' }, { name: 'department', value: 'En' });
          assert.deepEqual(completion.values, ['Engineering']);
          const seen: number[] = [];
          const onProgress = ({ progress }: { progress: number }): unknown => seen.push(progress);
          await server.callTool('trigger-long-running-operation', { duration: 0.1, steps: 2 }, { onProgress });
          assert.deepEqual(seen, [1, 2]);
        });
      });
    }

    test('agrees on the newest legacy revision when nothing is said, and tells who it is and what it can do', async () => {
      await withEverything(async ({ server }) => {
        assert.equal(server.protocolVersion, '2025-11-25');
        assert.deepEqual(server.serverInfo, { name: 'mcp-servers/everything', title: 'Everything Reference Server', version: '2.0.0' });
        assert.deepEqual(server.serverCapabilities, {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          logging: {},
          tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
          completions: {},
        });
        assert.equal(server.instructions, readFileSync(join(DOCUMENTS, 'instructions.md'), 'utf8'));
      });
    });

    test('connects a second time after cleanup, as a new process or session', async () => {
      await withEverything(async ({ server, identity }) => {
        const first = identity();
        await server.cleanup();
        assert.equal(server.connectionState, 'disconnected');
        await server.connect();
        await until(() => identity() !== first, 'the server sees somebody new');
        assert.deepEqual((await server.callTool('echo', { message: 'again' })).content, [text('Echo: again')]);
      });
    });
  });

  describe(`server-everything over ${name}: resources`, () => {
    test('lists one resource for each of its documents: all, page by page, one by one', async () => {
      await withEverything(async ({ server }) => {
        const expected = readdirSync(DOCUMENTS).map((name) => ({
          uri: `demo://resource/static/document/${name}`,
          name,
          mimeType: 'text/markdown',
          description: `Static document file exposed from /docs: ${name}`,
        }));
        assert.equal(expected.length, 7);
        assert.deepEqual(await server.listResources(), expected);
        assert.deepEqual((await server.listResourcesPage()).resources, expected);
        const iterated: string[] = [];
        for await (const resource of server.iterateResources()) iterated.push(resource.name);
        assert.deepEqual(iterated, expected.map(({ name }) => name));
      });
    });

    test('reads every document exactly as it is on disk', async () => {
      await withEverything(async ({ server }) => {
        for (const { uri, name } of await server.listResources()) {
          assert.deepEqual(await server.listResourceContents(uri), [
            { uri, mimeType: 'text/markdown', text: readFileSync(join(DOCUMENTS, name), 'utf8') },
          ]);
        }
      });
    });

    test('lists both templates: all, page by page, one by one', async () => {
      await withEverything(async ({ server }) => {
        const expected = [
          {
            name: 'Dynamic Text Resource',
            uriTemplate: 'demo://resource/dynamic/text/{resourceId}',
            mimeType: 'text/plain',
            description: 'Plaintext dynamic resource fabricated from the {resourceId} variable, which must be an integer.',
          },
          {
            name: 'Dynamic Blob Resource',
            uriTemplate: 'demo://resource/dynamic/blob/{resourceId}',
            mimeType: 'application/octet-stream',
            description: 'Binary (base64) dynamic resource fabricated from the {resourceId} variable, which must be an integer.',
          },
        ];
        assert.deepEqual(await server.listResourceTemplates(), expected);
        assert.deepEqual((await server.listResourceTemplatesPage()).resourceTemplates, expected);
        const iterated: string[] = [];
        for await (const template of server.iterateResourceTemplates()) iterated.push(template.name);
        assert.deepEqual(iterated, ['Dynamic Text Resource', 'Dynamic Blob Resource']);
      });
    });

    test('reads what a template makes: text as text, bytes as base64', async () => {
      await withEverything(async ({ server }) => {
        const [asText, ...noMoreText] = await server.listResourceContents('demo://resource/dynamic/text/12');
        assert.equal(noMoreText.length, 0);
        assert.equal(asText?.uri, 'demo://resource/dynamic/text/12');
        assert.equal(asText?.mimeType, 'text/plain');
        assert.match(asText?.text ?? '', /^Resource 12: This is a plaintext resource created at .+$/);
        assert.equal(asText?.blob, undefined);

        const [asBlob] = await server.listResourceContents('demo://resource/dynamic/blob/7');
        assert.equal(asBlob?.uri, 'demo://resource/dynamic/blob/7');
        assert.equal(asBlob?.text, undefined);
        assert.match(Buffer.from(asBlob?.blob ?? '', 'base64').toString(), /^Resource 7: This is a base64 blob created at .+$/);
      });
    });

    test('an unknown uri is an InvalidValueError with the server’s words; what is no uri at all is never sent', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.listResourceContents('demo://resource/nowhere'), (error: unknown) => {
          assert.ok(error instanceof InvalidValueError);
          assert.equal(error.code, 'ERR_MCP_RESOURCE_NOT_FOUND');
          assert.equal(error.delivery, 'answered');
          assert.match(error.message, /demo:\/\/resource\/nowhere/);
          return true;
        });
        await assert.rejects(server.listResourceContents('not a uri'), (error: unknown) => {
          assert.ok(error instanceof InvalidValueError);
          assert.equal(error.code, 'ERR_MCP_INVALID_URI');
          assert.equal(error.delivery, 'unsent');
          return true;
        });
      });
    });

    test('a uri of a template whose variable is wrong is the server’s internal error, told as such', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.listResourceContents('demo://resource/dynamic/text/zero'), (error: unknown) => {
          assert.ok(error instanceof RPCError);
          assert.equal(error.rpcCode, -32603);
          assert.match(error.message, /Unknown resource: demo:\/\/resource\/dynamic\/text\/zero/);
          return true;
        });
      });
    });
  });

  describe(`server-everything over ${name}: prompts`, () => {
    test('lists its four prompts with their arguments: all, page by page, one by one', async () => {
      await withEverything(async ({ server }) => {
        const expected = [
          { name: 'simple-prompt', title: 'Simple Prompt', description: 'A prompt with no arguments' },
          {
            name: 'args-prompt',
            title: 'Arguments Prompt',
            description: 'A prompt with two arguments, one required and one optional',
            arguments: [
              { name: 'city', description: 'Name of the city', required: true },
              { name: 'state', required: false },
            ],
          },
          {
            name: 'completable-prompt',
            title: 'Team Management',
            description: 'First argument choice narrows values for second argument.',
            arguments: [
              { name: 'department', description: 'Choose the department.', required: true },
              { name: 'name', description: 'Choose a team member to lead the selected department.', required: true },
            ],
          },
          {
            name: 'resource-prompt',
            title: 'Resource Prompt',
            description: 'A prompt that includes an embedded resource reference',
            arguments: [
              { name: 'resourceType', description: 'Type of resource to fetch', required: true },
              { name: 'resourceId', description: 'ID of the text resource to fetch', required: true },
            ],
          },
        ];
        assert.deepEqual(await server.listPrompts(), expected);
        assert.deepEqual((await server.listPromptsPage()).prompts, expected);
        const iterated: string[] = [];
        for await (const prompt of server.iteratePrompts()) iterated.push(prompt.name);
        assert.deepEqual(iterated, expected.map(({ name }) => name));
      });
    });

    test('fills in every prompt', async () => {
      await withEverything(async ({ server }) => {
        const user = (content: unknown): unknown => ({ role: 'user', content });
        assert.deepEqual((await server.getPrompt('simple-prompt')).messages, [user(text('This is a simple prompt without arguments.'))]);
        assert.deepEqual((await server.getPrompt('args-prompt', { city: 'Reno' })).messages, [user(text("What's weather in Reno?"))]);
        assert.deepEqual((await server.getPrompt('args-prompt', { city: 'Reno', state: 'Nevada' })).messages, [
          user(text("What's weather in Reno, Nevada?")),
        ]);
        assert.deepEqual((await server.getPrompt('completable-prompt', { department: 'Sales', name: 'Eve' })).messages, [
          user(text('Please promote Eve to the head of the Sales team.')),
        ]);
      });
    });

    test('embeds a resource in a prompt: as text, and as bytes', async () => {
      await withEverything(async ({ server }) => {
        for (const resourceType of ['Text', 'Blob']) {
          const { messages } = await server.getPrompt('resource-prompt', { resourceType, resourceId: '5' });
          assert.deepEqual(messages.map(({ role }) => role), ['user', 'user']);
          const introduction = `This prompt includes the ${resourceType} resource with id: 5. Please analyze the following resource:`;
          assert.deepEqual(messages[0]?.content, text(introduction));
          const block = messages[1]?.content as { type: string; resource: { uri: string; mimeType: string; text?: string; blob?: string } };
          assert.equal(block.type, 'resource');
          assert.equal(block.resource.uri, `demo://resource/dynamic/${resourceType.toLowerCase()}/5`);
          assert.equal(block.resource.mimeType, 'text/plain');
          const words = block.resource.text ?? Buffer.from(block.resource.blob ?? '', 'base64').toString();
          const kind = resourceType === 'Text' ? 'plaintext resource' : 'base64 blob';
          assert.ok(words.startsWith(`Resource 5: This is a ${kind} created at `), words);
        }
      });
    });

    test('a prompt that fails on its arguments rejects with the server’s own code and words', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.getPrompt('resource-prompt', { resourceType: 'Zip', resourceId: '5' }), (error: unknown) => {
          assert.ok(error instanceof RPCError);
          assert.equal(error.rpcCode, -32603);
          assert.equal(error.delivery, 'answered');
          assert.match(error.message, /Invalid resourceType: Zip\. Must be Text or Blob\./);
          return true;
        });
      });
    });

    test('an unknown prompt, and one without its required argument, are refused with the name of what is wrong', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.getPrompt('no-such-prompt'), refusedWith(/Prompt no-such-prompt not found/));
        await assert.rejects(server.getPrompt('args-prompt', {}), refusedWith(/expected string, received undefined at city/));
      });
    });
  });

  describe(`server-everything over ${name}: completion`, () => {
    const prompt = (name: string): { type: 'ref/prompt'; name: string } => ({ type: 'ref/prompt', name });

    test('completes an argument of a prompt, and narrows it by what was chosen before (completion, "Context")', async () => {
      await withEverything(async ({ server }) => {
        const department = async (value: string): Promise<unknown> =>
          await server.complete(prompt('completable-prompt'), { name: 'department', value });
        assert.deepEqual(await department(''), { values: ['Engineering', 'Sales', 'Marketing', 'Support'], total: 4, hasMore: false });
        assert.deepEqual(await department('S'), { values: ['Sales', 'Support'], total: 2, hasMore: false });
        assert.deepEqual(await department('x'), { values: [], total: 0, hasMore: false });

        const members = { Engineering: ['Alice', 'Bob', 'Charlie'], Sales: ['David', 'Eve', 'Frank'], Marketing: ['Grace', 'Henry', 'Iris'] };
        for (const [chosen, values] of Object.entries(members)) {
          const context = { arguments: { department: chosen } };
          const completion = await server.complete(prompt('completable-prompt'), { name: 'name', value: '' }, { context });
          assert.deepEqual(completion, { values, total: 3, hasMore: false });
        }
        const context = { arguments: { department: 'Support' } };
        assert.deepEqual((await server.complete(prompt('completable-prompt'), { name: 'name', value: 'K' }, { context })).values, ['Kim']);
        assert.deepEqual((await server.complete(prompt('completable-prompt'), { name: 'name', value: '' })).values, []);
      });
    });

    test('completes the arguments of the prompt with a resource, and the variable of both templates', async () => {
      await withEverything(async ({ server }) => {
        const values = async (ref: Parameters<typeof server.complete>[0], name: string, value: string): Promise<readonly string[]> =>
          (await server.complete(ref, { name, value })).values;
        assert.deepEqual(await values(prompt('resource-prompt'), 'resourceType', ''), ['Text', 'Blob']);
        assert.deepEqual(await values(prompt('resource-prompt'), 'resourceType', 'B'), ['Blob']);
        assert.deepEqual(await values(prompt('resource-prompt'), 'resourceId', '12'), ['12']);
        assert.deepEqual(await values(prompt('resource-prompt'), 'resourceId', '-1'), []);
        for (const kind of ['text', 'blob']) {
          const template = { type: 'ref/resource', uri: `demo://resource/dynamic/${kind}/{resourceId}` } as const;
          assert.deepEqual(await values(template, 'resourceId', '9'), ['9']);
          assert.deepEqual(await values(template, 'resourceId', 'nine'), []);
        }
      });
    });

    test('an argument without completion has none; an unknown prompt or template is an error', async () => {
      await withEverything(async ({ server }) => {
        assert.deepEqual(await server.complete(prompt('args-prompt'), { name: 'city', value: '' }), { values: [], hasMore: false });
        const unknownPrompt = server.complete(prompt('no-such-prompt'), { name: 'x', value: '' });
        await assert.rejects(unknownPrompt, refusedWith(/Prompt no-such-prompt not found/));
        const unknownTemplate = server.complete({ type: 'ref/resource', uri: 'demo://no/{such}' }, { name: 'such', value: '' });
        await assert.rejects(unknownTemplate, refusedWith(/Resource template demo:\/\/no\/\{such\} not found/));
      });
    });
  });

  describe(`server-everything over ${name}: subscriptions`, () => {
    test('an update of each resource that is followed is told once, and none of one that was left (resources, "Subscriptions")', async () => {
      await withEverything(async ({ server, session, listening }) => {
        await listening();
        const uri = (id: number): string => `demo://resource/dynamic/text/${id}`;
        const left = await server.subscribe({ uris: [uri(1), uri(2)] });
        const subscription = await server.subscribe({ tools: true, uris: [uri(2), uri(3)] });
        assert.deepEqual(subscription.honoured, { tools: true, prompts: false, resources: false, uris: [uri(2), uri(3)] });
        await left.close();
        const told: string[] = [];
        server.on('resourceUpdated', (update) => told.push(update.uri));
        const { content } = await server.callTool('toggle-subscriber-updates');
        assert.match((content[0] as { text: string }).text, /^Started simulated resource updated notifications/);
        const heard: unknown[] = [];
        for await (const change of subscription) {
          heard.push(change);
          if (heard.length === 2) break;
        }
        assert.deepEqual(heard, [uri(2), uri(3)].map((of) => ({ kind: 'resourceUpdated', uri: of })));
        assert.deepEqual(told, [uri(2), uri(3)]);
        assert.deepEqual((await server.callTool('toggle-subscriber-updates')).content, [text(`Stopped simulated resource updates for session ${session()}`)]);
        assert.deepEqual(await subscription.ended, { how: 'local' });
      });
    });
  });

  describe(`server-everything over ${name}: logging`, () => {
    test('toggle-simulated-logging: every level arrives as an event with its text', async () => {
      await withEverything(async (guest) => {
        const heard = new Map<string, unknown>();
        guest.server.on('log', ({ level, data }) => heard.set(level, data));
        await logUntil(guest, () => heard.size === MESSAGES.size);
        const { session } = guest;
        const suffix = session() === 'undefined' ? '' : ` - SessionId ${session()}`;
        assert.deepEqual(heard, new Map([...MESSAGES].map(([level, message]) => [level, `${message}${suffix}`])));
      });
    });

    test('setLogLevel: nothing below the level arrives, and the level can be lowered again (logging, "Setting Log Level")', async () => {
      await withEverything(async (guest) => {
        let heard: string[] = [];
        guest.server.on('log', ({ level }) => heard.push(level));
        await guest.server.setLogLevel('alert');
        await logUntil(guest, () => heard.includes('alert') && heard.includes('emergency'));
        assert.deepEqual([...new Set(heard)].sort(), ['alert', 'emergency']);
        heard = [];
        await guest.server.setLogLevel('debug');
        await logUntil(guest, () => new Set(heard).size === MESSAGES.size);
      });
    });

    test('a level that the protocol does not have is refused at the door', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.setLogLevel('loud' as 'debug'), (error: unknown) => error instanceof TypeError || error instanceof RangeError);
      });
    });

    test('a listener that was taken off hears nothing more, and the others go on', async () => {
      await withEverything(async (guest) => {
        let first = 0;
        let second = 0;
        const stop = guest.server.on('log', () => (first += 1));
        guest.server.on('log', () => (second += 1));
        await logUntil(guest, () => first >= 1);
        stop();
        const heard = first;
        assert.equal(second, heard, 'both listeners heard the same');
        await logUntil(guest, () => second >= heard + 2);
        assert.equal(first, heard);
      });
    });
  });
}

describe('server-everything over stdio: the handshake', () => {
  test('what the child says on stderr is kept', async () => {
    await withPeer({ command: [process.execPath, EVERYTHING] }, async ({ server }) => {
      await until(() => server.stderrTail !== '', 'the child said something on stderr');
      assert.equal(server.stderrTail, 'Starting default (STDIO) server...\n');
    });
  });
});
