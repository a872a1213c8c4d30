/** The rows of the benchmark as a table: what is measured, how often, and how near to the floor we want to be. */

/** A goal for barewire against its floor in the same run, in the row's own comparison. */
export interface Target {
  /** The client whose goal it is. */
  readonly client: string;
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

/** How the HTTP server of a row answers. */
export interface HTTPServerOptions {
  readonly answers: 'json' | 'sse';
  readonly sessions: boolean;
}

/** One thing that is measured. */
export interface Row {
  readonly name: string;
  /** What the measuring process is told to do; `name` where it is not said. */
  readonly work?: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** How a value is set against the floor's: divided by it, or what it adds to it. */
  readonly comparison: 'ratio' | 'difference';
  /** Who takes the time: the measured process, or its parent until the process ends or prints `listed`. */
  readonly timeUntil: 'reported' | 'exit' | 'listed';
  /** The server that the row's processes are given the address of; undefined where a client starts its own. */
  readonly server: HTTPServerOptions | undefined;
  /** Client and server share one processor, where `taskset` is there to say so. */
  readonly pinned: boolean;
  /** Fresh processes a round and client; their median is the value of the round. */
  readonly processes: number;
  /** Rows that hardly move stop after this many rounds. */
  readonly maxRounds: number;
  readonly digits: number;
  readonly targets: readonly Target[];
}

const usual = {
  comparison: 'ratio',
  timeUntil: 'reported',
  server: undefined,
  pinned: false,
  processes: 1,
  maxRounds: Infinity,
  targets: [],
} as const;

const ours = (bound: Target['bound'], value: number): readonly Target[] => [{ client: 'ours', bound, value }];

/** Every row over stdio, in the order in which it runs. */
export const STDIO_ROWS: readonly Row[] = [
  {
    ...usual,
    name: 'sequential',
    title: 'one call after the other, client and server on one processor',
    unit: 'calls/s',
    better: 'more',
    pinned: true,
    digits: 0,
    targets: ours('at least', 0.9),
  },
  { ...usual, name: 'parallel', title: '64 calls at once', unit: 'calls/s', better: 'more', digits: 0, targets: ours('at least', 0.85) },
  {
    ...usual,
    name: 'notifications',
    title: '100,000 notifications (log and progress) on one call',
    unit: 'notifications/s',
    better: 'more',
    digits: 0,
    targets: ours('at least', 0.85),
  },
  { ...usual, name: 'long-text', title: 'a result of 10 MiB', unit: 'ms', better: 'less', digits: 1, targets: ours('at most', 1.2) },
  { ...usual, name: 'list', title: 'tools/list of 50 tools', unit: 'ms', better: 'less', digits: 3, targets: ours('at most', 1.1) },
  { ...usual, name: 'connect', title: 'spawn and handshake', unit: 'ms', better: 'less', processes: 3, digits: 1 },
  {
    ...usual,
    name: 'import',
    title: 'loading the module, over an empty process',
    unit: 'ms',
    better: 'less',
    comparison: 'difference',
    timeUntil: 'exit',
    processes: 5,
    digits: 1,
    targets: ours('at most', 15),
  },
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
    targets: ours('at most', 20),
  },
  { ...usual, name: 'memory', title: 'heap of one of 50 idle servers', unit: 'KiB', better: 'less', maxRounds: 2, digits: 1 },
];
