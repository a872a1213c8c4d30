/** What a tool's `inputSchema` says of its parameters, as far as a person at a terminal needs it. */

/** The types of JSON Schema, as its validation vocabulary names them (2020-12, section 6.1.1). */
export const JSON_TYPES = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'] as const;

/** One of {@link JSON_TYPES}. */
export type JSONType = (typeof JSON_TYPES)[number];

type Members = Readonly<Record<string, unknown>>;

/** One parameter. */
export interface Parameter {
  readonly name: string;
  /** The types a value may have; `undefined` where the schema does not say, or says it in a way that is not read here. */
  readonly types: readonly JSONType[] | undefined;
  /** The type for people: `string`, `integer | null`, `number[]`, `"a" | "b"`; not escaped. */
  readonly typeText: string;
  readonly required: boolean;
  readonly description: string | undefined;
}

function members(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

function own(value: unknown, key: string): unknown {
  const object = members(value);
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The type of a parsed JSON value; whole numbers are `integer`. */
export function typeOfJSON(value: unknown): JSONType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'boolean' | 'object' | 'string';
}

/** Whether a value of type `came` is one of `types`: every integer is a number too. */
export function isOfType(came: JSONType, types: readonly JSONType[]): boolean {
  return types.includes(came) || (came === 'integer' && types.includes('number'));
}

function typesOf(schema: unknown): readonly JSONType[] | undefined {
  const type = own(schema, 'type');
  if (type !== undefined) {
    const named = Array.isArray(type) ? type : [type];
    return named.every((name) => JSON_TYPES.includes(name)) ? (named as JSONType[]) : undefined;
  }
  const values = enumerated(schema);
  if (values !== undefined) return [...new Set(values.map(typeOfJSON))];
  const branches = own(schema, 'anyOf') ?? own(schema, 'oneOf');
  if (!Array.isArray(branches)) return undefined;
  const each = branches.map(typesOf);
  return each.includes(undefined) ? undefined : [...new Set(each.flatMap((types) => types ?? []))];
}

function enumerated(schema: unknown): readonly unknown[] | undefined {
  const values = own(schema, 'enum');
  if (Array.isArray(values) && values.length > 0) return values;
  const only = own(schema, 'const');
  return only === undefined ? undefined : [only];
}

const MOST_ENUMERATED = 8;

function typeText(schema: unknown): string {
  const values = enumerated(schema);
  if (values !== undefined) {
    const shown = values.slice(0, MOST_ENUMERATED).map((value) => JSON.stringify(value));
    return [...shown, ...(values.length > MOST_ENUMERATED ? ['…'] : [])].join(' | ');
  }
  const types = typesOf(schema);
  if (types === undefined || types.length === 0) return 'any';
  const items = typesOf(own(schema, 'items'));
  const ofItems = items === undefined || items.length !== 1 ? 'array' : `${items[0]}[]`;
  return types.map((type) => (type === 'array' ? ofItems : type)).join(' | ');
}

/** The parameters of a tool in the order of its schema. A schema that is not understood has none. */
export function readParameters(inputSchema: unknown): Parameter[] {
  const properties = members(own(inputSchema, 'properties')) ?? {};
  const listed = own(inputSchema, 'required');
  const required = new Set(Array.isArray(listed) ? listed : []);
  return Object.entries(properties).map(([name, schema]) => {
    const description = own(schema, 'description') ?? own(schema, 'title');
    return {
      name,
      types: typesOf(schema),
      typeText: typeText(schema),
      required: required.has(name),
      description: typeof description === 'string' ? description : undefined,
    };
  });
}
