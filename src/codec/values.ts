/**
 * @file Values to bytes at rest and back. Built-in kinds: `inline` (plain data, JSON), `bytes`
 * (buffers and typed arrays), `error`, and `clone` (everything else that the structured clone
 * knows, with cycles and shared parts, and more: errors with their class, functions, instances of
 * classes). Other kinds come by `registerCodec`.
 *
 * What is not kept, mostly as in the structured clone: properties that are not enumerable, and what
 * accessors are (their values are); whether an object is frozen or sealed; own properties of arrays
 * beside their items, of typed arrays, buffers, boxed values and URLs (those of Map, Set, Date,
 * RegExp, errors and instances are kept); symbols as keys that are neither registered nor
 * well-known; bytes of a buffer outside the view that is sent, that two views share a buffer, and
 * that a buffer can be resized. A user's subclass of Map, Set or Error travels with its fields; one
 * of Array is refused unless it is registered, one of Date, RegExp, a typed array or a buffer
 * unless it is registered with a codec.
 */

import { HeddleError, isHeddleError } from "../core/errors.ts";
import { builtinName, userClassOver, viewOver } from "./builtin-kinds.ts";
import {
  bufferOffsets,
  corrupt,
  type Frame,
  type FrameLayout,
  frameBytes,
  layoutFrame,
  readFrame,
  writeFrameHead,
} from "./frame.ts";
import { GraphReader } from "./reader.ts";
import { codecFor, codecOf, currentFunctionPort, type Json, type JsonObject } from "./registry.ts";
import { GraphWriter, isStackOverflow } from "./writer.ts";

/** A value ready to be written: its exact length, and how. Write before the value is changed. */
export interface EncodedValue {
  readonly kind: string;
  readonly bytes: number;
  /**
   * Writes the value at the start of `target`, which may lie in shared memory and may be longer.
   */
  writeTo(target: Uint8Array): void;
}

/**
 * Encodes any value that may travel. Throws `NotSerializable`, naming the path to what cannot and
 * the way out; `name` is what messages call the value.
 *
 * @example
 * import { decodeValue, encodeValue } from "./values.ts";
 * const encoded = encodeValue(new Map([["a", [1, 2]]]));
 * const bytes = new Uint8Array(encoded.bytes);
 * encoded.writeTo(bytes);
 * decodeValue(bytes); // Map { "a" => [1, 2] }
 */
export function encodeValue(value: unknown, name = "value"): EncodedValue {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const codec = codecFor(value);
    if (codec !== undefined) {
      const { meta, buffers } = codec.encode(value);
      return encoded(codec.kind, meta, buffers);
    }
    if (isBytes(value)) {
      const view = ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value);
      return encoded("bytes", bytesName(value), [view]);
    }
  }
  const graph = new GraphWriter(name);
  const root = graph.write(value);
  if (!graph.rich) return encoded("inline", graph.tagged ? { v: root, t: 1 } : { v: root }, []);
  return encoded(kindOf(root), graphMeta(graph, root), graph.buffers);
}

/**
 * Decodes a value from its bytes, which may be followed by others and may lie in shared memory.
 * Local arrays come back as views over the same memory; plain typed arrays, being the user's to
 * change and keep, as copies.
 *
 * Errors: `ValueCorrupt` for bytes that are not a whole value, `NotSupported` for a kind that is
 * not registered here.
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const frame = readFrame(bytes);
  try {
    return decodeFrame(frame);
  } catch (error) {
    if (isHeddleError(error)) throw error;
    throw corrupt("its description has the wrong form", error);
  }
}

/**
 * Loads the modules of the functions in a value, if it has any; `decodeValue` may be called when
 * the promise is fulfilled. Undefined (nearly always) means at once.
 */
export function prepareValue(bytes: Uint8Array): Promise<void> | undefined {
  const { kind, meta } = readFrame(bytes);
  if (kind !== "clone" && kind !== "error") return undefined;
  const tables = (meta as JsonObject)["f"];
  return tables === undefined ? undefined : currentFunctionPort()?.prepare(tables);
}

/** Kind and length of a value, without decoding it. */
export function describeValue(bytes: Uint8Array): {
  readonly kind: string;
  readonly bytes: number;
} {
  return { kind: readFrame(bytes).kind, bytes: frameBytes(bytes) };
}

/** Root, postponed parts and function tables: the meta of kinds that are graphs. */
function graphMeta(graph: GraphWriter, root: Json): JsonObject {
  return {
    v: root,
    ...(graph.later.length > 0 ? { l: graph.later } : {}),
    ...(graph.hasFunctions ? { f: currentFunctionPort()?.finish(graph) ?? null } : {}),
  };
}

/** The reader for a meta made by {@link graphMeta}. */
export function graphReader(meta: JsonObject, buffers: readonly Uint8Array[]): GraphReader {
  return new GraphReader(buffers, (meta["l"] ?? []) as readonly Json[], meta["f"]);
}

function decodeFrame({ kind, meta, buffers }: Frame): unknown {
  switch (kind) {
    case "inline": {
      const { v, t } = meta as { v: Json; t?: 1 };
      return t === undefined ? v : new GraphReader(buffers).read(v);
    }
    case "bytes": {
      const value = viewOver(String(meta), buffers[0] ?? new Uint8Array(0));
      if (value === undefined) throw corrupt(`it is a buffer of the unknown class ${String(meta)}`);
      return value;
    }
    case "clone":
    case "error":
      return graphReader(meta as JsonObject, buffers).read((meta as JsonObject)["v"] as Json);
    default: {
      const codec = codecOf(kind);
      if (codec !== undefined) return codec.decode(meta, buffers);
      throw new HeddleError(
        "NotSupported",
        `Values of kind "${kind}" cannot be read here: no codec of that name is registered. Import ` +
          "the module that registers it in every process that handles such values.",
        { fields: { kind } },
      );
    }
  }
}

function encoded(kind: string, meta: unknown, buffers: readonly Uint8Array[]): EncodedValue {
  const lengths = buffers.map((buffer) => buffer.byteLength);
  const layout = layoutOf(kind, meta, lengths);
  const { starts } = bufferOffsets(layout.dataOffset, lengths);
  return {
    kind,
    bytes: layout.bytes,
    writeTo(target) {
      writeFrameHead(target, layout);
      for (let i = 0; i < buffers.length; i++) {
        target.set(buffers[i] as Uint8Array, starts[i] as number);
      }
    },
  };
}

function layoutOf(kind: string, meta: unknown, lengths: readonly number[]): FrameLayout {
  try {
    return layoutFrame(kind, meta, lengths);
  } catch (cause) {
    if (!isStackOverflow(cause)) throw cause;
    throw new HeddleError(
      "NotSerializable",
      "The value is nested too deeply to be sent. Keep long chains as arrays.",
      { cause },
    );
  }
}

function kindOf(root: Json): string {
  const tag = typeof root === "object" && root !== null ? (root as JsonObject)["$"] : undefined;
  return tag === "e" ? "error" : "clone";
}

function isBytes(value: object): value is ArrayBufferView | ArrayBuffer {
  const name = ArrayBuffer.isView(value) ? bytesName(value) : builtinName(value);
  if (name !== "ArrayBuffer" && !ArrayBuffer.isView(value)) return false;
  return name !== undefined && userClassOver(value, name) === undefined;
}

function bytesName(value: object): string | undefined {
  return value.constructor.name === "Buffer" ? "Buffer" : builtinName(value);
}
