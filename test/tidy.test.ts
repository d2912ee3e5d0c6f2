/**
 * @file Rules about the source text of the whole repository. First that each rule catches what it
 * is for and leaves good code alone, then that the repository follows them.
 */
import { describe, expect, it } from "vitest";
import { RULES, testsMirrorSources, type Violation } from "./tidy/rules.ts";
import { pathsBelow, readSource, Source } from "./tidy/source.ts";

const WARN_LINES = 500;
const CODE = [".ts", ".mjs"];
const paths = ["src", "test", "scripts", "bench", "examples"]
  .flatMap((folder) => pathsBelow(folder, CODE))
  .filter((path) => !path.startsWith("test/fixtures/") && !path.includes(".generated."));
const sources = paths.map(readSource);

function problems(rule: string, path: string, text: string): string[] {
  return (RULES[rule]?.(new Source(path, text)) ?? []).map((violation) => violation.problem);
}

/** Rule, what is planted, path, text, number of violations. */
const PLANTED: readonly (readonly [string, string, string, string, number])[] = [
  ["layers", "an import of a higher layer", "src/core/a.ts", 'import "../array/b.ts";', 1],
  [
    "layers",
    "a type of a higher layer",
    "src/heap/a.ts",
    'import type { B } from "../config/b.ts";',
    1,
  ],
  ["layers", "a lazy import of a higher layer", "src/core/a.ts", 'await import("../cli/b.ts");', 1],
  [
    "layers",
    "a re-export of a higher layer",
    "src/core/a.ts",
    'export { b } from "../bag/b.ts";',
    1,
  ],
  ["layers", "an import of a lower layer", "src/array/a.ts", 'import "../core/b.ts";', 0],
  ["layers", "Node in a pure layer", "src/heap/a.ts", 'import "node:fs";', 1],
  ["layers", "Node where it is allowed", "src/config/a.ts", 'import "node:fs";', 0],
  ["layers", "a sibling collection", "src/array/a.ts", 'import { f } from "../bag/b.ts";', 1],
  ["layers", "a sibling collection, lazily", "src/array/a.ts", 'await import("../bag/b.ts");', 0],
  ["layers", "a simulator in the product", "src/array/a.ts", 'import "../testing/b.ts";', 1],
  ["layers", "a folder without a layer", "src/odd/a.ts", 'import "../core/b.ts";', 1],
  ["bannedGlobals", "a timer", "src/machine/a.ts", "setTimeout(() => {}, 1);", 1],
  ["bannedGlobals", "the clock", "src/machine/a.ts", "const t = Date.now() + +new Date();", 2],
  ["bannedGlobals", "a date as a value", "src/core/a.ts", "f(x instanceof Date, new Date(0));", 0],
  ["bannedGlobals", "randomness", "src/core/a.ts", "const x = Math.random();", 1],
  ["bannedGlobals", "names that are no globals", "src/core/a.ts", "a.process({ fetch: 1 });", 0],
  ["bannedGlobals", "a timer above the pure layers", "src/cli/a.ts", "setTimeout(f, 1);", 0],
  ["fileLength", "801 lines", "src/a.ts", "a;\n".repeat(801), 1],
  ["fileLength", "800 lines", "src/a.ts", "a;\n".repeat(800), 0],
  ["functionLength", "71 lines", "src/a.ts", `function f() {${"\n".repeat(70)}}`, 1],
  ["functionLength", "70 lines", "src/a.ts", `const f = () => {${"\n".repeat(69)}};`, 0],
  ["functionLength", "a long method", "src/a.ts", `class A { f() {${"\n".repeat(70)}} }`, 1],
  ["lineLength", "101 characters of comment", "src/a.ts", `// ${"x".repeat(98)}`, 1],
  ["lineLength", "101 characters of code", "src/a.ts", `f(${"x, ".repeat(33)});`, 1],
  ["lineLength", "a long text", "src/a.ts", `f("${"x".repeat(120)}");`, 0],
  ["lineLength", "a short text on a long line", "src/a.ts", `f("x"); // ${"x".repeat(100)}`, 1],
  ["markers", "unfinished work", "src/a.ts", `// TO${"DO"} later\n// FIX${"ME"}\n`, 2],
  ["markers", "unfinished work with an issue", "src/a.ts", `// TO${"DO"}(#12) later`, 0],
  ["markers", "a test left out", "test/a.ts", `it.${"only"}("x", f);`, 1],
  ["hiddenTypes", "a cast", "src/a.ts", "f(x as any);", 1],
  ["hiddenTypes", "prose", "src/a.ts", "// as any number may be\nf(x as unknown);", 0],
  ["commentedCode", "a statement", "src/a.ts", "// const x = 1;\n", 1],
  ["commentedCode", "an open block", "src/a.ts", "// if (x) {\n//   f(x);\n// }\n", 1],
  ["commentedCode", "prose", "src/a.ts", "// Loads it once; then keeps it.\n", 0],
  ["commentedCode", "prose that ends oddly", "src/a.ts", "// the set {a, b} is kept;\n", 0],
  ["fileComment", "none", "src/a.ts", "export const a = 1;\n", 1],
  ["fileComment", "one line", "src/a.ts", "/** @file A. */\nexport const a = 1;\n", 0],
  ["fileComment", "several lines", "src/a.ts", "/**\n * @file A.\n */\nexport const a = 1;\n", 0],
  ["fileName", "camelCase", "src/core/fileName.ts", "", 1],
  ["fileName", "dashes", "src/core/file-name.test.ts", "", 0],
  ["machinePaths", "a path of one machine", "src/a.ts", `const a = "/${"work"}/main";`, 1],
];

describe("each tidy rule", () => {
  it.each(PLANTED)("%s: %s", (rule, _what, path, text, count) => {
    expect(problems(rule, path, text)).toHaveLength(count);
  });

  it("has a planted violation", () => {
    const planted = PLANTED.filter((row) => row[4] > 0).map((row) => row[0]);
    expect(Object.keys(RULES).filter((rule) => !planted.includes(rule))).toEqual([]);
  });

  it("testsMirrorSources: a test without a source", () => {
    const files = ["src/core/token.ts", "test/unit/core/token.test.ts"];
    expect(testsMirrorSources(files)).toEqual([]);
    expect(testsMirrorSources([...files, "test/unit/core/token-maps.test.ts"])).toEqual([]);
    expect(testsMirrorSources([...files, "test/unit/core/other.test.ts"])).toHaveLength(1);
  });
});

function report(violations: readonly Violation[]): string {
  return violations.map(({ path, line, problem }) => `${path}:${line}  ${problem}`).join("\n");
}

describe("the repository", () => {
  it("is read", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter((source) => source.faults.length > 0).map((s) => s.path)).toEqual([]);
  });

  it.each(Object.entries(RULES))("follows %s", (_name, rule) => {
    expect(report(sources.flatMap(rule))).toBe("");
  });

  it("has its unit tests where their sources are", () => {
    expect(report(testsMirrorSources(paths))).toBe("");
  });

  it("warns of long files", () => {
    const long = sources.filter((source) => source.lines.length > WARN_LINES);
    for (const { path, lines } of long) console.warn(`${path} has ${lines.length} lines`);
  });
});
