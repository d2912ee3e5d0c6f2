/**
 * @file Loads the modules that functions name. As long as the content on disk is the content that
 * was named, a module is imported by its own URL; otherwise (an edited helper, a machine without
 * the file) its files are laid out in a folder of their own, named by content, and imported from
 * there.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { isMainThread } from "node:worker_threads";
import { HeddleError } from "../core/errors.ts";
import { mirrorOf } from "./mirror.ts";
import { hashOfFile, importBase, type ModulePlace, ownModule, packageModule } from "./modules.ts";
import { nodeRequire } from "./node-require.ts";

/** A module's exports: a namespace object, or what a CommonJS module put into `module.exports`. */
export type Exports = Readonly<Record<string, unknown>>;

const loaded = new Map<string, Exports>();
const loading = new Map<string, Promise<Exports>>();
/** Content under which each file's own URL was loaded in this thread: it stays so. */
const atOwnUrl = new Map<string, string>();

/** The exports of a module that {@link loadModule} has loaded. */
export function loadedModule(place: ModulePlace): Exports {
  const found = loaded.get(keyOf(place));
  if (found !== undefined) return found;
  throw new HeddleError(
    "InvariantViolated",
    `The module ${place.specifier} was needed before it was loaded. This is a bug in Heddle.`,
  );
}

/** Whether nothing has to be waited for. */
export function isLoaded(place: ModulePlace): boolean {
  return loaded.has(keyOf(place));
}

/** Loads a module once; later calls share the first one's promise. */
export function loadModule(place: ModulePlace): Promise<Exports> {
  const key = keyOf(place);
  let promise = loading.get(key);
  if (promise === undefined) {
    promise = load(place).then((exports) => {
      loaded.set(key, exports);
      return exports;
    });
    loading.set(key, promise);
    // A failed load may succeed later, when the file is there.
    promise.catch(() => loading.delete(key));
  }
  return promise;
}

function keyOf({ how, id, specifier, from }: ModulePlace): string {
  return `${how} ${id} ${specifier} ${from ?? ""}`;
}

async function load(place: ModulePlace): Promise<Exports> {
  const url =
    place.files === undefined
      ? (ownModule(place) ?? packageModule(place) ?? place.specifier)
      : versioned(place, place.files);
  const from = importBase(place);
  try {
    if (/\.[cm]?tsx?$/.test(url)) await understandTypeScript();
    if (place.how === "require") return requireFrom(from ?? url, url);
    if (from !== undefined) return await importFrom(from, url);
    return (await import(url)) as Exports;
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      `A function needs the module ${place.specifier}, which could not be loaded here: ` +
        `${(cause as Error).message}`,
      { cause, fields: { module: place.specifier } },
    );
  }
}

/** The URL at which exactly this content is found. */
function versioned(place: ModulePlace, files: NonNullable<ModulePlace["files"]>): string {
  const usable = files.every(({ url, hash }) => (atOwnUrl.get(url) ?? hashOfFile(url)) === hash);
  if (usable && files.every(({ url, hash }) => hashOfFile(url) === hash)) {
    for (const { url, hash } of files) atOwnUrl.set(url, hash);
    return place.specifier;
  }
  return mirrorOf(place, files);
}

function requireFrom(base: string, target: string): Exports {
  const require = base.startsWith("file:") ? createRequire(base) : nodeRequire;
  return require(target.startsWith("file:") ? fileURLToPath(target) : target) as Exports;
}

let typeScript: Promise<void> | undefined;

/**
 * On Node versions that cannot run TypeScript themselves a loader is installed, in each thread that
 * needs it.
 */
function understandTypeScript(): Promise<void> {
  typeScript ??= (async () => {
    const { features } = process as { features: { typescript?: unknown } };
    if (features.typescript !== undefined && features.typescript !== false) return;
    // Started by tsx, the main thread has it; before Node 22 threads do not inherit it.
    if (isMainThread && process.execArgv.some((flag) => flag.includes("tsx"))) return;
    const esm = await import("tsx/esm/api");
    const cjs = await import("tsx/cjs/api");
    esm.register();
    cjs.register();
  })();
  return typeScript;
}

type Importer = (specifier: string) => Promise<Exports>;
let hasWarned = false;

/** Imports a specifier as the module `base` would, with all loaders that Node was started with. */
export async function importFrom(base: string, specifier: string): Promise<Exports> {
  const importer = vm.compileFunction("return import(specifier);", ["specifier"], {
    filename: base,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as unknown as Importer;
  quietly(() => importer("node:module"));
  return importer(specifier);
}

/**
 * Node warns once that this option of `vm` is experimental; that is ours to know, not the user's.
 */
function quietly(first: () => Promise<unknown>): void {
  if (hasWarned) return;
  hasWarned = true;
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    first().catch(() => {});
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * Has the warning of {@link importFrom} out of the way before compiled functions import anything.
 */
export function allowImports(): void {
  if (!hasWarned) importFrom(import.meta.url, "node:module").catch(() => {});
}
