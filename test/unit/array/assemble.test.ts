/** @file Local arrays of blocks: lent ones go straight to their places, others at the end. */
import { describe, expect, it } from "vitest";
import { Gathering } from "../../../src/array/assemble.ts";
import * as da from "../../../src/array/index.ts";
import { arange, fromArray, type NDArray } from "../../../src/ndarray/index.ts";

const chunks = [
  [2, 1],
  [1, 3],
];
const whole = arange(12).reshape([3, 4]);
const blocks = ["0:2, 0:1", "0:2, 1:", "2:, 0:1", "2:, 1:"].map((index) => whole.at(index));

describe("Gathering", () => {
  it("places lent blocks in any order, turned and repeated ones too", () => {
    const gathering = new Gathering(chunks);
    const turned = blocks.map((block) => block.T.copy().T);
    const kept = new Array<unknown>(4);
    for (const i of [3, 0, 2, 1, 0]) kept[i] = gathering.receive(i, turned[i]);
    for (const block of turned) block.fill(-1);
    const result = gathering.finish(kept) as NDArray;
    expect(result.toArray()).toEqual(whole.toArray());
    expect(result.isContiguous).toBe(true);
  });

  it("mixes lent blocks with plain ones", () => {
    const gathering = new Gathering(chunks);
    const kept = blocks.map((block, i) => (i % 2 === 0 ? gathering.receive(i, block) : block));
    expect((gathering.finish(kept) as NDArray).toArray()).toEqual(whole.toArray());
    const plain = new Gathering(chunks).finish(blocks) as NDArray;
    expect(plain.toArray()).toEqual(whole.toArray());
  });

  it("leaves single blocks, plain values and unknown lengths to a copy", () => {
    expect(new Gathering([[3], [4]]).receive(0, whole)).toBeUndefined();
    expect(new Gathering([]).receive(0, 7)).toBeUndefined();
    const unknown = new Gathering([[Number.NaN, Number.NaN]]);
    expect(unknown.receive(0, fromArray([1]))).toBeUndefined();
    const parts = [fromArray([1]), fromArray([2, 3])];
    expect((unknown.finish(parts) as NDArray).toArray()).toEqual([1, 2, 3]);
  });
});

it("a computed transpose lies in C order", async () => {
  const x = da.arange(12, { chunks: 12 }).reshape([3, 4]).rechunk(2);
  const turned = await x.T.compute({ scheduler: "sync" });
  expect(turned.isContiguous).toBe(true);
  expect(turned.toArray()).toEqual(whole.T.toArray());
  const [block] = (await da.arange(12).reshape([3, 4]).T.compute({ scheduler: "sync" })).strides;
  expect(block).toBe(3);
});
