"""Goldens of the main job (examples/flights.ts): the same numbers by plain SQL, pandas and NumPy.

    python -m venv venv && venv/bin/pip install duckdb numpy pandas pyarrow
    venv/bin/python test/conformance/generate/flights.py

Writes test/conformance/goldens/flights.json. Versions are recorded in it.
"""

import json
import math
import pathlib

import duckdb
import numpy
import pandas

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "node_modules/vega-datasets/data"
FLIGHTS = f"'{DATA / 'flights-3m.parquet'}'"
AIRPORTS = f"'{DATA / 'airports.csv'}'"

COLUMNS = "count(*) flights, avg(delay) meanDelay, avg((delay > 15)::double) shareLate"


def records(sql):
    frame = duckdb.sql(sql)
    return [dict(zip(frame.columns, row)) for row in frame.fetchall()]


def frames():
    """Plain SQL over the files."""
    worst = f"""
        select origin, destination, a.city originCity, b.city destinationCity,
               r.flights, r.meanDelay, r.shareLate
        from (select origin, destination, {COLUMNS} from {FLIGHTS} group by all) r
        join {AIRPORTS} a on a.iata = origin join {AIRPORTS} b on b.iata = destination
        where r.flights >= 1000 order by r.meanDelay desc limit 10"""
    day = "strftime(date_trunc('day', date), '%Y-%m-%d')"
    return {
        "flights": records(f"select count(*) n from {FLIGHTS}")[0]["n"],
        "byOrigin": records(f"select origin, {COLUMNS} from {FLIGHTS} group by all order by 1"),
        "byRoute": records(
            f"select origin, destination, {COLUMNS} from {FLIGHTS} group by all order by 1, 2"
        ),
        "worstRoutes": records(worst),
        "perDay": records(f"select {day} as day, count(*) flights from {FLIGHTS} group by 1 order by 1"),
        "perHour": records(
            f"select hour(date) as hour, count(*) flights from {FLIGHTS} group by 1 order by 1"
        ),
    }


def arrays():
    """NumPy over the columns."""
    frame = pandas.read_parquet(DATA / "flights-3m.parquet", columns=["delay", "distance"])
    delay = frame["delay"].to_numpy().astype("float64")
    distance = frame["distance"].to_numpy().astype("float64")
    delay_edges = numpy.arange(-60, 181, 10, dtype="float64")
    distance_edges = numpy.arange(0, 3001, 250, dtype="float64")
    counts, _, _ = numpy.histogram2d(distance, delay, bins=[distance_edges, delay_edges])
    levels = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
    return {
        "quantiles": [
            {"quantile": q, "delay": float(v)}
            for q, v in zip(levels, numpy.quantile(delay, levels))
        ],
        "histogram": {
            "counts": counts.astype(int).tolist(),
            "distanceEdges": distance_edges.tolist(),
            "delayEdges": delay_edges.tolist(),
        },
        "correlation": float(numpy.corrcoef(delay, distance)[0, 1]),
    }


def bag():
    """pandas over the JSON array."""
    frame = pandas.DataFrame(json.loads((DATA / "flights-200k.json").read_text()))
    band = (frame["distance"] // 500 * 500).rename("from")
    grouped = frame.groupby(band)["delay"].agg(["count", "mean"]).reset_index()
    top = frame.sort_values("delay", ascending=False, kind="stable").head(5)
    return {
        "records": len(frame),
        "byDistance": [
            {"from": int(row["from"]), "flights": int(row["count"]), "meanDelay": row["mean"]}
            for _, row in grouped.iterrows()
        ],
        "mostDelayed": top[["delay", "distance", "time"]].to_dict("records"),
    }


def pi(points=100_000_000, chunk=1_000_000, seed=42):
    """NumPy's own streams: one child of the seed per block, those of x before those of y."""
    blocks = math.ceil(points / chunk)
    children = numpy.random.SeedSequence(seed).spawn(2 * blocks)
    inside = 0
    for i in range(blocks):
        x = numpy.random.default_rng(children[i]).random(chunk)
        y = numpy.random.default_rng(children[blocks + i]).random(chunk)
        inside += int(numpy.count_nonzero(x * x + y * y < 1))
    return {"points": points, "estimate": 4 * inside / points}


def columnar(rows):
    """One list per column: a third of the size."""
    return {name: [row[name] for row in rows] for name in rows[0]}


if __name__ == "__main__":
    golden = {
        "madeWith": {
            "duckdb": duckdb.__version__,
            "numpy": numpy.__version__,
            "pandas": pandas.__version__,
        },
        **frames(),
        **arrays(),
        "bag": bag(),
        "pi": pi(),
    }
    golden["byRoute"] = columnar(golden["byRoute"])
    out = ROOT / "test/conformance/goldens/flights.json"
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(out, out.stat().st_size, "bytes")
