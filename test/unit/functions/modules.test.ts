import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import {
  isFresh,
  mainModule,
  placeOfImport,
  placeOfUrl,
  setMainModule,
} from "../../../src/functions/modules.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "heddle-modules-test-"));
let count = 0;
let folder: string;
const before = mainModule();
beforeEach(() => {
  folder = path.join(root, String(count++));
  mkdirSync(folder);
});
afterEach(() => setMainModule(before ?? ""));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

test("a module is named by its text and that of all local files it imports", () => {
  write("deep/c.js", "export const c = 1;");
  write("b.js", 'export * from "./deep/c.js"; const late = () => import("./d.js");');
  write("d.js", 'import "./a.js";');
  const url = write("a.js", 'import { c } from "./b.js"; export const a = c;');
  const place = placeOfUrl(url, "import")!;
  expect(place.files?.map((file) => path.basename(file.url))).toEqual([
    "a.js",
    "b.js",
    "c.js",
    "d.js",
  ]);
  expect(isFresh(place)).toBe(true);
  write("deep/c.js", "export const c = 2;");
  expect(isFresh(place)).toBe(false);
  expect(placeOfUrl(url, "import")!.id).not.toBe(place.id);
  write("deep/c.js", "export const c = 1;");
  expect(placeOfUrl(url, "import")!.id).toBe(place.id);
});

test("an edit is seen even if length and time of the file stay the same", () => {
  const url = write("a.js", "export const a = 1;");
  const time = new Date();
  utimesSync(path.join(folder, "a.js"), time, time);
  const place = placeOfUrl(url, "import")!;
  write("a.js", "export const a = 2;");
  utimesSync(path.join(folder, "a.js"), time, time);
  expect(isFresh(place)).toBe(false);
});

test("the same files elsewhere have the same name", () => {
  const first = write("a.js", 'import "./b.js";');
  write("b.js", "1");
  const inOther = write("other/a.js", 'import "./b.js";');
  write("other/b.js", "1");
  expect(placeOfUrl(inOther, "import")!.id).toBe(placeOfUrl(first, "import")!.id);
});

test("TypeScript's and CommonJS's ways to write a file name", () => {
  write("t.ts", "1");
  write("folder/index.js", "1");
  write("data.json", "1");
  const url = write("a.ts", 'import "./t.js"; import "./folder"; require("./data"); import "./t";');
  const files = placeOfUrl(url, "import")!.files!.map((file) =>
    path.relative(folder, new URL(file.url).pathname),
  );
  expect(files).toEqual(["a.ts", "t.ts", "folder/index.js", "data.json"]);
});

test("the main module, and what imports it, is never loaded again", () => {
  const main = write("main.js", 'import "./helper.js";');
  const helper = write("helper.js", 'import "./main.js";');
  const clean = write("clean.js", "export {};");
  expect(placeOfUrl(main, "import")).toBeDefined();
  setMainModule(main);
  expect(placeOfUrl(main, "import")).toBeUndefined();
  expect(placeOfUrl(helper, "import")).toBeUndefined();
  expect(placeOfUrl(clean, "import")).toBeDefined();
});

test("packages are named by version, built-in modules and Heddle's own by name", () => {
  write("node_modules/@scope/pkg/package.json", '{"version":"3.2.1"}');
  const inside = write("node_modules/@scope/pkg/lib/x.js", "1");
  const user = write("src/user.js", 'import "@scope/pkg";');
  expect(placeOfUrl(inside, "require")!.id).toBe("@scope/pkg@3.2.1/lib/x.js");
  expect(placeOfImport("@scope/pkg/lib/x.js", user, "import")).toEqual({
    id: "@scope/pkg/lib/x.js@3.2.1",
    how: "import",
    specifier: "@scope/pkg/lib/x.js",
    from: user,
  });
  expect(placeOfImport("fs/promises", user, "import")?.id).toBe("node:fs/promises");
  const own = new URL("../../../src/functions/modules.ts", import.meta.url).href;
  expect(placeOfUrl(own, "import")!.id).toMatch(/^heddle@\d+\.\d+\.\d+\/functions\/modules\.ts$/);
  expect(placeOfUrl("https://example.org/a.js", "import")).toBeUndefined();
  expect(placeOfUrl(pathToFileURL(path.join(folder, "gone.js")).href, "import")).toBeUndefined();
});

test("large programs do not travel with every function, until a file of them was edited", () => {
  const url = write("big.js", `export const big = "${"x".repeat(100_000)}";`);
  expect(placeOfUrl(url, "import")!.files![0]!.text).toBeUndefined();
  write("big.js", "export const big = 1;");
  expect(placeOfUrl(url, "import")!.files![0]!.text).toBe("export const big = 1;");
});
