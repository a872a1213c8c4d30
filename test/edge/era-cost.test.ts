/** What finding out the era of a server over stdio costs a host that sets nothing: processes, counted by the servers themselves, and requests. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StdioMCPServer, resultText } from '../../lib/index.ts';
import { fixtureCommand, recordFile } from '../helpers/fixture.ts';
import type { RecordFile } from '../helpers/fixture.ts';
import { until } from '../helpers/until.ts';

interface Cost {
  readonly starts: number;
  readonly probes: number;
  readonly handshakes: number;
}

function costOf(record: RecordFile): Cost {
  return { starts: record.starts(), probes: record.count('server/discover'), handshakes: record.count('initialize') };
}

/** Kind of server, in words; the argument of the fixture; the era; what the first connection costs, and the second one of the same handle beyond that. */
const CASES: readonly (readonly [string, string, 'legacy' | 'modern', Cost, Cost])[] = [
  ['a legacy server that refuses what it does not know', 'legacy', 'legacy', { starts: 1, probes: 1, handshakes: 1 }, { starts: 1, probes: 0, handshakes: 1 }],
  ['a legacy server that is silent to what it does not know', 'silent', 'legacy', { starts: 1, probes: 1, handshakes: 1 }, { starts: 1, probes: 0, handshakes: 1 }],
  ['a legacy server that ends at what it does not know', 'exits', 'legacy', { starts: 2, probes: 1, handshakes: 1 }, { starts: 1, probes: 0, handshakes: 1 }],
  ['a modern server', 'modern', 'modern', { starts: 1, probes: 1, handshakes: 0 }, { starts: 1, probes: 1, handshakes: 0 }],
  ['a server of both eras', 'dual', 'modern', { starts: 1, probes: 1, handshakes: 0 }, { starts: 1, probes: 1, handshakes: 0 }],
];

describe('what a host that sets nothing pays for not knowing the era', () => {
  for (const [name, kind, era, first, second] of CASES) {
    test(`${name}: ${first.starts === 1 ? 'one process' : 'a process more, once'}`, async () => {
      const record = recordFile();
      // On a machine that is busy a modern server may come up too late for the probe, which is another story.
      const patience = era === 'modern' ? { limits: { probeTimeoutMs: 60_000 }, startupTimeoutMs: 60_000 } : {};
      const server = new StdioMCPServer({ serverName: kind, command: fixtureCommand('era-server', kind), serverEnv: record.serverEnv, ...patience });
      try {
        await server.connect();
        assert.equal(server.era, era);
        assert.match(resultText(await server.callTool('era')), /tools\/list tools\/call$/);
        assert.deepEqual(costOf(record), first);
        await server.cleanup();
        await server.connect();
        assert.equal(server.era, era);
        await until(() => record.starts() > first.starts, 'it runs again');
        const both = costOf(record);
        assert.deepEqual({ starts: both.starts - first.starts, probes: both.probes - first.probes, handshakes: both.handshakes - first.handshakes }, second);
      } finally {
        await server.cleanup();
        record.remove();
      }
    });
  }
});
