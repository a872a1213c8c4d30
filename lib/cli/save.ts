/** `--out FILE`: the exact bytes of an answer. */

import type { Invocation } from './command-line.ts';
import { Failure, usageFailure } from './failure.ts';
import type { HostIO } from './host-io.ts';
import { readableSize } from './printable.ts';

/** The value of `--out`, where it is given. */
export function outputPath({ options }: Invocation): string | undefined {
  const path = options.value('out');
  if (path === '' || path === '-') throw usageFailure('--out needs the name of a file');
  return path;
}

/** What came of saving: a line that says so, or the failure that there was nothing to save. */
export interface Saved {
  readonly line?: string;
  readonly failure?: Failure;
}

/**
 * Writes `bytes` to `path`; a file that is there is replaced.
 *
 * @throws Failure `ERR_CLI_FILE` when it cannot be written.
 */
export async function saveBytes(path: string, bytes: Uint8Array | undefined, io: HostIO): Promise<Saved> {
  if (bytes === undefined) {
    return { failure: new Failure('ERR_CLI_NOTHING_TO_SAVE', 'the answer holds no bytes that --out could save') };
  }
  try {
    await io.writeFile(path, bytes);
  } catch (cause) {
    throw new Failure('ERR_CLI_FILE', `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return { line: `[saved ${readableSize(bytes.length)} to ${path}]` };
}
