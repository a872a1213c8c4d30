import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import * as library from '../../lib/index.ts';
import { listPaths, readProjectFile } from '../helpers/tree.ts';
import { WRITE_COMMAND, apiPages, wordsOf } from './api-pages.ts';
import { headings } from './markdown.ts';

describe('the pages of docs/api say what the sources say', () => {
  const pages = apiPages();

  test('each is there, as the sources make it, and no other', () => {
    assert.deepEqual(listPaths('docs/api'), [...pages.keys()].sort(), `write them: ${WRITE_COMMAND}`);
    for (const [path, text] of pages) assert.ok(readProjectFile(path) === text, `${path} is not what the sources say; write it: ${WRITE_COMMAND}`);
  });

  test('each exported value has a heading of its own, and each heading words below it', () => {
    const texts = [...pages.values()];
    const names = texts.flatMap((text) => headings(text, 2));
    assert.deepEqual(Object.keys(library).filter((name) => names.filter((other) => other === name).length !== 1), []);
    assert.deepEqual(texts.flatMap((text) => [...text.matchAll(/^## (\w+)\n\n```/gm)].map((match) => match[1])), []);
  });

  test('what a comment links to is on one of the pages', () => {
    const sections = [...pages.values()].flatMap((text) => text.split(/^## /m).slice(1));
    const isThere = (link: string): boolean => {
      const [name = '', member] = link.split('.');
      const section = sections.find((one) => one.startsWith(`${name}\n`));
      return section !== undefined && (member === undefined || new RegExp(`\\b${member}\\b`).test(section));
    };
    const links = new Set([...pages.values()].flatMap((text) => [...text.matchAll(/\{@link ([\w.]+)/g)].map((match) => match[1] ?? '')));
    assert.ok(links.size > 10, `${links.size} links`);
    assert.deepEqual([...links].filter((link) => !isThere(link)), []);
  });

  test('of a class its public members are shown, with their comments and without bodies', () => {
    const text = pages.get('docs/api/sessions.md') ?? '';
    const [shown = ''] = /class InMemorySessionManager[\s\S]*?\n```/.exec(text) ?? [];
    assert.match(shown, /constructor\(/);
    assert.doesNotMatch(shown, /#\w|return |this\./);
  });
});

describe('the rules can fail', () => {
  test('a comment is text: marks away, links and errors as words, and nothing that is read as markup', () => {
    assert.equal(wordsOf('/**\n * Gives a {@link Thing} of `a<b>` or <c>.\n *\n * @throws TypeError for others.\n */'), 'Gives a `Thing` of `a<b>` or \\<c>.\n\nThrows TypeError for others.');
    assert.equal(wordsOf('/** One. */'), 'One.');
  });
});
