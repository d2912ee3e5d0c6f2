"""Peers of the tasks suite: Dask's distributed scheduler, with as many processes as Heddle has
threads, and its threaded scheduler. Counts are smaller than Heddle's; figures are rates."""

import time
from itertools import count as counting

import dask
import numpy as np
from dask import delayed
from dask.distributed import Client, LocalCluster, wait

from common import Peers, seconds_of


def same(x):
    return x


def add(*xs):
    return sum(xs)


def kilobyte(i):
    return np.full(1000, int(i) % 256, dtype="uint8")


def spin(ms):
    end = time.perf_counter() + ms / 1000
    while time.perf_counter() < end:
        pass
    return ms


fresh = counting(1)


def values(count):
    offset = next(fresh) / 4096
    return [i + offset for i in range(count)]


def run_map(client, fn, arguments):
    futures = client.map(fn, arguments)
    wait(futures)


def run_threads(fn, arguments):
    call = delayed(fn, pure=False)
    dask.compute(*[call(x) for x in arguments], scheduler="threads")


def random_graph(count):
    leaf, node = delayed(same, pure=False), delayed(add, pure=False)
    nodes, seed = [], next(fresh)
    for i, value in enumerate(values(count)):
        if i < 10:
            nodes.append(leaf(value))
            continue
        inputs = []
        for _ in range(2):
            seed = (seed * 1103515245 + 12345) & 0xFFFFFFFF
            inputs.append(nodes[i - 1 - seed % min(i, 1000)])
        nodes.append(node(*inputs, value))
    return delayed(len)(nodes[-2000:])


def tree_futures(client, leaves):
    level = client.map(same, values(leaves))
    while len(level) > 1:
        half = len(level) // 2
        level = client.map(add, level[:half], level[half:])
    level[0].result()


def tree_delayed(leaves):
    call = delayed(same, pure=False)
    level = [call(x) for x in values(leaves)]
    merge = delayed(add, pure=False)
    while len(level) > 1:
        half = len(level) // 2
        level = [merge(*pair) for pair in zip(level[:half], level[half:])]
    level[0].compute(scheduler="threads")


def main():
    peers = Peers()
    threads = peers.facts["threads"]
    cluster = LocalCluster(n_workers=threads, threads_per_worker=1, dashboard_address=None)
    client = Client(cluster)

    def both(case, count, distributed, threaded, figure):
        peers.measure(case, "dask distributed", lambda: figure(count, seconds_of(distributed)))
        peers.measure(case, "dask threads", lambda: figure(count, seconds_of(threaded)))

    def rate(count, seconds):
        return count / seconds

    def maps(case, fn, arguments, figure=rate):
        count = len(arguments())
        both(
            case,
            count,
            lambda: run_map(client, fn, arguments()),
            lambda: run_threads(fn, arguments()),
            figure,
        )

    maps("map of 1,000,000 tasks", same, lambda: values(2000))
    maps("1 kB results", kilobyte, lambda: values(1000))
    leaves = 2**9
    both(
        "tree of 1,000,000 tasks",
        2 * leaves - 1,
        lambda: tree_futures(client, leaves),
        lambda: tree_delayed(leaves),
        rate,
    )
    both(
        "random graph, built task by task",
        1000,
        lambda: client.compute(random_graph(1000)).result(),
        lambda: random_graph(1000).compute(scheduler="threads"),
        rate,
    )
    for ms, count in ((0.1, 1000), (1, 500), (10, 100)):

        def busy(count, seconds, ms=ms):
            return 100 * (ms * count / 1000 / threads) / seconds

        maps(f"tasks of {ms:g} ms", spin, lambda: [ms + x / 1e9 for x in values(count)], busy)

    def uneven():
        return [(20 if i % 100 == 50 else 0.02) + x / 1e9 for i, x in enumerate(values(1000))]

    ideal = sum(uneven()) / 1000 / threads
    maps("one task in 100 takes 1,000 times longer", spin, uneven, lambda _, s: s / ideal)

    def round_trips(call, count=100):
        return 1000 * float(np.median([seconds_of(call) for _ in range(count)]))

    captured = {"weight": 0}

    def capturing():
        captured["weight"] += 1
        weights = dict(captured)
        client.submit(lambda x: x + weights["weight"], 1).result()

    peers.measure(
        "submit to result, p50",
        "dask distributed",
        lambda: round_trips(lambda: client.submit(same, next(fresh)).result()),
    )
    peers.measure(
        "submit to result with mutable captures, p50",
        "dask distributed",
        lambda: round_trips(capturing),
    )
    client.close()
    cluster.close()
    peers.print()


if __name__ == "__main__":
    main()
