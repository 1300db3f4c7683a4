# SPDX-License-Identifier: MIT
"""compare.py LAB FILE...: what a lab should have made of its input, by the standard library alone, beside what was
found.

The files are the input and what services and kcat answered; tests/labs has which for each lab. Prints rows of three
cells with tabs between: what, expected, got. Nothing here decides: a row is good where two cells are the same. Only
input without a line ends it, as nothing could differ then.
"""
import collections
import csv
import datetime
import glob
import gzip
import json
import math
import os
import re
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


def truth(path):
    """The lines of what others are compared with."""
    found = lines(path)
    if not found:
        raise SystemExit(f"compare.py: {path} is empty")
    return found


def objects_of(json_lines):
    return [json.loads(line) for line in json_lines]


def rows_of(path):
    return objects_of(lines(path))


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


def records(count, path):
    row("records in the topic", int(count), len(lines(path)))


def rides(count, partitions, path):
    records(count, path)
    found = objects_of(truth(path))
    count, partitions = int(count), int(partitions)
    values = [json.loads(record["payload"]) for record in found]
    row("ids", count, len({value["id"] for value in values}))
    row("rides with the members, types and ranges of Lab 1", count, sum(map(is_ride, values)))
    row('keys that are {"id": "..."} of their ride', count,
        sum(record["key"] == json.dumps({"id": value["id"]}) for record, value in zip(found, values)))
    row("records in the partition where Java would put the key", count,
        sum(record["partition"] == partition_of(record["key"], partitions) for record in found))
    row("vendors", "1 2 3 4 5", " ".join(map(str, sorted({value["vendor_id"] for value in values}))))
    row("first pickup", "2023-12-31T23:55:00.000", min(value["pickup_date"] for value in values))
    row("last pickup", iso(ms("2023-12-31T23:55:00") + (count - 1) * 200)[:-1],
        max(value["pickup_date"] for value in values))


def replay(csv_path, csv_kcat, json_path, json_kcat):
    trips = [{name: kind(cell) for (name, kind), cell in zip(TRIP.items(), cells)}
             for cells in csv.reader(truth(csv_path))]
    found = rows_of(csv_kcat)
    row("rows of CSV, and records of them", len(trips), len(found))
    row("records whose members differ from their row, or whose key is not of its id", 0,
        differing(((json.dumps({"id": trip["id"]}, separators=(",", ":")), members(trip)) for trip in trips),
                  ((record["key"], members(json.loads(record["payload"]))) for record in found)))
    events, found = truth(json_path), rows_of(json_kcat)
    row("lines of JSON in two LZ4 frames, and records of them", len(events), len(found))
    row("records that are not the bytes of their line, in its place", 0,
        sum(event != record["payload"] for event, record in zip(events, found)))
    row("records whose timestamp is not their dropoff", 0,
        sum(ms(json.loads(record["payload"])["dropoff_datetime"]) != record["ts"] for record in found))


def values_of(kcat):
    return [json.loads(record["payload"]) for record in objects_of(truth(kcat))]


def hour_of(ride):
    year, month, day, hour = ride["pickup_date"].replace("T", "-").partition(":")[0].split("-")
    return {"year": year, "month": month, "date": day, "hour": hour}


def keys_of(listing):
    return [entry.split("\t")[1] for entry in lines(listing)]


def folder_of(ride):
    return "/".join(f"{name}={value}" for name, value in hour_of(ride).items())


def complete_folders(kcat):
    """Of hours that end a minute before what each partition has come to."""
    latest = {}
    for record, ride in zip(rows_of(kcat), values_of(kcat)):
        latest[record["partition"]] = max(latest.get(record["partition"], ""), ride["pickup_date"])
    now = iso(ms(min(latest.values())) - MINUTE_MS)
    return {folder_of(ride) for ride in values_of(kcat) if ride["pickup_date"][:13] < now[:13]}


def objects(kcat, listing):
    keys = [key.removeprefix("rides/") for key in keys_of(listing)]
    marks = [key for key in keys if key.endswith("/_SUCCESS")]
    found = [key for key in keys if key not in marks]
    folders = set(map(folder_of, values_of(kcat)))
    in_s3 = {key.rpartition("/")[0] for key in found}
    row("hours of the rides, and folders of objects in S3", len(folders), len(in_s3))
    row("folders that are not those of the hours", 0, differing(list(folders), list(in_s3)))
    row("objects that are Parquet", len(found), sum(key.endswith(".parquet") for key in found))
    row("hours that are over, and those with _SUCCESS", *(
        " ".join(re.sub(r"\w+=", "", folder) for folder in sorted(folders))
        for folders in (complete_folders(kcat), [key.removesuffix("/_SUCCESS") for key in marks])))


def table(statement):
    """Of Athena: a ride's columns, times as such, what Lab 3 adds, and the partitions."""
    columns = {name: "timestamp" if name.endswith("_date") else "bigint" if kind is int else "string"
               for name, kind in RIDE.items()}
    columns |= {"source": "string", "year": "int", "month": "int", "date": "int", "hour": "int"}
    found = re.findall(r"^  `(\w+)` (\w+)", "\n".join(lines(statement)), re.MULTILINE)
    row("columns of the lake, and of Athena's table", len(columns), len(found))
    row("columns of another name or type", 0, differing(columns.items(), found))


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
    """How many an index has, and pairs of id and members of those that it gave."""
    with open(search, encoding="utf-8") as file:
        hits = json.load(file)["hits"]
    return hits["total"]["value"], [(hit["_id"], members(hit["_source"])) for hit in hits["hits"]]


def buckets_of(path, name, value):
    """Of an aggregation by terms or times: the sums by key."""
    with open(path, encoding="utf-8") as file:
        buckets = json.load(file)["aggregations"][name]["buckets"]
    return {bucket["key"]: round(bucket[value]["value"]) for bucket in buckets}


PLACES = ("pickup_latitude", "pickup_longitude", "dropoff_latitude", "dropoff_longitude")
FLAWS = {"a coordinate of 0": lambda ride: any(float(ride[name]) == 0 for name in PLACES),
         "more than 6 passengers": lambda ride: ride["passenger_count"] > 6,
         "less than a minute": lambda ride: ride["trip_duration"] < 60}


def is_clean(ride):
    return not any(has(ride) for has in FLAWS.values())


def clean(clean_kcat, *kcats):
    """Records go through the pipe as they are, with key, time and partition."""
    def records_of(*paths):
        return collections.Counter((record["partition"], record["ts"], record["key"], record["payload"])
                                   for path in paths for record in rows_of(path))

    before, kept = records_of(*kcats), records_of(clean_kcat)
    left_out = [json.loads(record[-1]) for record in (before - kept).elements()]
    values = [ride for path in kcats for ride in values_of(path)]
    for flaw, has in FLAWS.items():
        row(f"rides left out for {flaw}", sum(map(has, values)), sum(map(has, left_out)))
    row("rides left out for nothing", 0, sum(map(is_clean, left_out)))
    row("records in their place that are not as they were", 0, sum((kept - before).values()))


def aggregate(search, aggregation, *kcats):
    rides_in = [ride for path in kcats for ride in values_of(path) if is_clean(ride)]
    windows, vendors = {}, collections.Counter()
    for ride in rides_in:
        start = ms(ride["pickup_date"]) // 5000 * 5000
        window = windows.setdefault(f"{ride['vendor_id']}-{iso(start)}", {
            "window_start": iso(start), "window_end": iso(start + 5000), "window_time": iso(start + 4999),
            "vendor_id": ride["vendor_id"], "trip_count": 0, "passenger_count": 0, "trip_duration": 0})
        window["trip_count"] += 1
        window["passenger_count"] += ride["passenger_count"]
        window["trip_duration"] += ride["trip_duration"]
        vendors[ride["vendor_id"]] += 1
    total, found = documents(search)
    row("windows by vendor, and documents", len(windows), total)
    row("documents that differ from their window, or in its id", 0,
        differing(((name, members(window)) for name, window in windows.items()), found))
    row("clean rides, and those in documents", len(rides_in), sum(dict(window)["trip_count"] for _, window in found))
    row("OpenSearch's sums by vendor", " ".join(f"{vendor}:{count}" for vendor, count in sorted(vendors.items())),
        " ".join(f"{vendor}:{count}" for vendor, count in sorted(buckets_of(aggregation, "vendors", "trips").items())))


def attribute(value):
    if isinstance(value, list):
        return {"L": list(map(attribute, value))}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def item_of(ride):
    """The key is a text; what is none is one as JSON."""
    key = ride["id"] if isinstance(ride["id"], str) else json.dumps(ride["id"])
    return key, {name: attribute(value) for name, value in {**ride, "id": key}.items()}


def items(kcat, scan):
    expected = dict(map(item_of, values_of(kcat)))
    found = rows_of(scan)
    row("rides, and items of the table", len(expected), len(found))
    row("items that differ from their ride", 0, sum(expected.get(item["id"]["S"]) != item for item in found))


def faulty(topic, scan, rejected):
    """Records of one partition, as bytes: broken ones may be no UTF-8. Of those of one id the last one counts."""
    expected, bad = {}, []
    with open(topic, "rb") as file:
        for offset, record in enumerate(file.read().splitlines()):
            try:
                key, item = item_of(json.loads(record))
                expected[key] = item
            except ValueError:
                bad.append(offset)
    if not expected or not bad:
        raise SystemExit(f"compare.py: {topic} has {len(expected)} good ids and {len(bad)} broken records")
    found, letters = rows_of(scan), rows_of(rejected)
    row("ids of records that are JSON, and items", len(expected), len(found))
    row("items that differ from the last record of their id", 0,
        sum(expected.get(item["id"]["S"]) != item for item in found))
    row("records that are no JSON, and rejected ones", len(bad), len(letters))
    row("rejected ones that are none of those", 0, differing(bad, (letter["offset"] for letter in letters)))


def function(kcat, log, calls, batch_size):
    given, logged = objects_of(truth(kcat)), rows_of(log)
    row("rides, and records in the function's log", len(given), len(logged))
    expected = ((record["topic"], record["partition"], record["offset"], iso(record["ts"])[:-1] + "+00:00",
                 record["key"], sorted_members(json.loads(record["payload"]))) for record in given)
    found = ((record["topic"], record["partition"], record["offset"], record["timestamp"],
              json.dumps(record["key"]), sorted_members(record["value"])) for record in logged)
    row("records that differ from those of the topic", 0, differing(expected, found))
    last, behind = {}, 0
    for record in logged:
        behind += record["offset"] <= last.get(record["partition"], -1)
        last[record["partition"]] = record["offset"]
    row("records logged behind a later one of their partition", 0, behind)
    sizes = [call["records"] for call in rows_of(calls)]
    row("records in calls", len(given), sum(sizes))
    row(f"calls of more than {batch_size} records", 0, sum(size > int(batch_size) for size in sizes))


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
        groups[partition["group"].partition("-")[0]].append(partition)
    for name in ("lake", "index"):
        found = groups[name]
        row(f"group of the {name}: partitions, records committed, lag", f"{partitions}, {len(truth(path))}, 0",
            f"{len(found)}, {sum(p['current_offset'] or 0 for p in found)}, {sum(p['lag'] for p in found)}")


def lines_of_objects(folder, keys):
    return [line for key in keys for line in lines_of_object(os.path.join(folder, key.removeprefix("trips/")))]


def etl(path, before, count_before, after, folder, search, tips):
    trips = objects_of(truth(path))
    came_late = {line for line, trip in zip(truth(path), trips) if trip["dropoff_datetime"] < "2019-01-01"}
    with open(count_before, encoding="utf-8") as file:
        row("trips of the new year, in lake and index by then",
            f"{len(trips) - len(came_late)}, {len(trips) - len(came_late)}",
            f"{len(lines_of_objects(folder, keys_of(before)))}, {json.load(file)['count']}")
    where = [f"pickup_location={trip['pickup_location_id']:03d}/year={trip['pickup_datetime'][:4]}/"
             f"month={trip['pickup_datetime'][5:7]}" for trip in trips]
    found = list(lake_lines(folder))
    row("trips, and lines of the lake", len(trips), len(found))
    row("lines that are not their trip's bytes, or not in its place", 0, differing(zip(lines(path), where), found))
    new = sorted(set(keys_of(after)) - set(keys_of(before)))
    row("late trips, and lines of them in objects that are new", len(came_late),
        sum(line in came_late for line in lines_of_objects(folder, new)))
    row("objects of before that have changed", 0, len(set(lines(before)) - set(lines(after))))
    total, found = documents(search)
    row("trips, and documents", len(trips), total)
    row("documents that differ from their trip, or in its id", 0,
        differing(((str(trip["trip_id"]), members(trip)) for trip in trips), found))
    row("tips, by OpenSearch's sum over the index", f"{cents(trips, 'tip_amount') / 100:.2f}",
        f"{total_of(tips, 'tips'):.2f}")


def mapping(answer, *files):
    """As index-mapping-INDEX.json or INDEX.json has them; other fields may be there."""
    with open(answer, encoding="utf-8") as file:
        found = {name: body["mappings"]["properties"] for name, body in json.load(file).items()}
    for path in files:
        name = os.path.basename(path).removeprefix("index-mapping-").removesuffix(".json")
        with open(path, encoding="utf-8") as file:
            wanted = json.load(file)["mappings"]["properties"]
        has = next((fields for index, fields in found.items() if index.partition("-")[0] == name), {})
        row(f"fields of the mapping {name}, and those that the index has so", len(wanted),
            sum(has.get(field) == kind for field, kind in wanted.items()))


def late(path, windows, late_path):
    """A watermark half an hour behind the latest pickup; a trip whose hour has ended before it is late."""
    counts, revenue, latest, is_late = collections.Counter(), collections.Counter(), -math.inf, []
    for line in truth(path):
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


def page_before(session):
    """Pairs of a click and the one before, None for the first."""
    return zip([None] + session, session)


def is_way(before, click):
    ways = tutorial.WAYS[before["event_type"]] if before else ("home_page",)
    return click["event_type"] in ways


def has_product(before, click):
    """Of the department that the session has looked at last."""
    page, product = click["event_type"], click["product_type"]
    if page in tutorial.WITHOUT_PRODUCT:
        return product == tutorial.WITHOUT_PRODUCT[page]
    return product not in ("", "N/A") and (page == "product_detail" or product == before["product_type"])


def clicks(count, partitions, path):
    """A user has one session."""
    count, partitions, found = int(count), int(partitions), objects_of(truth(path))
    values = [json.loads(record["payload"]) for record in found]
    users = tutorial.by_user(sorted(values, key=lambda click: click["globalseq"])).values()
    steps = [step for session in users for step in page_before(session)]
    row("clicks in the topic", count, len(found))
    row("clicks with the members and types of the tutorial", count,
        sum(list(click) == list(tutorial.CLICK) and types_of(click) == tutorial.CLICK for click in values))
    row("clicks keyed by their user, where Java would put them", count,
        sum(record["key"] == str(click["userid"]) and record["partition"] == partition_of(record["key"], partitions)
            for record, click in zip(found, values)))
    row("numbers of clicks, from 1 on", count, len({click["globalseq"] for click in values} & set(range(1, count + 1))))
    row("users, and those with one device and address", len(users),
        sum(len({(click["devicetype"], click["ip"]) for click in session}) == 1 for session in users))
    row("clicks to a page where the one before does not lead", 0, sum(not is_way(*step) for step in steps))
    row("clicks whose product is not that of the page", 0, sum(not has_product(*step) for step in steps))


def click_id(name, value):
    """As the lab makes ids of documents."""
    begin = value["windowBeginTime"]
    return str(begin) if name is None else f"{value[name]}-{begin}"


def clickstream(clicks_path, details, counts, departments, histogram, by_department):
    """tests/clickstream.py has the tutorial's job."""
    sessions, *expected = tutorial.outputs(tutorial.by_user(values_of(clicks_path)))
    for what, name, path, wanted in zip(("sessions with an order", "counts of sessions", "counts of departments"),
                                        ("userId", None, "departmentName"), (details, counts, departments), expected):
        total, found = documents(path)
        row(f"{what}, and documents", len(wanted), total)
        row("documents that differ, or in their id", 0,
            differing(((click_id(name, value), members(value)) for value in wanted), found))
    buckets = buckets_of(histogram, "windows", "sessions")
    row("windows of ten seconds in OpenSearch's histogram by time", len(expected[1]), len(buckets))
    row("sessions in it", len(sessions), sum(buckets.values()))
    names = collections.Counter(name for session in sessions for name in session["deptList"])
    row("departments that OpenSearch sums otherwise", 0,
        differing(names.items(), buckets_of(by_department, "departments", "sessions").items()))


def main():
    labs = [records, rides, replay, objects, table, lake, clean, aggregate, items, faulty, function, lag, etl, late,
            mapping, clicks, clickstream]
    {lab.__name__: lab for lab in labs}[sys.argv[1]](*sys.argv[2:])


main()
