#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job through plain pipes: the lake holds the windows that an independent computation finds.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"

run_job() {
	s3-to-kafka -q --time dropoff_datetime --speedup "$2" "$1" |
		kafka-window -q "${window_options[@]}" |
		kafka-to-s3 -q --time window_time --path "$lake_path" ./lake
}

expect_windows() {
	command -v sqlite3 >/dev/null || skip "sqlite3 is not installed"
	command -v jq >/dev/null || skip "jq is not installed"
	expected_windows "$1" >want
	[ -s want ]
	find lake -type f -exec cat {} + | found_windows >got
	expect_same want got
	expect_lake_paths lake
}

test_made_up_trips() {
	make_trips 20000 >trips.json
	run_job trips.json 1000000
	expect_windows trips.json
}

test_real_trips() {
	need_shared tripevents-2019-01.json.lz4
	run_job "$shared_data/tripevents-2019-01.json.lz4" 10000000
	lz4 -dc "$shared_data/tripevents-2019-01.json.lz4" >trips.json
	expect_windows trips.json
	# 23:00 to 24:00 lies under its own day
	[ -e lake/year=2019/month=01/day=01 ]
}

# 1,837 of these are out of order, and some months early: the watermark's bound decides who is late
test_disorder_is_held_by_the_bound_or_counted() {
	need_shared opensearch-nyc_5000.ndjson
	grep -v '^{"create"' "$shared_data/opensearch-nyc_5000.ndjson" >docs.json || true
	[ -s docs.json ]
	kafka-window -q --tumble 1h --time tpep_dropoff_datetime \
		--out-of-order 3650d -a trips=count <docs.json >windows
	[ "$(jq .trips windows | awk '{s += $1} END {print s}')" = "$(wc -l <docs.json)" ]
	kafka-window --tumble 1h --time tpep_dropoff_datetime \
		--late ./late.json -a trips=count <docs.json >windows 2>err
	[ "$(($(jq .trips windows | awk '{s += $1} END {print s}') + $(wc -l <late.json)))" = \
		"$(wc -l <docs.json)" ]
	[ -s late.json ]
	# late records come as they went in
	grep -Fxvf docs.json late.json && fail "a late record was changed"
	return 0
}

run_tests
