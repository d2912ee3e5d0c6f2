import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { controlOf, hydraLaunch } from "../../../src/mpi/hydra.ts";

const words = (...all: string[]): string => `${all.join("\0")}\0`;

describe("what names a launch of hydra", () => {
  it("is where mpirun listens, in the command line of the proxy", () => {
    const proxy = ["/usr/bin/hydra_pmi_proxy", "--control-port", "n1:34927", "--rmk", "user"];
    expect(controlOf(words(...proxy))).toBe("n1:34927");
  });

  it("is written in two words by Intel MPI", () => {
    const upstream = ["--upstream-host", "n1", "--upstream-port", "34927"];
    expect(controlOf(words("/opt/bin/hydra_bstrap_proxy", ...upstream))).toBe("n1:34927");
  });

  it("is in no other command", () => {
    expect(controlOf(words("/bin/sh", "--control-port", "n1:34927"))).toBeUndefined();
    expect(controlOf(words("/usr/bin/hydra_pmi_proxy", "--rmk", "user"))).toBeUndefined();
    expect(controlOf("")).toBeUndefined();
  });

  it("is not there for processes that no proxy has started, or that are gone", () => {
    expect(hydraLaunch()).toBeUndefined();
    expect(hydraLaunch(2 ** 30)).toBeUndefined();
  });

  it("is looked for among the ancestors of a rank, which a shell may have started", () => {
    const module = new URL("../../../dist/mpi/hydra.js", import.meta.url).href;
    const rank = `import(${JSON.stringify(module)}).then((m) => console.log(m.hydraLaunch()))`;
    const shell = `spawnSync("sh", ["-c", '"$0" -e "$1"; true', process.execPath, process.argv[1]], {
      stdio: "inherit" })`;
    const proxy = `const { spawnSync } = require("node:child_process"); ${shell};`;
    const { stdout } = spawnSync(
      process.execPath,
      ["-e", proxy, "--", rank, "--control-port", "n1:34927"],
      { argv0: "hydra_pmi_proxy", encoding: "utf8" },
    );
    expect(stdout).toBe("n1:34927\n");
  });
});
