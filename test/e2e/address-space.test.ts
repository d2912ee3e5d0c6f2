/**
 * @file Arrays where address space is scarce (`ulimit -v`, as on shared login nodes): V8 guards a
 * WebAssembly memory with 10 GiB of addresses unless its trap handler is off.
 */
import { spawnSync } from "node:child_process";
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
});
