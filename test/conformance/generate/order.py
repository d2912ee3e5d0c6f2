"""Records what the real dask.order makes of its own published test cases.

Runs dask/tests/test_order.py with `order` replaced by a recorder, and writes every graph that a test orders (as
dependency lists over integers, in the order of Dask's own dictionary; `data` are entries that are
values, not tasks), with the pressure of Dask's order as
`dask.order.diagnostics` measures it. Needs dask, numpy and pytest; run with that Python:

    python test/conformance/generate/order.py > test/conformance/goldens/order.json
"""

import contextlib
import io
import json
import sys

import dask
import dask.order
import dask.tests.test_order as cases
import pytest
from dask.core import get_deps, istask

LARGEST = 4000
real_order = dask.order.order
current = ["?"]
found = {}


def record(dsk, dependencies=None, **options):
    result = real_order(dsk, dependencies, **options)
    deps, dependents = get_deps(dict(dsk))
    if not 0 < len(deps) <= LARGEST or set(dependents) != set(deps):
        return result
    ranks = real_order(dsk, dependencies)
    pressure = dask.order.diagnostics(dict(dsk), ranks)[1]
    number = {key: i for i, key in enumerate(deps)}
    graph = [sorted(number[d] for d in deps[key]) for key in deps]
    order = sorted(number, key=ranks.__getitem__)
    case = {
        "name": current[0],
        "deps": graph,
        "data": [number[k] for k, v in dict(dsk).items() if not istask(v) and not deps[k]],
        "peak": max(pressure),
        "total": sum(pressure),
        "order": [number[key] for key in order] if len(graph) <= 40 else None,
    }
    found.setdefault(json.dumps([case["name"], graph]), case)
    return result


class Names:
    def pytest_runtest_setup(self, item):
        current[0] = item.name


# `diagnostics` orders by itself when it is given no order.
cases.order = dask.order.order = record
with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["-q", "-p", "no:cacheprovider", cases.__file__], plugins=[Names()])
rows = ",\n".join(json.dumps(case, separators=(",", ":")) for case in found.values())
sys.stdout.write('{"dask":"%s","cases":[\n%s\n]}\n' % (dask.__version__, rows))
