"""Goldens of sorting, counting, scanning and linear algebra in NumPy.

Run: python -P library_kernels.py > ../goldens/library-kernels.json
The inputs come from NumPy's random streams, which the tests draw themselves, so only results are stored: hashes of the
little-endian bytes where every bit must agree, numbers where summation order may differ.
"""
import hashlib
import json
import sys

import numpy as np

SEED = 7
N = 20000


def rng():
    return np.random.default_rng(SEED)


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


normal = rng().normal(0, 1, N)
ties = rng().integers(-50, 50, N)
small = rng().integers(-100, 100, N, dtype="int8")
single = rng().standard_normal(N, dtype="float32")
coarse = np.round(normal, 1)
grid = np.round(rng().uniform(-3, 3, N), 1)
matrix = rng().normal(0, 1, (12, 12))
tall = rng().normal(0, 1, (20, 7))

exact = {
    "sort": sha(np.sort(normal)),
    "sortInt8": sha(np.sort(small)),
    "sortFloat32": sha(np.sort(single)),
    "sortAxis0": sha(np.sort(normal.reshape(200, 100), axis=0)),
    "argsort": sha(np.argsort(ties, kind="stable")),
    "argsortCoarse": sha(np.argsort(coarse, kind="stable")),
    "lexsort": sha(np.lexsort([ties, coarse])),
    "cumsum": sha(np.cumsum(normal)),
    "cumsumFloat32": sha(np.cumsum(single)),
    "cumsumAxis0": sha(np.cumsum(normal.reshape(200, 100), axis=0)),
    "cumprodInt8": sha(np.cumprod(small)),
    "searchsorted": sha(np.searchsorted(np.sort(coarse), grid)),
    "searchsortedRight": sha(np.searchsorted(np.sort(coarse), grid, side="right")),
    "histogram": sha(np.histogram(normal, bins=37)[0]),
    "histogramEdges": sha(np.histogram(normal, bins=37)[1]),
    "histogramGrid": sha(np.histogram(grid, bins=60, range=(-3, 3))[0]),
    "histogramUnequal": sha(np.histogram(coarse, bins=[-2, -0.3, 0.1, 0.1, 2.5])[0]),
    "histogramDensity": sha(np.histogram(coarse, bins=10, density=True)[0]),
    "histogram2d": sha(np.histogram2d(normal, grid, bins=[13, 60])[0]),
    "histogram2dDensity": sha(np.histogram2d(grid, coarse, bins=9, density=True)[0]),
    "bincount": sha(np.bincount(ties + 50)),
    "bincountWeights": sha(np.bincount(ties + 50, weights=normal)),
    # Which of -0 and +0 stands for both is not specified.
    "uniqueValues": sha(np.unique(coarse + 0.0)),
    "uniqueIndex": sha(np.unique(coarse, return_index=True)[1]),
    "uniqueInverse": sha(np.unique(coarse, return_inverse=True)[1].astype("int64")),
    "uniqueCounts": sha(np.unique(coarse, return_counts=True)[1]),
    "nonzero": sha(np.concatenate(np.nonzero(ties.reshape(200, 100) > 20))),
    "integerMatmul": sha(ties[:400].astype("int32").reshape(20, 20) @ ties[400:800].astype("int32").reshape(20, 20)),
}


def eigenvalues(values):
    ordered = sorted(values, key=lambda z: (round(z.real, 9), z.imag))
    return [[float(z.real), float(z.imag)] for z in ordered]


sign, logdet = np.linalg.slogdet(matrix)
close = {
    "matmul": (matrix @ matrix).ravel()[::17].tolist(),
    "solve": np.linalg.solve(matrix, tall[:12, 0]).tolist(),
    "inv": np.linalg.inv(matrix).ravel()[::17].tolist(),
    "det": [float(np.linalg.det(matrix)), float(sign), float(logdet)],
    "svdvals": np.linalg.svd(tall)[1].tolist(),
    "eigvalsh": np.linalg.eigvalsh(matrix).tolist(),
    "qrR": np.linalg.qr(tall)[1].ravel()[::5].tolist(),
    "cholesky": np.linalg.cholesky(tall.T @ tall).ravel()[::5].tolist(),
    "lstsq": np.linalg.lstsq(tall, tall[:, 0] ** 2)[0].tolist(),
    "lstsqResiduals": np.linalg.lstsq(tall, tall[:, 0] ** 2)[1].tolist(),
    "tensordot": np.tensordot(tall.reshape(4, 5, 7), tall.reshape(7, 5, 4), axes=([2, 1], [0, 1])).ravel().tolist(),
    "norms": [float(np.linalg.norm(tall, o)) for o in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)],
    "vectorNorms": [float(np.linalg.norm(tall[:, 0], o)) for o in (0, 1, 2, 3, -1, np.inf, -np.inf)],
    "trace": [float(np.trace(tall)), float(np.trace(tall, offset=-3))],
}

json.dump(
    {"numpy": np.__version__, "exact": exact, "close": close, "eigvals": eigenvalues(np.linalg.eigvals(matrix))},
    sys.stdout,
    indent=1,
)
print()
