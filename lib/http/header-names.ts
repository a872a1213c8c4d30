/** The names of header fields that this library sends or reads. Names are case-insensitive: RFC 9110 section 5.1. */

/** What is sent, in the case in which it is sent. */
export const SENT_HEADERS = {
  /** RFC 9110 section 12.5.1; MCP, Streamable HTTP, "Sending Messages". */
  accept: 'Accept',
  /** RFC 9110 section 11.6.2. */
  authorization: 'Authorization',
  /** RFC 9110 section 8.3. */
  contentType: 'Content-Type',
  /** RFC 9449 section 4.1. */
  dpop: 'DPoP',
  /** HTML standard, "Server-sent events"; MCP until 2025-11-25, "Resumability and Redelivery". */
  lastEventId: 'Last-Event-ID',
  /** MCP 2026-07-28, Streamable HTTP, "Standard Request Headers". */
  method: 'Mcp-Method',
  /** MCP 2026-07-28, Streamable HTTP, "Standard Request Headers". */
  name: 'Mcp-Name',
  /** What stands before the name a tool chose: MCP 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters". */
  parameterPrefix: 'Mcp-Param-',
  /** MCP from 2025-06-18 on, Streamable HTTP, "Protocol Version Header". */
  protocolVersion: 'MCP-Protocol-Version',
  /** MCP 2025-03-26 to 2025-11-25, Streamable HTTP, "Session Management". */
  sessionId: 'Mcp-Session-Id',
} as const;
Object.freeze(SENT_HEADERS);

/** What is read, in lower case, to be looked up. */
export const READ_HEADERS = {
  /** RFC 9110 section 8.3. */
  contentType: 'content-type',
  /** RFC 9449 section 8.1. */
  dpopNonce: 'dpop-nonce',
  /** RFC 9110 section 10.2.2. */
  location: 'location',
  /** RFC 9110 section 10.2.3. */
  retryAfter: 'retry-after',
  /** MCP 2025-03-26 to 2025-11-25, Streamable HTTP, "Session Management". */
  sessionId: 'mcp-session-id',
  /** RFC 9110 section 11.6.1. */
  wwwAuthenticate: 'www-authenticate',
} as const;
Object.freeze(READ_HEADERS);

// A second one, from the host, would contradict what the transport sends.
const OWNED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  // The shape of the message and of the connection: RFC 9110 sections 7.2, 7.6.1, 8.4, 8.6 and 10.1.1, RFC 9112 section 6.1.
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const OWNED_PREFIX = SENT_HEADERS.parameterPrefix.toLowerCase();

/** Whether a transport sends the header `name` itself, or the connection below it does; the case of `name` makes no difference. */
export function isOwnedHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return OWNED_HEADERS.has(lower) || lower.startsWith(OWNED_PREFIX);
}
