import { callSafely } from './listeners.ts';
import { escapeText } from './text.ts';

/**
 * Where the library says what it saw. Nothing is ever printed by the library itself. A message is one line without control characters;
 * `facts.cause` is an error as it was thrown, whose members may hold what a peer sent.
 */
export interface Logger {
  /** What only matters while something is looked for: every change of state, what a server sent for nothing. */
  debug?(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** What a host may want to know of a server that is well. */
  info?(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Something is wrong, and the library goes on by itself. */
  warn?(message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Something is wrong that does not mend itself, or code of the host failed. */
  error?(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** The levels of the option `logLevel`, least severe first. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
Object.freeze(LOG_LEVELS);

/** One of {@link LOG_LEVELS}: the logger hears of this level and above. */
export type LogLevel = (typeof LOG_LEVELS)[number];

type Method = 'debug' | 'info' | 'warn' | 'error';
const RANK: Readonly<Record<Method, number>> = Object.freeze({ debug: 0, info: 1, warn: 2, error: 3 });

/** A logger that is always whole, hears of `level` and above only, and whose throwing harms nobody. */
export type Log = Required<Logger>;

const hearNothing = (): void => {};

/** Makes a {@link Log} over the host's logger, or over none. `CRITICAL` silences everything the library says. */
export function createLog(logger: Logger | undefined, level: LogLevel): Log {
  const least = LOG_LEVELS.indexOf(level);
  const method = (name: Method): Log[Method] => {
    if (logger === undefined || RANK[name] < least) return () => {};
    return (message, facts) => {
      // A logger that throws, or rejects, is the host's own trouble; there is nowhere left to say so.
      callSafely(() => logger[name]?.(escapeText(message, Infinity), facts), undefined, hearNothing, name);
    };
  };
  return Object.freeze({ debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') });
}
