/** What server and clients agree on: sizes, counts and the tools. */

/** Length of the `long-text` result: 10 MiB of ASCII, with a line break (an escape in JSON) every 79 characters. */
export const LONG_TEXT_BYTES = 10 * 1024 * 1024;

/** How many tools `tools/list` answers with. */
export const LIST_SIZE = 50;

const NUMBER = { type: 'number', description: 'One of the two numbers' };

/** The tools that a measurement calls. */
export const callableTools = [
  { name: 'add', description: 'Adds two numbers', inputSchema: { type: 'object', properties: { a: NUMBER, b: NUMBER }, required: ['a', 'b'] } },
  { name: 'long-text', description: 'Answers with a text of 10 MiB', inputSchema: { type: 'object', properties: {} } },
  {
    name: 'notify',
    description: 'Sends log messages and progress, then answers',
    inputSchema: { type: 'object', properties: { count: { type: 'integer', minimum: 0 } }, required: ['count'] },
  },
];

/** The tools that are only listed: about 1 KiB each, with an output schema; the last description ends with `note`. */
export function listedTools(note) {
  const count = LIST_SIZE - callableTools.length;
  return Array.from({ length: count }, (_, index) => listedTool(index + 1, index + 1 === count ? note : 'none'));
}

function listedTool(number, note) {
  return {
    name: `search-collection-${number}`,
    title: `Search collection ${number}`,
    description:
      `Searches collection ${number} of the archive for documents that match a query and returns the best matches with their ` +
      `scores, newest first. Use it when the user asks about something that may be in collection ${number}. Note: ${note}`,
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', minLength: 1, maxLength: 500, description: 'What to look for, in plain words' },
        limit: { type: 'integer', minimum: 1, maximum: 100, default: 20, description: 'How many matches at most' },
        order: { type: 'string', enum: ['relevance', 'newest', 'oldest'], default: 'relevance' },
        filter: {
          type: 'object',
          properties: {
            author: { type: 'string' },
            since: { type: 'string', format: 'date-time' },
            tags: { type: 'array', items: { type: 'string' }, maxItems: 20 },
          },
          additionalProperties: false,
        },
      },
      required: ['query'],
      additionalProperties: false,
    },
    outputSchema: {
      type: 'object',
      properties: {
        matches: {
          type: 'array',
          items: { type: 'object', properties: { id: { type: 'string' }, score: { type: 'number' }, title: { type: 'string' } }, required: ['id', 'score'] },
        },
        total: { type: 'integer', minimum: 0 },
      },
      required: ['matches', 'total'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  };
}
