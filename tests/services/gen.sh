#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gen-to-kafka into a real broker: every record is there, keys and timestamps are as asked for, and a
# broker that goes away loses nothing.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

test_every_record_is_in_the_topic() {
	id=$(fresh_id)
	create_topic $id 5
	expect_status 0 gen-to-kafka --model taxi-ride --seed 4 -t $id -c 50000 -z lz4
	expect_line '^gen-to-kafka: 50000 records made: 50000 delivered, 0 not acknowledged$' err
	gen-to-kafka -q --model taxi-ride --seed 4 -c 50000 | LC_ALL=C sort >want
	kafka-to-pipe -q -t $id -e | LC_ALL=C sort >got
	expect_same want got
}

# Lab 1's producer made the key by Python's json.dumps
test_keys_of_the_models() {
	id=$(fresh_id)
	create_topic $id 5
	gen-to-kafka -q --model taxi-ride -t $id -c 2000
	kafka-to-pipe -q -t $id -e -J >got
	[ "$(jq -c 'select(.key == "{\"id\": \"\(.payload | fromjson | .id)\"}")' got | wc -l)" = 2000 ]
	[ "$(jq .partition got | sort -u | wc -l)" = 5 ]
	id=$(fresh_id)
	create_topic $id 5
	gen-to-kafka -q --model clickstream -t $id -c 2000 --broken 10 --seed 1
	kafka-to-pipe -q -t $id -e -J >got
	[ "$(jq -c 'select(.key | test("^[0-9]+$") | not)' got | wc -l)" = 0 ]
	# a user's clicks are in one partition, in order
	gen-to-kafka -q --model clickstream -p 0 -t $id -c 1 --key '{devicetype}'
	kafka-to-pipe -q -t $id -p 0 -o -1 -e -J | jq -e '.key | IN("mobile", "computer", "tablet")'
	jq -r '"\(.key) \(.partition)"' got | sort -u | cut -d' ' -f1 | uniq -d >twice
	[ ! -s twice ]
	id=$(fresh_id)
	create_topic $id 1
	gen-to-kafka -q --model trip-event -t $id -c 5
	gen-to-kafka -q --model taxi-ride --key none -t $id -c 5
	kafka-to-pipe -q -t $id -e -J | jq -es 'length == 10 and all(.key == null)'
}

test_headers() {
	id=$(fresh_id)
	create_topic $id 1
	gen-to-kafka -q --model clickstream --seed 1 --broken 20 -t $id -c 500 -H 'device={devicetype}' -H source=gen -H empty=
	kafka-to-pipe -q -t $id -e -J >got
	jq -es 'length == 500 and all(.headers[1] | IN("mobile", "computer", "tablet")) and
		all([.headers[0, 2, 3, 4, 5]] == ["device", "source", "gen", "empty", ""])' got
	jq -es 'map(select(.payload? // "" | test("\"devicetype\":\"[a-z]+\"")) |
		(.payload | capture("\"devicetype\":\"(?<d>[a-z]+)\"").d) == .headers[1]) | length > 300 and all' got
}

test_timestamps() {
	id=$(fresh_id)
	create_topic $id 1
	gen-to-kafka -q --model clickstream --seed 1 -t $id -c 1000 --kafka-time event --disorder 5
	kafka-to-pipe -q -t $id -e -J | jq -es 'length == 1000 and all(.ts == (.payload | fromjson | .eventtimestamp))'
	id=$(fresh_id)
	create_topic $id 1
	before=$(date +%s)
	gen-to-kafka -q --model clickstream --seed 1 -t $id -c 10
	kafka-to-pipe -q -t $id -e -J | jq -es "all(.ts / 1000 >= $before - 1)"
}

test_a_broker_that_goes_away_and_comes_back() {
	id=$(fresh_id)
	create_topic $id 2
	echo '{"n":"{sequence}"}' >t.json
	gen-to-kafka --template t.json --rate 1000 -c 6000 --progress=100ms -t $id 2>err &
	pid=$!
	wait_for 30 grep -q ' [1-9][0-9]* records, ' err
	services kill kafka
	services start kafka >/dev/null
	wait $pid || fail "status $?: $(cat err)"
	expect_line '^gen-to-kafka: 6000 records made: 6000 delivered, 0 not' err
	kafka-to-pipe -q -t $id -e | jq .n | sort -n | cmp - <(seq 0 5999)
}

test_endless_is_stopped() {
	id=$(fresh_id)
	create_topic $id 1
	gen-to-kafka --model taxi-ride --rate 2000 --progress=100ms -t $id 2>err &
	pid=$!
	wait_for 30 grep -q ' [1-9][0-9]* records, ' err
	kill -TERM $pid
	wait $pid
	made=$(sed -nE 's/^gen-to-kafka: ([0-9]+) records made: \1 delivered, 0 not acknowledged$/\1/p' err)
	[ "$made" -gt 0 ]
	[ "$(end_offsets $id)" = "$made" ]
}

test_a_partition_that_is_not_there() {
	id=$(fresh_id)
	create_topic $id 2
	expect_status 73 gen-to-kafka -q --model trip-event -c 5 -t $id -p 2
	expect_line "^gen-to-kafka: topic $id has no partition 2: it has 0 to 1\$" err
	gen-to-kafka -q --model trip-event -c 5 -t $id -p 1
	[ "$(end_offsets $id)" = 5 ]
}

test_no_topic_and_a_record_that_is_too_large() {
	expect_status 73 gen-to-kafka -q --model taxi-ride -t "$(fresh_id)" --wait 500ms
	id=$(fresh_id)
	create_topic $id 1
	printf '{"a":"%03000d"}' 0 >large.json
	expect_status 65 gen-to-kafka -q --template large.json -t $id -X message.max.bytes=1000 -c 5
	expect_line 'larger than message.max.bytes' err
}

run_tests
