/** The server of official-servers.ts over stdio. `legacy=reject` makes it refuse the handshake. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { makeServer } from './official-servers.ts';

serveStdio(() => makeServer(), process.argv.includes('legacy=reject') ? { legacy: 'reject' } : {});
