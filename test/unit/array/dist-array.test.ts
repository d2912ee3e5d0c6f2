/** @file What arrays refuse, how they show themselves, and what becomes of empty ones. */
import { describe, expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import { computeAll, persistAll } from "../../../src/cluster/compute.ts";
import { type ErrorCode, isHeddleError } from "../../../src/core/errors.ts";
import { annotate } from "../../../src/delayed/annotate.ts";
import * as nd from "../../../src/ndarray/index.ts";

const sync = { scheduler: "sync" } as const;
const x = da.ones([4, 6], { chunks: [2, 3] });
const ints = da.arange(6, { chunks: 3 });

/** What must fail while it is built, with which code, and what the message must name. */
const REFUSED: readonly (readonly [string, () => unknown, ErrorCode, RegExp])[] = [
  ["shapes that do not broadcast", () => x.add(da.ones([5])), "InvalidShape", /\[4, 6\] and \[5\]/],
  [
    "chunks that do not add up",
    () => da.ones([10], { chunks: [[3, 3]] }),
    "InvalidChunks",
    /add up to 6.*10/,
  ],
  [
    "chunks for other axes",
    () => da.ones([4, 4], { chunks: [2, 2, 2] }),
    "InvalidChunks",
    /3 axes.*2/,
  ],
  ["a chunk length of 0", () => da.ones([10], { chunks: 0 }), "InvalidChunks", /is 0.*positive/],
  ["a fractional chunk length", () => da.ones([10], { chunks: 2.5 }), "InvalidChunks", /2\.5/],
  ["NaN as a chunk length", () => da.ones([10], { chunks: Number.NaN }), "InvalidChunks", /NaN/],
  [
    "a size that is none",
    () => da.ones([10], { chunks: "10 parsecs" }),
    "InvalidChunks",
    /parsecs/,
  ],
  ["NaN as a length", () => da.ones([Number.NaN]), "InvalidShape", /NaN/],
  ["a negative length", () => da.zeros([-1]), "InvalidShape", /-1/],
  ["no shape", () => da.ones(undefined as never), "InvalidShape", /\[10, 20\]/],
  ["NaN as a bound", () => da.random.integers(0, Number.NaN), "InvalidArgument", /NaN/],
  ["a negative deviation", () => da.random.normal(0, -1, 3), "InvalidArgument", /-1/],
  [
    "probabilities that do not add up",
    () => da.random.choice(2, { size: 3, p: [0.5, 0.6] }),
    "InvalidArgument",
    /1\.1/,
  ],
  ["a number as a function", () => x.mapBlocks(3 as never), "InvalidArgument", /not number/],
  ["no lazy value", () => da.fromDelayed(3 as never, [1]), "InvalidArgument", /fromArray/],
  [
    "an unknown dtype",
    () => da.ones([2], { dtype: "flaot64" as "float64" }),
    "DTypeMismatch",
    /float64/,
  ],
  ["a wrong axis", () => x.sum({ axis: 2 }), "InvalidAxis", /2.*2 dimensions/],
  ["an axis twice", () => x.sum({ axis: [0, 0] }), "InvalidAxis", /twice/],
  ["a fraction added to integers", () => ints.add(0.5), "DTypeMismatch", /0\.5.*astype/],
  ["a bitwise operation on floats", () => x.and(1), "DTypeMismatch", /float64/],
  ["too many indices", () => x.at(0, 0, 0), "InvalidArgument", /2 dimensions/],
  ["an index out of bounds", () => x.at(4), "InvalidArgument", /4.*axis 0.*4/],
  ["a fraction as an index", () => x.at([0.5]), "InvalidArgument", /0\.5/],
  ["NaN as an index", () => x.at([Number.NaN]), "InvalidArgument", /NaN/],
  ["a step of zero", () => x.at("::0"), "InvalidArgument", /zero/],
  ["a mask of another length", () => ints.at([true, false]), "InvalidShape", /2.*6/],
  ["a lazy mask of another length", () => ints.at(da.ones([5]).gt(0)), "InvalidShape", /\[5\]/],
  ["lazy floats as an index", () => x.at(x), "DTypeMismatch", /bool/],
  ["a reshape to another size", () => x.reshape([5, 5]), "InvalidShape", /24 elements/],
  ["two unknown lengths", () => x.reshape([-1, -1]), "InvalidShape", /at most one/],
  ["axes that are no permutation", () => x.transpose([0, 0]), "InvalidAxis", /once/],
  ["squeezing a long axis", () => x.squeeze(0), "InvalidAxis", /length 4/],
  [
    "unequal ranks joined",
    () => da.concatenate([x, da.ones([4])]),
    "InvalidShape",
    /number of axes/,
  ],
  ["unequal lengths joined", () => da.concatenate([x, da.ones([4, 5])]), "InvalidShape", /axis 0/],
  ["nothing to join", () => da.concatenate([]), "InvalidArgument", /empty/],
  ["unequal shapes stacked", () => da.stack([x, da.ones([4, 5])]), "InvalidShape", /\[4, 5\]/],
  ["matrices that do not fit", () => x.matmul(x), "InvalidShape", /6 and 4/],
  ["no axes to multiply", () => x.matmul(da.ones([])), "InvalidShape", /multiply/],
  ["the largest of nothing", () => da.ones([0]).max(), "InvalidShape", /length 0/],
  [
    "argmax over two of three axes",
    () => da.ones([2, 2, 2]).argmax([0, 1]),
    "InvalidAxis",
    /one axis/,
  ],
  ["bins out of order", () => da.histogram(ints, { bins: [1, 0] }), "InvalidArgument", /ascending/],
  ["no bins", () => da.histogram(ints, { bins: 0 }), "InvalidArgument", /positive/],
  ["bin counts of fractions", () => da.bincount(da.ones([3])), "DTypeMismatch", /integers/],
  ["a percentile above 100", () => da.percentile(ints, 101), "InvalidArgument", /101/],
  [
    "low above high",
    () => da.random.randint(5, 5, { size: 3 }),
    "InvalidArgument",
    /low.*5.*high.*5/,
  ],
  ["a negative size", () => da.random.random([-2]), "InvalidShape", /-2/],
  [
    "dropping an axis of two blocks",
    () => x.mapBlocks((b) => b, { dropAxis: 0 }),
    "InvalidChunks",
    /2 blocks/,
  ],
  [
    "a promise as an array",
    () => da.asarray(Promise.resolve(1) as never),
    "InvalidArgument",
    /await/,
  ],
  ["broadcasting to a smaller shape", () => x.broadcastTo([4]), "InvalidShape", /\[4\]/],
  ["a formula that ends early", () => da.expr`${x} +`, "InvalidArgument", /the end/],
  ["a formula with an unknown function", () => da.expr`sine(${x})`, "InvalidArgument", /sin/],
  ["a formula with a free name", () => da.expr`${x} * y`, "InvalidArgument", /"y"/],
  ["a chained comparison", () => da.expr`0 < ${x} < 1`, "InvalidArgument", /chained/],
];

describe("bad input is refused while it is built", () => {
  test.each(REFUSED)("%s", (_, build, code, message) => {
    let error: unknown;
    try {
      build();
    } catch (caught) {
      error = caught;
    }
    expect(isHeddleError(error, code), String(error)).toBe(true);
    expect((error as Error).message).toMatch(message);
  });
});

describe("empty arrays give empty results", () => {
  const empty = da.zeros([0, 3]);
  test("reductions with a neutral element", async () => {
    const [sum, prod, all, any] = await computeAll(
      [empty.sum(), empty.prod(), empty.all(), empty.any()],
      sync,
    );
    expect([sum, prod, all, any]).toEqual([0, 1, true, false]);
    const columns = (await empty.sum({ axis: 0 }).compute(sync)).toArray();
    expect(columns).toEqual([0, 0, 0]);
    expect(await empty.mean().compute(sync)).toBeNaN();
  });

  test("slices, arithmetic, joins and reshapes", async () => {
    expect((await empty.add(1).T.compute(sync)).shape).toEqual([3, 0]);
    expect((await x.at("4:").compute(sync)).shape).toEqual([0, 6]);
    expect((await x.at([]).compute(sync)).shape).toEqual([0, 6]);
    expect((await da.concatenate([x, da.ones([0, 6])]).compute(sync)).shape).toEqual([4, 6]);
    expect((await empty.reshape([3, 0]).compute(sync)).shape).toEqual([3, 0]);
    expect((await x.at(x.gt(5)).compute(sync)).shape).toEqual([0]);
    expect(
      (await da.histogram(da.ones([0]), { bins: 2, range: [0, 1] })[0].compute(sync)).toArray(),
    ).toEqual([0, 0]);
  });
});

describe("unknown lengths", () => {
  const some = ints.at(ints.gt(3));
  test("are NaN until they are computed", async () => {
    expect(some.shape).toEqual([Number.NaN]);
    expect((await some.mul(2).compute(sync)).toArray()).toEqual([8, 10]);
    expect(await some.mean().compute(sync)).toBe(4.5);
    expect(await some.max().compute(sync)).toBe(5);
    const known = await some.computeChunkSizes(sync);
    expect(known.chunks).toEqual([[0, 2]]);
    expect(await known.at(-1).compute(sync)).toBe(5);
  });

  test("refuse what needs them, and say what to do", () => {
    expect(() => some.at("1:")).toThrow(/computeChunkSizes/);
    expect(() => some.rechunk(2)).toThrow(/computeChunkSizes/);
    expect(() => some.reshape([1, -1])).toThrow(/computeChunkSizes/);
    expect(() => some.add(da.ones([2], { chunks: 1 }))).toThrow(/computeChunkSizes/);
  });
});

test("axes, lengths and counts may be given one by one, as in NumPy", async () => {
  expect(da.ones([2, 3, 4]).transpose(2, 0, 1).shape).toEqual([4, 2, 3]);
  expect(da.arange(6).reshape(-1, 2).shape).toEqual([3, 2]);
  const even = da.linspace(0, 1, 5, { chunks: 2 });
  expect(even.chunks).toEqual([[2, 2, 1]]);
  expect((await even.compute(sync)).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

describe("showing", () => {
  const table = da.random.random([100, 100], { chunks: [10, 10] });
  test("the four facts of the array and of its largest block", () => {
    expect(String(table)).toBe(
      [
        "DistArray (lazy: await .compute() for its value)",
        "       Array                 Chunk",
        "Bytes  78.12 kiB             800 B",
        "Shape  (100, 100)            (10, 10)",
        "Count  100 tasks in 1 layer  100 chunks",
        "Type   float64               NDArray",
      ].join("\n"),
    );
  });

  test("HTML holds the same facts and a drawing", () => {
    const html = table.toHTML();
    for (const fact of [
      "78.12 kiB",
      "800 B",
      "(100, 100)",
      "(10, 10)",
      "float64",
      "<svg",
      "</svg>",
    ]) {
      expect(html).toContain(fact);
    }
    expect(da.ones([2, 3, 4, 5, 6], { chunks: 2 }).toHTML()).toContain("<svg");
    expect(table.at(table.at(":", 0).gt(2)).toHTML()).not.toContain("<svg");
  });

  test("facts that do not need the grid", () => {
    expect([x.ndim, x.size, x.nbytes, x.itemsize, x.length, x.npartitions]).toEqual([
      2, 24, 192, 8, 4, 4,
    ]);
    expect([x.numblocks, x.chunksize, x.chunks]).toEqual([
      [2, 2],
      [2, 3],
      [
        [2, 2],
        [3, 3],
      ],
    ]);
    expect(() => x.sum().length).toThrow(/no length/);
  });
});

test("64-bit integers beyond 2^53 come as bigints when asked for", async () => {
  const large = da.full([3], 2 ** 53, { dtype: "int64" }).add(da.arange(3));
  await expect(large.sum().compute(sync)).rejects.toThrow(/bigint/);
  expect(await large.sum().compute({ ...sync, int64: "bigint" })).toBe(27021597764222979n);
});

describe("random", () => {
  test("sizes and chunks in every place where they may stand", () => {
    const { random } = da;
    const shapes = [
      random.random(5),
      random.random([5, 2]),
      random.random([5, 2], { chunks: [2, 1] }),
      random.random({ size: [5, 2] }),
      random.uniform(0, 1, [5, 2]),
      random.randint(0, 10, { size: 100, chunks: 30 }),
      random.integers(10, { size: [2, 2], dtype: "u1" }),
      random.poisson(3, 4, { chunks: 2 }),
    ].map((draw) => [draw.shape, draw.numblocks, draw.dtype]);
    expect(shapes.slice(0, 5)).toEqual([
      [[5], [1], "float64"],
      [[5, 2], [1, 1], "float64"],
      [[5, 2], [3, 2], "float64"],
      [[5, 2], [1, 1], "float64"],
      [[5, 2], [1, 1], "float64"],
    ]);
    expect(shapes.slice(5)).toEqual([
      [[100], [4], "int64"],
      [[2, 2], [1, 1], "uint8"],
      [[4], [2], "int64"],
    ]);
  });

  test("a choice from an array is the array at positions that the same seed chooses", async () => {
    const population = da.arange(50, { chunks: 7 }).mul(3);
    const options = { size: 20, chunks: 6 };
    const positions = await da.random.defaultRng(5).choice(50, options).compute(sync);
    const chosen = await da.random.defaultRng(5).choice(population, options).compute(sync);
    expect(chosen.toArray()).toEqual((positions.toArray() as number[]).map((at) => at * 3));
  });

  test("parameters may be arrays, cut like the result", async () => {
    const loc = da.fromArray([0, 1000, 2000], { chunks: 1 });
    const drawn = da.random.defaultRng(1).normal(loc, 1, [4, 3], { chunks: 2 });
    const rounded = await drawn.div(1000).round().abs().compute(sync);
    expect(rounded.toArray()).toEqual(new Array(4).fill([0, 1, 2]));
  });
});

describe("blocks", () => {
  test("a function learns where its block stands", async () => {
    const seen = x.mapBlocks(
      (block, info) => {
        const [row, column] = info.chunkLocation as [number, number];
        const [[top], [left]] = info.arrayLocation as [[number, number], [number, number]];
        return nd.add(nd.multiply(block, 0), row * 1000 + column * 100 + top * 10 + left);
      },
      { blockInfo: true },
    );
    const values = (await seen.compute(sync)).toArray() as number[][];
    expect([values[0]?.[0], values[0]?.[3], values[2]?.[0], values[3]?.[5]]).toEqual([
      0, 103, 1020, 1123,
    ]);
  });

  test("a function may drop and add axes, and scalars are passed on", async () => {
    const rows = x
      .rechunk({ 1: -1 })
      .mapBlocks((block) => nd.sum(block, { axis: 1 }), { dropAxis: 1 });
    expect((await rows.compute(sync)).toArray()).toEqual([6, 6, 6, 6]);
    const wide = rows.mapBlocks((block) => block.expandDims(0), { newAxis: 0 });
    expect((await wide.compute(sync)).shape).toEqual([1, 4]);
    const scaled = da.mapBlocks((a, factor) => nd.multiply(a, factor), rows, 3);
    expect(await scaled.sum().compute(sync)).toBe(72);
  });

  test("impure functions are never taken for each other", () => {
    const block = (b: nd.NDArray<"float64">): nd.NDArray => b;
    expect(x.mapBlocks(block).name).toBe(x.mapBlocks(block).name);
    expect(x.mapBlocks(block, { pure: false }).name).not.toBe(
      x.mapBlocks(block, { pure: false }).name,
    );
  });

  test("a function that gives another shape than promised fails with both", async () => {
    const wrong = x.mapBlocks((block) => block.at(0));
    await expect(wrong.compute(sync)).rejects.toThrow(/\[3\].*\[2, 3\]/);
  });

  test("delayed blocks are the blocks", async () => {
    const [[first]] = x.mul(2).toDelayed() as unknown as [
      [{ compute(o: object): Promise<nd.NDArray> }],
    ];
    expect((await first.compute(sync)).toArray()).toEqual([
      [2, 2, 2],
      [2, 2, 2],
    ]);
  });

  test("persisted arrays go on from their values", async () => {
    const [held] = (await persistAll([x.add(1)], sync)) as unknown as [typeof x];
    expect(await held.at("::2").sum().compute(sync)).toBe(24);
  });

  test("annotations of the place where an array is built reach its tasks", () => {
    const urgent = annotate({ priority: 7 }, () => x.exp().mean());
    const later = urgent.add(1);
    const options = urgent.lower().outputs[0]?.layer.templates[0]?.options;
    expect(options).toEqual({ priority: 7 });
    expect(later.lower().outputs[0]?.layer.templates[0]?.options).toBeUndefined();
  });
});

test("an array larger than the machine's memory cannot become a local one", async () => {
  const huge = da.ones([1e6, 1e8], { chunks: 10_000 });
  await expect(huge.compute({ scheduler: "sync" })).rejects.toMatchObject({ code: "MemoryLimit" });
  const small = da.ones([100, 100], { chunks: 50 });
  expect(await small.sum().compute({ scheduler: "sync" })).toBe(10_000);
});

describe("what a first user stumbled over", () => {
  test("bigints may be asked of arrays of several blocks", async () => {
    const whole = await da.arange(4, { chunks: 2 }).compute({ int64: "bigint", ...sync });
    expect(whole.toArray()).toEqual([0, 1, 2, 3]);
  });

  test("triangles of booleans are booleans", async () => {
    const all = da.ones([2, 2], { dtype: "bool", chunks: 1 });
    expect([da.tril(all).dtype, da.triu(all).dtype]).toEqual(["bool", "bool"]);
    expect((await da.tril(all).compute(sync)).toArray()).toEqual([
      [true, false],
      [true, true],
    ]);
  });

  test("blocks that different masks selected do not broadcast", async () => {
    const y = da.arange(4, { chunks: 2 });
    const sum = y.at(y.gt(0)).add(y.at(y.lt(3)));
    const message = /lengths meet along axis 0, and have 1 and 2/;
    await expect(sum.compute(sync)).rejects.toThrow(message);
    await expect(sum.sum().compute(sync)).rejects.toThrow(/meet along axis 0/);
    const same = y.at(y.gt(0)).add(y.at(y.gt(0)));
    expect((await same.compute(sync)).toArray()).toEqual([2, 4, 6]);
  });

  test("bincount of huge values is refused in words", async () => {
    const huge = da.fromArray([2 ** 50]).astype("int64");
    await expect(da.bincount(huge).compute(sync)).rejects.toThrow(/unique.*histogram/);
  });
});

describe("order statistics next to infinities, as NumPy 2.4 gives them", () => {
  const inf = Number.POSITIVE_INFINITY;
  test.each([
    [[-inf, 1, inf], 1],
    [[1, inf, inf], inf],
    [[-inf, inf], Number.NaN],
    [[-inf, 1], -inf],
    [[-inf, 2, 3, inf], 2.5],
  ])("the median of %j", async (values, median) => {
    expect(await da.median(da.fromArray(values)).compute(sync)).toBe(median);
    const table = await da.median(da.fromArray([values]), { axis: 1 }).compute(sync);
    expect(table.toArray()).toEqual([median]);
  });

  test("quantiles interpolate; their ends are elements", async () => {
    const shares = [0, 0.25, 0.5, 0.75, 1];
    const found = await da.quantile(da.fromArray([-inf, 2, 3, inf]), shares).compute(sync);
    expect(found.toArray()).toEqual([-inf, -inf, 2.5, inf, inf]);
  });
});
