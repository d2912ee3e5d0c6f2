/**
 * @file The eight sleeps of every Dask tutorial: a loop that takes 8 s takes 8 s / workers with
 * delayed calls.
 */
import { delayed } from "heddle";

function increment(x: number): number {
  // Sleeps for a second, as a slow computation would keep its thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  return x + 1;
}

const slowIncrement = delayed(increment);
const sum = delayed((values: number[]) => values.reduce((a, b) => a + b, 0), { name: "sum" });

// Building the graph takes no time: nothing runs.
const total = sum([1, 2, 3, 4, 5, 6, 7, 8].map((x) => slowIncrement(x)));
console.log("Before computing:", String(total));

const start = performance.now();
console.log("After computing:", await total.compute()); // 44
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s`);
