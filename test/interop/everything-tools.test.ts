/**
 * `@modelcontextprotocol/server-everything` on every road: every tool it has for a client that declares no capability.
 * The expected values are what the server's own sources say. Our client declares neither sampling, elicitation, roots
 * nor tasks, so the tools that need them are not there, or refuse.
 */
import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { describe, test } from 'node:test';
import { InvalidValueError } from '../../lib/index.ts';
import { EVERYTHING, until, withPeer } from './peers.ts';
import { everyRoad } from './roads.ts';
import type { Guest } from './roads.ts';

const TOOLS = [
  'echo',
  'get-annotated-message',
  'get-env',
  'get-resource-links',
  'get-resource-reference',
  'get-structured-content',
  'get-sum',
  'get-tiny-image',
  'gzip-file-as-resource',
  'toggle-simulated-logging',
  'toggle-subscriber-updates',
  'trigger-long-running-operation',
  'simulate-research-query',
];

const TOOLS_THAT_NEED_A_CAPABILITY = [
  'get-roots-list',
  'trigger-elicitation-request',
  'trigger-elicitation-request-async',
  'trigger-sampling-request',
  'trigger-sampling-request-async',
  'trigger-url-elicitation',
];

const text = (value: string): { type: string; text: string } => ({ type: 'text', text: value });
const refusal = (value: string): { content: unknown[]; isError: boolean } => ({ content: [text(value)], isError: true });

/** How the server's refusal of arguments begins; the name of the tool and the reason follow. */
const INVALID = 'MCP error -32602: Input validation error: Invalid arguments for tool';

/** Asserts that `block` is the picture of the MCP logo: a PNG of 20 by 20 pixels, as its header says. */
function assertLogo(block: unknown): void {
  const { type, data, mimeType } = block as { type: string; data: string; mimeType: string };
  assert.deepEqual({ type, mimeType }, { type: 'image', mimeType: 'image/png' });
  const bytes = Buffer.from(data, 'base64');
  assert.equal(bytes.length, 4033);
  assert.equal(bytes.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [20, 20]);
}

for (const { name, oneChannel, withGuest, withStranger } of everyRoad()) {
  const withEverything = (body: (guest: Guest) => Promise<void>): Promise<void> => withGuest({}, body);

  describe(`server-everything over ${name}: its list of tools`, () => {
    if (oneChannel) {
      test('the tool that the server adds after the handshake is announced, once', async () => {
        await withStranger({}, async ({ server }) => {
          let changes = 0;
          server.on('toolsChanged', () => (changes += 1));
          await server.connect();
          await until(() => changes === 1, 'the change is announced');
          await server.listTools();
          assert.equal(changes, 1);
        });
      });
    }

    test('lists the tools that need nothing of the client, and no other', async () => {
      await withEverything(async ({ server }) => {
        const names = (await server.listTools()).map((tool) => tool.name);
        assert.deepEqual(names, TOOLS);
        for (const absent of TOOLS_THAT_NEED_A_CAPABILITY) assert.ok(!names.includes(absent), absent);
      });
    });

    test('gives the same list page by page and one by one, as it fits on one page', async () => {
      await withEverything(async ({ server }) => {
        const all = await server.listTools();
        const page = await server.listToolsPage();
        assert.deepEqual(page.tools, all);
        assert.equal(page.nextCursor, undefined);
        const iterated: string[] = [];
        for await (const tool of server.iterateTools()) iterated.push(tool.name);
        assert.deepEqual(iterated, TOOLS);
      });
    });

    test('describes a tool in full: title, description, schemas, annotations and what is newer than this client', async () => {
      await withEverything(async ({ server }) => {
        const tools = new Map((await server.listTools()).map((tool) => [tool.name, tool]));
        const $schema = 'http://json-schema.org/draft-07/schema#';
        assert.deepEqual(tools.get('echo'), {
          name: 'echo',
          title: 'Echo Tool',
          description: 'Echoes back the input string',
          inputSchema: {
            $schema,
            type: 'object',
            properties: { message: { type: 'string', description: 'Message to echo' } },
            required: ['message'],
          },
          annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
          execution: { taskSupport: 'forbidden' },
        });
        assert.deepEqual(tools.get('get-structured-content')?.outputSchema, {
          $schema,
          type: 'object',
          properties: {
            temperature: { type: 'number', description: 'Temperature in celsius' },
            conditions: { type: 'string', description: 'Weather conditions description' },
            humidity: { type: 'number', description: 'Humidity percentage' },
          },
          required: ['temperature', 'conditions', 'humidity'],
          additionalProperties: false,
        });
        assert.deepEqual(tools.get('gzip-file-as-resource')?.annotations, {
          readOnlyHint: false,
          destructiveHint: false,
          idempotentHint: true,
          openWorldHint: true,
        });
      });
    });
  });

  describe(`server-everything over ${name}: tools that answer with content`, () => {
    test('echo: gives back any text unchanged: quotes, line separators, emoji, NUL, 1 MiB of it', async () => {
      await withEverything(async ({ server }) => {
        const odd = ['a\n"b"\\\r\tc', 'U+2028 \u2028 and U+2029 \u2029', 'ünï 🎉 日本語', 'nul \u0000 byte'];
        for (const message of ['plain', '', ...odd, 'x'.repeat(1 << 20)]) {
          assert.deepEqual(await server.callTool('echo', { message }), { content: [text(`Echo: ${message}`)] });
        }
      });
    });

    test('get-sum: adds two numbers; a number that is none is the tool’s error, not the call’s', async () => {
      await withEverything(async ({ server }) => {
        assert.deepEqual(await server.callTool('get-sum', { a: 2, b: 40 }), { content: [text('The sum of 2 and 40 is 42.')] });
        const inexact = await server.callTool('get-sum', { a: 0.1, b: 0.2 });
        assert.deepEqual(inexact.content, [text('The sum of 0.1 and 0.2 is 0.30000000000000004.')]);
        assert.deepEqual((await server.callTool('get-sum', { a: -1e21, b: 0 })).content, [text('The sum of -1e+21 and 0 is -1e+21.')]);
        const refused = await server.callTool('get-sum', { a: 1, b: 'two' });
        assert.deepEqual(refused, refusal(`${INVALID} get-sum: Invalid input: expected number, received string at b`));
      });
    });

    test('get-annotated-message: priority and audience of each kind, and a picture with its own', async () => {
      await withEverything(async ({ server }) => {
        const call = async (messageType: string): Promise<unknown> => (await server.callTool('get-annotated-message', { messageType })).content;
        assert.deepEqual(await call('error'), [
          { ...text('Error: Operation failed'), annotations: { priority: 1, audience: ['user', 'assistant'] } },
        ]);
        assert.deepEqual(await call('success'), [
          { ...text('Operation completed successfully'), annotations: { priority: 0.7, audience: ['user'] } },
        ]);
        const { content } = await server.callTool('get-annotated-message', { messageType: 'debug', includeImage: true });
        assert.equal(content.length, 2);
        assert.deepEqual(content[0], {
          ...text('Debug: Cache hit ratio 0.95, latency 150ms'),
          annotations: { priority: 0.3, audience: ['assistant'] },
        });
        assertLogo(content[1]);
        assert.deepEqual((content[1] as { annotations?: unknown }).annotations, { priority: 0.5, audience: ['user'] });
        assert.equal((await server.callTool('get-annotated-message', { messageType: 'loud' })).isError, true);
      });
    });

    test('get-tiny-image: a PNG between two texts', async () => {
      await withEverything(async ({ server }) => {
        const { content, isError } = await server.callTool('get-tiny-image');
        assert.equal(isError, undefined);
        assert.equal(content.length, 3);
        assert.deepEqual(content[0], text("Here's the image you requested:"));
        assertLogo(content[1]);
        assert.deepEqual(content[2], text('The image above is the MCP logo.'));
      });
    });

    test('get-structured-content: structured and as text, one value; a city it does not know is an error', async () => {
      await withEverything(async ({ server }) => {
        const weather = {
          'New York': { temperature: 33, conditions: 'Cloudy', humidity: 82 },
          Chicago: { temperature: 36, conditions: 'Light rain / drizzle', humidity: 82 },
          'Los Angeles': { temperature: 73, conditions: 'Sunny / Clear', humidity: 48 },
        };
        for (const [location, structuredContent] of Object.entries(weather)) {
          assert.deepEqual(await server.callTool('get-structured-content', { location }), {
            content: [text(JSON.stringify(structuredContent))],
            structuredContent,
          });
        }
        const refused = await server.callTool('get-structured-content', { location: 'Paris' });
        assert.equal(refused.isError, true);
        assert.equal(refused.structuredContent, undefined);
      });
    });
  });

  describe(`server-everything over ${name}: tools that answer with resources`, () => {
    test('get-resource-links: three links unless told otherwise, each readable', async () => {
      await withEverything(async ({ server }) => {
        const link = (id: number, kind: 'Text' | 'Blob'): unknown => ({
          type: 'resource_link',
          uri: `demo://resource/dynamic/${kind.toLowerCase()}/${id}`,
          name: `${kind} Resource ${id}`,
          description: `Resource ${id}: plaintext resource`,
          mimeType: 'text/plain',
        });
        assert.deepEqual((await server.callTool('get-resource-links')).content, [
          text('Here are 3 resource links to resources available in this server:'),
          link(1, 'Blob'),
          link(2, 'Text'),
          link(3, 'Blob'),
        ]);
        const ten = (await server.callTool('get-resource-links', { count: 10 })).content;
        assert.equal(ten.length, 11);
        assert.deepEqual(ten[10], link(10, 'Text'));
        const [contents] = await server.listResourceContents((ten[10] as { uri: string }).uri);
        assert.match(contents?.text ?? '', /^Resource 10: This is a plaintext resource created at .+$/);
        assert.equal((await server.callTool('get-resource-links', { count: 11 })).isError, true);
      });
    });

    test('get-resource-reference: an embedded text, an embedded blob, and a refusal', async () => {
      await withEverything(async ({ server }) => {
        const asText = (await server.callTool('get-resource-reference', { resourceId: 3 })).content;
        assert.deepEqual(asText[0], text('Returning resource reference for Resource 3:'));
        const textBlock = asText[1] as { type: string; resource: { uri: string; mimeType: string; text: string } };
        assert.equal(textBlock.type, 'resource');
        assert.equal(textBlock.resource.uri, 'demo://resource/dynamic/text/3');
        assert.equal(textBlock.resource.mimeType, 'text/plain');
        assert.match(textBlock.resource.text, /^Resource 3: This is a plaintext resource created at .+$/);
        assert.deepEqual(asText[2], text('You can access this resource using the URI: demo://resource/dynamic/text/3'));

        const asBlob = (await server.callTool('get-resource-reference', { resourceType: 'Blob', resourceId: 4 })).content;
        const blobBlock = asBlob[1] as { resource: { uri: string; blob: string } };
        assert.equal(blobBlock.resource.uri, 'demo://resource/dynamic/blob/4');
        assert.match(Buffer.from(blobBlock.resource.blob, 'base64').toString(), /^Resource 4: This is a base64 blob created at .+$/);

        const refused = await server.callTool('get-resource-reference', { resourceId: 0 });
        assert.deepEqual(refused, refusal('Invalid resourceId: 0. Must be a finite positive integer.'));
      });
    });

    test('gzip-file-as-resource: embedded or as a link, announced as a change of the resources, listed and read', async () => {
      await withEverything(async ({ server, listening }) => {
        const added: string[] = [];
        server.on('resourcesChanged', (changes) => added.push(...(changes.added ?? [])));
        await listening();
        await server.listResources();
        const original = 'hello, gzip';
        const data = `data:text/plain,${encodeURIComponent(original)}`;

        const embedded = await server.callTool('gzip-file-as-resource', { name: 'a.gz', data, outputType: 'resource' });
        const { resource } = embedded.content[0] as { resource: { uri: string; mimeType: string; blob: string } };
        assert.deepEqual([resource.uri, resource.mimeType], ['demo://resource/session/a.gz', 'application/gzip']);
        assert.equal(gunzipSync(Buffer.from(resource.blob, 'base64')).toString(), original);

        const linked = await server.callTool('gzip-file-as-resource', { name: 'b.gz', data });
        const uri = 'demo://resource/session/b.gz';
        assert.deepEqual(linked.content, [{ type: 'resource_link', uri, name: 'b.gz', mimeType: 'application/gzip' }]);
        assert.deepEqual(await server.listResourceContents(uri), [{ uri, mimeType: 'application/gzip', blob: resource.blob }]);

        await until(() => added.length === 2, 'each new resource is told of');
        assert.deepEqual(added, ['demo://resource/session/a.gz', uri]);
        const listed = (await server.listResources()).map((each) => each.uri);
        assert.deepEqual(listed.slice(-2), ['demo://resource/session/a.gz', uri]);

        const refused = await server.callTool('gzip-file-as-resource', { name: 'c.gz', data: 'ftp://example.test/file' });
        assert.equal(refused.isError, true);
        assert.match((refused.content[0] as { text: string }).text, /Only http, https, and data URLs are supported\.$/);
      });
    });
  });

  describe(`server-everything over ${name}: what a client without capabilities does not get`, () => {
    test('tools that would ask for sampling, elicitation, roots are unknown: here, before anything is sent, and to the server', async () => {
      await withEverything(async ({ server }) => {
        for (const name of TOOLS_THAT_NEED_A_CAPABILITY) {
          await assert.rejects(server.callTool(name, { prompt: 'x' }), (error: unknown) => {
            assert.ok(error instanceof InvalidValueError);
            assert.equal(error.code, 'ERR_MCP_UNKNOWN_TOOL');
            assert.equal(error.delivery, 'unsent');
            assert.ok(error.message.includes(name));
            return true;
          });
        }
      });
      await withGuest({ checkArguments: false }, async ({ server }) => {
        for (const name of TOOLS_THAT_NEED_A_CAPABILITY) {
          assert.deepEqual(await server.callTool(name, { prompt: 'x' }), refusal(`MCP error -32602: Tool ${name} not found`));
        }
      });
    });

    test('simulate-research-query: a tool that only runs as a task refuses a plain call, where the tools are not looked up', async () => {
      await withGuest({ checkArguments: false }, async ({ server }) => {
        const tools = await server.listTools();
        assert.deepEqual((tools.at(-1) as { execution?: unknown }).execution, { taskSupport: 'required' });
        assert.deepEqual(
          await server.callTool('simulate-research-query', { topic: 'ferns' }),
          refusal("MCP error -32601: Tool simulate-research-query requires task augmentation (taskSupport: 'required')"),
        );
      });
    });

    test('a missing required argument is refused before anything is sent; unchecked, the server refuses it', async () => {
      await withEverything(async ({ server }) => {
        await assert.rejects(server.callTool('echo', {}), (error: unknown) => {
          assert.ok(error instanceof InvalidValueError);
          assert.equal(error.code, 'ERR_MCP_INVALID_ARGUMENTS');
          assert.equal(error.delivery, 'unsent');
          assert.match(error.message, /message/);
          return true;
        });
      });
      await withGuest({ checkArguments: false }, async ({ server }) => {
        assert.deepEqual(
          await server.callTool('echo', {}),
          refusal(`${INVALID} echo: Invalid input: expected string, received undefined at message`),
        );
      });
    });
  });
}

describe('server-everything over stdio: get-env', () => {
  test('the child sees serverEnv and the search path, and no other variable of the host', async () => {
    process.env['BAREWIRE_INTEROP_SECRET'] = 'not for children';
    try {
      await withPeer({ command: [process.execPath, EVERYTHING], serverEnv: { GREETING: 'grüß dich' } }, async ({ server, mark }) => {
        const { content } = await server.callTool('get-env');
        const environment = JSON.parse((content[0] as { text: string }).text) as Record<string, string>;
        assert.equal(environment['GREETING'], 'grüß dich');
        assert.equal(environment['BAREWIRE_INTEROP_MARK'], mark);
        assert.equal(environment['PATH'], process.env['PATH']);
        assert.equal(environment['BAREWIRE_INTEROP_SECRET'], undefined);
      });
    } finally {
      delete process.env['BAREWIRE_INTEROP_SECRET'];
    }
  });
});
