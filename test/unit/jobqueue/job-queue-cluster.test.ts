/** @file Clusters on batch systems, as far as they need none. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SLURMCluster } from "../../../dist/jobqueue/index.js";
import { readConnectionFile } from "../../../src/comm/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-same-name-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const make = (): SLURMCluster =>
  new SLURMCluster({
    ...{ name: "work", cores: 1, memory: "1GB" },
    ...{ sharedTempDirectory: folder, dashboardAddress: null },
  });

test("a second cluster of the same name is refused, and the file stays", async () => {
  const file = join(folder, "work.json");
  const first = make();
  await first.ready;
  const { token } = readConnectionFile(file);
  const second = make();
  await expect(second.ready).rejects.toThrow(/a cluster named "work" runs already/);
  await expect(second.scale(1)).rejects.toThrow(/runs already/);
  await second.close();
  expect(readConnectionFile(file).token).toBe(token);
  await first.close();
  expect(existsSync(file)).toBe(false);
  const third = make();
  await third.ready;
  await third.close();
});

test("nonsense in place of options is refused in words", async () => {
  for (const options of [null, 3, "x"]) {
    expect(() => new SLURMCluster(options as never)).toThrow(/SLURMCluster takes an object/);
  }
  const cluster = make();
  await cluster.ready;
  expect(() => cluster.adapt(null as never)).toThrow(/adapt takes an object/);
  expect(() => cluster.adapt({ group: "gpu" })).toThrow('no group "gpu". Groups: default');
  await cluster.close();
});
