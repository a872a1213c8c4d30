/**
 * `@modelcontextprotocol/server-memory` over stdio: a knowledge graph in a file that `MEMORY_FILE_PATH` names. Every
 * tool, the resource, the file, and that a later process finds what an earlier one wrote.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { StdioMCPServer } from '../../lib/index.ts';
import { MEMORY, withFolder, withPeer } from './peers.ts';

const ADA = { name: 'Ada', entityType: 'person', observations: ['wrote notes'] };
const ENGINE = { name: 'Engine', entityType: 'machine', observations: [] };
const PROGRAMS = { from: 'Ada', to: 'Engine', relationType: 'programs' };

async function withMemory(file: string, body: (server: StdioMCPServer) => Promise<void>): Promise<void> {
  await withPeer({ command: [process.execPath, MEMORY], serverEnv: { MEMORY_FILE_PATH: file } }, ({ server }) => body(server));
}

async function withMemoryFile(body: (file: string) => Promise<void>): Promise<void> {
  await withFolder((folder) => body(join(folder, 'memory.jsonl')));
}

/** Calls a tool, asserts that it succeeded, and returns its structured content. */
async function valueOf(server: StdioMCPServer, tool: string, args: Record<string, unknown> = {}): Promise<unknown> {
  const { content, structuredContent, isError } = await server.callTool(tool, args);
  assert.equal(isError, undefined);
  assert.deepEqual(content.map(({ type }) => type), ['text']);
  return structuredContent;
}

/** The lines of the file, parsed. */
function linesOf(file: string): unknown[] {
  return readFileSync(file, 'utf8').split('\n').map((line) => JSON.parse(line) as unknown);
}

describe('server-memory', () => {
  test('lists its nine tools, each with an output schema', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        assert.deepEqual(server.serverInfo, { name: 'memory-server', version: '0.6.3' });
        const tools = await server.listTools();
        assert.deepEqual(
          tools.map(({ name }) => name),
          [
            'create_entities',
            'create_relations',
            'add_observations',
            'delete_entities',
            'delete_observations',
            'delete_relations',
            'read_graph',
            'search_nodes',
            'open_nodes',
          ],
        );
        for (const { outputSchema } of tools) assert.equal((outputSchema as { type?: unknown } | undefined)?.type, 'object');
      });
    });
  });

  test('creates entities and relations, adds observations, tells only what is new, and keeps it in the file', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        assert.deepEqual(await valueOf(server, 'read_graph'), { entities: [], relations: [] });
        assert.deepEqual(await valueOf(server, 'create_entities', { entities: [ADA, ENGINE] }), { entities: [ADA, ENGINE] });
        assert.deepEqual(await valueOf(server, 'create_entities', { entities: [ADA] }), { entities: [] });
        assert.deepEqual(await valueOf(server, 'create_relations', { relations: [PROGRAMS] }), { relations: [PROGRAMS] });
        assert.deepEqual(await valueOf(server, 'create_relations', { relations: [PROGRAMS] }), { relations: [] });
        const observations = [{ entityName: 'Ada', contents: ['wrote notes', 'born 1815 in London 🏛'] }];
        assert.deepEqual(await valueOf(server, 'add_observations', { observations }), {
          results: [{ entityName: 'Ada', addedObservations: ['born 1815 in London 🏛'] }],
        });
        assert.deepEqual(linesOf(file), [
          { type: 'entity', ...ADA, observations: ['wrote notes', 'born 1815 in London 🏛'] },
          { type: 'entity', ...ENGINE },
          { type: 'relation', ...PROGRAMS },
        ]);
        const refused = await server.callTool('add_observations', { observations: [{ entityName: 'Bob', contents: ['x'] }] });
        assert.deepEqual(refused, { content: [{ type: 'text', text: 'Entity with name Bob not found' }], isError: true });
      });
    });
  });

  test('searches names, types and observations, and opens nodes, with the relations that touch them', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        await valueOf(server, 'create_entities', { entities: [ADA, ENGINE] });
        await valueOf(server, 'create_relations', { relations: [PROGRAMS] });
        const search = async (query: string): Promise<unknown> => await valueOf(server, 'search_nodes', { query });
        assert.deepEqual(await search('ADA'), { entities: [ADA], relations: [PROGRAMS] });
        assert.deepEqual(await search('machine'), { entities: [ENGINE], relations: [PROGRAMS] });
        assert.deepEqual(await search('notes'), { entities: [ADA], relations: [PROGRAMS] });
        assert.deepEqual(await search('nothing'), { entities: [], relations: [] });
        assert.deepEqual(await valueOf(server, 'open_nodes', { names: ['Engine', 'Bob'] }), { entities: [ENGINE], relations: [PROGRAMS] });
        assert.deepEqual(await valueOf(server, 'open_nodes', { names: [] }), { entities: [], relations: [] });
      });
    });
  });

  test('deletes observations, relations and entities with the relations that touch them', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        await valueOf(server, 'create_entities', { entities: [ADA, ENGINE] });
        await valueOf(server, 'create_relations', { relations: [PROGRAMS, { ...PROGRAMS, relationType: 'admires' }] });
        const deletions = [{ entityName: 'Ada', observations: ['wrote notes'] }];
        assert.deepEqual(await valueOf(server, 'delete_observations', { deletions }), {
          success: true,
          message: 'Observations deleted successfully',
        });
        assert.deepEqual(await valueOf(server, 'delete_relations', { relations: [PROGRAMS] }), {
          success: true,
          message: 'Relations deleted successfully',
        });
        const bare = { ...ADA, observations: [] };
        assert.deepEqual(await valueOf(server, 'read_graph'), {
          entities: [bare, ENGINE],
          relations: [{ ...PROGRAMS, relationType: 'admires' }],
        });
        assert.deepEqual(await valueOf(server, 'delete_entities', { entityNames: ['Engine'] }), {
          success: true,
          message: 'Entities deleted successfully',
        });
        assert.deepEqual(await valueOf(server, 'read_graph'), { entities: [bare], relations: [] });
        assert.deepEqual(linesOf(file), [{ type: 'entity', ...bare }]);
      });
    });
  });

  test('a later process finds what an earlier one wrote', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        await valueOf(server, 'create_entities', { entities: [ADA, ENGINE] });
        await valueOf(server, 'create_relations', { relations: [PROGRAMS] });
      });
      await withMemory(file, async (server) => {
        assert.deepEqual(await valueOf(server, 'read_graph'), { entities: [ADA, ENGINE], relations: [PROGRAMS] });
      });
    });
  });

  test('offers the graph as a resource that reads the same, and no template', async () => {
    await withMemoryFile(async (file) => {
      await withMemory(file, async (server) => {
        await valueOf(server, 'create_entities', { entities: [ADA] });
        const uri = 'memory://knowledge-graph';
        assert.deepEqual(await server.listResources(), [
          {
            uri,
            name: 'knowledge-graph',
            title: 'Knowledge Graph',
            description: 'The full knowledge graph with all entities and relations',
            mimeType: 'application/json',
          },
        ]);
        assert.deepEqual(await server.listResourceTemplates(), []);
        const [contents, ...others] = await server.listResourceContents(uri);
        assert.equal(others.length, 0);
        assert.equal(contents?.uri, uri);
        assert.equal(contents?.mimeType, 'application/json');
        assert.deepEqual(JSON.parse(contents?.text ?? ''), { entities: [ADA], relations: [] });
      });
    });
  });

  test('a broken file is the tool’s error, and the server goes on', async () => {
    await withMemoryFile(async (file) => {
      writeFileSync(file, 'not json');
      await withMemory(file, async (server) => {
        const refused = await server.callTool('read_graph');
        assert.equal(refused.isError, true);
        assert.match((refused.content[0] as { text: string }).text, /not valid JSON/);
        writeFileSync(file, JSON.stringify({ type: 'entity', ...ADA }));
        assert.deepEqual(await valueOf(server, 'read_graph'), { entities: [ADA], relations: [] });
      });
    });
  });
});
