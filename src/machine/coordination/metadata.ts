/**
 * @file Metadata: one tree of small plain values for all clients, addressed by lists of keys. An
 * object that is set becomes part of the tree, so its fields can be read and set one by one.
 */
import type { Json, JsonObject } from "../../codec/registry.ts";
import type { Asking, Desk } from "./desk.ts";
import type { OpOf } from "./events.ts";
import { checkNames, refuse } from "./limits.ts";

/** Maps rather than objects: no key of a user means anything special. */
type Node = Map<string, Node> | Exclude<Json, JsonObject>;

/** What a key or a value costs beside its characters. */
const ENTRY_OVERHEAD_BYTES = 32;
/** Deeper trees are refused. */
const DEPTH_MAX = 256;

export class Metadata {
  readonly #desk: Desk;
  #root: Map<string, Node> = new Map();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  set(at: Asking, { keys, value }: OpOf<"metadata-set">): void {
    checkNames(this.#desk.limits, "metadata key", keys);
    const node = nodeOf(value, DEPTH_MAX - keys.length);
    const bytes = bytesOf(node);
    this.#desk.checkValue(bytes);
    const pathBytes = keys.reduce((sum, key) => sum + bytesOfKey(key), 0);
    // As if the whole path were new; what is there already is given back below.
    this.#desk.addBytes(bytes + pathBytes);
    let parent = this.#root;
    for (const key of keys.slice(0, -1)) {
      const next = parent.get(key);
      if (next instanceof Map) {
        this.#desk.dropBytes(bytesOfKey(key));
        parent = next;
        continue;
      }
      if (next !== undefined) this.#desk.dropBytes(bytesOfKey(key) + bytesOf(next));
      const made = new Map<string, Node>();
      parent.set(key, made);
      parent = made;
    }
    const last = keys[keys.length - 1] as string;
    const before = parent.get(last);
    if (before !== undefined) this.#desk.dropBytes(bytesOfKey(last) + bytesOf(before));
    parent.set(last, node);
    this.#desk.answer<"metadata-set">(at, null);
  }

  get(at: Asking, { keys }: OpOf<"metadata-get">): void {
    let node: Node | undefined = this.#root;
    for (const key of keys) node = node instanceof Map ? node.get(key) : undefined;
    this.#desk.answer<"metadata-get">(at, node === undefined ? [] : [jsonOf(node)]);
  }

  save(): Json {
    return jsonOf(this.#root);
  }

  load(saved: Json): void {
    const root = nodeOf(saved, DEPTH_MAX);
    if (!(root instanceof Map)) throw refuse("InvalidArgument", "saved metadata is no object");
    for (const [key, node] of root) this.#desk.addBytes(bytesOfKey(key) + bytesOf(node));
    this.#root = root;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nodeOf(value: Json, depth: number): Node {
  if (depth < 0) throw refuse("InvalidArgument", `metadata is more than ${DEPTH_MAX} levels deep`);
  if (Array.isArray(value)) for (const item of value) nodeOf(item, depth - 1);
  const isLeaf = value === null || ["boolean", "number", "string"].includes(typeof value);
  if (isLeaf || Array.isArray(value)) return value as Node;
  if (!isObject(value)) {
    throw refuse(
      "InvalidArgument",
      `metadata holds null, booleans, numbers, texts, lists and plain objects; not ${typeof value}`,
    );
  }
  return new Map(Object.entries(value).map(([key, item]) => [key, nodeOf(item, depth - 1)]));
}

function jsonOf(node: Node): Json {
  if (!(node instanceof Map)) return node;
  return Object.fromEntries([...node].map(([key, item]) => [key, jsonOf(item)]));
}

function bytesOfKey(key: string): number {
  return 2 * key.length + ENTRY_OVERHEAD_BYTES;
}

/** About how much memory it takes; keys of the tree included, the node's own key not. */
function bytesOf(node: Node): number {
  if (!(node instanceof Map)) {
    const text = typeof node === "string" ? node : JSON.stringify(node);
    return 2 * text.length;
  }
  let bytes = 0;
  for (const [key, item] of node) bytes += bytesOfKey(key) + bytesOf(item);
  return bytes;
}
