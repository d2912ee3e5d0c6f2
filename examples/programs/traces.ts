/**
 * @file Delayed values made inside tasks, as in courses on Dask: each task of a map describes more
 * work over a matrix that was sent to the workers once; what comes back is lazy, and computed
 * together.
 */
import { Client, compute, delayed } from "heddle";
import { defaultRng, type NDArray, trace } from "heddle/ndarray";

const scaledTrace = delayed((matrix: NDArray, c: number) => c * (trace(matrix) as number), {
  name: "scaledTrace",
});

await Client.with({ embedded: true }, async (client) => {
  const matrix = client.scatter(defaultRng(0).random([1000, 1000]), { broadcast: true });
  const lazy = client.map((m: NDArray, c: number) => scaledTrace(m, c), [matrix, matrix], [0.5, 2]);
  for (const value of await compute(...(await client.gather(lazy)))) console.log(value.toFixed(1));
});
