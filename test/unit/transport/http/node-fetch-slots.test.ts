import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExchangeSlots } from '../../../../lib/transport/http/node-fetch-slots.ts';

/** Slots, and the names of those that were started, in order. */
function fixture(mostPerKey: number, most: number) {
  const slots = new ExchangeSlots(mostPerKey, most);
  const started: string[] = [];
  const waiters = new Map<string, { start(): void }>();
  const take = (key: string, name: string) => {
    const waiter = { start: () => void started.push(name) };
    waiters.set(name, waiter);
    return slots.take(key, waiter);
  };
  const leave = (key: string, name: string) => slots.leave(key, waiters.get(name) ?? assert.fail(name));
  return { slots, started, take, leave };
}

describe('ExchangeSlots: so many at once with one server (maxSocketsPerHost) and with all (maxSockets)', () => {
  test('the rest waits, and is started in the order it came as slots are given back', () => {
    const { slots, started, take } = fixture(2, 10);
    assert.deepEqual(['1', '2', '3', '4', '5'].map((name) => take('a', name)), [true, true, false, false, false]);
    slots.giveBack('a');
    assert.deepEqual(started, ['3']);
    slots.giveBack('a');
    slots.giveBack('a');
    assert.deepEqual(started, ['3', '4', '5']);
    slots.giveBack('a');
    slots.giveBack('a');
    assert.equal(take('a', '6'), true);
  });

  test('a full server does not hold up another', () => {
    const { take } = fixture(1, 10);
    assert.deepEqual([take('a', '1'), take('a', '2'), take('b', '3')], [true, false, true]);
  });

  test('when all are taken, whoever has waited longest is next, whichever the server', () => {
    const { slots, started, take } = fixture(2, 2);
    assert.deepEqual([take('a', '1'), take('a', '2'), take('b', '3'), take('a', '4'), take('b', '5')], [true, true, false, false, false]);
    slots.giveBack('a');
    slots.giveBack('a');
    assert.deepEqual(started, ['3', '4']);
    slots.giveBack('a');
    assert.deepEqual(started, ['3', '4', '5']);
  });

  test('who left the line is not started, and its place is nobody’s', () => {
    const { slots, started, take, leave } = fixture(1, 1);
    assert.deepEqual([take('a', '1'), take('a', '2'), take('a', '3')], [true, false, false]);
    leave('a', '2');
    slots.giveBack('a');
    assert.deepEqual(started, ['3']);
    slots.giveBack('a');
    assert.equal(take('b', '4'), true);
  });

  test('a newcomer does not overtake those that wait for the same server', () => {
    const { slots, started, take } = fixture(5, 1);
    assert.deepEqual([take('a', '1'), take('b', '2'), take('b', '3')], [true, false, false]);
    slots.giveBack('a');
    assert.deepEqual(started, ['2']);
    slots.giveBack('b');
    assert.deepEqual([take('b', '4'), started], [false, ['2', '3']]);
  });
});
