/** A road through a proxy that carries bytes without reading them: `CONNECT`. Source: RFC 9110 section 9.3.6. */

import type { ClientRequest, Duplex, RequestOptions } from './node-fetch-builtins.ts';
import type { Proxy } from './node-fetch-proxy-url.ts';

/** Whoever needs the tunnel, and can give up while it is being made. */
export interface TunnelOwner {
  tunnel: { destroy(): unknown } | undefined;
}

/** The options of a request, with those for TLS, and with ours for the agent that makes its socket. */
export interface RoadOptions extends RequestOptions {
  readonly servername?: string;
  /** Names the sockets that may carry the request. */
  readonly socketKey?: string;
  owner?: TunnelOwner | undefined;
}

/** `request` of `node:http` or of `node:https`. */
export type MakeRequest = (options: RoadOptions) => ClientRequest;

/** What a tunnel is made with. */
export interface TunnelSettings {
  readonly proxy: Proxy;
  /** As the proxy has it. */
  readonly request: MakeRequest;
  /** Where the tunnel leads. */
  readonly host: string;
  readonly port: number;
  /** How the proxy is reached. */
  readonly options: RoadOptions;
}

/** Opens a tunnel: `opened` hears once, of a socket that leads to the server, or of an error. */
export function openTunnel(settings: TunnelSettings, owner: TunnelOwner | undefined, opened: (error: Error | null, socket?: Duplex) => void): void {
  const { proxy, request, host, port, options } = settings;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorization = proxy.authorization === undefined ? {} : { 'Proxy-Authorization': proxy.authorization };
  const headers = { Host: authority, ...authorization };
  const connecting = request({ ...options, host: proxy.host, port: proxy.port, method: 'CONNECT', path: authority, headers, agent: false });
  let isSettled = false;
  const settle = (error: Error | null, socket?: Duplex): void => {
    if (isSettled) return;
    isSettled = true;
    if (owner !== undefined) owner.tunnel = undefined;
    opened(error, socket);
  };
  if (owner !== undefined) owner.tunnel = connecting;
  connecting.on('connect', ({ statusCode = 0 }, socket: Duplex, head: Uint8Array) => {
    // A server does not speak before TLS begins: what came behind the answer is the proxy's, and no part of the tunnel.
    const isOpen = statusCode >= 200 && statusCode <= 299 && head.length === 0;
    if (isOpen && !isSettled) return settle(null, socket);
    socket.destroy();
    settle(refused(proxy, statusCode));
  });
  connecting.on('error', (cause) => settle(new Error(`The connection to the proxy ${proxy.host}:${proxy.port} failed`, { cause })));
  connecting.on('close', () => settle(refused(proxy, 0)));
  connecting.end();
}

function refused({ host, port }: Proxy, status: number): Error {
  const answer = status === 0 ? 'closed the connection' : `answered with status ${status}`;
  return Object.assign(new Error(`The proxy ${host}:${port} opens no tunnel: it ${answer}`), { code: 'ERR_PROXY_TUNNEL', status });
}
