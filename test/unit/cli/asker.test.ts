/** What the command line answers a server with: forms, pages, roots. A scripted person, a scripted server, and a handle between them. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import type { Asker } from '../../../lib/cli/asker.ts';
import type { ActionContext } from '../../../lib/cli/command.ts';
import { findCommand } from '../../../lib/cli/commands.ts';
import { readCommandLine } from '../../../lib/cli/command-line.ts';
import { Failure } from '../../../lib/cli/failure.ts';
import type { HostIO } from '../../../lib/cli/host-io.ts';
import { readHandlers } from '../../../lib/cli/host-options.ts';
import { Notes } from '../../../lib/cli/notes.ts';
import { PLAIN } from '../../../lib/cli/paint.ts';
import { patiently } from '../../../lib/cli/patience.ts';
import { TerminalLines } from '../../../lib/cli/terminal-lines.ts';
import { FakeClock, settle } from '../../helpers/fake-clock.ts';
import { withMemoryHandle } from '../../helpers/memory-handle.ts';
import type { MemoryHandle } from '../../helpers/memory-handle.ts';
import { until } from '../../helpers/until.ts';
import { rejection } from '../../helpers/with-server.ts';

/** What a person types, line by line; behind the last one stdin is at its end, or silent. */
interface Person {
  readonly lines?: readonly string[];
  readonly then?: 'end' | 'silence';
  readonly isThere?: boolean;
}

interface Scene extends MemoryHandle {
  readonly asker: Asker | undefined;
  readonly notes: Notes;
  /** What stands on stderr. */
  readonly screen: () => string;
  /** Sends a request of the server, and gives what it was answered. */
  readonly ask: (params: object, method?: string) => Promise<unknown>;
}

const SERVER = ['--', 'node', 'shop.mjs'];

/** The io of a person on a terminal. */
function terminal({ lines = [], then = 'end', isThere = true }: Person, screen: string[], clock: FakeClock = new FakeClock()): HostIO {
  const left = [...lines];
  const output = { write: (text: string) => void screen.push(text), isTerminal: true, columns: 80 };
  return {
    stdout: output,
    stderr: output,
    environment: {},
    signal: new AbortController().signal,
    onForcedExit: () => {},
    now: () => clock.now(),
    wait: (ms, signal) =>
      new Promise((resolve) => {
        const stop = clock.after(ms ?? Infinity, resolve);
        signal.addEventListener('abort', () => (stop(), resolve()), { once: true });
      }),
    canAsk: isThere,
    readLine: (signal) =>
      new Promise((resolve) => {
        const line = left.shift();
        if (line !== undefined || then === 'end') return resolve(line);
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      }),
    readInput: async () => '',
    fileURL: (path) => pathToFileURL(path).href,
    readFile: async () => '',
    writeFile: async () => {},
  };
}

/** Runs `body` with a handle made as the words of a command line say. */
async function withPerson(person: Person, words: readonly string[], body: (scene: Scene) => Promise<void>): Promise<void> {
  const written: string[] = [];
  const io = terminal(person, written);
  const hide = (text: string): string => text.replaceAll('secret-token', '[hidden]');
  const notes = new Notes({ io, paint: PLAIN, level: undefined, verbose: false, hide });
  const invocation = readCommandLine(['call', 'order', ...words, ...SERVER]);
  const { handlers, asker } = readHandlers(invocation, findCommand(invocation), io, notes);
  await withMemoryHandle({}, { handlers }, async (handle) => {
    let asked = 0;
    const ask = async (params: object, method: string = 'elicitation/create'): Promise<unknown> => {
      const id = `ask-${++asked}`;
      handle.peer.send({ jsonrpc: '2.0', id, method, params });
      const reply = await until(() => handle.peer.messages.find((message) => message.id === id), 'the request is answered');
      return reply.result ?? reply.error;
    };
    await body({ ...handle, asker, notes, ask, screen: () => written.join('') });
  });
}

const form = (properties: object, required: readonly string[] = [], message: string = 'For whom?') => ({ mode: 'form', message, requestedSchema: { type: 'object', properties, required } });
const NAME = { name: { type: 'string', title: 'Your name', description: 'As it is\non the parcel', minLength: 2 } };
const page = (url: string) => ({ mode: 'url', message: 'Pay the bill', url, elicitationId: 'bill-1' });

describe('what is declared (MCP 2025-11-25, client, "Elicitation", "Capabilities")', () => {
  const declared = async (person: Person, ...words: string[]): Promise<unknown> => {
    let capabilities: unknown;
    await withPerson(person, words, async ({ peer }) => void (capabilities = peer.sent('initialize')[0]?.params?.['capabilities']));
    return capabilities;
  };
  const [there, away] = [{ isThere: true }, { isThere: false }];

  test('forms and pages to a person, forms alone with answers, nothing where nobody answers', async () => {
    assert.deepEqual(await declared(there), { elicitation: { form: {}, url: {} } });
    assert.deepEqual(await declared(away), {});
    assert.deepEqual(await declared(there, '--no-input'), {});
    assert.deepEqual(await declared(away, '--answer', 'a=1'), { elicitation: { form: {} } });
    assert.deepEqual(await declared(there, '--no-input', '--answer', 'a=1'), { elicitation: { form: {} } });
  });

  test('who gives the arguments on stdin cannot be asked there', async () => {
    assert.deepEqual(await declared(there, '--args', '-'), {});
  });

  test('a command that gives a server no time to ask takes no answers', () => {
    assert.throws(() => findCommand(readCommandLine(['tools', '--answer', 'a=1', ...SERVER])), /tools takes no --answer/);
    assert.throws(() => findCommand(readCommandLine(['info', '--no-input', ...SERVER])), /info takes no --no-input/);
  });

  test('roots: a path as the URL of a file, a file URL as it is, and nothing else', async () => {
    assert.deepEqual(await declared(away, '--root', '.'), { roots: { listChanged: true } });
    await withPerson(away, ['--root', 'a b', '--root', 'file:///srv/c%20d'], async ({ ask }) => {
      assert.deepEqual(await ask({}, 'roots/list'), { roots: [{ uri: pathToFileURL('a b').href }, { uri: 'file:///srv/c%20d' }] });
    });
    await assert.rejects(declared(away, '--root', 'http://x/y'), (error) => error instanceof Failure && error.message === '--root must be a folder or a file:// URI; got "http://x/y"');
    await assert.rejects(declared(away, '--root='), /--root must be a folder/);
  });

  test('answers are name=value, each once', async () => {
    for (const [words, message] of [
      [['--answer', 'name'], '--answer must be written name=value'],
      [['--answer', '=1'], '--answer must be written name=value'],
      [['--answer', 'a=1', '--answer', 'a=2'], '--answer a=… is given twice'],
    ] as const) await assert.rejects(declared(away, ...words), (error) => error instanceof Failure && error.code === 'ERR_CLI_USAGE' && error.message === message);
  });
});

describe('a form at the terminal', () => {
  test('says which server asks, asks field by field, shows what is sent, and sends it', async () => {
    await withPerson({ lines: ['yes', '', 'Z', 'Zoe', 'yes'] }, [], async ({ ask, screen }) => {
      assert.deepEqual(await ask(form(NAME, ['name'])), { action: 'accept', content: { name: 'Zoe' } });
      assert.equal(
        screen(),
        [
          '',
          'The server node shop.mjs asks:',
          '  For whom?',
          '  What you answer goes to it: give it no passwords and no keys.',
          'Answer it? yes, no, cancel:   Your name (text, required)',
          '    As it is',
          '    on the parcel',
          '  >     this one is required',
          '  >     the value: expected at least 2 characters; got "Z"',
          '  > To be sent to node shop.mjs:',
          '  name: "Zoe"',
          'Send it? yes, no, cancel, again: ',
        ].join('\n'),
      );
    });
  });

  test('every kind of field: numbers, yes and no, choices by number, defaults, an empty text, nothing', async () => {
    const colours = [{ const: 'r', title: 'Red' }, { const: 'g', title: 'Green' }, { const: 'b', title: 'Blue' }];
    const fields = {
      mail: { type: 'string', format: 'email' },
      note: { type: 'string', default: 'none' },
      empty: { type: 'string' },
      left: { type: 'string' },
      share: { type: 'number', maximum: 1 },
      count: { type: 'integer', default: 3 },
      gift: { type: 'boolean', default: true },
      size: { type: 'string', enum: ['s', 'm'], enumNames: ['Small', 'Medium'] },
      colour: { type: 'string', oneOf: colours, default: 'g' },
      more: { type: 'array', items: { anyOf: colours }, minItems: 2, default: ['r', 'b'] },
    };
    const typed = ['y', 'no mail', 'ada@example.com', '', '""', '', 'x', '2', '0.5', '1.5', '7', 'maybe', 'n', '3', 'm', '2', '', '1', '1,9', '1, 3', 'y'];
    await withPerson({ lines: typed }, [], async ({ ask, screen }) => {
      const content = { mail: 'ada@example.com', note: 'none', empty: '', share: 0.5, count: 7, gift: false, size: 'm', colour: 'g', more: ['r', 'b'] };
      assert.deepEqual(await ask(form(fields)), { action: 'accept', content });
      for (const line of ['mail (email)', 'count (whole number)', '[3] > ', '[yes] > ', '    2  Medium', '[2] > ', '[1,3] > ', 'that is no number', 'that is no whole number', 'answer yes or no', 'give a number from 1 to 2', 'several with commas between them']) {
        assert.ok(screen().includes(line), line);
      }
    });
  });

  test('can be filled in again, declined and cancelled at both ends; the end of stdin cancels', async () => {
    const outcome = async (...lines: string[]): Promise<unknown> => {
      let answer: unknown;
      await withPerson({ lines }, [], async ({ ask }) => void (answer = await ask(form(NAME))));
      return answer;
    };
    assert.deepEqual(await outcome('y', 'Zoe', 'again', 'Ada', 'what?', 'y'), { action: 'accept', content: { name: 'Ada' } });
    assert.deepEqual(await outcome('no'), { action: 'decline' });
    assert.deepEqual(await outcome('cancel'), { action: 'cancel' });
    assert.deepEqual(await outcome('y', 'Zoe', 'n'), { action: 'decline' });
    assert.deepEqual(await outcome('y', 'Zoe', 'c'), { action: 'cancel' });
    assert.deepEqual(await outcome(), { action: 'cancel' });
    assert.deepEqual(await outcome('y', 'Zoe'), { action: 'cancel' });
  });

  test('nothing of the server drives the terminal, and no header value stands on it', async () => {
    const evil = '\u001b[2J\u202e secret-token';
    const fields = { [evil]: { type: 'string', title: evil, description: `${evil}\r`, enum: [evil, 'b'], enumNames: [evil, 'b'] } };
    await withPerson({ lines: ['y', '1', 'y'] }, [], async ({ ask, screen }) => {
      assert.deepEqual(await ask(form(fields, [], evil)), { action: 'accept', content: { [evil]: evil } });
      assert.doesNotMatch(screen(), /[\u001b\u202e\r]|secret-token/);
      assert.match(screen(), /\\u\{1b\}\[2J\\u\{202e\} \[hidden\]/);
    });
  });

  test('two forms at once are asked one after the other', async () => {
    await withPerson({ lines: ['y', 'Zoe', 'y', 'y', 'Ada', 'y'] }, [], async ({ ask, screen }) => {
      const answers = await Promise.all([ask(form(NAME, [], 'First?')), ask(form(NAME, [], 'Second?'))]);
      assert.deepEqual(answers, [{ action: 'accept', content: { name: 'Zoe' } }, { action: 'accept', content: { name: 'Ada' } }]);
      assert.ok(screen().indexOf('Second?') > screen().indexOf('Send it?'));
    });
  });

  test('is taken away when the server takes its request back, and the next one can be asked', async () => {
    await withPerson({ lines: ['y'], then: 'silence' }, [], async ({ peer, asker, screen }) => {
      peer.send({ jsonrpc: '2.0', id: 'gone', method: 'elicitation/create', params: form(NAME) });
      await until(() => screen().endsWith('> '), 'the field is asked for');
      assert.equal(asker?.isAsking, true);
      peer.notify('notifications/cancelled', { requestId: 'gone' });
      await until(() => !asker.isAsking, 'the question is taken away');
      assert.ok(screen().endsWith('> \n'));
    });
  });

  test('a log line that comes meanwhile is put above the open question', async () => {
    await withPerson({ then: 'silence' }, [], async ({ peer, notes, asker, screen }) => {
      peer.send({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: form(NAME) });
      await until(() => screen().endsWith('cancel: '), 'the question stands');
      const bar = notes.showProgress('order');
      notes.line('server info', 'hello');
      bar.update({ progress: 1 });
      assert.ok(screen().endsWith('\r\u001b[Kserver info: hello\nAnswer it? yes, no, cancel: '), JSON.stringify(screen()));
      peer.notify('notifications/cancelled', { requestId: 1 });
      await until(() => asker?.isAsking === false, 'the question is taken away');
      bar.end();
    });
  });
});

describe('--answer', () => {
  const away = { isThere: false };
  const fields = { name: { type: 'string' }, size: { type: 'string', enum: ['s', 'm'], enumNames: ['Small', 'Medium'] }, count: { type: 'integer', default: 2 }, tags: { type: 'array', items: { type: 'string', enum: ['x', 'y'] } } };

  test('fills in by name, choices by value or title, defaults for the rest, and says so', async () => {
    await withPerson(away, ['--answer', 'name=Zoe=1', '--answer', 'size=Medium', '--answer', 'tags=x,y', '--answer', 'other=1'], async ({ ask, screen, asker }) => {
      assert.deepEqual(await ask(form(fields, ['name'], 'For\nwhom?')), { action: 'accept', content: { name: 'Zoe=1', size: 'm', tags: ['x', 'y'], count: 2 } });
      assert.equal(screen(), 'form: answered node shop.mjs: For\\nwhom?\n');
      assert.deepEqual(asker?.unused, ['other']);
    });
  });

  test('an answer that does not fit, and a required field without one, leave the form unanswered', async () => {
    await withPerson(away, ['--answer', 'count=1.5'], async ({ ask, screen }) => {
      assert.deepEqual(await ask(form(fields)), { action: 'cancel' });
      assert.deepEqual(await ask(form(NAME, ['name'])), { action: 'cancel' });
      assert.equal(screen(), 'form: not answered node shop.mjs: --answer count=…: that is no whole number\nform: not answered node shop.mjs: it asks for name, which no --answer gives\n');
    });
    await withPerson(away, ['--answer', 'size=large'], async ({ ask, screen }) => {
      assert.deepEqual(await ask(form(fields)), { action: 'cancel' });
      assert.match(screen(), /--answer size=…: it must be one of s, m\n$/);
    });
  });

  test('a page is refused where nobody can be asked', async () => {
    await withPerson(away, ['--answer', 'name=Zoe'], async ({ ask }) => {
      assert.equal(((await ask(page('https://shop.example/bill'))) as { code: number }).code, -32602);
    });
  });

  test('at a terminal only the other fields are asked for, and nothing where all are answered', async () => {
    await withPerson({ lines: ['y', '5', 'y'] }, ['--answer', 'name=Zoe'], async ({ ask }) => {
      assert.deepEqual(await ask(form({ name: { type: 'string' }, age: { type: 'integer' } })), { action: 'accept', content: { name: 'Zoe', age: 5 } });
      assert.deepEqual(await ask(form({ name: { type: 'string' } })), { action: 'accept', content: { name: 'Zoe' } });
    });
  });
});

describe('a page (MCP 2025-11-25, client, "Elicitation", "Safe URL Handling")', () => {
  const visit = async (lines: readonly string[], url: string): Promise<{ answer: unknown; screen: string }> => {
    let outcome = { answer: undefined as unknown, screen: '' };
    await withPerson({ lines }, [], async ({ ask, screen }) => void (outcome = { answer: await ask(page(url)), screen: screen() }));
    return outcome;
  };

  test('is shown whole with its host, and consent is the whole word yes', async () => {
    const { answer, screen } = await visit(['y', '', 'YES'], 'https://pay.shop.example/bill?a=1#b');
    assert.deepEqual(answer, { action: 'accept' });
    assert.match(screen, /\nThe server node shop\.mjs wants you to visit a page of pay\.shop\.example:\n {2}Pay the bill\n {2}https:\/\/pay\.shop\.example\/bill\?a=1#b\n {2}Nothing is opened here\./);
    assert.equal(screen.split('Type yes, no or cancel').length, 4);
    assert.doesNotMatch(screen, /Careful/);
    assert.ok(screen.endsWith('Open it yourself: https://pay.shop.example/bill?a=1#b\n'));
  });

  test('a name in other letters is shown in ASCII with a warning', async () => {
    const { answer, screen } = await visit(['no'], 'https://p\u0430ypal.example/');
    assert.deepEqual(answer, { action: 'decline' });
    assert.match(screen, /a page of xn--[a-z0-9-]+\.example:/);
    assert.match(screen, /Careful: this name is written in letters/);
    assert.doesNotMatch(screen, /\u0430/);
  });

  test('no more input is no consent', async () => {
    assert.deepEqual((await visit([], 'https://shop.example/')).answer, { action: 'cancel' });
    assert.deepEqual((await visit(['cancel'], 'https://shop.example/')).answer, { action: 'cancel' });
  });
});

describe('the time of a request', () => {
  /** A request that waits for ever, under a person who is or is not asked. */
  function waiting(asker: { isInteractive: boolean; isAsking: boolean; askedAt: number }): { clock: FakeClock; outcome: Promise<unknown>; renew: () => void; timeoutMs: () => number | undefined } {
    const clock = new FakeClock();
    const context = { asker, io: terminal({}, [], clock), request: {}, timeoutMs: 1_000 } as unknown as ActionContext;
    let renew = (): void => {};
    let given: number | undefined;
    const outcome = rejection(
      patiently(context, ({ signal, timeoutMs }, again) => {
        [renew, given] = [again, timeoutMs];
        return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      }),
    );
    return { clock, outcome, renew: () => renew(), timeoutMs: () => given };
  }

  test('stands still while a person is asked, and begins anew afterwards and with every report', async () => {
    const asker = { isInteractive: true, isAsking: false, askedAt: -Infinity };
    const { clock, outcome, renew } = waiting(asker);
    let error: { code?: string } | undefined;
    void outcome.then((reason) => (error = reason as { code?: string }));
    await clock.advance(900);
    asker.isAsking = true;
    await clock.advance(60_000);
    [asker.isAsking, asker.askedAt] = [false, clock.now()];
    await clock.advance(900);
    renew();
    await clock.advance(900);
    assert.equal(error === undefined, true);
    await clock.advance(200);
    assert.equal((error as { code?: string } | undefined)?.code, 'ERR_MCP_REQUEST_TIMEOUT');
    await settle();
    assert.equal(clock.waiting, 0);
  });

  test('is the library\'s matter where nobody can be asked', () => {
    assert.equal(waiting({ isInteractive: false, isAsking: false, askedAt: 0 }).timeoutMs(), undefined);
  });
});

describe('lines of a terminal', () => {
  const never = new AbortController().signal;

  test('come one at a time, however they are cut, and end with the stream for good', async () => {
    const stream = new PassThrough();
    const lines = new TerminalLines(stream);
    const first = lines.next(never);
    stream.write(Buffer.from('Zo').subarray(0, 2));
    stream.write(Buffer.from([0xc3]));
    stream.write(Buffer.from([0xab, 0x0d, 0x0a]));
    assert.equal(await first, 'Zoë');
    stream.end('second\nthird\nrest');
    assert.equal(await lines.next(never), 'second');
    assert.equal(await lines.next(never), 'third');
    assert.equal(await lines.next(never), undefined);
    assert.equal(await lines.next(never), undefined);
  });

  test('a question that is taken away takes no line', async () => {
    const stream = new PassThrough();
    const lines = new TerminalLines(stream);
    const controller = new AbortController();
    const gone = lines.next(controller.signal);
    controller.abort();
    assert.equal(await gone, undefined);
    assert.equal(await lines.next(controller.signal), undefined);
    assert.equal(stream.listenerCount('data'), 0);
    stream.write('kept\n');
    assert.equal(await lines.next(never), 'kept');
  });
});
