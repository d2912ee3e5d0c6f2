/**
 * @file Lines that stay at the bottom of a terminal while other output scrolls above them. Whatever
 * is written to stdout or stderr meanwhile goes above: the lines are wiped first and drawn again.
 */

/** The part of a stream that is used. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What kind of output a stream takes. */
export interface OutputMode {
  /** Lines may be redrawn in place. */
  readonly live: boolean;
  readonly color: boolean;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * How to write to a stream: in place only on a terminal outside CI; in colour where the terminal
 * is, unless NO_COLOR forbids or FORCE_COLOR demands it.
 */
export function outputMode(stream: OutputStream, env: Environment): OutputMode {
  const isTerminal = stream.isTTY === true && env["TERM"] !== "dumb";
  const live = isTerminal && !isSet(env["CI"]);
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return { live, color: isSet(forced) };
  return { live, color: live && (env["NO_COLOR"] ?? "") === "" };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(0|false|)$/i.test(value);
}

/** Lines at the bottom of a terminal. */
export class LiveLines {
  readonly #stream: OutputStream;
  readonly #write: (text: string) => unknown;
  readonly #restore: (() => void)[] = [];
  #lines: readonly string[] = [];
  /** Somebody wrote a text without a line end: the lines must begin below it. */
  #isMidLine = false;

  /** `others` are the streams that share the terminal with `stream`. */
  constructor(stream: OutputStream, others: readonly OutputStream[] = []) {
    this.#stream = stream;
    this.#write = stream.write.bind(stream);
    for (const shared of new Set([stream, ...others])) {
      if (shared.isTTY === true) this.#intercept(shared);
    }
  }

  get columns(): number {
    return this.#stream.columns ?? 80;
  }

  /** Replaces the lines. One write, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    const start = this.#isMidLine && lines.length > 0 ? "\n" : eraseText(this.#lines.length);
    this.#write(start + lines.map((line) => `${line}\n`).join(""));
    this.#lines = lines;
    this.#isMidLine &&= lines.length === 0;
  }

  /** Draws the last lines, which stay, and gives the streams back. */
  close(lines: readonly string[] = []): void {
    this.draw(lines);
    for (const restore of this.#restore) restore();
  }

  #intercept(stream: OutputStream): void {
    const own = Object.getOwnPropertyDescriptor(stream, "write");
    const original = stream.write;
    const write = (...args: unknown[]): unknown => {
      this.#write(eraseText(this.#lines.length));
      const result = Reflect.apply(original, stream, args);
      this.#isMidLine = !endsLine(args[0]);
      if (this.#isMidLine) this.#lines = [];
      else this.#write(this.#lines.map((line) => `${line}\n`).join(""));
      return result;
    };
    Object.defineProperty(stream, "write", { value: write, configurable: true, writable: true });
    this.#restore.push(() => {
      if (own === undefined) Reflect.deleteProperty(stream, "write");
      else Object.defineProperty(stream, "write", own);
    });
  }
}

function endsLine(chunk: unknown): boolean {
  return chunk instanceof Uint8Array ? chunk.at(-1) === 10 : String(chunk).endsWith("\n");
}

/** Moves up over `count` lines and wipes them. */
function eraseText(count: number): string {
  return count === 0 ? "" : `\u001B[${count}A\u001B[0J`;
}
