import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, test } from 'node:test';
import type { DialectName } from '../../lib/schema/dialects.ts';
import { SchemaRegistry } from '../../lib/schema/schema-registry.ts';
import { compileSchema } from '../../lib/schema/schema.ts';
import type { SchemaOptions } from '../../lib/schema/schema.ts';
import { findCorpus } from '../helpers/corpora.ts';

// The suite of json-schema.org: required tests of two drafts, all of which have to hold. Its remote schemas are put into the registry under the address that
// the suite gives them; nothing is fetched.

interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const REMOTE_ADDRESS = 'http://localhost:1234';
const DRAFTS: readonly { readonly folder: string; readonly dialect: DialectName; readonly least: number }[] = [
  { folder: 'draft2020-12', dialect: '2020-12', least: 1_299 },
  { folder: 'draft7', dialect: 'draft-07', least: 927 },
];

const suite = findCorpus('json-schema-test-suite');
const skip = suite.missing ?? false;

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((left, right) => (left.name < right.name ? -1 : 1));
  return entries.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : entry.name.endsWith('.json') ? [join(folder, entry.name)] : []));
}

function remotes(): SchemaRegistry {
  const registry = new SchemaRegistry();
  const folder = join(suite.folder ?? '', 'remotes');
  for (const file of filesBelow(folder)) {
    registry.add(`${REMOTE_ADDRESS}/${relative(folder, file).split(sep).join('/')}`, JSON.parse(readFileSync(file, 'utf8')));
  }
  return registry;
}

interface Outcome {
  readonly count: number;
  readonly wrong: readonly string[];
}

/** Every test of `file`, each asked twice: the fast way and the way that tells why. */
function runFile(file: string, options: SchemaOptions): Outcome {
  const groups = JSON.parse(readFileSync(file, 'utf8')) as readonly Group[];
  const wrong: string[] = [];
  let count = 0;
  for (const { description, schema, tests } of groups) {
    count += tests.length;
    try {
      const compiled = compileSchema(schema, options);
      for (const one of tests) {
        const { valid, errors } = compiled.validate(one.data);
        const isRight = compiled.isValid(one.data) === one.valid && valid === one.valid && (errors.length === 0) === one.valid;
        if (!isRight) wrong.push(`${description}: ${one.description}`);
      }
    } catch (error) {
      wrong.push(`${description}: ${String(error)}`);
    }
  }
  return { count, wrong };
}

describe('the required tests of the JSON Schema test suite', () => {
  for (const { folder, dialect, least } of DRAFTS) {
    test(`${folder}: every schema compiles and every instance is judged as the suite says`, { skip, timeout: 60_000 }, () => {
      const registry = remotes();
      const place = join(suite.folder ?? '', 'tests', folder);
      const files = readdirSync(place).filter((file) => file.endsWith('.json'));
      const outcomes = files.map((file) => ({ file, ...runFile(join(place, file), { dialect, registry }) }));
      const wrong = outcomes.flatMap((outcome) => outcome.wrong.map((one) => `${outcome.file}: ${one}`));
      assert.deepEqual(wrong, []);
      const count = outcomes.reduce((sum, outcome) => sum + outcome.count, 0);
      assert.ok(count >= least, `${count} tests in ${files.length} files`);
    });
  }
});

// Formats of the optional tests that are not judged as the suite would have it: what an xn-- label decodes to, and so all of IDNA, is not looked at;
// idn-hostname is not known and stays an annotation.
const FORMAT_GAPS: readonly string[] = ['hostname.json', 'idn-hostname.json'];

describe('the optional tests for formats, where the suite has them', () => {
  for (const { folder, dialect } of DRAFTS) {
    const place = join(suite.folder ?? '', 'tests', folder, 'optional', 'format');
    const missing = skip === false && !existsSync(place) ? 'this copy of the suite has no optional tests' : skip;
    test(`${folder}: with formats as assertions every file holds but for the gaps that are known, which still are gaps`, { skip: missing, timeout: 60_000 }, () => {
      const files = readdirSync(place).filter((file) => file.endsWith('.json'));
      const wrong = files.filter((file) => runFile(join(place, file), { dialect, formats: 'assert' }).wrong.length > 0);
      assert.deepEqual(wrong.sort(), FORMAT_GAPS);
    });
  }
});

const protocolSchemas = findCorpus('mcp-schema');
const protocolExamples = findCorpus('mcp-examples');

function protocolSchema(revision: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(protocolSchemas.folder ?? '', revision, 'schema.json'), 'utf8')) as Record<string, unknown>;
}

const revisions = protocolSchemas.folder === undefined ? [] : readdirSync(protocolSchemas.folder).filter((name) => /^\d{4}-/.test(name)).sort();

describe('the schemas of the protocol itself', () => {
  test('all five compile, definition by definition, formats being assertions', { skip: protocolSchemas.missing ?? false, timeout: 60_000 }, () => {
    assert.equal(revisions.length, 5);
    for (const revision of revisions) {
      const schema = protocolSchema(revision);
      const home = '$defs' in schema ? '$defs' : 'definitions';
      const names = Object.keys(schema[home] as object);
      assert.ok(names.length > 75, `${revision}: ${names.length} definitions`);
      const registry = new SchemaRegistry().add(`mcp:${revision}`, schema);
      for (const name of names) {
        const compiled = compileSchema({ $ref: `mcp:${revision}#/${home}/${name}` }, { registry, formats: 'assert' });
        if (name.endsWith('Request') || name.endsWith('Result') || name.endsWith('Notification')) assert.equal(compiled.isValid('neither'), false, `${revision} ${name}`);
      }
    }
  });

  test('every example message of the newest revision is valid against the definition that it is filed under', { skip: protocolExamples.missing ?? protocolSchemas.missing ?? false, timeout: 60_000 }, () => {
    const newest = revisions.at(-1) ?? '';
    const registry = new SchemaRegistry().add(`mcp:${newest}`, protocolSchema(newest));
    const folder = protocolExamples.folder ?? '';
    let count = 0;
    for (const entry of readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      const compiled = compileSchema({ $ref: `mcp:${newest}#/$defs/${entry.name}` }, { registry, formats: 'assert' });
      for (const file of filesBelow(join(folder, entry.name))) {
        const { errors } = compiled.validate(JSON.parse(readFileSync(file, 'utf8')));
        assert.deepEqual(errors, [], file);
        count += 1;
      }
    }
    assert.equal(count, 129);
  });
});
