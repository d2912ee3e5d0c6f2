/**
 * @file A² + B² + C² by delayed calls, from a course on Dask: the three squares run side by side,
 * the sum when they are there. Uneven chunks as the course has them, too.
 */
import { delayed } from "heddle";
import * as da from "heddle/array";
import { defaultRng, matmul, type NDArray } from "heddle/ndarray";

const n = 200;
const randomMatrix = delayed((seed: number) => defaultRng(seed).random([n, n]), {
  name: "randomMatrix",
});
const squared = delayed((m: NDArray) => matmul(m, m), { name: "squared" });
const sum = delayed((parts: NDArray[]) => parts.reduce((a, b) => a.add(b) as NDArray), {
  name: "sum",
});

const total = sum([1, 2, 3].map((seed) => squared(randomMatrix(seed))));
console.log(`${total}`);
const matrix = await total.compute();
console.log(matrix.shape, `mean ${Number(matrix.mean()).toFixed(1)}, about ${(3 * n) / 4}`);

// The chunk sizes of each axis must add up to its length.
const parted = da.random.random([1000, 1000], {
  chunks: [
    [700, 300],
    [600, 200, 200],
  ],
});
console.log(parted.numblocks, (await parted.blocks.at(1, 2).compute()).shape);
