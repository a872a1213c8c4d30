import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldableClock } from '../../../lib/base/holdable-clock.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

function begin(): { world: FakeClock; clock: HoldableClock; rung: string[]; set: (name: string, delayMs: number) => () => void } {
  const world = new FakeClock();
  const clock = new HoldableClock(world);
  const rung: string[] = [];
  return { world, clock, rung, set: (name, delayMs) => clock.after(delayMs, () => rung.push(`${name} at ${world.now()}`)) };
}

describe('a clock that can be made to stand', () => {
  test('goes as the one underneath while nobody holds it', async () => {
    const { world, clock, rung, set } = begin();
    set('a', 100);
    await world.advance(250);
    assert.deepEqual(rung, ['a at 100']);
    assert.equal(clock.now(), 250);
    assert.equal(clock.date(), world.date());
    assert.equal(world.waiting, 0);
  });

  test('what was set before rings later by as long as time stood, what is set meanwhile too', async () => {
    const { world, clock, rung, set } = begin();
    set('before', 100);
    await world.advance(40);
    const goOn = clock.hold();
    set('meanwhile', 10);
    await world.advance(1_000);
    assert.deepEqual(rung, []);
    assert.equal(clock.now(), 40);
    goOn();
    await world.advance(9);
    assert.deepEqual(rung, []);
    await world.advance(1_000);
    assert.deepEqual(rung, ['meanwhile at 1050', 'before at 1100']);
    assert.equal(clock.now(), 1_049);
  });

  test('a timer that is due after the hold is put off as well', async () => {
    const { world, clock, rung, set } = begin();
    set('a', 100);
    const goOn = clock.hold();
    await world.advance(30);
    goOn();
    await world.advance(99);
    assert.deepEqual(rung, []);
    await world.advance(1);
    assert.deepEqual(rung, ['a at 130']);
  });

  test('it stands until the last of several holds was let go of, and letting go twice is once', async () => {
    const { world, clock, rung, set } = begin();
    set('a', 10);
    const [first, second] = [clock.hold(), clock.hold()];
    first();
    first();
    await world.advance(100);
    assert.deepEqual(rung, []);
    second();
    await world.advance(10);
    assert.deepEqual(rung, ['a at 110']);
  });

  test('a timer that was taken back never rings, and leaves nothing behind', async () => {
    const { world, clock, rung, set } = begin();
    const before = set('before', 10);
    const stopped = set('stopped', 20);
    const goOn = clock.hold();
    before();
    await world.advance(100);
    stopped();
    goOn();
    await world.advance(1_000);
    assert.deepEqual(rung, []);
    assert.equal(world.waiting, 0);
  });

  test('a timer in the background is one underneath', () => {
    const world = new FakeClock();
    const background: number[] = [];
    world.afterInBackground = (delayMs, action) => (background.push(delayMs), world.after(delayMs, action));
    new HoldableClock(world).afterInBackground(7, () => {});
    assert.deepEqual(background, [7]);
  });
});
