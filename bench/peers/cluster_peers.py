"""Peers of the cluster suite: Dask's distributed scheduler with two worker processes of one thread.
Counts of tiny tasks are smaller than Heddle's; figures are rates."""

import time
from itertools import count as counting

import dask
import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster, wait

from common import Peers, seconds_of

WORKERS = 2
fresh = counting(1)


def same(x):
    return x


def add(a, b):
    return a + b


def slow(x):
    end = time.perf_counter() + int(x) / 1000
    while time.perf_counter() < end:
        pass
    return x


def values(count):
    offset = next(fresh) / 4096
    return [i + offset for i in range(count)]


def tree(client, leaves):
    level = client.map(same, values(leaves))
    while len(level) > 1:
        half = len(level) // 2
        level = client.map(add, level[:half], level[half:])
    level[0].result()


def merge(client, fn, arguments):
    client.submit(len, client.map(fn, arguments)).result()


def bag(client):
    offset = next(fresh)
    numbers = range(offset, offset + 200_000)
    sums = (
        db.from_sequence(numbers, npartitions=50)
        .map(lambda x: x * 3)
        .filter(lambda x: x % 2 == 0)
        .foldby(lambda x: x % 10, add, 0, add, 0)
        .compute()
    )
    assert len(sums) == 5


def groupby(client):
    offset = next(fresh)
    groups = (
        db.from_sequence(range(offset, offset + 100_000), npartitions=40)
        .groupby(lambda x: x % 100)
        .map(lambda group: (group[0], len(group[1])))
        .compute()
    )
    assert len(groups) == 100


def numpy_shape(client):
    rng = da.random.default_rng(next(fresh))
    x = rng.random((4000, 4000), chunks=500)
    assert abs((x + x.T).mean().compute() - 1) < 0.01


def scatter_gather(client):
    shift = next(fresh)
    parts = [np.full(8_000_000, i + shift, dtype="float64") for i in range(16)]
    start = time.perf_counter()
    back = client.gather(client.scatter(parts, hash=False))
    seconds = time.perf_counter() - start
    assert back[3][-1] == parts[3][0]
    return 2 * 16 * 64 / seconds


def transfer(client):
    one, two = list(client.scheduler_info()["workers"])
    value = next(fresh)
    made = client.submit(np.full, 12_500_000, float(value), workers=[one], pure=False)
    wait(made)
    start = time.perf_counter()
    assert client.submit(lambda x: x[-1], made, workers=[two], pure=False).result() == value
    return 100 / (time.perf_counter() - start)


def shuffle(folder, parts):
    # dask's own reader cannot name its work with the versions that are installed together here.
    files = [f"{folder}/part.{i}.parquet" for i in range(parts)]
    frame = dd.from_map(pd.read_parquet, files).shuffle("k", npartitions=parts)
    # The last step needs every column, so that none is left behind.
    n, rows, x, y = dask.compute(frame.k.count(), frame.id.sum(), frame.x.max(), frame.y.max())
    assert rows == n * (n - 1) // 2 and y == n - 1 and x == y / 2


def started():
    return LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None)


def main():
    peers = Peers()
    cluster = started()
    client = Client(cluster)
    peer = "dask distributed"

    def rate(case, count, work):
        peers.measure(case, peer, lambda: count / seconds_of(work))

    def millis(case, work):
        peers.measure(case, peer, lambda: 1000 * seconds_of(lambda: work(client)))

    rate("map of 400,000 tasks", 2000, lambda: wait(client.map(same, values(2000))))
    peers.measure(
        "submit to result, p50",
        peer,
        lambda: 1000
        * float(
            np.median(
                [seconds_of(lambda: client.submit(same, values(1)[0]).result()) for _ in range(100)]
            )
        ),
    )
    rate("tree of 8,191 tasks", 1023, lambda: tree(client, 512))
    rate("merge of 25,000", 2001, lambda: merge(client, same, values(2000)))

    def ideal():
        arguments = [10 + i / 1e6 + next(fresh) / 1e9 for i in range(400)]
        return 100 * (400 * 0.01 / WORKERS) / seconds_of(lambda: merge(client, slow, arguments))

    peers.measure("merge of 400 tasks of 10 ms", peer, ideal)
    millis("bag", bag)
    millis("groupby", groupby)
    millis("numpy", numpy_shape)
    peers.measure("1 GB scattered and gathered", peer, lambda: scatter_gather(client))
    peers.measure("100 MB between two workers", peer, lambda: transfer(client))
    peers.measure("NDArray of 100 MB between two workers", peer, lambda: transfer(client))
    folder, parts = peers.facts["shuffleFolder"], peers.facts["shuffleParts"]
    dask.config.set({"dataframe.shuffle.method": "p2p"})
    peers.time("shuffle of 50 million rows", peer, lambda: shuffle(folder, parts))
    client.close()
    cluster.close()

    def ready():
        start = time.perf_counter()
        other = started()
        with Client(other) as own:
            own.wait_for_workers(WORKERS)
            took = 1000 * (time.perf_counter() - start)
        other.close()
        return took

    peers.measure("two workers ready", peer, ready)
    peers.print()


if __name__ == "__main__":
    main()
