import { isObject, own } from '../base/json.ts';
import { copyOfJSON } from './json-value.ts';
import { matchesPlan } from './match-plan.ts';
import { schemaLimit } from './schema-error.ts';
import type { DefaultsFiller, SchemaNode } from './schema-node.ts';
import type { SchemaRun } from './schema-run.ts';

/** Fills in the values of `default` where members are missing. Source: JSON Schema validation (2020-12) section 9.2. */
export class SchemaDefaults implements DefaultsFiller {
  readonly #run: SchemaRun;

  constructor(run: SchemaRun) {
    this.#run = run;
  }

  /** A copy of `value` with its defaults. @throws LimitError where it takes too much. */
  copyWithDefaults(node: SchemaNode, value: unknown): unknown {
    return this.fill(node, this.#copy(value));
  }

  fill(node: SchemaNode, value: unknown): unknown {
    const present = value === undefined ? this.#copy(defaultOf(node)) : value;
    if (typeof present !== 'object' || present === null) return present;
    this.#run.spend(1);
    this.#run.descend(1);
    for (const keyword of node.keywords) keyword.fillDefaults?.(present, this);
    this.#run.depth -= 1;
    return present;
  }

  takes(node: SchemaNode, value: unknown): boolean {
    return matchesPlan(node.plan, value, this.#run);
  }

  #copy(value: unknown): unknown {
    const { maxDepth } = this.#run.bounds;
    return copyOfJSON(value, maxDepth, () => schemaLimit('maxDepth', maxDepth, 'levels of a value that is copied'));
  }
}

/** The `default` of a subschema, or of what it refers to. No reference leads back to itself, so this ends. */
function defaultOf(node: SchemaNode): unknown {
  for (let at: SchemaNode | undefined = node; at !== undefined; at = at.shape.reference) {
    const value = isObject(at.value) && at.resource.dialect.keywords.has('default') ? own(at.value, 'default') : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}
