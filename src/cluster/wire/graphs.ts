/**
 * @file Graphs on the wire: what the scheduler reads of them (columns, names, options), and the
 * body, which it passes on as it came: templates and literals, read by workers only.
 */

import type { Bound, Lane, SerialKeys, TaskOptions } from "../../core/graph.ts";
import type { GraphFacts } from "../../machine/scheduler/events.ts";
import {
  ByteReader,
  bool,
  bytes,
  type Codec,
  f64s,
  i32s,
  joinChunks,
  list,
  oneOf,
  optional,
  record,
  text,
  u32,
  writeBody,
} from "../../protocol/index.ts";
import type {
  ColumnImage,
  GraphImage,
  SegmentImage,
  TemplateImage,
} from "../../threads/graph-image.ts";
import { jsonAs, mapped } from "./fields.ts";

/** Tasks of one graph, at most: also how many keys it may have. */
const TASKS_MAX = 2 ** 28;

const lane: Codec<Lane> = oneOf("thread", "table");
const bound: Codec<Bound> = oneOf("inputs", "worker");
const options: Codec<TaskOptions> = jsonAs<TaskOptions>();

const serialKeys: Codec<SerialKeys> = mapped(
  record({ stem: text, serials: f64s, names: list(text), nameOf: i32s }),
  ({ nameOf, ...keys }: SerialKeys) => ({
    ...keys,
    nameOf: nameOf instanceof Int32Array ? nameOf : Int32Array.from(nameOf),
  }),
  (keys): SerialKeys => keys,
);

type SegmentFacts = GraphFacts["segments"][number];

const segmentFields = {
  start: u32,
  count: u32,
  name: text,
  grid: optional(i32s),
  texts: optional(list(text, { maxCount: TASKS_MAX })),
  serials: optional(serialKeys),
  rows: optional(i32s),
  pure: bool,
  exchange: optional(bool),
} as const;

const segmentRecord = record(segmentFields);
type SegmentRecord = ReturnType<(typeof segmentRecord)["read"]>;

function segmentTo(segment: SegmentFacts): SegmentRecord {
  const { start, count, name, grid, keys, rows, pure, exchange } = segment;
  return {
    start,
    count,
    name,
    pure,
    ...(grid === undefined ? {} : { grid: Int32Array.from(grid) }),
    ...(keys === undefined ? {} : "serials" in keys ? { serials: keys } : { texts: keys }),
    ...(rows === undefined ? {} : { rows }),
    ...(exchange === undefined ? {} : { exchange }),
  };
}

function segmentFrom(wire: SegmentRecord): SegmentFacts {
  const { start, count, name, grid, texts, serials, rows, pure, exchange } = wire;
  const keys = texts ?? serials;
  return {
    start,
    count,
    name,
    pure,
    ...(grid === undefined ? {} : { grid: Array.from(grid) }),
    ...(keys === undefined ? {} : { keys }),
    ...(rows === undefined ? {} : { rows }),
    ...(exchange === undefined ? {} : { exchange }),
  };
}

const segment: Codec<SegmentFacts> = mapped(segmentRecord, segmentTo, segmentFrom);

const templateFacts: Codec<GraphFacts["templates"][number]> = record({
  name: text,
  lane: optional(lane),
  options: optional(options),
  bound: optional(bound),
});

/** What a scheduler reads of a graph. */
export const graphFacts: Codec<GraphFacts> = mapped(
  record({
    count: u32,
    templates: list(templateFacts, { maxCount: TASKS_MAX }),
    template: i32s,
    depOffsets: i32s,
    deps: i32s,
    segments: list(segment, { maxCount: TASKS_MAX }),
    rank: i32s,
    outputs: i32s,
    held: optional(i32s),
  }),
  (facts: GraphFacts) => ({
    ...facts,
    templates: [...facts.templates],
    segments: [...facts.segments],
  }),
  (facts) => facts,
);

const column: Codec<ColumnImage> = mapped(
  record({
    integers: optional(i32s),
    numbers: optional(f64s),
    offsets: optional(f64s),
    bytes: optional(bytes),
    mayHoldFunctions: optional(bool),
  }),
  (image: ColumnImage) => {
    if (image.kind === "encoded") {
      const { offsets, bytes: data, mayHoldFunctions } = image;
      return { offsets, bytes: data, mayHoldFunctions };
    }
    return image.data instanceof Int32Array ? { integers: image.data } : { numbers: image.data };
  },
  ({ integers, numbers, offsets, bytes: data, mayHoldFunctions }): ColumnImage => {
    if (offsets === undefined || data === undefined) {
      return { kind: "number", data: integers ?? numbers ?? new Float64Array(0) };
    }
    const mayHold = mayHoldFunctions === true;
    return { kind: "encoded", offsets, bytes: data, mayHoldFunctions: mayHold };
  },
);

const segmentImage: Codec<SegmentImage> = mapped(
  record({ facts: segment, columns: list(column) }),
  ({ columns, ...facts }: SegmentImage) => ({ facts, columns: [...columns] }),
  ({ facts, columns }) => ({ ...facts, columns }),
);

const templateImage: Codec<TemplateImage> = record({
  name: text,
  lane: optional(lane),
  options: optional(options),
  id: optional(text),
  call: bytes,
});

const graphImage: Codec<GraphImage> = mapped(
  record({
    usesScratch: bool,
    templates: list(templateImage, { maxCount: TASKS_MAX }),
    segments: list(segmentImage, { maxCount: TASKS_MAX }),
  }),
  (image: GraphImage) => ({
    usesScratch: image.usesScratch,
    templates: [...image.templates],
    segments: [...image.segments],
  }),
  (image) => image,
);

/** What workers read of a graph, as bytes. */
export function encodeImage(image: GraphImage): Uint8Array {
  return joinChunks(writeBody((writer) => graphImage.write(writer, image)));
}

/** The image in memory that the process's threads share. */
export function decodeImage(body: Uint8Array): GraphImage {
  const shared = new Uint8Array(new SharedArrayBuffer(body.length));
  shared.set(body);
  return readImage(shared);
}

/** The image over the bytes themselves, which begin at a multiple of 8. */
export function readImage(body: Uint8Array): GraphImage {
  return graphImage.read(new ByteReader(body, "A graph"));
}
