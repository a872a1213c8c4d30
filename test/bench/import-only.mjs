/** Loads one client and ends: `node import-only.mjs <peer>`. With `floor` it loads nothing: the empty process. */
const peerName = process.argv[2];
if (peerName !== 'floor') await import(`./peers/${peerName}.mjs`);
