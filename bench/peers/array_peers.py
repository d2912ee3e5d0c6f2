"""Peers of the array suite: Dask's threads and plain NumPy on the same sizes and chunks."""

import dask.array as da
import numpy as np

from common import Peers

peers = Peers()
side, chunk = peers.facts["side"], peers.facts["chunk"]
points, block, order = peers.facts["points"], peers.facts["block"], peers.facts["order"]
chunks = (chunk, chunk)


def both(case, with_dask, with_numpy):
    """`with_dask` gives a lazy array; `with_numpy` computes at once."""
    if not peers.wants(case):
        return
    peers.time(case, "dask", lambda: with_dask().compute(scheduler="threads"))
    if with_numpy is not None:
        peers.time(case, "numpy", with_numpy)


def pi_dask():
    rng = da.random.default_rng(2)
    x, y = rng.random(points, chunks=block), rng.random(points, chunks=block)
    return 4 * ((x**2 + y**2) < 1).mean()


def pi_numpy():
    rng = np.random.default_rng(2)
    x, y = rng.random(points), rng.random(points)
    return 4 * ((x**2 + y**2) < 1).mean()


def transposed_dask():
    x = da.random.default_rng(3).random((side, side), chunks=chunks)
    return (x + x.T)[::2, 4000:].mean(axis=1)


def transposed_numpy():
    x = np.random.default_rng(3).random((side, side))
    return (x + x.T)[::2, 4000:].mean(axis=1)


both("fused pi", pi_dask, pi_numpy)
both("x + x.T, slice, mean", transposed_dask, transposed_numpy)

local = np.random.default_rng(1).random((side, side))
x = da.from_array(local, chunks=chunks).persist(scheduler="threads")
rows = x.rechunk((chunk, side)).persist(scheduler="threads")
a, b = local[:order, :order].copy(), local[order : 2 * order, :order].copy()
lazy_a, lazy_b = (da.from_array(m, chunks=order // 2).persist() for m in (a, b))
lines = local.ravel()[: 10 * block].reshape(10, block).copy()
lazy_lines = da.from_array(lines, chunks=(1, block)).persist()

both("sum by axis 0", lambda: x.sum(axis=0), lambda: local.sum(axis=0))
both("sum by axis 1", lambda: x.sum(axis=1), lambda: local.sum(axis=1))
both("mean by axis 0", lambda: x.mean(axis=0), lambda: local.mean(axis=0))
both("std by axis 0", lambda: x.std(axis=0), lambda: local.std(axis=0))
both("std by axis 1", lambda: x.std(axis=1), lambda: local.std(axis=1))
both(
    "exp, sin, sqrt in a chain",
    lambda: da.sqrt(da.exp(da.sin(x)) + 1).sum(),
    lambda: np.sqrt(np.exp(np.sin(local)) + 1).sum(),
)
both(
    "random normal",
    lambda: da.random.default_rng(4).standard_normal(points, chunks=block).sum(),
    lambda: np.random.default_rng(4).standard_normal(points).sum(),
)
for case in ("matmul 2048, BLAS", "matmul 2048, fallback"):
    both(case, lambda: (lazy_a @ lazy_b).sum(), lambda: (a @ b).sum())
both(
    "sort of 10 x 1,000,000",
    lambda: lazy_lines.map_blocks(np.sort, axis=1).sum(),
    lambda: np.sort(lines, axis=1).sum(),
)
both("boolean mask", lambda: x[x > 0.5].sum(), lambda: local[local > 0.5].sum())
both("transpose 8000 x 8000", lambda: x.T, lambda: np.ascontiguousarray(local.T))
both(
    "rechunk, rows to columns",
    lambda: rows.rechunk((side, chunk)).map_blocks(lambda columns: columns).sum(),
    None,
)
peers.print()
