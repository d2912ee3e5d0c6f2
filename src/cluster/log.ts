/**
 * @file Writes the events of a program to stderr: lines for people, coloured in a terminal, or JSON
 * lines. What others have sent (names, reasons) cannot change the terminal: control characters are
 * taken out.
 */
import {
  configureSync,
  getAnsiColorFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
  sanitizeControlSequences,
  type TextFormatter,
} from "@logtape/logtape";
import type { EventLog, LogLevel } from "./event-log.ts";
import type { LogFormat } from "./worker-settings.ts";

/** The log of this process, which is of one kind: `scheduler`, `supervisor`, `worker`. */
export function openEventLog(kind: string, level: LogLevel, format: LogFormat): EventLog {
  const formatter = formatterFor(format);
  const write = (record: LogRecord): void => {
    process.stderr.write(formatter(record));
  };
  const lowestLevel = level === "silent" ? null : level === "warn" ? "warning" : level;
  configureSync({
    reset: true,
    sinks: { stderr: write },
    loggers: [
      { category: ["heddle"], sinks: ["stderr"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  const logger = getLogger(["heddle", kind]);
  return {
    debug: (message, facts = {}) => logger.debug(message, { ...facts }),
    info: (message, facts = {}) => logger.info(message, { ...facts }),
    warn: (message, facts = {}) => logger.warn(message, { ...facts }),
    error: (message, facts = {}) => logger.error(message, { ...facts }),
  };
}

function formatterFor(format: LogFormat): TextFormatter {
  if (format === "json") return jsonLine;
  const options = { value: shown, timestamp: "date-time-tz", category: "." } as const;
  const isColoured = process.stderr.isTTY && process.env["NO_COLOR"] === undefined;
  return isColoured
    ? getAnsiColorFormatter({ ...options, categoryStyle: null })
    : getTextFormatter(options);
}

/** One event as JSON: time, level, who, the message with its facts in place, and the facts. */
function jsonLine({ timestamp, level, category, message, properties }: LogRecord): string {
  const text = message.map((part) => (typeof part === "string" ? part : JSON.stringify(part)));
  const time = new Date(timestamp).toISOString();
  const program = category.at(-1);
  return `${JSON.stringify({ ...properties, time, level, program, message: text.join("") })}\n`;
}

function shown(value: unknown, inspect: (value: unknown) => string): string {
  return typeof value === "string" ? sanitizeControlSequences(value) : inspect(value);
}
