// What every server reads back as it wrote it: no white space at the ends, which is trimmed on the way, and nothing outside
// ASCII, which some send as UTF-8 and others as Latin-1.
const TRAVELS = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * `id` where it can be sent as a `Last-Event-ID` header and arrives as it is; else undefined, and the stream cannot be resumed
 * after that event. An empty id is undefined too: by the HTML Living Standard, section 9.2.3, no header is sent for it.
 *
 * Source: RFC 9110 section 5.5 (field values). The HTML standard has ids sent as UTF-8; the specification of this header in
 * MCP says nothing of it, and servers differ, so an id outside of ASCII is not sent rather than sent as another one.
 */
export function toResumableId(id: string | undefined, maxCharacters: number): string | undefined {
  return id !== undefined && id.length <= maxCharacters && TRAVELS.test(id) ? id : undefined;
}
