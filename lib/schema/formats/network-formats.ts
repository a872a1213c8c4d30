/** Addresses and names of the network. Source: RFC 1123 section 2.1, RFC 2673 section 3.2, RFC 4291 section 2.2, RFC 5321 section 4.1.2, RFC 6531. */

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const HEXTET = /^[0-9A-Fa-f]{1,4}$/;
const LOCAL_ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LOCAL_QUOTED = /^"(?:[ !#-[\]-~]|\\[ -~])*"$/;
const NOT_ASCII_CHARACTER = /[^\u0000-\u007f]/gu;
const MOST_NAME = 253;
const MOST_LABEL = 63;
const MOST_LOCAL = 64;
const HEXTETS = 8;

/** A name of a host: labels of letters, digits and hyphens. What an `xn--` label decodes to is not looked at. */
export function isHostname(text: string): boolean {
  if (text.length > MOST_NAME) return false;
  return text.split('.').every((label) => {
    if (label.length > MOST_LABEL || !LABEL.test(label)) return false;
    // RFC 5891 section 4.2.3.1 keeps two hyphens there for prefixes such as xn--.
    return label.slice(2, 4) !== '--' || /^xn--./i.test(label);
  });
}

/** Four decimal numbers. */
export function isIPv4(text: string): boolean {
  const octets = text.split('.', 5);
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255);
}

/** Eight groups, some of which may be left out once or be an IPv4 address at the end. No zone. */
export function isIPv6(text: string): boolean {
  if (text.length > 45) return false;
  const gap = text.indexOf('::');
  if (gap === -1) return countHextets(text, true) === HEXTETS;
  if (text.indexOf('::', gap + 1) !== -1) return false;
  const before = gap === 0 ? 0 : countHextets(text.slice(0, gap), false);
  const rest = text.slice(gap + 2);
  const after = rest === '' ? 0 : countHextets(rest, true);
  return before + after < HEXTETS;
}

/** How many groups there are; too many where one is none. */
function countHextets(text: string, mayEndInIPv4: boolean): number {
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  const hasIPv4 = mayEndInIPv4 && last.includes('.') && isIPv4(last);
  const hextets = hasIPv4 ? groups.slice(0, -1) : groups;
  return hextets.every((group) => HEXTET.test(group)) ? hextets.length + (hasIPv4 ? 2 : 0) : Infinity;
}

/** A mailbox. */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const domain = text.slice(at + 1);
  if (at < 1 || local.length > MOST_LOCAL || !(LOCAL_ATOMS.test(local) || LOCAL_QUOTED.test(local))) return false;
  return domain.startsWith('[') ? isAddressLiteral(domain) : isHostname(domain);
}

function isAddressLiteral(domain: string): boolean {
  if (!domain.endsWith(']')) return false;
  const address = domain.slice(1, -1);
  return /^IPv6:/i.test(address) ? isIPv6(address.slice(5)) : isIPv4(address);
}

/** A mailbox with letters of every script. */
export function isInternationalEmail(text: string): boolean {
  return text.length <= MOST_LOCAL + 1 + MOST_NAME && isEmail(text.replace(NOT_ASCII_CHARACTER, 'x'));
}
