/** @file Pi by Monte Carlo: the share of random points that lie within the quarter of a circle. */
import * as da from "heddle/array";

function estimatePi(points: number, blocks: number) {
  const rng = da.random.defaultRng(212);
  // A row of x and a row of y coordinates, cut along the points.
  const xy = rng.random([2, points], { chunks: [2, Math.ceil(points / blocks)] });
  const squares = xy.pow(2).sum({ axis: 0 });
  return squares.lt(1).mean().mul(4);
}

// More blocks than threads only queue up; the numbers depend on the blocks, never on the number of
// threads.
for (const blocks of [1, 32, 128]) {
  const pi = await estimatePi(1_000_000, blocks).compute();
  console.log(`Estimated value of pi for ${blocks} blocks: ${pi}`);
}
