/** Answers of hundreds of megabytes: they end at the limit, and the process hardly grows. The client is a process of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { hostCommand } from '../helpers/fixture.ts';
import { HTTPPeer } from '../helpers/http-server.ts';
import type { PeerAnswer, PeerExchange } from '../helpers/http-server.ts';
import { skipUnder } from '../helpers/http-server-handle.ts';

const MiB = 1024 * 1024;
const PIECE = Buffer.alloc(MiB, 'x');

/** Writes pieces until the client leaves; gives how many megabytes were written. */
async function pour(exchange: PeerExchange, pieces: number): Promise<void> {
  for (let turn = 0; turn < pieces && !exchange.isClosed; turn++) await exchange.chunk(PIECE);
}

describe('700 MiB for one answer (limits.maxMessageBytes: 16 MiB)', () => {
  const answers: readonly (readonly [string, PeerAnswer])[] = [
    [
      'as a JSON body',
      async (exchange) => {
        await exchange.head(200, { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' });
        await exchange.chunk('{"jsonrpc":"2.0","result":"');
        await pour(exchange, 700);
      },
    ],
    [
      'as one event',
      async (exchange) => {
        await exchange.sse();
        await exchange.chunk('data: ');
        await pour(exchange, 700);
      },
    ],
  ];
  for (const [name, answer] of answers) {
    test(
      `${name}: the call fails at the limit, the server is left, the process grew by less than 96 MiB`,
      { timeout: 60_000, skip: skipUnder(['bun', 'deno'], 'its memory is counted in another way') },
      async () => {
        const peer = await HTTPPeer.listen({ 'tools/call': answer });
        try {
          const [program = '', ...args] = hostCommand('demo-http-host', 'endless', peer.url);
          const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          let output = '';
          child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
          const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
          const { problems, grownBytes } = JSON.parse(output) as { problems: string[]; grownBytes: number };
          assert.deepEqual([code, problems], [0, []]);
          assert.ok(grownBytes < 96 * MiB, `it grew by ${Math.round(grownBytes / MiB)} MiB`);
          assert.equal(peer.raw.busy, 0);
        } finally {
          await peer.close();
        }
      },
    );
  }
});
