"""Writes goldens/elementary.json: elementary functions at random arguments over their whole ranges, computed in 80-bit
floats and rounded once, so that distances are errors. Needs NumPy with an 80-bit longdouble (x86-64); run by hand:
python -P elementary.py > ../goldens/elementary.json"""

import base64
import json
import sys

import numpy as np

np.seterr(all="ignore")
COUNT = 20
rng = np.random.default_rng(20)


def linear(low, high):
    return rng.uniform(low, high, COUNT)


def spread(low, high):
    """Of every size, and both signs."""
    return np.exp(rng.uniform(np.log(low), np.log(high), COUNT)) * rng.choice([-1, 1], COUNT)


def positive(low, high):
    return np.abs(spread(low, high))


UNARY = {
    "exp": lambda: [linear(-745, 709), linear(-1, 1)], "exp2": lambda: [linear(-1074, 1023), linear(-1, 1)],
    "expm1": lambda: [linear(-60, 709), spread(1e-300, 2)], "sinh": lambda: [linear(-710, 710), spread(1e-300, 3)],
    "cosh": lambda: [linear(-710, 710), spread(1e-3, 3)], "tanh": lambda: [linear(-3, 3), spread(1e-300, 30)],
    "log": lambda: [positive(1e-320, 1e308), linear(0.5, 2)], "log2": lambda: [positive(1e-320, 1e308), linear(0.5, 2)],
    "log10": lambda: [positive(1e-320, 1e308), linear(0.5, 2)], "log1p": lambda: [positive(1e-300, 1e308), linear(-1, 2)],
    "arcsinh": lambda: [spread(1e-300, 1e308), linear(-3, 3)], "arccosh": lambda: [1 + positive(1e-16, 1e300)],
    "arctanh": lambda: [linear(-1, 1), spread(1e-300, 1)], "arctan": lambda: [linear(-4, 4), spread(1e-300, 1e300)],
    "sin": lambda: [linear(-2e6, 2e6), spread(1e-300, 30)], "cos": lambda: [linear(-2e6, 2e6), linear(-10, 10)],
    "tan": lambda: [linear(-2e6, 2e6), spread(1e-300, 30)], "arcsin": lambda: [linear(-1, 1), spread(1e-300, 1)],
    "arccos": lambda: [linear(-1, 1), 1 - positive(1e-16, 1)], "cbrt": lambda: [spread(1e-320, 1e308), linear(-9, 9)],
}
BINARY = {
    "power": lambda: [(positive(1e-3, 1e3), linear(-40, 40)), (spread(1e-3, 1e3), rng.integers(-30, 30, COUNT)),
                      (1 + spread(1e-12, 0.5), spread(1, 1e12)), (positive(1e-300, 1e300), linear(-1.1, 1.1))],
    "arctan2": lambda: [(linear(-2, 2), linear(-2, 2)), (spread(1e-300, 1e300), spread(1e-300, 1e300))],
    "hypot": lambda: [(linear(-2, 2), linear(-2, 2)), (spread(1e-300, 1e300), spread(1e-300, 1e300))],
}


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def case(op, dtype, arguments):
    args = [np.asarray(a, dtype="float64").astype(dtype) for a in arguments]
    exact = getattr(np, op)(*(a.astype(np.longdouble) for a in args))
    return {"op": op, "dtype": dtype, "args": [pack(a) for a in args], "data": pack(exact.astype(dtype))}


cases = []
for kind in ["float64", "float32"]:
    cases += [case(op, kind, [np.concatenate(make())]) for op, make in UNARY.items()]
    for op, make in BINARY.items():
        cases.append(case(op, kind, [np.concatenate(side) for side in zip(*make())]))
json.dump(cases, sys.stdout, indent=0)
sys.stdout.write("\n")
