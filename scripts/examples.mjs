/**
 * @file Keeps the examples in documents true. Each ```ts block of a Markdown file and what follows
 * each @example of a docstring is a program: it is type-checked, compiled and run, and where a line
 * that prints ends in a comment, it must print just that. `--check` stops after type-checking;
 * arguments choose files. A block marked ```ts no-run is only type-checked.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const base = join(root, ".cache", "examples");
const LIMIT_MS = 60_000;

const flags = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

function sourceFiles() {
  const below = (folder, ending) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true })
          .filter((name) => name.endsWith(ending) && !name.includes("assembly"))
          .map((name) => `${folder}/${name}`.replaceAll("\\", "/"))
      : [];
  const documents = readdirSync(root).filter((name) => name.endsWith(".md"));
  const all = [...documents, ...below("docs", ".md"), ...below("src", ".ts")];
  return chosen.length === 0
    ? all
    : all.filter((path) => chosen.some((part) => path.includes(part)));
}

/** Programs in a Markdown file. */
function fencedBlocks(text) {
  const blocks = [];
  for (const match of text.matchAll(/^```ts([^\n]*)\n(.*?)^```/gms)) {
    const line = text.slice(0, match.index).split("\n").length + 1;
    blocks.push({ line, code: match[2], run: !match[1].includes("no-run") });
  }
  return blocks;
}

/** Programs in docstrings: what follows @example up to the next tag or the end. */
function docExamples(text) {
  const blocks = [];
  for (const match of text.matchAll(/^( *)\* @example *\n((?:\1\*(?!\/| @).*\n)*)/gm)) {
    const line = text.slice(0, match.index).split("\n").length + 1;
    const code = match[2].replace(/^ *\* ?/gm, "");
    blocks.push({ line, code: code.replace(/^```.*\n/gm, ""), run: true });
  }
  return blocks;
}

function collectExamples() {
  return sourceFiles().flatMap((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const blocks = path.endsWith(".md") ? fencedBlocks(text) : docExamples(text);
    return blocks.map((block) => ({
      ...block,
      path,
      name: `${path.replace(/\.\w+$/, "").replace(/[^\w]+/g, "-")}-${block.line}`,
    }));
  });
}

/** Examples of inner modules import them as their source does: `./heap.ts` beside src/heap/x.ts. */
function fromDist(code, path) {
  return code.replace(/(from|import) "(\.\.?\/[^"]+)\.ts"/g, (_, word, target) => {
    const built = join("dist", dirname(path).replace(/^src/, ""), `${target}.js`);
    return `${word} "../../../${built.replaceAll("\\", "/")}"`;
  });
}

/** Writes all programs and compiles them; the result is tsc's report, in terms of the documents. */
function compile(examples) {
  rmSync(base, { recursive: true, force: true });
  mkdirSync(join(base, "src"), { recursive: true });
  mkdirSync(join(base, "work"));
  symlinkSync(join(root, "node_modules"), join(base, "work", "node_modules"), "junction");
  for (const { name, code, path } of examples) {
    writeFileSync(join(base, "src", `${name}.ts`), `${fromDist(code, path)}\nexport {};\n`);
  }
  const config = {
    extends: "../../tsconfig.test.json",
    compilerOptions: {
      noEmit: false,
      allowImportingTsExtensions: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      rootDir: "src",
      outDir: "out",
      sourceMap: false,
    },
    include: ["src"],
  };
  writeFileSync(join(base, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", base, "--pretty", "false"], {
    cwd: base,
    encoding: "utf8",
  });
  return result.stdout + result.stderr;
}

/** Faults of one program found by the compiler, with the line of the document. */
function compileFaults(example, report) {
  const pattern = new RegExp(`^src/${example.name}\\.ts\\((\\d+),\\d+\\): error (.*)$`, "gm");
  return [...report.matchAll(pattern)].map(
    ([, line, message]) => `${example.path}:${example.line + Number(line) - 1}  ${message}`,
  );
}

/** Comments behind printing lines, in order: what should be printed, or undefined. */
function expectedOutput(code) {
  const prints = [...code.matchAll(/^console\.log\(.*\);(?: *\/\/ (.*))?$/gm)];
  return prints.map((match) => match[1]?.trim());
}

async function run(example) {
  const file = join(base, "out", `${example.name}.js`);
  const child = spawn(process.execPath, ["--enable-source-maps", file], {
    cwd: join(base, "work"),
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  const where = `${example.path}:${example.line}`;
  if (code === null) return [`${where}  did not end within ${LIMIT_MS / 1000} s`];
  if (code !== 0) return [`${where}  exit code ${code}\n${errors.trim()}`];
  const lines = output.trimEnd().split("\n");
  const expected = expectedOutput(example.code);
  // Output of several lines for one call cannot be told apart: then only the exit code counts.
  if (expected.length !== lines.length) return [];
  return expected.flatMap((text, i) =>
    text === undefined || text === lines[i]
      ? []
      : [`${where}  prints "${lines[i]}", not "${text}"`],
  );
}

const examples = collectExamples();
const report = compile(examples);
const faults = new Map(examples.map((example) => [example, compileFaults(example, report)]));
if (!flags.includes("--check")) {
  const queue = examples.filter((example) => example.run && faults.get(example).length === 0);
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      faults.get(next).push(...(await run(next)));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}
const known = [...faults.values()].flat();
for (const fault of known) process.stdout.write(`${fault}\n`);
const isExplained = report.trim() === "" || known.length > 0;
if (!isExplained) process.stdout.write(report);
const failed =
  [...faults.values()].filter((list) => list.length > 0).length + (isExplained ? 0 : 1);
process.stdout.write(`examples: ${examples.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
