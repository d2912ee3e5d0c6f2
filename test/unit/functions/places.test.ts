/** @file Places of objects: what is certainly none is not looked through. */
import { expect, test } from "vitest";
import { placeOfObject } from "../../../src/functions/places.ts";

/** As `target`, but whoever lists its keys fails. */
function unlisted<T extends object>(target: T): T {
  return new Proxy(target, {
    ownKeys() {
      throw new Error("all keys were listed");
    },
  });
}

test("the keys of large arrays are not listed", () => {
  expect(placeOfObject(unlisted([1, 2, 3]))).toBeUndefined();
  const bytes = Object.setPrototypeOf(new Uint8Array(3), unlisted(Uint8Array.prototype));
  expect(placeOfObject(bytes)).toBeUndefined();
});

test("other objects are compared with what modules export", () => {
  expect(() => placeOfObject(unlisted({ a: 1 }))).toThrow("all keys were listed");
  expect(placeOfObject(process.getBuiltinModule("node:fs"))).toMatchObject({
    module: { id: "node:fs" },
  });
});
