/** @file Graphs on their way to the threads: what is encoded comes out again, in shared memory. */
import { describe, expect, test } from "vitest";
import "../../../src/functions/index.ts";
import type { Template } from "../../../src/core/graph.ts";
import type { TaskGraph } from "../../../src/core/task-graph.ts";
import {
  columnFrom,
  EncodedLiteral,
  encodeShared,
  imageOf,
  prepareRow,
  shared,
  templateFrom,
} from "../../../src/threads/graph-image.ts";

function graph(template: Template, columns: TaskGraph["segments"][0]["columns"]): TaskGraph {
  return {
    count: 3,
    templates: [template],
    template: new Int32Array(3),
    depOffsets: new Int32Array(4),
    deps: new Int32Array(0),
    segments: [{ start: 0, count: 3, name: "layer", columns, pure: true }],
    rank: Int32Array.of(0, 1, 2),
    outputs: Int32Array.of(0, 1, 2),
  };
}

const scale = 10;
const template: Template = {
  name: "scaled",
  fn: (x: number, list: readonly number[]) => x * scale + list.length,
  args: [
    { kind: "column", column: 0 },
    { kind: "const", value: [1, 2, 3] },
  ],
  options: { retries: 2 },
};

describe("imageOf", () => {
  test("templates come back with their function, constants and options", async () => {
    const image = imageOf(graph(template, []));
    const copy = await templateFrom(structuredClone(image.templates[0]!));
    expect(copy.name).toBe("scaled");
    expect(copy.options).toEqual({ retries: 2 });
    expect(copy.args).toEqual(template.args);
    expect(copy.fn(4, [1, 2, 3])).toBe(43);
  });

  test("a template is encoded once, and its bytes are shared", () => {
    const [first, second] = [imageOf(graph(template, [])), imageOf(graph(template, []))];
    expect(second.templates[0]).toBe(first.templates[0]);
    expect(first.templates[0]?.call.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test("columns come back row by row: numbers, values, values encoded before", async () => {
    const map = new Map([["a", [1, 2]]]);
    const double = (x: number): number => 2 * x;
    const image = imageOf(
      graph(template, [
        { kind: "number", data: Float64Array.of(1.5, Number.NaN, -0) },
        { kind: "value", data: ["text", map, undefined] },
        { kind: "value", data: [new EncodedLiteral("early"), double, 7n] },
      ]),
    );
    const { columns } = image.segments[0]!;
    for (let row = 0; row < 3; row++) await prepareRow(columns, row);
    const rows = columns.map((column) => [0, 1, 2].map(columnFrom(column)));
    expect(rows[0]).toEqual([1.5, Number.NaN, -0]);
    expect(rows[1]).toEqual(["text", map, undefined]);
    expect(rows[2]?.[0]).toBe("early");
    const third = rows[2] as [string, typeof double, bigint];
    expect(third[1](21)).toBe(42);
    expect(rows[2]?.[2]).toBe(7n);
  });

  test("rows of plain values have nothing to load", () => {
    const image = imageOf(graph(template, [{ kind: "number", data: Float64Array.of(1, 2, 3) }]));
    expect(prepareRow(image.segments[0]!.columns, 0)).toBeUndefined();
  });

  test("says whether tasks write to the graph's folder", () => {
    const plain = graph(template, []);
    expect(imageOf(plain).usesScratch).toBe(false);
    const segments = [{ ...plain.segments[0]!, exchange: true }];
    expect(imageOf({ ...plain, segments }).usesScratch).toBe(true);
  });

  test("what cannot travel is named", () => {
    const socket = new WeakMap();
    const bad = { ...template, fn: () => socket };
    expect(() => imageOf(graph(bad, []))).toThrow(/socket/);
  });
});

describe("shared memory", () => {
  test("large columns are moved there once", () => {
    const data = new Float64Array(100_000).fill(3);
    const copy = shared(data);
    expect(copy.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(copy[99_999]).toBe(3);
    expect(shared(copy)).toBe(copy);
    expect(shared(new Int32Array(100_000))).toBeInstanceOf(Int32Array);
  });

  test("values are encoded there", () => {
    expect(encodeShared({ a: 1 }).buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
