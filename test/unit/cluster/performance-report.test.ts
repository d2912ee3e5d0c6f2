import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { performanceReport } from "../../../dist/cluster/index.js";
import { type Client, span } from "../../../dist/index.js";
import { ENGINES, startEngine } from "../../support/engines.ts";

describe.each(ENGINES)("a performance report of %s", (engine) => {
  let client: Client;
  const folder = mkdtempSync(join(tmpdir(), "heddle-report-"));

  beforeAll(async () => {
    const started = await startEngine(engine, 1);
    client = started.client;
    return started.close;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const spin = (n: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.sqrt(i);
    return sum;
  };

  test("tells what ran meanwhile, with its spans and samples", async () => {
    await client.submit(() => "before").result();
    const file = join(folder, "report.html");
    const work = async (): Promise<string> => {
      const futures = span("outer", () => span("inner", () => client.map(spin, [5e7, 5e7 + 1])));
      await futures.results();
      return "done";
    };
    expect(await performanceReport(file, work, { client, title: "Mine" })).toBe("done");
    const html = readFileSync(file, "utf8");
    expect(html).toContain("<title>Mine</title>");
    expect(html).toMatch(/<title>spin( \(2 tasks\))? in outer \/ inner/);
    expect(html).toContain("<td>outer / inner</td><td>2</td>");
    expect(html).toMatch(/<div class="c\d+"[^>]*title="spin: /);
    expect(html).not.toContain("<title>lambda");
  });

  test("is written also when the function throws, which is thrown", async () => {
    const file = join(folder, "failed.html");
    const options = { client, profile: false };
    const thrown = performanceReport(
      file,
      () => {
        throw new RangeError("no");
      },
      options,
    );
    await expect(thrown).rejects.toThrow("no");
    expect(readFileSync(file, "utf8")).toContain("It was not measured");
  });
});
