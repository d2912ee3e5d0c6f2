/** @file Dask's configuration files, translated. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findRule, type Imported, importDask } from "../../../src/config/import-dask.ts";
import { findKey } from "../../../src/config/keys.ts";
import { CONFIG_KEYS } from "../../../src/config/schema.ts";
import daskKeys from "../../conformance/dask-config-keys.json" with { type: "json" };

function translate(text: string): Imported {
  return importDask([{ path: "dask.yaml", text }]);
}

/** The values of the result, as our own files are read. */
function valuesOf(text: string): unknown {
  return parse(translate(text).text);
}

function reasonFor(text: string): string | undefined {
  const { left } = translate(text);
  expect(left).toHaveLength(1);
  return left[0]?.reason;
}

describe("every key of Dask's", () => {
  it("has a rule, which names a key of ours or gives a reason", () => {
    expect(daskKeys.length).toBe(381);
    const given: readonly unknown[] = [null, true, "x", 1];
    for (const key of daskKeys) {
      const rule = findRule(key);
      expect(rule, key).toBeDefined();
      for (const value of given) {
        const result = rule?.(value);
        if (result === undefined || "reason" in result) continue;
        expect(findKey(result.to), `${key} -> ${result.to}`).toBeDefined();
      }
    }
  });

  it("is either translated or listed", () => {
    const text = daskKeys.map((key) => `${key}: 1\n`).join("");
    const { translated, left } = translate(text);
    const found = [...translated.map(({ from }) => from), ...left.map(({ key }) => key)];
    expect(found.sort()).toEqual([...daskKeys].sort());
  });

  it("that has a key of the same name here is translated to it", () => {
    const bare = (key: string): string => key.replace(/^distributed\./, "");
    const same = daskKeys.filter((key) => CONFIG_KEYS.some((own) => own === bare(key)));
    expect(same.length).toBeGreaterThan(100);
    for (const key of same) {
      const values: readonly unknown[] = [[], "x"];
      const results = values.map((value) => findRule(key)?.(value));
      const isPython = /\.worker-command$/.test(key);
      const named = results.some((one) => one !== undefined && "to" in one && one.to === bare(key));
      expect(named || isPython, key).toBe(true);
    }
  });
});

describe("values", () => {
  it("are translated with their units: bare numbers of seconds get one", () => {
    const text = "distributed:\n  adaptive: { interval: 2, maximum: .inf }\n";
    expect(valuesOf(text)).toEqual({ adaptive: { interval: "2s", maximum: null } });
    expect(valuesOf("distributed.scheduler.worker-ttl: '30'\n")).toEqual({
      comm: { timeouts: { dead: "30s" } },
    });
    expect(valuesOf("array.chunk-size: 64MiB\n")).toEqual({ array: { "chunk-size": "64MiB" } });
  });

  it("are read as Python reads them: on, off and underscores in names", () => {
    expect(valuesOf("distributed.worker:\n  memory: {max_spill: off, pause: no}\n")).toEqual({
      worker: { memory: { "max-spill": null, pause: false } },
    });
  });

  it("that are words get ours", () => {
    expect(valuesOf("array.rechunk.method: p2p\n")).toEqual({
      array: { rechunk: { method: "exchange" } },
    });
    expect(valuesOf("scheduler: synchronous\n")).toEqual({ scheduler: "sync" });
    const logging = "logging:\n  distributed: WARNING\n  bokeh: error\n";
    expect(valuesOf(logging)).toEqual({ log: { level: "warn" } });
    expect(translate(logging).text).toContain("# Look at this: the levels of bokeh have no equal.");
  });

  it("that Heddle does not take are listed with what it takes", () => {
    expect(reasonFor("array.chunk-size: large\n")).toContain("must be a size in bytes");
    expect(reasonFor("scheduler: processes\n")).toContain('"threads"');
  });

  it("that are modules of Python are not translated, but none are none", () => {
    expect(reasonFor("distributed.worker.preload: [my.module]\n")).toContain("modules of Python");
    expect(valuesOf("distributed.worker.preload: []\n")).toEqual({ worker: { preload: [] } });
  });

  it("of keys that nobody knows are listed", () => {
    expect(reasonFor("dataframe.colour: red\n")).toContain("neither Dask nor Heddle");
    expect(reasonFor("distributed.worker.colour: red\n")).toContain("no such key of the workers");
  });
});

describe("sections of jobqueue.yaml", () => {
  const text = [
    "jobqueue:",
    "  slurm:",
    "    cores: 72 # of a node",
    "    memory: 192GB",
    "    walltime: 1:30:00",
    "    project: physics",
    "    python: /opt/python",
    "    death-timeout: 60",
    "    job-extra: ['--gres=gpu:1']",
    "    env-extra: ['module load gcc', 'conda activate dask']",
    "    extra: ['--lifetime', '55m']",
    "    log-directory: null",
    "    scheduler-options:",
    "      { interface: ib0, dashboard_address: ':0', idle_timeout: 90, allowed_failures: 9 }",
    "",
  ].join("\n");

  it("are translated, old names to new ones", () => {
    const prologue = ["module load gcc", "conda activate dask"];
    expect(valuesOf(text)).toEqual({
      jobqueue: {
        slurm: {
          ...{ cores: 72, memory: "192GB", walltime: "1:30:00", account: "physics" },
          ...{ "death-timeout": "60s", "job-extra-directives": ["--gres=gpu:1"] },
          ...{ "job-script-prologue": prologue, "worker-extra-args": ["--lifetime", "55m"] },
          "scheduler-options": { interface: "ib0", dashboardAddress: ":0", idleTimeout: "90s" },
        },
      },
    });
  });

  it("say what to look at, and why Python's path is not translated", () => {
    const { text: result, left } = translate(text);
    expect(result).toContain("cores: 72 # of a node");
    expect(result).toContain("# Look at this: this may be there for Python alone.");
    expect(result).toContain("# Look at this: these are now flags of heddle worker");
    expect(result).toContain("# Look at this: without allowed_failures");
    expect(left.map(({ key }) => key)).toEqual([
      "jobqueue.slurm.python",
      "jobqueue.slurm.log-directory",
    ]);
    expect(left[0]?.reason).toContain("HEDDLE_NODE");
  });

  it("of clusters on this machine are listed; those that users named stay what they are", () => {
    expect(reasonFor("jobqueue: {local: {cores: 2}}\n")).toContain("LocalCluster");
    expect(translate("jobqueue: {gadi: {cores: 2}}\n").text).toContain("cores: 2");
    expect(reasonFor("jobqueue: {gadi: {qeueu: x}}\n")).toContain("jobqueue.gadi.qeueu");
  });
});

describe("files", () => {
  it("keep their comments, beside the values that they are about", () => {
    const text = [
      "# My file",
      "distributed:",
      "  # About memory",
      "  worker:",
      "    memory:",
      "      # Early",
      "      target: 0.5 # of the limit",
      "      # Not here",
      "      transfer: 0.1",
      "      spill: 0.6",
      "",
    ].join("\n");
    expect(translate(text).text).toBe(
      [
        "# Translated by `heddle config import` from dask.yaml.",
        "",
        "# My file",
        "# About memory",
        "# Early",
        "worker:",
        "  memory:",
        "    target: 0.5 # of the limit",
        "    spill: 0.6",
        "",
        "# Not translated:",
        "#",
        "# room for what is fetched is reserved first:",
        "#   distributed.worker.memory.transfer: 0.1  (dask.yaml:9)",
        "",
      ].join("\n"),
    );
  });

  it("of several say the last word in the last one, and what it replaces is listed", () => {
    const { text, left } = importDask([
      { path: "a.yaml", text: "array.chunk-size: 1MiB\n" },
      { path: "b.yaml", text: "array: { chunk-size: 2MiB }\n" },
    ]);
    expect(parse(text)).toEqual({ array: { "chunk-size": "2MiB" } });
    expect(left).toEqual([
      {
        ...{ key: "array.chunk-size", value: "1MiB", where: "a.yaml:1" },
        reason: "b.yaml:1 says array.chunk-size again, and counts",
      },
    ]);
  });

  it("with anchors and merged groups are read through", () => {
    const text = [
      "base: &base { cores: 4 }",
      "jobqueue:",
      "  slurm: { <<: *base, queue: short }",
      "  pbs: *base",
      "",
    ].join("\n");
    expect(valuesOf(text)).toEqual({
      jobqueue: { slurm: { cores: 4, queue: "short" }, pbs: { cores: 4 } },
    });
  });

  it("with a value where a group of ours is get names with dots", () => {
    const text = "scheduler: threads\ndistributed: { scheduler: { idle-timeout: 1h } }\n";
    expect(valuesOf(text)).toEqual({ scheduler: "threads", "scheduler.idle-timeout": "1h" });
  });

  it("that are empty or all comments give a file without values", () => {
    expect(translate("# distributed:\n#   version: 2\n").text).toBe(
      "# Translated by `heddle config import` from dask.yaml.\n",
    );
  });

  it("with aliases within aliases are refused when they become too much", () => {
    const rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de"]) {
      rows.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(", ")}]`);
    }
    expect(() => translate(rows.join("\n"))).toThrow(/^dask.yaml:\d+: .*alias/i);
  });

  it("that are no YAML are refused with the line", () => {
    expect(() => translate("array:\n  chunk-size: [\n")).toThrow(/^dask\.yaml:3: /);
    expect(() => translate("- 1\n")).toThrow("dask.yaml: it must hold keys");
  });
});
