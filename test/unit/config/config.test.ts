import { describe, expect, expectTypeOf, it } from "vitest";
import { Config } from "../../../src/config/config.ts";
import { type ConfigLayer, collectEnv } from "../../../src/config/sources.ts";

function configWith(env: Record<string, string> = {}): Config {
  return new Config((): ConfigLayer[] => [collectEnv(env)]);
}

describe("config.set", () => {
  it.each([null, 5, "array.chunk-size", ["a"]])("takes settings by name, not %s", (given) => {
    const config = configWith();
    const wrong = given as never;
    expect(() => config.set(wrong)).toThrow(/config.set takes an object of settings/);
    expect(() => config.with(wrong, () => 1)).toThrow(/config.with takes an object of settings/);
  });
});

describe("config.get", () => {
  it("has the type of the key, in both spellings", () => {
    const config = configWith();
    expectTypeOf(config.get("array.chunk-size")).toEqualTypeOf<number>();
    expectTypeOf(config.get("array.chunkSize")).toEqualTypeOf<number>();
    expectTypeOf(config.get("array.rechunk.method")).toEqualTypeOf<"auto" | "tasks" | "exchange">();
    expectTypeOf(config.get("worker.memory.limit")).toEqualTypeOf<number | "auto">();
    expect(config.get("array.chunk-size")).toBe(2 ** 27);
    expect(config.get("array.chunkSize")).toBe(2 ** 27);
    // @ts-expect-error no such key
    expect(() => config.get("array.chunksize")).toThrow(/array.chunk-size/);
  });

  it("reads its sources once, at the first question, and again after refresh", () => {
    let reads = 0;
    const config = new Config(() => {
      reads += 1;
      return [];
    });
    expect(reads).toBe(0);
    config.get("scheduler");
    config.get("array.svg.size");
    expect(reads).toBe(1);
    config.refresh();
    config.get("scheduler");
    expect(reads).toBe(2);
  });
});

describe("precedence", () => {
  it("default < environment < set < with < inner with; each with its origin", () => {
    const config = configWith({ HEDDLE_ARRAY__CHUNK_SIZE: "1 MiB" });
    expect(config.origin("array.svg.size").source).toBe("default");
    expect(config.origin("array.chunk-size").source).toBe("environment");
    const change = config.set({ "array.chunk-size": "2 MiB" });
    expect(config.get("array.chunk-size")).toBe(2 ** 21);
    expect(config.origin("array.chunkSize").source).toBe("set");
    config.with({ "array.chunkSize": 3 }, () => {
      expect(config.get("array.chunk-size")).toBe(3);
      expect(config.origin("array.chunk-size").source).toBe("with");
      config.with({ "array.chunk-size": 4 }, () => expect(config.get("array.chunk-size")).toBe(4));
      expect(config.get("array.chunk-size")).toBe(3);
    });
    change.undo();
    expect(config.get("array.chunk-size")).toBe(2 ** 20);
  });

  it("`using` undoes a set, whatever was set meanwhile", () => {
    const config = configWith();
    const outer = config.set({ "array.svg.size": 50 });
    {
      using _inner = config.set({ "array.svg.size": 60 });
      expect(config.get("array.svg.size")).toBe(60);
      outer.undo();
      expect(config.get("array.svg.size")).toBe(60);
    }
    expect(config.get("array.svg.size")).toBe(120);
  });

  it("pop takes back what set gave and returns it", () => {
    const config = configWith();
    config.set({ "array.svg.size": 50, "blas.threads": 2 });
    config.set({ "array.svg.size": 60 });
    expect(config.pop("array.svg.size")).toBe(60);
    expect(config.get("array.svg.size")).toBe(120);
    expect(config.get("blas.threads")).toBe(2);
  });
});

describe("config.with", () => {
  it("follows await, and two scopes at once do not mix", async () => {
    const config = configWith();
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const read = (size: number) =>
      config.with({ "array.svg.size": size }, async () => {
        await turn();
        const first = config.get("array.svg.size");
        await turn();
        return [first, config.get("array.svg.size")];
      });
    expect(await Promise.all([read(30), read(40)])).toEqual([
      [30, 30],
      [40, 40],
    ]);
    expect(config.get("array.svg.size")).toBe(120);
  });

  it("returns what the function returns, and ends when it throws", () => {
    const config = configWith();
    expect(config.with({}, () => 7)).toBe(7);
    const fail = () =>
      config.with({ "array.svg.size": 30 }, () => {
        throw new Error("mine");
      });
    expect(fail).toThrow("mine");
    expect(config.get("array.svg.size")).toBe(120);
  });
});

describe("bad input", () => {
  it("is refused before anything changes", () => {
    const config = configWith();
    expect(() => config.set({ "array.svg.size": 50, "array.chunk-size": "12 parsecs" })).toThrow(
      'array.chunk-size is "12 parsecs" (config.set); it must be a size in bytes',
    );
    expect(config.get("array.svg.size")).toBe(120);
    // @ts-expect-error a word that is not allowed
    expect(() => config.set({ "array.rechunk.method": "many" })).toThrow(/"tasks" or "exchange"/);
    // @ts-expect-error no such key
    expect(() => config.with({ "array.size": 1 }, () => 0)).toThrow(/no configuration key/);
  });
});

describe("looking around", () => {
  it("list shows a group, find searches names and descriptions", () => {
    const config = configWith({ HEDDLE_WORKER__MEMORY__LIMIT: "1 GiB" });
    expect(config.list("array.rechunk").map((item) => item.key)).toEqual([
      "array.rechunk.method",
      "array.rechunk.threshold",
    ]);
    const limit = config.list("worker").find((item) => item.key === "worker.memory.limit");
    expect(limit).toMatchObject({
      value: 2 ** 30,
      default: "auto",
      origin: { source: "environment" },
    });
    expect(config.find("memory CONTAINER").map((item) => item.key)).toContain(
      "worker.memory.limit",
    );
    expect(config.find("chunkSize").map((item) => item.key)).toContain("array.chunk-size");
    expect(config.find("zebra")).toEqual([]);
  });
});

describe("serialize and adopt", () => {
  it("carry what differs from the defaults, with its origin, and nothing local mixes in", () => {
    const sender = configWith({ HEDDLE_ARRAY__CHUNK_SIZE: "1 MiB" });
    sender.set({ "worker.resources": { GPU: 2 } });
    const receiver = configWith({ HEDDLE_ARRAY__SVG__SIZE: "33" });
    expect(receiver.get("array.svg.size")).toBe(33);
    receiver.adopt(sender.serialize());
    expect(receiver.get("array.chunk-size")).toBe(2 ** 20);
    expect(receiver.get("worker.resources")).toEqual({ GPU: 2 });
    expect(receiver.get("array.svg.size")).toBe(120);
    expect(receiver.origin("array.chunk-size")).toEqual({
      source: "received",
      where: "environment HEDDLE_ARRAY__CHUNK_SIZE",
    });
    expect(() => receiver.adopt("{")).toThrow(/config.serialize/);
  });
});
