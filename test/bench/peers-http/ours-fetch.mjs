import { toPeer } from './ours-peer.mjs';

/** barewire as it ships (`BENCH_OURS`: what was built from `lib/` at the start of the run), with its defaults. */
const { StreamableHTTPMCPServer } = await import(process.env.BENCH_OURS);

export const open = (url) => toPeer(new StreamableHTTPMCPServer({ serverName: 'bench', serverUrl: url }), () => {});
