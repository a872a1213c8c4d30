/** UUIDs, pointers, templates and regular expressions. */

import { tokensOf } from '../json-pointer.ts';

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const RELATIVE_START = /^(?:0|[1-9]\d*)/;
// RFC 6570 section 2.1: all but controls, space, quotation marks, angle brackets, backslash, caret, grave accent, braces, bar.
const TEMPLATE_LITERALS = /^(?:[^\u0000-\u0020\u007f-\u009f"<>\\^`{|}%]|%[0-9A-Fa-f]{2})*$/;
// RFC 6570 sections 2.2 to 2.4; the operators that it reserves are none yet.
const TEMPLATE_NAME = '(?:\\w|%[0-9A-Fa-f]{2})(?:\\.?(?:\\w|%[0-9A-Fa-f]{2}))*';
const TEMPLATE_VARIABLE = new RegExp(`^${TEMPLATE_NAME}(?:\\*|:[1-9]\\d{0,3})?$`);
const TEMPLATE_OPERATORS = '+#./;?&';

/** Source: RFC 9562 section 4. */
export function isUUID(text: string): boolean {
  return UUID_FORM.test(text);
}

/** Source: RFC 6901. */
export function isJSONPointer(text: string): boolean {
  return tokensOf(text) !== undefined;
}

/** Source: draft-bhutton-relative-json-pointer-00. */
export function isRelativeJSONPointer(text: string): boolean {
  const start = RELATIVE_START.exec(text)?.[0];
  if (start === undefined) return false;
  const rest = text.slice(start.length);
  return rest === '#' || isJSONPointer(rest);
}

/** Source: RFC 6570. */
export function isURITemplate(text: string): boolean {
  const [first = '', ...parts] = text.split('{');
  return TEMPLATE_LITERALS.test(first) && parts.every(isExpressionAndLiterals);
}

function isExpressionAndLiterals(part: string): boolean {
  const end = part.indexOf('}');
  if (end === -1 || !TEMPLATE_LITERALS.test(part.slice(end + 1))) return false;
  const variables = TEMPLATE_OPERATORS.includes(part.charAt(0)) ? part.slice(1, end) : part.slice(0, end);
  return variables.split(',').every((variable) => TEMPLATE_VARIABLE.test(variable));
}

/** Source: ECMA-262, with the flag `u`. The expression is only read, never run. */
export function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
