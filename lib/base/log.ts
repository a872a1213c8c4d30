/** Where the library says what it saw. Nothing is ever printed by the library itself. */
export interface Logger {
  debug?(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info?(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn?(message: string, facts?: Readonly<Record<string, unknown>>): void;
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

/** Makes a {@link Log} over the host's logger, or over none. `CRITICAL` silences everything the library says. */
export function createLog(logger: Logger | undefined, level: LogLevel): Log {
  const least = LOG_LEVELS.indexOf(level);
  const method = (name: Method): Log[Method] => {
    if (logger === undefined || RANK[name] < least) return () => {};
    return (message, facts) => {
      try {
        logger[name]?.(message, facts);
      } catch {
        // A logger that throws is the host's own trouble; there is nowhere left to say so.
      }
    };
  };
  return Object.freeze({ debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') });
}
