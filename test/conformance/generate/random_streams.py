"""Goldens of random streams: numpy.random.Generator and dask.array.random. Run: python -P random_streams.py > ../goldens/random-streams.json

Each case draws `n` values with a fresh generator. `sha256` is over the raw little-endian bytes; `samples` are values
spread over the whole draw, so that a stream that runs out of step is noticed even where last digits may differ.
"""
import hashlib
import json
import sys

import dask
import dask.array as da
import numpy as np

N = 20000
SEED = 20260


def encode(values):
    flat = np.asarray(values).ravel()
    if flat.dtype.kind == "f":
        return [float(x) for x in flat]
    return [int(x) for x in flat]


def record(name, values, method, args, kwargs):
    values = np.asarray(values)
    step = max(1, values.size // 12)
    return {
        "name": name,
        "method": method,
        "args": args,
        "kwargs": kwargs,
        "dtype": str(values.dtype),
        "shape": list(values.shape),
        "sha256": hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest(),
        "step": step,
        "samples": [str(x) for x in encode(values.ravel()[::step])],
    }


def draw(function, *args, n=N, **kwargs):
    rng = np.random.default_rng(SEED)
    values = getattr(rng, function)(*args, size=n, **kwargs)
    label = f"{function}({', '.join([str(a) for a in args] + [f'{k}={v}' for k, v in kwargs.items()])})"
    exact = [f"big:{a}" if isinstance(a, int) and abs(a) > 2**53 else a for a in args]
    return record(label, values, function, exact, kwargs)


EXACT = [
    draw("random"),
    draw("random", dtype="float32"),
    draw("uniform", -3, 7),
    draw("standard_normal"),
    draw("standard_normal", dtype="float32"),
    draw("standard_exponential"),
    draw("standard_exponential", dtype="float32"),
    draw("normal", 2.5, 3.0),
    draw("integers", 0, 10),
    draw("integers", -5, 2**40),
    draw("integers", 0, 2**32),
    draw("integers", 0, 2**32 - 1),
    draw("integers", -(2**63), 2**63 - 1, endpoint=True),
    draw("integers", 3, 4),
    draw("integers", -7, 1000, dtype="int32"),
    draw("integers", 0, 2**32, dtype="uint32"),
    draw("integers", -300, 300, dtype="int16"),
    draw("integers", 0, 65536, dtype="uint16"),
    draw("integers", -100, 100, dtype="int8"),
    draw("integers", 0, 256, dtype="uint8"),
    draw("integers", 0, 10, dtype="uint8"),
    draw("integers", 5, 2**64 - 6, dtype="uint64"),
    draw("integers", 0, 2, dtype="bool"),
]

CLOSE = [
    draw("standard_exponential", method="inv"),
    draw("exponential", 2.0),
    draw("standard_gamma", 0.3),
    draw("gamma", 2.5, 1.5),
    draw("gamma", 1.0, 2.0),
    draw("beta", 0.5, 0.7),
    draw("beta", 2.0, 5.0),
    draw("chisquare", 3.0),
    draw("noncentral_chisquare", 3.0, 2.0),
    draw("noncentral_chisquare", 0.5, 2.0),
    draw("f", 3.0, 7.0),
    draw("noncentral_f", 3.0, 7.0, 1.5),
    draw("standard_cauchy"),
    draw("standard_t", 4.0),
    draw("pareto", 3.0),
    draw("weibull", 1.5),
    draw("power", 2.5),
    draw("laplace", 1.0, 2.0),
    draw("gumbel", 1.0, 2.0),
    draw("logistic", 1.0, 2.0),
    draw("lognormal", 0.5, 0.25),
    draw("rayleigh", 2.0),
    draw("wald", 3.0, 2.0),
    draw("triangular", -1.0, 0.5, 4.0),
    draw("vonmises", 0.5, 2.0),
    draw("vonmises", 0.5, 1e-6),
    draw("poisson", 0.7),
    draw("poisson", 100.0),
    draw("binomial", 20, 0.3),
    draw("binomial", 1000, 0.7),
    draw("negative_binomial", 5, 0.4),
    draw("geometric", 0.1),
    draw("geometric", 0.6),
    draw("logseries", 0.8),
    draw("zipf", 2.5),
    draw("hypergeometric", 15, 20, 5),
    draw("hypergeometric", 150, 200, 90),
]


def sequence_case(name, function):
    rng = np.random.default_rng(SEED)
    return record(name, function(rng), name, [], {})


P = [0.1, 0.0, 0.4, 0.25, 0.25]
LOWS = np.array([0, 5, -10])
HIGHS = np.array([3, 2**40, 10])

SEQUENCES = [
    sequence_case("permutation", lambda r: r.permutation(1000)),
    sequence_case("permutation2d", lambda r: r.permutation(np.arange(60).reshape(20, 3))),
    sequence_case("permutationAxis1", lambda r: r.permutation(np.arange(60).reshape(3, 20), axis=1)),
    sequence_case("choice", lambda r: r.choice(1000, 500)),
    sequence_case("choiceP", lambda r: r.choice(5, 500, p=P)),
    sequence_case("choiceFloyd", lambda r: r.choice(1000, 50, replace=False)),
    sequence_case("choiceUnshuffled", lambda r: r.choice(1000, 50, replace=False, shuffle=False)),
    sequence_case("choiceTail", lambda r: r.choice(20000, 1000, replace=False)),
    sequence_case("choiceAll", lambda r: r.choice(20000, 20000, replace=False)),
    sequence_case("choiceWithoutP", lambda r: r.choice(5, 4, replace=False, p=P)),
    sequence_case("integersEach", lambda r: r.integers(LOWS, HIGHS, size=(100, 3))),
    sequence_case("integersEachInt8", lambda r: r.integers([0, 5, -10], [3, 100, 10], size=(100, 3), dtype="int8")),
    sequence_case("normalEach", lambda r: r.normal([0.0, 10.0], [1.0, 0.5], size=(50, 2))),
    sequence_case("poissonEach", lambda r: r.poisson([0.5, 30.0], size=(50, 2))),
    sequence_case("multinomial", lambda r: r.multinomial(100, [0.2, 0.3, 0.5], size=50)),
    sequence_case("dirichlet", lambda r: r.dirichlet([1.0, 2.0, 3.5], size=50)),
    sequence_case("mixed32", lambda r: [r.integers(0, 10, dtype="int32"), r.random(), r.integers(0, 10, dtype="int32"), r.standard_normal(), r.integers(0, 10)]),
    sequence_case("spawned", lambda r: np.concatenate([c.random(10) for c in r.spawn(3)])),
    sequence_case("bytes", lambda r: np.frombuffer(r.bytes(103), dtype="uint8")),
]


def shuffled_list():
    rng = np.random.default_rng(SEED)
    values = list(range(50))
    rng.shuffle(values)
    return values


SEEDS = []
for entropy, key in [(0, ()), (42, ()), (2**32, ()), (2**100 + 12345, ()), ([1, 2**40, 3, 4, 5, 6], ()), (42, (0,)), (42, (3, 7)), ([1, 2, 3, 4, 5], (1,))]:
    sequence = np.random.SeedSequence(entropy, spawn_key=key)
    stream = np.random.PCG64(sequence)
    state = stream.state["state"]
    SEEDS.append({
        "entropy": [str(e) for e in entropy] if isinstance(entropy, list) else str(entropy),
        "spawnKey": list(key),
        "words": [int(w) for w in sequence.generate_state(8)],
        "state": str(state["state"]),
        "inc": str(state["inc"]),
        "advanced": str(np.random.PCG64(sequence).advance(10**20 + 7).state["state"]["state"]),
    })


def dask_case(name, array):
    return {
        "name": name,
        "chunks": [list(c) for c in array.chunks],
        "blocks": [encode(array.blocks[i].compute().ravel()[:4]) for i in np.ndindex(array.numblocks)],
    }


rng = da.random.default_rng(42)
DASK = [
    dask_case("random", rng.random((10, 9), chunks=(4, 5))),
    dask_case("normal", rng.normal(1.0, 2.0, (10, 9), chunks=(4, 5))),
    dask_case("integers", rng.integers(0, 1000, (12,), chunks=5)),
]

json.dump(
    {
        "versions": {"numpy": np.__version__, "dask": dask.__version__},
        "seed": SEED,
        "n": N,
        "exact": EXACT,
        "close": CLOSE,
        "sequences": SEQUENCES,
        "shuffledList": shuffled_list(),
        "seeds": SEEDS,
        "dask": DASK,
    },
    sys.stdout,
    indent=1,
)
print()
