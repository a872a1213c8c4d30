/**
 * The one door from the fetch over `node:http` to the platform. Its modules are loaded when they are needed: `import 'node:http'` at the
 * top of a file costs 25 ms of every start.
 */

import type * as dns from 'node:dns';
import type { setMaxListeners } from 'node:events';
import type * as http from 'node:http';
import type * as https from 'node:https';
import type * as net from 'node:net';
import type * as zlib from 'node:zlib';

export type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
export type { Socket } from 'node:net';
export type { Duplex, Readable, Transform } from 'node:stream';

/** `node:net`, for those who are given it. */
export type NetModule = typeof net;

/** `node:zlib`, for those who are given it. */
export type ZlibModule = typeof zlib;

/** Of `node:events`. */
export type SetMaxListeners = typeof setMaxListeners;

/** What the fetch over `node:http` is made of. */
export interface Builtins {
  dns(): typeof dns;
  events(): { readonly setMaxListeners: SetMaxListeners };
  http(): typeof http;
  https(): typeof https;
  net(): NetModule;
  zlib(): ZlibModule;
}

const builtins: Builtins = Object.freeze({
  dns: () => process.getBuiltinModule('node:dns'),
  events: () => process.getBuiltinModule('node:events'),
  http: () => process.getBuiltinModule('node:http'),
  https: () => process.getBuiltinModule('node:https'),
  net: () => process.getBuiltinModule('node:net'),
  zlib: () => process.getBuiltinModule('node:zlib'),
});

/** The modules, each loaded when it is first asked for; all at once where the platform cannot do that. */
export async function loadBuiltins(): Promise<Builtins> {
  if (typeof process.getBuiltinModule === 'function') return builtins;
  const [dns, events, http, https, net, zlib] = await Promise.all([
    ...([import('node:dns'), import('node:events'), import('node:http'), import('node:https'), import('node:net'), import('node:zlib')] as const),
  ]);
  return { dns: () => dns, events: () => events.default, http: () => http, https: () => https, net: () => net, zlib: () => zlib };
}
