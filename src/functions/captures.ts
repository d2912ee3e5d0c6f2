/**
 * @file One captured variable at a time: an import is written as the import it is (and read on the
 * other side), what CommonJS and test runners put in the place of imports likewise, anything else
 * by its present value.
 */

import { createRequire, isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import type { AnyNode } from "acorn";
import type { Json, JsonObject } from "../codec/registry.ts";
import type { GraphWriter } from "../codec/writer.ts";
import { HeddleError } from "../core/errors.ts";
import { isConstant, placeNode, stateOf } from "./graph-state.ts";
import { placeOfImport } from "./modules.ts";
import { isHostGlobal, placeOfObject } from "./places.ts";
import { type Capture, META, type Shape, SUPER } from "./script.ts";

/**
 * `[name, node]` with the node of a value, or `[name, node, 1]` with one of the nodes below, which
 * only captures can be:
 * `I` an export of a module, `M` import.meta, `R` a `require`, `D` a dynamic import, `P` an object
 * made of such pairs.
 */
type Captured = readonly Json[];

const VITE_META = "__vite_ssr_import_meta__";
const VITE_DYNAMIC = "__vite_ssr_dynamic_import__";

/** Writes one captured variable; undefined for what every host has by that name. */
export function writeCapture(
  capture: Capture,
  values: ReadonlyMap<string, unknown>,
  shape: Shape,
  graph: GraphWriter,
): Captured | undefined {
  const { name, binding } = capture;
  const { url, kind } = shape.module;
  if (name === META || name === VITE_META) return [name, { $: "M", u: url }, 1];
  if (name === VITE_DYNAMIC) return [name, { $: "D", u: url }, 1];
  if (kind === "commonjs" && (binding === undefined || binding.kind === "param")) {
    const node = commonJsName(capture, values, url, graph);
    if (node !== undefined) return node;
  }
  const imported = importOf(capture, values.get(name), shape, graph);
  if (imported !== undefined) return [name, imported, 1];
  const isGlobal = binding === undefined && !values.has(name);
  if (isGlobal && (isHostGlobal(name) || !(name in globalThis))) return undefined;
  const value = isGlobal ? Reflect.get(globalThis, name) : values.get(name);
  if (value === undefined && isUninitialised(capture)) throw uninitialised(name);
  noteStability(capture, value, graph);
  return [name, graph.part(value, stepTo(name))];
}

/** `require`, `module` and their like belong to the file, and are made again for it. */
function commonJsName(
  { name, members }: Capture,
  values: ReadonlyMap<string, unknown>,
  url: string,
  graph: GraphWriter,
): Captured | undefined {
  switch (name) {
    case "require":
      return [name, { $: "R", u: url }, 1];
    case "__filename":
      return [name, fileURLToPath(url)];
    case "__dirname":
      return [name, fileURLToPath(new URL("./", url)).replace(/(.)[/\\]$/, "$1")];
    case "exports":
    case "module": {
      const value = values.get(name);
      if (typeof value !== "object" || value === null) return undefined;
      stateOf(graph).isStable = false;
      const { exports } = value as { exports?: unknown };
      const part =
        name === "module" ? { exports } : placeOfObject(value) ? value : pickOf(value, members);
      return [name, graph.part(part, stepTo(name))];
    }
    default:
      return undefined;
  }
}

/** The node of an imported binding; undefined when it has to go by its value. */
function importOf(
  capture: Capture,
  value: unknown,
  shape: Shape,
  graph: GraphWriter,
): JsonObject | undefined {
  const { binding, required, members } = capture;
  const { url } = shape.module;
  if (binding?.from !== undefined) {
    const module = placeOfImport(binding.from.specifier, url, "import");
    return module && placeNode({ module, name: binding.from.imported }, graph);
  }
  const viteImport = viteSpecifier(binding?.value);
  if (viteImport?.startsWith("node:") === true) {
    const module = placeOfImport(viteImport, url, "import");
    return module && placeNode({ module, name: "*" }, graph);
  }
  const isNamespace = viteImport !== undefined || required !== undefined;
  if (!isNamespace || typeof value !== "object" || value === null) return undefined;
  if (placeOfObject(value) !== undefined || members === undefined) return undefined;
  const pairs = members.map((member) => memberOf(capture, member, value, url, graph));
  return { $: "P", p: pairs };
}

/**
 * One property of a namespace that a compiler or a test runner made. It is read from the real
 * module where that exports the same value; otherwise (only the runner can load the module) it
 * travels.
 */
function memberOf(
  { name, required }: Capture,
  member: string,
  namespace: object,
  url: string,
  graph: GraphWriter,
): Captured {
  const value: unknown = Reflect.get(namespace, member);
  const exports = required === undefined ? undefined : requiredExports(required, url);
  const isSame = exports !== undefined && Reflect.get(exports, member) === value;
  if (required !== undefined && (isSame || (exports !== undefined && exports === value))) {
    const module = placeOfImport(required, url, "require");
    const node = module && placeNode({ module, name: isSame ? member : "*" }, graph);
    if (node !== undefined) return [member, node, 1];
  }
  if (typeof value === "object" && value !== null) stateOf(graph).isStable = false;
  return [member, graph.part(value, { text: ` → variable "${name}.${member}"` })];
}

/** What Node's own `require` gave for this specifier, if it was asked before. */
function requiredExports(specifier: string, url: string): object | undefined {
  try {
    const require = createRequire(url);
    if (isBuiltin(specifier)) return require(specifier) as object;
    return require.cache[require.resolve(specifier)]?.exports as object | undefined;
  } catch {
    return undefined;
  }
}

/** `await __vite_ssr_import__("specifier", …)`. */
function viteSpecifier(node: AnyNode | undefined): string | undefined {
  if (node?.type !== "AwaitExpression" || node.argument.type !== "CallExpression") return undefined;
  const { callee, arguments: given } = node.argument;
  if (callee.type !== "Identifier" || callee.name !== "__vite_ssr_import__") return undefined;
  return given[0]?.type === "Literal" ? String(given[0].value) : undefined;
}

/** An object with only these properties of `value`. */
function pickOf(value: unknown, members: readonly string[] | undefined): unknown {
  if (members === undefined || typeof value !== "object" || value === null) return value;
  const picked: Record<string, unknown> = {};
  for (const member of members) picked[member] = (value as Record<string, unknown>)[member];
  return picked;
}

function stepTo(name: string): { text: string } {
  return { text: ` → variable "${name}"` };
}

/** Expressions whose value is never undefined. */
const DEFINED: ReadonlySet<AnyNode["type"]> = new Set<AnyNode["type"]>([
  "ArrayExpression",
  "ArrowFunctionExpression",
  "BinaryExpression",
  "ClassDeclaration",
  "ClassExpression",
  "FunctionExpression",
  "ImportExpression",
  "Literal",
  "NewExpression",
  "ObjectExpression",
  "TemplateLiteral",
]);

/**
 * Whether a variable that seems to be undefined has not been initialised yet: V8 shows both alike,
 * so this is known only where the variable can never be undefined later. `var` may be before.
 */
function isUninitialised({ binding }: Capture): boolean {
  if (!isConstant(binding) || binding?.value === undefined) return false;
  const isLexical = ["const", "let", "class"].includes(binding.kind);
  return isLexical && DEFINED.has(binding.value.type);
}

function uninitialised(name: string): HeddleError<"NotSerializable"> {
  return new HeddleError(
    "NotSerializable",
    `a function uses the variable "${name}", which has no value yet: hand the function over below ` +
      `the line that declares "${name}"`,
  );
}

/** Whether the next submit has to look again. */
function noteStability({ name, binding }: Capture, value: unknown, graph: GraphWriter): void {
  const isObject = typeof value === "object" && value !== null;
  if (name === SUPER) return;
  if (isObject || !isConstant(binding) || value === undefined) stateOf(graph).isStable = false;
}
