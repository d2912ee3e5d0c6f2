/**
 * @file Connections that were refused or broke before anybody had them, for the log. Whoever
 * reaches the port can cause them, as many as they like: the first few are written one by one, then
 * how many there were of each kind, every ten seconds, until there were none for as long.
 */
import type { CommTrouble } from "../comm/index.ts";
import { isHeddleError } from "../core/errors.ts";
import type { EventLog } from "./event-log.ts";

/** So many are written one by one. */
const SINGLE_MAX = 10;
const SUM_MS = 10_000;

export class TroubleLog {
  readonly #log: EventLog;
  #singles = 0;
  /** How often each reason was not written. */
  readonly #more = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: EventLog) {
    this.#log = log;
  }

  note({ kind, remote, error }: CommTrouble): void {
    // Who has several addresses of a scheduler tries which of them answers.
    if (isHeddleError(error) && error.fields["hasOnlyLooked"] === true) {
      this.#log.debug("{remote} has looked whether somebody listens", { remote });
      return;
    }
    this.#timer ??= this.#later();
    if (this.#singles < SINGLE_MAX) {
      this.#singles++;
      const text = kind === "refused" ? "{remote} was refused: {error}" : "{remote} broke: {error}";
      this.#log.warn(text, { remote, error: error.message });
      return;
    }
    // The codes are few; the texts may be the other side's.
    const reason = `${kind}: ${isHeddleError(error) ? error.code : error.name}`;
    this.#more.set(reason, (this.#more.get(reason) ?? 0) + 1);
  }

  /** Writes what is not written yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#sum();
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = this.#sum() ? this.#later() : undefined;
    }, SUM_MS).unref();
  }

  /** False when there was nothing more, and single ones are written again. */
  #sum(): boolean {
    if (this.#more.size === 0) {
      this.#singles = 0;
      return false;
    }
    const count = [...this.#more.values()].reduce((sum, n) => sum + n, 0);
    const reasons = [...this.#more].map(([reason, n]) => `${n} ${reason}`).join(", ");
    this.#more.clear();
    this.#log.warn("{count} more connections came to nothing ({reasons})", { count, reasons });
    return true;
  }
}
