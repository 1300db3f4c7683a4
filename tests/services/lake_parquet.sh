#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 --format parquet from a real broker into a real S3 server.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/services/lake_lib.sh
. "$top_srcdir/tests/services/lake_lib.sh"

readers=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}/readers/bin/python

need_s3
"$readers" -c 'import duckdb' 2>/dev/null || {
	echo "1..0 # SKIP no DuckDB (scripts/install-deps check)"
	exit 0
}

begin() {
	prepare "$1" "$2"
	new_bucket
	mkdir spool
	export TMPDIR=$PWD/spool
	cat >schema.json <<-'END'
		[{"name":"id","type":"int64"},{"name":"place","path":"p","type":"int32"},{"name":"pad","type":"string"}]
	END
}

# as they came
lines_of_lake() {
	find "$folder/lake" -type f -name '*.parquet' | LC_ALL=C sort >files
	[ ! -s files ] || "$readers" -c 'import duckdb, sys
names = [line.rstrip("\n") for line in open("files")]
for row in duckdb.execute("SELECT id, place, pad, regexp_extract(filename, ?, 1) FROM read_parquet(?, filename=true)",
	["/p=([^/]*)/", names]).fetchall():
	assert str(row[1]) == row[3], row
	print("{\"id\":%d,\"p\":%d,\"pad\":\"%s\"}" % row[:3])'
}

land() {
	kafka-to-s3 -t "$topic" -G "g-$topic" --format parquet --schema schema.json --path 'p={p}' "$@" "s3://$bucket/lake"
}

test_rows_of_a_topic() {
	begin 20000 3
	expect_status 0 land -e
	expect_line '20000 records read: 20000 delivered, 0 rejected; 15 files' err
	expect_all_once
	expect_committed 20000
}

test_a_topic_suggests_its_schema_and_nothing_is_committed() {
	begin 300 2
	expect_status 0 kafka-to-s3 -t "$topic" -G "g-$topic" --print-schema=200
	expect_line '"path": "pad", "type": "string", "nullable": false' out
	expect_line '200 records read, 0 of them left out: 3 columns' err
	# to the end, where there are fewer
	expect_status 0 kafka-to-s3 -t "$topic" --print-schema
	expect_line '300 records read' err
	expect_committed 0
}

test_killed_at_any_moment_each_row_is_there_once() {
	local kills
	begin_campaign
	begin 2000 3
	for _ in $(seq "$kills"); do
		land -q --max-records $((20 + RANDOM % 200)) --roll-records 70 -X group.instance.id=one 2>err &
		tool=$!
		sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
		add 500
		sleep "0.$((RANDOM % 5))"
		kill -KILL "$tool"
		wait "$tool" 2>/dev/null || true
	done
	expect_status 0 land -e --roll-records 70 -X group.instance.id=one
	expect_all_once
	expect_committed "$(wc -l <in)"
}

# an epoch that was prepared and not settled is finished with the columns that began it
test_another_schema_in_the_middle_of_an_epoch() {
	begin 2000 1
	expect_status 0 land -e
	services s3-delete "$bucket/lake/_sluice/$topic-00000"
	services s3-delete "$bucket/lake/p=3/$topic-00000-00000000000000000000.parquet"
	services group set-offset "g-$topic" "$topic" 0 0 "until=2000 fp=0000000000000000"
	expect_status 65 land -e
	local fingerprint
	fingerprint=$(sed -n 's/.*these are \([0-9a-f]*\)).*/\1/p' err)
	services group set-offset "g-$topic" "$topic" 0 0 "until=2000 fp=$fingerprint"
	mv schema.json first.json
	sed 's/int32/int64/' first.json >schema.json
	expect_status 65 land -e
	expect_line "offsets 0 to 1999 are partly published with other options \($fingerprint" err
	# written otherwise it is the same
	sed 's/"type":"int32"/"type": "int32", "nullable":false/' first.json >schema.json
	expect_status 0 land -e
	expect_all_once
}

run_tests
