/** The help, made from the tables of commands and options. */

import type { Command } from './command.ts';
import { OPTIONS } from './command-line.ts';
import type { OptionName, OptionRow } from './command-line.ts';
import type { Paint } from './paint.ts';

const REMOTE_SERVER = '--url <url>';
const SERVERS = ['-- <server command …>', REMOTE_SERVER];

function columns(rows: ReadonlyArray<readonly [string, string]>, paint: Paint): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${paint.name(left)}${' '.repeat(width - left.length)}  ${right}`);
}

function optionRow([name, row]: [string, OptionRow]): [string, string] {
  const short = row.short === undefined ? '    ' : `-${row.short}, `;
  const value = row.value === undefined ? '' : ` ${row.value}`;
  return [`${short}--${name}${value}`, row.repeatable === true ? `${row.help} (repeatable)` : row.help];
}

function optionRows(own: readonly OptionName[]): Array<[string, string]> {
  return Object.entries(OPTIONS)
    .filter(([name, row]) => row.common || own.includes(name as OptionName))
    .map(optionRow);
}

const EXITS: ReadonlyArray<readonly [string, string]> = [
  ['0', 'ok'],
  ['1', 'the command line is wrong, or names what the server does not have'],
  ['3', 'the server, or Redis, wants an authorization'],
  ['4', 'no server, or none that answers in time'],
  ['5', 'the tool or the server answered with an error'],
  ['130', 'ended by Ctrl-C'],
];

/** `barewire --help`. */
export function renderHelp(commands: readonly Command[], paint: Paint): string {
  const list = commands.map(({ name, operands, summary }): [string, string] => {
    const isShort = operands !== '' && operands.length <= 24;
    return [isShort ? `${name} ${operands}` : name, summary];
  });
  return [
    'A client for servers of the Model Context Protocol.',
    '',
    paint.heading('Usage'),
    ...SERVERS.map((server) => `  barewire <command> [operands] [options] ${server}`),
    '',
    paint.heading('Commands'),
    ...columns(list, paint),
    '',
    paint.heading('Options'),
    ...columns(optionRows([]), paint),
    '',
    paint.heading('Exit codes'),
    ...columns(EXITS, paint),
    '',
    paint.heading('Examples'),
    '  barewire tools -- npx -y @modelcontextprotocol/server-everything',
    '  barewire call add a=1 b=2 -- node server.mjs',
    '  barewire watch --url https://mcp.example/mcp --header-env Authorization=MCP_AUTHORIZATION',
    '',
    'barewire <command> --help says more about a command.',
  ].join('\n');
}

/** `barewire <command> --help`. */
export function renderCommandHelp(command: Command, paint: Paint): string {
  const operands = command.operands === '' ? '' : ` ${command.operands}`;
  const servers = command.isRemote === true ? [REMOTE_SERVER] : SERVERS;
  const server = command.isRemote === true ? '--url https://mcp.example/mcp' : '-- node server.mjs';
  return [
    `barewire ${command.name}: ${command.summary}.`,
    '',
    paint.heading('Usage'),
    ...servers.map((choice) => `  barewire ${command.name}${operands} [options] ${choice}`),
    ...(command.about === undefined ? [] : ['', ...command.about.map((line) => `  ${line}`)]),
    '',
    paint.heading('Options'),
    ...columns(optionRows(command.options), paint),
    '',
    paint.heading('Examples'),
    ...command.examples.map((example) => `  barewire ${example} ${server}`),
  ].join('\n');
}
