import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { measure } from './measurement.ts';
import type { Row } from './rows.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const TOP = 22;

/** Measures one row under the processor profiler and returns the functions with the most self time, as text. */
export async function profileRow(row: Row, peerName: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-profile-'));
  try {
    await measure(row, peerName, environment, ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${folder}`]);
    const [file = ''] = readdirSync(folder);
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
    return [`${peerName}, ${row.name}: self time, share of the busy time`, ...summarize(profile)].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarize(profile: Profile): string[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, placeOf(node)]));
  const selfMicros = new Map<string, number>();
  profile.samples.forEach((id, index) => {
    const place = nodes.get(id) ?? '?';
    selfMicros.set(place, (selfMicros.get(place) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  selfMicros.delete('(idle)');
  const busy = [...selfMicros.values()].reduce((sum, micros) => sum + micros, 0);
  return [...selfMicros]
    .sort((left, right) => right[1] - left[1])
    .slice(0, TOP)
    .map(([place, micros]) => `  ${((micros / busy) * 100).toFixed(1).padStart(5)} %  ${(micros / 1000).toFixed(0).padStart(6)} ms  ${place}`);
}

function placeOf({ callFrame }: ProfileNode): string {
  const name = callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName;
  return callFrame.url === '' ? name : `${name}  ${basename(callFrame.url)}:${callFrame.lineNumber + 1}`;
}
