/** The protocol's dated revisions: the one place in `lib/` where they are written out. */

/** The first revision: `initialize`, stdio, HTTP+SSE. */
export const REVISION_2024_11_05 = '2024-11-05';
/** Adds Streamable HTTP, batches, audio, annotations of tools, `completions`. */
export const REVISION_2025_03_26 = '2025-03-26';
/** Adds elicitation, structured results, resource links, titles; takes batches away. */
export const REVISION_2025_06_18 = '2025-06-18';
/** Adds tasks, icons, URL elicitation, tools in sampling. */
export const REVISION_2025_11_25 = '2025-11-25';

/** Stateless: no handshake, no sessions, every request says all there is to know. */
export const REVISION_2026_07_28 = '2026-07-28';

/** A revision this client speaks. */
export type ProtocolVersion =
  | typeof REVISION_2026_07_28
  | typeof REVISION_2024_11_05
  | typeof REVISION_2025_03_26
  | typeof REVISION_2025_06_18
  | typeof REVISION_2025_11_25;

/** Every revision this client speaks, newest first. */
export const PROTOCOL_VERSIONS: readonly ProtocolVersion[] = Object.freeze([
  REVISION_2026_07_28,
  REVISION_2025_11_25,
  REVISION_2025_06_18,
  REVISION_2025_03_26,
  REVISION_2024_11_05,
]);

/** Whether `value` is a revision this client speaks. */
export function isProtocolVersion(value: unknown): value is ProtocolVersion {
  return PROTOCOL_VERSIONS.includes(value as ProtocolVersion);
}

/** Whether `revision` is `other` or newer. Revisions are ISO dates, so text order is their order. */
export function isAtLeast(revision: ProtocolVersion, other: ProtocolVersion): boolean {
  return revision >= other;
}

/** Whether `revision` is one without a handshake. */
export function isModern(revision: ProtocolVersion): boolean {
  return isAtLeast(revision, REVISION_2026_07_28);
}
