/** The options of the command line that say how requests to a server are let in: a token, a client of its own, or somebody who signs in. */

import { Secret, bearerToken, createOAuth } from '../index.ts';
import type { Authorization, OAuthOptions } from '../index.ts';
import type { Command } from './command.ts';
import type { Invocation, OptionName } from './command-line.ts';
import { usageFailure } from './failure.ts';
import { readHeaders } from './header-options.ts';
import { readRedisURL } from './redis-sessions.ts';
import { readSecretVariable } from './secret-variable.ts';
import { signInAtTerminal } from './sign-in.ts';
import type { SignInDesk } from './sign-in.ts';

/** Each of them asks for OAuth. */
const OAUTH_OPTIONS = ['oauth', 'client-id', 'client-secret-env', 'client-credentials', 'issuer', 'scope', 'no-browser', 'redirect-port'] as const satisfies readonly OptionName[];

/** Options that are for a client that is named, and those that are for a person. */
const OF_CLIENT = ['client-secret-env', 'client-credentials', 'issuer'] as const;
const OF_PERSON = ['no-browser', 'redirect-port'] as const;

// A server of this machine may have its users sign in here, over http.
const THIS_MACHINE = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/;
const HIGHEST_PORT = 65_535;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How requests to the server are let in; `undefined` for by its headers alone. At a terminal somebody signs in where the server wants that, also without an option for it: unless a header says who asks already, or a session is
 * kept in Redis, which has to be known as somebody's before anybody has signed in.
 *
 * @throws Failure `ERR_CLI_USAGE` for options that do not hold, or not together; TypeError for what the library refuses.
 */
export function readAuthorization(invocation: Invocation, command: Command, environment: Environment, desk: SignInDesk): Authorization | undefined {
  const { options } = invocation;
  const first = OAUTH_OPTIONS.find((name) => options.has(name));
  const hasHeader = Object.keys(readHeaders(invocation, environment)).some((name) => name.toLowerCase() === 'authorization');
  const tokenVariable = options.value('token-env');
  const wanted = tokenVariable === undefined ? first : 'token-env';
  if (wanted !== undefined && hasHeader) throw usageFailure(`--${wanted} makes the header Authorization: do not give another one`);
  if (tokenVariable !== undefined) {
    if (first !== undefined) throw usageFailure(`--token-env gives the token that --${first} would get: give one of them`);
    return bearerToken(new Secret(readSecretVariable('--token-env', tokenVariable, environment)));
  }
  const keepsSession = readRedisURL(invocation, environment) !== undefined;
  if (first === undefined && (!desk.canAsk || hasHeader || keepsSession || command.isRemote === true)) return undefined;
  return createOAuth(oauthOptions(invocation, command, environment, desk, keepsSession));
}

/** The secrets that options of this file name, to be shown nowhere; what is wrong with the options is found later. */
export function secretsOfAuthorization({ options }: Invocation, environment: Environment): string[] {
  const variables = [options.value('token-env'), options.value('client-secret-env')];
  return variables.flatMap((name) => (name === undefined || !Object.hasOwn(environment, name) ? [] : [environment[name] ?? '']));
}

function oauthOptions(invocation: Invocation, command: Command, environment: Environment, desk: SignInDesk, keepsSession: boolean): OAuthOptions {
  const { options } = invocation;
  const id = options.value('client-id');
  const stray = id === undefined ? OF_CLIENT.find((name) => options.has(name)) : undefined;
  if (stray !== undefined) throw usageFailure(`--${stray} is of a client that is registered: it needs --client-id`);
  const variable = options.value('client-secret-env');
  const secret = variable === undefined ? undefined : new Secret(readSecretVariable('--client-secret-env', variable, environment));
  const isMachine = options.has('client-credentials');
  const sessionKey = options.value('session-key');
  if (isMachine) checkMachine(invocation, secret);
  if (keepsSession && !isMachine && sessionKey === undefined) {
    throw usageFailure('who signs in is known only afterwards, and a session in Redis is somebody’s: --session-key says whose', 'without --redis the session is of this run alone');
  }
  return {
    clientName: 'barewire',
    client: id === undefined ? undefined : { id, secret, issuer: options.value('issuer') },
    scopes: options.values('scope').flatMap((text) => text.split(' ')).filter((scope) => scope !== ''),
    user: sessionKey ?? (isMachine ? `client ${id}` : undefined),
    allowLoopback: isOfThisMachine(options.value('url') ?? ''),
    // Nothing is kept for a next run; a watch may be longer than an access token lives.
    offlineAccess: command.attach !== undefined,
    ...(isMachine ? { grant: { type: 'client_credentials' } } : signInAtTerminal(desk, { isElsewhere: options.has('no-browser'), port: readPort(invocation) })),
  };
}

function checkMachine({ options }: Invocation, secret: Secret | undefined): void {
  if (secret === undefined) throw usageFailure('--client-credentials lets a client in by its secret: it needs --client-secret-env');
  const stray = OF_PERSON.find((name) => options.has(name));
  if (stray !== undefined) throw usageFailure(`--${stray} is for somebody who signs in; with --client-credentials nobody does`);
}

function readPort({ options }: Invocation): number | undefined {
  const text = options.value('redirect-port');
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= HIGHEST_PORT) return port;
  throw usageFailure(`--redirect-port must be a port, 1 to ${HIGHEST_PORT}; got "${text}"`);
}

function isOfThisMachine(url: string): boolean {
  return URL.canParse(url) && THIS_MACHINE.test(new URL(url).hostname);
}
