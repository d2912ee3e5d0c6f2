/**
 * @file The first array of Dask's introduction: a matrix plus its transpose, sliced, and the mean
 * along an axis.
 */
import * as da from "heddle/array";

const x = da.random.random([100, 100], { chunks: [10, 10] });
console.log(x); // bytes, shape, tasks and type, for the array and for a block

const y = x.add(x.T);
const z = y.at("::2, 50:").mean({ axis: 1 });
console.log(await z.compute()); // 50 means around 1

// Keeps the blocks in the workers' memory, so that what follows does not make them again.
const kept = await y.persist();
console.log(await kept.sum().compute()); // around 10,000
console.log(await kept.max().compute());
