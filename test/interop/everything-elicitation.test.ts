/** What `@modelcontextprotocol/server-everything` asks of the user, on every road. The expected values are what the server's own sources say. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { URLElicitationRequiredError } from '../../lib/index.ts';
import type { ElicitationHandler, FormElicitation, MCPServerProtocol, URLElicitation } from '../../lib/index.ts';
import { everyRoad } from './roads.ts';

const FORM_TOOL = 'trigger-elicitation-request';
const URL_TOOL = 'trigger-url-elicitation';

/** What the server says came back to it: the last block of the tool's result. */
async function rawResult(server: MCPServerProtocol, tool: string, args: Record<string, unknown> = {}): Promise<unknown> {
  const { content } = await server.callTool(tool, args);
  const words = (content.at(-1) as { readonly text: string }).text;
  assert.ok(words.startsWith('\nRaw result: '), words);
  return JSON.parse(words.slice('\nRaw result: '.length));
}

for (const { name, withGuest } of everyRoad()) {
  const withElicitation = (elicitation: ElicitationHandler, tool: string, body: (server: MCPServerProtocol) => Promise<void>): Promise<void> =>
    withGuest({ handlers: { elicitation } }, async ({ server }) => {
      // The server offers these tools once it has heard that the handshake is over.
      const isOffered = async () => (await server.listTools()).some((listed) => listed.name === tool);
      for (let tries = 1; !(await isOffered()); tries += 1) assert.ok(tries < 100, `${tool} is offered`);
      await body(server);
    });

  describe(`server-everything over ${name}: elicitation`, () => {
    test('a form with every kind of field: shown as fields, answered with defaults where nothing is given', async () => {
      let shown: FormElicitation | undefined;
      const handler: ElicitationHandler = (request, { serverName }) => {
        assert.equal(serverName.length > 0, true);
        shown = request;
        return { action: 'accept', content: { name: 'Zoe Smith', check: true, email: 'zoe@shop.example', birthdate: '2000-02-29', untitledMultipleSelectEnum: ['Drums', 'Bass'], titledSingleSelectEnum: 'hero-3' } };
      };
      await withElicitation(handler, FORM_TOOL, async (server) => {
        assert.deepEqual(await rawResult(server, FORM_TOOL), {
          action: 'accept',
          content: {
            name: 'Zoe Smith',
            check: true,
            email: 'zoe@shop.example',
            birthdate: '2000-02-29',
            untitledMultipleSelectEnum: ['Drums', 'Bass'],
            titledSingleSelectEnum: 'hero-3',
            firstLine: 'It was a dark and stormy night.',
            integer: 42,
            number: 3.14,
            untitledSingleSelectEnum: 'Monica',
            titledMultipleSelectEnum: ['fish-1'],
            legacyTitledEnum: 'pet-1',
          },
        });
        assert.equal(shown?.message, 'Please provide inputs for the following fields:');
        const summary = shown?.fields.map(({ name: field, type, required }) => `${field} ${type}${required ? ' required' : ''}`);
        assert.deepEqual(summary, [
          'name string required',
          'check boolean',
          'firstLine string',
          'email string',
          'homepage string',
          'birthdate string',
          'integer integer',
          'number number',
          'untitledSingleSelectEnum choice',
          'untitledMultipleSelectEnum choices',
          'titledSingleSelectEnum choice',
          'titledMultipleSelectEnum choices',
          'legacyTitledEnum choice',
        ]);
        const titles = shown?.fields.map((field) => ('choices' in field ? field.choices.map(({ value, title }) => `${value}=${title}`).at(-1) : undefined));
        assert.deepEqual(titles?.slice(-5), ['Phoebe=Phoebe', 'Bass=Bass', 'hero-3=Wonder Woman', 'fish-3=Trout', 'pet-5=Reptiles']);
      });
    });

    test('a form that is declined or cancelled goes back without content', async () => {
      for (const action of ['decline', 'cancel'] as const) {
        await withElicitation(() => ({ action }), FORM_TOOL, async (server) => assert.deepEqual(await rawResult(server, FORM_TOOL), { action }));
      }
    });

    test('a page is shown as the server wants it, and its URL is refused when it is not https', async () => {
      const shown: URLElicitation[] = [];
      const url = (request: URLElicitation) => (shown.push(request), { action: 'accept' }) as { action: 'accept' };
      await withElicitation({ url }, URL_TOOL, async (server) => {
        const args = { url: 'https://shop.example/connect?x=1', message: 'Connect', elicitationId: 'e-1' };
        assert.deepEqual(await rawResult(server, URL_TOOL, args), { action: 'accept' });
        assert.deepEqual(shown.map(({ url: exact, origin, message, elicitationId, isPunycode }) => [exact, origin, message, elicitationId, isPunycode]), [
          ['https://shop.example/connect?x=1', 'https://shop.example', 'Connect', 'e-1', false],
        ]);
        const refused = await server.callTool(URL_TOOL, { url: 'http://shop.example/connect' });
        assert.equal(refused.isError, true);
        assert.match((refused.content[0] as { readonly text: string }).text, /-32602: The elicitation is refused: \/url must be a page/);
        assert.equal(shown.length, 1);
      });
    });

    test('−32042: the visit of the error is asked for, the user says that it is done, and the same call goes through', async () => {
      const shown: string[] = [];
      const done = new AbortController();
      const url = ({ href }: URLElicitation) => {
        shown.push(href);
        // This server never tells that a visit is completed.
        if (shown.length === 1) setImmediate(() => done.abort(new Error('the user says that it is done')));
        return { action: 'accept' } as const;
      };
      await withElicitation({ url }, URL_TOOL, async (server) => {
        const args = { url: `https://shop.example/${encodeURIComponent(name)}`, errorPath: true, elicitationId: 'e-2' };
        const error: unknown = await server.callTool(URL_TOOL, args).then(() => assert.fail('it went through'), (cause: unknown) => cause);
        assert.ok(error instanceof URLElicitationRequiredError, String(error));
        assert.equal(error.rpcCode, -32042);
        assert.deepEqual(error.elicitations.map(({ url: exact, href, message }) => [exact, href, message]), [
          ['https://modelcontextprotocol.io', 'https://modelcontextprotocol.io/', 'Open this link to satisfy the prerequisite, then retry the request.'],
        ]);
        await assert.rejects(server.elicitURLs(error, { signal: done.signal }), /the user says that it is done/);
        assert.deepEqual(await rawResult(server, URL_TOOL, args), { action: 'accept' });
        assert.deepEqual(shown, ['https://modelcontextprotocol.io/', args.url]);
      });
    });
  });
}
