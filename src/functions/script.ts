/**
 * @file What a script's text says about the functions in it: which of them are module exports, and
 * for each function its shape, that is its source as an expression and the outer variables it uses.
 * Parsed once per script, once per location; the 500th closure from the same place costs only the
 * read of its variables.
 */
import { pathToFileURL } from "node:url";
import type { AnyNode, Program } from "acorn";
import { HeddleError } from "../core/errors.ts";
import { loadParser } from "./node-require.ts";
import { type Location, type Script, scriptOf } from "./probe.ts";
import {
  analyseScopes,
  type Binding,
  type FunctionNode,
  type LexicalUse,
  nameOf,
  type Scopes,
} from "./syntax.ts";

/** An outer variable that a function uses. */
export interface Capture {
  readonly name: string;
  /** Where the script declares it; undefined for globals and the names of CommonJS's wrapper. */
  readonly binding: Binding | undefined;
  /** The properties used, when the name is used in no other way than `name.property`. */
  readonly members: readonly string[] | undefined;
  /**
   * For a variable that holds what `require` gave, as it is or wrapped by a compiler: the module's
   * name.
   */
  readonly required?: string;
}

/** All that the source of a function says; the same for all functions made at one place. */
export interface Shape {
  readonly module: ScriptFacts;
  /** Place of the first character of `text`, from 0. */
  readonly line: number;
  readonly column: number;
  /** The function as an expression; for a method, an object with the one method `m`. */
  readonly text: string;
  readonly isMethod: boolean;
  readonly isClass: boolean;
  readonly strict: boolean;
  readonly captures: readonly Capture[];
  /** Evaluating the expression itself uses captures: `extends`, static fields, computed keys. */
  readonly isEager: boolean;
  readonly usesImport: boolean;
  /** What it takes from a surrounding function, which does not travel. */
  readonly lexical: LexicalUse["what"] | undefined;
  readonly hasPrivate: boolean;
  /** Names of static fields declared in a class: its source makes them again. */
  readonly statics: ReadonlySet<string>;
  /** Under which name its module exports it. */
  readonly exported: string | undefined;
}

/** How a script is run. */
type ScriptKind = "module" | "commonjs" | "vite" | "script";

/** A parsed script. */
export interface ScriptFacts {
  readonly url: string;
  readonly kind: ScriptKind;
  /** A compiler wrote the text; see {@link MAPPED}. */
  readonly isMapped: boolean;
  readonly script: Script;
  readonly scopes: Scopes;
  readonly strict: boolean;
  readonly lineStarts: readonly number[];
  /** Export name by the start of the exported function. */
  readonly exports: ReadonlyMap<number, string>;
}

/** The name by which the text refers to `import.meta`. */
export const META = "$heddle_meta";

/** The name by which the text of a class refers to what it extends. */
export const SUPER = "$heddle_super";

/**
 * Ends the file name of compiled text whose source map only the sender has; see `source-maps.ts`.
 */
export const MAPPED = "?heddle";

/** Scripts kept; more are met only by programs that make functions by `eval` over and over. */
const MAX_SCRIPTS = 1000;

const facts = new Map<string, ScriptFacts>();
const shapes = new Map<string, Shape>();

/**
 * The shape of the function at this place. Throws `NotSupported` when the script cannot be
 * understood.
 */
export function shapeAt(location: Location): Shape {
  const key = `${location.scriptId}:${location.line}:${location.column}`;
  let shape = shapes.get(key);
  if (shape === undefined) {
    shape = makeShape(factsOf(location.scriptId), location);
    shapes.set(key, shape);
  }
  return shape;
}

/** What is known of a script. */
function factsOf(scriptId: string): ScriptFacts {
  let known = facts.get(scriptId);
  if (known === undefined) {
    if (facts.size >= MAX_SCRIPTS) {
      facts.clear();
      shapes.clear();
    }
    known = readFacts(scriptOf(scriptId));
    facts.set(scriptId, known);
  }
  return known;
}

/**
 * The source map comment of the script that was loaded from this URL, if functions of it were
 * looked at.
 */
export function sourceMapOf(url: string): string | undefined {
  for (const { url: known, script } of facts.values()) {
    if (known === url && script.sourceMapUrl !== "") return script.sourceMapUrl;
  }
  return undefined;
}

function readFacts(script: Script): ScriptFacts {
  const program = parseScript(script);
  const kind = kindOf(script);
  const scopes = analyseScopes(program);
  return {
    url: urlOf(script.url),
    isMapped: script.sourceMapUrl !== "" || script.url.endsWith(MAPPED),
    kind,
    script,
    scopes,
    strict: script.isModule || hasStrictDirective(program.body),
    lineStarts: lineStartsOf(script.source),
    exports: kind === "vite" ? viteExports(scopes) : moduleExports(program, scopes),
  };
}

/** The URL of the user's file: test runners give paths, and decoded functions carry a mark. */
function urlOf(given: string): string {
  if (/^(?:\/|[A-Za-z]:\\)/.test(given)) return pathToFileURL(given).href;
  return given.endsWith(MAPPED) ? given.slice(0, -MAPPED.length) : given;
}

function parseScript(script: Script): Program {
  const options = {
    ecmaVersion: "latest",
    allowReturnOutsideFunction: true,
    allowHashBang: true,
    allowAwaitOutsideFunction: true,
    allowSuperOutsideMethod: true,
  } as const;
  // Loaded when first needed: programs that send only exported functions of Heddle never parse
  // anything.
  const { parse } = loadParser();
  try {
    return parse(script.source, { ...options, sourceType: script.isModule ? "module" : "script" });
  } catch (cause) {
    throw new HeddleError(
      "NotSupported",
      `The source of ${script.url || "a script without a name"} could not be parsed: ` +
        `${(cause as Error).message}. Move the function to a module of its own and export it.`,
      { cause, fields: { url: script.url } },
    );
  }
}

/** Jest runs CommonJS modules in a wrapper of its own, under the bare path. */
const JEST = /^\(\{"Object\.<anonymous>":function\(module,exports,require/;

function kindOf(script: Script): ScriptKind {
  if (script.isModule) return "module";
  if (/^'use strict';async \(__vite_ssr_|__vi_import_/.test(script.source.slice(0, 400))) {
    return "vite";
  }
  if (script.url.startsWith("file:")) return "commonjs";
  return JEST.test(script.source.slice(0, 200)) ? "commonjs" : "script";
}

function lineStartsOf(source: string): number[] {
  const starts = [0];
  // V8 ends lines where JavaScript does.
  for (const match of source.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    starts.push(match.index + match[0].length);
  }
  return starts;
}

/** The functions that top-level `export`s name, if nothing assigns another value to the name. */
function moduleExports(program: Program, scopes: Scopes): Map<number, string> {
  const found = new Map<number, string>();
  const add = (local: string, exported: string): void => {
    const binding = scopes.top.get(local);
    const value = binding?.writes === 0 ? functionIn(binding.value) : undefined;
    if (value !== undefined) found.set(value.start, exported);
  };
  for (const node of program.body) {
    if (node.type === "ExportDefaultDeclaration") {
      const value = functionIn(node.declaration);
      if (value !== undefined) found.set(value.start, "default");
    }
    if (node.type !== "ExportNamedDeclaration" || node.source != null) continue;
    for (const { local, exported } of node.specifiers) add(nameOf(local), nameOf(exported));
    const { declaration } = node;
    if (declaration == null) continue;
    if (declaration.type === "VariableDeclaration") {
      for (const { id } of declaration.declarations) {
        if (id.type === "Identifier") add(id.name, id.name);
      }
    } else if (declaration.id != null) add(declaration.id.name, declaration.id.name);
  }
  return found;
}

/** Vite writes `__vite_ssr_exportName__("name", () => { … return local … })`. */
function viteExports(scopes: Scopes): Map<number, string> {
  const found = new Map<number, string>();
  const { references, functions } = scopes;
  for (const { node, parent } of functions) {
    const named =
      parent?.type === "CallExpression" &&
      parent.callee.type === "Identifier" &&
      parent.callee.name === "__vite_ssr_exportName__";
    const name = named ? parent.arguments[0] : undefined;
    if (name?.type !== "Literal") continue;
    for (const { start, binding } of references) {
      if (start < node.start || start >= node.end) continue;
      const value = binding?.writes === 0 ? functionIn(binding.value) : undefined;
      if (value !== undefined) found.set(value.start, String(name.value));
    }
  }
  return found;
}

/** The function that an expression is, also inside esbuild's `__name(function, "name")`. */
function functionIn(node: AnyNode | undefined): AnyNode | undefined {
  switch (node?.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "ClassDeclaration":
    case "ClassExpression":
      return node;
    case "CallExpression":
      return node.callee.type === "Identifier" && node.callee.name === "__name"
        ? functionIn(node.arguments[0])
        : undefined;
    default:
      return undefined;
  }
}

function makeShape(module: ScriptFacts, location: Location): Shape {
  const { node, parent } = functionAt(module, location);
  const isMethod = isMethodOf(node, parent);
  const isClass = isClassNode(node);
  return {
    module,
    ...positionOf(module, node.start),
    text: textOf(module, node, isMethod),
    isMethod,
    isClass,
    strict: isStrict(module, node),
    captures: capturesOf(module, node),
    isEager: isClass && evaluatesEagerly(node),
    usesImport: module.scopes.dynamicImports.some((use) => isInside(use, node)),
    lexical: lexicalUse(module, node),
    hasPrivate: isClass && node.body.body.some(isPrivateMember),
    statics: new Set(isClass ? node.body.body.flatMap(staticName) : []),
    exported: module.exports.get(node.start),
  };
}

/**
 * The innermost function around the place: V8 gives the start of the function, or of its
 * parameters.
 */
function functionAt(module: ScriptFacts, location: Location): FunctionNode {
  const { startLine, startColumn } = module.script;
  const line = location.line - startLine;
  const column = line === 0 ? location.column - startColumn : location.column;
  const offset = (module.lineStarts[line] ?? 0) + column;
  const innermost = (keep: (candidate: FunctionNode) => boolean): FunctionNode | undefined => {
    let best: FunctionNode | undefined;
    for (const candidate of module.scopes.functions) {
      const { start, end } = candidate.node;
      if (start > offset || offset >= end || !keep(candidate)) continue;
      if (best === undefined || start >= best.node.start) best = candidate;
    }
    return best;
  };
  const found = innermost(() => true);
  const { parent } = found ?? {};
  if (parent?.type === "MethodDefinition" && parent.kind === "constructor") {
    // V8 gives a class that has a constructor the place of its constructor.
    return innermost(({ node }) => isClassNode(node)) as FunctionNode;
  }
  if (found !== undefined) return found;
  throw new HeddleError(
    "NotSupported",
    `No function was found at ${module.url}:${location.line + 1}:${location.column + 1}. Export the ` +
      "function from a module of its own.",
  );
}

type ClassNode = Extract<AnyNode, { type: "ClassDeclaration" | "ClassExpression" }>;

function isClassNode(node: AnyNode): node is ClassNode {
  return node.type === "ClassDeclaration" || node.type === "ClassExpression";
}

function isMethodOf(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (node.type !== "FunctionExpression") return false;
  if (parent?.type === "MethodDefinition") return true;
  return parent?.type === "Property" && (parent.method || parent.kind !== "init");
}

/** The source as an expression, in which names stand for `import.meta` and for the parent class. */
function textOf(module: ScriptFacts, node: AnyNode, isMethod: boolean): string {
  const edits = module.scopes.metas
    .filter((meta) => isInside(meta, node))
    .map(({ start, end }) => ({ start, end, name: META }));
  const parent = parentClassOf(node);
  if (parent !== undefined) edits.unshift({ start: parent.start, end: parent.end, name: SUPER });
  let text = "";
  let from = node.start;
  for (const { start, end, name } of edits) {
    if (start < from) continue;
    text += module.script.source.slice(from, start) + name;
    from = end;
  }
  text += module.script.source.slice(from, node.end);
  if (!isMethod) return text;
  const { async: isAsync, generator } = node as { async?: boolean; generator?: boolean };
  const head = `${isAsync === true ? "async " : ""}${generator === true ? "*" : ""}m`;
  return `({${head}${text}}).m`;
}

/**
 * What a class extends. It is read from the class: V8 need not keep variables that only `extends`
 * mentions.
 */
function parentClassOf(node: AnyNode): AnyNode | undefined {
  if (!isClassNode(node) || node.superClass == null) return undefined;
  return node.superClass.type === "Literal" ? undefined : node.superClass;
}

function positionOf(module: ScriptFacts, offset: number): { line: number; column: number } {
  const { lineStarts, script } = module;
  let low = 0;
  let high = lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lineStarts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  const column = offset - (lineStarts[low] as number);
  const line = low + script.startLine;
  return { line, column: Math.max(0, low === 0 ? column + script.startColumn : column) };
}

function capturesOf(module: ScriptFacts, node: AnyNode): Capture[] {
  const found = new Map<
    string,
    { binding: Binding | undefined; members: Set<string> | undefined }
  >();
  const parent = parentClassOf(node);
  if (parent !== undefined) found.set(SUPER, { binding: undefined, members: undefined });
  for (const { name, start, end, member, binding } of module.scopes.references) {
    if (start < node.start || (parent !== undefined && isInside({ start, end }, parent))) continue;
    if (start >= node.end) break;
    if (name === "arguments" && binding === undefined) continue;
    if (binding !== undefined && isWithin(binding, node)) continue;
    // As an expression, a declaration still knows itself by its name.
    if (binding?.value === node && binding.writes === 0 && node.type.endsWith("Declaration"))
      continue;
    const before = found.get(name);
    if (before === undefined) {
      found.set(name, { binding, members: member === undefined ? undefined : new Set([member]) });
    } else if (member === undefined) before.members = undefined;
    else before.members?.add(member);
  }
  if (module.scopes.metas.some((use) => isInside(use, node))) {
    found.set(META, { binding: undefined, members: undefined });
  }
  return Array.from(found, ([name, { binding, members }]) => ({
    name,
    binding,
    members: members === undefined ? undefined : [...members],
    ...(binding === undefined ? {} : requiredBy(module, binding)),
  }));
}

const REQUIRE = /\brequire\(\s*(["'])([^"'\n]+)\1\s*\)/;

/**
 * `const helper = require("./helper")`, also inside what compilers put around it
 * (`__toESM(require(…))`).
 */
function requiredBy(module: ScriptFacts, { value, writes }: Binding): { required?: string } {
  if (module.kind !== "commonjs" || value?.type !== "CallExpression" || writes > 0) return {};
  if (value.end - value.start > 300) return {};
  const required = REQUIRE.exec(module.script.source.slice(value.start, value.end))?.[2];
  return required === undefined ? {} : { required };
}

/** Declared by the function itself, its name included when it is an expression. */
function isWithin(binding: Binding, node: AnyNode): boolean {
  return binding.scopeStart >= node.start && binding.scopeEnd <= node.end;
}

function isInside(
  inner: { start: number; end: number },
  outer: { start: number; end: number },
): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/**
 * What the function uses of a function around it; `this` at the top of a module is undefined, and
 * may travel.
 */
function lexicalUse(module: ScriptFacts, node: AnyNode): LexicalUse["what"] | undefined {
  for (const { what, start, owner } of module.scopes.lexical) {
    if (start < node.start || start >= node.end) continue;
    const provided = what === "super" ? owner > node.start : owner >= node.start;
    if (provided && owner < node.end) continue;
    if (what === "this" && owner === -1 && module.kind === "module") continue;
    return what;
  }
  return undefined;
}

function isStrict(module: ScriptFacts, node: AnyNode): boolean {
  if (module.strict) return true;
  return module.scopes.functions.some(({ node: outer }) => {
    if (!isInside(node, outer)) return false;
    if (isClassNode(outer)) return outer !== node;
    if (!("body" in outer) || outer.body === null || outer === node) return false;
    const body = outer.body as AnyNode;
    return body.type === "BlockStatement" && hasStrictDirective(body.body);
  });
}

function hasStrictDirective(body: readonly AnyNode[]): boolean {
  const first = body[0];
  return first?.type === "ExpressionStatement" && first.directive === "use strict";
}

function evaluatesEagerly(node: ClassNode): boolean {
  if (node.superClass != null) return true;
  return node.body.body.some((member) => {
    if (member.type === "StaticBlock") return true;
    return member.computed || (member.type === "PropertyDefinition" && member.static);
  });
}

/** Methods too: an object that no constructor made may not call them. */
function isPrivateMember(member: AnyNode): boolean {
  return (
    (member.type === "PropertyDefinition" || member.type === "MethodDefinition") &&
    !member.static &&
    member.key.type === "PrivateIdentifier"
  );
}

function staticName(member: AnyNode): string[] {
  return member.type === "PropertyDefinition" && member.static
    ? [nameOf(member.key as AnyNode)]
    : [];
}
