/**
 * @file Makes a fresh clone ready to run, and does nothing when it already is: installs what
 * package-lock.json names, builds the WebAssembly kernels, compiles the TypeScript. Each step asks
 * first whether its inputs changed, by content, so switching branches back and forth costs nothing.
 * Needs Node 20.19 and npm only; says one line a step on stderr (stdout belongs to the program that
 * runs next).
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, ".cache");
const stampFile = join(cache, "setup.json");
const quiet = process.argv.includes("--quiet");
const KERNEL_SCRIPT = "scripts/build-kernels.mjs";
const BUNDLE_SCRIPT = "scripts/bundle.mjs";

/** Relative paths of the files below `folder`, sorted, with "/" on every system. */
function filesBelow(folder, keep = () => true) {
  const base = join(root, folder);
  if (!existsSync(base)) return [];
  return readdirSync(base, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .map((path) => path.split(sep).join("/"))
    .filter(keep)
    .sort();
}

function hashOf(paths) {
  const hash = createHash("sha1");
  for (const path of paths)
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * True when node_modules holds every package of package-lock.json at its version, by npm's own
 * record.
 */
function dependenciesInstalled() {
  const wanted = readJson(join(root, "package-lock.json"))?.packages ?? {};
  const installed = readJson(join(root, "node_modules", ".package-lock.json"))?.packages;
  if (installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "" || entry.link) return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/** Runs a step and reports its time; ends this process when the step fails. */
function step(label, command, args, options = {}) {
  const started = Date.now();
  process.stderr.write(`setup: ${label} ...`);
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
    ...options,
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (result.status === 0) {
    process.stderr.write(` ${seconds} s\n`);
    return;
  }
  process.stderr.write(` failed after ${seconds} s\n`);
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  process.stderr.write(result.error ? `${result.error.message}\n` : "");
  process.exit(result.status || 1);
}

function installDependencies() {
  // A user's wish to leave out development packages is for using Heddle, not for building it.
  const env = { ...process.env, NODE_ENV: "development" };
  for (const name of Object.keys(env)) {
    if (/^npm_config_(omit|only|production|include|dry_run|global)$/i.test(name)) delete env[name];
  }
  // Not `npm ci`: it refuses a lock file that lacks an optional package of a foreign system, as one
  // written behind an incomplete mirror does. With a lock, `install` takes the same versions.
  const args = ["install", "--no-save", "--include=dev", "--include=optional"];
  args.push("--no-audit", "--no-fund", "--loglevel=error");
  const npmScript = process.env.npm_execpath ?? "";
  const label = "installing dependencies";
  if (/npm-cli\.c?js$/.test(npmScript))
    step(label, process.execPath, [npmScript, ...args], { env });
  else step(label, "npm", args, { env, shell: process.platform === "win32" });
}

/**
 * Removes outputs in dist whose source is gone, so that no stale module is ever loaded or packed.
 */
function pruneOutputs(sources) {
  const stems = new Set(sources.map((path) => path.replace(/^src\/(.*)\.ts$/, "$1")));
  for (const path of filesBelow("dist", (name) => /\.(js|d\.ts)(\.map)?$/.test(name))) {
    const stem = path.replace(/^dist\/(.*?)\.(js|d\.ts)(\.map)?$/, "$1");
    if (!stems.has(stem)) rmSync(join(root, path));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** One set-up at a time: two installations in one folder destroy each other. */
function withLock(body) {
  const lock = join(cache, "setup.lock");
  mkdirSync(cache, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
      if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  process.on("exit", () => rmSync(lock, { force: true }));
  body();
}

/**
 * What is out of date: undefined for a step that has nothing to do, else the content hash to
 * remember.
 */
function pendingSteps() {
  const stamps = readJson(stampFile) ?? {};
  const isAssembly = (path) => path.includes("/assembly/");
  const sources = filesBelow("src", (path) => path.endsWith(".ts") && !isAssembly(path));
  const kernelInputs = [...filesBelow("src", isAssembly), KERNEL_SCRIPT];
  const pending = { sources, install: !dependenciesInstalled() };
  const built = ["dist/.tsbuildinfo", "lib/index.js"].every((path) => existsSync(join(root, path)));
  if (existsSync(join(root, KERNEL_SCRIPT))) {
    const kernels = hashOf(kernelInputs);
    if (pending.install || !built || stamps.kernels !== kernels) pending.kernels = kernels;
  }
  const build = hashOf([...sources, BUNDLE_SCRIPT, "tsconfig.json", "package-lock.json"]);
  if (!built || stamps.build !== build) pending.build = build;
  return pending;
}

function remember(name, hash) {
  writeFileSync(stampFile, `${JSON.stringify({ ...readJson(stampFile), [name]: hash })}\n`);
}

function setUp() {
  let pending = pendingSteps();
  if (pending.install) installDependencies();
  if (pending.kernels !== undefined) {
    step("building kernels", process.execPath, [KERNEL_SCRIPT]);
    remember("kernels", pending.kernels);
    pending = pendingSteps();
  }
  if (pending.build !== undefined) {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    step("compiling TypeScript", process.execPath, [
      tsc,
      "-p",
      "tsconfig.json",
      "--pretty",
      "false",
    ]);
    pruneOutputs(pending.sources);
    step("bundling", process.execPath, [BUNDLE_SCRIPT]);
    remember("build", pending.build);
  }
}

const { install, kernels, build } = pendingSteps();
if (install || kernels !== undefined || build !== undefined) withLock(setUp);
else if (!quiet) process.stderr.write("setup: nothing changed\n");
