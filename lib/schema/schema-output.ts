import type { ValidationError } from './schema-node.ts';

/** What a validation found. The basic output form of JSON Schema core (2020-12) section 12.4.2. */
export interface ValidationResult {
  readonly valid: boolean;
  /** What is wrong; empty for a valid value. An `anyOf` or `oneOf` that fails is followed by why each of its schemas did. */
  readonly errors: readonly ValidationError[];
  /** Whether there was more wrong than is told. */
  readonly truncated?: boolean;
}
