#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readers.py CASE PROGRAM: makes records from a seed, has PROGRAM (json_to_parquet) write them, reads the
files with pyarrow and DuckDB and compares every value, and the statistics, with what the JSON says.

Expected values are worked out here from the JSON text by Python's own json, decimal and datetime.
"""
import datetime
import decimal
import json
import math
import random
import subprocess
import sys
import tempfile

import duckdb
import pyarrow
import pyarrow.parquet as parquet

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
decimal.getcontext().prec = 60


def fail(why):
    sys.exit("FAILED: " + why)


def write(program, schema, lines, codec="snappy", *bounds):
    """The file's name. Records that do not fit are a failure."""
    out = tempfile.NamedTemporaryFile(dir=".", suffix=".parquet", delete=False)
    with open("schema.json", "w") as f:
        json.dump({"columns": schema}, f)
    text = "".join(line + "\n" for line in lines).encode()
    subprocess.run([program, "schema.json", codec, *map(str, bounds)], input=text, stdout=out, check=True)
    return out.name


# ---- what a value is expected to be, as pyarrow gives it ----

def to_float(x):
    return pyarrow.scalar(float(x), pyarrow.float32()).as_py()


def to_time(x, is_local):
    if isinstance(x, str):
        t = datetime.datetime.fromisoformat(x.replace("Z", "+00:00"))
        if t.tzinfo is None:
            t = t.replace(tzinfo=UTC)
    else:
        t = EPOCH + datetime.timedelta(milliseconds=int(x))
    return t.astimezone(UTC).replace(tzinfo=None) if is_local else t


def to_date(x):
    if isinstance(x, str):
        return datetime.date.fromisoformat(x[:10])
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=int(x))


def expected(kind, raw):
    """raw: the value's JSON text; None for null and missing."""
    if raw is None or (raw == "null"):
        return None
    if kind == "json":
        return raw
    x = json.loads(raw, parse_int=decimal.Decimal, parse_float=decimal.Decimal)
    if kind in ("bool", "string"):
        return x
    if kind in ("int32", "int64"):
        return int(x)
    if kind == "double":
        return float(x)
    if kind == "float":
        return to_float(x)
    if kind.startswith("decimal"):
        scale = int(kind.split(",")[1][:-1])
        return decimal.Decimal(x).quantize(decimal.Decimal(1).scaleb(-scale))
    if kind == "date":
        return to_date(x)
    return to_time(x, "local" in kind)


# ---- seeded values, as JSON text ----

def quoted(text):
    return json.dumps(text, ensure_ascii=random_bit())


def random_bit():
    return rng.random() < 0.5


def make_text():
    alphabet = "abc XYZ\"\\/\n\t\u00e9\u20ac\U0001f600\u0000\ud7ff\uffff"
    return "".join(rng.choice(alphabet) for _ in range(rng.choice([0, 1, 5, 20, 63, 64, 65, 90])))


def make_decimal(digits, scale):
    n = rng.randrange(10 ** rng.randint(1, digits))
    x = decimal.Decimal(n).scaleb(-scale)
    text = rng.choice(["", "-"]) + format(x, "f")
    return quoted(text) if random_bit() else text


def make_time(us):
    t = datetime.datetime(1900, 1, 1) + datetime.timedelta(microseconds=rng.randrange(2 * 10 ** 15 * 3))
    if not us:
        t = t.replace(microsecond=t.microsecond // 1000 * 1000)
    return quoted(t.isoformat(sep=rng.choice("T "), timespec="microseconds" if us or random_bit() else "milliseconds")
                  + rng.choice(["Z", "", "+02:00"]))


MAKERS = {
    "bool": lambda: rng.choice(["true", "false"]),
    "int32": lambda: str(rng.choice([rng.randint(-2**31, 2**31 - 1), rng.randint(-3, 3), -2**31, 2**31 - 1])),
    "int64": lambda: rng.choice([str(rng.randint(-2**63, 2**63 - 1)), "1e3", "12.0", "-0", str(-2**63), str(2**63 - 1)]),
    "float": lambda: rng.choice([repr(rng.uniform(-1e30, 1e30)), "0.1", "-0.0", "16777217", "1e-50"]),
    "double": lambda: rng.choice([repr(rng.uniform(-1e300, 1e300)), "0.1", "-0.0", "1e308",
                                  "5e-324", "123456789012345678901234567890.5", repr(rng.random())]),
    "decimal(9,2)": lambda: make_decimal(9, 2),
    "decimal(18,6)": lambda: make_decimal(18, 6),
    "decimal(38,10)": lambda: make_decimal(38, 10),
    "decimal(20,0)": lambda: make_decimal(20, 0),
    "string": lambda: quoted(make_text()),
    "timestamp(ms)": lambda: rng.choice([make_time(False), str(rng.randint(-10**12, 2 * 10**12))]),
    "timestamp(us)": lambda: make_time(True),
    "timestamp(ms,local)": lambda: make_time(False),
    "timestamp(us,local)": lambda: make_time(True),
    "date": lambda: rng.choice(['"2019-01-01"', '"0001-01-01"', '"9999-12-31"', str(rng.randint(-10000, 10000)),
                                '"2020-02-29T00:00:00Z"']),
    "json": lambda: rng.choice(['{"a": [1, 2.50]}', "[]", '"text \\u00e9"', "1.0", "true", '{"z":null,"a":"\u20ac"}']),
}


def make_columns(kinds):
    return [{"name": "c%d" % i, "path": "c%d" % i if i % 3 else "deep.er.c%d" % i, "type": kind,
             "nullable": nullable} for i, (kind, nullable) in enumerate(kinds)]


def make_rows(schema, count, null_share=0.3, pool=None):
    """Rows of JSON texts; with a pool, values are drawn from so many distinct ones."""
    pools = [[MAKERS[c["type"]]() for _ in range(pool)] if pool else None for c in schema]
    rows = []
    for _ in range(count):
        row = []
        for c, p in zip(schema, pools):
            if c["nullable"] and rng.random() < null_share:
                row.append(rng.choice([None, "null"]))
            else:
                row.append(rng.choice(p) if p else MAKERS[c["type"]]())
        rows.append(row)
    return rows


def as_line(schema, row):
    flat, deep = [], []
    for c, raw in zip(schema, row):
        if raw is not None:
            (deep if c["path"].startswith("deep") else flat).append('"%s": %s' % (c["name"], raw))
    return "{%s}" % ", ".join(flat + ['"deep":{"er":{%s}}' % ",".join(deep)])


# ---- comparing ----

def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return type(a) is type(b) and a == b


def compare(name, got, wanted):
    if len(got) != len(wanted):
        fail("%s: %d values, expected %d" % (name, len(got), len(wanted)))
    for i, (a, b) in enumerate(zip(got, wanted)):
        if not same(a, b):
            fail("%s, row %d: %r, expected %r" % (name, i, a, b))


def check_pyarrow(path, schema, rows):
    table = parquet.read_table(path, page_checksum_verification=True)
    if table.num_rows != len(rows) or table.column_names != [c["name"] for c in schema]:
        fail("%s: %d rows, columns %s" % (path, table.num_rows, table.column_names))
    for i, c in enumerate(schema):
        if table.schema.field(i).nullable != c.get("nullable", False):
            fail("%s: nullable is not as asked for" % c["name"])
        column = table.column(i)
        if isinstance(column.type, pyarrow.BaseExtensionType):
            column = column.cast(column.type.storage_type)
        compare("pyarrow: " + c["type"], column.to_pylist(), [expected(c["type"], r[i]) for r in rows])


def duckdb_value(kind, x):
    """What DuckDB gives of an expected value."""
    if x is not None and kind.startswith("timestamp") and "local" not in kind:
        return x.astimezone(UTC)
    return x


def check_duckdb(path, schema, rows):
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    found = connection.execute("SELECT * FROM '%s'" % path).fetchall()
    if len(found) != len(rows):
        fail("DuckDB: %d rows" % len(found))
    for i, c in enumerate(schema):
        got = [r[i] for r in found]
        if c["type"].startswith("timestamp") and "local" not in c["type"]:
            got = [x and x.astimezone(UTC) for x in got]
        compare("DuckDB: " + c["type"], got, [expected(c["type"], r[i]) for r in rows])
        names = connection.execute("SELECT column_name FROM (DESCRIBE SELECT * FROM '%s')" % path).fetchall()
        if names[i][0] != c["name"]:
            fail("DuckDB: %s" % names)


def order_key(kind):
    if kind in ("string", "json"):
        return lambda x: x.encode()
    return lambda x: x


def check_bounds(kind, stats, values):
    key = order_key(kind)
    low, high = min(values, key=key), max(values, key=key)
    got_low, got_high = stats.min, stats.max
    if kind.startswith("timestamp") and "local" not in kind and got_low.tzinfo is None:
        got_low, got_high = got_low.replace(tzinfo=UTC), got_high.replace(tzinfo=UTC)
    if kind in ("string", "json"):
        got_low = got_low if isinstance(got_low, bytes) else got_low.encode()
        got_high = got_high if isinstance(got_high, bytes) else got_high.encode()
        low, high = low.encode(), high.encode()
        got_low.decode(), got_high.decode()
        if got_low > low or got_high < high or len(got_low) > 64 or len(got_high) > 64:
            fail("%s: bounds %r %r of %r %r" % (kind, got_low, got_high, low, high))
        if len(low) <= 64 and got_low != low or len(high) <= 64 and got_high != high:
            fail("%s: bounds %r %r are not %r %r" % (kind, got_low, got_high, low, high))
    elif got_low != low or got_high != high:
        fail("%s: bounds %r %r, expected %r %r" % (kind, got_low, got_high, low, high))


def check_statistics(path, schema, rows):
    metadata = parquet.read_metadata(path)
    begin = 0
    for g in range(metadata.num_row_groups):
        group = metadata.row_group(g)
        part = rows[begin:begin + group.num_rows]
        begin += group.num_rows
        for i, c in enumerate(schema):
            stats = group.column(i).statistics
            values = [expected(c["type"], r[i]) for r in part]
            nulls = sum(1 for v in values if v is None)
            values = [v for v in values if v is not None]
            if stats.null_count != nulls:
                fail("%s: %d nulls, expected %d" % (c["type"], stats.null_count, nulls))
            if stats.has_min_max != bool(values) and not (c["type"] in ("string", "json") and values):
                fail("%s: bounds where there are none" % c["type"])
            if values and stats.has_min_max:
                check_bounds(c["type"], stats, values)
    if not metadata.created_by.startswith("sluice version "):
        fail("created by " + metadata.created_by)
    return metadata


def check(path, schema, rows):
    check_pyarrow(path, schema, rows)
    check_duckdb(path, schema, rows)
    return check_statistics(path, schema, rows)


# ---- the cases ----

ALL = [(kind, nullable) for kind in MAKERS for nullable in (True, False)]


def case_types(program):
    """All types, with and without nulls, in every compression and with many row groups and pages."""
    schema = make_columns(ALL)
    for codec in ("none", "snappy", "lz4", "zstd", "gzip"):
        rows = make_rows(schema, 1000)
        metadata = check(write(program, schema, [as_line(schema, r) for r in rows], codec, 1 << 20, 300, 500), schema, rows)
        if metadata.num_row_groups != 4:
            fail("%d row groups" % metadata.num_row_groups)
        wanted = {"none": "UNCOMPRESSED", "lz4": "LZ4"}.get(codec, codec.upper())
        found = metadata.row_group(0).column(0).compression
        if not found.startswith(wanted):
            fail("compression is %s" % found)


def case_dictionary(program):
    """Few distinct values: all but bool are dictionary encoded. Many: none."""
    schema = make_columns(ALL)
    for pool, has in ((5, True), (None, False)):
        rows = make_rows(schema, 3000, 0.5, pool)
        metadata = check(write(program, schema, [as_line(schema, r) for r in rows], "snappy", 1 << 28, 1 << 20, 300),
                         schema, rows)
        if metadata.num_row_groups != 1:
            fail("%d row groups" % metadata.num_row_groups)
        for i, (kind, _) in enumerate(ALL):
            # values of these are drawn from a few
            if kind != "bool" and (has or kind in ("decimal(18,6)", "timestamp(us)")):
                if metadata.row_group(0).column(i).has_dictionary_page != has:
                    fail("%s: dictionary or not" % kind)


def case_fallback(program):
    """Repeated values, then more distinct ones than a dictionary takes: both encodings in one chunk."""
    schema = [{"name": "a", "type": "string", "nullable": True}, {"name": "b", "type": "string"}]
    filler = "x" * 180
    rows = []
    for i in range(20000):
        text = '"%s %d"' % (filler, i if 10003 < i < 17000 else i % 100)
        rows.append([text if i % 7 else None, text])
    path = write(program, schema, ['{"b":%s%s}' % (r[1], r[0] and ',"a":' + r[0] or "") for r in rows], "snappy", 1 << 28)
    metadata = check(path, schema, rows)
    for i in range(2):
        column = metadata.row_group(0).column(i)
        if not column.has_dictionary_page or set(column.encodings) != {"PLAIN", "RLE", "RLE_DICTIONARY"}:
            fail("no fall-back in %s" % column.path_in_schema)
        if column.total_uncompressed_size > 4 << 20:
            fail("the dictionary was given up: %d bytes" % column.total_uncompressed_size)


def case_nothing(program):
    """No rows, rows of nothing but nulls, one row."""
    schema = make_columns([(kind, True) for kind in MAKERS])
    for count in (0, 1, 9):
        for share in (0, 1):
            rows = make_rows(schema, count, share)
            metadata = check(write(program, schema, [as_line(schema, r) for r in rows]), schema, rows)
            if metadata.num_row_groups != (count > 0):
                fail("%d row groups" % metadata.num_row_groups)


def case_columns(program):
    """A hundred columns."""
    schema = make_columns((ALL * 4)[:100])
    rows = make_rows(schema, 500, 0.2, 100)
    check(write(program, schema, [as_line(schema, r) for r in rows], "zstd", 1 << 18), schema, rows)


def case_rows(program):
    """Many rows in row groups by memory, compared by DuckDB's own JSON reader too."""
    schema = [{"name": "id", "type": "int64"}, {"name": "stamp", "type": "timestamp(ms)"},
              {"name": "place", "type": "string", "nullable": True}, {"name": "fare", "type": "double"},
              {"name": "paid", "type": "decimal(12,2)"}, {"name": "ok", "type": "bool"}]
    rows = []
    for i in range(60000):
        rows.append([str(i * 3), str(1546300800000 + i * 250), None if i % 11 == 0 else '"p%d"' % rng.randrange(300),
                     "%.2f" % rng.uniform(-5, 60), "%.2f" % rng.uniform(0, 60), "true" if random_bit() else "false"])
    lines = ["{%s}" % ",".join('"%s":%s' % (c["name"], v) for c, v in zip(schema, r) if v is not None) for r in rows]
    path = write(program, schema, lines, "snappy", 1 << 20)
    metadata = check(path, schema, rows)
    if metadata.num_row_groups < 2:
        fail("one row group")
    with open("rows.json", "w") as f:
        f.write("\n".join(lines) + "\n")
    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    differences = connection.execute("""
        WITH theirs AS (SELECT id, epoch_ms(stamp) AS stamp, place, fare, paid, ok FROM read_json('rows.json',
            format='newline_delimited', columns={id:'BIGINT', stamp:'BIGINT', place:'VARCHAR', fare:'DOUBLE',
            paid:'DECIMAL(12,2)', ok:'BOOLEAN'})),
        ours AS (SELECT * REPLACE (stamp::TIMESTAMP AS stamp) FROM '%s')
        SELECT count(*) FROM ((FROM ours EXCEPT ALL FROM theirs) UNION ALL (FROM theirs EXCEPT ALL FROM ours))
        """ % path).fetchone()[0]
    if differences:
        fail("%d differences to DuckDB's own reading" % differences)


def main():
    global rng
    case, program = sys.argv[1:]
    rng = random.Random(case)
    globals()["case_" + case](program)


if __name__ == "__main__":
    main()
