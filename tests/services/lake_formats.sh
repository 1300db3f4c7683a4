#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What kafka-to-s3 writes of a real topic: envelopes that make the same topic again, fields of the records'
# metadata, names.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# odd_envelopes COUNT: keys, headers, values and times of every sort, in three partitions
odd_envelopes() {
	jq -cn --argjson count "$1" 'range($count) | . as $i | {
		partition: ($i % 3), offset: $i, ts: (1546300800000 + $i * 70001) }
		+ [{key: null}, {key: ""}, {key: "k\($i)"}, {key_base64: "AP8KgA=="}, {key: "\u0000é\n"}][$i % 5]
		+ [{}, {headers: ["a", "1", "a", "2", "a", "1"]}, {headers: ["n", null, "e", "", "é", "\n"]},
			{headers_base64: ["b", "//79AA==", "b", null, "c", ""]}][$i % 4]
		+ [{payload: "{\"i\": \($i), \"s\":\"é\\n\"}"}, {payload: ""}, {payload: null},
			{payload_base64: "gAAKDf8="}, {payload: "not JSON\r\n\\ \u0000"}, {payload: "[1,\n2]"},
			{payload: "\ud83d\ude00"}][$i % 7]'
}

# told_by_kcat TOPIC: of each partition in order: time, lengths (-1: none), bytes, headers
told_by_kcat() {
	local p
	for p in 0 1 2; do
		echo "== $p"
		kcat -q -C -b "$BOOTSTRAP_SERVERS" -t "$1" -p $p -o beginning -e \
			-f '%T|%K|%k|%S|%s|%h#'
	done
}

make_odd_topic() {
	from=$(fresh_id)
	to=$(fresh_id)
	create_topic "$from" 3 retention.ms=-1
	create_topic "$to" 3 retention.ms=-1
	odd_envelopes "$1" >in
	s3-to-kafka -q -J -p @same -t "$from" in
	told_by_kcat "$from" >want
}

test_a_topic_comes_back_whole_and_in_order() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	make_odd_topic 4200
	# the judge can tell all of it apart
	for what in '\|-1\|\|' '\|0\|\|' '\|-1\|\|a=1,a=2,a=1#' 'n=NULL,e=,' 'b=NULL,c=#'; do
		LC_ALL=C grep -aqE "$what" want || fail "no $what in the topic"
	done
	expect_status 0 kafka-to-s3 -t "$from" -G "g-$from" -e -J -z lz4 --max-records 500 lake
	expect_line '4200 records read: 4200 delivered, 0 rejected' err
	files_of_lake | grep -v '\.json\.lz4$' && fail "another extension"
	# in the order of names, which is that of the records of each partition
	expect_status 0 s3-to-kafka -q -J -p @same -t "$to" lake
	told_by_kcat "$to" >got
	cmp want got
}

# in many files there is no order between those of a partition
test_a_topic_comes_back_whole_from_many_paths() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	make_odd_topic 2100
	expect_status 0 kafka-to-s3 -t "$from" -G "g-$from" -e -J -z lz4 --max-records 300 \
		--path 'day={@year}-{@month}-{@day}/h={@hour}/p={@partition}' lake
	[ "$(files_of_lake | wc -l)" -gt 100 ]
	expect_status 0 s3-to-kafka -q -J -p @same -t "$to" lake
	for t in "$from" "$to"; do
		for p in 0 1 2; do
			kafka-to-pipe -q -t "$t" -p $p -e -J | jq -cS 'del(.topic, .offset)' | LC_ALL=C sort
		done >"of-$t"
	done
	[ "$(wc -l <"of-$from")" = 2100 ]
	expect_same "of-$from" "of-$to"
}

# a tombstone has no field: it is where other records without it are
test_tombstones_have_paths_too() {
	id=$(fresh_id)
	create_topic $id 1
	printf '%s\n' '{"key":"a","payload":"{\"p\":1}"}' '{"key":"a","payload":null}' \
		'{"key":"b","payload":"{\"p\":null}"}' | s3-to-kafka -q -J -t $id
	expect_status 0 kafka-to-s3 -t $id -p 0 -e -J --path 'p={p}' lake
	[ "$(cat lake/p=1/* | jq -c '[.key,.payload]')" = '["a","{\"p\":1}"]' ]
	[ "$(cat lake/p=__DEFAULT_PARTITION__/* | jq -c '[.key,.payload]')" = '["a",null]
["b","{\"p\":null}"]' ]
	# but a value that is no JSON has to be rejected where a field of it is wanted
	echo '{"payload":"{"}' | s3-to-kafka -q -J -t $id
	expect_status 65 kafka-to-s3 -t $id -p 0 -e -J --path 'p={p}' lake2
	expect_status 0 kafka-to-s3 -t $id -p 0 -e -J lake3
}

test_fields_of_metadata_and_names() {
	id=$(fresh_id)
	create_topic $id 2 retention.ms=-1
	jq -cn 'range(10) | {partition: (. % 2), ts: 1546300800000, key: "k\(.)",
		headers: ["h", "v\(.)"], payload: {n: ., "a b": "x"}}' | s3-to-kafka -q -J -p @same -t $id
	expect_status 0 kafka-to-s3 -t $id -G "g-$id" -e --name 'x{@topic}+{@partition}+{@offset:04d}' \
		--add 'at={@topic}/{@partition}/{@offset}' --add 'k={@key}{@header.h}' --add 'y:={@year}' \
		--select n --max-records 3 lake
	files_of_lake | LC_ALL=C sort >names
	printf "lake/x$id+%d+%04d.json\n" 0 0 0 3 1 0 1 3 >want
	expect_same want names
	lines_of_lake | LC_ALL=C sort >got
	for n in 0 2 4 6 8 1 3 5 7 9; do
		printf '{"n":%d,"at":"%s/%d/%d","k":"k%dv%d","y":2019}\n' $n $id $((n % 2)) $((n / 2)) $n $n
	done | LC_ALL=C sort >want
	expect_same want got
}

# what a crash left out of an epoch is made again, byte for byte, beside what it left there
test_a_rebuilt_epoch_is_the_same_in_every_format() {
	local n=0 options fingerprint
	id=$(fresh_id)
	create_topic $id 1
	jq -cn 'range(300) | {key: "k\(.)", headers: ["h", "\(.)"],
		payload: {n: ., p: (. % 3), s: "a,\"\(.)\n"}}' | s3-to-kafka -q -J -t $id
	for options in '--add at={@offset}:{@key}{@header.h} -z zstd' '--rename n=m --name {@partition}+{@offset}' \
		'-J -z lz4' '--format csv --select n,s --add k={@key}' '--format csv --select s -z gzip'; do
		n=$((n + 1))
		rm -rf lake want
		# shellcheck disable=SC2086 # words
		land_in_shape() {
			kafka-to-s3 -t $id -G "g$n-$id" -e --path 'p={p}' --roll-records 40 $options lake
		}
		expect_status 0 land_in_shape
		cp -r lake want
		find lake -type f | LC_ALL=C sort | awk 'NR % 2' | xargs rm
		services group set-offset "g$n-$id" $id 0 0 "until=300 fp=0000000000000000"
		expect_status 65 land_in_shape
		fingerprint=$(sed -nE 's/.*these are ([0-9a-f]+).*/\1/p' err)
		services group set-offset "g$n-$id" $id 0 0 "until=300 fp=$fingerprint"
		expect_status 0 land_in_shape
		expect_line ' 300 records read: 300 delivered, .* files, .* there already' err
		diff -r want lake
	done
	[ $n = 5 ]
}

# without -G, one directory has one group, however it is written
test_a_directory_is_one_group() {
	id=$(fresh_id)
	create_topic $id 1
	seq 20 | sed 's/.*/{"n":&}/' | s3-to-kafka -q -t $id
	expect_status 0 kafka-to-s3 -t $id -e -c 10 ./lake/
	expect_status 0 kafka-to-s3 -t $id -e lake
	expect_line "as group sluice\\.kafka-to-s3\\.$id\\.lake$" err
	expect_line '10 records read: 10 delivered' err
	expect_status 65 kafka-to-s3 -t $id -e "$PWD/lake"
}

# what shapes names and bytes is held against what an unfinished epoch was begun with
test_another_shape_does_not_finish_an_epoch() {
	id=$(fresh_id)
	create_topic $id 1
	seq 100 | sed 's/.*/{"n":&}/' | s3-to-kafka -q -t $id
	expect_status 0 kafka-to-s3 -t $id -G "g-$id" -e -c 10 --add a=1 lake
	services group set-offset "g-$id" $id 0 10 "until=20 fp=0123456789abcdef"
	expect_status 65 kafka-to-s3 -t $id -G "g-$id" -e --add a=1 lake
	sed -nE 's/.*these are ([0-9a-f]+).*/\1/p' err >prints
	for other in '--add a=2' '--add a:=1' '--add b=1' '--add a=1 --rename n=m' '--add a=1 --select n' \
		'--add a=1 --name {@partition}-{@offset}' '-J' '--add a=1 -z lz4' '--format csv --select n' \
		'--format csv --select n --no-header' '--format csv --select n --delimiter ;'; do
		# shellcheck disable=SC2086 # words
		expect_status 65 kafka-to-s3 -t $id -G "g-$id" -e $other lake
		sed -nE 's/.*these are ([0-9a-f]+).*/\1/p' err >>prints
	done
	[ "$(wc -l <prints)" = 12 ]
	[ "$(sort -u prints | wc -l)" = 12 ]
}

run_tests
