"""Makes test/conformance/goldens/array.json with the real Dask and NumPy (run by hand, never by the tests).

    python -P test/conformance/generate/array.py
"""
import json
import math
from pathlib import Path

import dask.array as da
import numpy as np
from dask.array.core import normalize_chunks


def plain(x):
    """Values as JSON: infinities and NaN as text."""
    if isinstance(x, np.ndarray):
        return [plain(v) for v in x.tolist()] if x.ndim else plain(x.item())
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, np.generic):
        return plain(x.item())
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x


def chunk_cases():
    cases = []
    inputs = [
        (10, (30, 5), None, None), ((10, 10), (30, 5), None, None), ((5, -1), (10, 10), None, None),
        ((5, None), (10, 10), None, None), (((7000, 3000), (6000, 2000, 2000)), (10000, 10000), None, None),
        ((3, 2), (5,), None, None), ({0: 2, 1: 3}, (6, 6), None, None), ({0: 2}, (6, 6), None, None),
        ("auto", (20000, 20000), None, None), (("auto", 100), (100000, 1000), None, None),
        ("auto", (10, 3), None, None), (("auto",), (20,), 40, None), ("1kiB", (2000,), None, None),
        ("16MiB", (4000, 8000), None, None), (("auto", "auto", 10), (500, 700, 100), 1_000_000, None),
        (("1MB", -1), (5000, 300), None, None), ("auto", (1_000_000_000,), None, None),
        ((), (0, 0), None, None), (5, (0, 7), None, None), (105, (105,), None, None), (10, (105,), None, None),
        ("auto", (1000, 1000), 80_000, ((100,) * 10, (50,) * 20)),
        ("auto", (1000, 1000), 8_000_000, ((100,) * 10, (50,) * 20)),
        ("auto", (1000, 1000), 800_000, ((7,) * 142 + (6,), (1000,))),
        (("auto", 100), (1000, 1000), 160_000, ((30,) * 33 + (10,), (250,) * 4)),
        ("auto", (600, 600, 600), 2_000_000, ((20,) * 30, (600,), (1,) * 600)),
    ]
    for chunks, shape, limit, previous in inputs:
        result = normalize_chunks(chunks, shape=shape, limit=limit, dtype="float64", previous_chunks=previous)
        given = {str(k): v for k, v in chunks.items()} if isinstance(chunks, dict) else chunks
        cases.append({"chunks": given, "shape": shape, "limit": limit, "previous": previous, "result": result})
    return cases


def random_cases():
    """Streams of seeded generators, block by block; each case uses a fresh generator and makes the calls in order."""
    calls = [
        ("random", [], {"size": [5, 4], "chunks": [2, 3]}),
        ("uniform", [-1, 2.5], {"size": [7], "chunks": 3}),
        ("normal", [3, 0.5], {"size": [4, 4], "chunks": 3}),
        ("standard_normal", [], {"size": [6], "chunks": 4}),
        ("exponential", [2], {"size": [6], "chunks": 4}),
        ("integers", [0, 10], {"size": [12], "chunks": 5}),
        ("integers", [-5, 70000], {"size": [6], "chunks": 5}),
        ("poisson", [4], {"size": [9], "chunks": 4}),
        ("choice", [50], {"size": [8], "chunks": 3}),
        ("gamma", [2.5, 1.5], {"size": [5], "chunks": 2}),
        ("binomial", [20, 0.3], {"size": [8], "chunks": 3}),
        ("beta", [2, 3], {"size": [5], "chunks": 2}),
    ]
    cases = []
    for seed in (42, 0, 123456789012345678901234567890):
        rng = da.random.default_rng(seed)
        results = []
        for method, args, options in calls:
            size, chunks = tuple(options["size"]), options["chunks"]
            chunks = tuple(chunks) if isinstance(chunks, list) else chunks
            value = getattr(rng, method)(*args, size=size, chunks=chunks).compute(scheduler="sync")
            results.append({"method": method, "args": args, **options, "dtype": str(value.dtype), "value": plain(value)})
        cases.append({"seed": str(seed), "calls": results})
    return cases


def data():
    """A fixed array with everything: negative, equal, NaN and infinite values."""
    i = np.arange(60, dtype="float64")
    x = np.round(np.sin(i) * 50, 3)
    return x.reshape(6, 10)


def value_cases():
    x = data()
    gaps = x.copy()
    gaps[gaps > 30] = np.nan
    special = x.copy()
    special[0, :4] = [np.nan, np.inf, -np.inf, -0.0]
    ints = np.round(x).astype("int32")
    f4 = x.astype("float32")
    arrays = {"x": x, "gaps": gaps, "special": special, "ints": ints, "f4": f4}
    cases = []

    def case(name, array, value):
        value = np.asarray(value)
        cases.append({"name": name, "array": array, "dtype": str(value.dtype), "shape": value.shape, "value": plain(value)})

    for name, array in (("x", x), ("ints", ints), ("f4", f4), ("special", special)):
        for op in ("sum", "prod", "mean", "std", "var", "min", "max", "any", "all", "argmin", "argmax"):
            with np.errstate(all="ignore"):
                for axis in (None, 0, 1):
                    case(f"{op}:{axis}", name, getattr(np, op)(array, axis=axis))
    for op in ("nansum", "nanmean", "nanstd", "nanvar", "nanmin", "nanmax", "nanargmin", "nanargmax", "nanprod"):
        for axis in (None, 0, 1):
            case(f"{op}:{axis}", "gaps", getattr(np, op)(gaps, axis=axis))
    for ddof in (0, 1, 2):
        case(f"var:ddof{ddof}", "x", np.var(x, axis=1, ddof=ddof))
    counts, edges = np.histogram(x, bins=7)
    case("histogram:counts", "x", counts)
    case("histogram:edges", "x", edges)
    case("histogram:density", "x", np.histogram(x, bins=7, range=(-40, 40), density=True)[0])
    case("histogram2d", "x", np.histogram2d(x[0], x[1], bins=[3, 4])[0])
    case("corrcoef", "x", np.corrcoef(x))
    case("cov", "x", np.cov(x))
    case("percentile", "x", np.percentile(x, [0, 10, 33.3, 50, 99, 100]))
    case("percentile:axis", "x", np.percentile(x, [25, 75], axis=1))
    case("median", "x", np.median(x, axis=0))
    case("matmul", "x", x @ x.T)
    case("tensordot", "x", np.tensordot(x, x, axes=([0], [0])))
    case("cumsum", "x", np.cumsum(x, axis=1))
    case("cumprod", "x", np.cumprod(x / 50, axis=0))
    case("unique", "ints", np.unique(ints % 7))
    case("bincount", "ints", np.bincount(np.abs(ints.ravel()) % 11))
    case("topk", "x", -np.sort(-x, axis=1)[:, :3])
    case("round", "x", np.round(x, 1))
    case("clip", "x", np.clip(x, -10, 20))
    case("diff", "x", np.diff(x, axis=1))
    case("roll", "x", np.roll(x, 3, axis=1))
    case("formula", "x", 4 * np.mean((x**2 + x.T.reshape(6, 10) ** 2) < 1000))
    return {"arrays": {k: {"dtype": str(v.dtype), "value": plain(v)} for k, v in arrays.items()}, "cases": cases}


target = Path(__file__).parent.parent / "goldens" / "array.json"
target.parent.mkdir(exist_ok=True)
goldens = {"chunks": chunk_cases(), "random": random_cases(), "values": value_cases()}
target.write_text(json.dumps(goldens, separators=(",", ":")) + "\n")
print(target, target.stat().st_size)
