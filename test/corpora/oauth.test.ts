import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Secret } from '../../lib/base/secret.ts';
import { parseChallenges } from '../../lib/http/www-authenticate.ts';
import { codeChallenge } from '../../lib/oauth/pkce.ts';
import { authorizationServerURLs, protectedResourceURLs } from '../../lib/oauth/well-known.ts';
import { findCorpus } from '../helpers/corpora.ts';

interface Vectors {
  readonly rfc7636_appendix_b: { readonly verifier_octets: readonly number[]; readonly code_verifier: string; readonly code_challenge: string };
  readonly rfc9728_well_known: readonly { readonly resource: string; readonly url: string }[];
  readonly rfc8414_well_known: readonly { readonly issuer: string; readonly url: string }[];
  readonly rfc9110_11_6_1_challenges: readonly { readonly header: string; readonly challenges: readonly { readonly scheme: string; readonly params: Readonly<Record<string, string>> }[] }[];
}

const corpus = findCorpus('oauth');
const skip = corpus.missing ?? false;

function readVectors(): Vectors {
  return JSON.parse(readFileSync(join(corpus.folder ?? '', 'rfc-vectors.json'), 'utf8')) as Vectors;
}

describe('the vectors that the RFCs print: discovery, challenges, PKCE', () => {
  test('RFC 7636 appendix B: a verifier and its challenge', { skip }, async () => {
    const { verifier_octets, code_verifier, code_challenge } = readVectors().rfc7636_appendix_b;
    assert.equal(Buffer.from(verifier_octets).toString('base64url'), code_verifier);
    assert.equal(await codeChallenge(new Secret(code_verifier)), code_challenge);
  });

  test('RFC 9728 section 3.1: where the metadata of a resource lies', { skip }, () => {
    const rows = readVectors().rfc9728_well_known;
    assert.ok(rows.length >= 2);
    for (const { resource, url } of rows) assert.equal(protectedResourceURLs(resource)[0], url);
  });

  test('RFC 8414 section 3.1: where the metadata of an issuer lies', { skip }, () => {
    const rows = readVectors().rfc8414_well_known;
    assert.ok(rows.length >= 2);
    for (const { issuer, url } of rows) assert.equal(authorizationServerURLs(issuer)[0], url);
  });

  test('RFC 9110 section 11.6.1: two challenges in one field', { skip }, () => {
    const rows = readVectors().rfc9110_11_6_1_challenges;
    assert.ok(rows.length >= 1);
    for (const { header, challenges } of rows) {
      const read = parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, params: Object.fromEntries(parameters) }));
      assert.deepEqual(read, challenges);
    }
  });
});
