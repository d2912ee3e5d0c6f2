/**
 * @file Large data stays with the workers, from a course on Dask: a matrix made by a task, or
 * scattered once, is used by delayed calls without coming back in between.
 */
import { Client, compute, delayed, sizeof } from "heddle";
import { defaultRng, type NDArray, trace } from "heddle/ndarray";

const randomMatrix = (n: number): NDArray => defaultRng(7).random([n, n]);
const scaledTrace = delayed((m: NDArray, c: number) => c * Number(trace(m)), {
  name: "scaledTrace",
});

await Client.with({ embedded: true }, async (client) => {
  // The future stands for the matrix: only the trace comes here.
  const made = client.submit(randomMatrix, 1024);
  console.log((await scaledTrace(made, 1).compute({ scheduler: client })).toFixed(3));

  // The same matrix, made here and sent once, then used by three calls.
  const matrix = randomMatrix(1024);
  console.log(`${(sizeof(matrix) / 1e6).toFixed(1)} MB`);
  const scattered = client.scatter(matrix, { broadcast: true });
  const lazy = [0.5, 1, 2].map((c) => scaledTrace(scattered, c));
  console.log((await compute(...lazy)).map((value) => value.toFixed(3)).join(" "));
});
