import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LimitError } from '../../lib/base/errors.ts';
import { compileSchema } from '../../lib/schema/schema.ts';
import { ATTACKS, TREE, UNEVALUATED_TREE, answerOf, manyObjects, nested, numbered } from '../fixtures/schema-attacks.ts';
import type { Answer, Attack } from '../fixtures/schema-attacks.ts';

// Schemas and instances that a hostile server may send. Each has to be answered: with a verdict, or with an error that says which bound was passed or
// what cannot be compiled; never with a stack overflow, and soon.

const isNode = process.versions['bun'] === undefined && process.versions['deno'] === undefined;

function assertAnswer(attack: Attack, came: Answer): void {
  const { answer, name } = attack;
  if (typeof answer === 'object' && 'why' in answer) {
    assert.ok(typeof came === 'object' && 'why' in came, `${name}: ${JSON.stringify(came)}`);
    assert.match(came.why.source, answer.why, name);
  } else assert.deepEqual(came, answer, name);
}

describe('schemas and instances of a hostile server', () => {
  for (const attack of ATTACKS) {
    // How long each takes is what the benchmark tells: npm run bench -- schema --attacks. One without a bound would take years.
    test(`${attack.name} is answered`, { timeout: 30_000 }, () => assertAnswer(attack, answerOf(attack)));
  }

  test('an instance of 20,000 unique items is judged in a time that grows with its size, and not with its square', { timeout: 30_000 }, () => {
    const compiled = compileSchema({ uniqueItems: true }, { bounds: { maxSchemaSteps: 10_000_000 } });
    assert.equal(compiled.isValid(manyObjects), true);
    assert.equal(compiled.isValid([...manyObjects, { tags: [7], name: 'n7', id: 7 }]), false);
    const time = (size: number, judge: (items: readonly unknown[]) => unknown): number => {
      const items = manyObjects.slice(0, size);
      judge(items);
      const before = performance.now();
      judge(items);
      return performance.now() - before;
    };
    const quadratic = (items: readonly unknown[]): unknown => items.map((one, index) => items.slice(0, index).some((other) => JSON.stringify(other) === JSON.stringify(one)));
    // Ten times the items: ten times the time, and a hundred times for the control, which is given fewer.
    assert.ok(time(20_000, (items) => compiled.isValid(items)) < time(1_000, quadratic), 'as slow as comparing each with each');
  });

  test('telling what is wrong is bounded as the verdict is: a few errors of many, and the rest is said to be there', () => {
    const compiled = compileSchema({ items: { type: 'string' } });
    const result = compiled.validate(Array.from({ length: 5_000 }, (_, index) => index));
    assert.deepEqual([result.valid, result.errors.length, result.truncated], [false, 100, true]);
    const deep = compileSchema({ $ref: '#/$defs/d0', $defs: { ...numbered(5_000, (index) => ({ $ref: `#/$defs/d${index + 1}` })), d5000: { type: 'string' } } });
    assert.deepEqual([deep.validate(1).valid, deep.validate(1).truncated], [false, true]);
  });

  test('the deepest recursion that is allowed does not overflow the stack, in the verdict, in telling why, and with defaults', { timeout: 30_000 }, () => {
    const heavy = nested(40, (inner) => ({ allOf: [inner] }), { type: ['array', 'integer'], items: { $ref: '#' } });
    const unevaluated = nested(40, (inner) => ({ anyOf: [inner], unevaluatedItems: false }), { type: ['array', 'integer'], items: { $ref: '#' } });
    for (const schema of [heavy, unevaluated, TREE, UNEVALUATED_TREE]) {
      const compiled = compileSchema(schema);
      const wrong = nested(2_000, (inner) => [inner], 'wrong');
      for (let levels = 1; levels < 2_000; levels = Math.ceil(levels * 1.3)) {
        const instance = nested(levels, (inner) => [inner], 'wrong');
        for (const use of [() => compiled.validate(instance), () => compiled.withDefaults(instance)]) {
          try {
            use();
          } catch (error) {
            assert.ok(error instanceof LimitError, `${levels} levels: ${String(error)}`);
          }
        }
      }
      assert.throws(() => compiled.isValid(wrong), LimitError);
    }
  });

  test('it works where code may not be made from strings and __proto__ throws', { skip: isNode ? false : 'the flags are those of Node', timeout: 60_000 }, () => {
    const entry = fileURLToPath(new URL('../../lib/schema/schema.ts', import.meta.url));
    const script = `
      import { compileSchema } from ${JSON.stringify(entry)};
      const schema = JSON.parse('{"properties":{"__proto__":{"type":"string","minLength":2},"constructor":{"pattern":"^a+$"}},"required":["__proto__"],"unevaluatedProperties":false}');
      const compiled = compileSchema(schema, { formats: 'assert' });
      const judge = (text) => compiled.validate(JSON.parse(text)).valid;
      console.log(JSON.stringify([judge('{"__proto__":"ab","constructor":"aa"}'), judge('{"__proto__":"a"}'), judge('{}'), judge('{"__proto__":"ab","toString":1}'), compiled.withDefaults({})]));
    `;
    const flags = ['--disallow-code-generation-from-strings', '--disable-proto=throw', '--no-warnings', '--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script];
    assert.equal(execFileSync(process.execPath, flags, { encoding: 'utf8' }).trim(), '[true,false,false,false,{}]');
  });
});
