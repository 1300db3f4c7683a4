#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 --format parquet, read by readers that are not ours: pyarrow and DuckDB, as scripts/install-deps check has them.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

readers=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}/readers/bin/python

jars=${SLUICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}/parquet-java

# read_back CASE: tests/parquet/lake.py says what it holds
read_back() {
	"$readers" -c 'import duckdb, pyarrow' 2>/dev/null || skip "no pyarrow and DuckDB (scripts/install-deps check)"
	"$readers" "$top_srcdir/tests/parquet/lake.py" "$1"
}

test_all_types_in_all_compressions_below_hive_directories() {
	read_back types
}

test_many_row_groups() {
	read_back groups
}

test_nothing_but_nulls() {
	read_back nothing
}

test_a_hundred_columns() {
	read_back columns
}

test_what_parquet_java_reads() {
	command -v java >/dev/null || skip "no Java"
	[ -e "$jars/.installed" ] || skip "no parquet-java (scripts/install-deps check)"
	export PARQUET_JARS=$jars
	read_back java
}

# SLUICE_LARGE_ROWS=10000000 for more
test_many_rows() {
	read_back large
}

schema() {
	printf '%s' '[{"name":"n","type":"int32"},{"name":"a_t","path":"a.t","type":"date","nullable":true}]' >schema.json
}

test_records_that_do_not_fit_are_dead_letters() {
	schema
	printf '%s\n' '{"n":1,"a":{"t":"2019-01-01"}}' '{"n":3000000000}' '{"n":2' '{"n": 2,"a":{"t":"soon"}}' '{}' \
		'{"n":null}' '{"n":"7"}' '7' '{"n":7}' >in
	expect_status 0 kafka-to-s3 --format parquet --schema schema.json --dead-letter ./dead lake <in
	expect_line '9 records read: 2 delivered, 7 rejected; 1 files' err
	expect_line 'stdin:2: byte 5: field n: does not fit int32: 3000000000' err
	[ "$(grep -c . dead)" = 7 ]
	expect_line '"line":4,.*"reason":"field a.t: column a_t: not an ISO 8601 time","byte":17' dead
	expect_line '"line":5,.*"reason":"field n: is missing"}' dead
	expect_line '"line":6,.*"reason":"field n: is null","byte":5' dead
	expect_line '"line":7,.*"reason":"field n: is a string, not a number","byte":5' dead
	[ "$(head -c 4 lake/*.parquet)$(tail -c 4 lake/*.parquet)" = PAR1PAR1 ]
}

test_a_record_that_does_not_fit_ends_the_run() {
	schema
	printf '%s\n' '{"n":1}' '{"n":"x"}' '{"n":2}' >in
	expect_status 65 kafka-to-s3 --format parquet --schema schema.json lake <in
	expect_line 'stdin:2: byte 5: field n: ' err
	[ -s lake/part-000000000001.parquet ]
}

test_the_same_again_is_the_same() {
	local codec
	schema
	awk 'BEGIN { for (i = 0; i < 5000; i++) printf "{\"n\":%d,\"p\":%d}\n", i, i % 3 }' >in
	for codec in none snappy lz4 zstd gzip; do
		expect_status 0 kafka-to-s3 --format parquet --schema schema.json -z $codec --path 'p={p}' "a-$codec" <in
		expect_status 0 kafka-to-s3 --format parquet --schema schema.json -z $codec --path 'p={p}' "b-$codec" <in
		diff -r "a-$codec" "b-$codec"
		[ -s "a-$codec/p=2/part-000000000001.parquet" ]
	done
	expect_status 0 kafka-to-s3 --format parquet --schema schema.json --path 'p={p}' default <in
	diff -r default a-snappy
	cmp -s a-snappy/p=0/* a-zstd/p=0/* && fail "the compression is not used"
	return 0
}

test_an_avro_schema() {
	need_shared TripEvent.avsc
	lz4 -dcq "$shared_data/tripevents-2019-01.json.lz4" | sed 's/}$/,"padding":""}/' >trips.json
	expect_status 0 kafka-to-s3 --format parquet --schema "$shared_data/TripEvent.avsc" lake <trips.json
}

# columns_of FILE: names and types, then the rows, as DuckDB has them
columns_of() {
	"$readers" -c 'import duckdb, pyarrow' 2>/dev/null || skip "no pyarrow and DuckDB (scripts/install-deps check)"
	"$readers" -c 'import duckdb, sys
found = duckdb.sql("FROM \x27%s\x27" % sys.argv[1])
print(*("%s:%s" % (d[0], d[1]) for d in found.description))
for row in found.fetchall(): print(*row, sep="|")' "$1"
}

test_shaped_columns() {
	schema
	printf '%s\n' '{"n":1,"a":{"t":"2019-01-01"},"s":"x|\u00e9"}' '{"n":2,"s":"y"}' >in
	expect_status 0 kafka-to-s3 --format parquet --schema schema.json --rename a_t=was --add 'a_t=2020-02-0{n}' --add lab=3 \
		--add 'text={s}' --add 'whole:=3' --add 'part:=1.5' --add 'yes:=true' --add 'doc:={"n": {n}}' \
		--rename n=number lake <in
	columns_of lake/part-000000000001.parquet >got
	expect_line '^1\|2019-01-01\|2020-02-01\|3\|x\|é\|3\|1.5\|True\|\{"n": 1\}$' got
	expect_line '^2\|None\|2020-02-02\|3\|y\|3\|1.5\|True\|\{"n": 2\}$' got
	head -1 got | tr ' ' '\n' | sed 's/:.*//' >names
	[ "$(tr '\n' ' ' <names)" = "number was a_t lab text whole part yes doc " ]
	rm -rf lake
	expect_status 0 kafka-to-s3 --format parquet --schema schema.json --select a.t,n --rename a.t=day lake <in
	columns_of lake/part-000000000001.parquet | sed 's/:[^ ]*//g' >got
	expect_text got 'day n
2019-01-01|1
None|2'
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --select n,zz lake2 <in
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --rename zz=y lake2 <in
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --rename n=A_T lake2 <in
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --add 'x:={' lake2 <in
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --select a_t --add n=5 lake2 <in
	expect_line '--add n: column n: is a string, not a number; n:=VALUE is JSON' err
	expect_status 2 kafka-to-s3 --format csv --schema schema.json --add 'z:=1e400' lake2 <in
	expect_line '--add z: column z: does not fit double: 1e400' err
	expect_status 2 kafka-to-s3 --format csv --schema schema.json --select a_t --add 'n:=null' lake2 <in
	[ ! -e lake2 ]
	expect_status 65 kafka-to-s3 --format parquet --schema schema.json --select a_t --add 'n={s}' lake2 <in
	expect_line 'stdin:1: column n: is a string, not a number' err
	expect_status 65 kafka-to-s3 --format parquet --schema schema.json --add 'x={nope}' lake2 <in
	expect_line 'stdin:1: field nope: missing' err
}

test_added_columns_replace_nothing() {
	schema
	printf '%s\n' '{"n":1,"a":{"t":"2019-01-01"}}' '{"n":2}' '{"n":3,"a":{"t":null}}' >in
	expect_status 0 kafka-to-s3 --format csv --schema schema.json --add 'a_t=2020-02-0{n}' --dead-letter ./bad lake <in
	expect_text lake/part-000000000001.csv 'n,a_t
2,2020-02-02'
	jq -r .error.reason bad >reasons
	expect_text reasons 'field a.t: is there already, and --add would make another
field a.t: is there already, and --add would make another'
	expect_status 65 kafka-to-s3 --format parquet --schema schema.json --add 'a_t=2020-02-0{n}' lake2 <in
	# what --select leaves out may be made anew
	expect_status 0 kafka-to-s3 --format csv --schema schema.json --select n --add 'a_t=2020-02-0{n}' lake3 <in
	expect_text lake3/part-000000000001.csv 'n,a_t
1,2020-02-01
2,2020-02-02
3,2020-02-03'
}

# accepts FILE: the schema that it suggests takes all of its records
accepts() {
	expect_status 0 kafka-to-s3 --print-schema=1000000 <"$1"
	mv out suggested.json
	mv err suggested.err
	rm -rf lake
	expect_status 0 kafka-to-s3 --format parquet --schema suggested.json lake <"$1"
}

test_a_suggested_schema_accepts_what_it_was_made_from() {
	cat >odd.json <<-'END'
		{"i":1,"big":12345678901234567890,"x":1.5,"d":"2019-01-01","t":"2019-01-01T00:00:00Z","n":null,"o":{"a":1,"b":{"c":"x"}}}
		  {"i":2.0,"big":3,"x":"1","d":"2019-01-02","u":"2019-01-01T10:00:00.123456Z","o":{"a":null,"b":{"c":"\ud800"}},"l":[1]}
		{"o":7,"A":1,"a":2,"a.b":3}
		7
	END
	accepts odd.json
	expect_line '"name": "big", "path": "big", "type": "decimal\(38,0\)", "nullable": true' suggested.json
	expect_line '"name": "u", "path": "u", "type": "timestamp\(us\)", "format": "iso", "nullable": true' suggested.json
	expect_line 'o: values of several types: json' suggested.err
	expect_line '4 records read, 0 of them left out: 11 columns' suggested.err
	need_shared clickstream_dashboard.ndjson
	accepts "$shared_data/clickstream_dashboard.ndjson"
	accepts "$shared_data/opensearch-nyc_5000.ndjson"
	lz4 -dcq "$shared_data/tripevents-2019-01.json.lz4" >trips.json
	accepts trips.json
	expect_line '"name": "trip_id", "path": "trip_id", "type": "int64", "nullable": false' suggested.json
	expect_line '"path": "pickup_datetime", "type": "timestamp\(ms\)", "format": "iso", "nullable": false' suggested.json
}

test_a_schema_of_the_first_records() {
	printf '%s\n' '{"a":1}' 'broken' '{"a":"x"}' >in
	expect_status 0 kafka-to-s3 --print-schema=2 <in
	expect_text out '{
  "columns": [
    { "name": "a", "path": "a", "type": "int64", "nullable": false }
  ]
}'
	expect_line 'left out: stdin:2: byte 0: value expected' err
	expect_line '2 records read, 1 of them left out: 1 columns' err
	# a target and what is written to it are not looked at
	expect_status 0 kafka-to-s3 --print-schema --format parquet --path 'p={p}' lake <in
	expect_line '"type": "json"' out
	[ ! -e lake ]
	expect_status 65 kafka-to-s3 --print-schema </dev/null
	expect_line '0 records have no fields' err
	expect_status 2 kafka-to-s3 --print-schema=0 <in
	expect_status 2 kafka-to-s3 --print-schema=x <in
	expect_status 74 sh -c 'kafka-to-s3 --print-schema >/dev/full' <in
	# envelopes: the values in them
	printf '%s\n' '{"partition":0,"offset":1,"key":null,"payload":"{\"v\":true}"}' >envelopes
	expect_status 0 kafka-to-s3 -J=in --print-schema <envelopes
	expect_line '"name": "v", "path": "v", "type": "bool"' out
}

# one row group is held, however many paths are open; strings that all differ fill it
test_members_without_a_name() {
	echo '{"":1,"a":2}' | expect_status 0 kafka-to-s3 --print-schema
	expect_line '^kafka-to-s3: a member without a name: left out: no path can name it$' err
}

test_memory_is_bounded() {
	if is_sanitized; then skip "memory is not ours under the sanitizers"; fi
	[ -x /usr/bin/time ] || skip "GNU time is not installed"
	local path
	fast=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || pwd)")
	trap 'rm -rf "$fast"' EXIT
	awk 'BEGIN {
		for (i = 0; i < 200000; i++)
			printf "{\"i\":%d,\"p\":%d,\"s\":\"%0200d\"}\n", i, i * 7919 % 1000, i
	}' >in
	printf '[{"name":"i","type":"int64"},{"name":"s","type":"string"}]' >schema.json
	for path in 'p={p}' one; do
		rm -rf "$fast/lake"
		expect_status 0 /usr/bin/time -f '%M' -o rss kafka-to-s3 --format parquet --schema schema.json -z none \
			--path "$path" "$fast/lake" <in
		[ "$(cat rss)" -lt 65536 ] || fail "$path: $(cat rss) KiB"
		echo "$path: $(cat rss) KiB"
	done
}

test_usage() {
	schema
	expect_status 2 kafka-to-s3 --format parquet lake </dev/null
	expect_line 'needs --schema FILE' err
	expect_status 66 kafka-to-s3 --format parquet --schema not-there lake </dev/null
	echo '[{"name":"n","type":"int33"}]' >bad.json
	expect_status 2 kafka-to-s3 --format parquet --schema bad.json lake </dev/null
	expect_line 'bad.json: column "n": no type "int33"' err
	expect_status 2 kafka-to-s3 --schema schema.json lake </dev/null
	expect_status 2 kafka-to-s3 --row-group-bytes 1M lake </dev/null
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json --row-group-bytes 1K lake </dev/null
	expect_status 2 kafka-to-s3 --format parquet --schema schema.json -z brotli lake </dev/null
	expect_status 2 kafka-to-s3 -z snappy lake </dev/null
	[ ! -e lake ]
}

run_tests
