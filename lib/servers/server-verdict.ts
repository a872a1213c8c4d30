/** What a negotiation found out of a server, as a value that another process may begin with. */

import { DEFAULT_LIMITS } from '../base/limits.ts';
import { describe } from '../base/options.ts';
import type { ServerCapabilities } from '../protocol/capabilities.ts';
import { Misfit, asObject, stringAt } from '../protocol/checks/check.ts';
import type { Agreement, EraName } from '../protocol/era.ts';
import type { Implementation } from '../protocol/types/implementation.ts';
import { copyJSON } from '../session/json-copy.ts';
import { MAX_RECORD_CHARACTERS, checkEra, checkServerWords } from '../session/session-record.ts';

/**
 * What was agreed on with a server. Every value of it is JSON: it can be stored, and given to another handle as `prior`. It holds no session,
 * no token and no credential.
 */
export interface ServerVerdict {
  readonly era: EraName;
  /** The dated revision, such as `2025-11-25`. */
  readonly revision: string;
  /** Modern servers may keep it to themselves. */
  readonly serverInfo?: Implementation | undefined;
  readonly capabilities: ServerCapabilities;
  readonly instructions?: string | undefined;
}

/** What `agreement` says of the server. */
export function verdictOf({ era, serverInfo, capabilities, instructions }: Agreement): ServerVerdict {
  return Object.freeze({
    era: era.name,
    revision: era.revision,
    ...(serverInfo === undefined ? {} : { serverInfo }),
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
  });
}

/**
 * Reads the option `prior`: a frozen copy of what a verdict has. It may come from a store that others write to.
 *
 * @throws TypeError for what is no verdict.
 */
export function checkVerdict(name: string, value: unknown): ServerVerdict {
  try {
    const copy = asObject(copyJSON(value, { maxCharacters: MAX_RECORD_CHARACTERS, maxDepth: DEFAULT_LIMITS.maxDepth }));
    const era = checkEra(copy);
    const { serverInfo, capabilities, instructions } = checkServerWords(copy, era);
    return Object.freeze({ era, revision: stringAt(copy, 'revision'), serverInfo, capabilities, instructions });
  } catch (cause) {
    const why = cause instanceof Misfit ? cause.message : `got ${describe(value)}`;
    throw new TypeError(`${name} must be the verdict of a server, { era, revision, capabilities, … }: ${why}`, { cause });
  }
}
