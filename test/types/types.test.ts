/**
 * @file The interface as users write it: the programs beside this file, and the type tests
 * (`*.test-d.ts`), are checked against the built declarations through the package's own name.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "test/types/programs");

it("every program and type test compiles", () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "tsconfig.types.json", "--pretty", "false"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(stdout + stderr).toBe("");
});

it.each(readdirSync(folder))("%s has at most 15 lines and imports only the package", (name) => {
  const text = readFileSync(join(folder, name), "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(15);
  const imports = [...text.matchAll(/ from "([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.filter((target) => !/^heddle(\/\w+)?$/.test(target))).toEqual([]);
});
