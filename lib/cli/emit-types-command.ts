import { toolTypes } from '../index.ts';
import type { Action, Command } from './command.ts';
import { outputPath, saveBytes } from './save.ts';

/** `barewire emit-types`. */
export const EMIT_TYPES_COMMAND: Command = {
  name: 'emit-types',
  operands: '',
  least: 0,
  most: 0,
  summary: 'print the tools as types of TypeScript',
  about: ['For each tool its arguments and, where it says what it answers, its structured content, and the interface Tools for all.'],
  options: ['out'],
  examples: ['emit-types', 'emit-types --out tools.d.ts'],
  prepare: async (invocation, io): Promise<Action> => {
    const out = outputPath(invocation);
    return async (server, { request }) => {
      const types = toolTypes(await server.listTools(request));
      const saved = out === undefined ? undefined : await saveBytes(out, new TextEncoder().encode(types), io);
      return { json: { types }, text: (paint) => (saved?.line === undefined ? types.trimEnd() : paint.good(saved.line)) };
    };
  },
};
