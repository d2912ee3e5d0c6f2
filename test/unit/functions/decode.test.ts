/**
 * @file Registered classes of modules, with codecs that nobody can import: the class travels as the
 * module's export, the codec by its source, which captures the class. The module is a package's, so
 * that the test runner loads it as Node does.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type ClassCodec, registerClass } from "../../../src/codec/index.ts";
import { decodeValue, encodeValue, prepareValue } from "../../../src/codec/values.ts";
import { decodeFunction, encodeFunction } from "../../../src/functions/index.ts";

const MODULE = `
export class Money {
  #cents;
  constructor(cents) { this.#cents = cents; }
  get cents() { return this.#cents; }
}
/** Is its own codec. */
export class Weight {
  #grams;
  constructor(grams) { this.#grams = grams; }
  get grams() { return this.#grams; }
  static encode(weight) { return { grams: weight.#grams }; }
  static decode(state) { return new Weight(state.grams); }
}
export const moneyCodec = () => {
  const decode = (cents) => new Money(cents);
  return { encode: (money) => money.cents, decode };
};
`;

interface Money {
  readonly cents: number;
}
interface Weight {
  readonly grams: number;
}
interface Shop {
  readonly Money: new (cents: number) => Money;
  readonly Weight: (new (grams: number) => Weight) & ClassCodec<Weight, unknown>;
  readonly moneyCodec: () => ClassCodec<Money, number>;
}

const root = mkdtempSync(join(tmpdir(), "heddle-registered-"));
const folder = join(root, "node_modules", "shop");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "shop.mjs"), MODULE);
const { Money, Weight, moneyCodec } = (await import(
  pathToFileURL(join(folder, "shop.mjs")).href
)) as Shop;
registerClass("shop/Money", Money, moneyCodec());
registerClass("shop/Weight", Weight, Weight);

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function valueCopy<T>(value: T): Promise<T> {
  const encoded = encodeValue(value);
  const bytes = new Uint8Array(encoded.bytes);
  encoded.writeTo(bytes);
  await prepareValue(bytes);
  return decodeValue(bytes) as T;
}

/** What can be seen of a value with instances in it. */
function seen(value: unknown): unknown {
  if (value instanceof Money) return { cents: value.cents };
  if (value instanceof Weight) return { grams: value.grams };
  if (Array.isArray(value)) return value.map(seen);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, part]) => [key, seen(part)]);
}

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(),
    fc.nat().map((cents) => new Money(cents)),
    fc.nat().map((grams) => new Weight(grams)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
  ),
}));

test("their instances travel among other parts, which keep their identity", async () => {
  await fc.assert(
    fc.asyncProperty(value, async (part) => {
      const [first, shared, again] = await valueCopy([part, { part }, part]);
      expect(seen(first)).toEqual(seen(part));
      expect(seen((shared as { part: unknown }).part)).toEqual(seen(part));
      expect(again).toBe(first);
    }),
    { numRuns: 50 },
  );
});

test("they travel with functions that capture them and their instances", async () => {
  const price = new Money(5);
  const fn = (grams: number) => [price.cents, new Money(2).cents, new Weight(grams).grams];
  const copy = await decodeFunction(structuredClone(encodeFunction(fn)));
  expect((copy as unknown as typeof fn)(7)).toEqual([5, 2, 7]);
});
