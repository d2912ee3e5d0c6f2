/**
 * @file A task that ends its process, submitted by a task that was submitted by a task: it does so
 * as often as one that stands alone, however deep it lies and whichever of them die with it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, LocalCluster } from "../../dist/index.js";
import { nested } from "./fixtures/killers.mjs";

const ROUNDS = 3;
const folder = join(tmpdir(), "heddle-killers-");
let cluster: LocalCluster;
let client: Client;

beforeAll(async () => {
  cluster = new LocalCluster({ nWorkers: 2, threadsPerWorker: 1, dashboardAddress: null });
  client = new Client(cluster);
  await client.ready;
});

afterAll(async () => {
  await client.close();
  await cluster.close();
});

for (const depth of [0, 1, 2, 3, 4]) {
  test(`at depth ${depth} it ends four processes`, async () => {
    const place = mkdtempSync(folder);
    for (let round = 0; round < ROUNDS; round++) {
      const file = join(place, String(round));
      writeFileSync(file, "");
      const killed = client.options({ pure: false }).submit(nested, depth, file);
      const error = await killed.exception();
      // Whoever waited may hear of it as what its task has thrown.
      const codes = [error, error?.cause].map(
        (one) => (one as { code?: string } | undefined)?.code,
      );
      expect(codes).toContain("KilledWorker");
      expect(readFileSync(file, "utf8")).toBe("xxxx");
    }
    rmSync(place, { recursive: true });
  });
}
