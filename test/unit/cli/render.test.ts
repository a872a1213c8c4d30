import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { COMMANDS } from '../../../lib/cli/commands.ts';
import { EXIT_CODES, exitCodeOf } from '../../../lib/cli/exit-codes.ts';
import { Failure, Interruption, usageFailure } from '../../../lib/cli/failure.ts';
import { renderCommandHelp, renderHelp } from '../../../lib/cli/help.ts';
import { choosePaint, COLOURED, PLAIN, wantsColours } from '../../../lib/cli/paint.ts';
import { firstLine, printableBlock, printableJSON, printableLine, readableSize } from '../../../lib/cli/printable.ts';
import { firstBytes, renderPrompt, renderResource, renderToolResult, resourceBytes } from '../../../lib/cli/render-content.ts';
import { problemOf, renderProblem, renderProblemAsJSON } from '../../../lib/cli/render-error.ts';
import { eventFacts, renderEvent } from '../../../lib/cli/render-event.ts';
import { renderInfo } from '../../../lib/cli/render-info.ts';
import { renderCompletion, renderPrompts, renderResources, renderResourceTemplates, renderTools } from '../../../lib/cli/render-lists.ts';
import { ConnectionError, InvalidValueError, LimitError, MCPError, PeerProtocolError, RequestTimeoutError, RPCError } from '../../../lib/index.ts';
import type { ContentBlock, ServerEvents } from '../../../lib/index.ts';

/** What a hostile server puts into every text: colour, title, cursor, C1, bidi, tags, bell, line ends, a lone surrogate. */
const HOSTILE = 'a\u001b[31mred\u001b]0;title\u0007\u009b2J\u202egnp.exe\u2066\u200b\u{e0041}\b\u007f\ufeff\r\nb\u2028c\ud800';
// Everything that must not reach a terminal; line feed and tab only where blocks of text are meant.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/u;

function assertSafe(text: string, what: string): void {
  assert.equal(UNSAFE.exec(text)?.[0], undefined, `${what}: ${JSON.stringify(text)}`);
}

describe('text on its way to a terminal', () => {
  test('a line has every hidden character and line end written as an escape', () => {
    assert.equal(printableLine('a\u001b[31m\n\t\u009b\u202e'), 'a\\u{1b}[31m\\n\\t\\u{9b}\\u{202e}');
    assertSafe(printableLine(HOSTILE), 'line');
  });

  test('a block keeps line ends and tabs, and nothing else of the kind', () => {
    assert.equal(printableBlock('a\tb\r\nc\rd\n\u001b[0m'), 'a\tb\nc\\rd\n\\u{1b}[0m');
    assertSafe(printableBlock(HOSTILE), 'block');
  });

  test('a long text is not cut', () => assert.equal(printableBlock('x'.repeat(100_000)).length, 100_000));

  test('JSON parses to the same value and holds visible characters only (RFC 8259 section 7)', () => {
    const value = { [HOSTILE]: [HOSTILE, 'é日本🚀', 1.5, null, true], '': '\u0000' };
    for (const layout of ['line', 'indented'] as const) {
      const text = printableJSON(value, layout);
      assert.deepEqual(JSON.parse(text), value);
      assertSafe(text, layout);
      assert.ok(text.includes('é日本🚀'));
    }
    assert.ok(!printableJSON(value).includes('\n'));
    assert.equal(printableJSON('\u009b\u{e0041}'), '"\\u009b\\udb40\\udc41"');
    assert.equal(printableJSON(undefined), 'null');
  });

  test('the first line that says something stands for a text', () => {
    assert.equal(firstLine('\n\n  Adds numbers.  \nAnd more.'), 'Adds numbers.');
    assert.equal(firstLine(' \n '), undefined);
    assert.equal(firstLine(undefined), undefined);
  });

  test('sizes are for people', () => {
    const sizes = [0, 1023, 1024, 1229, 1048575, 1048576, 5e9];
    assert.deepEqual(sizes.map(readableSize), ['0 B', '1023 B', '1.0 KiB', '1.2 KiB', '1.0 MiB', '1.0 MiB', '4.7 GiB']);
  });
});

describe('colours', () => {
  const rows: ReadonlyArray<readonly [Record<string, string>, boolean, boolean]> = [
    [{}, true, true],
    [{}, false, false],
    [{ TERM: 'dumb' }, true, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ FORCE_COLOR: 'false' }, true, false],
    [{ FORCE_COLOR: '1', TERM: 'dumb' }, true, true],
    [{ FORCE_COLOR: '3', NO_COLOR: '1' }, true, false],
  ];
  for (const [environment, isTerminal, expected] of rows) {
    test(`${JSON.stringify(environment)} ${isTerminal ? 'on a terminal' : 'elsewhere'}: ${expected}`, () => {
      assert.equal(wantsColours(environment, isTerminal), expected);
      assert.equal(choosePaint(environment, isTerminal), expected ? COLOURED : PLAIN);
    });
  }

  test('a mark ends where it began, and an empty text is not marked', () => {
    assert.equal(COLOURED.name('x'), '\u001b[36mx\u001b[39m');
    assert.equal(COLOURED.faint(''), '');
  });
});

describe('lists', () => {
  test('tools: name, title, first line, parameters in columns', () => {
    const tools = [
      {
        name: 'add',
        annotations: { title: 'Add' },
        description: 'Adds two numbers.\nSlowly.',
        inputSchema: {
          type: 'object',
          properties: { a: { type: 'number', description: 'The first' }, carry: { type: ['boolean', 'null'] } },
          required: ['a'],
        },
      },
      { name: 'stop', title: 'stop', inputSchema: { type: 'object' } },
    ];
    assert.equal(
      renderTools(tools, PLAIN),
      ['add  Add', '  Adds two numbers.', '    a      number          required  The first', '    carry  boolean | null  optional', 'stop'].join('\n'),
    );
    assert.equal(renderTools(tools.slice(1), COLOURED), '\u001b[36mstop\u001b[39m');
    assert.equal(renderTools([], PLAIN), '[no tools]');
  });

  test('resources, templates and prompts', () => {
    const resource = { uri: 'demo://a', name: 'a', title: 'The A', mimeType: 'text/plain', size: 1229, description: 'First.\nSecond.' };
    assert.equal(renderResources([resource, { uri: 'demo://b', name: 'b' }], PLAIN), 'demo://a  The A  text/plain, 1.2 KiB\n  First.\ndemo://b  b');
    assert.equal(renderResourceTemplates([{ uriTemplate: 'demo://{id}', name: 'item' }], PLAIN), 'demo://{id}  item');
    const prompt = { name: 'greet', description: 'Greets.', arguments: [{ name: 'who', required: true, description: 'Whom' }, { name: 'style' }] };
    assert.equal(renderPrompts([prompt], PLAIN), 'greet\n  Greets.\n    who    text  required  Whom\n    style  text  optional');
    assert.equal(renderResources([], PLAIN) + renderResourceTemplates([], PLAIN) + renderPrompts([], PLAIN), '[no resources][no resource templates][no prompts]');
  });

  test('completions say how many are missing', () => {
    assert.equal(renderCompletion({ values: ['a', 'b'], total: 5, hasMore: true }, PLAIN), 'a\nb\n[3 more]');
    assert.equal(renderCompletion({ values: ['a'], hasMore: true }, PLAIN), 'a\n[more]');
    assert.equal(renderCompletion({ values: [] }, PLAIN), '[no completions]');
  });

  test('nothing a hostile server says leaves its line or drives the terminal', () => {
    const schema = { properties: { [HOSTILE]: { enum: [HOSTILE], description: HOSTILE } } };
    const tools = [{ name: HOSTILE, title: HOSTILE, description: HOSTILE, inputSchema: schema }];
    const resources = [{ uri: HOSTILE, name: HOSTILE, title: HOSTILE, description: HOSTILE, mimeType: HOSTILE }];
    const templates = [{ uriTemplate: HOSTILE, name: HOSTILE, description: HOSTILE, mimeType: HOSTILE }];
    const prompts = [{ name: HOSTILE, title: HOSTILE, description: HOSTILE, arguments: [{ name: HOSTILE, description: HOSTILE }] }];
    const rendered: ReadonlyArray<readonly [string, string, number]> = [
      ['tools', renderTools(tools, PLAIN), 3],
      ['resources', renderResources(resources, PLAIN), 2],
      ['templates', renderResourceTemplates(templates, PLAIN), 2],
      ['prompts', renderPrompts(prompts, PLAIN), 3],
      ['completion', renderCompletion({ values: [HOSTILE] }, PLAIN), 1],
    ];
    for (const [what, text, lines] of rendered) {
      assertSafe(text, what);
      assert.equal(text.split('\n').length, lines, what);
    }
  });
});

const PICTURE = Buffer.from(new Uint8Array(1229)).toString('base64');

describe('content', () => {
  test('each block by its kind, then structured content as JSON', () => {
    const content: ContentBlock[] = [
      { type: 'text', text: 'two\nlines' },
      { type: 'image', data: PICTURE, mimeType: 'image/png' },
      { type: 'audio', data: '', mimeType: 'audio/wav' },
      { type: 'resource_link', uri: 'demo://a', name: 'a', mimeType: 'text/plain', size: 7 },
      { type: 'resource', resource: { uri: 'demo://b', text: 'embedded' } },
      { type: 'resource', resource: { uri: 'demo://c', mimeType: 'image/png', blob: 'AAAA' } },
    ];
    assert.equal(
      renderToolResult({ content, structuredContent: { sum: 3 } }, PLAIN),
      [
        'two',
        'lines',
        '[image image/png, 1.2 KiB]',
        '[audio audio/wav, 0 B]',
        '[resource link demo://a, text/plain, 7 B] a',
        '[resource demo://b]',
        'embedded',
        '[resource demo://c, image/png, 3 B]',
        '[structured content]',
        '{',
        '  "sum": 3',
        '}',
      ].join('\n'),
    );
    assert.equal(renderToolResult({ content: [] }, PLAIN), '[no content]');
  });

  test('a block of a kind that is not known is shown as JSON, escaped', () => {
    const block = { type: 'hologram', data: '\u001b[2J' } as unknown as ContentBlock;
    assert.equal(renderToolResult({ content: [block] }, PLAIN), '{\n  "type": "hologram",\n  "data": "\\u001b[2J"\n}');
  });

  test('a resource of one text is that text; of several parts, each under its name', () => {
    const [one, two] = [{ uri: 'a:1', text: 'one\n' }, { uri: 'a:2', blob: 'AAAA' }];
    assert.equal(renderResource([one], PLAIN), 'one\n');
    assert.equal(renderResource([one, two], PLAIN), '[resource a:1]\none\n\n[resource a:2, 3 B]');
    assert.equal(renderResource([], PLAIN), '[no content]');
  });

  test('a prompt: each message under its role', () => {
    const prompt = { description: 'A talk', messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'Hello\nyou' } }] };
    assert.equal(renderPrompt(prompt, PLAIN), 'A talk\nuser:\n  Hello\n  you');
  });

  test('the exact bytes are there to be saved', () => {
    const blocks: ContentBlock[] = [{ type: 'text', text: 'x' }, { type: 'image', data: 'iVBORw==', mimeType: 'image/png' }];
    assert.deepEqual([...(firstBytes(blocks) ?? [])], [0x89, 0x50, 0x4e, 0x47]);
    assert.equal(firstBytes(blocks.slice(0, 1)), undefined);
    assert.deepEqual([...resourceBytes({ uri: 'a:b', text: 'é\u001b' })], [0xc3, 0xa9, 0x1b]);
  });

  test('nothing in hostile content drives the terminal', () => {
    const content: ContentBlock[] = [
      { type: 'text', text: HOSTILE },
      { type: 'image', data: HOSTILE, mimeType: HOSTILE },
      { type: 'resource_link', uri: HOSTILE, name: HOSTILE, mimeType: HOSTILE },
      { type: 'resource', resource: { uri: HOSTILE, mimeType: HOSTILE, text: HOSTILE } },
    ];
    assertSafe(renderToolResult({ content, structuredContent: { [HOSTILE]: HOSTILE } }, PLAIN), 'result');
    assertSafe(renderResource([{ uri: HOSTILE, text: HOSTILE }], PLAIN), 'resource');
    const messages = [{ role: HOSTILE as 'user', content: content[0] as ContentBlock }];
    assertSafe(renderPrompt({ description: HOSTILE, messages }, PLAIN), 'prompt');
  });
});

describe('who the server is', () => {
  test('name, version, revision, capabilities with their flags, instructions', () => {
    const facts = {
      serverInfo: { name: 'demo', title: 'The demo', version: '1.0' },
      protocolVersion: '2025-11-25',
      era: 'legacy',
      capabilities: { tools: { listChanged: true }, logging: {}, resources: { subscribe: true, listChanged: false } },
      instructions: 'Be kind.\nCount.',
    };
    assert.equal(
      renderInfo(facts, PLAIN),
      [
        'server        demo 1.0  The demo',
        'revision      2025-11-25 (legacy era)',
        'capabilities  tools (listChanged), logging, resources (subscribe)',
        'instructions',
        '  Be kind.',
        '  Count.',
      ].join('\n'),
    );
  });

  test('a hostile one is shown on its lines', () => {
    const serverInfo = { name: HOSTILE, title: `${HOSTILE}!`, version: HOSTILE, description: HOSTILE, websiteUrl: HOSTILE };
    const text = renderInfo({ serverInfo, protocolVersion: HOSTILE, era: 'legacy', capabilities: { [HOSTILE]: { [HOSTILE]: true } }, instructions: undefined }, PLAIN);
    assertSafe(text, 'info');
    assert.equal(text.split('\n').length, 5);
  });
});

describe('errors', () => {
  test('the exit code tells who is to blame', () => {
    const rows: ReadonlyArray<readonly [unknown, number]> = [
      [new InvalidValueError('ERR_MCP_UNKNOWN_TOOL', 'x'), EXIT_CODES.usage],
      [new TypeError('x'), EXIT_CODES.usage],
      [new RangeError('x'), EXIT_CODES.usage],
      [new ConnectionError('ERR_MCP_SPAWN_FAILED', 'x'), EXIT_CODES.unreachable],
      [new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', 'x'), EXIT_CODES.unreachable],
      [new RPCError(-32603, 'x'), EXIT_CODES.toolError],
      [new PeerProtocolError('ERR_MCP_INVALID_RESULT', 'x'), EXIT_CODES.toolError],
      [new LimitError('maxPages', 'x'), EXIT_CODES.toolError],
      [new MCPError('ERR_MCP_STATE', 'x'), EXIT_CODES.toolError],
      [new InvalidValueError('ERR_MCP_UNSUPPORTED_METHOD', 'x'), EXIT_CODES.usage],
      [Object.assign(new Error('x'), { name: 'AuthorizationError' }), EXIT_CODES.authorization],
      ['thrown text', EXIT_CODES.usage],
      // RFC 9110 sections 15.5.2 and 15.5.4.
      [new ConnectionError('ERR_MCP_HTTP_STATUS', 'x', { details: { status: 401 } }), EXIT_CODES.authorization],
      [new ConnectionError('ERR_MCP_HTTP_STATUS', 'x', { details: { status: 403 } }), EXIT_CODES.authorization],
      [new ConnectionError('ERR_MCP_HTTP_STATUS', 'x', { details: { status: 404 } }), EXIT_CODES.unreachable],
      [new ConnectionError('ERR_MCP_HTTP_STATUS', 'x', { details: { status: '401' } }), EXIT_CODES.unreachable],
      [new ConnectionError('ERR_MCP_NETWORK', 'x', { details: { status: 401 } }), EXIT_CODES.unreachable],
    ];
    for (const [error, expected] of rows) assert.equal(exitCodeOf(error), expected, String(error));
    assert.deepEqual(EXIT_CODES, { ok: 0, usage: 1, authorization: 3, unreachable: 4, toolError: 5 });
  });

  test('for programs: one line of JSON with code, message, and details where there are any', () => {
    const refused = problemOf(new RPCError(-32603, 'no\u202e', { secret: 1 }));
    assert.equal(renderProblemAsJSON(refused), '{"error":{"code":"ERR_MCP_RPC","message":"no\\u202e","details":{"rpcCode":-32603}}}');
    assert.equal(renderProblemAsJSON(problemOf(usageFailure('two\nlines'))), '{"error":{"code":"ERR_CLI_USAGE","message":"two\\nlines"}}');
  });

  test('for people: the message, its code, and what to do', () => {
    const timeout = problemOf(new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', 'no answer in 30 s'));
    assert.equal(renderProblem(timeout, PLAIN), 'error: no answer in 30 s (ERR_MCP_REQUEST_TIMEOUT)\nhint: --timeout gives it more time');
    const tool = new Failure('ERR_CLI_TOOL_ERROR', HOSTILE, { exitCode: 5 });
    assertSafe(renderProblem(problemOf(tool), PLAIN), 'error');
    assert.equal(problemOf(tool).exitCode, 5);
  });

  test('a server that wants credentials, and a proxy that is none, say what to do', () => {
    const refused = new ConnectionError('ERR_MCP_HTTP_STATUS', 'refused', { details: { status: 401 } });
    assert.match(problemOf(refused).hint ?? '', /--oauth signs you in, --token-env VARIABLE/);
    const cause = new TypeError('HTTP_PROXY must be the url of an http: or https: proxy; it is no url');
    const unreached = new ConnectionError('ERR_MCP_NETWORK', 'not reached', { cause });
    assert.equal(problemOf(unreached).message, `not reached: ${cause.message}`);
    assert.equal(problemOf(new ConnectionError('ERR_MCP_NETWORK', 'not reached', { cause: new TypeError('other') })).message, 'not reached');
  });

  test('an interruption, a refused option, and what nobody foresaw', () => {
    assert.deepEqual(problemOf(new Interruption('interrupted by SIGINT', 130)), {
      code: 'ERR_CLI_INTERRUPTED',
      message: 'interrupted by SIGINT',
      details: undefined,
      hint: undefined,
      exitCode: 130,
    });
    assert.equal(problemOf(new TypeError('x must be a string')).code, 'ERR_CLI_USAGE');
    assert.equal(problemOf(new Error('what?')).code, 'ERR_CLI_UNEXPECTED');
    assert.equal(problemOf(undefined).message, 'undefined');
  });
});

describe('events', () => {
  const rows: ReadonlyArray<readonly [keyof ServerEvents, unknown, string]> = [
    ['toolsChanged', {}, 'tools     the list of tools changed'],
    ['promptsChanged', {}, 'prompts   the list of prompts changed'],
    ['resourcesChanged', {}, 'resources  the list of resources changed'],
    ['resourceUpdated', { uri: 'demo://a' }, 'resource  demo://a changed'],
    ['log', { level: 'info', data: 'all well' }, 'log       info all well'],
    ['log', { level: 'error', logger: 'db', data: { code: 7 } }, 'log       error db: {"code":7}'],
    ['progress', { requestId: 1, method: 'tools/call', progress: 1, total: 2, message: 'half' }, 'progress  tools/call 1/2 half'],
    ['stateChanged', { from: 'connecting', to: 'initializing', cause: undefined }, 'state     connecting → initializing'],
    ['stateChanged', { from: 'connected', to: 'failed', cause: new ConnectionError('ERR_MCP_STDOUT_CLOSED', 'gone') }, 'state     connected → failed: gone (ERR_MCP_STDOUT_CLOSED)'],
    ['stateChanged', { from: 'connected', to: 'failed', cause: 'why' }, 'state     connected → failed: why'],
    ['fault', new PeerProtocolError('ERR_MCP_INVALID_JSON', 'no JSON'), 'fault     no JSON (ERR_MCP_INVALID_JSON)'],
    ['gap', {}, 'gap       something the server said may be lost'],
    ['elicitationCompleted', { elicitationId: 'e\u202e1' }, 'visit     e\\u{202e}1 is completed'],
  ];

  test('each is one line: when, what, and what it says', () => {
    for (const [event, payload, expected] of rows) {
      const line = renderEvent(event, eventFacts(event, payload as never), 1234, PLAIN);
      assert.equal(line.replace(/ {2,}/g, '  '), `  +1.234s  ${expected}`.replace(/ {2,}/g, '  '));
    }
    const columns = rows.map(([event, payload]) => renderEvent(event, eventFacts(event, payload as never), 0, PLAIN).slice(0, 22));
    assert.ok(columns.every((text) => text.endsWith('  ')), 'the words stand in one column');
  });

  test('nothing a server says in one breaks the line or drives a terminal', () => {
    const hostile: ReadonlyArray<readonly [keyof ServerEvents, unknown]> = [
      ['resourceUpdated', { uri: HOSTILE }],
      ['log', { level: 'info', logger: HOSTILE, data: HOSTILE }],
      ['log', { level: 'info', data: { [HOSTILE]: HOSTILE } }],
      ['progress', { requestId: 1, method: 'x', progress: 1, message: HOSTILE }],
      ['fault', new PeerProtocolError('ERR_MCP_INVALID_JSON', HOSTILE)],
    ];
    for (const [event, payload] of hostile) {
      const line = renderEvent(event, eventFacts(event, payload as never), 0, PLAIN);
      assertSafe(line, event);
      assert.ok(!line.includes('\n'));
    }
  });

  test('for programs an error is its code, message and details, and never its cause', () => {
    const error = new ConnectionError('ERR_MCP_NETWORK', 'no', { details: { origin: 'http://a' }, cause: new Error('secret') });
    assert.deepEqual(eventFacts('fault', error), { code: 'ERR_MCP_NETWORK', message: 'no', details: { origin: 'http://a' } });
    assert.deepEqual(eventFacts('stateChanged', { from: 'connected', to: 'failed', cause: new Error('odd') }), {
      from: 'connected',
      to: 'failed',
      cause: { message: 'odd' },
    });
  });
});

describe('help', () => {
  test('the general help names every command, option and exit code, and stays within 120 columns', () => {
    const text = renderHelp(COMMANDS, PLAIN);
    for (const { name } of COMMANDS) assert.match(text, new RegExp(`^  ${name}\\b`, 'm'));
    for (const option of ['--json', '--timeout', '--url URL', `--header 'Name: value'`, '--header-env Name=VARIABLE', '--env', '--cwd', '--protocol', '--log-level', '--verbose', '--help', '--version']) assert.ok(text.includes(option), option);
    for (const line of text.split('\n')) assert.ok(line.length <= 120, line);
  });

  test('the help of a command has its own options and examples', () => {
    const call = COMMANDS.find(({ name }) => name === 'call');
    assert.ok(call !== undefined);
    const text = renderCommandHelp(call, PLAIN);
    assert.match(text, /^barewire call: call a tool and print what it answers\.\n\nUsage\n  barewire call <tool> \[name=value …\] \[options\] -- <server command …>\n  barewire call <tool> \[name=value …\] \[options\] --url <url>\n/);
    assert.match(text, /--args JSON/);
    assert.match(text, /name:=json/);
    const ping = COMMANDS.find(({ name }) => name === 'ping');
    assert.ok(ping !== undefined && !renderCommandHelp(ping, PLAIN).includes('--args'));
  });
});
