/**
 * @file Arrays beside Dask's threads and plain NumPy. Inputs are in memory before the clock starts
 * (persisted, in chunks of 8 MB) unless making them is what is measured; large results are summed,
 * so that no case measures how they are copied out.
 */

import { Client, config } from "heddle";
import * as da from "heddle/array";
import { timeMs } from "../lib/measure.mjs";

const SIDE = 8000;
const CHUNK = 1000;
const chunks = [CHUNK, CHUNK];

export const facts = {
  side: SIDE,
  chunk: CHUNK,
  points: 50_000_000,
  block: 1_000_000,
  order: 2048,
};

const held = {};
/** An engine whose threads were told to use no BLAS library. */
let plainClient;

export async function setUp() {
  config.set({ "blas.library": "none" });
  plainClient = new Client({ memoryLimit: "2GiB", setAsDefault: false });
  await plainClient.ready;
  await plainClient.submit((x) => x, 1).result();
  config.pop("blas.library");
  const rng = da.random.defaultRng(1);
  held.x = await rng.random([SIDE, SIDE], { chunks }).persist();
  held.rows = await held.x.rechunk([CHUNK, SIDE]).persist();
  held.lines = await rng.random([10, facts.block], { chunks: [1, facts.block] }).persist();
  const order = [facts.order, facts.order];
  held.a = await rng.random(order, { chunks: facts.order / 2 }).persist();
  held.b = await rng.random(order, { chunks: facts.order / 2 }).persist();
  held.local = { a: await held.a.compute(), b: await held.b.compute() };
}

export async function tearDown() {
  await plainClient.close();
}

const seconds = async (work) => (await timeMs(work)) / 1000;

/** A case that computes what `make` gives. */
const compute = (name, make) => ({
  name,
  unit: "s",
  better: "less",
  run: () => seconds(() => make().compute()),
});

function pi() {
  const { points, block } = facts;
  const rng = da.random.defaultRng(2);
  const x = rng.random(points, { chunks: block });
  const y = rng.random(points, { chunks: block });
  return da.expr`4 * mean((${x}**2 + ${y}**2) < 1)`;
}

function transposed() {
  const x = da.random.defaultRng(3).random([SIDE, SIDE], { chunks });
  return x.add(x.T).at("::2, 4000:").mean({ axis: 1 });
}

const normals = () =>
  da.random.defaultRng(4).standardNormal(facts.points, { chunks: facts.block }).sum();

/** The product on the engine without BLAS, of arrays that it holds. */
async function productWithout() {
  const half = facts.order / 2;
  const a = da.fromArray(held.local.a, { chunks: half });
  const b = da.fromArray(held.local.b, { chunks: half });
  const [x, y] = await plainClient.persist([a, b]);
  return await seconds(() => x.matmul(y).sum().compute({ scheduler: plainClient }));
}

/** Fixed since the first commit of this file: cases may be added, not changed. */
export const cases = [
  compute("fused pi", pi),
  compute("x + x.T, slice, mean", transposed),
  compute("sum by axis 0", () => held.x.sum({ axis: 0 })),
  compute("sum by axis 1", () => held.x.sum({ axis: 1 })),
  compute("mean by axis 0", () => held.x.mean({ axis: 0 })),
  compute("std by axis 0", () => held.x.std({ axis: 0 })),
  compute("std by axis 1", () => held.x.std({ axis: 1 })),
  compute("exp, sin, sqrt in a chain", () => da.sqrt(da.exp(da.sin(held.x)).add(1)).sum()),
  compute("random normal", normals),
  compute("matmul 2048, BLAS", () => held.a.matmul(held.b).sum()),
  { name: "matmul 2048, fallback", unit: "s", better: "less", run: productWithout },
  compute("sort of 10 x 1,000,000", () => da.sort(held.lines, { axis: 1 }).sum()),
  compute("boolean mask", () => held.x.at(held.x.gt(0.5)).sum()),
  compute("transpose 8000 x 8000", () => held.x.T),
  compute("rechunk, rows to columns", () => {
    const columns = held.rows.rechunk([SIDE, CHUNK]);
    return columns.mapBlocks((block) => block).sum();
  }),
];
