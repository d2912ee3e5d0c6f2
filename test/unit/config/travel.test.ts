/** @file Configuration that goes with a cluster to other hosts. */
import { describe, expect, it } from "vitest";
import { Config } from "../../../src/config/config.ts";
import type { ConfigKey, ConfigValues } from "../../../src/config/schema.ts";
import { type ConfigLayer, collectEnv, type Entry } from "../../../src/config/sources.ts";
import { travels } from "../../../src/config/travel.ts";

type Values = Partial<ConfigValues>;

function file(values: Values): ConfigLayer {
  const entry = (value: unknown): Entry => ({
    value,
    origin: { source: "file", where: "f.yaml:1" },
  });
  return new Map(Object.entries(values).map(([key, value]) => [key as ConfigKey, entry(value)]));
}

/** The configuration of a host with that file and those variables. */
function host(values: Values = {}, env: Record<string, string> = {}): Config {
  return new Config(() => [file(values), collectEnv(env)]);
}

function sizeAt(worker: Config, sender: Config): number {
  worker.receive(sender.serializeForHosts());
  return worker.get("array.svg.size");
}

describe("of two hosts", () => {
  const byFile = host({ "array.svg.size": 30 });
  const byVariable = host({}, { HEDDLE_ARRAY__SVG__SIZE: "40" });
  const bySet = host();
  bySet.set({ "array.svg.size": 50 });

  it("what the cluster says counts where the worker's says nothing", () => {
    for (const [sender, size] of [[byFile, 30] as const, [byVariable, 40] as const]) {
      expect(sizeAt(host({ "array.chunk-size": 1 }), sender)).toBe(size);
    }
    expect(sizeAt(host(), bySet)).toBe(50);
  });

  it("the worker's own counts among equals", () => {
    expect(sizeAt(host({ "array.svg.size": 31 }), byFile)).toBe(31);
    expect(sizeAt(host({}, { HEDDLE_ARRAY__SVG__SIZE: "41" }), byVariable)).toBe(41);
  });

  it("the stronger source counts wherever it is", () => {
    expect(sizeAt(host({ "array.svg.size": 31 }), byVariable)).toBe(40);
    expect(sizeAt(host({}, { HEDDLE_ARRAY__SVG__SIZE: "41" }), byFile)).toBe(41);
    expect(sizeAt(host({ "array.svg.size": 31 }, { HEDDLE_ARRAY__SVG__SIZE: "41" }), bySet)).toBe(
      50,
    );
  });

  it("what the worker's program sets counts most, and origins tell where values come from", () => {
    const worker = host();
    worker.receive(bySet.serializeForHosts());
    expect(worker.origin("array.svg.size")).toEqual({ source: "received", where: "set" });
    expect(worker.hasReceived).toBe(true);
    worker.set({ "array.svg.size": 60 });
    expect(worker.get("array.svg.size")).toBe(60);
    expect(host().hasReceived).toBe(false);
  });

  it("what was received stays when files are read again", () => {
    const worker = host();
    worker.receive(bySet.serializeForHosts());
    worker.refresh();
    expect(worker.get("array.svg.size")).toBe(50);
  });

  it("it goes on to the processes that the worker starts", () => {
    const worker = host();
    worker.receive(bySet.serializeForHosts());
    const process = host();
    process.adopt(worker.serialize());
    expect(process.get("array.svg.size")).toBe(50);
  });
});

it("paths of a host and what clusters are like stay where they are", () => {
  const sender = host();
  sender.set({
    ...{ "temporary-directory": "/scratch", "worker.node": "/opt/node", "log.level": "debug" },
    "jobqueue.slurm.job-script-prologue": ["export PASSWORD=secret"],
  });
  expect(sender.serialize()).toContain("secret");
  const text = sender.serializeForHosts();
  expect(JSON.parse(text)).toEqual([
    ["log.level", { value: "debug", origin: { source: "set", where: "" } }],
  ]);
  expect(travels("scheduler.allowed-failures")).toBe(true);
});

it("what is none is refused", () => {
  expect(() => host().receive("{}")).toThrow(/config.serialize/);
  expect(() => host().receive("x")).toThrow(/config.serialize/);
  expect(() => host().receive('[["no.such",{"value":1,"origin":{}}]]')).toThrow(/no.such/);
});
