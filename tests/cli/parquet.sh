#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Parquet files, read by readers that are not ours: pyarrow and DuckDB, as scripts/install-deps check has them.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

json_to_parquet=$top_builddir/tests/tools/json_to_parquet
readers=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}/readers/bin/python

# read_back CASE: tests/parquet/readers.py says what it holds
read_back() {
	"$readers" -c 'import duckdb, pyarrow' 2>/dev/null || skip "no pyarrow and DuckDB (scripts/install-deps check)"
	"$readers" "$top_srcdir/tests/parquet/readers.py" "$1" "$json_to_parquet"
}

test_all_types_in_all_compressions() {
	read_back types
}

test_dictionaries_where_they_are_of_use() {
	read_back dictionary
}

test_a_full_dictionary_falls_back_to_plain() {
	read_back fallback
}

test_no_rows_and_nothing_but_nulls() {
	read_back nothing
}

test_a_hundred_columns() {
	read_back columns
}

test_many_rows() {
	read_back rows
}

test_records_that_do_not_fit_are_named_and_left_out() {
	printf '%s' '[{"name":"n","type":"int32"},{"name":"at","path":"a.t","type":"date","nullable":true}]' >schema.json
	printf '%s\n' '{"n":1,"a":{"t":"2019-01-01"}}' '{"n":3000000000}' '{"n":2' '{"n":2,"a":{"t":"soon"}}' '{}' '{"n":7}' >in
	expect_status 65 "$json_to_parquet" schema.json none <in
	expect_line '^line 2: n: does not fit int32: 3000000000$' err
	expect_line '^line 3: ' err
	expect_line '^line 4: at: ' err
	expect_line '^line 5: n: is missing$' err
	[ "$(wc -l <err)" = 4 ] || fail "more was rejected"
	[ "$(head -c 4 out)$(tail -c 4 out)" = PAR1PAR1 ]
}

# the schema and the trips of the workshop
test_an_avro_schema() {
	[ -r "$shared_data/TripEvent.avsc" ] || skip "no shared data"
	expect_status 0 "$json_to_parquet" "$shared_data/TripEvent.avsc" PRINT
	expect_line '"name": "pickup_datetime", "path": "pickup_datetime", "type": "timestamp\(ms\)", "nullable": false' out
	lz4 -dcq "$shared_data/tripevents-2019-01.json.lz4" >trips.json
	# which have no padding
	sed '/"padding"/s/false/true/' out >schema.json
	expect_status 0 "$json_to_parquet" schema.json <trips.json
	[ ! -s err ] || fail "trips were rejected"
}

run_tests
