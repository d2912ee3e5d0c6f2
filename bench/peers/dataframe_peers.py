"""Peers of the dataframe suite: Dask DataFrame, pandas, polars and DuckDB on the same Parquet
files. Each reads the columns it needs, every time."""

import dask
import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl

from common import Peers

peers = Peers()
facts = peers.facts
dask.config.set(scheduler="threads")
pl_functions = {"sum": pl.Expr.sum, "mean": pl.Expr.mean}


def in_sql(case, query):
    peers.time(case, "duckdb", lambda: duckdb.sql(query).fetchnumpy())


def group(case, keys, how):
    """`how` maps columns to "sum" or "mean"."""
    if not peers.wants(case):
        return
    columns = keys + list(how)
    path = facts["rows"]

    def with_dask():
        frame = dd.read_parquet(path, columns=columns, split_row_groups="adaptive")
        return frame.groupby(keys).agg(how).compute()

    def with_pandas():
        return pd.read_parquet(path, columns=columns).groupby(keys).agg(how)

    def with_polars():
        parts = [pl_functions[fn](pl.col(name)) for name, fn in how.items()]
        return pl.scan_parquet(path).group_by(keys).agg(parts).collect()

    peers.time(case, "dask", with_dask)
    peers.time(case, "pandas", with_pandas)
    peers.time(case, "polars", with_polars)
    parts = ", ".join(f"{fn}({name}) as {name}" for name, fn in how.items())
    by = ", ".join(keys)
    in_sql(case, f"select {by}, {parts} from '{path}' group by {by}")


def join(case, other, on):
    if not peers.wants(case):
        return
    left, right = facts["rows"], facts[other]

    def with_dask():
        rows = dd.read_parquet(left, columns=[on, "v1"], split_row_groups="adaptive")
        joined = rows.merge(dd.read_parquet(right), on=on)
        return joined[["v1", "w"]].sum().compute()

    def with_pandas():
        joined = pd.read_parquet(left, columns=[on, "v1"]).merge(pd.read_parquet(right), on=on)
        return joined[["v1", "w"]].sum()

    def with_polars():
        joined = pl.scan_parquet(left).join(pl.scan_parquet(right), on=on)
        return joined.select(pl.col("v1").sum(), pl.col("w").sum()).collect()

    peers.time(case, "dask", with_dask)
    peers.time(case, "pandas", with_pandas)
    peers.time(case, "polars", with_polars)
    in_sql(case, f"select sum(v1), sum(w) from '{left}' join '{right}' using ({on})")


FLIGHTS = ["date", "delay", "origin", "destination"]
DELAYS = {
    "flights": ("delay", "size"),
    "meanDelay": ("delay", "mean"),
    "shareLate": ("late", "mean"),
}
POLARS_DELAYS = [
    pl.len().alias("flights"),
    pl.col("delay").mean().alias("meanDelay"),
    (pl.col("delay") > 15).mean().alias("shareLate"),
]
SQL_DELAYS = "count(*) as flights, avg(delay) as meanDelay, avg((delay > 15)::int) as shareLate"


def late(frame):
    return frame.assign(late=(frame.delay > 15).astype("float64"))


def flights_by(case, keys):
    if not peers.wants(case):
        return
    path, columns = facts["flights"], ["delay", *keys]
    peers.time(
        case,
        "dask",
        lambda: late(dd.read_parquet(path, columns=columns)).groupby(keys).agg(**DELAYS).compute(),
    )
    peers.time(
        case,
        "pandas",
        lambda: late(pd.read_parquet(path, columns=columns)).groupby(keys).agg(**DELAYS),
    )
    peers.time(
        case, "polars", lambda: pl.scan_parquet(path).group_by(keys).agg(POLARS_DELAYS).collect()
    )
    by = ", ".join(keys)
    in_sql(case, f"select {by}, {SQL_DELAYS} from '{path}' group by {by}")


def worst_routes(case):
    if not peers.wants(case):
        return
    path, keys = facts["flights"], ["origin", "destination"]
    columns = ["delay", *keys]
    names = ["iata", "city"]

    def worst(routes):
        top = routes[routes.flights >= 1000].nlargest(10, "meanDelay").reset_index()
        return top.merge(pd.read_csv(facts["airports"])[names], left_on="origin", right_on="iata")

    def with_dask():
        frame = late(dd.read_parquet(path, columns=columns))
        return worst(frame.groupby(keys).agg(**DELAYS).compute())

    def with_pandas():
        return worst(late(pd.read_parquet(path, columns=columns)).groupby(keys).agg(**DELAYS))

    def with_polars():
        top = pl.scan_parquet(path).group_by(keys).agg(POLARS_DELAYS)
        top = top.filter(pl.col("flights") >= 1000).top_k(10, by="meanDelay")
        cities = pl.scan_csv(facts["airports"]).select(names)
        return top.join(cities, left_on="origin", right_on="iata").collect()

    peers.time(case, "dask", with_dask)
    peers.time(case, "pandas", with_pandas)
    peers.time(case, "polars", with_polars)
    in_sql(
        case,
        f"""with routes as (select origin, destination, {SQL_DELAYS} from '{path}' group by all)
        select top.*, city from (select * from routes where flights >= 1000
          order by meanDelay desc limit 10) top
        join '{facts["airports"]}' on iata = origin""",
    )


def per_day_and_hour(case):
    if not peers.wants(case):
        return
    path = facts["flights"]

    def counts(frame):
        day = frame.date.dt.strftime("%Y-%m-%d")
        return frame.groupby(day).size(), frame.groupby(frame.date.dt.hour).size()

    def with_polars():
        frame = pl.scan_parquet(path)
        day = pl.col("date").dt.strftime("%Y-%m-%d")
        parts = (day, pl.col("date").dt.hour())
        return pl.collect_all([frame.group_by(part).agg(pl.len()) for part in parts])

    def with_duckdb():
        for part in ("strftime(date, '%Y-%m-%d')", "hour(date)"):
            duckdb.sql(f"select {part} as part, count(*) from '{path}' group by part").fetchnumpy()

    peers.time(
        case, "dask", lambda: dask.compute(*counts(dd.read_parquet(path, columns=["date"])))
    )
    peers.time(case, "pandas", lambda: counts(pd.read_parquet(path, columns=["date"])))
    peers.time(case, "polars", with_polars)
    peers.time(case, "duckdb", with_duckdb)


def quantiles(case):
    if not peers.wants(case):
        return
    path, levels = facts["flights"], [0.05, 0.95]
    delay = pl.col("delay").cast(pl.Float64)
    peers.time(
        case,
        "dask",
        lambda: dd.read_parquet(path, columns=["delay"]).delay.quantile(levels).compute(),
    )
    peers.time(
        case, "pandas", lambda: pd.read_parquet(path, columns=["delay"]).delay.quantile(levels)
    )
    peers.time(
        case,
        "polars",
        lambda: pl.scan_parquet(path)
        .select(low=delay.quantile(0.05, "linear"), high=delay.quantile(0.95, "linear"))
        .collect(),
    )
    in_sql(case, f"select quantile_cont(delay, {levels}) as q from '{path}'")


group("h2o q1: sum v1 by id1", ["id1"], {"v1": "sum"})
group("h2o q2: sum v1 by id1, id2", ["id1", "id2"], {"v1": "sum"})
group("h2o q3: sum v1, mean v3 by id3", ["id3"], {"v1": "sum", "v3": "mean"})
group("h2o q4: mean v1, v2, v3 by id4", ["id4"], {"v1": "mean", "v2": "mean", "v3": "mean"})
group("h2o q5: sum v1, v2, v3 by id6", ["id6"], {"v1": "sum", "v2": "sum", "v3": "sum"})
join("h2o join with 100 rows", "small", "id4")
join("h2o join with 100,000 rows", "medium", "id6")
flights_by("flights by origin", ["origin"])
flights_by("flights by route", ["origin", "destination"])
worst_routes("flights, worst routes with cities")
per_day_and_hour("flights per day and hour")
quantiles("flights, quantiles of delay")
peers.print()
