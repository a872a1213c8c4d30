/** What the answer to `server/discover` says of the server: a table. Source: 2026-07-28, basic, "Versioning and Compatibility", and the transports. */

import { ConnectionError, PeerProtocolError, RPCError, RequestTimeoutError, isMCPError } from '../base/errors.ts';
import { isObject, own } from '../base/json.ts';
import type { DiscoverResult } from '../protocol/checks/discover.ts';
import { HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_VERSION } from '../protocol/error-codes.ts';
import { isModern, isProtocolVersion } from '../protocol/versions.ts';
import type { ProtocolVersion } from '../protocol/versions.ts';

/** What came of a probe. */
export type ProbeOutcome =
  | { readonly kind: 'discovered'; readonly result: DiscoverResult }
  /** Nothing came within the time that a server has on a shared channel. */
  | { readonly kind: 'silence' }
  /** It was rejected: the server's own error, or what happened on the road. */
  | { readonly kind: 'rejected'; readonly cause: unknown };

/**
 * What to do: go on with `revision`; ask once more with `revision`; make the legacy handshake; or give up, with the cause or
 * because no revision is spoken by both.
 */
export type Verdict =
  | { readonly kind: 'modern'; readonly revision: ProtocolVersion }
  | { readonly kind: 'again'; readonly revision: ProtocolVersion }
  | { readonly kind: 'legacy' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'no-common-version'; readonly supported: readonly string[] };

// Answers that say nothing of the era: who asks is not known, may not, or is too early; or the server has trouble of its own.
const NO_EVIDENCE: ReadonlySet<unknown> = new Set([401, 403, 407, 408, 425, 429]);

// Refusals and bodies that no modern server gives. Source: 2026-07-28, Streamable HTTP, "Backward Compatibility".
const NOT_MODERN: ReadonlySet<string> = new Set(['ERR_MCP_HTTP_CONTENT_TYPE', 'ERR_MCP_EMPTY_RESPONSE']);

/** What a probe that was answered comes to. */
export function probeOutcome(reply: Promise<DiscoverResult>): Promise<ProbeOutcome> {
  return reply.then(
    (result) => ({ kind: 'discovered', result }),
    (cause: unknown) => ({ kind: 'rejected', cause }),
  );
}

/** Reads `outcome` for a client that offers `offered`. `tried`: the modern revisions that were asked for already. */
export function probeVerdict(outcome: ProbeOutcome, offered: readonly ProtocolVersion[], tried: readonly ProtocolVersion[]): Verdict {
  switch (outcome.kind) {
    case 'discovered':
      return fromVersions(outcome.result.supportedVersions, offered);
    case 'silence':
      return { kind: 'legacy' };
    case 'rejected':
      return fromCause(outcome.cause, offered, tried);
  }
}

/** The versions that an error names as those the server supports; `undefined` where it names none. */
export function supportedVersions(cause: unknown): readonly string[] | undefined {
  const data = cause instanceof RPCError && isObject(cause.data) ? own(cause.data, 'supported') : undefined;
  return Array.isArray(data) ? data.filter((version): version is string => typeof version === 'string') : undefined;
}

/** A server that answers the probe may still speak none but legacy revisions: real ones do. */
function fromVersions(supported: readonly string[], offered: readonly ProtocolVersion[]): Verdict {
  const revision = offered.find((version) => isModern(version) && supported.includes(version));
  if (revision !== undefined) return { kind: 'modern', revision };
  const hasLegacy = supported.some((version) => isProtocolVersion(version) && !isModern(version));
  return hasLegacy ? { kind: 'legacy' } : { kind: 'no-common-version', supported };
}

function fromCause(cause: unknown, offered: readonly ProtocolVersion[], tried: readonly ProtocolVersion[]): Verdict {
  if (cause instanceof RPCError) return fromError(cause, offered, tried);
  // Something that is no reply at all came in answer: no modern server does that.
  if (cause instanceof PeerProtocolError) return { kind: 'legacy' };
  if (!(cause instanceof ConnectionError)) return { kind: 'failed' };
  return isNoEndpoint(cause) ? { kind: 'legacy' } : { kind: 'failed' };
}

function fromError(error: RPCError, offered: readonly ProtocolVersion[], tried: readonly ProtocolVersion[]): Verdict {
  const { rpcCode } = error;
  if (rpcCode === UNSUPPORTED_VERSION) {
    const supported = supportedVersions(error) ?? [];
    const mutual = offered.filter((version) => isModern(version) && supported.includes(version));
    // One that was asked for just now may be named all the same: it is asked for once more, as a server in front of several may see to it.
    const revision = mutual.find((version) => !tried.includes(version)) ?? (tried.length === 1 ? mutual[0] : undefined);
    return revision === undefined ? { kind: 'no-common-version', supported } : { kind: 'again', revision };
  }
  // The server is modern, and something else is wrong.
  if (rpcCode === HEADER_MISMATCH || rpcCode === MISSING_CLIENT_CAPABILITY) return { kind: 'failed' };
  const { status } = error.details;
  return status === undefined || status === 200 || isRefusal(status) ? { kind: 'legacy' } : { kind: 'failed' };
}

/** Whether `cause` is a refusal that says that nothing of the kind that was asked for is there. */
export function isNoEndpoint(cause: unknown): boolean {
  return cause instanceof ConnectionError && (NOT_MODERN.has(cause.code) || isRefusal(cause.details['status']));
}

/** Whether an HTTP status says that there is nothing modern there. */
function isRefusal(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 500 && !NO_EVIDENCE.has(status);
}

/** Whether a channel that ended with `cause` while it was probed may have ended because of the probe. */
export function endedByProbe(cause: unknown): boolean {
  return isMCPError(cause) && !(cause instanceof RequestTimeoutError) && ENDS.has(cause.code);
}

const ENDS: ReadonlySet<string> = new Set(['ERR_MCP_PROCESS_EXITED', 'ERR_MCP_STDOUT_CLOSED', 'ERR_MCP_STDIN_CLOSED', 'ERR_MCP_CONNECTION_CLOSED']);
