/**
 * @file Where the programs of a cluster write what happens: a message with named facts in braces,
 * `log.info("worker {name} joined", { name })`. Apart from what writes it (`log.ts`), so that
 * programs without a log need not load that. Secrets never go into a log: neither tokens nor keys
 * are facts of any event.
 */

/** Facts of an event: numbers and texts. */
export type EventFacts = Readonly<Record<string, unknown>>;

export interface EventLog {
  debug(message: string, facts?: EventFacts): void;
  info(message: string, facts?: EventFacts): void;
  warn(message: string, facts?: EventFacts): void;
  error(message: string, facts?: EventFacts): void;
}

/** A log that writes nothing. */
export const SILENT: EventLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Writes to both. */
export function bothLogs(a: EventLog, b: EventLog): EventLog {
  const write =
    (level: keyof EventLog) =>
    (message: string, facts?: EventFacts): void => {
      a[level](message, facts);
      b[level](message, facts);
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

/** From which event on a log is written. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
