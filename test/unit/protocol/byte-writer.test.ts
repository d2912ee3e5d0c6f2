/** @file Gathering small parts, passing large ones by reference, and taking messages back. */
import { describe, expect, it } from "vitest";
import {
  BY_REFERENCE_BYTES,
  ByteWriter,
  joinChunks,
  writeBody,
} from "../../../src/protocol/index.ts";

/** Bytes of a slab: larger than any small part, smaller than what the tests write. */
const SLAB_BYTES = 64 * 1024;

describe("ByteWriter", () => {
  it("gathers small parts into one chunk", () => {
    const writer = new ByteWriter();
    writer.u8(1);
    writer.u16(0x0302);
    writer.u32(0x07060504);
    writer.f64(-0);
    const chunks = writer.take();
    expect(chunks).toHaveLength(1);
    expect([...joinChunks(chunks)]).toEqual([1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0x80]);
  });

  it("passes an array of 4 KiB by reference, one element fewer by copy", () => {
    const large = new Int32Array(BY_REFERENCE_BYTES / 4).fill(7);
    const writer = new ByteWriter();
    writer.i32s(large);
    const chunks = writer.take();
    expect(chunks.map((chunk) => chunk.length)).toEqual([8, BY_REFERENCE_BYTES]);
    expect(chunks[1]?.buffer).toBe(large.buffer);
    writer.i32s(large.subarray(1));
    const copied = writer.take();
    expect(copied).toHaveLength(1);
    expect(copied[0]?.buffer).not.toBe(large.buffer);
  });

  it("passes on a view of a larger buffer with its own bounds", () => {
    const whole = new Uint8Array(20_000).map((_, i) => i);
    const writer = new ByteWriter();
    writer.u8s(whole.subarray(101, 10_102));
    const body = joinChunks(writer.take());
    expect(Buffer.compare(body.subarray(8), whole.subarray(101, 10_102))).toBe(0);
  });

  it("keeps arrays aligned after parts of odd lengths", () => {
    const writer = new ByteWriter();
    writer.u8(1);
    writer.u8s(new Uint8Array(BY_REFERENCE_BYTES + 5));
    writer.u8(2);
    writer.f64s(Float64Array.of(0.5));
    expect(writer.position % 8).toBe(0);
    const body = joinChunks(writer.take());
    expect(new Float64Array(body.buffer, body.length - 8, 1)).toEqual(Float64Array.of(0.5));
  });

  it("goes on in another slab when one is full, and never writes a chunk again", () => {
    const writer = new ByteWriter();
    const bodies: { chunks: Uint8Array[]; copy: Uint8Array }[] = [];
    for (let body = 0; body < 50; body++) {
      for (let i = 0; i < 97 * body; i++) writer.u32(body * 1000 + i);
      writer.align();
      const chunks = writer.take();
      bodies.push({ chunks, copy: joinChunks(chunks) });
    }
    expect(bodies.flatMap(({ chunks }) => chunks).length).toBeGreaterThan(50);
    bodies.forEach(({ chunks, copy }, body) => {
      expect(Buffer.compare(joinChunks(chunks), copy)).toBe(0);
      expect(copy.length).toBe((97 * body * 4 + 7) & ~7);
      if (body > 0) expect(new Uint32Array(copy.buffer, 0, 1)[0]).toBe(body * 1000);
      expect((chunks[0]?.byteOffset ?? 0) % 8).toBe(0);
    });
  });

  it("counts positions from the start of each body", () => {
    const writer = new ByteWriter();
    writer.u32(1);
    writer.take();
    expect(writer.position).toBe(0);
    writer.u8(1);
    expect(writer.position).toBe(1);
    writer.raw(new Uint8Array(SLAB_BYTES));
    expect(writer.position).toBe(SLAB_BYTES + 1);
  });

  it("writes short, long and very long texts alike", () => {
    for (const length of [0, 1, 63, 64, 65, 700, 2048, 2049, 9000]) {
      for (const letter of ["a", "ä", "€"]) {
        const value = letter.repeat(length);
        const writer = new ByteWriter();
        writer.text(value, 2 ** 20);
        const body = joinChunks(writer.take());
        expect(new DataView(body.buffer).getUint32(0, true)).toBe(body.length - 4);
        expect(new TextDecoder().decode(body.subarray(4))).toBe(value);
      }
    }
  });

  it.each([10, 60, 100, 3000])("refuses a text of %i bytes where fewer are allowed", (length) => {
    const writer = new ByteWriter();
    writer.field = "note";
    expect(() => writer.text("x".repeat(length), length - 1)).toThrow(
      `note: a text of ${length} bytes, at most ${length - 1} can be sent`,
    );
  });

  it("counts bytes of a text, not characters", () => {
    const writer = new ByteWriter();
    expect(() => writer.text("€".repeat(10), 29)).toThrow("a text of 30 bytes");
    expect(() => writer.text("€".repeat(3000), 8999)).toThrow("a text of 9000 bytes");
  });
});

describe("a message that is abandoned", () => {
  const fillers: readonly (readonly [string, (writer: ByteWriter) => void])[] = [
    ["small parts", (w) => w.u32(5)],
    ["a large array", (w) => w.u8s(new Uint8Array(5001))],
    ["more than a slab", (w) => fill(w, 2 * SLAB_BYTES)],
  ];
  function fill(writer: ByteWriter, bytes: number): void {
    for (let i = 0; i < bytes / 4; i++) writer.u32(i);
  }

  it.each(fillers)("of %s leaves nothing behind", (_name, write) => {
    for (const before of [0, 8, SLAB_BYTES - 8, SLAB_BYTES - 4, SLAB_BYTES]) {
      const [tried, clean] = [new ByteWriter(), new ByteWriter()];
      for (const writer of [tried, clean]) {
        writer.beginMessage(1);
        writer.u8s(new Uint8Array(5000));
        writer.endMessage();
        fill(writer, before);
        if (writer === tried) {
          writer.beginMessage(9);
          write(writer);
          writer.abandonMessage();
        }
        writer.beginMessage(3);
        writer.u8(4);
        writer.endMessage();
      }
      expect(Buffer.compare(joinChunks(tried.take()), joinChunks(clean.take()))).toBe(0);
    }
  });
});

it("bodies that are written alone share memory, and one that failed leaves nothing behind", () => {
  const write = (value: number) => (writer: ByteWriter) => {
    writer.u32(value);
    if (value < 0) throw new RangeError("negative");
  };
  const [one] = writeBody(write(7));
  expect(() => writeBody(write(-1))).toThrow("negative");
  const [two, ...more] = writeBody(write(8));
  expect(more).toEqual([]);
  expect(two?.buffer).toBe(one?.buffer);
  expect([...one!, ...two!]).toEqual([7, 0, 0, 0, 8, 0, 0, 0]);
});
