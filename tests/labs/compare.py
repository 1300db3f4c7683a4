# SPDX-License-Identifier: MIT
"""compare.py LAB FILE...: what a lab should have made of its input, by the standard library alone, beside what was found.

The files are the input and what services and kcat answered; tests/labs has which for each lab. Prints rows of three
cells with tabs between: what, expected, got. Nothing here decides: a row is good where two cells are the same.
"""
import collections
import csv
import datetime
import glob
import gzip
import json
import math
import os
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import clickstream as tutorial  # pylint: disable=wrong-import-position

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
RIDE = {"id": str, "vendor_id": int, "pickup_date": str, "dropoff_date": str, "passenger_count": int,
        "pickup_longitude": str, "pickup_latitude": str, "dropoff_longitude": str, "dropoff_latitude": str,
        "store_and_fwd_flag": str, "gc_distance": int, "trip_duration": int, "google_distance": int,
        "google_duration": int}
TRIP = {"id": str, "vendor_id": int, "pickup_datetime": str, "dropoff_datetime": str, "passenger_count": int,
        "pickup_longitude": str, "pickup_latitude": str, "dropoff_longitude": str, "dropoff_latitude": str,
        "store_and_fwd_flag": str, "gc_distance": float, "trip_duration": int, "google_distance": str,
        "google_duration": str}


def row(what, expected, got):
    print(what, expected, got, sep="\t")


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def rows_of(path):
    return [json.loads(line) for line in lines(path)]


def differing(expected, got):
    """How many of one are not in the other; both may hold the same thing several times."""
    expected, got = collections.Counter(expected), collections.Counter(got)
    return sum(((expected - got) + (got - expected)).values())


def members(value):
    """To compare and to count: in their order, and numbers by their values."""
    return tuple((name, tuple(member) if isinstance(member, list) else member) for name, member in value.items())


def ms(stamp):
    """Of ISO 8601; without a zone it is UTC."""
    time = datetime.datetime.fromisoformat(stamp.removesuffix("Z")).replace(tzinfo=datetime.timezone.utc)
    return round(time.timestamp() * 1000)


def iso(time_ms):
    time = datetime.datetime.fromtimestamp(time_ms / 1000, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"


def murmur2(key):
    """As Kafka's clients place keys: org.apache.kafka.common.utils.Utils.murmur2."""
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    value = (0x9747B28C ^ len(key)) & mask
    whole = len(key) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i:i + 4], "little") * factor & mask
        k = (k ^ k >> 24) * factor & mask
        value = value * factor & mask ^ k
    if key[whole:]:
        value = (value ^ int.from_bytes(key[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    return value ^ value >> 15


def partition_of(key, partitions):
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def types_of(value):
    return {name: type(member) for name, member in value.items()}


def is_ride(value):
    """The members of Lab 1's producer with their types, and its ranges."""
    if list(value) != list(RIDE) or types_of(value) != RIDE:
        return False
    minutes = (ms(value["dropoff_date"]) - ms(value["pickup_date"])) / MINUTE_MS
    return (value["id"].startswith("id") and 1 <= value["vendor_id"] <= 5 and 1 <= value["passenger_count"] <= 9
            and 30 <= minutes <= 100 and value["store_and_fwd_flag"] in ("Y", "N")
            and 1 <= value["gc_distance"] <= 7 and value["google_distance"] == value["gc_distance"]
            and 8 <= value["trip_duration"] <= 10000 and value["google_duration"] == value["trip_duration"]
            and -75 < float(value["pickup_longitude"]) < -73 and 40 < float(value["dropoff_latitude"]) < 42)


def rides(count, partitions, path):
    records = rows_of(path)
    count, partitions = int(count), int(partitions)
    values = [json.loads(record["payload"]) for record in records]
    row("records in the topic", count, len(records))
    row("ids", count, len({value["id"] for value in values}))
    row("rides with the members, types and ranges of Lab 1", count, sum(map(is_ride, values)))
    row('keys that are {"id": "..."} of their ride', count,
        sum(record["key"] == json.dumps({"id": value["id"]}) for record, value in zip(records, values)))
    row("records in the partition where Java would put the key", count,
        sum(record["partition"] == partition_of(record["key"], partitions) for record in records))
    row("vendors", "1 2 3 4 5", " ".join(map(str, sorted({value["vendor_id"] for value in values}))))
    row("first pickup", "2023-12-31T23:55:00.000", min(value["pickup_date"] for value in values))
    row("last pickup", iso(ms("2023-12-31T23:55:00") + (count - 1) * 200)[:-1],
        max(value["pickup_date"] for value in values))


def replay(csv_path, csv_kcat, json_path, json_kcat):
    with open(csv_path, newline="", encoding="utf-8") as file:
        trips = [{name: kind(cell) for (name, kind), cell in zip(TRIP.items(), cells)} for cells in csv.reader(file)]
    records = rows_of(csv_kcat)
    row("rows of CSV, and records of them", len(trips), len(records))
    row("records whose members differ from their row", 0,
        differing(map(members, trips), (members(json.loads(record["payload"])) for record in records)))
    row("records whose key is not that of their id", 0,
        differing((json.dumps({"id": trip["id"]}, separators=(",", ":")) for trip in trips),
                  (record["key"] for record in records)))
    events, records = lines(json_path), rows_of(json_kcat)
    row("lines of JSON in two LZ4 frames, and records of them", len(events), len(records))
    row("records that are not the bytes of their line, in its place", 0,
        sum(event != record["payload"] for event, record in zip(events, records)))
    row("records whose timestamp is not their dropoff", 0,
        sum(ms(json.loads(record["payload"])["dropoff_datetime"]) != record["ts"] for record in records))


def values_of(kcat):
    return [json.loads(record["payload"]) for record in rows_of(kcat)]


def hour_of(ride):
    year, month, day, hour = ride["pickup_date"].replace("T", "-").partition(":")[0].split("-")
    return {"year": year, "month": month, "date": day, "hour": hour}


def objects(kcat, listing):
    found = [line.split("\t")[1] for line in lines(listing)]
    folders = {"/".join(f"{name}={value}" for name, value in hour_of(ride).items()) for ride in values_of(kcat)}
    in_s3 = {key.removeprefix("rides/").rpartition("/")[0] for key in found}
    row("hours of the rides, and folders of objects in S3", len(folders), len(in_s3))
    row("folders that are not those of the hours", 0, differing(list(folders), list(in_s3)))
    row("objects that are Parquet", len(found), sum(key.endswith(".parquet") for key in found))


def lake(kcat, hours, rows):
    values = values_of(kcat)
    counts, passengers = collections.Counter(), collections.Counter()
    for ride in values:
        counts[tuple(hour_of(ride).values())] += 1
        passengers[tuple(hour_of(ride).values())] += ride["passenger_count"]
    found = {(row["year"], row["month"], row["date"], row["hour"]): row for row in rows_of(hours)}
    for hour in sorted(counts.keys() | found.keys()):
        got = found.get(hour, {})
        row(f"SQL, {'-'.join(hour[:3])} {hour[3]}h: rides, passengers", f"{counts[hour]}, {passengers[hour]}",
            f"{got.get('rides')}, {got.get('passengers')}")
    row("rows that differ from their ride in a column", 0,
        differing((sorted_members(ride) for ride in values), map(sorted_members, rows_of(rows))))


def sorted_members(value):
    return tuple(sorted(members(value)))


def documents(search):
    """By their ids. One that is there twice, in two indices, would show in their number."""
    with open(search, encoding="utf-8") as file:
        return {hit["_id"]: hit["_source"] for hit in json.load(file)["hits"]["hits"]}


def is_clean(ride):
    places = (ride[name] for name in ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude"))
    return all(float(place) != 0 for place in places) and ride["passenger_count"] <= 6 and ride["trip_duration"] >= 60


def aggregate(kcat, search, aggregation):
    clean = [ride for ride in values_of(kcat) if is_clean(ride)]
    windows, vendors = {}, collections.Counter()
    for ride in clean:
        start = ms(ride["pickup_date"]) // 5000 * 5000
        window = windows.setdefault(f"{ride['vendor_id']}-{iso(start)}", {
            "window_start": iso(start), "window_end": iso(start + 5000), "window_time": iso(start + 4999),
            "vendor_id": ride["vendor_id"], "trip_count": 0, "passenger_count": 0, "trip_duration": 0})
        window["trip_count"] += 1
        window["passenger_count"] += ride["passenger_count"]
        window["trip_duration"] += ride["trip_duration"]
        vendors[ride["vendor_id"]] += 1
    found = documents(search)
    row("windows by vendor, and documents", len(windows), len(found))
    row("documents that differ from their window", 0, differing(map(members, windows.values()), map(members, found.values())))
    row("documents whose id is not that of their window", 0, differing(list(windows), list(found)))
    row("clean rides, and those in documents", len(clean), sum(document["trip_count"] for document in found.values()))
    with open(aggregation, encoding="utf-8") as file:
        buckets = json.load(file)["aggregations"]["vendors"]["buckets"]
    row("OpenSearch's sums by vendor", " ".join(f"{vendor}:{count}" for vendor, count in sorted(vendors.items())),
        " ".join(f"{bucket['key']}:{round(bucket['trips']['value'])}"
                 for bucket in sorted(buckets, key=lambda bucket: bucket["key"])))


def attribute(value):
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def items(kcat, scan):
    expected = {ride["id"]: {name: attribute(value) for name, value in ride.items()} for ride in values_of(kcat)}
    found = rows_of(scan)
    row("rides, and items of the table", len(expected), len(found))
    row("items that differ from their ride", 0, sum(expected.get(item["id"]["S"]) != item for item in found))


def key_of(line):
    """Of bytes that are a record, as a key of type S: a text, or the JSON of what is none; none without a record."""
    try:
        key = json.loads(line)["id"]
    except ValueError:
        return None
    return key if isinstance(key, str) else json.dumps(key)


def faulty(topic, scan, rejected):
    """Records of one partition, as bytes; broken ones may be no UTF-8."""
    with open(topic, "rb") as file:
        keys = list(map(key_of, file.read().splitlines()))
    bad = [offset for offset, key in enumerate(keys) if key is None]
    expected, found = set(keys) - {None}, [item["id"]["S"] for item in rows_of(scan)]
    row("ids of records that are JSON, and items", len(expected), len(found))
    row("items whose id is none of those", 0, differing(list(expected), found))
    row("records that are no JSON, and rejected ones", len(bad), len(rows_of(rejected)))
    row("rejected ones that are none of those", 0, differing(bad, (letter["offset"] for letter in rows_of(rejected))))


def function(kcat, log):
    records, logged = rows_of(kcat), rows_of(log)
    row("rides, and records in the function's log", len(records), len(logged))
    expected = ((record["topic"], record["partition"], record["offset"], iso(record["ts"])[:-1] + "+00:00",
                 record["key"], sorted_members(json.loads(record["payload"]))) for record in records)
    found = ((record["topic"], record["partition"], record["offset"], record["timestamp"],
              json.dumps(record["key"]), sorted_members(record["value"])) for record in logged)
    row("records that differ from those of the topic", 0, differing(expected, found))
    last, behind = {}, 0
    for record in logged:
        behind += record["offset"] <= last.get(record["partition"], -1)
        last[record["partition"]] = record["offset"]
    row("records logged behind a later one of their partition", 0, behind)


def cents(trips, name):
    return sum(round(trip[name] * 100) for trip in trips)


def total_of(path, name):
    """Of an aggregation's sum."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)["aggregations"][name]["value"]


def lines_of_object(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().splitlines()


def lake_lines(folder):
    """Pairs of a line and where it lies, below folder."""
    for path in glob.glob(folder + "/**/*.json.gz", recursive=True):
        for line in lines_of_object(path):
            yield line, os.path.relpath(os.path.dirname(path), folder)


def lag(path, partitions, answer):
    """Of the two sinks, which have read all of the topic."""
    groups = collections.defaultdict(list)
    for partition in rows_of(answer):
        groups[partition["group"]].append(partition)
    row("groups that have read trips", 2, len(groups))
    for name, found in groups.items():
        row(f"{name.split('.')[1]}: partitions, records committed, lag", f"{partitions}, {len(lines(path))}, 0",
            f"{len(found)}, {sum(p['current_offset'] for p in found)}, {sum(p['lag'] for p in found)}")


def etl(path, before, after, folder, search, tips):
    trips = rows_of(path)
    where = [f"pickup_location={trip['pickup_location_id']:03d}/year={trip['pickup_datetime'][:4]}/"
             f"month={trip['pickup_datetime'][5:7]}" for trip in trips]
    found = list(lake_lines(folder))
    row("trips, and lines of the lake", len(trips), len(found))
    row("lines that are not their trip's bytes, or not in its place", 0, differing(zip(lines(path), where), found))
    came_late = {line for line, trip in zip(lines(path), trips) if trip["dropoff_datetime"] < "2019-01-01"}
    new = {entry.split("\t")[1].removeprefix("trips/") for entry in set(lines(after)) - set(lines(before))}
    row("late trips, and lines of them in objects that are new", len(came_late),
        sum(line in came_late for name in new for line in lines_of_object(os.path.join(folder, name))))
    row("objects of before that have changed", 0, len(set(lines(before)) - set(lines(after))))
    found = documents(search)
    row("trips, and documents", len(trips), len(found))
    row("documents that differ from their trip", 0, sum(found.get(str(trip["trip_id"])) != trip for trip in trips))
    row("tips, by OpenSearch's sum over the index", f"{cents(trips, 'tip_amount') / 100:.2f}",
        f"{total_of(tips, 'tips'):.2f}")


def late(path, windows, late_path):
    """A watermark half an hour behind the latest pickup; a trip whose hour has ended before it is late."""
    counts, revenue, latest, is_late = collections.Counter(), collections.Counter(), -math.inf, []
    for line in lines(path):
        trip = json.loads(line)
        pickup = ms(trip["pickup_datetime"])
        start = pickup // HOUR_MS * HOUR_MS
        if start + HOUR_MS <= latest - 30 * MINUTE_MS:
            is_late.append(line)
            continue
        latest = max(latest, pickup)
        counts[iso(start), trip["vendor_id"]] += 1
        revenue[iso(start), trip["vendor_id"]] += cents([trip], "total_amount")
    found = rows_of(windows)
    row("windows by hour and vendor", len(counts), len(found))
    row("windows whose trips or revenue differ", 0, differing(
        ((key, count, revenue[key]) for key, count in counts.items()),
        (((window["window_start"], window["vendor_id"]), window["trips"], round(window["revenue"] * 100))
         for window in found)))
    row("trips too late for their window", len(is_late), len(lines(late_path)))
    row("lines of those that differ", 0, differing(is_late, lines(late_path)))


def clickstream(clicks, details, counts, departments, histogram):
    """tests/clickstream.py has the tutorial's job."""
    sessions, *expected = tutorial.outputs(clicks)
    for what, wanted, path in zip(("sessions with an order", "counts of sessions", "counts of departments"), expected,
                                  (details, counts, departments)):
        found = documents(path).values()
        row(f"{what}, and documents", len(wanted), len(found))
        row("documents that differ", 0, differing(map(members, wanted), map(members, found)))
    with open(histogram, encoding="utf-8") as file:
        buckets = json.load(file)["aggregations"]["windows"]["buckets"]
    row("windows of ten seconds in OpenSearch's histogram by time", len(expected[1]), len(buckets))
    row("sessions in it", len(sessions), round(sum(bucket["sessions"]["value"] for bucket in buckets)))


def main():
    labs = {"rides": rides, "replay": replay, "objects": objects, "lake": lake, "aggregate": aggregate,
            "items": items, "faulty": faulty, "function": function, "lag": lag, "etl": etl, "late": late, "clickstream": clickstream}
    labs[sys.argv[1]](*sys.argv[2:])


main()
