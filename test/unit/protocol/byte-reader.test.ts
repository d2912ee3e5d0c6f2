/** @file Reading within bounds, views instead of copies, and what is refused. */
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter, joinChunks } from "../../../src/protocol/index.ts";

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return joinChunks(writer.take());
}

describe("ByteReader", () => {
  it("gives arrays as views of the body", () => {
    const body = written((w) => {
      w.u8(1);
      w.i32s(Int32Array.of(1, -2));
      w.f64s(Float64Array.of(0.5));
      w.u8s(Uint8Array.of(3, 4));
    });
    const reader = new ByteReader(body, "test");
    expect(reader.u8()).toBe(1);
    const views = [reader.i32s(9), reader.f64s(9), reader.u8s(9)];
    expect(views).toEqual([Int32Array.of(1, -2), Float64Array.of(0.5), Uint8Array.of(3, 4)]);
    for (const view of views) expect(view.buffer).toBe(body.buffer);
    expect(reader.left).toBe(0);
  });

  it("copies a body that is not aligned in its buffer", () => {
    const body = written((w) => w.f64s(Float64Array.of(1.5, -0)));
    const shifted = new Uint8Array(body.length + 3);
    shifted.set(body, 3);
    expect(new ByteReader(shifted.subarray(3), "test").f64s(9)).toEqual(Float64Array.of(1.5, -0));
  });

  it("reads what another narrowed it to, and no further", () => {
    const reader = new ByteReader(new Uint8Array(16), "test");
    const end = reader.narrow(4);
    reader.u32();
    expect(() => reader.u8()).toThrow("test, byte 4 of 16: 1 bytes wanted, 0 left.");
    reader.widen(end);
    expect(reader.left).toBe(12);
    expect(() => reader.narrow(13)).toThrow("13 bytes wanted, 12 left");
  });

  const refused: readonly (readonly [string, number[], (r: ByteReader) => unknown, string])[] = [
    ["a number cut short", [1, 2, 3], (r) => r.u32(), "4 bytes wanted, 3 left"],
    ["a text longer than the body", [9, 0, 0, 0, 65], (r) => r.text(99), "9 bytes wanted, 1 left"],
    ["a text over its limit", [9, 0, 0, 0, 65], (r) => r.text(8), "a text of 9 bytes, at most 8"],
    ["a cut UTF-8 sequence", [2, 0, 0, 0, 0xe2, 0x82], (r) => r.text(9), "not UTF-8"],
    ["an overlong UTF-8 sequence", [2, 0, 0, 0, 0xc0, 0x80], (r) => r.text(9), "not UTF-8"],
    ["a surrogate", [3, 0, 0, 0, 0xed, 0xa0, 0x80], (r) => r.text(9), "not UTF-8"],
    [
      "a huge count",
      [255, 255, 255, 255, 0, 0, 0, 0],
      (r) => r.f64s(2 ** 32),
      "34359738360 bytes wanted, 0 left",
    ],
    ["a count over its limit", [2, 0, 0, 0, 0, 0, 0, 0, 1, 2], (r) => r.u8s(1), "2 elements"],
    ["padding", [0, 0, 0, 0, 0, 7, 0, 0], (r) => r.u8s(9), "padding of 7 instead of 0"],
  ];
  it.each(refused)("refuses %s", (_name, bytes, read, problem) => {
    const reader = new ByteReader(Uint8Array.from(bytes), "Message 1");
    reader.field = "x";
    expect(() => read(reader)).toThrow(expect.objectContaining({ code: "ProtocolError" }));
    expect(() => read(new ByteReader(Uint8Array.from(bytes), "Message 1"))).toThrow(problem);
  });

  it("keeps a byte order mark, which belongs to the text", () => {
    const body = written((w) => w.text("\uFEFFx", 99));
    expect(new ByteReader(body, "test").text(99)).toBe("\uFEFFx");
  });
});
