/** The bytes that RESP is written with. Source: RESP, "RESP protocol description": the first byte of a reply is its type, CRLF ends its parts. */

/** U+000D. */
export const BYTE_CR = 0x0d;
/** U+000A. */
export const BYTE_LF = 0x0a;
/** U+002D. */
export const BYTE_MINUS = 0x2d;
/** U+0030. */
export const BYTE_ZERO = 0x30;
/** U+003F, in the place of a length: the value comes in parts. */
export const BYTE_UNKNOWN_LENGTH = 0x3f;

/** `+`. */
export const TYPE_SIMPLE_STRING = 0x2b;
/** `-`. */
export const TYPE_SIMPLE_ERROR = 0x2d;
/** `:`. */
export const TYPE_INTEGER = 0x3a;
/** `,`. */
export const TYPE_DOUBLE = 0x2c;
/** `(`. */
export const TYPE_BIG_NUMBER = 0x28;
/** `#`. */
export const TYPE_BOOLEAN = 0x23;
/** `_`. */
export const TYPE_NULL = 0x5f;
/** `$`. */
export const TYPE_BULK_STRING = 0x24;
/** `!`. */
export const TYPE_BULK_ERROR = 0x21;
/** `=`. */
export const TYPE_VERBATIM_STRING = 0x3d;
/** `;`, a part of a streamed string. */
export const TYPE_STRING_PART = 0x3b;
/** `*`. */
export const TYPE_ARRAY = 0x2a;
/** `%`. */
export const TYPE_MAP = 0x25;
/** `~`. */
export const TYPE_SET = 0x7e;
/** `>`. */
export const TYPE_PUSH = 0x3e;
/** `|`. */
export const TYPE_ATTRIBUTE = 0x7c;
/** `.`, the end of a streamed aggregate. */
export const TYPE_STREAM_END = 0x2e;
