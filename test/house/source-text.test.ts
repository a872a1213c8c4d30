import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { importsOf, lineAt, maskSource } from './source-text.ts';

describe('reading TypeScript as text, which every rule of the house stands on', () => {
  test('a comment is no code, and what looks like one inside of a string stays a string', () => {
    const masked = maskSource("a; // b\nc('// d'); /* e\nf */ g");
    assert.equal(masked.code, 'a;     \nc(      );     \n     g');
    assert.equal(masked.withStrings, "a;     \nc('// d');     \n     g");
    assert.equal(masked.comments, '   // b\n           /* e\nf */  ');
  });

  test('a template is a string, and what stands between its curly brackets is code, nested ones too', () => {
    assert.equal(maskSource('`a ${b({ c: `d ${e}` })} f` + g').code, '     b({ c:      e   })     + g');
  });

  test('a regular expression is a string, a division is not', () => {
    assert.equal(maskSource('x = /[/"]\\//u.test(y)').code, 'x =         u.test(y)');
    assert.equal(maskSource('x = a / b / "c"').code, 'x = a / b /    ');
    assert.equal(maskSource('return /"/;').code, 'return    ;');
  });

  test('a quote with a backslash before it does not end a string', () => {
    assert.equal(maskSource("f('a\\'b'); g").code, "f(      ); g");
  });

  test('every form of import is seen, over lines too, and none in comments', () => {
    const source = [
      "import { a,\n  b } from './a.ts';",
      "import type { C } from '../c.ts';",
      "import './side.ts';",
      "export { d } from './d.ts';",
      "export * from './e.ts';",
      "const f = await import('./f.ts');",
      "const g = process.getBuiltinModule('node:http');",
      "// import { h } from './h.ts';",
      "const i = 'x';",
    ].join('\n');
    assert.deepEqual(importsOf(source), ['./a.ts', '../c.ts', './side.ts', './d.ts', './e.ts', './f.ts', 'node:http']);
  });

  test('a position becomes the number of a line', () => {
    assert.equal(lineAt('a\nb\nc', 0), 1);
    assert.equal(lineAt('a\nb\nc', 4), 3);
  });
});
