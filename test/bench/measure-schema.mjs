/**
 * One measurement of a validator in a process of its own: `node --expose-gc measure-schema.mjs <validator> <case> run|compile`. Every answer is asserted. The outcome
 * is one JSON line on stdout, `{ "value": … }`: validations a second, or microseconds until the first schema of the process is compiled.
 */
import { writeSync } from 'node:fs';
import { CASES } from './schema-work.mjs';

const WARM_UP_MS = 300;
const MEASURED_MS = 400;
const INSTANCES = 100;

const [validatorName, caseName, what] = process.argv.slice(2);

const validators = {
  ours: async () => {
    const { compileSchema } = await import(`${process.env.BENCH_SCHEMA}/schema/schema.js`);
    return (schema) => {
      const compiled = compileSchema(schema);
      return (instance) => compiled.isValid(instance);
    };
  },
  ajv: async () => {
    const { Ajv2020 } = await import('ajv/dist/2020.js');
    // Formats are annotations for all three.
    return (schema) => new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  },
  '@cfworker/json-schema': async () => {
    const { Validator } = await import('@cfworker/json-schema');
    return (schema) => {
      const validator = new Validator(schema, '2020-12');
      return (instance) => validator.validate(instance).valid;
    };
  },
};

const { schema, instance, spoil } = CASES[caseName];
const compile = await validators[validatorName]();
// Whether what importing left behind is collected inside of the compilation is chance: it is done before, for all.
globalThis.gc({ type: 'minor' });
const began = performance.now();
const isValid = compile(schema);
const compileMs = performance.now() - began;

/** Fresh from JSON, as an answer of a server is. */
const instances = Array.from({ length: INSTANCES }, () => JSON.parse(JSON.stringify(instance)));
const spoiled = structuredClone(instance);
spoil(spoiled);
if (isValid(spoiled)) throw new Error(`${process.argv.slice(2).join(' ')}: took an invalid instance`);

function runFor(milliseconds) {
  let count = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < milliseconds) {
    for (const one of instances) if (isValid(one) !== true) throw new Error(`${process.argv.slice(2).join(' ')}: refused a valid instance`);
    count += INSTANCES;
    elapsed = performance.now() - start;
  }
  return (count / elapsed) * 1000;
}

function value() {
  if (what === 'compile') return compileMs * 1000;
  runFor(WARM_UP_MS);
  return runFor(MEASURED_MS);
}

writeSync(1, `${JSON.stringify({ value: value() })}\n`);
