/** The demo server behind its authorization server, as a process: see test/fixtures/oauth-server.mjs. */

import { spawn } from 'node:child_process';
import { fixtureCommand } from './fixture.ts';

/** A request that came to one of the two. */
export interface SeenRequest {
  readonly server: 'authorization server' | 'resource server';
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The two, running. */
export interface OAuthDemo {
  /** The MCP server. */
  readonly url: string;
  readonly issuer: string;
  /** All that came to the two so far. */
  seen(): Promise<SeenRequest[]>;
  stop(): Promise<void>;
}

/** Starts the two, with flags of the fixture. */
export async function startOAuthDemo(...flags: readonly string[]): Promise<OAuthDemo> {
  const [program = '', ...args] = fixtureCommand('oauth-server', ...flags);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`The demo server ended with ${code} before it listened`)));
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(text);
    });
  });
  const { url, issuer } = JSON.parse(line) as { url: string; issuer: string };
  const seen = async () => (await (await fetch(`${issuer}/seen`)).json()) as SeenRequest[];
  const stop = async () => {
    child.stdin.end();
    child.kill('SIGTERM');
    await ended;
  };
  return { url, issuer, seen, stop };
}

/** Visits the page of the sign-in as a browser would; gives the URL that it is sent to, which is not visited. */
export async function visitPage(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' });
  await response.body?.cancel();
  const location = response.headers.get('location');
  if (location === null) throw new Error(`The page of the sign-in answered with status ${response.status}`);
  return location;
}
