/**
 * @file Kernels against plain JavaScript loops, and against NumPy's nanoseconds per element as
 * measured once on the development machine (EPYC Zen 3, NumPy 1.24; the last column is only a guide
 * elsewhere). Run after `npm run build`: `node bench/kernels-micro.mjs [case]`.
 */
import * as nd from "../dist/ndarray/index.js";
import { runKernel } from "../dist/ndarray/kernels/evaluate.js";
import { KernelBuilder } from "../dist/ndarray/kernels/ir.js";

const N = 4_000_000;
const M = 1_000_000;
const x = nd.linspace(0, 1, N);
const y = nd.linspace(1, 0.001, N);
const small = nd.linspace(0.001, 1, M);
const small32 = small.astype("float32");
const bytes = nd.full([N], 3, { dtype: "uint8" });
const ints = nd.arange(N).astype("int32");
const mask = nd.less(x, 0.5);
const matrix = x.reshape([2000, 2000]);

function kernel(dtypes, write, reduce) {
  const k = new KernelBuilder();
  const value = write(k, ...dtypes.map((dtype) => k.input(dtype)));
  return reduce === undefined ? k.build(value) : k.reduce(reduce, value);
}

const pi = kernel(
  ["float64", "float64"],
  (k, a, b) => k.binary("less", k.binary("add", k.unary("square", a), k.unary("square", b)), 1),
  "sum",
);
const chain = kernel(["float64", "float64"], (k, a, b) => {
  const root = k.unary("sqrt", k.binary("add", k.binary("multiply", a, 2), b));
  return k.binary("add", k.binary("subtract", root, k.binary("multiply", a, b)), 1);
});
const out = nd.empty([N]);
const into = (write) => {
  const k = kernel(["float64", "float64"], write);
  return () => runKernel(k, [x, y], out);
};

/** Name, elements, ours, NumPy's ns per element, plain JavaScript. */
const CASES = [
  [
    "a+b out",
    N,
    into((k, a, b) => k.binary("add", a, b)),
    1.11,
    () => loop((i, a, b, o) => (o[i] = a[i] + b[i])),
  ],
  ["fused pi", N, () => runKernel(pi, [x, y]), 5.72, () => jsPi()],
  ["chain5", N, () => runKernel(chain, [x, y]), 8.6],
  ["exp f64", M, () => nd.exp(small), 6.38],
  ["log f64", M, () => nd.log(small), 7.67],
  ["sin f64", M, () => nd.sin(small), 12.62],
  ["tanh f64", M, () => nd.tanh(small), undefined],
  ["sqrt f64", M, () => nd.sqrt(small), 1.42],
  ["pow 2.5 f64", M, () => nd.power(small, 2.5), 17.07],
  ["exp f32", M, () => nd.exp(small32), 2.33],
  ["sin f32", M, () => nd.sin(small32), 2.11],
  ["sqrt f32", M, () => nd.sqrt(small32), 0.4],
  ["sum all", N, () => nd.sum(x), 0.61],
  ["sum axis 0", N, () => nd.sum(matrix, { axis: 0 }), 0.58],
  ["sum axis 1", N, () => nd.sum(matrix, { axis: 1 }), 0.57],
  ["max axis 0", N, () => nd.max(matrix, { axis: 0 }), 0.61],
  ["max axis 1", N, () => nd.max(matrix, { axis: 1 }), 0.58],
  ["argmax axis 0", N, () => nd.argmax(matrix, { axis: 0 }), 6.85],
  ["argmax axis 1", N, () => nd.argmax(matrix, { axis: 1 }), 0.58],
  ["std axis 1", N, () => nd.std(matrix, { axis: 1 }), 3.99],
  ["std all", N, () => nd.std(x), 3.54],
  ["x + x.T", N, () => nd.add(matrix, matrix.T), undefined],
  ["transpose copy", N, () => matrix.T.copy(), 7.52],
  ["i32 add", N, () => nd.add(ints, ints), 0.58],
  ["u8 add", N, () => nd.add(bytes, bytes), 0.13],
  ["u8 to f64", N, () => bytes.astype("float64"), 1.4],
  ["compare", N, () => nd.less(x, y), 0.5],
  ["where", N, () => nd.where(mask, x, y), 5.84],
  ["count true", N, () => nd.countNonzero(mask), 0.09],
  ["mask select", N, () => x.at(mask), 6.13],
  ["cumsum", N, () => nd.cumsum(x), 3.87],
];

function loop(body) {
  const [a, b, o] = [x.data, y.data, out.data];
  for (let i = 0; i < N; i++) body(i, a, b, o);
}

function jsPi() {
  const [a, b] = [x.data, y.data];
  let inside = 0;
  for (let i = 0; i < N; i++) if (a[i] * a[i] + b[i] * b[i] < 1) inside++;
  return inside;
}

function nanoseconds(run, elements) {
  for (let i = 0; i < 3; i++) run();
  const times = [];
  for (let i = 0; i < 7; i++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    times.push(((user + system) * 1000) / elements);
  }
  return times.sort((a, b) => a - b)[3];
}

const wanted = process.argv[2];
for (const [name, elements, run, numpy, plain] of CASES) {
  if (wanted !== undefined && !name.includes(wanted)) continue;
  const ours = nanoseconds(run, elements);
  const ratio = numpy === undefined ? "" : (ours / numpy).toFixed(2);
  const js = plain === undefined ? "" : nanoseconds(plain, elements).toFixed(2);
  console.log(
    `${name.padEnd(16)} ${ours.toFixed(2).padStart(8)} ns/el  ${ratio.padStart(6)} of NumPy` +
      (js === "" ? "" : `  (plain JavaScript ${js})`),
  );
}
