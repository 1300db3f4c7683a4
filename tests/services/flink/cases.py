# SPDX-License-Identifier: MIT
"""The cases of scripts/fidelity: one description of a job, said to Flink as SQL and to kafka-window
as options.

What has to be said differently to get the same, each explained in kafka-window(1), DIFFERENCES FROM
FLINK:

- Our watermark is the newest time less the bound, Flink's lies 1 ms before it (its windows fire
  where their last millisecond is at or before the watermark); WATERMARK FOR t AS t - INTERVAL lacks
  that millisecond, so it is said here.
- Flink SQL emits watermarks at intervals of processing time, which makes it a matter of speed which
  records are late. With pipeline.auto-watermark-interval 0 WatermarkAssignerOperator emits one
  behind each record that moves it.
- Flink loses records of windows with an offset (FLINK-36664: AbstractSliceWindowAggProcessor flushes
  its buffer where a window without one would end, and what is flushed later than its window's end is
  dropped), and of windows of local time in a zone whose clock never changes, for the same reason.
  Such windows are given to it as others over times that are shifted (wall_clock).
- AVG and STDDEV of integers are integers in Flink: they are given doubles; AVG of decimals has six
  places there.

Of Flink's aggregates (its documentation, System Functions, Aggregate Functions) two have nothing of
ours to be compared with: JSON_OBJECTAGG, which pairs two columns, and APPROX_COUNT_DISTINCT, which the
planner of 2.1 refuses for streams (AggFunctionFactory). RANK, LEAD, NTILE and their like are
functions of OVER windows.
"""
from dataclasses import dataclass, replace
from decimal import Decimal

import streams
from rules import EXACT, Joined, Near, Parsed, Quantile, Sorted, Top, Wide
from streams import AUTUMN, BURSTS, EPOCH, MIXED, ORDERED, PARTED, PATIENT, SPRING, TRIPS

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000

SAME_DOUBLE = Near(0, 0)
DOUBLE = Near(0, 1e-9)  # sums of doubles depend on their order
DECIMAL_AVG = Near(1e-6, 1e-14)  # six places
STDDEV = Near(1e-6, 1e-6)  # Flink's is the root of a difference of large squares


@dataclass(frozen=True)
class Aggregate:
    ours: str  # FUNC[:FIELD]
    sql: str
    rule: object = EXACT


@dataclass(frozen=True)
class Case:
    name: str
    stream: streams.Stream
    kind: str  # TUMBLE HOP CUMULATE SESSION
    sizes: tuple  # ms; HOP: size, step; CUMULATE: most, step; SESSION: gap
    by: tuple = ()
    aggregates: tuple = ()
    bound_ms: int = None  # the stream's
    lateness_ms: int = 0  # final: the same as so much more of the bound, which Flink is given
    is_updating: bool = False  # ours are revisions, the last of which has to be Flink's final row
    offset_ms: int = 0
    zone: str = None  # windows of local time
    wall_clock: bool = False  # said to Flink as local time without a zone
    query: str = None  # instead of a grouping: Flink's rows in order of our fields
    is_short: bool = False  # part of the short run
    # Rows that differ for a reason that kafka-window(1) explains: (reason, function of the row's key
    # and of all rows of Flink's and of ours by their keys)
    explained: tuple = None


def interval(ms):
    hours, seconds = ms // HOUR % 24, ms % MINUTE
    clock = f"{hours:02d}:{ms // MINUTE % 60:02d}:{seconds // 1000:02d}.{seconds % 1000:03d}"
    return f"INTERVAL '{ms // DAY} {clock}' DAY(3) TO SECOND(3)"


def duration(ms):
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND)):
        if ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def is_shifted(case):
    return case.wall_clock or case.offset_ms != 0


def bound_of(case):
    return case.stream.bound_ms if case.bound_ms is None else case.bound_ms


# ---- Flink ----


def table_sql(case, source):
    columns = [f"`{name}` {kind}" for name, kind in case.stream.columns]
    instant = f"`{case.stream.time}`"
    if not case.stream.is_iso:
        columns.append(f"`{case.stream.time}` BIGINT")
        instant = f"TO_TIMESTAMP_LTZ(`{case.stream.time}`, 3)"
    if not case.zone or is_shifted(case):
        instant = f"CAST({instant} AS TIMESTAMP(3)) - {interval(case.offset_ms)}"
    columns += [*source.columns, f"ts AS {instant}"]
    columns.append(f"WATERMARK FOR ts AS ts - {interval(bound_of(case) + case.lateness_ms + 1)}")
    words = source.connector() | {"format": "json", "json.timestamp-format.standard": "ISO-8601"}
    words = ", ".join(f"'{name}' = '{value}'" for name, value in words.items())
    return f"CREATE TABLE s ({', '.join(columns)}) WITH ({words})"


def window_sql(case):
    table = "TABLE s"
    if case.kind == "SESSION" and case.by:
        table += f" PARTITION BY ({', '.join(case.by)})"
    sizes = list(case.sizes)
    if case.kind in ("HOP", "CUMULATE"):  # the step comes first
        sizes.reverse()
    return f"TABLE({case.kind}({table}, DESCRIPTOR(ts), {', '.join(map(interval, sizes))}))"


def query_sql(case):
    if case.query:
        return case.query.format(window=window_sql(case))
    keys = ["window_start", "window_end", *case.by]
    results = keys + [a.sql for a in case.aggregates]
    return f"SELECT {', '.join(results)} FROM {window_sql(case)} GROUP BY {', '.join(keys)}"


def flink_job(case, source, out):
    return {
        "name": case.name,
        "config": {
            "parallelism.default": "1",
            "pipeline.auto-watermark-interval": "0",
            # a local aggregation before the keyed one would see other watermarks
            "table.optimizer.agg-phase-strategy": "ONE_PHASE",
            "table.local-time-zone": case.zone or "UTC",
        },
        "setup": [table_sql(case, source)],
        "query": query_sql(case),
        "out": out,
    }


# ---- ours ----


def options(case):
    words = ["--" + case.kind.lower(), ",".join(map(duration, case.sizes))]
    words += ["--time", case.stream.time, "--out-of-order", duration(bound_of(case))]
    if case.lateness_ms:
        words += ["--lateness", duration(case.lateness_ms)]
    if case.is_updating:
        words += ["--emit", "updates"]
    if case.by:
        words += ["--by", ",".join(case.by)]
    if case.offset_ms:
        words += ["--align", duration(case.offset_ms)]
    if case.zone:
        words += ["--tz", case.zone]
    for i, aggregate in enumerate(case.aggregates):
        words += ["-a", f"a{i}={aggregate.ours}"]
    return words


# ---- the cases ----

COUNT = Aggregate("count", "COUNT(*)")


def a(func, column, **more):
    sql = {"count": "COUNT({0})", "distinct": "COUNT(DISTINCT {0})"}.get(func, func.upper() + "({0})")
    if func == "sum":
        more.setdefault("rule", Wide())
    return Aggregate(f"{func}:{column}", sql.format(column), **more)


def avg(column):
    kind = (dict(TRIPS.columns) | streams.COLUMNS)[column]
    if kind.startswith("DECIMAL"):
        return Aggregate(f"avg:{column}", f"AVG({column})", DECIMAL_AVG)
    return Aggregate(f"avg:{column}", f"AVG(CAST({column} AS DOUBLE))", DOUBLE)


def basic(*columns):
    found = [COUNT]
    for c in columns:
        found += [a("count", c), a("sum", c), a("min", c), a("max", c), avg(c)]
    return tuple(found)


DOUBLES = (
    COUNT,
    a("count", "x"),
    a("sum", "x", rule=DOUBLE),
    a("min", "x", rule=SAME_DOUBLE),
    a("max", "x", rule=SAME_DOUBLE),
    avg("x"),
)
NUMBERS = basic("v", "big", "d")
ALL_KEYS = ("k", "n", "b", "q")


def tumble_cases():
    yield Case("tumble 10s by k", MIXED, "TUMBLE", (10 * SECOND,), ("k",), NUMBERS, is_short=True)
    yield Case("tumble 10s, no key", MIXED, "TUMBLE", (10 * SECOND,), (), NUMBERS)
    yield Case("tumble 7.003s by four keys", MIXED, "TUMBLE", (7003,), ALL_KEYS, NUMBERS)
    yield Case("tumble 10s of doubles", MIXED, "TUMBLE", (10 * SECOND,), ("b",), DOUBLES)
    yield Case("tumble 1s, bound 0", MIXED, "TUMBLE", (SECOND,), ("n",), NUMBERS, bound_ms=0)
    yield Case("tumble 10s, align 3.5s", MIXED, "TUMBLE", (10 * SECOND,), ("k",), NUMBERS, offset_ms=3500)
    yield Case("tumble 7s about 1970", EPOCH, "TUMBLE", (7 * SECOND,), ("b",), NUMBERS)
    yield Case("session 7s about 1970", EPOCH, "SESSION", (7 * SECOND,), ("b",), NUMBERS)
    yield Case("tumble 1d by q", PATIENT, "TUMBLE", (DAY,), ("q",), NUMBERS)
    yield Case(
        "tumble 1h of trips",
        TRIPS,
        "TUMBLE",
        (HOUR,),
        ("vendor_id",),
        basic("passenger_count", "total_amount", "trip_distance"),
        is_short=True,
    )
    yield Case(
        "tumble 5m of trips by two keys, bound 0",
        TRIPS,
        "TUMBLE",
        (5 * MINUTE,),
        ("payment_type", "store_and_fwd_flag"),
        basic("tip_amount"),
        bound_ms=0,
    )


def lateness_cases():
    for kind, sizes, stream in (
        ("TUMBLE", (10 * SECOND,), MIXED),
        ("HOP", (10 * SECOND, 5 * SECOND), MIXED),
        ("CUMULATE", (20 * SECOND, 10 * SECOND), MIXED),
        ("SESSION", (2 * SECOND,), BURSTS),
    ):
        name = f"{kind.lower()}, bound 1s and 2s of lateness"
        yield Case(
            name, stream, kind, sizes, ("k",), basic("v"), bound_ms=SECOND, lateness_ms=2 * SECOND
        )


def updates_cases():
    """Flink SQL's window functions have no lateness of their own (table.exec.emit.allow-lateness is
    for the older grouped windows, and experimental)."""
    late = {"lateness_ms": 4 * SECOND, "is_updating": True}
    many = (*basic("v", "d"), *DISTINCT, *SPREAD, *FILTERED, *RANKED[:9])
    ten, hop = (10 * SECOND,), (10 * SECOND, 5 * SECOND)
    cumulate = (20 * SECOND, 10 * SECOND)
    yield Case("updates, tumble", MIXED, "TUMBLE", ten, ("k",), many, SECOND, **late, is_short=True)
    yield Case("updates, tumble, no key, bound 0", MIXED, "TUMBLE", ten, (), many, 0, **late)
    yield Case("updates, hop", MIXED, "HOP", hop, ("k",), many, SECOND, **late)
    yield Case("updates, cumulate", MIXED, "CUMULATE", cumulate, ("k",), many, SECOND, **late)
    yield Case("updates, hop, align", MIXED, "HOP", hop, ("n",), NUMBERS, 0, **late, offset_ms=3500)
    yield Case(
        "updates of trips, bound 0",
        TRIPS,
        "HOP",
        (HOUR, 10 * MINUTE),
        ("vendor_id",),
        basic("total_amount"),
        0,
        lateness_ms=HOUR,
        is_updating=True,
    )
    yield Case(
        "updates, tumble 1d in New York, spring",
        SPRING,
        "TUMBLE",
        (DAY,),
        ("b",),
        basic("v"),
        0,
        lateness_ms=HOUR,
        is_updating=True,
        zone=NEW_YORK,
    )


def uneven_hop(name, size_ms, step_ms, **more):
    """Flink's window function wants the size to be a multiple of the step; the older grouped windows
    do not."""
    window = f"(ts, {interval(step_ms)}, {interval(size_ms)})"
    results = ", ".join(aggregate.sql for aggregate in NUMBERS)
    query = f"SELECT HOP_START{window}, HOP_END{window}, n, {results} FROM s GROUP BY HOP{window}, n"
    return Case(name, MIXED, "HOP", (size_ms, step_ms), ("n",), NUMBERS, query=query, **more)


def hop_cases():
    yield Case(
        "hop 10s by 2s, by k", MIXED, "HOP", (10 * SECOND, 2 * SECOND), ("k",), NUMBERS, is_short=True
    )
    yield Case("hop 10s by 10s, no key", MIXED, "HOP", (10 * SECOND, 10 * SECOND), (), NUMBERS)
    yield Case(
        "hop 12s by 3s, align 1s, bound 0",
        MIXED,
        "HOP",
        (12 * SECOND, 3 * SECOND),
        ("n", "b"),
        NUMBERS,
        bound_ms=0,
        offset_ms=SECOND,
    )
    yield uneven_hop("hop 10s by 4s, by n", 10 * SECOND, 4 * SECOND)
    yield uneven_hop("hop 4s by 10s, by n", 4 * SECOND, 10 * SECOND)
    yield uneven_hop("hop 7s by 3.001s, by n, bound 0", 7 * SECOND, 3001, bound_ms=0)
    yield Case("hop 1d by 6h, no key", PATIENT, "HOP", (DAY, 6 * HOUR), (), NUMBERS)
    yield Case(
        "hop 1h by 5m of trips",
        TRIPS,
        "HOP",
        (HOUR, 5 * MINUTE),
        ("vendor_id",),
        basic("passenger_count", "total_amount"),
    )


def cumulate_cases():
    yield Case(
        "cumulate 1m by 10s, by k",
        MIXED,
        "CUMULATE",
        (MINUTE, 10 * SECOND),
        ("k",),
        NUMBERS,
        is_short=True,
    )
    yield Case("cumulate 10s by 1s, no key", MIXED, "CUMULATE", (10 * SECOND, SECOND), (), NUMBERS)
    yield Case(
        "cumulate 15s by 5s, align 2s, bound 0",
        MIXED,
        "CUMULATE",
        (15 * SECOND, 5 * SECOND),
        ("n",),
        NUMBERS,
        bound_ms=0,
        offset_ms=2 * SECOND,
    )
    yield Case(
        "cumulate 1d by 1h of trips",
        TRIPS,
        "CUMULATE",
        (DAY, HOUR),
        ("payment_type",),
        basic("tip_amount"),
    )


def session_cases():
    yield Case("session 2s by k", BURSTS, "SESSION", (2 * SECOND,), ("k",), NUMBERS, is_short=True)
    yield Case("session 2s by k and b", BURSTS, "SESSION", (2 * SECOND,), ("k", "b"), NUMBERS)
    yield Case("session 2s by k, bound 0", BURSTS, "SESSION", (2 * SECOND,), ("k",), NUMBERS, bound_ms=0)
    yield Case("session 5s, no key", MIXED, "SESSION", (5 * SECOND,), (), NUMBERS)
    yield Case("session 3s by n", MIXED, "SESSION", (3 * SECOND,), ("n",), NUMBERS)
    yield Case(
        "session 10m of trips",
        TRIPS,
        "SESSION",
        (10 * MINUTE,),
        ("payment_type",),
        basic("total_amount"),
    )


def where(aggregate, ours, sql):
    return replace(
        aggregate,
        ours=f"{aggregate.ours} where={ours}",
        sql=f"{aggregate.sql} FILTER (WHERE {sql})",
    )


DISTINCT = (
    *(a("distinct", c) for c in ("v", "big", "d", "w", "q", "b")),
    # which is exact of so few values; Flink's APPROX_COUNT_DISTINCT is for batches only
    *(Aggregate(f"approx_distinct:{c}", f"COUNT(DISTINCT {c})") for c in ("v", "w")),
)
SPREAD = (
    Aggregate("stddev:v", "SQRT(VARIANCE(CAST(v AS DOUBLE)))", STDDEV),
    Aggregate("stddev_pop:d", "SQRT(VAR_POP(CAST(d AS DOUBLE)))", STDDEV),
    Aggregate("stddev:d", "SQRT(VAR_SAMP(CAST(d AS DOUBLE)))", STDDEV),
    Aggregate("stddev:v", "STDDEV_SAMP(CAST(v AS DOUBLE))", STDDEV),
    Aggregate("stddev:d", "STDDEV_SAMP(CAST(d AS DOUBLE))", STDDEV),
    Aggregate("stddev_pop:v", "STDDEV_POP(CAST(v AS DOUBLE))", STDDEV),
    Aggregate("stddev_pop:d", "STDDEV_POP(CAST(d AS DOUBLE))", STDDEV),
    a("min", "w"),
    a("max", "w"),
)
FILTERED = (
    where(COUNT, "v>10", "v > 10"),
    where(COUNT, "v != 7", "v <> 7"),
    where(COUNT, "big >= 9007199254740993", "big >= 9007199254740993"),
    where(COUNT, "k != a", "k <> 'a'"),
    where(a("sum", "d"), "b=true", "b"),
    where(a("sum", "v"), "d<=0.5", "d <= 0.5"),
    where(a("min", "d"), "w >= r", "w >= 'r'"),
    where(a("max", "v"), "q == 1", "q = 1"),
    where(avg("v"), "w < s", "w < 's'"),
    where(a("distinct", "w"), "n < 0", "n < 0"),
)


def quantile(percent, column):
    share = f"{Decimal(percent) / 100:f}"
    sql = f"ROW(PERCENTILE({column}, {share}), ARRAY_AGG({column} IGNORE NULLS))"
    return Aggregate(f"p:{percent}:{column}", sql, Quantile(percent))


def top(most, column):
    return Aggregate(f"top:{most}:{column}", f"COLLECT({column})", Top(most))


PERCENTS = ("0", "10", "50", "90", "99.9", "100")
RANKED = (
    *(quantile(percent, column) for column in ("v", "d", "x") for percent in PERCENTS),
    quantile("50", "big"),
    quantile("33.3333", "q"),
    *(top(most, column) for most, column in ((3, "v"), (1000, "v"), (3, "w"), (1000, "w"), (5, "q"))),
)
LISTS = (
    Aggregate("list:v", "ARRAY_AGG(v IGNORE NULLS)"),
    Aggregate("list:w", "ARRAY_AGG(w IGNORE NULLS)"),
    # IGNORE NULLS and FILTER together are no SQL of Flink's
    Aggregate("list:d where=v > 50", "ARRAY_AGG(d) FILTER (WHERE v > 50 AND d IS NOT NULL)"),
    Aggregate("set:v", "ARRAY_AGG(DISTINCT v IGNORE NULLS)", Sorted()),
    Aggregate("set:w", "ARRAY_AGG(DISTINCT w IGNORE NULLS)", Sorted()),
    Aggregate("list:w", "LISTAGG(w)", Joined()),
    Aggregate("list:w", "JSON_ARRAYAGG(w)", Parsed()),
    Aggregate("set:q", "ARRAY_AGG(DISTINCT q IGNORE NULLS)", Sorted()),
)


def is_cut_off(key, flink_rows, our_rows):
    theirs, ours = flink_rows.get(key), our_rows.get(key)
    return bool(theirs and ours) and all(
        o is None if t is None else t == int(o) for t, o in zip(theirs, ours, strict=True)
    )


VALUES = (
    *(Aggregate(f"first:{c}", f"FIRST_VALUE({c})") for c in ("v", "d")),
    *(Aggregate(f"last:{c}", f"LAST_VALUE({c})") for c in ("v", "d", "w")),
)


def every_aggregate_cases():
    """All of them in one query of each kind of window: what the short run has of most."""
    some = quantile("50", "v"), quantile("99.9", "x"), top(3, "w")
    merged = (*basic("v"), a("sum", "big"), *DOUBLES[2:], *DISTINCT, *SPREAD, *FILTERED, *some)
    for kind, sizes, stream, aggregates in (
        ("TUMBLE", (10 * SECOND,), ORDERED, (*merged, *VALUES, *LISTS)),
        ("HOP", (10 * SECOND, 5 * SECOND), MIXED, merged),
        ("SESSION", (2 * SECOND,), BURSTS, merged),
    ):
        name = f"every aggregate, {kind.lower()}"
        yield Case(name, stream, kind, sizes, ("k",), aggregates, is_short=True)


def ends_by_time(name, stream, *then):
    for func, order in (("first", "ASC"), ("last", "DESC")):
        columns = ", ".join(f"{column} {order}" for column in ("t", *then))
        yield Case(
            f"{func} by time, {name}",
            stream,
            "TUMBLE",
            (10 * SECOND,),
            ("k",),
            (a(func, "seq"),),
            query="SELECT window_start, window_end, k, seq FROM (SELECT *, ROW_NUMBER() OVER "
            f"(PARTITION BY window_start, window_end, k ORDER BY {columns}) AS place "
            "FROM {window}) WHERE place <= 1",
        )


def aggregate_cases():
    """first and last by time: Flink's FIRST_VALUE goes by arrival, which is the same where records
    come in order; where they do not, a Top-N of each window says it."""
    yield Case("first and last in order", ORDERED, "TUMBLE", (10 * SECOND,), ("k",), (COUNT, *VALUES))
    yield from ends_by_time("of disorder", MIXED, "seq")
    yield Case(
        "avg of integers",
        MIXED,
        "TUMBLE",
        (10 * SECOND,),
        ("k",),
        (Aggregate("avg:v", "AVG(v)"),),
        explained=("of integers Flink's are integers, cut off", is_cut_off),
    )
    texts = tuple(a(func, "k") for func in ("count", "distinct", "min", "max"))
    yield Case("texts", MIXED, "TUMBLE", (10 * SECOND,), ("b",), (COUNT, *texts))
    yield Case("list and set in order", ORDERED, "TUMBLE", (10 * SECOND,), ("k",), LISTS)
    for kind, sizes, stream in (
        ("TUMBLE", (10 * SECOND,), MIXED),
        ("HOP", (10 * SECOND, 5 * SECOND), MIXED),
        ("CUMULATE", (20 * SECOND, 10 * SECOND), MIXED),
        ("SESSION", (2 * SECOND,), BURSTS),
    ):
        for name, aggregates in (
            ("distinct", DISTINCT),
            ("stddev", SPREAD),
            ("where", FILTERED),
            ("quantiles and top", RANKED),
        ):
            yield Case(f"{name}, {kind.lower()}", stream, kind, sizes, ("k",), (COUNT, *aggregates))
    yield Case("quantiles and top, no key", MIXED, "TUMBLE", (5 * MINUTE,), (), (COUNT, *RANKED))
    fares = tuple(quantile(percent, "total_amount") for percent in PERCENTS)
    fares = (*fares, top(10, "total_amount"), top(3, "passenger_count"))
    yield Case("quantiles and top of trips", TRIPS, "HOP", (HOUR, 10 * MINUTE), ("vendor_id",), fares)


def partition_cases():
    """Of a topic. What goes by arrival, as Flink's lists do, has no one result here."""
    many = (*basic("v", "d"), *DISTINCT, *SPREAD, *FILTERED, *RANKED[:9])
    for kind, sizes, more in (
        ("TUMBLE", (10 * SECOND,), {"is_short": True}),
        ("HOP", (10 * SECOND, 5 * SECOND), {}),
        ("CUMULATE", (20 * SECOND, 10 * SECOND), {}),
        ("SESSION", (3 * SECOND,), {"is_short": True}),
    ):
        yield Case(f"partitions, {kind.lower()} by k", PARTED, kind, sizes, ("k",), many, **more)
    yield Case("partitions, tumble, no key", PARTED, "TUMBLE", (10 * SECOND,), (), NUMBERS)
    late = {"bound_ms": 0, "lateness_ms": 5 * SECOND}
    yield Case("partitions, lateness", PARTED, "TUMBLE", (SECOND,), ("n",), NUMBERS, **late)
    yield Case(
        "partitions, updates", PARTED, "TUMBLE", (SECOND,), ("n",), NUMBERS, **late, is_updating=True
    )
    yield from ends_by_time("partition and offset", PARTED, "part", "off")


NEW_YORK = "America/New_York"
# 2024-11-03, 01:00 in New York, for the first time
REPEATED_HOUR_MS = 1_730_610_000_000


def is_repeated_hour(key, flink_rows, our_rows):
    """Flink's one row has as many records as our two, of which one may be missing."""
    begin, middle, end = (REPEATED_HOUR_MS + i * HOUR for i in range(3))
    whole = (begin, end, *key[2:])
    parts = (begin, middle, *key[2:]), (middle, end, *key[2:])
    if key not in (whole, *parts) or whole not in flink_rows or whole in our_rows:
        return False
    if any(part in flink_rows for part in parts):
        return False
    return flink_rows[whole][0] == sum(our_rows[part][0] for part in parts if part in our_rows)


def zone_cases():
    for stream in (SPRING, AUTUMN):
        name = stream.name

        def local(kind, *sizes, offset_ms=0, stream=stream, **more):
            words = " by ".join(map(duration, sizes)) + (", align" if offset_ms else "")
            return Case(
                f"{kind.lower()} {words} in New York, {stream.name}",
                stream,
                kind,
                sizes,
                ("b",),
                basic("v"),
                zone=NEW_YORK,
                offset_ms=offset_ms,
                **more,
            )

        twice = {}
        if name == "autumn":
            twice = {
                "explained": (
                    "an hour that comes twice is two windows, in Flink one",
                    is_repeated_hour,
                ),
                # no record is late: the first of the two windows ends before Flink's one
                "bound_ms": HOUR,
            }
        yield local("TUMBLE", DAY)
        yield local("TUMBLE", 6 * HOUR)
        yield local("TUMBLE", HOUR, **twice)
        yield local("TUMBLE", DAY, offset_ms=6 * HOUR)
        yield local("HOP", DAY, 6 * HOUR)
        yield local("CUMULATE", DAY, 6 * HOUR)
    yield Case(
        "tumble 1d in Kolkata",
        PATIENT,
        "TUMBLE",
        (DAY,),
        ("b",),
        basic("v"),
        zone="Asia/Kolkata",
        wall_clock=True,
    )


CASES = [
    *tumble_cases(),
    *hop_cases(),
    *cumulate_cases(),
    *session_cases(),
    *lateness_cases(),
    *updates_cases(),
    *aggregate_cases(),
    *every_aggregate_cases(),
    *zone_cases(),
    *partition_cases(),
]
