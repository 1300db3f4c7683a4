# SPDX-License-Identifier: MIT
"""Streams of records for scripts/fidelity: seeded, out of order, with nulls and missing fields.

A stream is a file of newline JSON that both sides read, and what Flink has to be told of it. Event
times are milliseconds (field t) unless the stream says otherwise.
"""
import random
from dataclasses import dataclass

# Types in Flink under which its results are exact where ours are.
COLUMNS = {
    "k": "STRING",  # key
    "n": "BIGINT",  # key
    "b": "BOOLEAN",  # key
    "q": "DECIMAL(10, 2)",  # key, the same number written in several ways
    "v": "BIGINT",  # small, of either sign
    "big": "DECIMAL(20, 0)",  # about 2^53 and 2^63
    "d": "DECIMAL(18, 4)",
    "x": "DOUBLE",
    "w": "STRING",
    "seq": "BIGINT",  # number of the line
}


# As JSON. Their bytes are in another order than those of the escapes.
ESCAPES = ["\\t", '\\"', "\\\\", " ", "#", "]"]
KEYS = ["a", "b", "ä", "\\u0061", "zz z", *(f"a{escape}b" for escape in ESCAPES)]


@dataclass(frozen=True)
class Stream:
    name: str
    time: str  # field of the event time
    columns: tuple  # (name, type in Flink)
    bound_ms: int  # the most a record may be behind
    is_iso: bool = False
    partitions: int = 0  # of a topic, which get the lines by turns; none: a file


def stream(name, bound_ms, **more):
    return Stream(name, "t", tuple(COLUMNS.items()), bound_ms, **more)


# Some records come later than bound_ms.
MIXED = stream("mixed", 5000)
# Every record up to an hour late, in a stream of days: nothing is late.
PATIENT = stream("patient", 3_600_000)
# In order: where first and last by arrival are first and last by time.
ORDERED = stream("ordered", 0)
# Times before 1970 and after it, in order: Flink SQL's watermark begins at 1970.
EPOCH = stream("epoch", 0)
# Gaps of about 2,000 ms in each key, to the millisecond.
BURSTS = stream("bursts", 3000)
# Three days of New York about each change of 2024.
SPRING = stream("spring", 60_000)
AUTUMN = stream("autumn", 60_000)
# Of each partition: how far behind the first it is, and how much out of order. Which records are late
# would depend on how the partitions' records come mixed: none is, as each one is within the bound of the
# newest of its own partition; by the newest of all, those of the last ones were late.
PARTITIONS = ((0, 1), (0, 4000), (30_000, 2000), (70_000, 4000))
PARTED = stream("parted", 5000, partitions=len(PARTITIONS))

TRIPS = Stream(
    "trips",
    "pickup_datetime",
    (
        ("pickup_datetime", "TIMESTAMP_LTZ(3)"),
        ("vendor_id", "BIGINT"),
        ("passenger_count", "BIGINT"),
        ("payment_type", "BIGINT"),
        ("store_and_fwd_flag", "STRING"),
        ("trip_distance", "DECIMAL(12, 4)"),
        ("total_amount", "DECIMAL(12, 4)"),
        ("tip_amount", "DECIMAL(12, 4)"),
    ),
    300_000,
    is_iso=True,
)


def number(rng):
    """JSON of a decimal, in one of the ways it may be written."""
    value = rng.randrange(-5_000_000, 5_000_000)
    text = f"{abs(value) // 10000}.{abs(value) % 10000:04d}"
    if rng.random() < 0.3:
        text = text.rstrip("0").rstrip(".")
    return ("-" if value < 0 else "") + text


def large(rng):
    near = rng.choice([2**53, 2**53, -(2**53), 2**63, -(2**63), 10**19])
    return str(near + rng.randrange(-3, 4))


def double(rng):
    return repr(rng.choice([1, -1]) * rng.uniform(1, 10) * 10.0 ** rng.randrange(-7, 12))


def maybe(rng, name, text, missing=0.05):
    """A member, null, or nothing."""
    chance = rng.random()
    if chance < missing:
        return ""
    if chance < 2 * missing:
        return f'"{name}":null,'
    return f'"{name}":{text},'


def record(rng, seq, time_ms, key=None):
    text = f'{{"t":{time_ms},'
    text += maybe(rng, "k", '"' + (key or rng.choice(KEYS)) + '"')
    text += maybe(rng, "n", str(rng.choice([-1, 0, 7, 2**53 + 1])), 0.1)
    text += maybe(rng, "b", rng.choice(["true", "false"]), 0.1)
    text += maybe(rng, "q", rng.choice(["1", "1.0", "1.00", "10e-1", "2.5", "-0.5"]), 0.02)
    text += maybe(rng, "v", str(rng.randrange(-20, 100)), 0.1)
    text += maybe(rng, "big", large(rng), 0.1)
    text += maybe(rng, "d", number(rng), 0.1)
    text += maybe(rng, "x", double(rng), 0.1)
    between = rng.choice(["", "", *ESCAPES])
    text += maybe(rng, "w", f'"{rng.choice("pqrst")}{between}{rng.randrange(9)}"', 0.1)
    return text + f'"seq":{seq}}}'


def times_mixed(rng, count, step_ms=400, behind_ms=9000, silence_ms=45_000):
    """Event times that advance, fall back up to behind_ms, and often lie on a full second."""
    now = 1_700_000_000_000
    for _ in range(count):
        now += rng.choice([0, 1, rng.randrange(2 * step_ms), rng.randrange(2 * step_ms)])
        if rng.random() < 0.01:
            now += rng.randrange(silence_ms)
        time_ms = now - (rng.randrange(behind_ms) if rng.random() < 0.4 else 0)
        if rng.random() < 0.3:
            time_ms = time_ms // 1000 * 1000 + rng.choice([-1, 0, 0, 1])
        yield time_ms


def mixed(rng, count):
    return [(t, None) for t in times_mixed(rng, count)]


def patient(rng, count):
    return [(t, None) for t in times_mixed(rng, count, 120_000, 3_590_000, 20_000_000)]


def ordered(rng, count):
    return [(t, None) for t in sorted(times_mixed(rng, count))]


def bursts(rng, count):
    """Each key's own clock; the gaps between its records are about the sessions' gap."""
    clocks = {key: 1_700_000_000_000 + rng.randrange(5000) for key in "abcdef"}
    times = []
    for _ in range(count):
        key = min(clocks, key=clocks.get)
        clocks[key] += rng.choice([0, 1, 500, 1000, 1999, 2000, 2001, rng.randrange(9000)])
        behind = rng.choice([0, 0, 1000, 2000, rng.randrange(7000)])
        times.append((clocks[key] - behind, key))
    return times


def parted(rng, count):
    times = []
    for i, now in enumerate(sorted(times_mixed(rng, count))):
        lag_ms, behind_ms = PARTITIONS[i % len(PARTITIONS)]
        time_ms = now - lag_ms - rng.randrange(behind_ms)
        if rng.random() < 0.3:
            time_ms = time_ms // 1000 * 1000
        times.append((time_ms, None))
    return times


def around(rng, count, begin_ms, hours):
    span_ms = hours * 3_600_000
    times = []
    for i in range(count):
        time_ms = begin_ms + i * span_ms // count
        if rng.random() < 0.3:
            time_ms = time_ms // 1_800_000 * 1_800_000 + rng.choice([-1, 0, 0, 1])
        times.append((time_ms, None))
    return times


TIMES = {
    "mixed": mixed,
    "patient": patient,
    "ordered": ordered,
    "bursts": bursts,
    "parted": parted,
    "epoch": lambda rng, count: sorted(around(rng, count, -1_800_000, 1), key=lambda time: time[0]),
    # from 2024-03-09T00:00Z and 2024-11-02T00:00Z
    "spring": lambda rng, count: around(rng, count, 1_709_942_400_000, 72),
    "autumn": lambda rng, count: around(rng, count, 1_730_505_600_000, 72),
}


def write(which, seed, count, path):
    """Writes a stream; the same seed writes the same bytes."""
    rng = random.Random(f"{which.name} {seed}")
    with open(path, "w", encoding="utf-8") as out:
        for seq, (time_ms, key) in enumerate(TIMES[which.name](rng, count)):
            print(record(rng, seq, time_ms, key), file=out)
