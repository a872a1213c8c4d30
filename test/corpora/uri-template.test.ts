import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isMCPError } from '../../lib/base/errors.ts';
import { parseURITemplate } from '../../lib/uri/uri-template.ts';
import type { URITemplateValue } from '../../lib/uri/uri-template.ts';
import { findCorpus } from '../helpers/corpora.ts';

// In the suite a template has one right expansion, or several where the order of a map is free, or none (`false`): then the
// template or a value of it is refused. No case is excepted.

interface Section {
  readonly variables: Readonly<Record<string, URITemplateValue>>;
  readonly testcases: readonly (readonly [template: string, expected: string | false | readonly (string | false)[]])[];
}

const corpus = findCorpus('uri-template');
const skip = corpus.missing ?? false;

/** The sections of a file, by name, and how many cases they have together. */
const FILES: Readonly<Record<string, number>> = {
  'spec-examples.json': 64,
  'spec-examples-by-section.json': 117,
  'extended-tests.json': 53,
  'negative-tests.json': 36,
};

function readSections(file: string): Readonly<Record<string, Section>> {
  return JSON.parse(readFileSync(join(corpus.folder ?? '', file), 'utf8')) as Readonly<Record<string, Section>>;
}

/** What a template expands to; `false` where it or a value is refused. */
function expansionOf(template: string, variables: Section['variables']): string | false {
  try {
    return parseURITemplate(template).expand(variables);
  } catch (error) {
    if (isMCPError(error) && error.code === 'ERR_MCP_INVALID_URI') return false;
    throw error;
  }
}

describe('the outside suite for RFC 6570: every template expands as it says, or is refused', () => {
  for (const [file, cases] of Object.entries(FILES)) {
    test(file, { skip }, () => {
      let count = 0;
      for (const [name, { variables, testcases }] of Object.entries(readSections(file))) {
        for (const [template, expected] of testcases) {
          count++;
          const right: readonly (string | false)[] = Array.isArray(expected) ? expected : [expected as string | false];
          const expansion = expansionOf(template, variables);
          assert.ok(right.includes(expansion), `${name}: ${template} gives ${String(expansion)}, and right is ${right.join(' or ')}`);
        }
      }
      assert.ok(count >= cases, `${file} has ${count} cases, and had ${cases}`);
    });
  }
});
