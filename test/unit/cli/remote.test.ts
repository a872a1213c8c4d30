/** What of the command line concerns a server at an address: headers, what hides them, a lost connection, the proxy of the environment. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { ActionContext } from '../../../lib/cli/command.ts';
import { readCommandLine } from '../../../lib/cli/command-line.ts';
import { Failure } from '../../../lib/cli/failure.ts';
import { readHeaders } from '../../../lib/cli/header-options.ts';
import { hideDeep, hiderOf } from '../../../lib/cli/hide.ts';
import type { HostIO } from '../../../lib/cli/host-io.ts';
import { fetchForEnvironment } from '../../../lib/cli/proxy.ts';
import { readHTTPOptions } from '../../../lib/cli/server-options.ts';
import { WATCH_COMMAND } from '../../../lib/cli/watch-command.ts';
import type { MCPServerProtocol } from '../../../lib/index.ts';

const SECRET = 'hunter2-and-more';

/** The message of the usage failure that `action` throws, which must not hold the secret, nor may its hint. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.deepEqual([error.code, error.exitCode], ['ERR_CLI_USAGE', 1]);
    assert.ok(!`${error.message} ${error.hint} ${JSON.stringify(error.details)}`.includes(SECRET), error.message);
    return error.message;
  }
  assert.fail('expected a usage failure');
}

describe('headers of the command line', () => {
  const environment = { TOKEN: `Bearer ${SECRET}`, EMPTY: '' };
  const read = (...words: string[]) => readHeaders(readCommandLine(['tools', ...words]), environment);

  test('a header is written as on the wire, or takes its value from a variable; both may come more than once', () => {
    const words = ['--header', 'X-Tenant: a b', '--header=Cookie: a=b; c: d', '--header-env', 'Authorization=TOKEN', '--header-env=x-again=TOKEN'];
    assert.deepEqual(read(...words), { 'X-Tenant': 'a b', Cookie: 'a=b; c: d', Authorization: `Bearer ${SECRET}`, 'x-again': `Bearer ${SECRET}` });
    assert.deepEqual(read(), {});
  });

  test('a name of Object.prototype is a name as all others', () => {
    assert.deepEqual(Object.entries(read('--header', '__proto__: x')), [['__proto__', 'x']]);
    assert.match(refusal(() => read('--header-env', 'A=toString')), /is not set, or empty$/);
  });

  const refused: ReadonlyArray<readonly [string, string[], RegExp]> = [
    ['a header without a colon', ['--header', `Authorization Bearer ${SECRET}`], /^--header must be written 'Name: value'/],
    ['one that the shell took apart', ['--header', 'Authorization:', 'Bearer', SECRET], /^--header must be written/],
    ['one without a space behind the colon, of which the rest may be elsewhere', ['--header', 'Authorization:Bearer', SECRET], /^--header must be written/],
    ['one without a value', ['--header', 'X: '], /^--header must be written/],
    ['one without a name', ['--header', `: ${SECRET}`], /^--header must be written/],
    ['one whose secret stands before a colon', ['--header', `Authorization Basic ${SECRET}: x`], /^--header must be written/],
    ['the same header twice', ['--header', `X-Key: ${SECRET}`, '--header', 'x-key: other'], /^the header "x-key" is given twice$/],
    ['the same header in both ways', ['--header', `Authorization: ${SECRET}`, '--header-env', 'authorization=TOKEN'], /^the header "authorization" is given twice$/],
    ['a variable that is not there, because it is the secret itself', ['--header-env', `Authorization=${SECRET}`], /^--header-env Authorization=…: the variable .* is not set/],
    ['a variable that is empty', ['--header-env', 'Authorization=EMPTY'], /is not set, or empty$/],
    ['a variable without a header', ['--header-env', SECRET], /^--header-env must be written Name=VARIABLE/],
    ['a header without a variable', ['--header-env', 'Authorization='], /^--header-env must be written/],
  ];
  for (const [what, words, message] of refused) {
    test(`${what} is refused, and nothing of it is shown`, () => assert.match(refusal(() => read(...words)), message));
  }
});

describe('the options of a server at an address', () => {
  const read = (...words: string[]) => readHTTPOptions(readCommandLine(words), { TOKEN: 'x' }, { logger: {}, handlers: {}, showsPages: false });

  test('it is called by its host, and every wait is that of --timeout', () => {
    const { logger, handlers, limits, ...options } = read('tools', '--url', 'https://mcp.example:8443/a?key=secret', '--header-env', 'Authorization=TOKEN', '--timeout', '5');
    assert.deepEqual([logger, handlers, limits], [{}, {}, { answerTimeoutMs: 86_400_000 }]);
    assert.deepEqual(options, {
      serverName: 'mcp.example:8443',
      serverUrl: 'https://mcp.example:8443/a?key=secret',
      headers: { Authorization: 'x' },
      timeoutMs: 5_000,
      connectTimeoutMs: 5_000,
      logLevel: 'CRITICAL',
    });
  });

  test('what is no address has a name all the same; the library refuses it', () => {
    assert.equal(read('tools', '--url', 'nonsense').serverName, 'the server');
    assert.equal(read('tools', '--url', 'data:,x').serverName, 'the server');
  });
});

describe('hiding the values of headers', () => {
  test('a value is gone wherever a text holds it, the rest stays', () => {
    const hide = hiderOf([SECRET, 'tenant-17']);
    assert.equal(hide(`a ${SECRET} b ${SECRET}${SECRET} tenant-17.`), 'a [hidden header value] b [hidden header value][hidden header value] [hidden header value].');
    assert.equal(hide('nothing'), 'nothing');
    assert.equal(hide(''), '');
    assert.equal(hiderOf([])(SECRET), SECRET);
  });

  test('behind a scheme the credentials alone are the secret (RFC 9110 section 11.4)', () => {
    const hide = hiderOf([`Bearer ${SECRET}`]);
    assert.equal(hide(`"Bearer ${SECRET}" is refused: token ${SECRET}`), '"Bearer [hidden header value]" is refused: token [hidden header value]');
  });

  test('a value that was cut at the end of a text is gone too', () => {
    assert.equal(hiderOf([SECRET])(`token ${SECRET.slice(0, 10)}… (7 more)`), 'token [hidden header value]… (7 more)');
  });

  test('a value with quotes and backslashes is gone in each form in which it is quoted', () => {
    const odd = 'a"b\\c"secret';
    const hide = hiderOf([odd]);
    const once = JSON.stringify(odd);
    for (const text of [odd, once, JSON.stringify(once)]) assert.match(hide(text), /^[\\"]*\[hidden header value\][\\"]*$/, text);
  });

  test('a value that is in every text, as "1", stays: it hides nothing', () => assert.equal(hiderOf(['1', 'on', 'yes'])('1 on yes'), '1 on yes'));

  test('a value that holds another one is gone as a whole', () => {
    assert.equal(hiderOf(['secret-one', 'secret-one-two'])('secret-one-two secret-one'), '[hidden header value] [hidden header value]');
  });

  test('in JSON the strings and names are changed, and nothing else', () => {
    const hide = hiderOf([SECRET]);
    const value = { a: [SECRET, 1, null, true], [SECRET]: { b: `x${SECRET}` } };
    assert.deepEqual(hideDeep(value, hide), { a: ['[hidden header value]', 1, null, true], '[hidden header value]': { b: 'x[hidden header value]' } });
    assert.equal(hideDeep(undefined, hide), undefined);
    assert.deepEqual(Object.entries(hideDeep(JSON.parse('{"__proto__": 1}'), hide) as object), [['__proto__', 1]]);
  });

  test('a long text of beginnings of the value takes no time that grows with its square', () => {
    const hide = hiderOf([`${'a'.repeat(4_000)}b`]);
    assert.equal(hide('a'.repeat(200_000)), '[hidden header value]'.repeat(50));
  });
});

describe('a watch whose connection is lost', () => {
  type Listener = (payload: { readonly to: string }) => void;

  /** Runs a watch without an end against a server that is nothing but its changes of state. */
  async function watching(recover: () => Promise<void>, state: string = 'connected') {
    const listeners: Listener[] = [];
    const server = { connectionState: state, on: (_event: string, listener: Listener) => void listeners.push(listener) } as unknown as MCPServerProtocol;
    const interruption = new AbortController();
    let waitsOn: AbortSignal | undefined;
    const wait = (milliseconds: number | undefined, signal: AbortSignal) => {
      assert.equal(milliseconds, undefined);
      waitsOn = signal;
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    };
    const io = { signal: interruption.signal, wait } as unknown as HostIO;
    const action = await WATCH_COMMAND.prepare(readCommandLine(['watch']), io);
    const ended = action(server, { io, recover } as unknown as ActionContext);
    const change = (to: string) => listeners.forEach((listener) => listener({ to }));
    return { ended, change, interrupt: () => interruption.abort(), isWaiting: () => waitsOn?.aborted === false };
  }

  test('goes on when the connection comes back, and ends well when it is interrupted', async () => {
    let recoveries = 0;
    const { ended, change, interrupt, isWaiting } = await watching(async () => void recoveries++);
    for (const to of ['failed', 'connecting', 'initializing', 'connected', 'failed', 'connected']) change(to);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([recoveries, isWaiting()], [2, true]);
    interrupt();
    assert.equal(await ended, undefined);
  });

  for (const state of ['connected', 'failed']) {
    test(`ends with the reason when it does not come back, lost ${state === 'failed' ? 'before it began' : 'while it ran'}; nothing is waited for then`, async () => {
      const reason = new Error('gone for good');
      const { ended, change, isWaiting } = await watching(() => Promise.reject(reason), state);
      if (state === 'connected') change('failed');
      await assert.rejects(ended, reason);
      assert.equal(isWaiting(), false);
    });
  }
});

describe('the proxy of the environment', () => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) {
    test(`${name} brings a fetch that goes through it`, async () => {
      const fetch = fetchForEnvironment({ [name]: 'http://proxy.example:8080' });
      assert.equal(typeof fetch, 'function');
      await fetch?.close();
    });
  }

  test('without one, or with an empty one, the platform’s fetch serves', () => {
    assert.equal(fetchForEnvironment({}), undefined);
    assert.equal(fetchForEnvironment({ HTTP_PROXY: '', https_proxy: undefined, NO_PROXY: '*', ALL_PROXY: 'http://a' }), undefined);
  });
});
