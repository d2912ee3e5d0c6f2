/**
 * @file A graph on its way to the threads: templates with their functions as images and their
 * constants as bytes, and the columns in shared memory. Made once where the graph is submitted,
 * read by every thread, never copied per task.
 */
import { decodeValue, encodeValue, prepareValue } from "../codec/index.ts";
import { HeddleError } from "../core/errors.ts";
import type { Arg, Column, Lane, TaskFunction, TaskOptions, Template } from "../core/graph.ts";
import type { ColumnReader } from "../core/invoke.ts";
import type { Segment, TaskGraph } from "../core/task-graph.ts";

/** Bytes of one encoded value, or of many with offsets. */
export type ColumnImage =
  | { readonly kind: "number"; readonly data: Float64Array | Int32Array }
  | {
      readonly kind: "encoded";
      readonly offsets: Float64Array;
      readonly bytes: Uint8Array;
      /** Whether some entry is a graph of objects, in which there may be functions. */
      readonly mayHoldFunctions: boolean;
    };

export interface TemplateImage {
  readonly name: string;
  readonly lane?: Lane;
  readonly options?: TaskOptions;
  /** As in the template. */
  readonly id?: string;
  /** The call, its functions and constants, as one encoded value. */
  readonly call: Uint8Array;
}

export interface SegmentImage extends Omit<Segment, "columns"> {
  readonly columns: readonly ColumnImage[];
}

/** Everything that threads need to run a graph's tasks. */
export interface GraphImage {
  readonly templates: readonly TemplateImage[];
  readonly segments: readonly SegmentImage[];
  /** Whether some task writes to the graph's folder. */
  readonly usesScratch: boolean;
}

/**
 * What a template's call is encoded as: the function and the argument tree, with functions inside
 * as values.
 */
interface Call {
  readonly fn: TaskFunction;
  readonly args: readonly Arg[];
}

/**
 * Encodes what travels. Throws `NotSerializable` naming the variable when a function or a literal
 * cannot.
 */
export function imageOf(graph: TaskGraph): GraphImage {
  return {
    usesScratch: graph.segments.some((segment) => segment.exchange === true),
    templates: graph.templates.map(templateImage),
    segments: graph.segments.map((segment) => ({
      ...segment,
      columns: segment.columns.map(columnImage),
    })),
  };
}

const images = new WeakMap<Template, TemplateImage>();

/** A literal that was encoded when it was given. */
export class EncodedLiteral {
  readonly kind: string;
  readonly bytes: Uint8Array;

  constructor(value: unknown) {
    const encoded = encodeValue(value);
    this.kind = encoded.kind;
    this.bytes = new Uint8Array(encoded.bytes);
    encoded.writeTo(this.bytes);
  }
}

/** Encodes a template now: what its functions capture is read at this moment. */
export function encodeTemplate(template: Template): void {
  templateImage(template);
}

function templateImage(template: Template): TemplateImage {
  const known = images.get(template);
  if (known !== undefined) return known;
  const { name, lane, options, id, fn, args } = template;
  const image = {
    name,
    call: encodeShared({ fn, args } satisfies Call),
    ...(lane === undefined ? {} : { lane }),
    ...(options === undefined ? {} : { options }),
    ...(id === undefined ? {} : { id }),
  };
  images.set(template, image);
  return image;
}

/** One value as bytes in shared memory. */
export function encodeShared(value: unknown): Uint8Array {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(new SharedArrayBuffer(encoded.bytes));
  encoded.writeTo(bytes);
  return bytes;
}

function columnImage(column: Column): ColumnImage {
  if (column.kind === "number") return { kind: "number", data: shared(column.data) };
  const encoded = column.data.map((value) =>
    value instanceof EncodedLiteral ? value : new EncodedLiteral(value),
  );
  const offsets = new Float64Array(new SharedArrayBuffer((encoded.length + 1) * 8));
  encoded.forEach((value, i) => {
    offsets[i + 1] = offsets[i]! + Math.ceil(value.bytes.length / 8) * 8;
  });
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets[encoded.length]!));
  encoded.forEach((value, i) => {
    bytes.set(value.bytes, offsets[i]);
  });
  const mayHoldFunctions = encoded.some((value) => value.kind === "clone");
  return { kind: "encoded", offsets, bytes, mayHoldFunctions };
}

/** Up to here copying costs less than sharing. */
const COPIED_BYTES_MAX = 1024;

/**
 * The same numbers in shared memory, so that sending them copies nothing; short ones as they are.
 */
export function shared<A extends Float64Array | Int32Array>(data: A): A {
  if (data.byteLength <= COPIED_BYTES_MAX && data.byteLength === data.buffer.byteLength)
    return data;
  if (data.buffer instanceof SharedArrayBuffer) return data;
  const make = data.constructor as new (buffer: SharedArrayBuffer) => A;
  const copy = new make(new SharedArrayBuffer(data.byteLength));
  copy.set(data);
  return copy;
}

/** A template as the thread runs it; the promise is there when modules must be loaded first. */
export async function templateFrom(image: TemplateImage): Promise<Template> {
  await prepareValue(image.call);
  const { fn, args } = decodeValue(image.call) as Call;
  if (typeof fn !== "function") {
    throw new HeddleError(
      "InvariantViolated",
      `the template ${image.name} came without a function`,
    );
  }
  return { ...image, fn, args };
}

/** Reads a column; encoded entries are decoded when they are asked for. */
export function columnFrom(image: ColumnImage): ColumnReader {
  if (image.kind === "number") {
    const { data } = image;
    return (row) => data[row];
  }
  const { offsets, bytes } = image;
  return (row) => decodeValue(bytes.subarray(offsets[row], offsets[row + 1]));
}

/**
 * Loads what the functions in a row of these columns need; undefined (nearly always) when there is
 * nothing to load.
 */
export function prepareRow(
  columns: readonly ColumnImage[],
  row: number,
): Promise<unknown> | undefined {
  const loading: Promise<void>[] = [];
  for (const column of columns) {
    if (column.kind !== "encoded" || !column.mayHoldFunctions) continue;
    const { offsets, bytes } = column;
    const load = prepareValue(bytes.subarray(offsets[row], offsets[row + 1]));
    if (load !== undefined) loading.push(load);
  }
  return loading.length === 0 ? undefined : Promise.all(loading);
}
