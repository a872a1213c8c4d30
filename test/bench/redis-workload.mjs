/** What the clients of Redis store and read back: records of 1 KiB under 64 keys, four for each, so that a reply to an earlier command is told from the right one. */

export const KEY_COUNT = 64;
const VERSIONS = 4;
const RECORD_BYTES = 1_024;

function recordOf(slot) {
  const head = { shape: 1, era: 'legacy', revision: '2025-11-25', sessionId: `session-${slot}`, epoch: slot, serverInfo: { name: 'bench', version: '1.0.0' } };
  const filled = (length) => JSON.stringify({ ...head, instructions: 'x'.repeat(length) });
  return filled(RECORD_BYTES - filled(0).length);
}

/** How many pairs of a key and a record there are. */
export const SLOT_COUNT = KEY_COUNT * VERSIONS;
/** The key of each slot. */
export const KEYS = Array.from({ length: SLOT_COUNT }, (_, slot) => `bench:session:${slot % KEY_COUNT}`);
/** The record of each slot. */
export const RECORDS = Array.from({ length: SLOT_COUNT }, (_, slot) => recordOf(slot));
