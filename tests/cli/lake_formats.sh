#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What files of kafka-to-s3 hold and how they are called: shaped JSON, CSV, envelopes, names.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

files_of() {
	(cd "$1" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort)
}

# odd_lines COUNT: a string, a number and a nested value each, with what CSV has to quote
odd_lines() {
	jq -cn --argjson count "$1" 'range($count) | {
		id: ., s: (["plain", "", "a,b", "say \"x\"", "two\nlines", " blank ", "é\r\n,\"", "\t;"][. % 8]),
		n: (["1.50", "-2e10", "0"][. % 3] | tonumber), b: (. % 2 == 0), o: {x: [., "y,\"z"]},
		z: (if . % 3 == 0 then null else "z" end) }'
}

test_added_fields() {
	printf '%s\n' '{"a":1.50}' ' {} ' '{"b":[{}] }' >in
	expect_status 0 kafka-to-s3 --add source=lab3 --add 'line:={@offset}' --add 'e:={"a": null}' lake <in
	expect_text lake/part-000000000001.json '{"a":1.50,"source":"lab3","line":0,"e":{"a": null}}
{"source":"lab3","line":1,"e":{"a": null}}
{"b":[{}],"source":"lab3","line":2,"e":{"a": null}}'
}

# the event time of --time is the template's too
test_added_times() {
	echo '{"at":"2019-02-03T04:05:06Z"}' >in
	expect_status 0 kafka-to-s3 --time at --add 'day={@year}-{@month}-{@day}' lake <in
	expect_text lake/part-000000000001.json '{"at":"2019-02-03T04:05:06Z","day":"2019-02-03"}'
	expect_status 2 kafka-to-s3 --add 'day={@day}' none <in
	expect_line '^kafka-to-s3: --add uses the event time.* give --time' err
	echo '{"at":null}' | expect_status 65 kafka-to-s3 --time at --add 'day={@day}' none
	[ -z "$(files_of none)" ]
}

test_selected_and_renamed_fields() {
	printf '%s\n' '{"a":{"b":"\u0041","c":0.10},"d":[1, 2],"e":null}' '{"d":{}}' >in
	expect_status 0 kafka-to-s3 --select d,a.b --select e --rename a.b=B lake <in
	expect_text lake/part-000000000001.json '{"d":[1, 2],"B":"\u0041","e":null}
{"d":{}}'
	expect_status 0 kafka-to-s3 --rename d=D --rename a=d --run-id r lake <in
	expect_text lake/part-r-000000000001.json '{"d":{"b":"\u0041","c":0.10},"D":[1, 2],"e":null}
{"D":{}}'
	# the path is that of the record, not of what becomes of it
	expect_status 0 kafka-to-s3 --select d --path 'b={a.b}' paths <in
	files_of paths >names
	expect_text names 'b=A/part-000000000001.json
b=__DEFAULT_PARTITION__/part-000000000001.json'
}

test_records_that_cannot_be_shaped_are_rejected() {
	printf '%s\n' '{"a":1}' '[1]' '{"a":2,"s":3}' '{"b":1}' '7' >in
	expect_status 0 kafka-to-s3 --add 's={a}' --dead-letter ./bad lake <in
	expect_line '5 records read: 1 delivered, 4 rejected' err
	expect_text lake/part-000000000001.json '{"a":1,"s":"1"}'
	jq -r .error.reason bad >reasons
	expect_text reasons 'is no object, and has no fields for --select, --rename or --add
field s: is there already, and --add would make another
field a: missing
is no object, and has no fields for --select, --rename or --add'
}

test_renames_reach_into_no_object() {
	printf '%s\n' '{"b.c":1}' '{"b":{"c":1}}' '{"b":1}' '{"b.c":1,"b":{"c":2}}' >in
	expect_status 0 kafka-to-s3 --rename b.c=x --rename a..b=y --dead-letter ./bad lake <in
	expect_text lake/part-000000000001.json '{"x":1}
{"b":1}
{"x":1,"b":{"c":2}}'
	jq -r .error.reason bad >reasons
	expect_text reasons 'field b.c: is within an object, where --rename reaches with --select only'
}

# the rows of a file: cells as JSON strings, by a reader of CSV that we did not write
rows_of_csv() {
	python3 -c 'import csv, json, sys
for row in csv.reader(open(sys.argv[1], newline=""), delimiter=sys.argv[2]): print(json.dumps(row))' "$@"
}

test_csv_is_what_others_read() {
	local c
	odd_lines 400 >in
	jq -c '[.id, .s, .n, .b, (.o | tojson), .z // "", .o.x[0], "t"] | map(tostring)' in >values
	for c in ',' ';' '\t' '|'; do
		expect_status 0 kafka-to-s3 --format csv --delimiter "$c" --select id,s,n,b,o,z --rename z=Z \
			--add 'o0:={@offset}' --add c=t --overwrite lake <in
		[ "$c" = '\t' ] && c=$'\t'
		rows_of_csv lake/part-000000000001.csv "$c" >got
		[ "$(head -n 1 got)" = '["id", "s", "n", "b", "o", "Z", "o0", "c"]' ]
		tail -n +2 got | jq -c . >rows
		expect_same values rows
	done
}

test_csv_comes_back() {
	odd_lines 400 >in
	expect_status 0 kafka-to-s3 --format csv -z lz4 --select id,s,n,b,o --roll-records 90 \
		--path 'p={b}' lake <in
	files_of lake | sed -n 1p >first
	expect_text first 'p=false/part-000000000001.csv.lz4'
	[ "$(files_of lake | wc -l)" = 6 ]
	expect_status 0 s3-to-kafka -q --columns id:int,s:string,n:double,b:bool,o:json --header lake >out
	jq -c 'del(.z)' in | LC_ALL=C sort >want
	jq -c . out | LC_ALL=C sort >got
	expect_same want got
	# the header names the columns; cells of one column are all there
	expect_status 0 kafka-to-s3 --format csv --select s one <in
	expect_status 0 s3-to-kafka -q one >out
	jq -c '{s}' in >want
	expect_same want out
	expect_status 0 kafka-to-s3 --format csv --select s --no-header bare <in
	tail -n +2 one/part-000000000001.csv >want
	expect_same want bare/part-000000000001.csv
}

test_csv_of_a_schema() {
	echo '[{"name":"n","type":"int64"},{"path":"a.b","type":"bool","nullable":true}]' >schema
	printf '%s\n' '{"a":{"b":true},"n":1.0}' '{"n":"1"}' '{"n":2}' >in
	expect_status 0 kafka-to-s3 --format csv --schema schema --dead-letter ./bad lake <in
	expect_text lake/part-000000000001.csv 'n,a_b
1.0,true
2,'
	expect_line '3 records read: 2 delivered, 1 rejected' err
	expect_status 2 kafka-to-s3 --schema schema none <in
	expect_line '--schema is for --format parquet and csv' err
}

test_lone_surrogates() {
	printf '%s\n' '{"a":"\ud800","b":1}' '{"a":"\ud83d\ude00","b":2}' '{"a":"x","b":3,"o":["\udc00"]}' >in
	expect_status 0 kafka-to-s3 lake <in
	expect_same in lake/part-000000000001.json
	refused() {
		expect_status 0 kafka-to-s3 "$@" --dead-letter ./bad out-of <in
		expect_line '3 records read: 2 delivered, 1 rejected' err
		jq -r .error.reason bad >reasons
		expect_text reasons 'field a: has a lone surrogate, which UTF-8 has not'
		rm -rf bad out-of
	}
	echo '[{"name":"a","type":"string"}]' >schema
	refused --format csv --select b,a,o
	refused --format csv --schema schema
	refused --format parquet --schema schema
	echo '[{"name":"a","type":"json"}]' >schema
	refused --format csv --schema schema
	refused --path 'a={a}'
	refused --add 'c={a}'
	refused --add 'c:={"a": "{a}"}'
	# what is a column of json keeps its bytes
	expect_status 0 kafka-to-s3 --format parquet --schema schema lake <in
	expect_status 0 kafka-to-s3 --print-schema <in
	expect_line '"a",.*"json"' out
}

test_envelopes() {
	printf '%s\n' '{"topic":"t","partition":2,"offset":7,"tstype":"create","ts":1,"headers":["a","1","a",null],"key":null,"payload":null}' \
		'{"topic":"t","partition":0,"offset":9,"tstype":"create","ts":2,"key":"","payload":"no JSON"}' \
		'{"topic":"t","partition":0,"offset":10,"tstype":"logappend","ts":3,"key_base64":"AP8=","payload":"{}"}' >in
	expect_status 0 kafka-to-s3 -J -z gzip lake <in
	gzip -dc lake/part-000000000001.json.gz >got
	expect_same in got
	# and tests/services/lake_formats.sh writes them to a topic
	# values are taken out of envelopes with =in, and put into them with =out
	expect_status 0 kafka-to-s3 -J=in --skip-tombstones --run-id v --dead-letter ./bad --format json lake <in
	expect_text lake/part-v-000000000001.json '{}'
	echo '{"a":1}' | expect_status 0 kafka-to-s3 -J=out --run-id o lake
	expect_text lake/part-o-000000000001.json '{"partition":0,"offset":0,"key":null,"payload":"{\"a\":1}"}'
}

# a tombstone has no field, so it lies where other records without that field do
test_envelopes_below_paths() {
	printf '%s\n' '{"key":"a","payload":"{\"p\":1}"}' '{"key":"a","payload":null}' '{"key":"b","payload":"x"}' >in
	expect_status 0 kafka-to-s3 -J --path 'p={p}' --dead-letter ./bad lake <in
	expect_line '3 records read: 2 delivered, 1 rejected' err
	jq -c .payload lake/p=__DEFAULT_PARTITION__/* >got
	expect_text got null
	expect_status 0 kafka-to-s3 -J --skip-tombstones --path 'k={@key}' by-key <in
	expect_line '3 records read: 2 delivered, 0 rejected, 1 filtered' err
	jq -r .payload by-key/k=b/* >got
	expect_text got x
}

test_options_from_a_file() {
	printf '%s\n' 'add = s=file' 'add = t:=1' 'select = n,m' >conf
	echo '{"n":1,"m":2,"k":3}' >in
	expect_status 0 kafka-to-s3 -F conf --run-id a lake <in
	expect_text lake/part-a-000000000001.json '{"n":1,"m":2,"s":"file","t":1}'
	expect_status 0 kafka-to-s3 -F conf --select k --run-id b lake <in
	expect_text lake/part-b-000000000001.json '{"k":3,"s":"file","t":1}'
}

test_names() {
	seq 10 | sed 's/.*/{"n":&}/' >in
	expect_status 0 kafka-to-s3 --name 'n{@line:03d}' --max-records 4 --roll-records 3 lake <in
	files_of lake >names
	expect_text names 'n001.json
n001_0001.json
n005.json
n005_0001.json
n009.json'
	expect_status 0 kafka-to-s3 --name '{@run-id}_{@offset}' --run-id r --format csv --select n lake <in
	[ -e lake/r_0.csv ]
	expect_status 0 kafka-to-s3 --dry-run --path 'p={n}' --name 'x-{@line}' lake <in
	expect_line 'lake/p=\{n\}/x-1\.json$' err
}

test_usage() {
	expect_status 2 kafka-to-s3 --name x lake </dev/null
	expect_line '--name "x": \{@line\} or \{@offset\} is missing' err
	expect_status 2 kafka-to-s3 --name '_{@line}' lake </dev/null
	expect_line "files would be called like _1.json, and names that begin with '_' or '.' are hidden from readers" err
	expect_status 2 kafka-to-s3 --name 'a/{@line}' lake </dev/null
	expect_status 2 kafka-to-s3 -b localhost:1 -t t --name '{@topic}-{@offset}' lake
	expect_line '\{@partition\} is missing' err
	expect_status 2 kafka-to-s3 -b localhost:1 -t _t lake
	expect_line 'give a --name that begins otherwise' err
	expect_status 2 kafka-to-s3 --add 'x:=nul' lake </dev/null
	expect_status 2 kafka-to-s3 --add x lake </dev/null
	expect_status 2 kafka-to-s3 --format csv lake </dev/null
	expect_line '--select' err
	expect_status 2 kafka-to-s3 --select a --rename b=c lake </dev/null
	expect_status 2 kafka-to-s3 -J --select a lake </dev/null
	expect_status 2 kafka-to-s3 -J --format csv --select a lake </dev/null
	expect_status 2 kafka-to-s3 --delimiter ';' lake </dev/null
	expect_status 2 kafka-to-s3 --format csv --select a --delimiter '""' lake </dev/null
	for c in 1 x X '"' $'\n' $'\r' $'\177' '' ';;' 'é'; do
		expect_status 2 kafka-to-s3 --format csv --select a --delimiter "$c" lake </dev/null
	done
	expect_line 'is no letter, digit or quote' err
	expect_status 2 kafka-to-s3 -z snappy lake </dev/null
	expect_line 'snappy is for Parquet' err
	expect_status 2 kafka-to-s3 -z brotli lake </dev/null
	[ ! -e lake ]
}

run_tests
