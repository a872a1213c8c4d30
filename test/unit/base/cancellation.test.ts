import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { orAbort } from '../../../lib/base/abort.ts';
import { Cancellation } from '../../../lib/base/cancellation.ts';
import { RequestSlots } from '../../../lib/transport/http/request-slots.ts';
import { SignalPool } from '../../../lib/transport/http/signal-pool.ts';

describe('a cancellation', () => {
  test('fires once, for functions and for objects, with the first reason', () => {
    const heard: string[] = [];
    const cancellation = new Cancellation();
    const gone = () => heard.push('gone');
    cancellation.addEventListener('abort', () => heard.push('function'));
    cancellation.addEventListener('abort', { handleEvent: () => heard.push('object') });
    cancellation.addEventListener('abort', gone);
    cancellation.removeEventListener('abort', gone);
    cancellation.abort('first');
    cancellation.abort('second');
    assert.deepEqual(heard, ['function', 'object']);
    assert.equal(cancellation.reason, 'first');
    assert.throws(() => cancellation.throwIfAborted(), (reason) => reason === 'first');
  });

  test('hears no listener twice, and none that comes too late', () => {
    let heard = 0;
    const listener = () => heard++;
    const cancellation = new Cancellation();
    cancellation.addEventListener('abort', () => {});
    cancellation.addEventListener('abort', listener);
    cancellation.addEventListener('abort', listener);
    cancellation.abort();
    cancellation.addEventListener('abort', listener);
    assert.equal(heard, 1);
    assert.equal((cancellation.reason as Error).name, 'AbortError');
  });

  test('ends a wait as a signal does', async () => {
    const cancellation = new Cancellation();
    const wait = orAbort(new Promise(() => {}), cancellation);
    cancellation.abort('enough');
    await assert.rejects(wait, (reason) => reason === 'enough');
  });
});

describe('signals that are lent', () => {
  test('the same one for as long as it is lent, and it fires with the cancellation', () => {
    const pool = new SignalPool(8);
    const cancellation = new Cancellation();
    const signal = pool.lend(cancellation);
    assert.equal(pool.lend(cancellation), signal);
    cancellation.abort('over');
    assert.equal(signal.aborted, true);
    assert.equal(signal.reason, 'over');
  });

  test('one that was taken back does not fire with who had it before, and is lent so many times at most', () => {
    const pool = new SignalPool(8);
    const seen: AbortSignal[] = [];
    for (let use = 0; use < 9; use++) {
      const cancellation = new Cancellation();
      seen.push(pool.lend(cancellation));
      pool.takeBack(cancellation);
      cancellation.abort('late');
    }
    assert.equal(new Set(seen).size, 2);
    assert.deepEqual(seen.map((signal) => signal.aborted), Array.from({ length: 9 }, () => false));
  });

  test('one that has fired is not lent again', () => {
    const pool = new SignalPool(8);
    const first = new Cancellation();
    const signal = pool.lend(first);
    first.abort('over');
    pool.takeBack(first);
    assert.notEqual(pool.lend(new Cancellation()), signal);
  });

  test('a signal of the platform is its own', () => {
    const pool = new SignalPool(8);
    const { signal } = new AbortController();
    assert.equal(pool.lend(signal), signal);
    pool.takeBack(signal);
  });

  test('a cancellation that has fired before gives a signal that has', () => {
    const cancellation = new Cancellation();
    cancellation.abort('before');
    assert.equal(new SignalPool(8).lend(cancellation).reason, 'before');
  });
});

describe('slots', () => {
  test('are given in the order in which they were asked for, past those who gave up', async () => {
    const slots = new RequestSlots(1);
    const order: string[] = [];
    const impatient = new Cancellation();
    assert.equal(slots.take(new Cancellation()), undefined);
    const first = slots.take(new Cancellation())?.then(() => order.push('first'));
    const second = slots.take(impatient);
    const third = slots.take(new Cancellation())?.then(() => order.push('third'));
    impatient.abort('no time');
    await assert.rejects(second ?? Promise.resolve(), (reason) => reason === 'no time');
    slots.giveBack();
    await first;
    slots.giveBack();
    await third;
    assert.deepEqual(order, ['first', 'third']);
    slots.giveBack();
    assert.equal(slots.take(new Cancellation()), undefined);
  });
});
