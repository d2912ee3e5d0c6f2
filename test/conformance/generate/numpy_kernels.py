"""Writes goldens/numpy-kernels.json: what NumPy gives for every elementwise function, cast, reduction, promotion and
print that local arrays have. Needs NumPy 2.4; run by hand: python -P numpy_kernels.py > ../goldens/numpy-kernels.json"""

import base64
import json
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
np.seterr(all="ignore")

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float32", "float64", "complex64", "complex128"]
INTEGERS = DTYPES[1:9]
FLOATS = ["float32", "float64"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 5e-324, -1e-310, 1e308, 0.5, -0.5, 1.5, 2.5, -2.5,
           0.1, 3.7, -7.3, 20.0, 100.0, 709.0, -745.0, 1e-5, 3.0, 1e6, 12345.678]


def pack(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def values(dtype):
    if dtype == "bool":
        return np.array([0, 1, 1, 0, 1], dtype=bool)
    if dtype in FLOATS:
        return np.array(SPECIAL).astype(dtype)
    if dtype.startswith("complex"):
        cuts = [complex(-2.5, 0.0), complex(-2.5, -0.0), complex(2.5, 0.0), complex(2.5, -0.0), complex(0.0, 2.5),
                complex(-0.0, 2.5), complex(0.0, -2.5), complex(0.5, -0.0), complex(-0.5, 0.0), complex(0.0, 0.5)]
        plain = [0, 1, -1, 2 + 3j, -0.5 + 2j, 1j, -3 - 4j, 0.3 + 0.1j, 1e-8 - 1e-9j, 30 - 2j, 0.999 + 1e-3j,
                 -1e12 + 1e11j]
        # Behind them what only comparisons and extremes are checked on.
        return np.array([*plain, *cuts, complex(np.nan, 1), complex(1, np.nan), complex(2, 3), 1]).astype(dtype)
    info = np.iinfo(dtype)
    return np.array([0, 1, 2, 3, 7, 100, info.max, info.min, info.max - 1, 5, 13], dtype=dtype)


def partner(dtype):
    if dtype in FLOATS:
        return np.roll(values(dtype), 7)
    if dtype in INTEGERS:
        return np.array([3, 1, 2, 0, 5, 7, 2, 3, 9, 4, 6], dtype=dtype)
    return np.roll(values(dtype), 1)


UNARY = {
    "negative": np.negative, "absolute": np.absolute, "sign": np.sign, "square": np.square,
    "sqrt": np.sqrt, "cbrt": np.cbrt, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log,
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "arcsinh": np.arcsinh, "arccosh": np.arccosh, "arctanh": np.arctanh,
    "degrees": np.degrees, "radians": np.radians, "rint": np.rint, "floor": np.floor, "ceil": np.ceil,
    "trunc": np.trunc, "reciprocal": np.reciprocal, "conjugate": np.conjugate, "invert": np.invert,
    "isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite, "signbit": np.signbit,
    "logicalNot": np.logical_not,
}
BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "floorDivide": np.floor_divide, "remainder": np.remainder, "fmod": np.fmod, "power": np.power,
    "maximum": np.maximum, "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin, "arctan2": np.arctan2,
    "hypot": np.hypot, "copysign": np.copysign, "logaddexp": np.logaddexp, "bitwiseAnd": np.bitwise_and,
    "bitwiseOr": np.bitwise_or, "bitwiseXor": np.bitwise_xor, "leftShift": np.left_shift,
    "rightShift": np.right_shift, "equal": np.equal, "notEqual": np.not_equal, "less": np.less,
    "lessEqual": np.less_equal, "greater": np.greater, "greaterEqual": np.greater_equal,
    "logicalAnd": np.logical_and, "logicalOr": np.logical_or, "logicalXor": np.logical_xor,
}


def case(function, arguments, **names):
    try:
        result = function(*arguments)
    except (TypeError, ValueError):
        return {**names, "error": True}
    if result.dtype == np.float16:  # Heddle has none and uses float32.
        result = function(*(a.astype(np.float32) for a in arguments))
    return {**names, "result": str(result.dtype), "data": pack(result)}


def elementwise():
    cases = [case(f, [values(d)], op=n, dtype=d) for n, f in UNARY.items() for d in DTYPES]
    cases += [case(f, [values(d), partner(d)], op=n, dtype=d) for n, f in BINARY.items() for d in DTYPES]
    return cases


def casts():
    small = {d: values(d) if d in ("bool", *INTEGERS) else np.array([0, -0.0, 1.9, -1.9, 100.5, 3]).astype(d)
             for d in DTYPES}
    unsigned = {d: np.abs(a) if a.dtype.kind == "f" else a for d, a in small.items()}
    return [{"from": s, "to": t, "data": pack((unsigned if t == "uint64" else small)[s].astype(t))}
            for s in DTYPES for t in DTYPES if not (s.startswith("c") and not t.startswith("c"))]


def wave(n, dtype):
    return ((np.arange(n) * 7919 % 1009) / 97.0 - 4).astype(dtype)


def reductions():
    cases = []
    for dtype in ["bool", "int8", "int64", "uint8", "float32", "float64"]:
        for shape in [[1], [7], [8], [130], [1000], [6, 5], [300, 3], [4, 3, 5]]:
            array = wave(int(np.prod(shape)), dtype).reshape(shape)
            for name in ["sum", "prod", "min", "max", "any", "all", "argmin", "argmax", "mean", "std"]:
                for axis in [None, *range(len(shape))]:
                    if name == "prod" and dtype != "float64":
                        continue
                    result = np.asarray(getattr(np, name)(array, axis=axis))
                    cases.append({"op": name, "dtype": dtype, "shape": shape, "axis": axis,
                                  "result": str(result.dtype), "data": pack(result)})
    return cases


PRINTED = [
    np.arange(12).reshape(3, 4), np.array([1.0, 2.5, -3.25]), np.array([[0.1, 100.0], [1e-3, 5]]),
    np.array([1e10, 1.0, 1e-10]), np.array([np.nan, 1, np.inf, -np.inf]), np.array([True, False, True]),
    np.array([1 + 2j, -0.5 - 1e-3j]), np.linspace(0, 1, 40), np.arange(2000).reshape(40, 50),
    np.arange(30.0).reshape(2, 3, 5), np.array(5.5), np.array([], dtype="float32"), np.zeros((0, 3)),
    np.array([0.1, 1 / 3], dtype="float32"), np.array([1e16, 123456789.123]), np.array([1, -100, 3], dtype="int8"),
    np.array([0.00001, 123456.7]), np.array([1.123456789, 22.5]), np.array([[[1.0]], [[-2.0]]]),
]


def prints():
    return [{"dtype": str(a.dtype), "shape": list(a.shape), "data": pack(a), "str": str(a), "repr": repr(a)}
            for a in PRINTED]


def promotions():
    return {a: {b: str(np.promote_types(a, b)) for b in DTYPES} for a in DTYPES}


json.dump({
    "numpy": np.__version__,
    "values": {d: {"x": pack(values(d)), "y": pack(partner(d))} for d in DTYPES},
    "elementwise": elementwise(), "casts": casts(), "reductions": reductions(), "prints": prints(),
    "promotions": promotions(),
}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
