/**
 * `@modelcontextprotocol/server-filesystem` over stdio, in a folder of its own: every tool, compared with what is on
 * disk, and what it refuses.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ConnectionError, LimitError, MCPError } from '../../lib/index.ts';
import type { StdioMCPServer } from '../../lib/index.ts';
import { FILESYSTEM, withFolder, withPeer, withServer } from './peers.ts';

const TOOLS = [
  'read_file',
  'read_text_file',
  'read_media_file',
  'read_multiple_files',
  'write_file',
  'edit_file',
  'create_directory',
  'list_directory',
  'list_directory_with_sizes',
  'directory_tree',
  'move_file',
  'search_files',
  'get_file_info',
  'list_allowed_directories',
];

/** A folder with a server that may touch the folder `allowed` in it; beside that lies a file it may not touch. */
async function withFilesystem(body: (server: StdioMCPServer, allowed: string, outside: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const allowed = join(folder, 'allowed');
    const outside = join(folder, 'outside.txt');
    mkdirSync(allowed);
    writeFileSync(outside, 'not yours');
    await withPeer({ command: [process.execPath, FILESYSTEM, allowed] }, ({ server }) => body(server, allowed, outside));
    assert.equal(readFileSync(outside, 'utf8'), 'not yours');
  });
}

/** Calls a tool that answers with one text, asserts that its structured content is the same text, and returns it. */
async function textOf(server: StdioMCPServer, tool: string, args: Record<string, unknown>): Promise<string> {
  const { content, structuredContent, isError } = await server.callTool(tool, args);
  const [block] = content as { type: string; text: string }[];
  assert.deepEqual({ count: content.length, type: block?.type, isError }, { count: 1, type: 'text', isError: undefined });
  const text = block?.text ?? '';
  assert.deepEqual(structuredContent, { content: text });
  return text;
}

/** Calls a tool that has to fail, asserts that the failure is the tool's and no error of the call, and returns its text. */
async function refusalOf(server: StdioMCPServer, tool: string, args: Record<string, unknown>): Promise<string> {
  const { content, structuredContent, isError } = await server.callTool(tool, args);
  assert.equal(isError, true);
  assert.equal(structuredContent, undefined);
  return (content[0] as { text: string }).text;
}

describe('server-filesystem', () => {
  test('lists its fourteen tools, and has neither resources nor prompts to list', async () => {
    await withFilesystem(async (server, allowed) => {
      assert.deepEqual(server.serverInfo, { name: 'secure-filesystem-server', version: '0.2.0' });
      assert.deepEqual(server.serverCapabilities, { tools: { listChanged: true } });
      assert.equal(server.instructions, undefined);
      assert.deepEqual((await server.listTools()).map((tool) => tool.name), TOOLS);
      for (const refused of [server.listResources(), server.listPrompts(), server.setLogLevel('info')]) {
        await assert.rejects(refused, (error: unknown) => {
          assert.ok(error instanceof MCPError);
          assert.equal(error.code, 'ERR_MCP_UNSUPPORTED_METHOD');
          assert.equal(error.delivery, 'unsent');
          return true;
        });
      }
      assert.equal(await textOf(server, 'list_allowed_directories', {}), `Allowed directories:\n${allowed}`);
    });
  });

  test('writes and overwrites what is then on disk, and reads what is on disk: all, head, tail, many', async () => {
    await withFilesystem(async (server, allowed) => {
      const path = join(allowed, 'notes.txt');
      assert.equal(await textOf(server, 'write_file', { path, content: 'draft' }), `Successfully wrote to ${path}`);
      const content = 'one\ntwo\nthree: ünï 🎉 \u2028 "quoted" \\ \t\nfour';
      await textOf(server, 'write_file', { path, content });
      assert.equal(readFileSync(path, 'utf8'), content);
      assert.deepEqual(readdirSync(allowed), ['notes.txt']);
      assert.equal(await textOf(server, 'read_text_file', { path }), content);
      assert.equal(await textOf(server, 'read_file', { path }), content);
      assert.equal(await textOf(server, 'read_text_file', { path, head: 2 }), 'one\ntwo');
      assert.equal(await textOf(server, 'read_text_file', { path, tail: 1 }), 'four');
      const other = join(allowed, 'other.txt');
      writeFileSync(other, 'from the host');
      const missing = join(allowed, 'missing.txt');
      assert.equal(
        await textOf(server, 'read_multiple_files', { paths: [path, missing, other] }),
        `${path}:\n${content}\n\n---\n${missing}: Error - ENOENT: no such file or directory, open '${missing}'\n---\n${other}:\nfrom the host\n`,
      );
    });
  });

  test('reads media: a picture, a sound, and any other bytes as an embedded resource', async () => {
    await withFilesystem(async (server, allowed) => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const data = bytes.toString('base64');
      const read = async (name: string): Promise<unknown> => {
        writeFileSync(join(allowed, name), bytes);
        const { content, structuredContent } = await server.callTool('read_media_file', { path: join(allowed, name) });
        assert.deepEqual(structuredContent, { content });
        return content;
      };
      assert.deepEqual(await read('a.png'), [{ type: 'image', data, mimeType: 'image/png' }]);
      assert.deepEqual(await read('a.wav'), [{ type: 'audio', data, mimeType: 'audio/wav' }]);
      const uri = pathToFileURL(join(allowed, 'a.bin')).href;
      assert.deepEqual(await read('a.bin'), [{ type: 'resource', resource: { uri, mimeType: 'application/octet-stream', blob: data } }]);
    });
  });

  test('edits: a dry run shows the difference and changes nothing, an edit changes the file, a wrong one is refused', async () => {
    await withFilesystem(async (server, allowed) => {
      const path = join(allowed, 'poem.txt');
      writeFileSync(path, 'roses\nviolets\nsugar\n');
      const edits = [{ oldText: 'violets', newText: 'thistles' }];
      const difference = [
        '```diff',
        `Index: ${path}`,
        '='.repeat(67),
        `--- ${path}\toriginal`,
        `+++ ${path}\tmodified`,
        '@@ -1,3 +1,3 @@',
        ' roses',
        '-violets',
        '+thistles',
        ' sugar',
        '```\n\n',
      ].join('\n');
      assert.equal(await textOf(server, 'edit_file', { path, edits, dryRun: true }), difference);
      assert.equal(readFileSync(path, 'utf8'), 'roses\nviolets\nsugar\n');
      assert.equal(await textOf(server, 'edit_file', { path, edits }), difference);
      assert.equal(readFileSync(path, 'utf8'), 'roses\nthistles\nsugar\n');
      assert.equal(await refusalOf(server, 'edit_file', { path, edits }), 'Could not find exact match for edit:\nviolets');
    });
  });

  test('makes folders, lists them with and without sizes, and as a tree with and without exceptions', async () => {
    await withFilesystem(async (server, allowed) => {
      await textOf(server, 'create_directory', { path: join(allowed, 'a/b') });
      assert.ok(statSync(join(allowed, 'a/b')).isDirectory());
      writeFileSync(join(allowed, 'a/b/deep.md'), '# deep');
      writeFileSync(join(allowed, 'big.txt'), 'x'.repeat(2048));
      writeFileSync(join(allowed, 'small.txt'), 'x');

      const listed = (await textOf(server, 'list_directory', { path: allowed })).split('\n').sort();
      assert.deepEqual(listed, ['[DIR] a', '[FILE] big.txt', '[FILE] small.txt']);

      const row = (name: string, size: string): string => `[FILE] ${name.padEnd(30)} ${size.padStart(10)}`;
      const sized = (await textOf(server, 'list_directory_with_sizes', { path: allowed, sortBy: 'name' })).split('\n');
      assert.deepEqual(sized.slice(1), [
        row('big.txt', '2.00 KB'),
        row('small.txt', '1 B'),
        '',
        'Total: 2 files, 1 directories',
        'Combined size: 2.00 KB',
      ]);
      assert.equal(sized[0]?.trimEnd(), '[DIR] a');

      const file = (name: string): unknown => ({ name, type: 'file' });
      const folder = (name: string, children: unknown[]): unknown => ({ name, type: 'directory', children });
      const tree = async (excludePatterns?: string[]): Promise<unknown> => {
        const args = excludePatterns === undefined ? { path: allowed } : { path: allowed, excludePatterns };
        const entries = JSON.parse(await textOf(server, 'directory_tree', args)) as { name: string }[];
        return entries.sort((one, other) => one.name.localeCompare(other.name));
      };
      assert.deepEqual(await tree(), [folder('a', [folder('b', [file('deep.md')])]), file('big.txt'), file('small.txt')]);
      assert.deepEqual(await tree(['b', 'small*']), [folder('a', []), file('big.txt')]);
    });
  });

  test('searches by pattern, moves a file, and tells about one', async () => {
    await withFilesystem(async (server, allowed) => {
      mkdirSync(join(allowed, 'a'));
      writeFileSync(join(allowed, 'a/one.md'), '1');
      writeFileSync(join(allowed, 'two.md'), '22');
      writeFileSync(join(allowed, 'three.txt'), '333', { mode: 0o640 });
      const search = async (pattern: string, excludePatterns: string[] = []): Promise<string[]> =>
        (await textOf(server, 'search_files', { path: allowed, pattern, excludePatterns })).split('\n').sort();
      assert.deepEqual(await search('**/*.md'), [join(allowed, 'a/one.md'), join(allowed, 'two.md')]);
      assert.deepEqual(await search('**/*.md', ['a/**']), [join(allowed, 'two.md')]);
      assert.deepEqual(await search('*.none'), ['No matches found']);

      const source = join(allowed, 'two.md');
      const destination = join(allowed, 'a/two.md');
      assert.equal(await textOf(server, 'move_file', { source, destination }), `Successfully moved ${source} to ${destination}`);
      assert.equal(existsSync(source), false);
      assert.equal(readFileSync(destination, 'utf8'), '22');
      const taken = join(allowed, 'three.txt');
      assert.equal(await refusalOf(server, 'move_file', { source: destination, destination: taken }), `Destination already exists: ${taken}`);

      const lines = (await textOf(server, 'get_file_info', { path: taken })).split('\n');
      const facts = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
      assert.equal(facts.get('size'), '3');
      assert.equal(facts.get('isFile'), 'true');
      assert.equal(facts.get('isDirectory'), 'false');
      assert.equal(facts.get('permissions'), (statSync(taken).mode & 0o777).toString(8));
    });
  });

  test('refuses what lies outside its folder, by path, by detour and by link, as an error of the tool', async () => {
    await withFilesystem(async (server, allowed, outside) => {
      const denied = `Access denied - path outside allowed directories: ${outside} not in ${allowed}`;
      assert.equal(await refusalOf(server, 'read_text_file', { path: outside }), denied);
      assert.equal(await refusalOf(server, 'read_text_file', { path: `${allowed}/../outside.txt` }), denied);
      assert.equal(await refusalOf(server, 'write_file', { path: outside, content: 'mine now' }), denied);
      assert.equal(await refusalOf(server, 'edit_file', { path: outside, edits: [{ oldText: 'not', newText: 'all' }] }), denied);
      assert.match(await refusalOf(server, 'list_directory', { path: '/' }), /^Access denied - path outside allowed directories: \/ /);
      writeFileSync(join(allowed, 'mine.txt'), 'x');
      assert.equal(await refusalOf(server, 'move_file', { source: join(allowed, 'mine.txt'), destination: outside }), denied);
      symlinkSync(outside, join(allowed, 'link'));
      assert.equal(
        await refusalOf(server, 'read_text_file', { path: join(allowed, 'link') }),
        `Access denied - symlink target outside allowed directories: ${outside} not in ${allowed}`,
      );
      const missing = join(allowed, 'missing.txt');
      assert.equal(await refusalOf(server, 'read_text_file', { path: missing }), `ENOENT: no such file or directory, open '${missing}'`);
    });
  });

  test('carries a file of 4 MiB there and back', async () => {
    await withFilesystem(async (server, allowed) => {
      const path = join(allowed, 'large.txt');
      const content = 'línea \u2029\n'.repeat((4 << 20) / 12);
      await textOf(server, 'write_file', { path, content });
      assert.equal(readFileSync(path, 'utf8'), content);
      assert.equal(await textOf(server, 'read_text_file', { path }), content);
    });
  });

  test('an answer above the limit of a message ends the call in a LimitError that names the limit', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'large.txt');
      writeFileSync(path, 'x'.repeat(200_000));
      const command = [process.execPath, FILESYSTEM, folder];
      await withServer({ command, limits: { maxMessageBytes: 100_000 }, restart: 'never' }, async ({ server }) => {
        await server.connect();
        await assert.rejects(server.callTool('read_text_file', { path }), (error: unknown) => {
          assert.ok(error instanceof LimitError);
          assert.equal(error.details['limit'], 'maxMessageBytes');
          return true;
        });
      });
    });
  });

  test('a folder that is not there: the server leaves at once, and connect() says with which code and words', async () => {
    await withFolder(async (folder) => {
      const command = [process.execPath, FILESYSTEM, join(folder, 'nowhere')];
      await withServer({ command, maxConnectionRetries: 0 }, async ({ server }) => {
        await assert.rejects(server.connect(), (error: unknown) => {
          assert.ok(error instanceof ConnectionError);
          assert.equal(error.code, 'ERR_MCP_PROCESS_EXITED');
          assert.equal(error.details['exitCode'], 1);
          assert.match(error.message, /None of the specified directories are accessible/);
          return true;
        });
        assert.equal(server.connectionState, 'failed');
      });
    });
  });
});
