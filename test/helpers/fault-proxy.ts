/**
 * A relay between a client and a real server that does to the bytes what a network can do: delays them, slices them, loses some,
 * repeats some, ends a connection after so many of them, or falls silent. It knows nothing of what it carries.
 */

import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { resetSocket } from './raw-http.ts';

/** What happens to the bytes of one direction. Places count the bytes of this direction from the beginning of the connection. */
export interface Faults {
  /** Every piece is late by so much. */
  readonly delayMs?: number;
  /** No piece is longer. */
  readonly sliceBytes?: number;
  /** After so many bytes the connection is ended in order (FIN). */
  readonly cutAfterBytes?: number;
  /** After so many bytes the connection is reset (RST). */
  readonly resetAfterBytes?: number;
  /** After so many bytes nothing more comes, and the connection stays open. */
  readonly stallAfterBytes?: number;
  /** The bytes of this range, end excluded, are lost. */
  readonly drop?: readonly [from: number, to: number];
  /** The bytes of this range, end excluded, come twice, piece by piece. */
  readonly duplicate?: readonly [from: number, to: number];
}

/** What happens to one connection; nothing by default. */
export interface FaultPlan {
  readonly toServer?: Faults;
  readonly toClient?: Faults;
  /** The client is reset at once, and the server never hears of it. */
  readonly refuse?: boolean;
}

/** A plan for the connection of this number, from 0 on. */
export type FaultScript = FaultPlan | ((connection: number) => FaultPlan | undefined);

interface Relay {
  readonly client: Socket;
  readonly server: Socket;
  readonly plans: { toServer: Faults; toClient: Faults };
}

/** The relay: see the head of this file. */
export class FaultProxy {
  /** How many connections came so far. */
  connections = 0;
  readonly #target: { readonly host: string; readonly port: number };
  #script: FaultScript;
  readonly #server: Server;
  readonly #relays = new Set<Relay>();

  private constructor(target: { readonly host: string; readonly port: number }, script: FaultScript) {
    this.#target = target;
    this.#script = script;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Begins to relay to `target` from a free port of the loopback. */
  static async listen(target: { readonly host: string; readonly port: number }, script: FaultScript = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, script);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#relays.size;
  }

  /** What happens to connections that come from now on. */
  set script(script: FaultScript) {
    this.#script = script;
  }

  /** Ends every open connection now, by default with RST. */
  cut(how: 'reset' | 'end' = 'reset'): void {
    for (const { client, server } of this.#relays) {
      if (how === 'reset') resetSocket(client);
      else client.end();
      server.destroy();
    }
  }

  /** From now on nothing comes through on the connections that are open, and nobody is told. */
  stall(): void {
    for (const relay of this.#relays) {
      relay.plans.toClient = { stallAfterBytes: 0 };
      relay.plans.toServer = { stallAfterBytes: 0 };
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    const number = this.connections++;
    const plan = (typeof this.#script === 'function' ? this.#script(number) : this.#script) ?? {};
    client.on('error', () => {});
    if (plan.refuse === true) return void resetSocket(client);
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const relay: Relay = { client, server, plans: { toServer: plan.toServer ?? {}, toClient: plan.toClient ?? {} } };
    this.#relays.add(relay);
    client.setNoDelay(true);
    server.setNoDelay(true);
    server.on('error', () => resetSocket(client));
    client.on('close', () => {
      this.#relays.delete(relay);
      server.destroy();
    });
    server.on('close', () => client.end());
    pump(client, server, () => relay.plans.toServer, relay);
    pump(server, client, () => relay.plans.toClient, relay);
  }
}

/** Carries what comes from `from` to `to`, piece after piece. */
function pump(from: Socket, to: Socket, faults: () => Faults, relay: Relay): void {
  let place = 0;
  let previous = Promise.resolve();
  const write = async (bytes: Buffer) => {
    const { delayMs } = faults();
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (!to.destroyed && !to.writableEnded && bytes.length > 0 && !to.write(bytes)) {
      await new Promise<void>((resolve) => {
        to.once('drain', resolve);
        to.once('close', () => resolve());
      });
    }
  };
  from.on('data', (chunk: Buffer) => {
    from.pause();
    previous = previous.then(async () => {
      const verdict = injure(chunk, place, faults());
      place += chunk.length;
      for (const piece of verdict.pieces) await write(piece);
      if (verdict.then === 'cut') {
        relay.client.end();
        relay.server.end();
      } else if (verdict.then === 'reset') {
        resetSocket(relay.client);
        resetSocket(relay.server);
      }
      from.resume();
    });
  });
  from.on('end', () => {
    previous = previous.then(() => {
      if (faults().stallAfterBytes === undefined) to.end();
    });
  });
}

/** What is left of a chunk that begins at `place`, and what comes after it. */
export function injure(chunk: Buffer, place: number, faults: Faults): { pieces: Buffer[]; then: 'go on' | 'cut' | 'reset' } {
  const {
    cutAfterBytes = Infinity,
    resetAfterBytes = Infinity,
    stallAfterBytes = Infinity,
    sliceBytes = Infinity,
    drop,
    duplicate,
  } = faults;
  const last = Math.min(cutAfterBytes, resetAfterBytes, stallAfterBytes);
  const kept = chunk.subarray(0, Math.max(0, Math.min(chunk.length, last - place)));
  const pieces: Buffer[] = [];
  const part = (from: number, to: number) => kept.subarray(Math.max(0, from - place), Math.max(0, to - place));
  if (drop !== undefined) pieces.push(part(place, drop[0]), part(drop[1], Infinity));
  else if (duplicate !== undefined) pieces.push(part(place, duplicate[1]), part(duplicate[0], Infinity));
  else pieces.push(kept);
  const sliced = pieces.flatMap((piece) => slice(piece, sliceBytes)).filter((piece) => piece.length > 0);
  const reached = place + chunk.length >= last;
  return { pieces: sliced, then: !reached || last === stallAfterBytes ? 'go on' : last === resetAfterBytes ? 'reset' : 'cut' };
}

function slice(bytes: Buffer, most: number): Buffer[] {
  if (bytes.length <= most) return [bytes];
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += most) pieces.push(bytes.subarray(start, start + most));
  return pieces;
}
