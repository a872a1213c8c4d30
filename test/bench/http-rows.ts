import type { HTTPServerOptions, Row, Target } from './rows.ts';

const JSON_ANSWERS: HTTPServerOptions = { answers: 'json', sessions: true };
const SSE_ANSWERS: HTTPServerOptions = { answers: 'sse', sessions: true };

const usual = {
  comparison: 'ratio',
  timeUntil: 'reported',
  server: JSON_ANSWERS,
  pinned: false,
  processes: 1,
  maxRounds: Infinity,
  digits: 0,
  targets: [],
} as const;

const calls = { ...usual, unit: 'calls/s', better: 'more' } as const;

function targets(bound: Target['bound'], withFetch: number, withNodeFetch: number): readonly Target[] {
  return [
    { client: 'ours-fetch', bound, value: withFetch },
    { client: 'ours-node-fetch', bound, value: withNodeFetch },
  ];
}

/** One amount of calls with either form of answer. */
function bothAnswers(row: Row): readonly Row[] {
  const work = row.name;
  return [
    { ...row, work, name: `${row.name}-json`, title: `${row.title}, JSON answers`, server: JSON_ANSWERS },
    { ...row, work, name: `${row.name}-sse`, title: `${row.title}, SSE answers`, server: SSE_ANSWERS },
  ];
}

/** Every row over Streamable HTTP, in the order in which it runs. */
export const HTTP_ROWS: readonly Row[] = [
  ...bothAnswers({
    ...calls,
    name: 'sequential',
    title: 'one call after the other, client and server on one processor',
    pinned: true,
    targets: targets('at least', 0.9, 0.8),
  }),
  ...bothAnswers({ ...calls, name: 'parallel', title: '64 calls at once', targets: targets('at least', 0.9, 0.8) }),
  ...bothAnswers({ ...calls, name: 'thousand', title: '1,000 calls at once' }),
  { ...calls, name: 'five-thousand', title: '5,000 calls at once, none of which may fail' },
  {
    ...usual,
    name: 'notifications',
    title: '100,000 notifications (log and progress) on one call, SSE',
    unit: 'notifications/s',
    better: 'more',
    server: SSE_ANSWERS,
    targets: targets('at least', 0.9, 0.9),
  },
  { ...usual, name: 'connect', title: 'handshake', unit: 'ms', better: 'less', processes: 5, digits: 1 },
  {
    ...usual,
    name: 'start',
    title: 'process start to first tools/list',
    unit: 'ms',
    better: 'less',
    comparison: 'difference',
    timeUntil: 'listed',
    processes: 5,
    digits: 1,
    targets: targets('at most', 10, 10),
  },
  {
    ...usual,
    name: 'memory',
    title: 'heap of one of 500 idle servers',
    unit: 'KiB',
    better: 'less',
    comparison: 'difference',
    maxRounds: 2,
    digits: 1,
    targets: targets('at most', 3, 3),
  },
];
