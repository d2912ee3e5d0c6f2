/** @file A bag in the way of MapReduce: words of a text, counted. */
import { fromSequence } from "heddle/bag";

const lines = fromSequence(
  [
    "the heddle guides every thread",
    "the weft crosses the warp",
    "every thread of the warp passes a heddle",
  ],
  { npartitions: 3 },
);

const words = lines.flatMap((line) => line.split(" "));
console.log(await words.frequencies({ sort: true }).topk(3, 1).compute());
console.log(
  await words
    .map((word) => word.length)
    .mean()
    .compute(),
);

// The totals of each length: one number per key travels, not the words.
const lengths = words.foldby(
  (word) => word.length,
  (count: number) => count + 1,
  0,
  { combine: (a, b) => a + b },
);
console.log(await lengths.map(([length, count]) => ({ length, count })).compute());
