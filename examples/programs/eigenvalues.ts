/**
 * @file Map and gather: the largest eigenvalue of squared matrices. The matrices are made by the
 * tasks from a seed and stay with the workers: sending large values in the arguments is what the
 * tutorials' programs are warned about.
 */
import { Client } from "heddle";

type Matrix = number[][];

function randomMatrix(seed: number, n: number): Matrix {
  let state = seed + 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x80000000;
  };
  return Array.from({ length: n }, () => Array.from({ length: n }, next));
}

function squared(a: Matrix): Matrix {
  return a.map((row) => a.map((_, j) => row.reduce((sum, x, k) => sum + x * (a[k]?.[j] ?? 0), 0)));
}

/** By power iteration; matrices of positive numbers have one largest eigenvalue. */
function largestEigenvalue(a: Matrix): number {
  let v = a.map(() => 1);
  let eigenvalue = 0;
  for (let step = 0; step < 100; step++) {
    const w = a.map((row) => row.reduce((sum, x, k) => sum + x * (v[k] ?? 0), 0));
    eigenvalue = Math.hypot(...w);
    v = w.map((x) => x / eigenvalue);
  }
  return eigenvalue;
}

await Client.with({ embedded: true }, async (client) => {
  const matrices = client.map((seed: number) => randomMatrix(seed, 100), [1, 2, 3, 4]);
  const squares = client.map(squared, matrices);
  // Both maps run at once; futures of one call are arguments of the next.
  const [plain, square] = [
    client.map(largestEigenvalue, matrices),
    client.map(largestEigenvalue, squares),
  ];
  const eigenvalues = await client.gather(plain);
  for (const [i, value] of (await client.gather(square)).entries()) {
    console.log(`${value.toFixed(3)} is the square of ${(eigenvalues[i] ?? 0).toFixed(3)}`);
  }
});
