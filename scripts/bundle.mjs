/**
 * @file Makes `lib/`, what users run, of `dist/`, which is one file a module: a program that loads
 * a hundred small modules waits three times as long for its first line as one that loads ten large
 * ones, and so does every thread. Entries keep their paths: what the package exports, what threads
 * and the command line start, and every module that functions are named by (`referToAll`). The code
 * lies in chunks, one for modules that are needed together, and sees the `import.meta.url` it had.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const lib = join(root, "lib");
/** Made here and then put in its place, so that a running program never sees half of it. */
const fresh = join(root, ".cache", "lib");

const pathOf = (file) => relative(dist, file).split(sep).join("/");

const texts = new Map(
  readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !pathOf(file).startsWith("testing/"))
    .sort()
    .map((file) => [file, readFileSync(file, "utf8")]),
);

/** What programs and threads load first; modules needed by the same of these share a chunk. */
const ROOTS = [
  "index.js",
  "cluster/engine-main.js",
  "threads/task-thread.js",
  "cluster/engine.js",
  "cluster/cluster-worker.js",
  "cluster/cluster-scheduler.js",
  "cluster/remote-connection.js",
  "array/index.js",
  "dataframe/index.js",
  "bag/index.js",
];
/** Modules that do something when they are loaded share a chunk with no other. */
const STARTED = [
  "cli/main.js",
  "cli/run-preload.js",
  "cluster/engine-main.js",
  "cluster/cluster-thread.js",
  "cluster/worker-main.js",
  "threads/task-thread.js",
];
/** What the demo, which stays a file of its own, imports by name. */
const SHOWN = ["core/errors.js", "core/units.js"];
/** A smaller chunk costs more to open than to read in vain. */
const CHUNK_BYTES_MIN = 16_384;

function entries() {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const exported = Object.values(manifest.exports).map((entry) => entry.default ?? "");
  const paths = new Set([
    ...exported.map((path) => path.replace(/^\.\/\w+\//, "")),
    ...ROOTS,
    ...STARTED,
    ...SHOWN,
  ]);
  const files = [...texts].filter(([file, text]) => {
    return paths.has(pathOf(file)) || /^referToAll\(/m.test(text);
  });
  return Object.fromEntries(files.map(([file]) => [pathOf(file).replace(/\.js$/, ""), file]));
}

const IMPORT = /^(?:(?:import|export)\s[^;]*?from|import)\s*"(\.[^"]+)"/gms;

/** Everything that a module imports before it runs, itself included. */
function closureOf(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, specifier] of texts.get(file).matchAll(IMPORT)) {
    closureOf(resolve(dirname(file), specifier), found);
  }
  return found;
}

/** Name of the chunk of each module that a root needs. */
function chunkNames() {
  const closures = ROOTS.map((path) => closureOf(join(dist, path)));
  const groups = new Map();
  for (const file of texts.keys()) {
    const users = closures.map((closure, i) => (closure.has(file) ? i : "")).join("");
    if (users === "" || STARTED.includes(pathOf(file))) continue;
    const group = groups.get(users) ?? { users, files: [], bytes: 0 };
    groups.set(users, group);
    group.files.push(file);
    group.bytes += texts.get(file).length;
  }
  const large = [...groups.values()].filter((group) => group.bytes >= CHUNK_BYTES_MIN);
  large.sort((a, b) => a.users.length - b.users.length || a.bytes - b.bytes);
  for (const group of groups.values()) {
    if (large.includes(group)) continue;
    const covers = ({ users }) => [...group.users].every((user) => users.includes(user));
    (large.find(covers) ?? group).files.push(...group.files);
  }
  const taken = new Map();
  const names = new Map();
  for (const { files } of large) {
    const folder = largestFolder(files);
    const count = (taken.get(folder) ?? 0) + 1;
    taken.set(folder, count);
    for (const file of files) names.set(file, count === 1 ? folder : `${folder}-${count}`);
  }
  return names;
}

function largestFolder(files) {
  const bytes = new Map();
  for (const file of files) {
    const [folder] = pathOf(file).split("/");
    bytes.set(folder, (bytes.get(folder) ?? 0) + texts.get(file).length);
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0][0];
}

/** Chunks and entries lie as deep as the modules that ask for their URL. */
const keepUrls = {
  name: "keep-urls",
  transform(code, id) {
    if (!texts.has(id) || !code.includes("import.meta.url")) return null;
    const url = `(import.meta.url && new URL("../${pathOf(id)}", import.meta.url).href)`;
    // Lines stay, and the map of the module speaks of lines.
    return { code: code.replaceAll("import.meta.url", url), map: null };
  },
};

/** The demo shows its own text, so it stays as it is, beside the command line that loads it. */
const keepDemo = {
  name: "keep-demo",
  resolveId(specifier) {
    return specifier === "./demo.js" ? { id: specifier, external: true } : null;
  },
};

/** Names the code: processes of a cluster that run different builds refuse each other. */
function codeHash() {
  const hash = createHash("sha256");
  for (const [file, text] of texts) hash.update(`${pathOf(file)}\n${text.length}\n${text}`);
  return hash.digest("hex").slice(0, 16);
}

const names = chunkNames();
rmSync(fresh, { recursive: true, force: true });
const bundle = await rolldown({
  input: entries(),
  platform: "node",
  external: /^[^./]/,
  treeshake: { moduleSideEffects: true },
  preserveEntrySignatures: "allow-extension",
  // What one entry loads on demand another one may load at once.
  checks: { ineffectiveDynamicImport: false },
  plugins: [keepUrls, keepDemo],
});
await bundle.write({
  dir: fresh,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name].js",
  sourcemap: true,
  sourcemapExcludeSources: true,
  // `lib` lies one folder higher than where it is made.
  sourcemapPathTransform: (source) => source.replace("../", ""),
  keepNames: true,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [{ debugName: "needed together", name: (id) => names.get(id) ?? null }],
  },
});
await bundle.close();
for (const end of ["", ".map"]) {
  copyFileSync(join(dist, `cli/demo.js${end}`), join(fresh, `cli/demo.js${end}`));
}
writeFileSync(join(fresh, "code-hash"), codeHash());
rmSync(lib, { recursive: true, force: true });
renameSync(fresh, lib);
