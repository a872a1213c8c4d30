/** What a body is said to be: `Content-Type`. */

import { FieldReader } from './field-syntax.ts';

/** A media type as a header named it. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** Parameters by name in lower case, values as they stood there, without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * What a body can be taken for. `unsupported-charset`: one of the two kinds that are read here, in another encoding than
 * UTF-8. `other`: another kind, or a header that cannot be read, such as two of them in one.
 */
export type ContentKind = 'json' | 'event-stream' | 'unsupported-charset' | 'other' | 'absent';

const CONTENT_KINDS: ReadonlyMap<string, ContentKind> = new Map([
  ['application/json', 'json'],
  ['text/event-stream', 'event-stream'],
]);

// The second is no name of the registry (RFC 3629 section 8), and there are servers that send it.
const UTF8_NAMES: readonly string[] = ['utf-8', 'utf8'];

/**
 * Reads a `Content-Type`. `undefined` where there is none, where it has no `type/subtype`, and where an unquoted comma
 * says that two headers were joined. A parameter that is not well formed is left out; of two with one name the first
 * counts. Source: RFC 9110 sections 8.3.1 and 5.6.6.
 */
export function parseMediaType(value: string | null): MediaType | undefined {
  if (value === null) return undefined;
  const reader = new FieldReader(value);
  reader.skipWhiteSpace();
  const type = reader.token();
  if (type === undefined || !reader.take('/')) return undefined;
  const subtype = reader.token();
  if (subtype === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (;;) {
    reader.skipWhiteSpace();
    if (reader.atEnd) return { essence: `${type}/${subtype}`.toLowerCase(), parameters };
    if (!reader.take(';')) return undefined;
    readMediaTypeParameter(reader, parameters);
  }
}

/** Reads what stands between two semicolons: a parameter, nothing, or what is neither and left out. */
function readMediaTypeParameter(reader: FieldReader, parameters: Map<string, string>): void {
  reader.skipWhiteSpace();
  const name = reader.token()?.toLowerCase();
  const value = name !== undefined && reader.take('=') ? reader.tokenOrQuotedString() : undefined;
  reader.skipWhiteSpace();
  const isWhole = reader.atEnd || reader.isAt(';');
  if (isWhole && name !== undefined && value !== undefined && !parameters.has(name)) parameters.set(name, value);
  if (!isWhole) reader.skipTo(';,');
}

/**
 * What the body under this `Content-Type` can be taken for. JSON between systems is UTF-8 (RFC 8259 section 8.1), and so
 * is every event stream (HTML standard, "Server-sent events"): a charset that says otherwise is not guessed about.
 */
export function contentKindOf(value: string | null): ContentKind {
  if (value === null) return 'absent';
  const mediaType = parseMediaType(value);
  const kind = mediaType === undefined ? undefined : CONTENT_KINDS.get(mediaType.essence);
  if (mediaType === undefined || kind === undefined) return 'other';
  const charset = mediaType.parameters.get('charset');
  return charset === undefined || UTF8_NAMES.includes(charset.toLowerCase()) ? kind : 'unsupported-charset';
}
