import { compute, delayed } from "heddle";

const inc = delayed((x: number) => x + 1);
const add = delayed((a: number, b: number) => a + b);
const total = add(inc(1), inc(2));
const all = delayed((parts: number[]) => parts.length)([inc(3), inc(4)]);
const value: number = await total.compute();
const [sum, count]: [number, number] = await compute(total, all);
console.log(value, sum, count, total.key.startsWith("add-"));
