"""Configuration that dask-jobqueue brings, for test/unit/config: python jobqueue_keys.py > FILE."""

import json
import os
import sys
from importlib.util import find_spec

import yaml

# Not imported: it would import dask, and that the standard library's array, not the one here.
path = os.path.join(find_spec("dask_jobqueue").submodule_search_locations[0], "jobqueue.yaml")
with open(path) as file:
    given = yaml.safe_load(file)


def flat(values, prefix):
    for name, value in values.items():
        key = f"{prefix}.{name}"
        if isinstance(value, dict) and value:
            yield from flat(value, key)
        else:
            yield key, value


json.dump(dict(sorted(flat(given["jobqueue"], "jobqueue"))), sys.stdout, indent=1)
print()
