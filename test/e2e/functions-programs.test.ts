/**
 * @file Every row of the table of captures (`reference/functions.md`), as a program that is run in
 * each way in which users run programs: each case is called here and on a worker thread, and both
 * results must be the same.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const FIXTURES = fileURLToPath(new URL("../fixtures/functions/", import.meta.url));
const ROOT = path.resolve(FIXTURES, "../../..");
const SOURCES = ["main.ts", "helper.ts", "deep/offset.ts"];
const esbuild = createRequire(createRequire(import.meta.url).resolve("tsx"))("esbuild") as {
  buildSync(options: object): void;
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "heddle-functions-"));
  symlinkSync(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"), "junction");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program and returns its lines, those with JSON parsed. */
function run(args: readonly string[], node = process.execPath): unknown[] {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HEDDLE_HARNESS: pathToFileURL(path.join(FIXTURES, "harness.mjs")).href,
  };
  // What vitest sets must not be seen by a program that runs by itself.
  for (const name of Object.keys(env))
    if (/^(VITEST|JEST|NODE_OPTIONS)/.test(name)) delete env[name];
  const output = execFileSync(node, args, { env, encoding: "utf8", cwd: folder, stdio: "pipe" });
  return output
    .trim()
    .split("\n")
    .map((line) => (line.startsWith("{") ? JSON.parse(line) : line));
}

/** A copy of the program in a folder of its own, whose package.json says how Node is to read it. */
function copyOf(name: string, type: "module" | "commonjs"): string {
  const at = path.join(folder, name);
  cpSync(path.join(FIXTURES, "program"), at, { recursive: true });
  writeFileSync(path.join(at, "package.json"), JSON.stringify({ type }));
  return at;
}

/** Compiles file by file, as `tsc` does, with source maps beside. */
function compile(name: string, format: "esm" | "cjs"): string {
  const from = copyOf(`${name}-source`, format === "esm" ? "module" : "commonjs");
  const to = path.join(folder, name);
  mkdirSync(to);
  writeFileSync(
    path.join(to, "package.json"),
    JSON.stringify({ type: format === "esm" ? "module" : "commonjs" }),
  );
  esbuild.buildSync({
    entryPoints: SOURCES.map((file) => path.join(from, file)),
    outdir: to,
    format,
    sourcemap: true,
    platform: "node",
    target: "node20",
  });
  for (const file of SOURCES) {
    const target = path.join(to, file.replace(/ts$/, "js"));
    writeFileSync(target, readFileSync(target, "utf8").replace(/\.ts"/g, '.js"'));
  }
  return path.join(to, "main.js");
}

function bundle(name: string, options: object): string {
  const outfile = path.join(folder, name);
  esbuild.buildSync({
    entryPoints: [path.join(FIXTURES, "program/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    ...options,
  });
  return outfile;
}

interface Way {
  readonly name: string;
  readonly args: () => string[];
  /** Where the stack says that the user's error was thrown, when the way keeps lines. */
  readonly thrownAt?: RegExp;
}

const thrownLine =
  readFileSync(path.join(FIXTURES, "program/main.ts"), "utf8")
    .split("\n")
    .findIndex((line) => line.includes("throw Object.assign")) + 1;
const inSource = new RegExp(`main\\.ts:${thrownLine}:`);

const ways: readonly Way[] = [
  {
    name: "TypeScript under tsx, ES modules",
    args: () => ["--import", "tsx", path.join(copyOf("tsx-esm", "module"), "main.ts")],
    thrownAt: inSource,
  },
  {
    name: "TypeScript under tsx, CommonJS",
    args: () => ["--import", "tsx", path.join(copyOf("tsx-cjs", "commonjs"), "main.ts")],
    thrownAt: inSource,
  },
  { name: "compiled to ES modules", args: () => [compile("esm", "esm")], thrownAt: inSource },
  { name: "compiled to CommonJS", args: () => [compile("cjs", "cjs")], thrownAt: inSource },
  { name: "bundled into one ES module", args: () => [bundle("bundle.mjs", { format: "esm" })] },
  { name: "bundled into one CommonJS file", args: () => [bundle("bundle.cjs", { format: "cjs" })] },
  {
    name: "bundled and minified",
    args: () => [bundle("minified.mjs", { format: "esm", minify: true, keepNames: true })],
  },
];

describe.each(ways)("$name", ({ args, thrownAt }) => {
  test("every case gives the same result on a thread", () => {
    const [first, facts, cases, ...rest] = run(args()) as [string, object, object, ...unknown[]];
    // Once: the thread never ran the main module again.
    expect(first).toBe("main evaluated");
    expect(rest).toEqual([]);
    expectAllSame(cases, 40);
    const { stack, ...others } = facts as { stack: string };
    expect(Object.entries(others).filter(([, value]) => value !== true)).toEqual([]);
    expect(Object.keys(others)).toHaveLength(9);
    if (thrownAt !== undefined) expect(stack).toMatch(thrownAt);
  });
});

/** A Node that strips types: the one that runs this test, from 22.18 on, or one that is named. */
const strips = typeof (process.features as { typescript?: unknown }).typescript === "string";
const newer = process.env["HEDDLE_NODE_24"] ?? (strips ? process.execPath : undefined);
test.skipIf(newer === undefined)("TypeScript run by Node itself", () => {
  const at = copyOf("node-24", "module");
  const source = readFileSync(path.join(at, "main.ts"), "utf8");
  // Node strips types; an enum is not a type.
  const stripped = source.replace(
    /enum (Color) \{\n {2}Red = 1,\n {2}Blue = 4,/,
    "const $1 = {\n  Red: 1,\n  Blue: 4,",
  );
  writeFileSync(path.join(at, "main.ts"), stripped);
  const [first, facts, cases] = run([path.join(at, "main.ts")], newer) as [
    string,
    { stack: string },
    object,
  ];
  expect(first).toBe("main evaluated");
  expectAllSame(cases, 40);
  expect(facts.stack).toMatch(/main\.ts:\d+:\d+/);
});

describe("functions from unusual places", () => {
  test.each([
    ["as they are", []],
    ["with a debugger attached", ["--inspect=127.0.0.1:0"]],
  ])("on the main thread and in a user's worker, %s", (_, flags) => {
    const lines = run([...flags, path.join(FIXTURES, "odd.mjs"), "worker"]);
    expect(lines[0]).toBe("main evaluated");
    expect(lines[2]).toBe("worker evaluated");
    for (const cases of [lines[1], lines[3]] as Record<string, unknown>[]) {
      // A variable shared by two closures is copied for each: only shared objects stay shared.
      const { "closures over one variable, each with its own copy": copies, ...others } = cases;
      expect(copies).toEqual({ there: [11, 10], here: [11, 11] });
      expectAllSame(others, 28);
    }
    expect(lines).toHaveLength(4);
  });
});

describe("a helper edited between two submits", () => {
  test.each(["mjs", "cjs"])("the new code runs, in .%s modules", (ending) => {
    const at = path.join(folder, `edited-${ending}`);
    const installed = path.join(at, "node_modules/some-package");
    mkdirSync(installed, { recursive: true });
    mkdirSync(path.join(at, "src"));
    writeFileSync(path.join(at, "src/data.txt"), "hello");
    writeFileSync(
      path.join(installed, "package.json"),
      '{"name":"some-package","version":"1.2.3"}',
    );
    writeFileSync(path.join(installed, "index.js"), 'exports.name = "pkg";');
    const lines = run([path.join(FIXTURES, "edited.mjs"), path.join(at, "src"), ending]);
    expect(lines.at(-1)).toEqual({
      first: [10, 1, "pkg", "hello"],
      closureFirst: 10.5,
      edited: [20, 1, "pkg", "hello"],
      closureEdited: 20.5,
      importEdited: [20, 2, "pkg", "hello"],
      submittedBefore: [40, 2, "pkg", "hello"],
      editedAgain: [60, 2, "pkg", "hello"],
      back: [20, 2, "pkg", "hello"],
      tokens: [0, 1, 2, 2],
    });
  });
});

describe("what cannot travel is refused at submit", () => {
  let messages: Record<string, string>;
  beforeAll(() => {
    messages = run([path.join(FIXTURES, "refusals.mjs")])[0] as Record<string, string>;
  });
  test.each([
    ["socket", 'variable "socket" is a Socket', "Open it inside the task"],
    ["server", 'variable "server" is a Server', "Open it inside the task"],
    ["promise", 'variable "promise" is a Promise', "Await it first"],
    ["weakMap", 'variable "weakMap" is a WeakMap', "Use a Map"],
    ["port", 'variable "port1" is a MessagePort', "results"],
    ["worker", 'variable "worker" is a Worker', "threads of their own"],
    ["stream", 'variable "stream" is a ReadStream', "the file's name"],
    ["child", 'variable "child" is a ChildProcess', "inside the task"],
    ["iterator", 'variable "iterator" is an Array Iterator', "Array.from"],
    ["generator", 'variable "generator" is a Generator', "Array.from"],
    ["symbol", 'variable "symbol" is a symbol of its own', "Symbol.for"],
    ["sharedBuffer", 'variable "sharedBuffer" is a SharedArrayBuffer', "copy"],
    ["proxy", "is a Proxy", "the function behind it"],
    ["nested", 'variable "nested".deep[0].socket is a Socket', "Open it inside the task"],
    ["timer", 'variable "timer" is a Timeout', "inside the task"],
    ["controller", 'variable "controller" is an AbortController', "future.cancel()"],
    ["secret", 'variable "secret" is a Secret with #private members', 'registerClass("Secret"'],
    ["derived", 'variable "derived" is a Derived with #private members', "registerClass"],
    ["super", "is a method that uses super", "by name"],
    ["throughHelper", 'variable "helper" → variable "socket" is a Socket', "inside the task"],
    ["usesThis", "uses `this` of the function around it", "const self = this"],
    ["usesArguments", "uses `arguments` of the function around it", "variable first"],
    ["usesNewTarget", "uses `new.target` of the function around it", "variable first"],
  ])("%s", (label, what, advice) => {
    expect(messages[label]).toMatch(/^NotSerializable: /);
    expect(messages[label]).toContain(what);
    expect(messages[label]).toContain(advice);
  });
  test("what is no function at all", () => {
    expect(messages["notAFunction"]).toMatch(/^InvalidArgument: .*of type number/);
  });
});

function expectAllSame(cases: object, count: number): void {
  expect(Object.entries(cases).filter(([, result]) => result !== "same")).toEqual([]);
  expect(Object.keys(cases)).toHaveLength(count);
}
