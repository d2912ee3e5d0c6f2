import { fromSequence } from "heddle/bag";

const words = fromSequence(["warp", "weft", "heddle", "weft"], { npartitions: 2 });
const counts: [string, number][] = await words.frequencies().compute();
const long: string[] = await words
  .filter((w) => w.length > 4)
  .map((w) => w.toUpperCase())
  .compute();
const total: number = await words
  .map((w) => w.length)
  .fold((a, b) => a + b, 0)
  .compute();
console.log(counts, long, total);
