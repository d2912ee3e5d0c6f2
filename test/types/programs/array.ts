import * as da from "heddle/array";

const x = da.random.random([1000, 1000], { chunks: [250, 250] });
const y = x.add(x.T).at("::2, 500:").mean({ axis: 1 });
const local = await y.compute();
const shape: readonly number[] = local.shape;
const inside = da.expr<"float64">`4 * mean((${x}**2 + ${x}**2) < 1)`;
const estimate: number = await inside.compute();
console.log(shape, local.dtype, estimate > 0);
