/**
 * @file The tarball as a stranger gets it: packed, installed into an empty JavaScript folder and an
 * empty TypeScript folder, the programs of `test/types/programs` and of the README type-checked
 * there with three compilers and run. Needs a registry for the dependencies.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = readdirSync(join(root, "test/types/programs"));
const MINUTE_MS = 60_000;

/** The README's programs, by the names they get here. */
const readme = new Map(
  [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```/gms)].map(
    ([, code], i) => [`readme-${i + 1}.ts`, code ?? ""],
  ),
);

/** Compiler settings of strangers: nothing of Node's types, nothing newer than ES2022. */
const PLAIN = { target: "ES2022", strict: true, noEmit: true, types: [] };
const SETTINGS = {
  "node16.json": { ...PLAIN, module: "Node16" },
  "nodenext.json": { ...PLAIN, module: "NodeNext" },
  "bundler.json": { ...PLAIN, module: "ESNext", moduleResolution: "Bundler" },
};

let folder: string;
let tarball: string;
let packed: string[];
const js = () => join(folder, "js");
const ts = () => join(folder, "ts");

function run(
  cwd: string,
  command: string,
  ...args: string[]
): { text: string; status: number | null } {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  // What npm set for the run of this test must not reach the npm runs inside it.
  for (const name of Object.keys(env)) {
    if (/^npm_(package|lifecycle|command)|^npm_config_local_prefix$|^NODE_ENV$/.test(name))
      delete env[name];
  }
  const shell = process.platform === "win32";
  const result = spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    shell,
    timeout: 4 * MINUTE_MS,
  });
  return { text: result.stdout + result.stderr, status: result.status };
}

function succeed(cwd: string, command: string, ...args: string[]): string {
  const { text, status } = run(cwd, command, ...args);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}\n${text}`);
  return text;
}

function makeFolder(path: string, files: Readonly<Record<string, object>>): void {
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), JSON.stringify(content));
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-package-"));
  const { text } = run(
    root,
    "npm",
    "pack",
    "--json",
    "--loglevel=error",
    `--pack-destination=${folder}`,
  );
  const [report] = JSON.parse(text.slice(text.indexOf("[")));
  tarball = join(folder, report.filename);
  packed = report.files.map((file: { path: string }) => file.path);
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  makeFolder(js(), { "package.json": { type: "module", private: true } });
  const started = performance.now();
  succeed(js(), "npm", "install", ...quiet, tarball);
  console.log(`npm install of the tarball: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  cpSync(join(root, "node_modules/vega-datasets"), join(js(), "node_modules/vega-datasets"), {
    recursive: true,
  });
  makeFolder(ts(), {
    "package.json": { type: "module", private: true },
    "tsconfig.json": {
      compilerOptions: {
        target: "ES2022",
        lib: ["ES2023", "ESNext.Disposable"],
        module: "NodeNext",
        types: ["node"],
        strict: true,
        outDir: "../js",
        rootDir: ".",
      },
      include: ["*.ts"],
    },
  });
  const compilers = [
    "typescript@7.0.2",
    "typescript5@npm:typescript@5.9.3",
    "typescript54@npm:typescript@5.4.5",
    "@types/node@20",
  ];
  succeed(ts(), "npm", "install", ...quiet, tarball, ...compilers);
  for (const name of programs) {
    copyFileSync(join(root, "test/types/programs", name), join(ts(), name));
  }
  for (const [name, code] of readme) writeFileSync(join(ts(), name), code);
  for (const [name, compilerOptions] of Object.entries(SETTINGS)) {
    writeFileSync(join(ts(), name), JSON.stringify({ compilerOptions, include: ["readme-*.ts"] }));
  }
}, 8 * MINUTE_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  it("holds the built package and nothing else", () => {
    const tops = new Set(packed.map((path) => path.split("/")[0]));
    const allowed = [
      "dist",
      "lib",
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "ARCHITECTURE.md",
    ];
    expect([...tops].filter((top) => !allowed.includes(top ?? ""))).toEqual([]);
    expect(packed).toContain("LICENSE");
    expect(packed).toContain("lib/index.js");
    expect(packed.filter((path) => /tsbuildinfo|dist\/testing|\.test\./.test(path))).toEqual([]);
  });

  it("has every file that package.json names", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = [
      ...Object.values(manifest.exports as Record<string, string | Record<string, string>>).flatMap(
        (target) => (typeof target === "string" ? [target] : Object.values(target)),
      ),
      ...Object.values(manifest.bin as Record<string, string>),
    ].map((path) => path.replace(/^\.\//, ""));
    expect(named.filter((path) => !packed.includes(path))).toEqual([]);
  });

  it("tells its size", () => {
    const base = join(js(), "node_modules/heddle");
    const files = (readdirSync(base, { recursive: true }) as string[]).map((name) =>
      statSync(join(base, name)),
    );
    const bytes = files.filter((file) => file.isFile()).reduce((sum, file) => sum + file.size, 0);
    console.log(
      `unpacked: ${(bytes / 1e6).toFixed(1)} MB, packed: ${(statSync(tarball).size / 1e6).toFixed(1)} MB`,
    );
    expect(bytes).toBeLessThan(30e6);
  });
});

describe("an empty TypeScript folder", () => {
  it.each([
    ["5.9", "typescript5"],
    ["5.4, the oldest", "typescript54"],
  ])("type-checks the programs with TypeScript %s, our declarations included", (_, name) => {
    const compiler = join(ts(), "node_modules", name, "bin/tsc");
    expect(run(ts(), process.execPath, compiler, "--noEmit").text).toBe("");
  });

  it("type-checks and compiles them with TypeScript 7", () => {
    const compiler = join(ts(), "node_modules/typescript/bin/tsc");
    expect(run(ts(), process.execPath, compiler).text).toBe("");
  });
});

describe("an empty TypeScript folder without Node's types", () => {
  it.each(
    Object.keys(SETTINGS).flatMap((name) => [
      [name, "typescript"],
      [name, "typescript5"],
    ]),
  )("type-checks the README with %s of %s", (settings, compiler) => {
    const script = join(ts(), "node_modules", compiler, "bin/tsc");
    expect(run(ts(), process.execPath, script, "-p", settings).text).toBe("");
  });
});

describe("an empty JavaScript folder", () => {
  it.each([...programs, ...readme.keys()])("runs %s, which ends by itself", (name) => {
    const text = succeed(js(), process.execPath, name.replace(/\.ts$/, ".js"));
    expect(text.trim()).not.toBe("");
  });

  it("has the heddle command: demo needs nothing", () => {
    const text = succeed(js(), "npx", "--no-install", "heddle", "demo");
    expect(text).toContain("RangeError: -4 has no real root");
  });

  it("imports heddle", () => {
    const program =
      "const t = performance.now(); await import('heddle'); console.log(performance.now() - t);";
    const times = Array.from({ length: 5 }, () =>
      Number(succeed(js(), process.execPath, "--input-type=module", "-e", program)),
    ).sort((a, b) => a - b);
    console.log(`import "heddle": ${times[2]?.toFixed(0)} ms (median of 5)`);
    expect(times[2]).toBeGreaterThan(0);
  });
});
