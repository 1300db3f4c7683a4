#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""lake.py CASE: has kafka-to-s3 make a lake of Parquet from records of a seed, reads it with DuckDB and pyarrow, its
directories as Hive partitions, and compares every value with what the JSON says (readers.py). For many rows: counts,
bounds, sums and sums of hashes of each column with DuckDB's own reading of the JSON; SLUICE_LARGE_ROWS says how many.
"""
import datetime
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.parse

import duckdb
import pyarrow
import pyarrow.dataset
import pyarrow.parquet as parquet

import readers
from readers import ALL, MAKERS, UTC, compare, expected, fail, make_columns, make_rows

ID = {"name": "id", "type": "int64"}
PLACES = ["x", "a/b", "c=d", "\u20ac", "5%", "with blank", "", None]
MISSING = "__DEFAULT_PARTITION__"


def write_schema(schema):
    with open("schema.json", "w") as f:
        json.dump({"columns": schema}, f)


def make_lake(lines, *options):
    """Into ./lake, from a pipe."""
    shutil.rmtree("lake", ignore_errors=True)
    text = "".join(line + "\n" for line in lines).encode()
    subprocess.run(["kafka-to-s3", "-q", "--format", "parquet", "--schema", "schema.json", *options, "lake"],
                   input=text, check=True)
    return sorted(glob.glob("lake/**/*.parquet", recursive=True))


def as_line(schema, row, number, place):
    line = readers.as_line(schema[1:], row)
    return '{"id":%d,"p":%s,%s' % (number, json.dumps(place), line[1:])


def with_duckdb(pattern):
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET threads TO 1")
    found = connection.execute("SELECT * FROM read_parquet('%s', hive_partitioning=true, hive_types_autocast=false) ORDER BY id" % pattern)
    names = [d[0] for d in found.description]
    return names, found.fetchall()


def check_duckdb(schema, rows, places):
    names, found = with_duckdb("lake/**/*.parquet")
    if names != [c["name"] for c in schema] + ["p"]:
        fail("DuckDB: columns %s" % names)
    compare("DuckDB: id", [r[0] for r in found], list(range(len(rows))))
    compare("DuckDB: p", [r[-1] for r in found], places)
    for i, c in enumerate(schema[1:]):
        got = [r[i + 1] for r in found]
        if c["type"].startswith("timestamp") and "local" not in c["type"]:
            got = [x and x.astimezone(UTC) for x in got]
        compare("DuckDB: " + c["type"], got, [expected(c["type"], r[i]) for r in rows])


def check_pyarrow(schema, rows, places):
    table = pyarrow.dataset.dataset("lake", partitioning=pyarrow.dataset.partitioning(
        pyarrow.schema([("p", pyarrow.string())]), flavor="hive")).to_table().sort_by("id")
    compare("pyarrow: p", table.column("p").to_pylist(), places)
    for i, c in enumerate(schema[1:]):
        column = table.column(c["name"])
        if isinstance(column.type, pyarrow.BaseExtensionType):
            column = column.cast(column.type.storage_type)
        compare("pyarrow: " + c["type"], column.to_pylist(), [expected(c["type"], r[i]) for r in rows])


def check_lake(columns, rows, *options):
    """The records go to a directory for each of PLACES. Returns the files."""
    schema = [ID] + columns
    places = [random.Random(i).choice(PLACES) for i in range(len(rows))]
    write_schema(schema)
    files = make_lake([as_line(schema, r, i, p) for i, (r, p) in enumerate(zip(rows, places))],
                      "--path", "p={p}", *options)
    shown = [MISSING if not p else p for p in places]
    directories = {urllib.parse.unquote(f.split("/")[1]) for f in files}
    if directories != {"p=" + p for p in shown}:
        fail("directories: %s" % directories)
    check_duckdb(schema, rows, shown)
    check_pyarrow(schema, rows, shown)
    return files


# ---- the cases ----

def case_types():
    """All types, with and without nulls, in every compression, in several files a path and row groups a file."""
    columns = make_columns(ALL)
    for codec in ("none", "snappy", "lz4", "zstd", "gzip"):
        rows = make_rows(columns, 1000)
        files = check_lake(columns, rows, "-z", codec, "--roll-records", "70", "--row-group-bytes", "64K")
        if len(files) != sum(1 for f in files if parquet.read_metadata(f).num_rows <= 70) or len(files) < 14:
            fail("%d files" % len(files))
        wanted = {"none": "UNCOMPRESSED", "lz4": "LZ4"}.get(codec, codec.upper())
        found = parquet.read_metadata(files[0]).row_group(0).column(1).compression
        if not found.startswith(wanted):
            fail("compression is %s" % found)


def case_groups():
    """Many row groups of one file, rows cut wherever the spool is."""
    columns = make_columns([("string", True), ("decimal(38,10)", False), ("double", True)])
    rows = make_rows(columns, 20000)
    files = check_lake(columns, rows, "--row-group-bytes", "64K", "-z", "none")
    if len(files) != len(PLACES) - 1 or parquet.read_metadata(files[0]).num_row_groups < 3:
        fail("%d files" % len(files))


def case_nothing():
    """Nothing but nulls; one row."""
    columns = make_columns([(kind, True) for kind in MAKERS])
    for count in (1, 9):
        check_lake(columns, make_rows(columns, count, 1))
    write_schema([ID])
    if make_lake([]):
        fail("files of no records")


def case_columns():
    """A hundred columns."""
    columns = make_columns((ALL * 4)[:99])
    check_lake(columns, make_rows(columns, 300, 0.2, 100), "-z", "zstd")


KINDS = {"id": "BIGINT", "small": "INTEGER", "ok": "BOOLEAN", "fare": "DOUBLE", "ratio": "FLOAT", "paid": "DECIMAL(12,2)",
         "place": "VARCHAR", "note": "VARCHAR", "stamp": "TIMESTAMP", "day": "DATE"}
ROWS = """SELECT i AS id, (hash(i) % 200)::INTEGER - 100 AS small, hash(i + 1) % 3 = 0 AS ok,
    (hash(i + 2) % 1000000)::DOUBLE / 7 AS fare, ((hash(i + 3) % 1000)::INTEGER / 8)::FLOAT AS ratio,
    ((hash(i + 4) % 10000000)::BIGINT / 100.0)::DECIMAL(12,2) AS paid, 'place ' || hash(i + 5) % 265 AS place,
    CASE WHEN i % 7 = 0 THEN NULL ELSE md5(i::VARCHAR) END AS note,
    strftime(TIMESTAMP '2019-01-01' + to_milliseconds(i * 37), '%Y-%m-%dT%H:%M:%S.%g') || 'Z' AS stamp,
    DATE '2019-01-01' + (hash(i + 6) % 1000)::INTEGER AS day, hash(i + 7) % 12 AS p
    FROM range(COUNT) r(i)"""


def summary(connection, source):
    """Of each column: values, distinct hashes' sum, bounds; sums of whole numbers and decimals."""
    parts = ["count(*)"]
    for name, kind in KINDS.items():
        value = "%s::TIMESTAMP" % name if kind == "TIMESTAMP" else name
        parts += ["count(%s)" % name, "sum(hash(%s)::HUGEINT)" % value, "min(%s)" % value, "max(%s)" % value]
        if kind in ("BIGINT", "INTEGER", "DECIMAL(12,2)"):
            parts.append("sum(%s)" % name)
    parts.append("sum(hash(id, p::VARCHAR)::HUGEINT)")  # each in its directory
    return connection.execute("SELECT %s FROM %s" % (", ".join(parts), source)).fetchone()


def case_large():
    count = int(os.environ.get("SLUICE_LARGE_ROWS") or 100000)
    types = {"BIGINT": "int64", "INTEGER": "int32", "BOOLEAN": "bool", "DOUBLE": "double", "FLOAT": "float",
             "DECIMAL(12,2)": "decimal(12,2)", "VARCHAR": "string", "TIMESTAMP": "timestamp(ms)", "DATE": "date"}
    write_schema([{"name": n, "type": types[k], "nullable": n == "note"} for n, k in KINDS.items()])
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET threads TO 1")
    connection.execute("COPY (%s) TO 'rows.json' (FORMAT json)" % ROWS.replace("COUNT", str(count)))
    with open("rows.json") as f:
        reader = subprocess.Popen(["cat"], stdin=f, stdout=subprocess.PIPE)
        timer = ["/usr/bin/time", "-f", "%e s, %M KiB"] if os.path.exists("/usr/bin/time") else []
        subprocess.run(timer + ["kafka-to-s3", "--format", "parquet", "--schema", "schema.json", "--path", "p={p}",
                                "--max-bytes", "1G", "lake"], stdin=reader.stdout, check=True)
        if reader.wait():
            fail("cat")
    columns = dict(KINDS, p="BIGINT")
    theirs = summary(connection, "read_json('rows.json', format='newline_delimited', columns=%s)" % columns)
    ours = summary(connection, "read_parquet('lake/**/*.parquet', hive_partitioning=true)")
    if theirs[0] != count or ours != theirs:
        fail("ours %s\ntheirs %s" % (ours, theirs))
    table = pyarrow.dataset.dataset("lake", partitioning="hive")
    if table.count_rows() != count:
        fail("pyarrow: %d rows" % table.count_rows())


def java_value(kind, x):
    """What ParquetLines.java prints of an expected value."""
    if x is None or kind in ("bool", "int32", "int64", "string", "json"):
        return x
    if kind.startswith("decimal"):
        return format(x if x else abs(x), "f")
    if kind == "date":
        return (x - datetime.date(1970, 1, 1)).days
    if kind.startswith("timestamp"):
        passed = (x if x.tzinfo else x.replace(tzinfo=UTC)) - readers.EPOCH
        return passed // datetime.timedelta(**({"microseconds": 1} if "us" in kind else {"milliseconds": 1}))
    return x


def read_with_java(files):
    """Rows by the first directory of the files' names."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "java", "ParquetLines.java")
    command = ["java", "-cp", os.environ["PARQUET_JARS"] + "/*", source, *files]
    # file names are UTF-8
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=dict(os.environ, LC_ALL="C.UTF-8")).stdout
    found = {}
    for line in map(json.loads, printed.decode().splitlines()):
        if isinstance(line, str):
            rows = found.setdefault(line.split("/")[0], [])
        else:
            rows.append(line)
    return found


def case_java():
    """parquet-java, jars in $PARQUET_JARS: all types in every compression, by value."""
    columns = make_columns(ALL)
    wanted, files = {}, []
    for codec in ("none", "snappy", "lz4", "zstd", "gzip"):
        wanted[codec] = make_rows(columns, 700)
        check_lake(columns, wanted[codec], "-z", codec, "--row-group-bytes", "64K")
        os.rename("lake", codec)
        files += glob.glob(codec + "/**/*.parquet", recursive=True)
    for codec, found in read_with_java(files).items():
        rows = wanted.pop(codec)
        found.sort(key=lambda row: row[0])
        compare("parquet-java: id", [r[0] for r in found], list(range(len(rows))))
        for i, c in enumerate(columns):
            got = [r[i + 1] for r in found]
            if c["type"] == "float":
                got = [x if x is None else readers.to_float(x) for x in got]
            compare("parquet-java: " + c["type"], got, [java_value(c["type"], expected(c["type"], r[i])) for r in rows])
    if wanted:
        fail("parquet-java: nothing of %s" % list(wanted))


def main():
    readers.rng = random.Random(sys.argv[1])
    globals()["case_" + sys.argv[1]]()


if __name__ == "__main__":
    main()
