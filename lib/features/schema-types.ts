/**
 * A JSON Schema as types of TypeScript. What the schema takes, the type takes: a keyword that no type can say leaves the type wider, and what cannot be
 * said at all is `unknown`.
 */

import { isObject, own } from '../base/json.ts';
import type { JSONObject } from '../base/json.ts';
import { tokensOf } from '../schema/json-pointer.ts';
import { NEVER, NULL, UNKNOWN, docComment, inBrackets, intersectionOf, memberName, simple, textLiteral, typeName, unionOf } from './type-text.ts';
import type { TypeText } from './type-text.ts';

/** The most levels of one type; what is below is `unknown`. */
const MOST_LEVELS = 32;
/** The most types within one schema; what comes after is `unknown`. */
const MOST_TYPES = 2_000;
/** The most values of one `enum`; of more, only their kind is said. */
const MOST_VALUES = 1_000;

type Kind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

const KINDS: readonly Kind[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];
const ALL_KINDS: ReadonlySet<Kind> = new Set(KINDS);
const OBJECT_ONLY: ReadonlySet<Kind> = new Set<Kind>(['object']);
const OBJECT_KEYWORDS = ['properties', 'required', 'additionalProperties', 'patternProperties'];
const ARRAY_KEYWORDS = ['items', 'prefixItems', 'additionalItems'];
const TYPES_ANYTHING: TypeText = simple('{ [name: string]: unknown }');
const INDENT = '  ';

/** Where a schema stands. */
interface Place {
  readonly levels: number;
  readonly indent: string;
  /** The kinds of value that may come here at all. */
  readonly kinds: ReadonlySet<Kind>;
  /** The declaration it is part of. */
  readonly owner: string;
  /** Whether it stands inside of an object or array of that declaration: there a type may name itself. */
  readonly isInside: boolean;
}

/** Names of types that are taken, by no two. */
export class TypeNames {
  readonly #taken = new Set<string>();
  readonly #turns = new Map<string, number>();

  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#taken.add(name);
  }

  /** `base`, with a number where it is taken already, so that it is free with each of `endings`. */
  take(base: string, endings: readonly string[] = ['']): string {
    for (let turn = this.#turns.get(base) ?? 1; ; turn++) {
      const name = turn === 1 ? base : `${base}${turn}`;
      if (endings.some((ending) => this.#taken.has(name + ending))) continue;
      this.#turns.set(base, turn + 1);
      for (const ending of endings) this.#taken.add(name + ending);
      return name;
    }
  }
}

/** The declarations of the type `name`, of values that are objects and that `schema` takes, and of what the schema refers to within itself. */
export function schemaTypes(schema: unknown, name: string, description: string | undefined, names: TypeNames): string[] {
  if (!isObject(schema)) return [`${docComment(description, '')}export type ${name} = ${TYPES_ANYTHING.text};`];
  return new SchemaTypes(schema, name, names).declarations(description);
}

class SchemaTypes {
  readonly #root: JSONObject;
  readonly #rootName: string;
  readonly #names: TypeNames;
  // Draft-07 has nothing beside a reference.
  readonly #referenceIsAlone: boolean;
  /** Schemas that have a name, in the order in which they were referred to. */
  readonly #named = new Map<JSONObject, string>();
  /** Which declarations name which others outside of an object or array: a circle of those is no type. */
  readonly #bare = new Map<string, Set<string>>();
  #types = 0;

  constructor(root: JSONObject, rootName: string, names: TypeNames) {
    this.#root = root;
    this.#rootName = rootName;
    this.#names = names;
    const dialect = own(root, '$schema');
    this.#referenceIsAlone = typeof dialect === 'string' && dialect.includes('draft-07');
    this.#named.set(root, rootName);
  }

  declarations(description: string | undefined): string[] {
    const written: string[] = [];
    // Grows while it is walked.
    for (const [schema, name] of this.#named) {
      const kinds = schema === this.#root ? OBJECT_ONLY : ALL_KINDS;
      const type = this.#type(schema, { levels: 0, indent: '', kinds, owner: name, isInside: false });
      const words = schema === this.#root ? description : own(schema, 'description');
      written.push(`${docComment(words, '')}export type ${name} = ${type.text === UNKNOWN.text && schema === this.#root ? TYPES_ANYTHING.text : type.text};`);
    }
    return written;
  }

  #type(schema: unknown, place: Place): TypeText {
    if (schema === false) return NEVER;
    if (!isObject(schema) || place.levels > MOST_LEVELS || ++this.#types > MOST_TYPES) return UNKNOWN;
    // References within are to be read from there.
    if (schema !== this.#root && typeof own(schema, '$id') === 'string') return UNKNOWN;
    const reference = own(schema, '$ref');
    if (this.#referenceIsAlone && reference !== undefined) return this.#reference(reference, place);
    const inner: Place = { ...place, kinds: kindsOf(own(schema, 'type'), place.kinds), levels: place.levels + 1 };
    const parts = [reference === undefined ? UNKNOWN : this.#reference(reference, place), ...this.#combined(schema, inner)];
    const isSaid = isBare(schema) && parts.some(({ text }) => text !== UNKNOWN.text);
    const whole = intersectionOf(isSaid ? parts : [this.#ownType(schema, inner), ...parts]);
    return own(schema, 'nullable') === true ? unionOf([whole, NULL]) : whole;
  }

  #combined(schema: JSONObject, place: Place): TypeText[] {
    const each = (keyword: string): TypeText[] | undefined => {
      const list: unknown = own(schema, keyword);
      return Array.isArray(list) ? list.map((part: unknown) => this.#type(part, place)) : undefined;
    };
    const ofAny = each('anyOf');
    const ofOne = each('oneOf');
    return [...(each('allOf') ?? []), ofAny === undefined ? UNKNOWN : unionOf(ofAny), ofOne === undefined ? UNKNOWN : unionOf(ofOne)];
  }

  #ownType(schema: JSONObject, place: Place): TypeText {
    if (Object.hasOwn(schema, 'const')) return valuesType([schema['const']], place.kinds);
    const values: unknown = own(schema, 'enum');
    if (Array.isArray(values) && values.length <= MOST_VALUES) return valuesType(values, place.kinds);
    if (place.kinds.size === KINDS.length) return UNKNOWN;
    return unionOf([...place.kinds].map((kind) => (kind === 'object' ? this.#object(schema, place) : kind === 'array' ? this.#array(schema, place) : simple(kind))));
  }

  #object(schema: JSONObject, place: Place): TypeText {
    const members = own(schema, 'properties');
    const properties: JSONObject = isObject(members) ? members : {};
    const list: unknown = own(schema, 'required');
    const required = new Set(Array.isArray(list) ? list.filter((name: unknown) => typeof name === 'string') : []);
    const within: Place = { ...place, kinds: ALL_KINDS, isInside: true, indent: place.indent + INDENT };
    const lines = [...new Set([...Object.keys(properties), ...required])].map((name) => {
      const property = own(properties, name);
      const comment = docComment(isObject(property) ? own(property, 'description') : undefined, within.indent);
      return `${comment}${within.indent}${memberName(name)}${required.has(name) ? '' : '?'}: ${this.#type(property, within).text};\n`;
    });
    const others = this.#otherMembers(schema, lines.length > 0, within);
    if (lines.length === 0) return others === undefined ? TYPES_ANYTHING : simple(`{ [name: string]: ${others.text} }`);
    if (others !== undefined) lines.push(`${within.indent}[name: string]: ${others.text};\n`);
    return simple(`{\n${lines.join('')}${place.indent}}`);
  }

  // Beside members with names of their own, what is said of all others would be said of those too.
  #otherMembers(schema: JSONObject, hasMembers: boolean, within: Place): TypeText | undefined {
    const others = own(schema, 'additionalProperties');
    const hasPatterns = Object.hasOwn(schema, 'patternProperties');
    if (others === undefined || (others === false && (hasPatterns || hasMembers))) return undefined;
    return hasMembers || hasPatterns ? UNKNOWN : this.#type(others, within);
  }

  #array(schema: JSONObject, place: Place): TypeText {
    const within: Place = { ...place, kinds: ALL_KINDS, isInside: true };
    const items: unknown = own(schema, 'items');
    const firsts: unknown = Array.isArray(items) ? items : own(schema, 'prefixItems');
    const rest = Array.isArray(items) ? own(schema, 'additionalItems') : items;
    if (!Array.isArray(firsts) || firsts.length === 0) return simple(`${inBrackets(this.#type(rest, within))}[]`);
    const least = own(schema, 'minItems');
    const most = own(schema, 'maxItems');
    const kept: readonly unknown[] = typeof most === 'number' && most < firsts.length ? firsts.slice(0, Math.max(0, Math.floor(most))) : firsts;
    const isEnd = rest === false || (typeof most === 'number' && most <= firsts.length);
    const elements = kept.map((first, index) => {
      const element = inBrackets(this.#type(first, within));
      return typeof least === 'number' && index < least ? element : `${element}?`;
    });
    return simple(`[${[...elements, ...(isEnd ? [] : [`...${inBrackets(this.#type(rest, within))}[]`])].join(', ')}]`);
  }

  #reference(reference: unknown, { owner, isInside }: Place): TypeText {
    const found = typeof reference === 'string' ? this.#find(reference) : undefined;
    if (found === undefined) return UNKNOWN;
    const target = this.#named.get(found.schema) ?? this.#names.take(`${this.#rootName}${typeName(found.word) || 'Part'}`);
    this.#named.set(found.schema, target);
    if (isInside) return simple(target);
    if (this.#leads(target, owner)) return UNKNOWN;
    this.#bare.set(owner, (this.#bare.get(owner) ?? new Set()).add(target));
    return simple(target);
  }

  /** The schema that a fragment of this document names by its way down, and the last word of that way. */
  #find(reference: string): { readonly schema: JSONObject; readonly word: string } | undefined {
    const tokens = reference.startsWith('#') ? tokensOf(decodedPointer(reference.slice(1)) ?? '?') : undefined;
    if (tokens === undefined) return undefined;
    let schema: unknown = this.#root;
    for (const token of tokens) {
      if (isObject(schema) && (schema === this.#root || typeof own(schema, '$id') !== 'string')) schema = own(schema, token);
      else schema = Array.isArray(schema) && /^\d{1,6}$/.test(token) ? schema[Number(token)] : undefined;
    }
    if (!isObject(schema) || (schema === this.#root && own(schema, 'type') !== 'object')) return undefined;
    return { schema, word: tokens.at(-1) ?? '' };
  }

  /** Whether the declaration `from` names `to`, by itself or through others, outside of an object or array. */
  #leads(from: string, to: string): boolean {
    const seen = new Set([from]);
    for (const name of seen) {
      if (name === to) return true;
      for (const next of this.#bare.get(name) ?? []) seen.add(next);
    }
    return false;
  }
}

function decodedPointer(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

/** Whether a schema says no more of itself than the kind of its values. */
function isBare(schema: JSONObject): boolean {
  return !['const', 'enum', ...OBJECT_KEYWORDS, ...ARRAY_KEYWORDS].some((keyword) => Object.hasOwn(schema, keyword));
}

/** Those of `kinds` that the keyword `type` leaves; all of them where it is no such keyword. */
function kindsOf(type: unknown, kinds: ReadonlySet<Kind>): ReadonlySet<Kind> {
  const words: readonly unknown[] = Array.isArray(type) ? type : [type];
  const named = words.map((word) => (word === 'integer' ? 'number' : word));
  if (!named.every((word) => (KINDS as readonly unknown[]).includes(word))) return kinds;
  return new Set(KINDS.filter((kind) => kinds.has(kind) && named.includes(kind)));
}

/** The type of one of `values`, those of other kinds left out. */
function valuesType(values: readonly unknown[], kinds: ReadonlySet<Kind>): TypeText {
  const kindOf = (value: unknown): Kind => (value === null ? 'null' : Array.isArray(value) ? 'array' : (typeof value as Kind));
  return unionOf(values.filter((value) => kinds.has(kindOf(value))).map(valueType));
}

function valueType(value: unknown): TypeText {
  if (typeof value === 'string') return simple(textLiteral(value));
  if (typeof value === 'number') return simple(Number.isFinite(value) ? String(value) : 'number');
  if (typeof value === 'boolean' || value === null) return simple(String(value));
  return Array.isArray(value) ? simple('unknown[]') : TYPES_ANYTHING;
}
