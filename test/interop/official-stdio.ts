/** The server of official-offer.ts over stdio. `legacy=reject` makes it refuse the handshake. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { makeServer, newSharedState } from './official-offer.ts';

const state = newSharedState();
serveStdio(({ era }) => makeServer(state, era), process.argv.includes('legacy=reject') ? { legacy: 'reject' } : {});
