import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isMCPError } from '../../lib/base/errors.ts';
import type { MCPError } from '../../lib/base/errors.ts';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { decodeMessage } from '../../lib/jsonrpc/codec.ts';
import type { Decoded } from '../../lib/jsonrpc/message.ts';
import { decodeUTF8 } from '../../lib/jsonrpc/utf8.ts';
import { findCorpus } from '../helpers/corpora.ts';

// In the suite a parser must accept `y_` and must reject `n_` (its `i_` texts, where a parser is free, are not used). Every
// file is read twice: as a whole frame, and as a member of the params of a notification. No file is excepted.

const BEFORE = '{"jsonrpc":"2.0","method":"notifications/example","params":{"value":';
const AFTER = '}}';

/** What the codec says of a text that is no JSON. */
const NO_JSON: readonly string[] = ['ERR_MCP_INVALID_UTF8', 'ERR_MCP_INVALID_JSON'];

/** Texts that are stopped by the depth of their nesting, before anybody asks whether they are JSON. */
const TOO_DEEP: readonly string[] = ['n_structure_100000_opening_arrays.json', 'n_structure_open_array_object.json'];

const corpus = findCorpus('json-parsing');
const skip = corpus.missing ?? false;
const files = corpus.folder === undefined ? [] : readdirSync(corpus.folder).filter((file) => file.endsWith('.json')).sort();
const bytesOf = (file: string): Uint8Array => readFileSync(join(corpus.folder ?? '', file));
const named = (prefix: string): string[] => files.filter((file) => file.startsWith(prefix));

function read(bytes: Uint8Array): Decoded | { readonly kind: 'malformed'; readonly error: MCPError } {
  try {
    return decodeMessage(decodeUTF8(bytes), DEFAULT_LIMITS);
  } catch (error) {
    if (isMCPError(error)) return { kind: 'malformed', error };
    throw error;
  }
}

function wrap(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(BEFORE), bytes, Buffer.from(AFTER)]);
}

function assertRejected(decoded: ReturnType<typeof read>, file: string): void {
  assert.equal(decoded.kind, 'malformed', file);
  if (decoded.kind !== 'malformed') return;
  if (TOO_DEEP.includes(file)) assert.deepEqual([decoded.error.code, decoded.error.details['limit']], ['ERR_MCP_LIMIT', 'maxDepth'], file);
  else assert.ok(NO_JSON.includes(decoded.error.code), `${file}: ${decoded.error.code}`);
}

describe('JSON texts of an outside suite, as frames (RFC 8259)', () => {
  test('the suite is whole', { skip }, () => {
    assert.ok(named('y_').length >= 95, `${named('y_').length} texts to accept`);
    assert.ok(named('n_').length >= 188, `${named('n_').length} texts to reject`);
    assert.deepEqual(files.filter((file) => !/^[yn]_/.test(file)), [], 'texts without a verdict have to be given one here');
  });

  test('every text to accept, as a member of params, comes out with its value', { skip }, () => {
    for (const file of named('y_')) {
      const decoded = read(wrap(bytesOf(file)));
      assert.equal(decoded.kind, 'notification', file);
      if (decoded.kind !== 'notification') continue;
      assert.equal(decoded.method, 'notifications/example', file);
      assert.deepEqual(decoded.params, { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(file))) }, file);
    }
  });

  test('every text to accept, alone, is read as JSON and refused only for not being a message (JSON-RPC 2.0 section 4)', { skip }, () => {
    for (const file of named('y_')) {
      const decoded = read(bytesOf(file));
      const messages = decoded.kind === 'batch' ? decoded.messages : [decoded];
      for (const one of messages) assert.equal(one.kind === 'malformed' && one.error.code, 'ERR_MCP_INVALID_MESSAGE', file);
    }
  });

  test('every text to reject, as a member of params, is rejected as no JSON', { skip }, () => {
    for (const file of named('n_')) assertRejected(read(wrap(bytesOf(file))), file);
  });

  test('every text to reject, alone, is rejected as no JSON', { skip }, () => {
    for (const file of named('n_')) assertRejected(read(bytesOf(file)), file);
  });
});
