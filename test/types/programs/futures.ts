import { asCompleted, Client } from "heddle";

const client = new Client({ embedded: true });
const square = (x: number) => x * x;
const futures = client.map(square, [1, 2, 3]);
const total = client.submit((xs: number[]) => xs.reduce((a, b) => a + b, 0), futures);
const result: number = await total.result();
const values: number[] = await client.gather(futures);
for await (const f of asCompleted(futures)) console.log(f.key, await f.result());
console.log(result, values);
await client.close();
