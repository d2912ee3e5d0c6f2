/**
 * @file Six layers of made-up signals, handled block by block and stacked again, then joined with
 * those of two other modules; from a document on simulating brains, where the parts that are joined
 * had different ranks.
 */
import * as da from "heddle/array";
import type { NDArray } from "heddle/ndarray";

const samples = 2000;
const scaled = (by: number) => (block: NDArray) => block.mul(by).add(1 - by);

const cortex = da.random.random([samples, 6, 200], { chunks: [500, 6, 200] });
const layers = Array.from({ length: 6 }, (_, i) => cortex.at(":", i).mapBlocks(scaled(0.8)));
const processed = da.stack(layers, { axis: 1 });
console.log(processed.shape, processed.numblocks);

const hippocampus = da.random.random([samples, 200], { chunks: [500, 200] });
const ganglia = da.random.random([samples, 100], { chunks: [500, 100] });
const combined = da.concatenate(
  [
    processed.mean({ axis: 1 }).mul(0.4),
    hippocampus.mapBlocks(scaled(0.7)).mul(0.3),
    hippocampus.mapBlocks(scaled(0.6)).mul(0.3),
    ganglia.mapBlocks(scaled(0.8)).mul(0.3),
  ],
  { axis: 1 },
);
const result = combined.rechunk([1000, -1]);
console.log(result.shape, result.numblocks);
const [mean, low, high] = [await result.mean().compute(), result.min(), result.max()];
console.log(mean.toFixed(2), (await low.compute()) >= 0, (await high.compute()) <= 1);
