/**
 * Goal: what an engine starts with comes from options, configuration and machine, in this order.
 */
import { afterEach, expect, test } from "vitest";
import { initFrom } from "../../../dist/cluster/engine-options.js";
import { Client, config, LocalCluster } from "../../../dist/index.js";

afterEach(() => {
  config.pop("worker.threads");
  config.pop("blas.library");
});

test("options count before configuration", () => {
  config.set({ "worker.threads": 3 });
  expect(initFrom({}).threads).toBe(3);
  expect(initFrom({ threads: 2 }).threads).toBe(2);
  expect(initFrom({ memoryLimit: "1 GiB" }).memoryLimitBytes).toBe(2 ** 30);
  expect(() => initFrom({ threads: 0 })).toThrow(/at least 1/);
});

test.each([
  [{ threads: 1e6 }, /threads is 1000000; .*at most 1024/],
  [{ memoryLimit: 0 }, /memoryLimit is 0; it must lie between 1.00 MiB and/],
  [{ memoryLimit: Number.NaN }, /memoryLimit is NaN/],
  [{ memoryLimit: "1000TiB" }, /memoryLimit is "1000TiB"/],
])("sizes that no machine has are refused: %j", (options, message) => {
  expect(() => initFrom(options)).toThrow(message);
});

const bare = Object.create(null);
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error("looked at");
    },
  },
);

test.each<[unknown, RegExp]>([
  [{ memoryLimit: {} }, /memoryLimit is a plain object; it may be a number of bytes, or a text/],
  [{ memoryLimit: hostile }, /memoryLimit is a plain object/],
  [{ memoryLimit: Symbol("x") }, /memoryLimit is the symbol Symbol\(x\)/],
  [{ threads: {} }, /threads is \{\}; an engine needs at least 1/],
  [{ threads: bare }, /threads is \[Object: null prototype\] \{\}/],
  [{ threads: hostile }, /threads is \{\}/],
  [{ resources: hostile }, /resources is a plain object; it may be an object of names/],
  [{ resources: new Proxy({}, {}) }, /resources is/],
  [{ localDirectory: "\0" }, /localDirectory is the string '\\x00'; it may be a path/],
  [{ localDirectory: "a".repeat(100_000) }, /localDirectory is the string 'a{190,200}… ?.*a path/],
  [{ threadHeapMb: -1 }, /threadHeapMb is the number -1; it may be a whole number from 1 on/],
])("what is of another kind is refused by name: %#", (options, message) => {
  expect(() => initFrom(options as never)).toThrow(
    expect.objectContaining({ code: "InvalidArgument", message: expect.stringMatching(message) }),
  );
});

test("tasks see the configuration that was in force when the engine started", async () => {
  config.set({ "blas.library": "none" });
  const url = new URL("../../../dist/config/config.js", import.meta.url).href;
  const seen = await Client.with({ threads: 1, setAsDefault: false }, (client) =>
    client
      .submit(async (path: string) => (await import(path)).config.get("blas.library"), url)
      .result(),
  );
  expect(seen).toBe("none");
});

test("misspelt options and other targets are refused, and the nearest name is given", async () => {
  const unchecked = (value: unknown): never => value as never;
  expect(() => new Client(unchecked({ embeded: true }))).toThrow(/did you mean "embedded"/);
  expect(() => new Client(unchecked(null))).toThrow(/not null/);
  expect(() => new LocalCluster(unchecked({ nWorker: 1 }))).toThrow(/did you mean "nWorkers"/);
  await Client.with({ embedded: true, setAsDefault: false }, (client) => {
    expect(() => client.options(unchecked({ retires: 3 }))).toThrow(/did you mean "retries"/);
  });
});
