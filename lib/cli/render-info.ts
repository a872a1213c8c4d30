import type { Implementation } from '../index.ts';
import type { Paint } from './paint.ts';
import { indent, printableBlock, printableLine } from './printable.ts';

/** What the handshake said of a server. */
export interface ServerFacts {
  readonly serverInfo: Implementation | undefined;
  readonly protocolVersion: string | undefined;
  readonly era: string | undefined;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly instructions: string | undefined;
}

/** `listChanged`, `subscribe`: the flags of one capability that are set. */
function flagsOf(capability: unknown): string {
  if (typeof capability !== 'object' || capability === null) return '';
  const set = Object.entries(capability).filter(([, value]) => value === true);
  return set.length === 0 ? '' : ` (${set.map(([name]) => printableLine(name)).join(', ')})`;
}

/** A server's name and version, the revision in use, what it can do, and its instructions. */
export function renderInfo(facts: ServerFacts, paint: Paint): string {
  const { serverInfo, protocolVersion, era, capabilities, instructions } = facts;
  const title = serverInfo?.title === undefined || serverInfo.title === serverInfo.name ? '' : `  ${paint.heading(printableLine(serverInfo.title))}`;
  const offered = Object.entries(capabilities).map(([name, capability]) => printableLine(name) + flagsOf(capability));
  const row = (name: string, text: string) => `${paint.faint(name.padEnd(14))}${text}`;
  const lines = [
    row('server', `${paint.name(printableLine(serverInfo?.name ?? '?'))} ${printableLine(serverInfo?.version ?? '')}${title}`),
    row('revision', `${printableLine(protocolVersion ?? '?')}${era === undefined ? '' : ` (${era} era)`}`),
    row('capabilities', offered.length === 0 ? 'none' : offered.join(', ')),
  ];
  if (serverInfo?.description !== undefined) lines.push(row('description', printableLine(serverInfo.description)));
  if (serverInfo?.websiteUrl !== undefined) lines.push(row('website', printableLine(serverInfo.websiteUrl)));
  if (instructions !== undefined) lines.push(paint.faint('instructions'), indent(printableBlock(instructions)));
  return lines.join('\n');
}
