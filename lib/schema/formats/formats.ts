/** The formats that can be assertions. Source: JSON Schema validation (2020-12) section 7.3. Each is linear in the text. */

import { isDate, isDateTime, isDuration, isTime } from './date-formats.ts';
import { isEmail, isHostname, isInternationalEmail, isIPv4, isIPv6 } from './network-formats.ts';
import { isJSONPointer, isRegularExpression, isRelativeJSONPointer, isURITemplate, isUUID } from './text-formats.ts';
import { isIRI, isIRIReference, isURI, isURIReference } from './uri-formats.ts';

/** Whether a string has a format. */
export type FormatTest = (text: string) => boolean;

const FORMAT_TESTS: ReadonlyMap<string, FormatTest> = new Map([
  ['date-time', isDateTime],
  ['date', isDate],
  ['time', isTime],
  ['duration', isDuration],
  ['email', isEmail],
  ['idn-email', isInternationalEmail],
  ['hostname', isHostname],
  ['ipv4', isIPv4],
  ['ipv6', isIPv6],
  ['uri', isURI],
  ['uri-reference', isURIReference],
  ['iri', isIRI],
  ['iri-reference', isIRIReference],
  ['uri-template', isURITemplate],
  ['uuid', isUUID],
  ['json-pointer', isJSONPointer],
  ['relative-json-pointer', isRelativeJSONPointer],
  ['regex', isRegularExpression],
]);

/** The test of a format; undefined where it is not known, and stays an annotation. */
export function formatTest(name: string): FormatTest | undefined {
  return FORMAT_TESTS.get(name);
}

/** The names of the formats that can be assertions. */
export function knownFormats(): string[] {
  return [...FORMAT_TESTS.keys()];
}
