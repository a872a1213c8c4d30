/** What goes wrong over HTTP, as errors of ours. Bodies are shown by their first characters only, queries of a URL never. */

import { ConnectionError, PeerProtocolError, forRequest, isMCPError } from '../../base/errors.ts';
import type { Delivery, ErrorCode, MCPError } from '../../base/errors.ts';
import { escapeText, quote } from '../../base/text.ts';
import { place, systemCodeOf, tellsQuery } from '../../http/failure-facts.ts';

const SHOWN_BODY_CHARACTERS = 200;

/** The first characters of a body, escaped. */
export function bodyStart(text: string): string {
  return escapeText(text.slice(0, SHOWN_BODY_CHARACTERS), SHOWN_BODY_CHARACTERS);
}

// What happens before a connection is there: nothing can have been sent.
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_ACCESS_DENIED',
  'ConnectionRefused',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNKNOWN_CERTIFICATE_VERIFICATION_ERROR',
  // The proxy refused, or there is no such Unix socket.
  'ERR_PROXY_TUNNEL',
  'ENOENT',
]);

/** The fetch rejected: what happened on the road, or a bound of our own fetch that was reached. */
export function networkError(name: string, url: string, reason: unknown): MCPError {
  const inner = reason instanceof Error ? reason.cause : undefined;
  if (isMCPError(inner)) return forRequest(inner, 'unknown');
  const systemCode = systemCodeOf(reason);
  const cause = tellsQuery(reason, url) ? {} : { cause: reason };
  const delivery: Delivery = systemCode !== undefined && NOT_CONNECTED.has(systemCode) ? 'unsent' : 'unknown';
  const details = { systemCode, origin: URL.canParse(url) ? new URL(url).origin : undefined };
  if (systemCode === 'ERR_ACCESS_DENIED') {
    return new ConnectionError('ERR_MCP_PERMISSION_DENIED', `The permission model of this process forbids to reach ${place(url)}; run it with --allow-net`, { details, ...cause, delivery });
  }
  const why = systemCode === undefined ? 'the connection failed' : `the system says ${escapeText(systemCode, 60)}`;
  return new ConnectionError('ERR_MCP_NETWORK', `Could not reach ${name} at ${place(url)}: ${why}`, { details, ...cause, delivery });
}

/** A status that is no answer. */
export function statusError(name: string, status: number, text: string, retryAfterMs: number | undefined): ConnectionError {
  const start = bodyStart(text);
  const details = { status, bodyStart: start, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const body = start === '' ? 'without a body' : `with the body ${quote(start, 400)}`;
  return new ConnectionError('ERR_MCP_HTTP_STATUS', `${name} answered with status ${status}, ${body}`, { details, delivery: 'answered' });
}

/** A body of a kind that holds no messages. */
export function contentTypeError(name: string, status: number, contentType: string | null, text: string): ConnectionError {
  const came = contentType === null ? 'no content type' : quote(contentType, 100);
  const details = { status, contentType: contentType === null ? undefined : escapeText(contentType, 100), bodyStart: bodyStart(text) };
  return new ConnectionError(
    'ERR_MCP_HTTP_CONTENT_TYPE',
    `Expected application/json or text/event-stream in UTF-8 from ${name}; got ${came} with the body ${quote(bodyStart(text), 400)}`,
    { details, delivery: 'answered' },
  );
}

/** A failure of one exchange that has no more to say than its code and words. */
export function exchangeError(code: ErrorCode, message: string, delivery: Delivery, cause?: unknown): ConnectionError {
  return new ConnectionError(code, message, cause === undefined ? { delivery } : { delivery, cause });
}

/** A response header that cannot be what it has to be. */
export function headerError(message: string): PeerProtocolError {
  return new PeerProtocolError('ERR_MCP_HTTP_HEADER', message, { delivery: 'answered' });
}
