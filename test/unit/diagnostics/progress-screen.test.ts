import { describe, expect, it } from "vitest";
import { LiveLines, outputMode } from "../../../src/diagnostics/progress-screen.ts";

/** A terminal that keeps what is visible: understands line ends, cursor up and erase below. */
class FakeTerminal {
  readonly isTTY = true;
  readonly columns = 80;
  lines: string[] = [""];
  row = 0;

  write(text: string | Uint8Array): boolean {
    const plain = typeof text === "string" ? text : new TextDecoder().decode(text);
    for (const part of plain.split(/(\u001B\[\d*[AJ]|\n)/)) {
      if (part === "\n") {
        this.row += 1;
        this.lines[this.row] ??= "";
      } else if (part.endsWith("A") && part.startsWith("\u001B")) {
        this.row -= Number(part.slice(2, -1));
      } else if (part === "\u001B[0J") {
        this.lines = [...this.lines.slice(0, this.row), ""];
      } else {
        this.lines[this.row] += part;
      }
    }
    return true;
  }

  get text(): string {
    return this.lines.join("\n");
  }
}

describe("LiveLines", () => {
  it("redraws in place, keeps log lines above, and leaves the last lines", () => {
    const terminal = new FakeTerminal();
    const write = terminal.write;
    const live = new LiveLines(terminal);
    live.draw(["one", "two"]);
    live.draw(["ONE", "TWO"]);
    expect(terminal.text).toBe("ONE\nTWO\n");
    terminal.write("a log line\n");
    expect(terminal.text).toBe("a log line\nONE\nTWO\n");
    terminal.write(new TextEncoder().encode("bytes\n"));
    live.draw(["three"]);
    live.close(["end"]);
    terminal.write("after\n");
    expect(terminal.text).toBe("a log line\nbytes\nend\nafter\n");
    expect(terminal.write).toBe(write);
  });

  it("begins below a text without a line end", () => {
    const terminal = new FakeTerminal();
    const live = new LiveLines(terminal);
    live.draw(["bar"]);
    terminal.write("half");
    expect(terminal.text).toBe("half");
    live.draw(["bar"]);
    expect(terminal.text).toBe("half\nbar\n");
    live.close();
    expect(terminal.text).toBe("half\n");
  });
});

describe("outputMode", () => {
  const terminal = { write: () => true, isTTY: true };
  const pipe = { write: () => true };

  it("draws in place only on a terminal outside CI", () => {
    expect(outputMode(terminal, {}).live).toBe(true);
    expect(outputMode(pipe, {}).live).toBe(false);
    expect(outputMode(terminal, { CI: "true" }).live).toBe(false);
    expect(outputMode(terminal, { CI: "false" }).live).toBe(true);
    expect(outputMode(terminal, { TERM: "dumb" }).live).toBe(false);
  });

  it("colours terminals, unless NO_COLOR forbids or FORCE_COLOR decides", () => {
    expect(outputMode(terminal, {}).color).toBe(true);
    expect(outputMode(terminal, { NO_COLOR: "1" }).color).toBe(false);
    expect(outputMode(terminal, { NO_COLOR: "" }).color).toBe(true);
    expect(outputMode(pipe, { FORCE_COLOR: "1" }).color).toBe(true);
    expect(outputMode(terminal, { FORCE_COLOR: "0" }).color).toBe(false);
  });
});
