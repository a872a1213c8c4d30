import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { printStateDiagram } from '../helpers/state-diagram.ts';
import { readProjectFile } from '../helpers/tree.ts';

const BEGIN = '<!-- state diagram: begin -->';
const END = '<!-- state diagram: end -->';

/** What stands between the two marks, without the empty lines around it; `undefined` without the marks. */
function betweenMarks(text: string): string | undefined {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  return begin === -1 || end < begin ? undefined : text.slice(begin + BEGIN.length, end).trim();
}

describe('the diagram in docs/architecture.md is printed from the table of states', () => {
  test('between its marks stands exactly what `node --import tsx test/helpers/state-diagram.ts` prints', () => {
    assert.equal(betweenMarks(readProjectFile('docs/architecture.md')), printStateDiagram());
  });
});

describe('the rule can fail', () => {
  test('the diagram says every step of a table, in its order', () => {
    const table = { off: { open: 'on' }, on: { close: 'off', lost: 'off' } };
    const diagram = '```mermaid\nstateDiagram-v2\n  [*] --> off\n  off --> on : open\n  on --> off : close\n  on --> off : lost\n```';
    assert.equal(printStateDiagram(table), diagram);
    assert.notEqual(printStateDiagram({ ...table, on: { close: 'off' } }), diagram);
  });

  test('what stands between the marks is found, and without marks nothing is', () => {
    assert.equal(betweenMarks(`a\n${BEGIN}\n\nb\nc\n\n${END}\nd`), 'b\nc');
    assert.equal(betweenMarks(`a\n${BEGIN}\nb`), undefined);
    assert.equal(betweenMarks('b'), undefined);
  });
});
