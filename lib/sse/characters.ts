/** The characters that an event stream is read by, as bytes and as units of text alike. */

/** U+000A. */
export const LF = 0x0a;
/** U+000D. */
export const CR = 0x0d;
/** U+0020. */
export const SPACE = 0x20;
/** U+003A. */
export const COLON = 0x3a;
/** U+0061. */
export const LETTER_A = 0x61;
/** U+0064. */
export const LETTER_D = 0x64;
/** U+0065. */
export const LETTER_E = 0x65;
/** U+0069. */
export const LETTER_I = 0x69;
/** U+0072. */
export const LETTER_R = 0x72;
/** U+0074. */
export const LETTER_T = 0x74;
