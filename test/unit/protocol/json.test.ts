/** @file JSON fields: what both sides refuse. */
import { describe, expect, it } from "vitest";
import { ByteReader, ByteWriter, joinChunks, json, jsonOf } from "../../../src/protocol/index.ts";

function received(text: string): unknown {
  const writer = new ByteWriter();
  writer.text(text, 2 ** 24);
  return json.read(new ByteReader(joinChunks(writer.take()), "test"));
}

function sent(value: unknown): unknown {
  const writer = new ByteWriter();
  writer.field = "facts";
  json.write(writer, value);
  return json.read(new ByteReader(joinChunks(writer.take()), "test"));
}

describe("JSON from a peer", () => {
  it.each([
    ["a key __proto__", '{"a":[{"__proto__":{"polluted":1}}]}', "JSON with the key __proto__"],
    ["an escaped key __proto__", '{"\\u005f_proto__":1}', "JSON with the key __proto__"],
    ["too many levels", `${"[".repeat(65)}${"]".repeat(65)}`, "JSON of more than 64 levels"],
    ["a flood of levels", "[".repeat(1_000_000), "JSON of more than 64 levels"],
    ["levels after a text", `["\\\\",${"[".repeat(64)}`, "JSON of more than 64 levels"],
    ["no JSON", "{a:1}", "a text that is not JSON"],
    ["nothing", "", "a text that is not JSON"],
    ["a text without an end", '"abc\\"', "a text that is not JSON"],
  ])("is refused with %s", (_name, text, problem) => {
    expect(() => received(text)).toThrow(problem);
    expect(() => received(text)).toThrow(expect.objectContaining({ code: "ProtocolError" }));
  });

  it("takes texts that look like what is refused", () => {
    for (const value of [
      "[".repeat(100),
      ["__proto__", "\\u005f"],
      '\\"'.repeat(80) + "{".repeat(80),
      { proto: 1 },
    ]) {
      expect(sent(value)).toEqual(value);
    }
    expect(received(`${"[".repeat(64)}${"]".repeat(64)}`)).toBeDefined();
  });
});

describe("JSON to a peer", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  let deep: unknown = 1;
  for (let i = 0; i < 70; i++) deep = [deep];

  it.each([
    ["a circle", circle, "facts: JSON cannot say this value"],
    ["a bigint", 1n, "facts: JSON cannot say this value"],
    ["undefined", undefined, "facts: JSON cannot say undefined"],
    ["a function", () => 1, "facts: JSON cannot say function"],
    ["a deep value", deep, "facts: nested deeper than 64"],
    ["a key __proto__", JSON.parse('{"__proto__":1}'), "facts: the key __proto__ cannot be sent"],
  ])("is refused for %s", (_name, value, problem) => {
    expect(() => sent(value)).toThrow(problem);
    expect(() => sent(value)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  it("has a limit of bytes", () => {
    const small = jsonOf({ maxBytes: 10 });
    const writer = new ByteWriter();
    small.write(writer, "12345678");
    expect(() => small.write(writer, "123456789")).toThrow("a text of 11 bytes, at most 10");
  });
});
