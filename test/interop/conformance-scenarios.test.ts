/** That no scenario of the conformance suite can go unseen: what its list is compared with, and how. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SCENARIOS, SET_ASIDE, disagreements } from './conformance/scenarios.ts';
import type { Listed } from './conformance/scenarios.ts';

/** A list of a suite that has all that the tables have, and nothing else. */
const ALL: readonly Listed[] = [
  ...SCENARIOS.map(({ name, revisions, extension }) => ({ name, revisions: extension === true ? ['extension'] : revisions })),
  ...[...SET_ASIDE.keys()].map((name) => ({ name, revisions: ['extension'] })),
];

const without = (name: string): readonly Listed[] => ALL.filter((listed) => listed.name !== name);

describe('the scenarios of the conformance suite', () => {
  test('a list that has what the tables have is agreed with', () => {
    assert.deepEqual(disagreements(ALL), []);
  });

  test('a scenario that is in no table is told of; its name may begin like one', () => {
    const more = ['new-scenario', 'tools_call_again', 'auth/other', 'sep-2640-client-other'].map((name) => ({ name, revisions: ['2026-07-28'] }));
    assert.deepEqual(disagreements([...ALL, ...more]), more.map(({ name }) => `${name} [2026-07-28] is neither run nor set aside`));
  });

  test('an extension that has come into a revision is told of', () => {
    const listed = [...without('auth/dpop'), { name: 'auth/dpop', revisions: ['2026-07-28'] }];
    assert.deepEqual(disagreements(listed), ['auth/dpop is run at extension; the suite has it at 2026-07-28']);
  });

  test('a scenario at a revision at which it is not run is told of', () => {
    const listed = [...without('sse-retry'), { name: 'sse-retry', revisions: ['2025-11-25', '2026-07-28'] }];
    assert.deepEqual(disagreements(listed), ['sse-retry is run at 2025-11-25; the suite has it at 2025-11-25, 2026-07-28']);
  });

  test('a scenario that the suite has no more is told of, run or set aside', () => {
    assert.deepEqual(disagreements(without('initialize')), ['the suite has no initialize']);
    assert.deepEqual(disagreements(without('sep-2640-client-no-prefetch')), ['the suite has no sep-2640-client-no-prefetch']);
  });

  test('whoever is set aside has a reason', () => {
    for (const [name, reason] of SET_ASIDE) assert.match(reason, /^\w.{10,}/, name);
  });
});
