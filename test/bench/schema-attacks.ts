/** How long each schema and instance of a hostile server takes to be answered: `npm run bench -- schema --attacks`. */

import { ATTACKS, answerOf } from '../fixtures/schema-attacks.ts';

const MOST_MS = 50;
const TIMES = 10;

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The best of a few times, by the clock or on the processor, whichever is less: the machine does other things as well. */
function fastest(work: () => unknown): number {
  let best = Infinity;
  for (let time = 0; time < TIMES; time += 1) {
    const [before, processorBefore] = [performance.now(), processorMs()];
    work();
    best = Math.min(best, performance.now() - before, processorMs() - processorBefore);
  }
  return best;
}

/** Measures and prints them all; false where one takes longer than it may. */
export function runSchemaAttacks(): boolean {
  const rows = ATTACKS.map((attack) => ({ name: attack.name, ms: fastest(() => answerOf(attack)) }));
  for (const { name, ms } of rows) process.stdout.write(`${ms.toFixed(1).padStart(7)} ms  ${name}${ms < MOST_MS ? '' : '  TOO SLOW'}\n`);
  const slow = rows.filter(({ ms }) => ms >= MOST_MS).length;
  process.stdout.write(`\n${rows.length} schemas, ${slow} of them in ${MOST_MS} ms or more (best of ${TIMES}, compilation included), Node ${process.version}\n`);
  return slow === 0;
}
