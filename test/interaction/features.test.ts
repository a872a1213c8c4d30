/**
 * Every feature, in both eras, on every road, from one table: what a host does is the same, and so is what comes of it. Where an era
 * has no such thing the table says why, and what the host is told there.
 */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { EraName, MCPServerProtocol } from '../../lib/index.ts';
import { MCPServerProtocol as Contract } from '../../lib/index.ts';
import { ConnectedServer } from '../../lib/servers/connected-server.ts';
import { SERVER_EVENTS } from '../../lib/features/server-events.ts';
import { HTTPDemos, ROAD_NAMES, ofEra, roadsOver } from './roads.ts';
import type { RoadName } from './roads.ts';
import { ASKS } from './rows-asks.ts';
import { CHANGE_ROWS } from './rows-changes.ts';
import { OFFERS } from './rows-offers.ts';
import { REQUESTS } from './rows-requests.ts';
import { TASKS } from './rows-tasks.ts';
import type { Row } from './row.ts';

const TABLE: readonly Row[] = [...OFFERS, ...REQUESTS, ...ASKS, ...CHANGE_ROWS, ...TASKS];
const ERAS: readonly EraName[] = ['legacy', 'modern'];

const demos = new HTTPDemos();
after(() => demos.stop());
const roads = roadsOver(demos);

/** What of the contract the rows asked for: members, and events as `on name`. */
const used = new Set<string>();

/** The same handle; what is asked of it is written down. */
function noting(server: MCPServerProtocol): MCPServerProtocol {
  return new Proxy(server, {
    get: (target, name) => {
      if (typeof name === 'string') used.add(name);
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        if (name === 'on') used.add(`on ${String(args[0])}`);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

async function runCell(row: Row, era: EraName, road: RoadName): Promise<void> {
  const reach = row.reach?.[road] ?? roads[road];
  const exception = row.except?.[era] ?? row.except?.[road];
  // What is told in place of a feature is told by the server that all the others are about.
  const reached = await (exception === undefined ? reach : roads[road])(ofEra(era), row.options, row.isAlone);
  const server = noting(reached.server);
  const faults: string[] = [];
  server.on('fault', ({ code, message }) => faults.push(`${code}: ${message}`));
  try {
    await server.connect();
    assert.equal(server.era, era);
    await (exception ?? row).run({ server, era, road, lose: reached.lose, restore: reached.restore });
    if (row.hasFaults !== true) assert.deepEqual(faults, []);
  } finally {
    await server.cleanup();
    await reached.stop();
  }
  assert.deepEqual([server.connectionState, server.pendingRequests], ['disconnected', []]);
}

for (const road of ROAD_NAMES) {
  for (const era of ERAS) {
    describe(`${era}, ${road}`, () => {
      for (const row of TABLE) {
        const exception = row.except?.[era] ?? row.except?.[road];
        test(exception === undefined ? row.feature : `${row.feature} (not so here: ${exception.why})`, () => runCell(row, era, road));
      }
    });
  }
}

describe('the table is whole', () => {
  test('no two rows are of the same name, and every exception says why', () => {
    assert.equal(new Set(TABLE.map(({ feature }) => feature)).size, TABLE.length);
    for (const { feature, except = {} } of TABLE) for (const { why } of Object.values(except)) assert.match(why, /^\S.{20,}\.$/, feature);
  });

  test('every member of a handle, and every event, is in some row', () => {
    assert.ok(Object.getPrototypeOf(ConnectedServer) === Contract);
    const members = Object.getOwnPropertyNames(ConnectedServer.prototype).filter((name) => name !== 'constructor');
    const wanted = [...members, ...SERVER_EVENTS.map((event) => `on ${event}`)];
    assert.deepEqual(wanted.filter((name) => !used.has(name)), []);
  });
});
