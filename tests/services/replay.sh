#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# s3-to-kafka into a topic: headers, timestamps, partitions, watermarks, and a topic copied whole.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# envelopes TOPIC: what is in it, one a line, partition by partition
envelopes() {
	local p
	for p in 0 1 2; do kafka-to-pipe -q -t "$1" -p $p -e -J; done
}

test_headers_and_keys() {
	id=$(fresh_id)
	create_topic $id 3
	printf '%s\n' '{"id":"a\"b","n":1}' '{"id":"c","n":2}' >in
	expect_status 0 s3-to-kafka -t $id --key '{"id":"{id}"}' -H source=replay -H 'n=<{n}>' \
		-H empty= -H source=again in
	envelopes $id | jq -c '[.headers, .key]' | sort >got
	expect_text got '[["source","replay","n","<1>","empty","","source","again"],"{\"id\":\"a\\\"b\"}"]
[["source","replay","n","<2>","empty","","source","again"],"{\"id\":\"c\"}"]'
	# the key is JSON
	envelopes $id | jq -r .key | jq -r .id | sort >ids
	expect_text ids $'a"b\nc'
}

test_kafka_time_is_now_or_the_event_time() {
	local before
	id=$(fresh_id)
	create_topic $id 3
	printf '{"at":"2019-01-01T00:00:0%d.%d00Z"}\n' 1 1 2 2 3 3 >in
	before=$(date +%s%3N)
	s3-to-kafka -q -t $id --time at in
	envelopes $id | jq -e --argjson before "$before" '.ts >= $before' >/dev/null
	id=$(fresh_id)
	create_topic $id 3 retention.ms=-1
	s3-to-kafka -q -t $id --time at --kafka-time event --watermark-interval 1h in
	envelopes $id | jq -c 'select(.payload | contains("watermark") | not) | .ts' | sort >stamps
	expect_text stamps $'1546300801100\n1546300802200\n1546300803300'
	# a watermark's is its own
	envelopes $id | jq -c 'select(.payload | contains("watermark")) | .ts' | sort -u >stamps
	expect_text stamps 1546300803300
}

test_shifted_times_are_kafka_s_too() {
	local before
	id=$(fresh_id)
	create_topic $id 3
	printf '{"at":"2019-01-01T00:00:0%d.%d00Z"}\n' 1 1 2 2 >in
	before=$(date +%s%3N)
	s3-to-kafka -q -t $id --time at --kafka-time event --shift-to-now in
	envelopes $id | jq -r '"\(.ts) \(.payload | fromjson | .at)"' >got
	while read -r ts at; do
		[ "$ts" = "$(date -d "$at" +%s%3N)" ] || fail "$ts $at"
		[ "$ts" -ge "$before" ]
	done <got
	[ "$(wc -l <got)" = 2 ]
}

# Watermarks reach every partition, and none says more than is before it in its own.
test_watermarks_go_to_every_partition() {
	local p count
	id=$(fresh_id)
	create_topic $id 3
	make_trips 2000 >trips.json
	expect_status 0 s3-to-kafka -t $id --key '{vendor_id}' --time dropoff_datetime --speedup 85000 \
		--watermark-interval 200ms trips.json
	expect_line '2000 records read: 2000 delivered, 0 rejected; [0-9]+ watermark records sent' err
	count=$(sed -nE 's/.* ([0-9]+) watermark records sent/\1/p' err)
	[ "$count" -ge 9 ] || fail "$count watermark records in two seconds"
	: >all
	for p in 0 1 2; do
		kafka-to-pipe -q -t $id -p $p -e >part
		grep -v '"type":"watermark"' part >>all || :
		[ $(($(grep -c '"type":"watermark"' part) * 3)) = "$count" ]
		[ "$(grep '"type":"watermark"' part | tail -n 1)" = \
			"{\"watermark\":\"$(tail -n 1 trips.json | jq -r .dropoff_datetime)\",\"type\":\"watermark\"}" ]
		# in order of event time what follows a watermark is not before it, nor is the next one
		jq -rn 'reduce inputs as $r ({high: "", ok: true};
			($r.watermark // $r.dropoff_datetime) as $time |
			.ok = (.ok and $time >= .high) | if $r.watermark then .high = $time else . end) | .ok' \
			part >ok
		expect_text ok true
	done
	sort all >a
	sort trips.json >b
	expect_same a b
}

test_a_topic_is_copied_whole() {
	id=$(fresh_id)
	create_topic $id-a 3 retention.ms=-1
	create_topic $id-b 3 retention.ms=-1
	# binary keys, values and headers; no key, an empty one; a tombstone; a null header; old times
	{
		printf '%s\n' '{"partition":2,"ts":1546300800000,"headers":["a","1","a","2","n",null],"key":"k","payload":"{\"x\": 1.50}"}' \
			'{"partition":0,"ts":1546300801000,"key":null,"payload":"plain \\\"text\\\""}' \
			'{"partition":0,"ts":1546300801500,"key":"","payload":""}' \
			'{"partition":1,"ts":1546300802000,"key_base64":"/wAB","payload_base64":"gP8K"}' \
			'{"partition":1,"ts":1546300802500,"headers_base64":["bin","/w=="],"key":"caf\u00e9","payload":"line\nbreak"}' \
			'{"partition":2,"ts":1546300803000,"key":"k","payload":null}'
	} >in
	expect_status 0 s3-to-kafka -t $id-a -J -p @same in
	expect_line '6 records read: 6 delivered' err
	[ "$(envelopes $id-a | wc -l)" = 6 ]
	kafka-to-pipe -q -t $id-a -e -J | s3-to-kafka -q -t $id-b -J -p @same
	envelopes $id-a | sed "s/$id-a/T/" >a
	envelopes $id-b | sed "s/$id-b/T/" >b
	expect_same a b
	# and the first copy says what it was made of
	jq -Sc 'del(.topic, .offset, .tstype)' a >got
	jq -Sc . in | sort >want
	sort got | jq -Sc . >got.sorted
	sort got.sorted | cmp - want || diff -u want got.sorted
}

test_envelopes_with_options_over_them() {
	local before
	id=$(fresh_id)
	create_topic $id 3
	echo '{"partition":2,"ts":1546300800000,"headers":["a","1"],"key":"k","payload":"{\"id\":7}"}' >in
	before=$(date +%s%3N)
	s3-to-kafka -q -t $id -J --key '{id}:{@key}' -H 'p={@partition}' --kafka-time now -p 1 in
	envelopes $id | jq -e --argjson before "$before" '.partition == 1 and .key == "7:k"
		and .headers == ["a","1","p","2"] and .ts >= $before' >/dev/null
	# a partition that the topic has not is a rejected record
	echo '{"partition":3,"key":"k","payload":"{}"}' >in
	expect_status 65 s3-to-kafka -t $id -J -p @same in
	expect_line 'in:1: .*no partition 3' err
	# one that was asked for is no fault of the records
	expect_status 73 s3-to-kafka -t $id -J -p 3 --dead-letter ./letters in
	expect_line "^s3-to-kafka: topic $id has no partition 3: it has 0 to 2\$" err
	echo '{"key":"k","payload":"{}"}' >in
	expect_status 65 s3-to-kafka -t $id -J -p @same in
	expect_line 'in:1: no partition in the envelope' err
}

run_tests
