#!/usr/bin/env node
/**
 * @file Compiles the AssemblyScript kernels to WebAssembly and writes each module as a TypeScript
 * file holding the deflated bytes as base64 text: such a module works from `src` under a loader,
 * from `dist`, from a tarball and in a bundle alike, with no file to find at run time. The
 * generated files are committed, so a clone needs no compiler; a hash of the sources skips the work
 * when nothing changed. `--check` only says whether they are up to date.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { deflateRawSync } from "node:zlib";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const LIBRARY = join(ROOT, "src/ndarray/library");
const SOURCES = join(LIBRARY, "assembly");

/**
 * The modules and where their constant tables lie. Every arena keeps its first 64 KiB free for
 * them; two modules must not overlap, because each writes its tables when it is instantiated.
 */
const MODULES = [
  { name: "random", memoryBase: 1024 },
  { name: "arrays", memoryBase: 49152 },
  { name: "linalg", memoryBase: 57344 },
];

const OPTIONS = [
  "-O3",
  "--noAssert",
  "--runtime=stub",
  "--importMemory",
  "--noExportMemory",
  "--initialMemory=1",
  "--maximumMemory=65536",
  "--sharedMemory",
  "--enable=simd",
  "--enable=threads",
];

const LINE_LENGTH = 96;

/** Hash of everything that the output depends on. */
export function sourceHash() {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([MODULES, OPTIONS, assemblyScriptVersion()]));
  for (const file of sourceFiles(SOURCES, "")) {
    hash.update(`\0${file}\0`).update(readFileSync(join(SOURCES, file)));
  }
  return hash.digest("hex").slice(0, 32);
}

/** The version that the manifest pins, so that a check needs no compiler installed. */
function assemblyScriptVersion() {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).devDependencies
    .assemblyscript;
}

function sourceFiles(folder, prefix) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory()
        ? sourceFiles(join(folder, entry.name), `${prefix}${entry.name}/`)
        : [`${prefix}${entry.name}`],
    )
    .sort();
}

function outputFile(name) {
  return join(LIBRARY, `${name}.generated.ts`);
}

/** Whether every generated file carries `hash`. */
export function isUpToDate(hash) {
  return MODULES.every(({ name }) => {
    const file = outputFile(name);
    return existsSync(file) && readFileSync(file, "utf8").includes(`"${hash}"`);
  });
}

async function compile({ name, memoryBase }) {
  const { main } = await import("assemblyscript/asc");
  let bytes;
  const { error, stderr } = await main(
    [
      `${name}.ts`,
      "--baseDir",
      SOURCES,
      ...OPTIONS,
      `--memoryBase=${memoryBase}`,
      "-o",
      "out.wasm",
    ],
    {
      writeFile(file, content) {
        if (file === "out.wasm") bytes = content;
      },
    },
  );
  if (error !== null || bytes === undefined) {
    throw new Error(`${name} did not compile:\n${stderr.toString()}`, { cause: error });
  }
  return bytes;
}

function render(name, hash, bytes) {
  const text = deflateRawSync(bytes, { level: 9 }).toString("base64");
  const lines = text.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")).join("\n");
  return `/** @file Made by scripts/build-kernels.mjs from assembly/${name}.ts. Do not edit. */

/** Hash of the sources, options and compiler version it was made from. */
export const SOURCE_HASH: string = "${hash}";

/** The module's bytes, deflated and in base64; line ends are to be ignored. */
export const DEFLATED_BASE64: string = \`
${lines}
\`;
`;
}

async function main() {
  const hash = sourceHash();
  if (isUpToDate(hash) && !process.argv.includes("--force")) return;
  if (process.argv.includes("--check")) {
    console.error("The kernels are older than their sources: run `npm run build:kernels`.");
    process.exitCode = 1;
    return;
  }
  for (const module of MODULES) {
    const bytes = await compile(module);
    writeFileSync(outputFile(module.name), render(module.name, hash, bytes));
    console.log(`kernels: ${module.name} ${bytes.length} bytes`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
