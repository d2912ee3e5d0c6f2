/**
 * @file A source file as the tidy rules see it: text, lines, syntax tree, comments; and the walk
 * over the tree.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Comment, type Program, parseSync } from "oxc-parser";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** Any node of the tree. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export class Source {
  readonly lines: readonly string[];
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** What the parser could not read. */
  readonly faults: readonly string[];
  readonly #lineStarts: number[];

  /** Relative to the repository, with "/". */
  readonly path: string;
  readonly text: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.lines = text.split("\n");
    this.#lineStarts = [0];
    for (const line of this.lines) {
      this.#lineStarts.push((this.#lineStarts.at(-1) ?? 0) + line.length + 1);
    }
    const parsed = parseSync(path, text);
    this.program = parsed.program;
    this.comments = parsed.comments;
    this.faults = parsed.errors.map((error) => error.message);
  }

  /** Line number, from 1, of an offset. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** Column, from 0, of an offset. */
  columnOf(offset: number): number {
    return offset - (this.#lineStarts[this.lineOf(offset) - 1] ?? 0);
  }

  /** Calls `visit` for each node with its ancestors, outermost first. */
  walk(visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void): void {
    walkNode(this.program as unknown as SyntaxNode, [], visit);
  }
}

function walkNode(
  node: SyntaxNode,
  ancestors: SyntaxNode[],
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
): void {
  visit(node, ancestors);
  ancestors.push(node);
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      const isNode = typeof item === "object" && item !== null && typeof item.type === "string";
      if (isNode) walkNode(item as SyntaxNode, ancestors, visit);
    }
  }
  ancestors.pop();
}

/** Paths below `folder` that end in one of `endings`, relative to the repository, with "/". */
export function pathsBelow(folder: string, endings: readonly string[]): string[] {
  let entries: string[];
  try {
    entries = readdirSync(join(root, folder), { recursive: true }) as string[];
  } catch {
    return [];
  }
  return entries
    .map((name) => `${folder}/${name.split(sep).join("/")}`)
    .filter((path) => !path.includes("node_modules/") && !/\/(assembly|generated)\//.test(path))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort();
}

export function readSource(path: string): Source {
  return new Source(path, readFileSync(join(root, path), "utf8"));
}
