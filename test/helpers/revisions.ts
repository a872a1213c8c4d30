/** The revisions by era, for tests of one of them. */

import { PROTOCOL_VERSIONS } from '../../lib/index.ts';
import type { ProtocolVersion } from '../../lib/index.ts';

const MODERN_SINCE = '2026-07-28';

/** Newest first. */
export const LEGACY_VERSIONS: readonly ProtocolVersion[] = PROTOCOL_VERSIONS.filter((version) => version < MODERN_SINCE);

/** Newest first. */
export const MODERN_VERSIONS: readonly ProtocolVersion[] = PROTOCOL_VERSIONS.filter((version) => version >= MODERN_SINCE);
