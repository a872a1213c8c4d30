import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { findCommand } from '../../../lib/cli/commands.ts';
import { readCommandLine, wantsJSON } from '../../../lib/cli/command-line.ts';
import { readDuration } from '../../../lib/cli/duration.ts';
import { Failure } from '../../../lib/cli/failure.ts';
import type { HostIO } from '../../../lib/cli/host-io.ts';
import { readParameters } from '../../../lib/cli/parameters.ts';
import { checkServerChoice, readLogLevel, readStdioOptions } from '../../../lib/cli/server-options.ts';
import { readArgumentObject, readArgumentWords, textArguments, toolArguments } from '../../../lib/cli/tool-arguments.ts';

/** The message of the usage failure that `action` throws. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, 'ERR_CLI_USAGE');
    assert.equal(error.exitCode, 1);
    return error.message;
  }
  assert.fail('expected a usage failure');
}

async function asyncRefusal(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error;
  }
  assert.fail('expected a failure');
}

describe('the words of the command line', () => {
  test('what stands before -- is ours, what stands after it is the server, options and all', () => {
    const words = ['call', 'add', 'a=1', '--json', '--timeout', '5', '--env', 'A=1', '--env=B', '--', 'node', '--json', '--', 'x'];
    const { command, operands, options, serverCommand } = readCommandLine(words);
    assert.equal(command, 'call');
    assert.deepEqual(operands, ['add', 'a=1']);
    assert.equal(options.has('json'), true);
    assert.equal(options.value('timeout'), '5');
    assert.deepEqual(options.values('env'), ['A=1', 'B']);
    assert.deepEqual(serverCommand, ['node', '--json', '--', 'x']);
  });

  test('short options stand for long ones', () => {
    assert.deepEqual(readCommandLine(['-vh', '-V']).options.names, ['verbose', 'help', 'version']);
  });

  test('--json after -- is the server’s, not ours', () => {
    assert.equal(wantsJSON(['tools', '--', 'server', '--json']), false);
    assert.equal(wantsJSON(['tools', '--nonsense', '--json', '--', 'server']), true);
  });

  const refused: ReadonlyArray<readonly [string, string[], string]> = [
    ['an unknown option', ['tools', '--colour'], 'there is no option --colour'],
    ['an option named as a member of every object', ['tools', '--constructor'], 'there is no option --constructor'],
    ['an unknown short option', ['tools', '-q'], 'there is no option -q'],
    ['a value for an option that takes none', ['tools', '--json=yes'], '--json takes no value'],
    ['an option without its value', ['tools', '--timeout'], '--timeout needs a value: --timeout TIME'],
    ['an option that swallows the next one', ['tools', '--timeout', '--json'], '--timeout needs a value: --timeout TIME'],
    ['an option given twice', ['tools', '--cwd', 'a', '--cwd', 'b'], '--cwd is given twice'],
  ];
  for (const [what, words, message] of refused) {
    test(`${what} is refused by name`, () => assert.equal(refusal(() => readCommandLine(words)), message));
  }

  test('a lone - is a value: stdin', () => {
    assert.equal(readCommandLine(['call', 'x', '--args', '-']).options.value('args'), '-');
  });
});

describe('commands', () => {
  const find = (...words: string[]) => findCommand(readCommandLine(words));

  test('a command is found by its name', () => assert.equal(find('read', 'demo://readme').name, 'read'));

  test('no command, an unknown one, and a name of Object.prototype are refused with the list of those there are', () => {
    const list = 'info, ping, tools, emit-types, call, tasks, task, resources, templates, read, prompts, prompt, complete, watch, session';
    assert.equal(refusal(() => find()), `no command; there are ${list}`);
    assert.equal(refusal(() => find('tool')), `there is no command "tool"; there are ${list}`);
    assert.equal(refusal(() => find('toString')), `there is no command "toString"; there are ${list}`);
  });

  test('operands too few or too many, and options of other commands, are refused', () => {
    assert.equal(refusal(() => find('call')), 'call needs <tool> [name=value …]');
    assert.equal(refusal(() => find('read')), 'read needs <uri or template> [variable=text …]');
    assert.equal(refusal(() => find('ping', 'you')), 'ping takes no operand; got "you"');
    assert.equal(refusal(() => find('tools', '--out', 'x')), 'tools takes no --out');
    assert.equal(refusal(() => find('read', 'a:b', '--args', '{}')), 'read takes no --args');
    assert.equal(refusal(() => find('ping', '--for', '3')), 'ping takes no --for');
  });

  test('--help needs no operands', () => assert.equal(find('call', '--help').name, 'call'));
});

describe('durations', () => {
  test('a bare number is seconds; ms, s and m are units', () => {
    const read = ['30', '0.5', '500ms', '2s', '1.5m'].map((text) => readDuration('--timeout', text));
    assert.deepEqual(read, [30_000, 500, 500, 2_000, 90_000]);
  });

  for (const text of ['', '0', '0ms', '-1', '1h', 'soon', '1e3', ' 1', 'Infinity', 'NaN', '0.0001']) {
    test(`"${text}" is refused`, () => {
      assert.match(refusal(() => readDuration('--timeout', text)), /^--timeout must be a time above zero/);
    });
  }
});

describe('options of the server', () => {
  const environment = { HOME: '/home/ada', EMPTY: '' };
  const read = (...words: string[]) => readStdioOptions(readCommandLine(words), environment, { logger: {}, handlers: {}, showsPages: false });

  test('one start, no restart, 30 seconds for the start and for each answer', () => {
    const { logger, handlers, limits, ...options } = read('tools', '--', 'node', 'server.mjs');
    assert.deepEqual([logger, handlers, limits], [{}, {}, { answerTimeoutMs: 86_400_000 }]);
    assert.deepEqual(options, {
      serverName: 'node',
      command: ['node', 'server.mjs'],
      serverEnv: {},
      requestTimeoutMs: 30_000,
      startupTimeoutMs: 30_000,
      maxConnectionRetries: 0,
      restart: 'never',
      healthCheckIntervalMs: 0,
      logLevel: 'CRITICAL',
    });
  });

  test('--timeout, --cwd and --protocol are handed on', () => {
    const options = read('tools', '--timeout', '500ms', '--cwd', '/tmp', '--protocol', '2025-06-18', '--', 'x');
    assert.equal(options.requestTimeoutMs, 500);
    assert.equal(options.startupTimeoutMs, 500);
    assert.equal(options.workingDir, '/tmp');
    assert.deepEqual(options.protocolVersions, ['2025-06-18']);
  });

  test('--env gives a variable, or passes one of this shell on', () => {
    const options = read('tools', '--env', 'A=b=c', '--env', 'NONE=', '--env', 'HOME', '--env', 'EMPTY', '--', 'x');
    assert.deepEqual(options.serverEnv, { A: 'b=c', NONE: '', HOME: '/home/ada', EMPTY: '' });
  });

  test('what does not hold is refused', () => {
    assert.match(refusal(() => read('tools', '--env', '=x', '--', 'x')), /^--env needs a name/);
    assert.equal(refusal(() => read('tools', '--env', 'GONE', '--', 'x')), '--env GONE: there is no such variable here to pass on');
    assert.match(refusal(() => read('tools', '--protocol', '2023-01-01', '--', 'x')), /^--protocol must be one of 2026-07-28, 2025-11-25, .*; got "2023-01-01"$/);
  });

  test('there is one server, and no option that means nothing for it', () => {
    const check = (...words: string[]) => checkServerChoice(readCommandLine(words));
    assert.match(refusal(() => check('tools')), /^no server: put -- and the command that starts it at the end, or give its address with --url$/);
    assert.match(refusal(() => check('tools', '--')), /^no server/);
    assert.match(refusal(() => check('tools', '--', '')), /^no server/);
    assert.match(refusal(() => check('tools', '--url', 'http://a', '--', 'x')), /^there are two servers/);
    for (const option of ['--cwd', '--env']) {
      assert.equal(refusal(() => check('tools', '--url', 'http://a', option, 'x')), `${option} is for a server that is started; there is none with --url`);
    }
    for (const option of ['--header', '--header-env']) {
      assert.equal(refusal(() => check('tools', option, 'x', '--', 'x')), `${option} is for a server at an address; it needs --url`);
    }
    check('tools', '--url', 'http://a', '--header', 'x', '--header-env', 'x');
    check('tools', '--cwd', 'x', '--env', 'x', '--', 'x');
  });

  test('--log-level is a level of the protocol, in any case; --verbose alone is debug', () => {
    const level = (...words: string[]) => readLogLevel(readCommandLine(words));
    assert.equal(level('tools'), undefined);
    assert.equal(level('tools', '--verbose'), 'debug');
    assert.equal(level('tools', '--verbose', '--log-level', 'Warning'), 'warning');
    assert.equal(read('tools', '--log-level', 'notice', '--', 'x').logLevel, 'INFO');
    assert.match(refusal(() => level('tools', '--log-level', 'loud')), /^--log-level must be one of debug, info, notice/);
  });
});

/** A tool with one parameter of each kind. */
const tool = {
  name: 'everything',
  inputSchema: {
    type: 'object',
    properties: {
      text: { type: 'string' },
      whole: { type: 'integer' },
      real: { type: 'number' },
      yes: { type: 'boolean' },
      list: { type: 'array', items: { type: 'string' } },
      object: { type: 'object' },
      maybe: { type: ['string', 'null'] },
      either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      choice: { enum: ['a', 'b'] },
      untold: {},
      referred: { $ref: '#/$defs/thing' },
    },
    required: ['text', 'whole'],
  },
};

const argumentsOf = (...words: string[]) => toolArguments(readArgumentWords(words), tool);

describe('arguments as name=value', () => {
  test('the schema’s type decides what a text is', () => {
    assert.deepEqual(argumentsOf('text=5', 'whole=5', 'real=0.5', 'yes=true', 'list=["a"]', 'object={"a":1}'), {
      text: '5',
      whole: 5,
      real: 0.5,
      yes: true,
      list: ['a'],
      object: { a: 1 },
    });
    assert.deepEqual(argumentsOf('real=7'), { real: 7 }, 'an integer is a number');
  });

  test('where a string is allowed beside other types, JSON of those types is that value and all else is text', () => {
    assert.deepEqual(argumentsOf('maybe=null', 'either=7', 'choice=a'), { maybe: null, either: 7, choice: 'a' });
    assert.deepEqual(argumentsOf('maybe=7', 'either=true'), { maybe: '7', either: 'true' });
  });

  test('where the schema says nothing, JSON is its value unless it is a JSON string, and all else is text', () => {
    assert.deepEqual(argumentsOf('untold=7', 'referred={"a":[]}', 'unknown=null'), { untold: 7, referred: { a: [] }, unknown: null });
    assert.deepEqual(argumentsOf('untold=hello', 'referred="quoted"'), { untold: 'hello', referred: '"quoted"' });
  });

  test('a text that can be no value of its parameter is refused before anything is called', () => {
    assert.equal(refusal(() => argumentsOf('whole=half')), 'the argument "whole" must be integer; got half');
    assert.equal(refusal(() => argumentsOf('whole=0.5')), 'the argument "whole" must be integer; got 0.5');
    assert.equal(refusal(() => argumentsOf('yes=yes')), 'the argument "yes" must be boolean; got yes');
    assert.equal(refusal(() => argumentsOf('list=a,b')), 'the argument "list" must be array; got a,b');
    assert.equal(refusal(() => argumentsOf('object=null')), 'the argument "object" must be object; got null');
  });

  test('name:=json is JSON whatever the schema says', () => {
    assert.deepEqual(argumentsOf('text:=5', 'untold:="5"', 'whole:=null'), { text: 5, untold: '5', whole: null });
    assert.equal(refusal(() => argumentsOf('text:=five')), 'text:= must be followed by JSON; got five');
  });

  test('only the first = parts name and value; a value may be empty or hold anything', () => {
    assert.deepEqual(argumentsOf('text=a=b:=c'), { text: 'a=b:=c' });
    assert.deepEqual(argumentsOf('text='), { text: '' });
    assert.deepEqual(argumentsOf('text= spaced\n'), { text: ' spaced\n' });
  });

  test('__proto__ and its like are names as all others', () => {
    const args = argumentsOf('__proto__=1', 'constructor=2');
    assert.deepEqual(Object.entries(args), [['__proto__', 1], ['constructor', 2]]);
    assert.equal(Object.getPrototypeOf(args), Object.prototype);
  });

  test('a word without =, without a name, or a name that comes twice, is refused', () => {
    assert.match(refusal(() => readArgumentWords(['verbose'])), /^"verbose" is not an argument/);
    assert.match(refusal(() => readArgumentWords(['=1'])), /^"=1" is not an argument/);
    assert.match(refusal(() => readArgumentWords([':=1'])), /^":=1" is not an argument/);
    assert.equal(refusal(() => readArgumentWords(['a=1', 'a:=2'])), 'the argument "a" is given twice');
  });

  test('without a tool all is as if its schema said nothing; for a prompt all is text', () => {
    const words = readArgumentWords(['a=1', 'b=x']);
    assert.deepEqual(toolArguments(words, undefined), { a: 1, b: 'x' });
    assert.deepEqual(textArguments(words), { a: '1', b: 'x' });
  });
});

describe('arguments as one object', () => {
  const io = {
    readInput: async () => '{"from": "stdin"}',
    readFile: async (path: string) => {
      if (path === 'there.json') return '{"from": "file"}';
      throw new Error('ENOENT: no such file');
    },
  } as unknown as HostIO;

  test('--args is JSON, @FILE, or - for stdin', async () => {
    assert.deepEqual(await readArgumentObject('{"a": [1]}', io), { a: [1] });
    assert.deepEqual(await readArgumentObject('@there.json', io), { from: 'file' });
    assert.deepEqual(await readArgumentObject('-', io), { from: 'stdin' });
  });

  test('what is no JSON object, and a file that cannot be read, is refused', async () => {
    assert.equal((await asyncRefusal(readArgumentObject('{a: 1}', io))).message, '--args must be JSON');
    assert.equal((await asyncRefusal(readArgumentObject('[1]', io))).message, '--args must be a JSON object; got a JSON array');
    assert.equal((await asyncRefusal(readArgumentObject('null', io))).message, '--args must be a JSON object; got a JSON null');
    const missing = await asyncRefusal(readArgumentObject('@gone.json', io));
    assert.equal(missing.code, 'ERR_CLI_FILE');
    assert.equal(missing.message, 'cannot read gone.json: ENOENT: no such file');
  });
});

describe('parameters of a schema', () => {
  test('each has its name, its type for people, and whether it is required', () => {
    const rows = readParameters(tool.inputSchema).map(({ name, typeText, required }) => `${name}: ${typeText}${required ? '!' : ''}`);
    assert.deepEqual(rows, [
      'text: string!',
      'whole: integer!',
      'real: number',
      'yes: boolean',
      'list: string[]',
      'object: object',
      'maybe: string | null',
      'either: string | number',
      'choice: "a" | "b"',
      'untold: any',
      'referred: any',
    ]);
  });

  test('a schema that makes no sense has no parameters, or parameters of any type, and harms nobody', () => {
    for (const schema of [undefined, null, 7, 'x', [], {}, { properties: null }, { properties: [1] }]) {
      assert.deepEqual(readParameters(schema), []);
    }
    const odd = { properties: { a: null, b: true, c: { type: 'nonsense' }, d: { type: [] }, e: { anyOf: [{}] } }, required: 'a' };
    assert.deepEqual(readParameters(odd).map(({ typeText, required }) => [typeText, required]), Array(5).fill(['any', false]));
  });

  test('a long list of choices is cut', () => {
    const [parameter] = readParameters({ properties: { a: { enum: Array.from({ length: 20 }, (_, index) => index) } } });
    assert.equal(parameter?.typeText, '0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | …');
  });
});
