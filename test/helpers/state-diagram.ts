/**
 * Prints the diagram of the states of a connection, from the table in lib/connection/connection-state.ts, as a block
 * of Mermaid for docs/architecture.md:
 *
 *   node --import tsx test/helpers/state-diagram.ts
 */

import { pathToFileURL } from 'node:url';
import { CONNECTION_TRANSITIONS } from '../../lib/connection/connection-state.ts';

type Table = Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>;

/** The diagram of `table`: states and events in the order of the table, which begins in its first state. */
export function printStateDiagram(table: Table = CONNECTION_TRANSITIONS): string {
  const steps = Object.entries(table).flatMap(([from, row]) => Object.entries(row).map(([event, to]) => `  ${from} --> ${to} : ${event}`));
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${Object.keys(table)[0]}`, ...steps, '```'].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(printStateDiagram());
