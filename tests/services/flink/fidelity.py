# SPDX-License-Identifier: MIT
"""The work of scripts/fidelity, which see: writes the streams, runs both sides, compares row by row."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import cases
import sources
import streams

SHOWN_MAX = 3
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_json(line):
    return json.loads(line, parse_float=Decimal)


def tagged(value):
    """Keys that Python holds for the same are not: 1 and true."""
    return (isinstance(value, bool), value)


def row_key(start_ms, end_ms, keys):
    return (start_ms, end_ms, *map(tagged, keys))


def to_ms(moment):
    return (moment - EPOCH) // timedelta(milliseconds=1)


def millis(text):
    return to_ms(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z"))


def utc(local_ms, zone):
    """Local time as Flink gives it, as if it were UTC. Of an hour that comes twice it is the first;
    in one that is left out it is its end."""
    if not zone:
        return local_ms
    local = EPOCH + timedelta(milliseconds=local_ms)
    return to_ms(local.replace(tzinfo=ZoneInfo(zone)))


def add_row(rows, key, values):
    if key in rows:
        raise ValueError(f"two rows of {key}")
    rows[key] = values


def read_flink(path, case):
    rows = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = parse_json(line)
            keys = len(case.by)
            start_ms, end_ms = (utc(time_ms + case.offset_ms, case.zone) for time_ms in row[:2])
            add_row(rows, row_key(start_ms, end_ms, row[2 : 2 + keys]), row[2 + keys :])
    return rows


def read_updates(path, case):
    """The last revision of each row: those of a row rise, and are its number of records."""
    rows, lines = {}, 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            row, lines = parse_json(line), lines + 1
            bounds = millis(row["window_start"]), millis(row["window_end"])
            key = row_key(*bounds, [row[k] for k in case.by])
            if row["revision"] <= rows.get(key, (0,))[0]:
                raise ValueError(f"{case.name}: a revision that is not above the last one: {line}")
            if row["revision"] != row["a0"]:
                raise ValueError(f"{case.name}: a revision that is not the count: {line}")
            rows[key] = row["revision"], [row[f"a{i}"] for i in range(len(case.aggregates))]
    if lines == len(rows):
        raise ValueError(f"{case.name}: no row was written again")
    return {key: values for key, (_, values) in rows.items()}


def read_ours(path, case):
    if case.is_updating:
        return read_updates(path, case)
    rows, last_end_ms = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = parse_json(line)
            start_ms, end_ms = millis(row["window_start"]), millis(row["window_end"])
            if last_end_ms is not None and end_ms < last_end_ms:
                raise ValueError(f"{case.name}: a window ends before the one before it: {line}")
            last_end_ms = end_ms
            key = row_key(start_ms, end_ms, [row[k] for k in case.by])
            add_row(rows, key, [row[f"a{i}"] for i in range(len(case.aggregates))])
    return rows


def row_differs(case, theirs, ours):
    if theirs is None or ours is None:
        return True
    return not all(
        a.rule.is_same(t, o) for t, o, a in zip(theirs, ours, case.aggregates, strict=True)
    )


def compare(case, theirs, ours):
    """How many rows are equal, and those that are not: (key, Flink's values, ours)."""
    equal, different = 0, []
    for key in sorted(theirs.keys() | ours.keys(), key=repr):
        pair = theirs.get(key), ours.get(key)
        if row_differs(case, *pair):
            different.append((key, *pair))
        else:
            equal += 1
    return equal, different


def show(case, different):
    for key, theirs, ours in different[:SHOWN_MAX]:
        print(f"  {case.name}: window and key {key}")
        names = [a.ours for a in case.aggregates]
        for name, values in (("Flink", theirs), ("ours ", ours)):
            text = "no row" if values is None else " ".join(f"{n}={v}" for n, v in zip(names, values))
            print(f"    {name}: {text}")


def java(options, part):
    """The command that runs FlinkWindows. The first time it keeps what classes it has loaded, which
    spares later runs most of a start of Flink (JDK 13; older ones take no notice)."""
    has_archive = os.path.exists(options.archive)
    archive = f"SharedArchiveFile={options.archive}" if has_archive else f"ArchiveClassesAtExit={part}"
    return [
        "java",
        "-Xmx1g",
        "-XX:+IgnoreUnrecognizedVMOptions",
        # jobs of a second are not worth the better compiler
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        # of classes that cannot be archived
        "-Xlog:disable",
        f"-XX:{archive}",
        "-cp",
        options.classpath,
        "FlinkWindows",
    ]


class Run:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.sources = {}
        self.broker = options.brokers and sources.Broker(options.services, options.brokers)

    def source(self, which, seed):
        """The stream's, written at its first use."""
        key = which.name, seed
        if key not in self.sources:
            path = os.path.join(self.folder, f"{which.name}-{seed}.json")
            if which is streams.TRIPS:
                path = self.options.trips
            else:
                streams.write(which, seed, self.options.records, path)
            topic = which.partitions and self.broker.topic(which, seed, path)
            self.sources[key] = topic or sources.File(path)
        return self.sources[key]

    def end(self):
        if self.broker:
            self.broker.remove_topics()

    def ours(self, case, source, out):
        """Runs kafka-window; how many records it took and how many were late."""
        changed = case
        if self.options.spoil:
            changed = cases.replace(case, sizes=(case.sizes[0] + case.sizes[-1], *case.sizes[1:]))
        path = source.path if isinstance(source, sources.File) else os.devnull
        with open(path, "rb") as records, open(out, "wb") as rows:
            done = subprocess.run(
                ["kafka-window", *cases.options(changed), *source.arguments],
                stdin=records,
                stdout=rows,
                stderr=subprocess.PIPE,
                check=False,
                encoding="utf-8",
            )
        found = re.search(r"(\d+) records read: (\d+) in windows, (\d+) late, 0 rejected", done.stderr)
        if done.returncode != 0 or not found:
            raise RuntimeError(f"{case.name}: kafka-window: status {done.returncode}: {done.stderr}")
        return tuple(map(int, found.groups()))

    def flink(self, jobs):
        path = os.path.join(self.folder, "jobs.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(jobs, file)
        log = os.path.join(self.folder, "flink.log")
        part = f"{self.options.archive}.{os.getpid()}"
        with open(log, "w", encoding="utf-8") as errors:
            done = subprocess.run(
                [*java(self.options, part), path], stdout=errors, stderr=errors, check=False
            )
        if done.returncode == 0 and os.path.exists(part):
            os.replace(part, self.options.archive)
        elif done.returncode != 0:
            with open(log, encoding="utf-8") as file:
                print(file.read(), file=sys.stderr)
        return done.returncode


def taken_problem(case, theirs, counts):
    """Where each record is in one window, Flink's counts say which were late. Of a topic's none is."""
    if case.stream.partitions and counts[2]:
        return f"{counts[2]} records were late in partitions where none is"
    if case.kind not in ("TUMBLE", "SESSION") or case.aggregates[0] != cases.COUNT:
        return None
    taken = sum(row[0] for row in theirs.values())
    if taken == counts[1]:
        return None
    return f"Flink took {taken} of {counts[0]} records, we {counts[1]}"


def judge(case, out_flink, out_ours, counts):
    """Prints the case's line; how many differences nothing explains."""
    if not os.path.exists(out_flink):
        print(f"{case.name:58} Flink failed")
        return 1
    theirs, ours = read_flink(out_flink, case), read_ours(out_ours, case)
    equal, different = compare(case, theirs, ours)
    reason = ""
    if case.explained and different:
        reason, is_explained = case.explained
        left = [row for row in different if not is_explained(row[0], theirs, ours)]
        reason = f"  {len(different) - len(left)} explained: {reason}"
        different = left
    problem = taken_problem(case, theirs, counts)
    if not theirs:
        problem = "no rows at all"
    print(
        f"{case.name:58} {counts[2]:6} {max(len(theirs), len(ours)):6} {equal:6} {len(different):6}"
        + reason
    )
    show(case, different)
    if problem:
        print(f"  {case.name}: {problem}")
    return len(different) + bool(problem)


def chosen(run):
    """The cases to run with their seeds, and the names of those left out with the reason."""
    wanted, left_out = [], []
    for case in cases.CASES:
        if run.options.short and not case.is_short:
            continue
        if not re.search(run.options.regex, case.name):
            continue
        if case.stream is streams.TRIPS and not run.options.trips:
            left_out.append((case.name, "the trips are not there"))
        elif case.stream.partitions and not run.broker:
            left_out.append((case.name, "no broker (scripts/services start kafka)"))
        elif case.stream is streams.TRIPS:
            wanted.append((case, 0))
        else:
            seeds = [1] if run.options.short else range(1, run.options.seeds + 1)
            wanted += [(cases.replace(case, name=f"{case.name}, seed {seed}"), seed) for seed in seeds]
    return wanted, left_out


def run_all(run):
    wanted, left_out = chosen(run)
    if not wanted:
        print(f"fidelity: no case can be run of those that match {run.options.regex}", file=sys.stderr)
        return 1
    jobs, done = [], []
    for i, (case, seed) in enumerate(wanted):
        source = run.source(case.stream, seed)
        outs = [os.path.join(run.folder, f"{i}.{side}") for side in ("flink", "ours")]
        for out in filter(os.path.exists, outs):
            os.remove(out)  # of an earlier run
        jobs.append(cases.flink_job(case, source, outs[0]))
        done.append((case, outs, run.ours(case, source, outs[1])))
    status = run.flink(jobs)
    print(f"{'case':58} {'late':>6} {'rows':>6} {'equal':>6} {'differ':>6}")
    bad = [case.name for case, outs, counts in done if judge(case, *outs, counts)]
    for name, why in left_out:
        print(f"{name:58} skipped: {why}")
    print(f"{len(done)} cases, {len(done) - len(bad)} equal, {len(left_out)} skipped")
    return 1 if bad or status else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/fidelity", allow_abbrev=False)
    parser.add_argument("regex", nargs="?", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--spoil", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("--trips")
    parser.add_argument("--brokers")
    parser.add_argument("--services")
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--archive", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sluice-fidelity.") as folder:
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
        run = Run(options, options.keep or folder)
        try:
            return run_all(run)
        finally:
            run.end()


if __name__ == "__main__":
    sys.exit(main())
