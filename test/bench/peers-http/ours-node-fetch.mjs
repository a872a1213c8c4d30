import { toPeer } from './ours-peer.mjs';

/** barewire as it ships (`BENCH_OURS`: what was built from `lib/` at the start of the run), on one `createNodeFetch()` a process. */
const { StreamableHTTPMCPServer, createNodeFetch } = await import(process.env.BENCH_OURS);

const fetch = createNodeFetch();
let users = 0;

export function open(url) {
  users += 1;
  const server = new StreamableHTTPMCPServer({ serverName: 'bench', serverUrl: url, fetch });
  return toPeer(server, async () => {
    users -= 1;
    if (users === 0) await fetch.close();
  });
}
