/**
 * @file Lazy arrays against local ones: whatever the chunks, computing in blocks gives what
 * computing at once gives.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as da from "../../../src/array/index.ts";
import { computeAll } from "../../../src/cluster/compute.ts";
import { config } from "../../../src/config/config.ts";
import type { DType } from "../../../src/core/dtype.ts";
import * as nd from "../../../src/ndarray/index.ts";

type Local = nd.NDArray<DType>;
const sync = { scheduler: "sync" } as const;

/** A shape of one to three axes, and for each axis a random cut. */
const cuts = fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 3,
});

function localOf(
  chunks: readonly (readonly number[])[],
  dtype: "float64" | "int64" = "float64",
): Local {
  const shape = chunks.map((blocks) => blocks.reduce((a, b) => a + b, 0));
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float64Array.from({ length: size }, (_, i) => ((i * 7919) % 23) - 9);
  return new nd.NDArray<DType>(values, { shape, dtype });
}

function same(given: unknown, wanted: Local | number | boolean): void {
  const expected = nd.isNDArray(wanted) ? wanted.toArray({ int64: "bigint" }) : wanted;
  const actual = nd.isNDArray(given) ? given.toArray({ int64: "bigint" }) : given;
  if (nd.isNDArray(given) && nd.isNDArray(wanted)) {
    expect(given.shape).toEqual(wanted.shape);
    expect(given.dtype).toBe(wanted.dtype);
  }
  expect(actual).toEqual(expected);
}

/** A reduction of the local array by name. */
function localReduction(op: string, local: Local, options: object): unknown {
  const reductions: Readonly<Record<string, unknown>> = { ...nd };
  return (reductions[op] as (x: Local, o: object) => unknown)(local, options);
}

describe("random chunks", () => {
  test("a lazy array is what it was made of, in any other chunks too", async () => {
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 }),
        async (chunks, other) => {
          const local = localOf(chunks);
          const x = da.fromArray(local, { chunks });
          expect(x.chunks).toEqual(chunks);
          same(await x.compute(sync), local);
          const again = x.rechunk(other.slice(0, chunks.length));
          same(await again.compute(sync), local);
          same(await again.rechunk(chunks).compute(sync), local);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("a rechunk by exchange gives what direct edges give", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 9 }), async (chunks, size) => {
        const local = localOf(chunks);
        const x = da.fromArray(local, { chunks }).T.add(0);
        const wanted = x.chunks.map(() => size);
        await config.with({ "array.rechunk.method": "exchange" }, async () => {
          const again = x.rechunk(wanted);
          const joins = again.graph.layers.some(({ kind }) => kind === "exchange");
          expect(joins).toBe(again.expr.kind === "rechunk");
          same(await again.compute(sync), local.T);
        });
      }),
      { numRuns: 30 },
    );
  });

  test("slices with steps of either sign equal those of the local array", async () => {
    const bound = fc.option(fc.integer({ min: -14, max: 14 }), { nil: null });
    const step = fc.integer({ min: -4, max: 4 }).filter((s) => s !== 0);
    const part = fc.oneof(
      fc.tuple(bound, bound, step).map(([a, b, s]) => nd.slice(a, b, s)),
      fc.constantFrom("newAxis" as const, "first" as const),
    );
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.array(part, { minLength: 1, maxLength: 3 }),
        async (chunks, parts) => {
          const local = localOf(chunks);
          let axes = 0;
          const index = parts.flatMap((p): (null | number | ReturnType<typeof nd.slice>)[] => {
            if (p === "newAxis") return [null];
            if (axes++ >= chunks.length) return [];
            return [p === "first" ? 0 : p];
          });
          const x = da.fromArray(local, { chunks });
          const [lazy, doubled] = await computeAll([x.at(...index), x.add(x).at(...index)], sync);
          const wanted = local.at(...index);
          if (wanted.ndim === 0) {
            expect([lazy, doubled]).toEqual([wanted.item(), 2 * (wanted.item() as number)]);
            return;
          }
          same(lazy, wanted);
          same(doubled, nd.add(wanted, wanted));
        },
      ),
      { numRuns: 120 },
    );
  });

  test("fused arithmetic of arrays cut differently, and turned ones", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 5 }), async (chunks, size) => {
        const local = localOf(chunks);
        const x = da.fromArray(local, { chunks });
        const y = da.fromArray(local, { chunks: chunks.map(() => size) });
        const lazy = x.mul(2).add(y.pow(2)).sub(x.T.T.abs());
        const wanted = nd.subtract(
          nd.add(nd.multiply(local, 2), nd.power(local, 2)),
          nd.absolute(local),
        );
        same(await lazy.compute(sync), wanted);
        same(await lazy.T.compute(sync), wanted.T);
        const row = x.at("-1");
        same(await x.add(row).compute(sync), nd.add(local, local.at(-1)));
      }),
      { numRuns: 40 },
    );
  });

  test("reductions over any axes", async () => {
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.nat(7),
        fc.boolean(),
        fc.integer({ min: 2, max: 5 }),
        async (chunks, mask, keepdims, splitEvery) => {
          const local = localOf(chunks, "int64");
          const x = da.fromArray(local, { chunks });
          const axes = chunks.flatMap((_, axis) => (mask & (1 << axis) ? [axis] : []));
          const axis = axes.length === 0 ? null : axes;
          const options = { axis, keepdims, splitEvery };
          const all = axes.length === 0 || axes.length === chunks.length;
          for (const op of ["sum", "min", "max", "prod", "any", "all"] as const) {
            // Products of signs, so that they stay within the integers that numbers hold.
            const [lazy, whole] = op === "prod" ? [x.sign(), nd.sign(local)] : [x, local];
            const how = axis === null ? { keepdims } : { axis, keepdims };
            const wanted = localReduction(op, whole as Local, how);
            const given = await lazy[op](options).compute(sync);
            if (all && !keepdims)
              expect(given).toEqual(nd.isNDArray(wanted) ? wanted.item() : wanted);
            else same(given, wanted as Local);
          }
          if (axes.length !== 1) return;
          for (const op of ["argmin", "argmax"] as const) {
            const wanted = localReduction(op, local, { axis: axes[0] as number });
            const given = await x[op](axes[0] as number).compute(sync);
            if (nd.isNDArray(wanted) && wanted.ndim > 0) same(given, wanted);
            else expect(given).toEqual(nd.isNDArray(wanted) ? wanted.item() : wanted);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("reshape keeps C order", async () => {
    const shapes = [
      [24],
      [2, 12],
      [12, 2],
      [4, 6],
      [2, 3, 4],
      [6, 4],
      [3, 8],
      [1, 24, 1],
      [2, 2, 6],
    ];
    const shape = fc.constantFrom(...shapes);
    await fc.assert(
      fc.asyncProperty(
        shape,
        shape,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 3, maxLength: 3 }),
        async (from, to, chunks) => {
          const local = nd.arange(24).reshape(from);
          const x = da.fromArray(local, { chunks: chunks.slice(0, from.length) });
          same(await x.reshape(to).compute(sync), local.reshape(to));
          same(await x.ravel().compute(sync), local.ravel());
        },
      ),
      { numRuns: 60 },
    );
  });

  test("taking positions, masks, and running sums", async () => {
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.array(fc.nat(1000), { maxLength: 9 }),
        fc.nat(2),
        async (chunks, picks, which) => {
          const local = localOf(chunks);
          const x = da.fromArray(local, { chunks });
          const axis = which % chunks.length;
          const length = local.shape[axis] as number;
          const positions = picks.map((p) => (p % (2 * length)) - length);
          const before = new Array<string>(axis).fill(":");
          same(
            await x.at(...before, positions).compute(sync),
            local.at(...before, Int32Array.from(positions)),
          );
          same(await x.at(x.gt(0)).compute(sync), local.at(nd.greater(local, 0)));
          same(await x.cumsum({ axis }).compute(sync), nd.cumsum(local, { axis }));
          same(await x.cumsum().compute(sync), nd.cumsum(local));
        },
      ),
      { numRuns: 40 },
    );
  });
});
