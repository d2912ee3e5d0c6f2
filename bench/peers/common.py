"""What all peers share: reads the request of bench/run.mjs, measures, prints figures as JSON.

The request is {rounds, seconds, facts, cases}; the answer {case: {peer: median figure}}. A case
that is not asked for is not run. Each figure is measured like Heddle's: one run that warms up, then
rounds until `seconds` are over.
"""

import json
import sys
import time
from statistics import median

ROUNDS_MIN = 2


class Peers:
    def __init__(self):
        request = json.load(sys.stdin)
        self.rounds = request["rounds"]
        self.seconds = request["seconds"]
        self.facts = request["facts"]
        self.cases = set(request["cases"])
        self.figures = {}

    def wants(self, case):
        return case in self.cases

    def measure(self, case, peer, run):
        """Measures `run()`, which gives one figure, if the case is asked for."""
        if case not in self.cases:
            return
        print(f"bench: {case} / {peer}", file=sys.stderr)
        start = time.perf_counter()
        run()
        figures = []
        while len(figures) < self.rounds:
            figures.append(run())
            late = time.perf_counter() - start > self.seconds
            if late and len(figures) >= min(self.rounds, ROUNDS_MIN):
                break
        self.figures.setdefault(case, {})[peer] = median(figures)

    def time(self, case, peer, work):
        """The same for seconds that `work()` takes."""
        self.measure(case, peer, lambda: seconds_of(work))

    def print(self):
        json.dump(self.figures, sys.stdout)


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
