/** @file On what a benchmark ran: the machine and the versions, kept with its results. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

const PACKAGES = ["dask", "distributed", "numpy", "pandas", "polars", "duckdb"];

/** Versions of the peers, as far as they are installed. */
function pythonVersions(python) {
  const program = `import json, platform, importlib.metadata as m
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
found = {name: version(name) for name in ${JSON.stringify(PACKAGES)}}
print(json.dumps({"python": platform.python_version(), **{k: v for k, v in found.items() if v}}))`;
  const result = spawnSync(python, ["-c", program], { encoding: "utf8" });
  return result.status === 0 ? JSON.parse(result.stdout) : {};
}

/** `python` is what runs the peers; without it there are none. */
export function machineFacts(python) {
  const peers = python === undefined ? {} : pythonVersions(python);
  const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    versions: { heddle: own.version, node: process.versions.node, ...peers },
  };
}
