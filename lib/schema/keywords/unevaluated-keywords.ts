/** `unevaluatedItems` and `unevaluatedProperties`. Source: JSON Schema core (2020-12) section 11. */

import type { JSONObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { ARRAY_BIT, memberNames, OBJECT_BIT } from '../json-value.ts';
import type { SchemaCheck } from '../plan.ts';
import type { CompiledKeyword, EvaluationFrame, SchemaNode } from '../schema-node.ts';
import type { KeywordReader } from './keyword-reader.ts';

// A subschema with one of these is always evaluated keyword by keyword.
const NEVER_ALONE: SchemaCheck = () => true;

class UnevaluatedMembersKeyword implements CompiledKeyword {
  readonly types: number = OBJECT_BIT;
  readonly #node: SchemaNode;

  constructor(node: SchemaNode) {
    this.#node = node;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const object = value as JSONObject;
    const names = memberNames(object);
    let isValid = true;
    frame.run.spendChecks(names.length);
    for (const name of names) {
      if (frame.evaluated?.hasMember(name) === true) continue;
      if (!this.#evaluateMember(name, object[name], frame)) isValid = false;
      if (!isValid && frame.place === undefined) return false;
    }
    if (frame.evaluated !== undefined) frame.evaluated.allMembers = true;
    return isValid;
  }

  #evaluateMember(name: string, value: unknown, frame: EvaluationFrame): boolean {
    if (this.#node.value === false) return frame.fail('unevaluatedProperties', () => `the member ${quote(name)} is not allowed`);
    return frame.applyBelow(this.#node, value, 'unevaluatedProperties', undefined, name);
  }

  makeCheck(): SchemaCheck {
    return NEVER_ALONE;
  }
}

class UnevaluatedItemsKeyword implements CompiledKeyword {
  readonly types: number = ARRAY_BIT;
  readonly #node: SchemaNode;

  constructor(node: SchemaNode) {
    this.#node = node;
  }

  evaluate(value: unknown, frame: EvaluationFrame): boolean {
    const array = value as readonly unknown[];
    let isValid = true;
    frame.run.spendChecks(array.length);
    for (let index = 0; index < array.length; index++) {
      if (frame.evaluated?.hasItem(index) === true) continue;
      if (!this.#evaluateItem(index, array[index], frame)) isValid = false;
      if (!isValid && frame.place === undefined) return false;
    }
    if (frame.evaluated !== undefined) frame.evaluated.allItems = true;
    return isValid;
  }

  #evaluateItem(index: number, value: unknown, frame: EvaluationFrame): boolean {
    if (this.#node.value === false) return frame.fail('unevaluatedItems', () => `the item at ${index} is not allowed`);
    return frame.applyBelow(this.#node, value, 'unevaluatedItems', undefined, index);
  }

  makeCheck(): SchemaCheck {
    return NEVER_ALONE;
  }
}

/** Reads both, which have to come behind all other keywords. */
export function readUnevaluatedKeywords(reader: KeywordReader): void {
  const items = reader.schema('unevaluatedItems', false);
  const members = reader.schema('unevaluatedProperties', false);
  if (items === undefined && members === undefined) return;
  reader.node.hasUnevaluated = true;
  if (items !== undefined) reader.add(new UnevaluatedItemsKeyword(items));
  if (members !== undefined) reader.add(new UnevaluatedMembersKeyword(members));
}
