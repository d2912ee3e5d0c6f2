/** @file Delayed calls: ordinary functions, called later, side by side where they can be. */
import { compute, delayed } from "heddle";

const inc = delayed((x: number) => x + 1, { name: "inc" });
const add = delayed((a: number, b: number) => a + b, { name: "add" });

// Nothing has run: `total` is a small graph. Its key shows what it is.
const total = add(inc(1), inc(2));
console.log(total.key.startsWith("add-")); // true

// Lazy values are found inside arrays, objects, maps and sets.
const count = delayed((parts: number[]) => parts.length);
const all = count([inc(3), inc(4)]);

// One pass over both graphs: what they share would run once.
console.log(await compute(total, all)); // [ 5, 2 ]
