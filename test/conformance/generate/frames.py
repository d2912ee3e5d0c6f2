"""Goldens of frames: pandas' answers on a small frame with nulls and on vega-datasets' files.

Run from the repository root with pandas and pyarrow installed (-P: array.py beside this file is not
the standard one):
    python -P test/conformance/generate/frames.py > test/conformance/goldens/frames.json
"""

import json
import math
import sys

import pandas as pd

DATA = "node_modules/vega-datasets/data/"

PEOPLE = {
    "id": [1, 2, 3, 4, 5, 6, 7, 8],
    "team": ["a", "b", "a", None, "c", "b", "a", "c"],
    "score": [2.5, -1.5, None, 4.0, 0.5, 3.5, 2.5, None],
    "count": [3, -7, 5, 0, 2, -2, 3, 9],
    "name": ["Ann", "bob", None, "Dörte", "eve", "", "Ann", "Hal"],
    "at": [
        "2001-01-01T00:00:00", "2004-02-29T23:59:59", "1999-12-31T12:30:15", None,
        "2020-06-15T06:07:08", "2024-12-30T00:00:00", "2001-01-01T00:00:00", "1970-01-01T01:00:00",
    ],
}


def plain(value):
    """A value as JSON holds it: missing is null, times are ISO text in UTC."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def records(frame):
    return [{k: plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def column(series):
    return [plain(v) for v in series.tolist()]


def small():
    df = pd.DataFrame(PEOPLE)
    df["at"] = pd.to_datetime(df["at"])
    c, s, n, t = df["count"], df["score"], df["name"], df["at"]
    other = pd.DataFrame({"team": ["a", "b", "d"], "count": [10, 20, 30], "boss": ["X", "Y", "Z"]})
    text = df[df.name.notna()].name
    return {
        "add": column(c + s), "div": column(c / 2), "floordiv": column(c // 2), "mod": column(c % 3),
        "modNegative": column(c % -3), "pow": column(c**2), "neg": column(-s), "abs": column(c.abs()),
        "round": column(s.round()), "clip": column(c.clip(-1, 4)), "clipNulls": column(s.clip(0, 3)),
        "extract": column(n.str.extract("([a-m])n")[0]),
        "isna": column(s.isna()), "notna": column(s.notna()),
        "between": column(c.between(0, 3)), "isIn": column(c.isin([3, 9])),
        "lower": column(text.str.lower()), "upper": column(text.str.upper()),
        "len": column(text.str.len()), "slice": column(text.str[1:3]), "sliceEnd": column(text.str[-2:]),
        "sliceNegative": column(text.str[:-1]), "contains": column(text.str.contains("n")),
        "startsWith": column(text.str.startswith("A")), "find": column(text.str.find("n")),
        "replace": column(text.str.replace("n", "_", regex=False)),
        "capitalize": column(text.str.capitalize()), "zfill": column(text.str.zfill(4)),
        "year": column(t.dt.year), "month": column(t.dt.month), "day": column(t.dt.day),
        "hour": column(t.dt.hour), "second": column(t.dt.second),
        "dayofweek": column(t.dt.dayofweek), "dayofyear": column(t.dt.dayofyear),
        "quarter": column(t.dt.quarter), "week": column(t.dt.isocalendar().week),
        "shift": column(c.shift(2)), "shiftBack": column(c.shift(-1)), "diff": column(c.diff()),
        "cumsum": column(c.cumsum()), "cummax": column(c.cummax()), "cummin": column(c.cummin()),
        "groupby": records(df.groupby("team").agg(
            n=("score", "count"), rows=("id", "size"), sum=("score", "sum"), mean=("score", "mean"),
            min=("score", "min"), max=("name", "max"), std=("count", "std"), var=("count", "var"),
            median=("count", "median"), nunique=("name", "nunique"), first=("score", "first"),
            last=("score", "last")).reset_index()),
        "groupbyNulls": records(
            df.groupby("team", dropna=False).agg(n=("id", "count")).reset_index()),
        "transform": column(c - df.groupby("team")["count"].transform("mean")),
        "sortValues": column(df.sort_values(["team", "score"], kind="stable").id),
        "sortDescending": column(df.sort_values("score", ascending=False, kind="stable").id),
        "sortNullsFirst": column(df.sort_values("score", na_position="first", kind="stable").id),
        "nlargest": column(df.nlargest(3, "score", keep="first").id),
        "dropDuplicates": column(df.drop_duplicates(["team"]).id),
        "dropDuplicatesLast": column(df.drop_duplicates(["name", "at"], keep="last").id),
        "unique": [plain(v) for v in df.team.unique()],
        "describe": records(
            df[["score", "count"]].describe().reset_index().rename(columns={"index": "statistic"})),
        "corr": records(df[["score", "count"]].corr().reset_index(names="column")),
        "cov": records(df[["score", "count"]].cov().reset_index(names="column")),
        "quantile": plain(df["count"].quantile(0.3)),
        "quantiles": records(
            df[["score", "count"]].quantile([0.1, 0.5, 0.9]).reset_index(names="quantile")),
        "corrPair": plain(s.corr(c)),
        "dropna": column(df.dropna().id), "dropnaSubset": column(df.dropna(subset=["team"]).id),
        **{how: sorted(
            records(df[df.team.notna()][["id", "team", "count"]].merge(other, on="team", how=how)),
            key=lambda r: (r["team"], r["id"] or 0)) for how in ["inner", "left", "right", "outer"]},
    }


def weather():
    df = pd.read_csv(DATA + "seattle-weather.csv", parse_dates=["date"])
    by = df.assign(year=df.date.dt.year, range=df.temp_max - df.temp_min)
    grouped = by.groupby(["year", "weather"]).agg(
        days=("date", "count"), rain=("precipitation", "sum"), range=("range", "mean"))
    return {
        "byYear": records(grouped.reset_index()),
        "warmest": records(df.nlargest(5, ["temp_max", "temp_min"])[["date", "temp_max", "weather"]]),
        "counts": records(df.weather.value_counts().reset_index()),
    }


def flights():
    df = pd.read_parquet(DATA + "flights-3m.parquet")
    airports = pd.read_csv(DATA + "airports.csv")
    df["late"] = (df.delay > 15).astype(float)
    origin = df.groupby("origin").agg(n=("delay", "count"), mean=("delay", "mean"), late=("late", "mean"))
    route = df.groupby(["origin", "destination"]).agg(
        n=("delay", "count"), mean=("delay", "mean"), late=("late", "mean")).reset_index()
    worst = route[route.n >= 1000].nlargest(10, "mean")
    cities = airports[["iata", "city"]]
    worst = worst.merge(cities.rename(columns={"iata": "origin", "city": "from"}), on="origin", how="left")
    worst = worst.merge(
        cities.rename(columns={"iata": "destination", "city": "to"}), on="destination", how="left")
    day = df.groupby(df.date.dt.date).size()
    return {
        "origins": len(origin), "firstOrigins": records(origin.reset_index().head(5)),
        "meanOfMeans": plain(origin["mean"].mean()), "routes": len(route), "worst": records(worst),
        "days": len(day), "firstDays": [int(n) for n in day.head(3)], "busiest": int(day.max()),
        "hours": [int(n) for n in df.groupby(df.date.dt.hour).size()],
        "quantiles": [plain(df.delay.quantile(q)) for q in [0.05, 0.25, 0.5, 0.75, 0.95, 0.999]],
        "corr": plain(df.delay.corr(df.distance)),
    }


goldens = {"pandas": pd.__version__, "people": PEOPLE, "small": small(), "weather": weather(), "flights": flights()}
json.dump(goldens, sys.stdout, ensure_ascii=False, separators=(",", ":"))
