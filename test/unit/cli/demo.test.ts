import { expect, it } from "vitest";
import { runDemo } from "../../../dist/cli/demo.js";

it("shows four steps with their text and results", async () => {
  let text = "";
  expect(await runDemo((part: string) => (text += part))).toBe(0);
  const results = [...text.matchAll(/^=> ([\s\S]*?) {3}\(/gm)].map((match) => match[1] ?? "");
  expect(results).toHaveLength(4);
  const [array, frame, delays, failure] = results;
  expect(array).toMatch(/0\.\d|1\.\d/);
  expect(frame).toContain("shop: 'north'");
  expect(delays).toMatch(/^\[ 1000, 'sum-[0-9a-f]+' \]$/);
  expect(failure).toBe("{ code: 'TaskFailed', cause: 'RangeError: -4 has no real root' }");
  expect(text).toContain("const y = x.add(x.T)");
});
