/**
 * @file The project's own rules about source text, those that no linter knows. A rule takes a file
 * and names its violations; `test/tidy.test.ts` runs all rules over all files, and each rule over a
 * planted violation.
 */
import { posix } from "node:path";
import {
  BANNED_GLOBALS,
  FIRST_NODE_LAYER,
  folderOf,
  LAYERS,
  SIBLINGS,
  TESTING_LAYER,
} from "./layers.ts";
import { Source, type SyntaxNode } from "./source.ts";

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly problem: string;
}

export type Rule = (source: Source) => Violation[];

const MAX_FILE_LINES = 800;
const MAX_FUNCTION_LINES = 70;
const MAX_LINE_LENGTH = 100;

const isProduct = (path: string): boolean => path.startsWith("src/");
const isTest = (path: string): boolean => path.startsWith("test/");

/** One import of a file: where to, whether only types, whether at run time (`import()`). */
interface Import {
  readonly node: SyntaxNode;
  readonly target: string;
  readonly isType: boolean;
  readonly isLazy: boolean;
}

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  source.walk((node) => {
    const from = node["source"] as SyntaxNode | null | undefined;
    const isImport = /^(Import(Declaration|Expression)|Export(All|Named)Declaration)$/.test(
      node.type,
    );
    if (!isImport || typeof from?.["value"] !== "string") return;
    const isType = node["importKind"] === "type" || node["exportKind"] === "type";
    const isLazy = node.type === "ImportExpression";
    found.push({ node, target: from["value"], isType, isLazy });
  });
  return found;
}

/**
 * A file imports only from its own or a lower layer; array, dataframe and bag load each other
 * lazily.
 */
export const layers: Rule = (source) => {
  const folder = folderOf(source.path);
  if (folder === undefined) return [];
  const own = folder === "testing" ? TESTING_LAYER : LAYERS[folder];
  if (own === undefined) {
    return [
      { path: source.path, line: 1, problem: `src/${folder} has no layer: see tidy/layers.ts` },
    ];
  }
  const violations: Violation[] = [];
  for (const { node, target, isType, isLazy } of importsOf(source)) {
    const problem = target.startsWith(".")
      ? layerProblem(folder, own, posix.join(posix.dirname(source.path), target), isType || isLazy)
      : own < FIRST_NODE_LAYER && /^node:/.test(target)
        ? `layer ${own} (${folder}) may not import ${target}`
        : undefined;
    if (problem === undefined) continue;
    violations.push({ path: source.path, line: source.lineOf(node.start), problem });
  }
  return violations;
};

function layerProblem(
  folder: string,
  own: number,
  target: string,
  isDeferred: boolean,
): string | undefined {
  const other = folderOf(target);
  if (other === folder) return undefined;
  if (other === undefined) return `src/${folder} may not import ${target}`;
  if (other === "testing") return "only tests and scripts may import src/testing";
  const layer = LAYERS[other];
  if (layer === undefined) return `src/${other} has no layer: see tidy/layers.ts`;
  if (layer > own) return `layer ${own} (${folder}) imports layer ${layer} (${other})`;
  if (SIBLINGS.has(folder) && SIBLINGS.has(other) && !isDeferred) {
    return `${folder} imports ${other}: load it with await import(), or import only types`;
  }
  return undefined;
}

/** The pure layers use no clock, no randomness and nothing of Node. */
export const bannedGlobals: Rule = (source) => {
  const layer = LAYERS[folderOf(source.path) ?? ""];
  if (layer === undefined || layer >= FIRST_NODE_LAYER) return [];
  const violations: Violation[] = [];
  source.walk((node, ancestors) => {
    const problem = bannedUse(node, ancestors);
    if (problem === undefined) return;
    violations.push({ path: source.path, line: source.lineOf(node.start), problem });
  });
  return violations;
};

function bannedUse(node: SyntaxNode, ancestors: readonly SyntaxNode[]): string | undefined {
  if (node.type !== "Identifier") return undefined;
  const parent = ancestors.at(-1);
  const name = String(node["name"]);
  if (parent === undefined || isOnlyAName(node, parent)) return undefined;
  const advice = BANNED_GLOBALS.get(name);
  if (advice !== undefined) return `${name} in a pure layer: ${advice}`;
  const member = (parent["property"] as SyntaxNode | undefined)?.["name"];
  if (name === "Math" && member === "random") return "Math.random: use core/prng.ts";
  if (name !== "Date") return undefined;
  const isClock =
    member === "now" ||
    (/^(New|Call)Expression$/.test(parent.type) &&
      parent["callee"] === node &&
      (parent["arguments"] as unknown[]).length === 0);
  return isClock ? "the time of day in a pure layer: time comes inside events" : undefined;
}

/** Whether an identifier names a property, a key or a type rather than reading a variable. */
function isOnlyAName(node: SyntaxNode, parent: SyntaxNode): boolean {
  if (parent["property"] === node) return parent["computed"] !== true;
  if (parent["key"] === node && parent["computed"] !== true) return parent["shorthand"] !== true;
  return parent.type.startsWith("TS") && !/^TS(As|NonNull|Satisfies)Expression$/.test(parent.type);
}

/** Files stay readable in one sitting. */
export const fileLength: Rule = ({ path, lines }) => {
  const count = lines.length - 1;
  if (count <= MAX_FILE_LINES) return [];
  return [{ path, line: 1, problem: `${count} lines: split it (at most ${MAX_FILE_LINES})` }];
};

/**
 * Functions fit on one screen. The bodies of `describe` and `it` are no functions in this sense.
 */
export const functionLength: Rule = (source) => {
  if (isTest(source.path)) return [];
  const violations: Violation[] = [];
  source.walk((node) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type))
      return;
    const line = source.lineOf(node.start);
    const count = source.lineOf(node.end) - line + 1;
    if (count <= MAX_FUNCTION_LINES) return;
    const problem = `function of ${count} lines: split it (at most ${MAX_FUNCTION_LINES})`;
    violations.push({ path: source.path, line, problem });
  });
  return violations;
};

/** Lines fit side by side. Texts and links are not broken, so that they can be searched for. */
export const lineLength: Rule = (source) => {
  const long = source.lines
    .map((text, i) => ({ text, line: i + 1 }))
    .filter(({ text }) => text.length > MAX_LINE_LENGTH && !/https?:\/\//.test(text));
  if (long.length === 0) return [];
  const inText = new Set<number>();
  source.walk((node) => {
    if (!/^(Literal|TemplateLiteral|TemplateElement)$/.test(node.type)) return;
    const first = source.lineOf(node.start);
    const last = source.lineOf(node.end);
    const reaches = source.columnOf(node.start) + (node.end - node.start) >= MAX_LINE_LENGTH - 2;
    for (let line = first; line <= last; line++) if (reaches || last > first) inText.add(line);
  });
  return long
    .filter(({ line }) => !inText.has(line))
    .map(({ text, line }) => ({
      path: source.path,
      line,
      problem: `${text.length} characters (at most ${MAX_LINE_LENGTH})`,
    }));
};

/**
 * Nothing that says "not finished" stays behind. Spelt in parts here, so that the rule passes
 * itself.
 */
const MARKERS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`\\bFIX${"ME"}\\b`), `FIX${"ME"} left behind`],
  [new RegExp(`\\bX${"XX"}\\b(?!\\w)`), `X${"XX"} left behind`],
  [new RegExp(`\\bTO${"DO"}\\b(?!\\(#\\d+\\))`), `TO${"DO"} without an issue number`],
  [new RegExp(`@ts-${"ignore"}|@ts-${"nocheck"}`), "the type checker is silenced"],
  [new RegExp(`\\b(it|test|describe)\\.(${"only"}|${"skip"})\\(`), "a test is left out"],
  [new RegExp(`\\bdebug${"ger"};`), "a breakpoint is left behind"],
];

export const markers: Rule = (source) =>
  source.lines.flatMap((text, i) =>
    MARKERS.filter(([pattern]) => pattern.test(text)).map(([, problem]) => ({
      path: source.path,
      line: i + 1,
      problem,
    })),
  );

/** A value is never declared to be of any type: `unknown` and a check say the same honestly. */
export const hiddenTypes: Rule = (source) => {
  const violations: Violation[] = [];
  source.walk((node) => {
    const type = (node["typeAnnotation"] as SyntaxNode | undefined)?.type;
    if (!/^TS(As|TypeAssertion)/.test(node.type) || type !== "TSAnyKeyword") return;
    const line = source.lineOf(node.start);
    violations.push({ path: source.path, line, problem: "a cast to any hides a type" });
  });
  return violations;
};

/** Old code lives in the history. A run of line comments that reads as statements is code. */
export const commentedCode: Rule = (source) => {
  const runs: { line: number; text: string }[] = [];
  let lastLine = -1;
  for (const comment of source.comments) {
    if (comment.type !== "Line") continue;
    const line = source.lineOf(comment.start);
    const run = runs.at(-1);
    if (run !== undefined && line === lastLine + 1) run.text += `\n${comment.value}`;
    else runs.push({ line, text: comment.value });
    lastLine = line;
  }
  return runs
    .filter(({ text }) => /[;{}]\s*$/m.test(text) && readsAsCode(text))
    .map(({ line }) => ({ path: source.path, line, problem: "commented-out code: delete it" }));
};

function readsAsCode(text: string): boolean {
  // Code inside a function parses only there; an unclosed brace is closed for the trial.
  const open = (text.match(/\{/g)?.length ?? 0) - (text.match(/\}/g)?.length ?? 0);
  const closed = text + "}".repeat(Math.max(0, open));
  return new Source("trial.ts", `async function trial() {${closed}\n}`).faults.length === 0;
}

/** A file says first what it holds. */
export const fileComment: Rule = ({ path, text, program }) => {
  if (isTest(path) || !/^(src|scripts|bench|examples)\//.test(path)) return [];
  if (/^(#!.*\n)?\/\*\*\s+(\*\s+)?@file\s/.test(text) || program.body.length === 0) return [];
  return [{ path, line: 1, problem: "the file does not begin with /** @file … */" }];
};

/** File names are words with dashes. */
export const fileName: Rule = ({ path }) => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$/.test(name)) return [];
  return [{ path, line: 1, problem: "file names are lower-case words with dashes" }];
};

/** What is said of this machine or this build place has no meaning elsewhere. */
export const machinePaths: Rule = (source) => {
  const pattern = new RegExp(`/${"work"}/(main|shared)|/tmp/${"heddle"}/`);
  return source.lines.flatMap((text, i) =>
    pattern.test(text)
      ? [{ path: source.path, line: i + 1, problem: "a path of one machine" }]
      : [],
  );
};

/**
 * A unit test stands where its source stands; behaviour across files goes to conformance, sim or
 * e2e.
 */
export function testsMirrorSources(paths: readonly string[]): Violation[] {
  const stems = paths.filter(isProduct).map((path) => path.replace(/^src\/(.*)\.ts$/, "$1"));
  const known = new Set(stems);
  const belongs = (stem: string): boolean => {
    if (known.has(stem)) return true;
    const dash = stem.lastIndexOf("-");
    return dash > stem.lastIndexOf("/") && belongs(stem.slice(0, dash));
  };
  return paths
    .filter((path) => /^test\/unit\/.*\.test\.ts$/.test(path))
    .filter((path) => !belongs(path.replace(/^test\/unit\/(.*)\.test\.ts$/, "$1")))
    .map((path) => ({ path, line: 1, problem: "no source file of this name in src" }));
}

/** Every rule about one file, by name. */
export const RULES: Readonly<Record<string, Rule>> = {
  layers,
  bannedGlobals,
  fileLength,
  functionLength,
  lineLength,
  markers,
  hiddenTypes,
  commentedCode,
  fileComment,
  fileName,
  machinePaths,
};
