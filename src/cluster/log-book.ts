/**
 * @file A log that is kept in memory: the last events of a cluster, as lines, under the names of
 * the workers that they are about. What `cluster.logs()` gives.
 */
import type { EventFacts, EventLog } from "./event-log.ts";

/** So many lines are kept of each name. */
const LINES_MAX = 1000;
/** What is about no worker. */
const SCHEDULER = "scheduler";

export class LogBook implements EventLog {
  readonly #lines = new Map<string, string[]>();

  debug(): void {
    // Of every day: not kept.
  }

  info(message: string, facts: EventFacts = {}): void {
    this.#add("info", message, facts);
  }

  warn(message: string, facts: EventFacts = {}): void {
    this.#add("warn", message, facts);
  }

  error(message: string, facts: EventFacts = {}): void {
    this.#add("error", message, facts);
  }

  /** All lines by name. */
  texts(): Record<string, string> {
    const entries = [...this.#lines].map(([name, lines]) => [name, `${lines.join("\n")}\n`]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  #add(level: string, message: string, facts: EventFacts): void {
    const text = message.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(facts[name]));
    const line = `${new Date().toISOString()} ${level} ${text}`;
    const { name } = facts;
    for (const about of typeof name === "string" ? [SCHEDULER, name] : [SCHEDULER]) {
      const lines = this.#lines.get(about) ?? [];
      lines.push(line);
      if (lines.length > LINES_MAX) lines.shift();
      this.#lines.set(about, lines);
    }
  }
}
