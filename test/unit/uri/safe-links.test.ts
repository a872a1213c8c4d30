import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { InvalidValueError } from '../../../lib/base/errors.ts';
import { safeIconSource, safePageURL } from '../../../lib/uri/safe-links.ts';
import type { SafeIcon, SafePage } from '../../../lib/uri/safe-links.ts';

interface Row {
  readonly name: string;
  readonly link: unknown;
  readonly page: SafePage | null;
  readonly icon: (Omit<SafeIcon, 'mimeType'> & { readonly mimeType: string | null }) | null;
}

const rows = JSON.parse(readFileSync(new URL('../../../spec-fixtures/links/links.json', import.meta.url), 'utf8')) as readonly Row[];

/** What a check gives; null where it refuses, with a message that shows nothing of the link but its scheme. */
function outcome<T>(check: () => T): T | null {
  try {
    return check();
  } catch (error) {
    assert.ok(error instanceof InvalidValueError && error.code === 'ERR_MCP_INVALID_URI', String(error));
    assert.doesNotMatch(error.message, /alert|passwd|evil/);
    assert.ok(error.message.length < 200 && !/[\u0000-\u001f]/.test(error.message), error.message);
    return null;
  }
}

describe('links of a server (basic, "icons"; client/elicitation, "Safe URL Handling")', () => {
  assert.ok(rows.length > 50);
  for (const { name, link, page, icon } of rows) {
    test(`${name}: ${JSON.stringify(link).slice(0, 60)}`, () => {
      assert.deepEqual(outcome(() => safePageURL(link)), page, 'as a page');
      const expected = icon === null ? null : { ...icon, mimeType: icon.mimeType ?? undefined };
      assert.deepEqual(outcome(() => safeIconSource(link)), expected, 'as an icon');
    });
  }

  test('a page has at most 8,192 characters, an icon as data 1,048,576', () => {
    const start = 'https://example.com/';
    assert.equal(safePageURL(start.padEnd(8_192, 'a')).href.length, 8_192);
    assert.throws(() => safePageURL(start.padEnd(8_193, 'a')), /at most 8192 characters; it has 8193/);
    assert.equal(safeIconSource('data:image/png;base64,'.padEnd(1_048_576, 'A')).href.length, 1_048_576);
    assert.throws(() => safeIconSource('data:image/png;base64,'.padEnd(1_048_577, 'A')), /at most 1048576 characters/);
  });

  test('an icon may be asked to come from the origin of its server, or as data', () => {
    const options = { sameOriginAs: 'https://example.com:8443/mcp' };
    assert.equal(safeIconSource('https://example.com:8443/a.png', options).href, 'https://example.com:8443/a.png');
    assert.equal(safeIconSource('data:image/png,a', options).scheme, 'data');
    for (const other of ['https://example.com/a.png', 'https://cdn.example.com:8443/a.png', 'https://example.com.evil.example:8443/']) {
      assert.throws(() => safeIconSource(other, options), /must be of the origin of the server, "https:\/\/example.com:8443"; it is of "https:/);
    }
    assert.throws(() => safeIconSource('https://example.com/', { sameOriginAs: 'http://example.com/' }), InvalidValueError);
    assert.throws(() => safeIconSource('https://example.com/', { sameOriginAs: 'nowhere' }), TypeError);
  });
});
