/**
 * @file Arrays: a random matrix in 16 blocks, a slice of its sum with its transpose, and a formula.
 */
import * as da from "heddle/array";

// Nothing is computed yet: `y` knows its shape, dtype and blocks.
const x = da.random.random([1000, 1000], { chunks: [250, 250] });
const y = x.add(x.T).at("::2, 500:").mean({ axis: 1 });
console.log(y);

// Only the blocks that the slice touches are made; the result is a local array.
const local = await y.compute();
console.log(local.shape, local.dtype);

// A formula is parsed into the same lazy expression and fused into one pass over each block.
const inside = da.expr<"float64">`4 * mean((${x}**2 + ${x.T}**2) < 1)`;
console.log(`about pi: ${await inside.compute()}`);
