/** `--header` and `--header-env`: the headers of every request. What they hold may be a secret, and is shown nowhere. */

import type { Invocation } from './command-line.ts';
import { usageFailure } from './failure.ts';
import { readSecretVariable } from './secret-variable.ts';

const HEADER_FORM = 'Name: value';
const HEADER_VARIABLE_FORM = 'Name=VARIABLE';

// The name is a token of RFC 9110 section 5.6.2. The space behind the colon shows that the shell took name and value as one word.
const HEADER = /^([\w!#$%&'*+.^`|~-]+):[ \t]+([^ \t].*)$/su;
const HEADER_VARIABLE = /^([\w!#$%&'*+.^`|~-]+)=(.+)$/su;

function readHeader(text: string): [string, string] {
  const [, name, value] = HEADER.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  const message = `--header must be written '${HEADER_FORM}', in quotes and with a space after the colon`;
  throw usageFailure(message, 'nothing of it is shown here: it may be a secret');
}

function readHeaderVariable(text: string, environment: Readonly<Record<string, string | undefined>>): [string, string] {
  const [, name, variable] = HEADER_VARIABLE.exec(text) ?? [];
  if (name === undefined || variable === undefined) {
    throw usageFailure(`--header-env must be written ${HEADER_VARIABLE_FORM}: a header, and the variable that holds its whole value`);
  }
  return [name, readSecretVariable(`--header-env ${name}=…`, variable, environment)];
}

/**
 * The headers that the options ask for. Whether a value can be one, and whether a name may be set, is for the library to say, which does
 * not show values either.
 *
 * @throws Failure `ERR_CLI_USAGE` for an option that is not written as it has to be, for a variable that is not there, and for a name
 * that comes twice; it never shows a value.
 */
export function readHeaders({ options }: Invocation, environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const headers = [
    ...options.values('header').map(readHeader),
    ...options.values('header-env').map((text) => readHeaderVariable(text, environment)),
  ];
  const seen = new Set<string>();
  for (const [name] of headers) {
    if (seen.has(name.toLowerCase())) throw usageFailure(`the header "${name}" is given twice`);
    seen.add(name.toLowerCase());
  }
  return Object.fromEntries(headers);
}
