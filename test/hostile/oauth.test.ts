/** Authorization and servers that do it wrong, over real sockets: one file of spec-fixtures/oauth a case. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { oauthCases, runCase, variantsOf } from '../helpers/oauth-case.ts';

const cases = oauthCases();

describe('authorization and what its servers may do (spec-fixtures/oauth)', () => {
  for (const [file, body] of cases) {
    for (const [name, variant] of variantsOf(body)) test(`${file}: ${name} (${body.source})`, () => runCase(variant));
  }

  test('each name stands for one case, of a fault or a threat', () => {
    for (const [file, { row }] of cases) assert.match(row, /^[FT]\d+$/, file);
    const names = cases.flatMap(([, body]) => variantsOf(body).map(([name]) => name));
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.length > 0);
  });
});
