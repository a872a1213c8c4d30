/** What a fetch over `node:http` can be told, read once. */

import { checkKeys, count, describe, durationMs, flag, functionOption, text } from '../../base/options.ts';
import type { NameLookup } from '../../http/name-lookup.ts';
import { parseProxy } from './node-fetch-proxy-url.ts';
import type { Proxy } from './node-fetch-proxy-url.ts';

/** Text of a PEM file, or its bytes. */
export type PEM = string | Uint8Array;

/** Options of {@link createNodeFetch}. */
export interface NodeFetchOptions {
  /** The proxy for every request, as an `http:` or `https:` url that may hold credentials; `false` for none. Without it, the environment decides. */
  readonly proxy?: string | URL | false;
  /**
   * Where `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are read when the fetch is made, in lower case first; the environment of the process.
   * `HTTP_PROXY` counts for nothing where `REQUEST_METHOD` is set: there, a header of a request may have set it.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Certificates of the authorities to trust, instead of the platform's own. */
  readonly ca?: PEM | readonly PEM[];
  /** The client's certificate. It is shown to the server, not to a proxy. */
  readonly cert?: PEM;
  /** The key of `cert`. */
  readonly key?: PEM;
  /** The passphrase of `key`. */
  readonly passphrase?: string;
  /** The name that the server's certificate must be for, instead of the host of the url. */
  readonly servername?: string;
  /** Takes any certificate, of a server and of a proxy: whoever sits on the road reads and changes everything. */
  readonly dangerouslyAllowInvalidCertificates?: boolean;
  /** The path of a Unix socket that every request goes to, whatever the host of its url; no proxy is used. */
  readonly socketPath?: string;
  /** Looks names up, those of servers and of proxies. It is not asked about hosts that are addresses. `lookup` of `node:dns`. */
  readonly lookup?: NameLookup;
  /** Exchanges at once with one server, each on a socket of its own; more wait for their turn. 256. */
  readonly maxSocketsPerHost?: number;
  /** Open sockets at once, idle ones included, to all servers. 1,024. */
  readonly maxSockets?: number;
  /** How long an idle socket is kept for the next exchange, unless the server asks for less; milliseconds. 4,000. */
  readonly keepAliveMs?: number;
  /** Ask for compressed bodies. What comes compressed is decoded, asked for or not. `false`: on a short road decoding costs more than it saves. */
  readonly compression?: boolean;
  /** Bytes that one compressed body may be decoded to, unless it is an event stream, which has no end. 64 MiB. */
  readonly maxDecodedBytes?: number;
  /** Bytes of one response's status line and headers. 64 KiB. */
  readonly maxHeaderBytes?: number;
  /** Responses of the statuses 100 to 199 before the one that is meant. 16. */
  readonly maxInterimResponses?: number;
}

const DEFAULTS = {
  maxSocketsPerHost: 256,
  maxSockets: 1_024,
  keepAliveMs: 4_000,
  maxDecodedBytes: 64 * 1024 * 1024,
  maxHeaderBytes: 64 * 1024,
  maxInterimResponses: 16,
} as const;

type Given = 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'socketPath' | 'lookup';

/** The options, all present; what was not given and has no default is `undefined`. */
export type ResolvedNodeFetchOptions = Readonly<
  Required<Omit<NodeFetchOptions, Given | 'proxy'>> & { [Name in Given]: NodeFetchOptions[Name] | undefined } & { proxy: Proxy | false | undefined }
>;

const NODE_FETCH_OPTION_NAMES: readonly string[] = [
  ...['proxy', 'environment', 'ca', 'cert', 'key', 'passphrase', 'servername', 'dangerouslyAllowInvalidCertificates', 'socketPath', 'lookup'],
  ...['compression', ...Object.keys(DEFAULTS)],
];

/**
 * Checks the options.
 *
 * @throws TypeError, RangeError naming the option; never a value that may be a secret.
 */
export function resolveNodeFetchOptions(options: NodeFetchOptions): ResolvedNodeFetchOptions {
  checkKeys('createNodeFetch', options, NODE_FETCH_OPTION_NAMES);
  const given = options as NodeFetchOptions;
  const whole = (name: keyof typeof DEFAULTS) => (given[name] === undefined ? DEFAULTS[name] : count(name, given[name], 1));
  const string = (name: 'passphrase' | 'servername' | 'socketPath') => (given[name] === undefined ? undefined : text(name, given[name]));
  return Object.freeze({
    proxy: given.proxy === undefined ? undefined : checkProxy(given.proxy),
    environment: checkEnvironment(given.environment ?? process.env),
    ca: given.ca === undefined ? undefined : checkAuthorities(given.ca),
    cert: given.cert === undefined ? undefined : checkPEM('cert', given.cert),
    key: given.key === undefined ? undefined : checkPEM('key', given.key),
    passphrase: string('passphrase'),
    servername: string('servername'),
    dangerouslyAllowInvalidCertificates: flag('dangerouslyAllowInvalidCertificates', given.dangerouslyAllowInvalidCertificates ?? false),
    socketPath: string('socketPath'),
    lookup: given.lookup === undefined ? undefined : functionOption('lookup', given.lookup),
    maxSocketsPerHost: whole('maxSocketsPerHost'),
    maxSockets: whole('maxSockets'),
    keepAliveMs: durationMs('keepAliveMs', given.keepAliveMs ?? DEFAULTS.keepAliveMs),
    compression: flag('compression', given.compression ?? false),
    maxDecodedBytes: whole('maxDecodedBytes'),
    maxHeaderBytes: whole('maxHeaderBytes'),
    maxInterimResponses: whole('maxInterimResponses'),
  });
}

function checkProxy(proxy: unknown): Proxy | false {
  if (proxy === false) return proxy;
  if (typeof proxy === 'string' && proxy !== '') return parseProxy('proxy', proxy);
  if (proxy instanceof URL) return parseProxy('proxy', proxy.href);
  throw new TypeError(`proxy must be the url of a proxy, or false; got ${describe(proxy)}`);
}

const VARIABLES: readonly string[] = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY', 'REQUEST_METHOD'];

/** What counts of an environment, as it is now. */
function checkEnvironment(environment: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof environment !== 'object' || environment === null) {
    throw new TypeError(`environment must be an object of strings; got ${describe(environment)}`);
  }
  const variables = environment as Readonly<Record<string, string | undefined>>;
  return Object.freeze(Object.fromEntries(VARIABLES.map((name) => [name, variables[name]])));
}

function checkPEM(name: string, value: unknown): PEM {
  if ((typeof value === 'string' && value !== '') || value instanceof Uint8Array) return value;
  throw new TypeError(`${name} must be the text or the bytes of a PEM file; got ${describe(value)}`);
}

function checkAuthorities(value: PEM | readonly PEM[]): readonly PEM[] {
  const list: readonly PEM[] = Array.isArray(value) ? value : [value];
  return list.map((authority) => checkPEM('ca', authority));
}
