/** Loads the package of one Redis client and ends: `node import-redis.mjs <peer>`. With `raw` it loads nothing: the empty process. */
const packages = { ours: process.env.BENCH_OURS, 'ours-alone': process.env.BENCH_OURS_ALONE, redis: 'redis', ioredis: 'ioredis' };
const name = packages[process.argv[2]];
if (name !== undefined) await import(name);
