"""Directives that dask-jobqueue writes, for test/unit/jobqueue: python jobqueue_headers.py > FILE."""

import json
import sys

import dask_jobqueue
from dask_jobqueue import HTCondorCluster  # noqa: F401  (registers the configuration)
from dask_jobqueue.lsf import LSFJob
from dask_jobqueue.moab import MoabJob
from dask_jobqueue.oar import OARJob
from dask_jobqueue.pbs import PBSJob
from dask_jobqueue.sge import SGEJob
from dask_jobqueue.slurm import SLURMJob

BASE = {"cores": 8, "memory": "28GB", "walltime": "02:00:00", "job_name": "work"}
SHARED = [
    {},
    {"queue": "long"},
    {"log_directory": "/logs"},
    {"log_directory": "/logs/"},
    {"memory": "1234B"},
    {"memory": "3MB"},
    {"memory": "512GiB"},
    {"job_extra_directives": ["-l a=1", "--exclusive"]},
    {"walltime": None},
    {"cores": 1},
]
CASES = {
    "slurm": (
        SLURMJob,
        [{"account": "ab1"}, {"job_cpu": 16}, {"job_mem": "50G"}],
    ),
    "pbs": (PBSJob, [{"account": "ab1"}, {"resource_spec": "select=2:ncpus=4:mem=10GB"}]),
    "moab": (MoabJob, [{"account": "ab1"}, {"resource_spec": "nodes=1:ppn=4"}]),
    "sge": (SGEJob, [{"project": "ab1"}, {"resource_spec": "h_vmem=12G,mem_req=1"}]),
    "lsf": (
        LSFJob,
        [{"project": "ab1"}, {"ncpus": 4}, {"mem": 5_000_000_000}, {"lsf_units": "mb"}],
    ),
    "oar": (
        OARJob,
        [
            {"project": "ab1"},
            {"resource_spec": "/nodes=1/core=2"},
            {"memory_per_core_property_name": "memcore"},
            {
                "memory_per_core_property_name": "memcore",
                "job_extra_directives": ["-t besteffort", "-p gpu='YES'"],
            },
        ],
    ),
}


def header(make, params):
    given = {**BASE, **params}
    if make is LSFJob:
        given = {"walltime": "02:00", "lsf_units": "kb", **params, **{k: v for k, v in given.items() if k != "walltime"}}
    job = make(scheduler="tcp://1.2.3.4:8786", name="work-0", **given)
    return [line for line in job.job_header.split("\n") if line.strip() != ""]


golden = [
    {"system": system, "params": params, "header": header(make, params)}
    for system, (make, own) in CASES.items()
    for params in [*SHARED, *own]
]
json.dump({"version": dask_jobqueue.__version__, "cases": golden}, sys.stdout, indent=1)
