/** @file Bags: any JavaScript values, in partitions that are handled side by side. */
import { fromSequence, range } from "heddle/bag";

const words = fromSequence(["warp", "weft", "heddle", "weft"], { npartitions: 2 });
const counts = await words.frequencies().compute();
console.log(counts); // [ [ 'warp', 1 ], [ 'weft', 2 ], [ 'heddle', 1 ] ]

// A chain of steps is one task per partition, and holds one item at a time.
const long = words.filter((w) => w.length > 4).map((w) => w.toUpperCase());
console.log(await long.compute()); // [ 'HEDDLE' ]

// Partial totals of partitions are folded in a tree.
console.log(
  await words
    .map((w) => w.length)
    .fold((a, b) => a + b, 0)
    .compute(),
); // 18

// Keys are compared by value, so arrays and objects can be keys.
const byRest = range(10).groupby((n) => [n % 3]);
console.log(await byRest.map(([key, items]) => `${key}: ${items}`).compute());
