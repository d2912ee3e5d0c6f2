/**
 * @file One captured variable at a time: an import is written as the import it is (and read on the other side), what
 * CommonJS and test runners put in the place of imports likewise, anything else by its present value.
 */

import { fileURLToPath } from "node:url";
import type { AnyNode } from "acorn";
import type { Json, JsonObject } from "../codec/registry.ts";
import type { GraphWriter } from "../codec/writer.ts";
import { isConstant, placeNode, stateOf } from "./graph-state.ts";
import { placeOfImport } from "./modules.ts";
import { isHostGlobal, placeOfObject } from "./places.ts";
import { type Capture, META, type Shape } from "./script.ts";

/**
 * `[name, node]` with the node of a value, or `[name, node, 1]` with one of the nodes below, which only captures can be:
 * `I` an export of a module, `M` import.meta, `R` a `require`, `D` a dynamic import, `C` the result of a call.
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
  writeThunk: (thunk: Shape) => Json,
): Captured | undefined {
  const { name, binding } = capture;
  const { url, kind } = shape.module;
  if (name === META || name === VITE_META) return [name, { $: "M", u: url }, 1];
  if (name === VITE_DYNAMIC) return [name, { $: "D", u: url }, 1];
  if (kind === "commonjs" && (binding === undefined || binding.kind === "param")) {
    const node = commonJsName(capture, values, url, graph);
    if (node !== undefined) return node;
  }
  const imported = importOf(capture, values, shape, graph, writeThunk);
  if (imported !== undefined) return [name, imported, 1];
  if (!values.has(name)) {
    const inGlobal = binding === undefined && !isHostGlobal(name) && name in globalThis;
    if (binding === undefined && !inGlobal) return undefined;
  }
  const value = values.has(name) ? values.get(name) : Reflect.get(globalThis, name);
  const picked = isModuleObject(capture, shape) ? pick(value, capture, graph) : value;
  noteStability(capture, value, graph);
  return [name, graph.part(picked, { text: ` → variable "${name}"` })];
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
      return [name, graph.part(part, { text: ` → variable "${name}"` })];
    }
    default:
      return undefined;
  }
}

/** The node of an imported binding; undefined when it has to go by its value. */
function importOf(
  capture: Capture,
  values: ReadonlyMap<string, unknown>,
  shape: Shape,
  graph: GraphWriter,
  writeThunk: (thunk: Shape) => Json,
): JsonObject | undefined {
  const { binding, required, initial, name } = capture;
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
  if (required === undefined || initial === undefined || !values.has(name)) return undefined;
  const value = values.get(name);
  if (typeof value !== "object" || value === null || placeOfObject(value) !== undefined) {
    return undefined;
  }
  if (isPicked(capture)) return undefined;
  const module = placeOfImport(required, url, "require");
  if (module === undefined) return undefined;
  // Its content is part of the token, though it is the source that loads it.
  placeNode({ module, name: "*" }, graph);
  return { $: "C", f: writeThunk(initial) };
}

/** In Jest and vitest modules are transformed: only the runner itself can load them, so what is used of them travels. */
function isPicked({ required }: Capture): boolean {
  return required !== undefined && /^[./]/.test(required) && "JEST_WORKER_ID" in process.env;
}

function isModuleObject(capture: Capture, shape: Shape): boolean {
  if (shape.module.kind === "vite") return viteSpecifier(capture.binding?.value) !== undefined;
  return isPicked(capture);
}

/** `await __vite_ssr_import__("specifier", …)`. */
function viteSpecifier(node: AnyNode | undefined): string | undefined {
  if (node?.type !== "AwaitExpression" || node.argument.type !== "CallExpression") return undefined;
  const { callee, arguments: given } = node.argument;
  if (callee.type !== "Identifier" || callee.name !== "__vite_ssr_import__") return undefined;
  return given[0]?.type === "Literal" ? String(given[0].value) : undefined;
}

function pick(value: unknown, { members }: Capture, graph: GraphWriter): unknown {
  if (members === undefined) {
    throw graph.refuse({
      type: "whole module under a test runner",
      advice: "Import the names that the function uses one by one.",
    });
  }
  return pickOf(value, members);
}

/** An object with only these properties of `value`. */
function pickOf(value: unknown, members: readonly string[] | undefined): unknown {
  if (members === undefined || typeof value !== "object" || value === null) return value;
  const picked: Record<string, unknown> = {};
  for (const member of members) picked[member] = (value as Record<string, unknown>)[member];
  return picked;
}

/** Whether the next submit has to look again. */
function noteStability({ binding }: Capture, value: unknown, graph: GraphWriter): void {
  const isObject = typeof value === "object" && value !== null;
  if (isObject || !isConstant(binding) || value === undefined) stateOf(graph).isStable = false;
}
