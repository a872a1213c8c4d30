import type { LimitError } from '../base/errors.ts';
import type { SchemaBounds } from './schema-bounds.ts';
import { schemaLimit } from './schema-error.ts';

/** How many plain checks count as one step, as a power of two. */
export const CHECKS_A_STEP_BITS = 4;

/** What one validation has left of its bounds. */
export class SchemaRun {
  readonly bounds: SchemaBounds;
  /** Steps that are left. */
  left = 0;
  /** Subschemas applied inside of each other, at least. */
  depth = 0;

  constructor(bounds: SchemaBounds) {
    this.bounds = bounds;
    this.left = bounds.maxSchemaSteps;
  }

  /** Begins anew. */
  restart(): void {
    this.left = this.bounds.maxSchemaSteps;
    this.depth = 0;
  }

  /** Takes so many steps. @throws LimitError `maxSchemaSteps` where fewer are left. */
  spend(steps: number): void {
    if ((this.left -= steps) < 0) throw this.overspent();
  }

  /** Takes the steps of so many plain checks. @throws LimitError `maxSchemaSteps` where fewer are left. */
  spendChecks(checks: number): void {
    this.spend(checks >> CHECKS_A_STEP_BITS);
  }

  /** Goes `levels` subschemas down. @throws LimitError `maxSchemaRecursion` where that is too far. */
  descend(levels: number): void {
    if ((this.depth += levels) > this.bounds.maxSchemaRecursion) {
      throw schemaLimit('maxSchemaRecursion', this.bounds.maxSchemaRecursion, 'subschemas applied inside of each other');
    }
  }

  /** The error for steps that are spent. */
  overspent(): LimitError {
    return schemaLimit('maxSchemaSteps', this.bounds.maxSchemaSteps, 'steps of one validation');
  }

  /** The error for a value that is too deep to be compared as a whole. */
  tooDeepToCompare(): LimitError {
    return schemaLimit('maxDepth', this.bounds.maxDepth, 'levels of a value that is compared as a whole');
  }
}
