/**
 * @file Modules by content. A module is named by what it is: Heddle's own and npm packages by
 * version and path, the user's own by a hash over its text and that of everything local it imports.
 * Texts are read again when a file's stamp changes, so that an edited helper is another module,
 * while asking again for an unchanged one costs a few `stat`s.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HeddleError } from "../core/errors.ts";
import { nodeCrypto } from "./crypto.ts";

/** One file of the user's program. */
export interface SourceFile {
  readonly url: string;
  readonly hash: string;
  /** Sent along when the other side may not find it on disk any more. */
  readonly text?: string;
}

/** Where a module is found, and what it is. */
export interface ModulePlace {
  /** Equal for equal content, on every machine: part of function tokens. */
  readonly id: string;
  readonly how: "import" | "require";
  /**
   * Absolute URL, `node:` name, or what `from` imports (a package, resolved where it is loaded).
   */
  readonly specifier: string;
  readonly from?: string;
  /** The module first, then all local files that it imports; absent for packages and built-ins. */
  readonly files?: readonly SourceFile[];
}

/**
 * Texts up to this size in total always travel along; larger ones only once a file was edited, or
 * where they go to other processes.
 */
const SHIP_BYTES = 64 * 1024;
let shipsAll = false;

/**
 * Time after its last change during which a file's stamp is not trusted: clocks of file systems
 * tick coarsely.
 */
const RACY_MS = 50;

/** Folder of Heddle's own modules; undefined when a bundler has put them into the user's file. */
const OWN_ROOT: string | undefined = /\/functions\/modules\.[jt]s$/.test(import.meta.url)
  ? new URL("../", import.meta.url).href
  : undefined;

interface FileFacts {
  readonly stamp: string;
  readonly hash: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files = new Map<string, FileFacts>();
const firstSeen = new Map<string, string>();
const packages = new Map<string, string>();
let mainUrl: string | null | undefined;

/**
 * Says which module is the user's program, for launchers; by default the script that Node was
 * started with.
 */
export function setMainModule(url: string | URL): void {
  mainUrl = String(url);
}

/** From now on functions may go to machines that have none of this program's files. */
export function shipAllTexts(): void {
  shipsAll = true;
}

/** URL of the program that must never be imported again, if there is one. */
export function mainModule(): string | undefined {
  if (mainUrl === undefined) mainUrl = findMain();
  return mainUrl ?? undefined;
}

function findMain(): string | null {
  const script = process.argv[1];
  if (script === undefined) return null;
  try {
    const found = createRequire(path.resolve("program.js")).resolve(path.resolve(script));
    return pathToFileURL(realpathSync(found)).href;
  } catch {
    return null;
  }
}

/** Whether the URL belongs to Heddle's own code. */
export function isOwn(url: string): boolean {
  return OWN_ROOT !== undefined && url.startsWith(OWN_ROOT);
}

/**
 * The place of a loaded module by its URL, or undefined when it must not be loaded again: it is the
 * main module, imports it, or is no file.
 */
export function placeOfUrl(url: string, how: ModulePlace["how"]): ModulePlace | undefined {
  if (url.startsWith("node:")) return { id: url, how, specifier: url };
  if (!url.startsWith("file:")) return undefined;
  const bare = withoutQuery(url);
  if (OWN_ROOT !== undefined && isOwn(bare)) {
    const version = versionAt(new URL("../", OWN_ROOT).href.slice(0, -1));
    return { id: `heddle@${version}/${bare.slice(OWN_ROOT.length)}`, how, specifier: bare };
  }
  if (bare.includes("/node_modules/")) return { id: packageId(bare), how, specifier: bare };
  const all = closureOf(bare);
  const main = mainModule();
  if (all === undefined || (main !== undefined && all.includes(main))) return undefined;
  return localPlace(all, how);
}

/** The place of what `from` imports as `specifier`; undefined as for {@link placeOfUrl}. */
export function placeOfImport(
  specifier: string,
  from: string,
  how: ModulePlace["how"],
): ModulePlace | undefined {
  if (isBuiltin(specifier)) {
    const name = specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    return { id: name, how, specifier: name };
  }
  if (/^(?:\.{0,2}\/|file:)/.test(specifier)) {
    const url = resolveLocal(specifier, from);
    if (url !== undefined) return placeOfUrl(url, how);
  }
  // Resolved where it is loaded, by Node and its loaders; the version found here is part of the
  // name.
  const base = withoutQuery(from);
  return { id: `${specifier}@${installedVersion(specifier, base)}`, how, specifier, from: base };
}

/**
 * Where one of Heddle's own modules lies here, by its id: the other side may have it elsewhere.
 * Throws `VersionMismatch` for a module of another version.
 */
export function ownModule({ id, specifier }: ModulePlace): string | undefined {
  const named = /^heddle@([^/]*)\/(.*)$/.exec(id);
  if (named === null || OWN_ROOT === undefined) return undefined;
  const [, version, file] = named as unknown as [string, string, string];
  const mine = versionAt(new URL("../", OWN_ROOT).href.slice(0, -1));
  if (mine === version) return isOwn(specifier) ? specifier : new URL(file, OWN_ROOT).href;
  throw new HeddleError(
    "VersionMismatch",
    `The function is one of heddle ${version}, and this process has heddle ${mine}: install the ` +
      "same version everywhere",
    { fields: { wanted: version, installed: mine } },
  );
}

/**
 * Where a file of an installed package lies here: where it lies on the other side, or in the
 * packages of the folder in which this process was started. Throws `VersionMismatch`.
 */
export function packageModule({ id, specifier }: ModulePlace): string | undefined {
  const named = /\/node_modules\/((?:@[^/]+\/)?[^/]+)(\/.*)$/.exec(specifier);
  if (!specifier.startsWith("file:") || named === null) return undefined;
  if (packageId(specifier) === id) return specifier;
  const [, name, file] = named as unknown as [string, string, string];
  const base = pathToFileURL(path.resolve("heddle-worker.js")).href;
  const { folder, version } = installed(name, base);
  checkVersion(name, id.slice(name.length + 1, id.length - file.length), version);
  return `${folder}${file}`;
}

/**
 * From where a package is looked for: from the file that imports it, or, on a machine without that
 * file, from the folder in which this process was started. Throws `VersionMismatch` when another
 * version of it is installed there.
 */
export function importBase({ id, specifier, from }: ModulePlace): string | undefined {
  if (from === undefined || !from.startsWith("file:")) return from;
  if (statSync(fileURLToPath(from), { throwIfNoEntry: false }) !== undefined) return from;
  const base = pathToFileURL(path.resolve("heddle-worker.js")).href;
  checkVersion(specifier, id.slice(specifier.length + 1), installedVersion(specifier, base));
  return base;
}

function checkVersion(name: string, wanted: string, found: string): void {
  if (wanted === found || wanted === "") return;
  throw new HeddleError(
    "VersionMismatch",
    found === ""
      ? `The package ${name} ${wanted} is not installed on this worker: install it in ` +
          `${process.cwd()}, where the worker was started`
      : `The function uses ${name} ${wanted}, and this worker has ${found} in ${process.cwd()}: ` +
          "install the same version on both sides",
    { fields: { package: name, wanted, installed: found } },
  );
}

/** Whether the files of a place are still what they were. */
export function isFresh(place: ModulePlace): boolean {
  return (place.files ?? []).every(({ url, hash }) => readFacts(url)?.hash === hash);
}

/** Hash of a file's present content, or undefined when there is none. */
export function hashOfFile(url: string): string | undefined {
  return readFacts(url)?.hash;
}

/**
 * The local module files that `url` imports, itself first, each once; undefined when it cannot be
 * read.
 */
function closureOf(url: string): string[] | undefined {
  if (readFacts(url) === undefined) return undefined;
  const found = [url];
  for (let i = 0; i < found.length; i++) {
    for (const next of readFacts(found[i] as string)?.imports ?? []) {
      if (!found.includes(next)) found.push(next);
    }
  }
  return found;
}

function localPlace(urls: readonly string[], how: ModulePlace["how"]): ModulePlace {
  const [main] = urls as [string];
  const digest = nodeCrypto().createHash("sha256");
  let length = 0;
  let edited = false;
  const facts = urls.map((url) => ({ url, ...(readFacts(url) as FileFacts) }));
  for (const { url, hash, text } of facts) {
    digest.update(`${path.posix.relative(path.posix.dirname(main), url)}\0${hash}\0`);
    length += text.length;
    if (firstSeen.get(url) !== hash) edited = true;
  }
  const ship = edited || shipsAll || length <= SHIP_BYTES;
  return {
    id: `local:${digest.digest("hex").slice(0, 32)}`,
    how,
    specifier: main,
    files: facts.map(({ url, hash, text }) => (ship ? { url, hash, text } : { url, hash })),
  };
}

/** Content of a file, read again only when its stamp has changed. */
function readFacts(url: string): FileFacts | undefined {
  const file = fileURLToPath(url);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return undefined;
  const stamp = `${stat.mtimeMs} ${stat.ctimeMs} ${stat.size} ${stat.ino}`;
  const known = files.get(url);
  if (known?.stamp === stamp) return known;
  const text = readFileSync(file, "utf8");
  const hash = nodeCrypto().createHash("sha256").update(text).digest("hex").slice(0, 32);
  if (!firstSeen.has(url)) firstSeen.set(url, hash);
  const settled = Date.now() - Math.max(stat.mtimeMs, stat.ctimeMs) > RACY_MS;
  const fresh = { stamp: settled ? stamp : "", hash, text, imports: localImports(text, url) };
  files.set(url, fresh);
  return fresh;
}

const IMPORT = /\b(?:from|import|require)\s*\(?\s*(["'])((?:\.{1,2}\/|\/|file:)[^"'\n]*)\1/g;

/**
 * Local files that the text imports. Text in comments and strings may be taken for imports: it only
 * adds to the hash.
 */
function localImports(text: string, url: string): string[] {
  const found = new Set<string>();
  for (const [, , specifier] of text.matchAll(IMPORT)) {
    const target = resolveLocal(specifier as string, url);
    if (target === undefined || target.includes("/node_modules/") || isOwn(target)) continue;
    found.add(target);
  }
  return [...found];
}

/** The file meant by a relative specifier: as it stands, or as TypeScript and CommonJS write it. */
function resolveLocal(specifier: string, from: string): string | undefined {
  const url = withoutQuery(new URL(specifier, withoutQuery(from)).href);
  const candidates = [url];
  const swap = /\.([cm]?)js$/.exec(url);
  if (swap !== null) candidates.push(`${url.slice(0, swap.index)}.${swap[1]}ts`);
  if (url.endsWith(".js")) candidates.push(`${url}x`.replace(/\.jsx$/, ".tsx"));
  for (const extension of ["ts", "js", "json", "mts", "cts", "tsx"]) {
    candidates.push(`${url}.${extension}`);
  }
  candidates.push(`${url}/index.ts`, `${url}/index.js`);
  const found = candidates.find((candidate) =>
    statSync(fileURLToPath(candidate), { throwIfNoEntry: false })?.isFile(),
  );
  return found === undefined ? undefined : pathToFileURL(realpathSync(fileURLToPath(found))).href;
}

/** `name@version/path` of a file in an installed package. */
function packageId(url: string): string {
  const at = url.lastIndexOf("/node_modules/") + "/node_modules/".length;
  const [first = "", second = ""] = url.slice(at).split("/");
  const name = first.startsWith("@") ? `${first}/${second}` : first;
  return `${name}@${versionAt(url.slice(0, at) + name)}${url.slice(at + name.length)}`;
}

function versionAt(folder: string): string {
  let version = packages.get(folder);
  if (version === undefined) {
    try {
      const text = readFileSync(fileURLToPath(`${folder}/package.json`), "utf8");
      version = String((JSON.parse(text) as { version?: unknown }).version ?? "");
    } catch {
      version = "";
    }
    packages.set(folder, version);
  }
  return version;
}

/**
 * Version of the package that a bare specifier names, looked for as Node does; empty when there is
 * none.
 */
function installedVersion(specifier: string, from: string): string {
  const parts = specifier.split("/");
  const name = specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] as string);
  return from.startsWith("file:") ? installed(name, from).version : "";
}

/** The folder and version of a package, looked for as Node does. */
function installed(name: string, from: string): { folder: string; version: string } {
  for (let above = new URL("./", from); ; above = new URL("../", above)) {
    const folder = `${above.href}node_modules/${name}`;
    const version = versionAt(folder);
    if (version !== "" || above.pathname === "/" || /^\/[A-Za-z]:\/$/.test(above.pathname)) {
      return { folder, version };
    }
  }
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/, "");
}
