/**
 * Goal: kernels agree with naive JavaScript for arbitrary input, special values included. Method:
 * fast-check over doubles (NaN, infinities, zeros, subnormals), integers of 64 bits and strings.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { histogram, searchsorted } from "../../src/ndarray/library/counting.ts";
import { groupByHash, hashRows } from "../../src/ndarray/library/hashing.ts";
import { compress, nonzero, put, take } from "../../src/ndarray/library/moving.ts";
import { cumsum } from "../../src/ndarray/library/scanning.ts";
import { argsort, partition, sort, unique } from "../../src/ndarray/library/sorting.ts";
import { matmul, useBlas } from "../../src/ndarray/linalg/index.ts";
import { NDArray } from "../../src/ndarray/ndarray.ts";
import { defaultRng, SeedSequence } from "../../src/ndarray/random/index.ts";

/** Few distinct values among many, so that ties are common. */
const double = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 5e-324, 1.5),
);
const doubles = fc.array(double, { maxLength: 200 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

/** NumPy's order: NaN last, zeros equal. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function naiveOrder(values: readonly number[]): number[] {
  return values
    .map((_, i) => i)
    .sort((i, j) => compare(values[i] as number, values[j] as number) || i - j);
}

function float64(values: readonly number[]): NDArray<"float64"> {
  return new NDArray<"float64">(Float64Array.from(values));
}

test("argsort is the stable order, sort is that order up to the sign of zeros", () => {
  fc.assert(
    fc.property(doubles, (values) => {
      const order = naiveOrder(values);
      expect(argsort(float64(values)).toArray()).toEqual(order);
      const sorted = sort(float64(values)).toArray() as number[];
      expect(sorted.map((x) => x + 0)).toEqual(order.map((i) => (values[i] as number) + 0));
      const minusZeros = (list: readonly number[]): number =>
        list.filter((x) => Object.is(x, -0)).length;
      expect(minusZeros(sorted)).toBe(minusZeros(values));
    }),
  );
});

test("int64 sorts over its whole range", () => {
  fc.assert(
    fc.property(fc.array(int64, { maxLength: 200 }), (values) => {
      const sorted = sort(new NDArray(BigInt64Array.from(values)));
      expect([...sorted.data]).toEqual([...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    }),
  );
});

test("partition puts any set of positions in place and keeps the elements", () => {
  const input = fc
    .array(double, { minLength: 1, maxLength: 300 })
    .chain((values) =>
      fc.tuple(fc.constant(values), fc.array(fc.nat(values.length - 1), { minLength: 1 })),
    );
  fc.assert(
    fc.property(input, ([values, kth]) => {
      const sorted = sort(float64(values)).toArray() as number[];
      const parted = partition(float64(values), kth).toArray() as number[];
      for (const k of kth) expect(compare(parted[k] as number, sorted[k] as number)).toBe(0);
      const again = sort(float64(parted)).toArray() as number[];
      expect(again).toEqual(sorted);
    }),
  );
});

test("unique: values ascend, and values[inverse] is the input", () => {
  fc.assert(
    fc.property(doubles, (values) => {
      const { values: distinct, index, inverse, counts } = unique(float64(values));
      const list = distinct.toArray() as number[];
      list.slice(1).forEach((x, i) => {
        expect(compare(list[i] as number, x)).toBe(-1);
      });
      const which = inverse.toArray() as number[];
      which.forEach((k, i) => {
        expect(compare(list[k] as number, values[i] as number)).toBe(0);
      });
      const tally = list.map((_, k) => which.filter((w) => w === k).length);
      expect(counts.toArray()).toEqual(tally);
      expect(index.toArray()).toEqual(list.map((_, k) => which.indexOf(k)));
    }),
  );
});

test("searchsorted counts the smaller (left) or not greater (right) elements", () => {
  fc.assert(
    fc.property(doubles, doubles, (haystack, needles) => {
      const sorted = sort(float64(haystack));
      const list = sorted.toArray() as number[];
      for (const side of ["left", "right"] as const) {
        const expected = needles.map(
          (x) => list.filter((y) => compare(y, x) < (side === "left" ? 0 : 1)).length,
        );
        expect(searchsorted(sorted, float64(needles), { side }).toArray()).toEqual(expected);
      }
    }),
  );
});

test("every value of a histogram lies within the edges of its bin", () => {
  fc.assert(
    fc.property(
      fc.array(finite, { maxLength: 100 }),
      fc.integer({ min: 1, max: 50 }),
      (values, bins) => {
        const { counts, edges } = histogram(float64(values), { bins });
        const at = edges.toArray() as number[];
        const expected = new Array<number>(bins).fill(0);
        for (const value of values) {
          let bin = bins - 1;
          while (bin > 0 && value < (at[bin] as number)) bin--;
          expected[bin] = (expected[bin] as number) + 1;
        }
        expect(counts.toArray()).toEqual(expected);
      },
    ),
  );
});

test("take, put, compress and nonzero against indexing", () => {
  const input = fc
    .array(fc.integer(), { minLength: 1, maxLength: 100 })
    .chain((values) =>
      fc.tuple(
        fc.constant(values),
        fc.array(fc.integer({ min: -values.length, max: values.length - 1 })),
        fc.array(fc.boolean(), { minLength: values.length, maxLength: values.length }),
      ),
    );
  fc.assert(
    fc.property(input, ([values, indices, mask]) => {
      const array = new NDArray(values, { dtype: "int32" });
      expect(take(array, indices).toArray()).toEqual(indices.map((i) => values.at(i)));
      const flags = new NDArray(mask);
      expect(compress(flags, array).toArray()).toEqual(values.filter((_, i) => mask[i]));
      const positions = mask.flatMap((flag, i) => (flag ? [i] : []));
      expect(nonzero(flags).map((axis) => axis.toArray())).toEqual([positions]);
      const target = array.copy();
      put(
        target,
        indices,
        new NDArray(
          indices.map((_, k) => k),
          { dtype: "int32" },
        ),
      );
      const expected = [...values];
      indices.forEach((i, k) => {
        expected[i < 0 ? i + values.length : i] = k;
      });
      expect(target.toArray()).toEqual(expected);
    }),
  );
});

test("cumsum adds one by one", () => {
  fc.assert(
    fc.property(doubles, (values) => {
      let sum = 0;
      const expected = values.map((x, i) => {
        sum = i === 0 ? x : sum + x;
        return sum;
      });
      expect(cumsum(float64(values)).toArray()).toEqual(expected);
    }),
  );
});

test("rows of equal keys go to one destination, in order", () => {
  fc.assert(
    fc.property(
      fc.array(int64, { maxLength: 100 }),
      fc.integer({ min: 1, max: 9 }),
      (keys, parts) => {
        const hashes = hashRows([new NDArray(BigInt64Array.from(keys))], keys.length);
        const { counts, order } = groupByHash(hashes, parts);
        const rows = order.toArray() as number[];
        expect([...rows].sort((a, b) => a - b)).toEqual(keys.map((_, i) => i));
        let start = 0;
        const owner = new Map<bigint, number>();
        (counts.toArray() as number[]).forEach((count, part) => {
          const group = rows.slice(start, start + count);
          expect(group).toEqual([...group].sort((a, b) => a - b));
          for (const row of group) {
            const key = keys[row] as bigint;
            expect(owner.get(key) ?? part).toBe(part);
            owner.set(key, part);
          }
          start += count;
        });
      },
    ),
  );
});

test("matmul by the built-in kernels is the sum of products, whatever the shape", () => {
  useBlas("none");
  const side = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(side, side, side, fc.nat(), (m, k, n, seed) => {
      const rng = defaultRng(seed);
      // Small integers, so that every order of summation is exact.
      const a = rng.integers(-9, 10, { size: [m, k] }).astype("float64");
      const b = rng.integers(-9, 10, { size: [k, n] }).astype("float64");
      const expected = Array.from({ length: m }, (_, i) =>
        Array.from({ length: n }, (__, j) => {
          let sum = 0;
          for (let p = 0; p < k; p++) sum += (a.get(i, p) as number) * (b.get(p, j) as number);
          return sum;
        }),
      );
      expect(matmul(a, b).toArray()).toEqual(expected);
    }),
  );
  useBlas("auto");
});

test("integers stay within their bounds, permutations hold every number once", () => {
  const bounds = fc
    .tuple(int64, int64)
    .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)));
  fc.assert(
    fc.property(bounds, fc.nat(), fc.integer({ min: 0, max: 60 }), ([low, high], seed, n) => {
      const rng = defaultRng(seed);
      const drawn = rng.integers(low, high, { size: 20, endpoint: true }) as NDArray<"int64">;
      for (const value of drawn.data) expect(value >= low && value <= high).toBe(true);
      const order = rng.permutation(n).toArray() as number[];
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }),
  );
});

test("spawned seed sequences never repeat one another's words", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n }), (entropy) => {
      const parent = new SeedSequence(entropy);
      const family = [parent, ...parent.spawn(3), ...parent.spawn(2)];
      const words = family.map((sequence) => sequence.generateState(4).join());
      expect(new Set(words).size).toBe(family.length);
    }),
  );
});
