/**
 * @file Arrays where address space is scarce (`ulimit -v`, as on shared login nodes): V8 guards a
 * WebAssembly memory with 10 GiB of addresses unless its trap handler is off.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const url = new URL("../../dist/ndarray/index.js", import.meta.url).href;

/** Runs a program that sums a million ones, with `kilobytes` of address space. */
function runLimited(kilobytes: number, flags: string): { status: number | null; output: string } {
  const program = `
    import { ones, sum } from ${JSON.stringify(url)};
    console.log(sum(ones(1_000_000)));`;
  const command = `ulimit -v ${kilobytes}; exec "$0" ${flags} --input-type=module -e "$1"`;
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command, process.execPath, program], {
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

/** What a program prints whose one task returns a text. */
function runTask(command: string): string {
  const program = fileURLToPath(new URL("./fixtures/engine/no-memory.mjs", import.meta.url));
  return spawnSync("bash", ["-c", command, process.execPath, program], { encoding: "utf8" }).stdout;
}

describe.skipIf(process.platform !== "linux")("under ulimit -v", () => {
  it("works in 6 GB when Node's trap handler is off, in arenas of the size that can be had", () => {
    expect(runLimited(6_000_000, "--disable-wasm-trap-handler")).toEqual({
      status: 0,
      output: "1000000\n",
    });
  });

  it("works in 20 GB as it is", () => {
    expect(runLimited(20_000_000, "").output).toBe("1000000\n");
  });

  it("says what to do when there is no address space at all", () => {
    const { status, output } = runLimited(6_000_000, "");
    expect(status).not.toBe(0);
    expect(output).toMatch(/ulimit -v.*--disable-wasm-trap-handler/s);
  });

  it("a task's error says the same", () => {
    expect(runTask('ulimit -v 4000000; exec "$0" "$1"')).toMatch(
      /^MemoryLimit: .*ulimit -v.*--disable-wasm-trap-handler/,
    );
  });
});

it.skipIf(process.platform === "win32")("a task's error says that WebAssembly is missing", () => {
  expect(runTask('exec "$0" --jitless "$1"')).toMatch(/^MemoryLimit: .*--jitless/);
});
