/** What the suite `schema` validates: schemas as tools have them, and results for them. */

const IDS = { type: 'string', minLength: 1 };
const STATUS = { type: 'string', enum: ['complete', 'partial', 'timed_out'] };
const KINDS = { type: 'string', enum: ['page', 'file', 'issue', 'person'] };

/** A search: texts with lengths, numbers with bounds, an enum, a list of closed objects. */
const search = {
  schema: {
    type: 'object',
    properties: {
      query: { type: 'string', minLength: 1, maxLength: 200 },
      total: { type: 'integer', minimum: 0 },
      tookMs: { type: 'number', minimum: 0 },
      hasMore: { type: 'boolean' },
      status: STATUS,
      cursor: { type: ['string', 'null'] },
      results: {
        type: 'array',
        maxItems: 100,
        items: {
          type: 'object',
          properties: {
            id: IDS,
            title: { type: 'string', maxLength: 300 },
            kind: KINDS,
            score: { type: 'number', minimum: 0, maximum: 1 },
            url: { type: 'string', format: 'uri' },
            tags: { type: 'array', items: { type: 'string' } },
          },
          required: ['id', 'title', 'kind', 'score'],
          additionalProperties: false,
        },
      },
    },
    required: ['query', 'total', 'status', 'results'],
    additionalProperties: false,
  },
  instance: {
    query: 'release notes of the spring version',
    total: 57,
    tookMs: 12.25,
    hasMore: true,
    status: 'complete',
    cursor: null,
    results: Array.from({ length: 5 }, (_, index) => ({
      id: `doc-${index}`,
      title: `Release notes, part ${index}: what changed in the parser`,
      kind: ['page', 'file', 'issue'][index % 3],
      score: 0.9 - index / 10,
      url: `https://docs.example.com/releases/${index}`,
      tags: ['release', 'parser'],
    })),
  },
  spoil: (instance) => {
    instance.results[4].kind = 'folder';
  },
};

/** Types alone, which generated code decides fastest: no lengths, closed objects. */
const HOUR = {
  type: 'object',
  properties: {
    hour: { type: 'integer', minimum: 0, maximum: 23 },
    temperature: { type: 'number' },
    conditions: { type: 'string', enum: ['clear', 'cloudy', 'rain', 'snow', 'fog'] },
    note: { type: 'string' },
  },
  required: ['hour', 'temperature', 'conditions'],
  additionalProperties: false,
};
const forecast = {
  schema: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      country: { type: 'string' },
      temperature: { type: 'number', minimum: -100, maximum: 100 },
      humidity: { type: 'integer', minimum: 0, maximum: 100 },
      conditions: HOUR.properties.conditions,
      isForecast: { type: 'boolean' },
      hours: { type: 'array', items: HOUR },
    },
    required: ['city', 'temperature', 'conditions', 'hours'],
    additionalProperties: false,
  },
  instance: {
    city: 'Berlin',
    country: 'DE',
    temperature: 21.5,
    humidity: 40,
    conditions: 'clear',
    isForecast: false,
    hours: Array.from({ length: 6 }, (_, hour) => ({ hour, temperature: 20.5 + hour, conditions: ['clear', 'rain'][hour % 2], ...(hour % 3 === 0 ? { note: 'windy' } : {}) })),
  },
  spoil: (instance) => {
    instance.hours[5].hour = 24;
  },
};

/** As pydantic writes it: open objects, `$defs`, `anyOf` with null. */
const records = {
  schema: {
    $defs: {
      Person: {
        type: 'object',
        title: 'Person',
        properties: {
          id: { type: 'integer', title: 'Id' },
          name: { type: 'string', title: 'Name' },
          email: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Email' },
          roles: { type: 'array', items: { $ref: '#/$defs/Role' }, title: 'Roles' },
        },
        required: ['id', 'name'],
      },
      Role: { type: 'string', enum: ['reader', 'writer', 'owner'], title: 'Role' },
    },
    type: 'object',
    title: 'People',
    properties: {
      people: { type: 'array', items: { $ref: '#/$defs/Person' }, title: 'People' },
      count: { type: 'integer', title: 'Count' },
      next: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Next' },
    },
    required: ['people', 'count'],
  },
  instance: {
    people: Array.from({ length: 8 }, (_, id) => ({ id, name: `Person ${id}`, email: id % 2 === 0 ? null : `p${id}@example.com`, roles: ['reader', 'writer'].slice(0, 1 + (id % 2)) })),
    count: 8,
    next: null,
  },
  spoil: (instance) => {
    instance.people[7].roles = ['guest'];
  },
};

/** The cases by name. `spoil` makes an instance invalid, late in it. */
export const CASES = { search, forecast, records };
