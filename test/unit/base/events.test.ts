import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { delay, systemClock } from '../../../lib/base/clock.ts';
import { deferred } from '../../../lib/base/deferred.ts';
import {
  ConnectionError, ERROR_CODES, InvalidValueError, LimitError, MCPError, PeerProtocolError, RPCError, RequestTimeoutError, forRequest, isMCPError,
} from '../../../lib/base/errors.ts';
import { Listeners, callSafely } from '../../../lib/base/listeners.ts';
import { LOG_LEVELS, createLog } from '../../../lib/base/log.ts';
import type { LogLevel } from '../../../lib/base/log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

describe('errors', () => {
  test('every code is unique and of one form', () => {
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
    for (const code of ERROR_CODES) assert.match(code, /^ERR_MCP_[A-Z0-9]+(_[A-Z0-9]+)*$/);
  });

  test('every class is an MCPError with its own name, code, details, delivery and cause', () => {
    const cause = new Error('the first');
    for (const Class of [MCPError, ConnectionError, RequestTimeoutError, PeerProtocolError, InvalidValueError]) {
      const error = new Class('ERR_MCP_STATE', 'what', { details: { a: 1 }, cause, delivery: 'unsent' });
      assert.ok(error instanceof MCPError && error instanceof Error);
      assert.equal(error.name, Class.name);
      assert.equal(error.code, 'ERR_MCP_STATE');
      assert.equal(error.message, 'what');
      assert.deepEqual(error.details, { a: 1 });
      assert.equal(error.delivery, 'unsent');
      assert.equal(error.cause, cause);
      assert.match(error.stack ?? '', /what/);
    }
  });

  test('without options there are empty details, no delivery and no cause', () => {
    const error = new ConnectionError('ERR_MCP_NOT_CONNECTED', 'm');
    assert.deepEqual(error.details, {});
    assert.equal(error.delivery, undefined);
    assert.equal(Object.hasOwn(error, 'cause'), false);
    assert.equal(new MCPError('ERR_MCP_STATE', 'm', { cause: undefined }).cause, undefined);
  });

  test('an error of a limit names the limit, beside other details', () => {
    const error = new LimitError('maxDepth', 'm', { details: { most: 128 }, delivery: 'unsent' });
    assert.deepEqual([error.name, error.code, error.delivery], ['LimitError', 'ERR_MCP_LIMIT', 'unsent']);
    assert.deepEqual(error.details, { most: 128, limit: 'maxDepth' });
  });

  test('the peer’s answer carries its code and data, and the data is not printed with it (JSON-RPC 2.0 section 5.1)', () => {
    const data = { secret: 'x' };
    const error = new RPCError(-32002, 'Resource not found', data, { details: { method: 'resources/read' } });
    assert.deepEqual([error.code, error.rpcCode, error.delivery], ['ERR_MCP_RPC', -32002, 'answered']);
    assert.equal(error.data, data);
    assert.deepEqual(error.details, { method: 'resources/read', rpcCode: -32002 });
    assert.ok(!Object.keys(error).includes('data'));
    assert.ok(!JSON.stringify(error).includes('secret'));
  });

  test('an error of another copy of the library in the process is known by its brand', () => {
    const other = new Error('from elsewhere');
    Object.defineProperty(other, Symbol.for('barewire.error'), { value: true });
    assert.equal(isMCPError(other), true);
    assert.equal(isMCPError(new LimitError('maxDepth', 'm')), true);
    for (const value of [new Error('x'), new TypeError('x'), null, undefined, 'x', { code: 'ERR_MCP_STATE' }]) assert.equal(isMCPError(value), false);
  });

  test('a shared cause seen by one request keeps class, code, message and details, and has its own delivery', () => {
    const originals = [
      new ConnectionError('ERR_MCP_PROCESS_EXITED', 'gone', { details: { exitCode: 3 } }),
      new PeerProtocolError('ERR_MCP_INVALID_JSON', 'no JSON'),
      new RequestTimeoutError('ERR_MCP_REQUEST_TIMEOUT', 'late', { details: { timeoutMs: 5 } }),
      new LimitError('maxMessageBytes', 'big', { details: { most: 1 } }),
      new MCPError('ERR_MCP_STATE', 'state'),
    ];
    for (const original of originals) {
      const seen = forRequest(original, 'unknown');
      assert.notEqual(seen, original);
      assert.equal(seen.constructor, original.constructor);
      assert.deepEqual([seen.name, seen.code, seen.message, seen.delivery], [original.name, original.code, original.message, 'unknown']);
      assert.deepEqual(seen.details, original.details);
      assert.equal(seen.cause, original);
      assert.equal(original.delivery, undefined, 'the shared one is not written to');
    }
  });
});

describe('listeners', () => {
  interface Events {
    a: number;
    b: string;
  }

  function setUp(): { listeners: Listeners<Events>; heard: unknown[]; faults: [string, unknown][] } {
    const faults: [string, unknown][] = [];
    return { listeners: new Listeners<Events>((event, cause) => void faults.push([event, cause])), heard: [], faults };
  }

  test('listeners hear their event only, in the order in which they came', () => {
    const { listeners, heard } = setUp();
    listeners.on('a', (payload) => heard.push(['first', payload]));
    listeners.on('b', (payload) => heard.push(['b', payload]));
    listeners.on('a', (payload) => heard.push(['second', payload]));
    listeners.emit('a', 7);
    assert.deepEqual(heard, [['first', 7], ['second', 7]]);
  });

  test('the same function added twice is called twice; each is taken back by itself, and taking back twice does nothing', () => {
    const { listeners, heard } = setUp();
    const listener = (payload: number): unknown => heard.push(payload);
    const off = listeners.on('a', listener);
    listeners.on('a', listener);
    listeners.emit('a', 1);
    off();
    off();
    listeners.emit('a', 2);
    assert.deepEqual(heard, [1, 1, 2]);
  });

  test('has() says whether anybody listens', () => {
    const { listeners } = setUp();
    assert.equal(listeners.has('a'), false);
    const off = listeners.on('a', () => {});
    assert.equal(listeners.has('a'), true);
    assert.equal(listeners.has('b'), false);
    off();
    assert.equal(listeners.has('a'), false);
    listeners.on('a', () => {});
    listeners.clear();
    assert.equal(listeners.has('a'), false);
    listeners.emit('a', 1);
  });

  test('a listener that throws harms neither the emitter nor the others, and is reported with its event', () => {
    const { listeners, heard, faults } = setUp();
    const cause = new Error('mine');
    listeners.on('a', () => {
      throw cause;
    });
    listeners.on('a', (payload) => heard.push(payload));
    listeners.emit('a', 1);
    assert.deepEqual(heard, [1]);
    assert.deepEqual(faults, [['a', cause]]);
  });

  test('a listener whose promise rejects is reported, and is no unhandled rejection', async () => {
    const { listeners, faults } = setUp();
    const cause = new Error('later');
    listeners.on('b', () => Promise.reject(cause));
    listeners.on('b', async () => 'fine');
    listeners.emit('b', 'x');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(faults, [['b', cause]]);
  });

  test('a listener that is added or taken back while an event is emitted changes the next event, not this one', () => {
    const { listeners, heard } = setUp();
    const offSecond: (() => void)[] = [];
    listeners.on('a', (payload) => {
      heard.push(['first', payload]);
      if (payload !== 1) return;
      listeners.on('a', (later) => heard.push(['added', later]));
      offSecond[0]?.();
    });
    offSecond.push(listeners.on('a', (payload) => heard.push(['second', payload])));
    listeners.emit('a', 1);
    assert.deepEqual(heard, [['first', 1], ['second', 1]]);
    heard.length = 0;
    listeners.emit('a', 2);
    assert.deepEqual(heard, [['first', 2], ['added', 2]]);
  });

  test('a listener may emit the same event again', () => {
    const { listeners, heard } = setUp();
    listeners.on('a', (payload) => {
      heard.push(payload);
      if (payload < 3) listeners.emit('a', payload + 1);
    });
    listeners.emit('a', 1);
    assert.deepEqual(heard, [1, 2, 3]);
  });

  test('code of the host that is called safely reports what it throws at once, whatever it throws', () => {
    const faults: unknown[] = [];
    const onFault = (what: string, cause: unknown) => void faults.push([what, cause]);
    for (const thrown of [undefined, null, 'text', new Error('x')]) {
      const listener = () => {
        throw thrown;
      };
      callSafely(listener, 'payload', onFault, 'listener');
      assert.deepEqual(faults.pop(), ['listener', thrown]);
    }
    callSafely((payload) => payload, 'nothing wrong', onFault, 'listener');
    assert.deepEqual(faults, []);
  });
});

describe('the logger', () => {
  const METHODS = ['debug', 'info', 'warn', 'error'] as const;

  function heardAt(level: LogLevel): string[] {
    const heard: string[] = [];
    const log = createLog({ debug: (m) => heard.push(m), info: (m) => heard.push(m), warn: (m) => heard.push(m), error: (m) => heard.push(m) }, level);
    for (const method of METHODS) log[method](method);
    return heard;
  }

  test('hears of its level and above only; CRITICAL silences everything', () => {
    assert.deepEqual(LOG_LEVELS.map(heardAt), [['debug', 'info', 'warn', 'error'], ['info', 'warn', 'error'], ['warn', 'error'], ['error'], []]);
  });

  test('gets message and facts, on its own `this`', () => {
    class Host {
      readonly lines: unknown[] = [];
      warn(...line: unknown[]): void {
        this.lines.push(line);
      }
    }
    const host = new Host();
    createLog(host, 'DEBUG').warn('slow', { ms: 5 });
    assert.deepEqual(host.lines, [['slow', { ms: 5 }]]);
  });

  test('may be absent, partial or broken', () => {
    const broken = { error: () => { throw new Error('disk full'); } };
    const rejecting = { error: async () => { throw new Error('disk full'); } };
    for (const logger of [undefined, {}, broken, rejecting, { error: 'no function' } as never]) for (const method of METHODS) createLog(logger, 'DEBUG')[method]('x');
  });

  test('gets one line without control characters, whatever the message was made of', () => {
    const lines: string[] = [];
    createLog({ warn: (message) => lines.push(message) }, 'DEBUG').warn('a\nb\u001b[31m\u202e\u{e0041}');
    assert.deepEqual(lines, ['a\\nb\\u{1b}[31m\\u{202e}\\u{e0041}']);
  });
});

describe('clock', () => {
  test('delay resolves when its time has passed, not before, and leaves no timer and no listener', async () => {
    const clock = new FakeClock();
    const { signal, counts } = countedSignal();
    let done = false;
    const waiting = delay(clock, 100, signal).then(() => (done = true));
    await clock.advance(99);
    assert.equal(done, false);
    assert.equal(counts(), 1);
    await clock.advance(1);
    await waiting;
    assert.equal(done, true);
    assert.deepEqual([clock.waiting, counts()], [0, 0]);
  });

  test('delay rejects with the signal’s own reason, at once, and takes its timer back', async () => {
    const clock = new FakeClock();
    const { controller, signal, counts } = countedSignal();
    const reason = { why: 'enough' };
    const waiting = delay(clock, 100, signal);
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    assert.deepEqual([clock.waiting, counts()], [0, 0]);
  });

  test('delay on a signal that fired before starts nothing', async () => {
    const clock = new FakeClock();
    const waiting = delay(clock, 100, AbortSignal.abort('before'));
    assert.equal(clock.waiting, 0);
    await assert.rejects(waiting, (error) => error === 'before');
  });

  test('an abort after the delay is over changes nothing', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const waiting = delay(clock, 5, controller.signal);
    await clock.advance(5);
    controller.abort();
    await waiting;
  });

  test('the machine’s clock does not go back, fires once, and its timers can be taken back twice', async () => {
    const before = systemClock.now();
    let fired = 0;
    const cancelled = systemClock.after(1, () => fired++);
    cancelled();
    cancelled();
    systemClock.afterInBackground(60_000, () => fired++)();
    await delay(systemClock, 5);
    assert.equal(fired, 0);
    assert.ok(systemClock.now() > before);
  });

  test('a delay longer than a timer of the platform can hold does not fire at once', async () => {
    let fired = false;
    const cancels = [systemClock.after(2 ** 31, () => (fired = true)), systemClock.afterInBackground(1e15, () => (fired = true))];
    await delay(systemClock, 20);
    for (const cancel of cancels) cancel();
    assert.equal(fired, false);
  });

  /** A signal that counts the listeners on it. */
  function countedSignal(): { controller: AbortController; signal: AbortSignal; counts: () => number } {
    const controller = new AbortController();
    const { signal } = controller;
    const listening = new Map<unknown, (event: Event) => void>();
    const add = signal.addEventListener.bind(signal) as (type: string, listener: (event: Event) => void) => void;
    const remove = signal.removeEventListener.bind(signal) as (type: string, listener: (event: Event) => void) => void;
    signal.addEventListener = (type: string, listener: unknown) => {
      assert.equal(typeof listener, 'function');
      const once = (event: Event): void => {
        listening.delete(listener);
        (listener as (event: Event) => void)(event);
      };
      listening.set(listener, once);
      add(type, once);
    };
    signal.removeEventListener = (type: string, listener: unknown) => {
      const once = listening.get(listener);
      listening.delete(listener);
      if (once !== undefined) remove(type, once);
    };
    return { controller, signal, counts: () => listening.size };
  }
});

describe('deferred', () => {
  test('is settled from outside, once', async () => {
    const resolved = deferred<number>();
    resolved.resolve(1);
    resolved.resolve(2);
    resolved.reject(new Error('late'));
    assert.equal(await resolved.promise, 1);
    const rejected = deferred<number>();
    const reason = new Error('first');
    rejected.reject(reason);
    rejected.resolve(1);
    await assert.rejects(rejected.promise, (error) => error === reason);
  });
});
