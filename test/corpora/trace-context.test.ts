import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isTraceparent } from '../../lib/index.ts';
import { findCorpus } from '../helpers/corpora.ts';

// The values that the W3C's own tests send. Some are of a version to come, which whoever receives them reads as far as it can;
// whoever sends writes version 00, and that is what is asked here.

interface Row {
  readonly test: string;
  readonly traceparent: string;
  readonly valid_exact_v00: boolean;
}

const corpus = findCorpus('trace-context');

describe('the outside values for W3C Trace Context: each is a traceparent of version 00, or is not', () => {
  test('traceparent.json', { skip: corpus.missing ?? false }, () => {
    const rows = JSON.parse(readFileSync(join(corpus.folder ?? '', 'traceparent.json'), 'utf8')) as readonly Row[];
    const wrong = rows.filter((row) => isTraceparent(row.traceparent) !== row.valid_exact_v00);
    assert.deepEqual(wrong, []);
    assert.ok(rows.length >= 40 && rows.some((row) => row.valid_exact_v00) && rows.some((row) => !row.valid_exact_v00), `${rows.length} rows`);
  });
});
