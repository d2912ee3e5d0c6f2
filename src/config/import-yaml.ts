/**
 * @file The YAML of `heddle config import`: the values of Dask's files with the comments beside
 * them, read as Python reads them (YAML 1.1), and a file of ours with those comments.
 */
import { createRequire } from "node:module";
import type { Document, LineCounter, Node, Pair, Scalar, YAMLMap } from "yaml";
import { HeddleError } from "../core/errors.ts";

/** One value of a file. */
export interface Leaf {
  readonly key: string;
  readonly value: unknown;
  /** `file:line`. */
  readonly where: string;
  /** Lines of comment before it and before the groups that it is the first of. */
  readonly before: readonly string[];
  /** The comment behind it. */
  readonly behind: string | undefined;
}

/** A value as it is to be written. */
export interface Line {
  readonly key: string;
  readonly value: unknown;
  readonly before: readonly string[];
  readonly behind: string | undefined;
}

// Loading the YAML parser takes 40 ms: only who imports pays for it.
const load = createRequire(import.meta.url);

/**
 * The values of one file; `isValue` says of a key with a map whether the map is its value. Throws
 * `ConfigInvalid`, with the line, for what is no YAML.
 */
export function readLeaves(
  path: string,
  content: string,
  isValue: (key: string) => boolean,
): readonly Leaf[] {
  const yaml = load("yaml") as typeof import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(content, { lineCounter: lines, version: "1.1" });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const { line } = lines.linePos(fault.pos[0]);
    throw invalid(`${path}:${line}`, fault.message.split("\n")[0] ?? "not valid YAML");
  }
  const top = document.contents as Node | null;
  if (top === null) return [];
  if (!yaml.isMap(top)) throw invalid(path, "it must hold keys");
  return new LeafReader(path, document, lines, isValue).read(top);
}

function invalid(where: string, problem: string): HeddleError<"ConfigInvalid"> {
  return new HeddleError("ConfigInvalid", `${where}: ${problem}`, { fields: { where } });
}

class LeafReader {
  readonly #path: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #isValue: (key: string) => boolean;
  readonly #leaves: Leaf[] = [];
  #before: string[] = [];

  constructor(
    path: string,
    document: Document,
    lines: LineCounter,
    isValue: (key: string) => boolean,
  ) {
    this.#path = path;
    this.#document = document;
    this.#lines = lines;
    this.#isValue = isValue;
  }

  /** Throws `ConfigInvalid` for aliases within aliases that would become very much. */
  #valueOf(node: Node | null): unknown {
    try {
      return node?.toJS(this.#document) ?? null;
    } catch (error) {
      const { line } = this.#lines.linePos(node?.range?.[0] ?? 0);
      throw invalid(`${this.#path}:${line}`, (error as Error).message);
    }
  }

  read(top: YAMLMap): readonly Leaf[] {
    this.#visit(top, "");
    return this.#leaves;
  }

  #visit(map: YAMLMap, prefix: string): void {
    for (const pair of map.items as Pair<Scalar, Node | null>[]) {
      const name = pair.key.source ?? String(pair.key.value);
      const value = this.#target(pair.value);
      this.#note(pair.key.commentBefore);
      if (name === "<<" && isMap(value)) {
        this.#visit(value, prefix);
        continue;
      }
      const key = prefix + name;
      this.#note(isMap(pair.value) ? pair.value.commentBefore : undefined);
      if (isMap(value) && value.items.length > 0 && !this.#isValue(key)) {
        this.#visit(value, `${key}.`);
        // What stood before a group without values is not about what follows.
        this.#before = [];
      } else {
        this.#add(key, pair);
      }
    }
  }

  #add(key: string, pair: Pair<Scalar, Node | null>): void {
    const { line } = this.#lines.linePos(pair.key.range?.[0] ?? 0);
    const behind = pair.value?.comment ?? undefined;
    const before = this.#before;
    this.#before = [];
    const value = this.#plain(pair.value);
    this.#leaves.push({ key, value, where: `${this.#path}:${line}`, before, behind });
  }

  #plain(node: Node | null): unknown {
    const value = this.#valueOf(node);
    const source = (node as Scalar | null)?.source;
    // YAML 1.1 has numbers to the base of 60: 1:30:00 is 5400. Here it is a walltime.
    const isTime = typeof value === "number" && source?.includes(":") === true;
    return isTime ? source : value;
  }

  #note(comment: string | null | undefined): void {
    if (comment) this.#before.push(...comment.split("\n"));
  }

  #target(node: Node | null): Node | null {
    const yaml = load("yaml") as typeof import("yaml");
    return yaml.isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }
}

function isMap(node: Node | null): node is YAMLMap {
  return (load("yaml") as typeof import("yaml")).isMap(node);
}

/** A file of ours with these values, `foot` behind them as a comment. */
export function writeLines(lines: readonly Line[], head: string, foot: readonly string[]): string {
  const yaml = load("yaml") as typeof import("yaml");
  const document = new yaml.Document({});
  const keys = new Set(lines.map(({ key }) => key));
  for (const line of lines) {
    addLine(document, placeOf(line.key, keys), line);
  }
  const text = lines.length === 0 ? "" : `\n${document.toString({ lineWidth: 0 })}`;
  const comments = foot.map((line) => `# ${line}`.trimEnd()).join("\n");
  return `# ${head}\n${text}${foot.length === 0 ? "" : `\n${comments}\n`}`;
}

/** Groups and name. Below a key that has a value there is no place: then dots say the same. */
function placeOf(key: string, keys: ReadonlySet<string>): readonly string[] {
  const parts = key.split(".");
  const groups = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("."));
  return groups.some((group) => keys.has(group)) ? [key] : parts;
}

function addLine(document: Document, place: readonly string[], line: Line): void {
  const yaml = load("yaml") as typeof import("yaml");
  let map = document.contents as YAMLMap;
  let first: Pair | undefined;
  for (const [i, part] of place.entries()) {
    const isLast = i === place.length - 1;
    let pair = map.items.find(({ key }) => String(key) === part) as Pair | undefined;
    if (pair === undefined) {
      const value = isLast ? document.createNode(line.value) : new yaml.YAMLMap();
      pair = new yaml.Pair(document.createNode(part), value);
      map.items.push(pair as never);
      first ??= pair;
    }
    if (!isLast) map = pair.value as YAMLMap;
    else if (yaml.isScalar(pair.value)) pair.value.comment = line.behind ?? null;
  }
  // Behind a list or a map there is no room: what stood there comes before it.
  const isScalar = typeof line.value !== "object" || line.value === null;
  const before =
    isScalar || line.behind === undefined ? line.before : [...line.before, line.behind];
  if (first !== undefined && before.length > 0) {
    (first.key as Node).commentBefore = before.join("\n");
  }
}
