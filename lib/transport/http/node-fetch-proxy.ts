/** Which proxy a request goes through: the option's, or the one that the environment names unless `NO_PROXY` excepts the target. */

import type { NetModule } from './node-fetch-builtins.ts';
import { hostOf, parseProxy, portOf, withoutDot } from './node-fetch-proxy-url.ts';
import type { Proxy } from './node-fetch-proxy-url.ts';

/** Chooses the proxy for a url; `undefined` is the direct road. */
export type ProxyChoice = (target: URL) => Proxy | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, read at once, lower case before upper case, an empty one being none. A variable that is no
 * url is an error where it would be used, not here: a direct connection in its place would break a promise.
 */
export function proxyFromEnvironment(environment: Environment, { BlockList, isIP }: Pick<NetModule, 'BlockList' | 'isIP'>): ProxyChoice {
  const read = (name: string) => environment[name] || environment[name.toUpperCase()] || undefined;
  // A web server gives the header `Proxy` of a request to its CGI programs as HTTP_PROXY.
  const isCGI = environment['REQUEST_METHOD'] !== undefined;
  const texts = { 'http:': isCGI ? undefined : read('http_proxy'), 'https:': read('https_proxy') };
  const isExcepted = parseNoProxy(read('no_proxy') ?? '', { BlockList, isIP });
  return (target) => {
    const protocol = target.protocol === 'https:' ? 'https:' : 'http:';
    const text = texts[protocol];
    if (text === undefined || isExcepted(hostOf(target), portOf(target))) return undefined;
    return parseProxy(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY', text);
  };
}

type Exception = (host: string, port: number) => boolean;

/**
 * Reads `NO_PROXY`: entries between commas or spaces. `*` excepts everything; a name excepts itself and what ends with it after a dot, a dot
 * or `*.` before it changing nothing; an address or a block such as `10.0.0.0/8` excepts hosts that are written as addresses; `:port` behind a name
 * or an address (one of IPv6 in brackets) excepts that port only. An entry that is none of these excepts nothing. Names are not looked up.
 */
export function parseNoProxy(text: string, { BlockList, isIP }: Pick<NetModule, 'BlockList' | 'isIP'>): Exception {
  const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const exceptions = text.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== '').map((entry): Exception => {
    if (entry === '*') return () => true;
    const { host, port } = splitEntry(entry, isIP);
    const isPort = (actual: number) => port === undefined || port === actual;
    const [address = '', prefix] = host.split('/');
    if (isIP(address) === 0) {
      const name = withoutDot(host.replace(/^\*?\./, ''));
      return (actual, actualPort) => isIP(actual) === 0 && (actual === name || actual.endsWith(`.${name}`)) && isPort(actualPort);
    }
    const list = new BlockList();
    if (prefix === undefined) list.addAddress(address, family(address));
    else if (isPrefix(prefix, isIP(address))) list.addSubnet(address, Number(prefix), family(address));
    return (actual, actualPort) => isIP(actual) !== 0 && list.check(actual, family(actual)) && isPort(actualPort);
  });
  return (host, port) => exceptions.some((isExcepted) => isExcepted(withoutDot(host), port));
}

function isPrefix(text: string, version: number): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) <= (version === 6 ? 128 : 32);
}

/** The host and the port of an entry. The colons of a bare address of IPv6 are its own. */
function splitEntry(entry: string, isIP: NetModule['isIP']): { host: string; port: number | undefined } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  if (bracketed === undefined && plain === undefined) return { host: isIP(entry.split('/')[0] ?? '') === 6 ? entry : '', port: undefined };
  return { host: bracketed ?? plain ?? '', port: digits === undefined ? undefined : Number(digits) };
}
