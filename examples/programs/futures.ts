/** @file Futures: work that starts at once, for programs that decide as they go. */
import { asCompleted, Client } from "heddle";

const client = new Client({ embedded: true });
const square = (x: number) => x * x;

// `map` sends one message for all items and returns at once.
const futures = client.map(square, [1, 2, 3]);

// A future stands for its result in the arguments of another call.
const total = client.submit((xs: number[]) => xs.reduce((a, b) => a + b, 0), futures);
console.log(await total.result()); // 14
console.log(await client.gather(futures)); // [ 1, 4, 9 ]

for await (const future of asCompleted(futures)) console.log(future.key, await future.result());
await client.close();
