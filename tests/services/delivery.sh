#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the DELIVERY sections promise, against a real broker: brokers that die, members that come and go,
# readers that leave, offsets that expire.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# expect_same_lines FILE FILE: as multisets
expect_same_lines() {
	LC_ALL=C sort "$1" >a.sorted
	LC_ALL=C sort "$2" >b.sorted
	expect_same a.sorted b.sorted
}

# expect_all_lines FILE FILE: each line of the first is in the second at least once, and no others are
expect_all_lines() {
	LC_ALL=C sort -u "$1" >a.sorted
	LC_ALL=C sort -u "$2" >b.sorted
	expect_same a.sorted b.sorted
}

topic_lines() {
	kafka-to-pipe -q -t "$1" -e
}

# ---- s3-to-kafka ----

test_replay_is_complete_and_ordered_by_key() {
	id=$(fresh_id)
	make_trips 20000 >trips.json
	create_topic $id 4
	expect_status 0 s3-to-kafka -t $id --key '{vendor_id}' -z lz4 trips.json
	expect_line '20000 records read: 20000 delivered' err
	topic_lines $id >got
	expect_same_lines trips.json got
	for p in 0 1 2 3; do
		kafka-to-pipe -q -t $id -p $p -e | jq -r '"\(.vendor_id) \(.trip_id)"' >part
		# a key is in one partition, in order
		sort -s -k1,1 part | awk '$1 == key && $2 < last { exit 1 } { key = $1; last = $2 }'
		awk '{ print $1 }' part | sort -u >>keys
	done
	[ "$(wc -l <keys)" = "$(sort -u keys | wc -l)" ] || fail "a key is in two partitions"
}

# murmur2 of Kafka's Java client; hashes as in its UtilsTest.testMurmur2
test_keys_land_where_java_puts_them() {
	id=$(fresh_id)
	create_topic $id 4
	for key in 21 foobar a-little-bit-long-string abc; do echo "{\"k\":\"$key\"}"; done >in
	s3-to-kafka -q -t $id --key '{k}' in
	kafka-to-pipe -q -t $id -e -J | jq -r '"\(.key) \(.partition)"' | sort >got
	# toPositive(hash) % 4 of -973932308, -790332482, -985981536, 479470107
	for case in '21 -973932308' 'foobar -790332482' 'a-little-bit-long-string -985981536' 'abc 479470107'; do
		# shellcheck disable=SC2086
		set -- $case
		echo "$1 $((($2 & 0x7fffffff) % 4))"
	done | sort >want
	expect_same want got
}

# judged by the Java client itself, over keys of many lengths
test_every_key_lands_where_javas_producer_would_put_it() {
	id=$(fresh_id)
	create_topic $id 7
	seq 3000 | awk '{ key = substr("abcdefghijklmnopqrstuvwxyz\303\274\342\202\254", 1, $1 % 26) $1
		if ($1 % 3 == 0) key = key "\303\274\342\202\254"
		printf "{\"k\":\"%s\"}\n", key }' >in
	expect_status 0 s3-to-kafka -q -t $id --key '{k}' in
	services topic read $id >got
	[ "$(wc -l <got)" = 3000 ] || fail "$(wc -l <got) records"
	awk -F'\t' '$1 != $3' got >elsewhere
	expect_same elsewhere /dev/null
	[ "$(cut -f 1 got | sort -u | wc -l)" = 7 ] || fail "not every partition has keys"
}

test_replay_survives_a_broker_that_dies() {
	id=$(fresh_id)
	make_trips 20000 >trips.json
	create_topic $id 4
	s3-to-kafka -q -t $id --time dropoff_datetime --speedup 40000 trips.json 2>err &
	local replay=$!
	# it is under way
	kafka-to-pipe -q -t $id -c 1 >/dev/null
	services kill kafka >/dev/null
	# as long as that: it is away for a while
	sleep 1
	services start kafka >/dev/null 2>&1
	wait $replay || fail "$(cat err)"
	topic_lines $id >got
	# the idempotent producer: nothing lost and nothing twice
	expect_same_lines trips.json got
}

test_a_silent_broker_is_an_error_with_counts() {
	id=$(fresh_id)
	make_trips 3000 >trips.json
	create_topic $id 1
	s3-to-kafka -t $id -X message.timeout.ms=4000 --time dropoff_datetime --speedup 60000 trips.json 2>err &
	local replay=$! status=0
	kafka-to-pipe -q -t $id -c 1 >/dev/null
	services pause kafka >/dev/null
	wait $replay || status=$?
	services resume kafka >/dev/null
	[ $status = 69 ] || fail "status $status: $(cat err)"
	expect_line 'not delivered' err
	expect_no_line vendor_id err
	expect_line '^s3-to-kafka: 3?[0-9]+ records read: [0-9]+ delivered, 0 rejected, [0-9]+ not' err
}

test_a_record_too_large_is_named() {
	id=$(fresh_id)
	create_topic $id 1
	{ echo '{"a":1}'; printf '{"a":"'; head -c 3000000 /dev/zero | tr '\0' x; echo '"}'; } >in
	expect_status 65 s3-to-kafka -q -t $id in
	expect_line 'larger than message.max.bytes' err
	expect_line '^s3-to-kafka: in:2: ' err
	[ "$(topic_lines $id)" = '{"a":1}' ]
	# with a dead letter target it goes there, and what follows goes on
	echo '{"a":3}' >>in
	expect_status 0 s3-to-kafka -t $id --dead-letter ./letters in
	expect_line '3 records read: 2 delivered, 1 rejected' err
	jq -e '.line == 2 and (.payload | length) > 3000000' letters >/dev/null
}

test_topics_that_never_appear() {
	id=$(fresh_id)
	echo '{"a":1}' >in
	expect_status 73 s3-to-kafka -q -t $id --wait 500ms in
	expect_line "$id" err
	expect_status 66 kafka-to-pipe -q -t $id --wait 500ms
	expect_line "$id" err
	expect_status 66 kafka-to-s3 -q -t $id --wait 500ms ./lake
	expect_status 66 kafka-window -q -t $id --wait 500ms --tumble 1h -a n=count
}

# nothing was read, and nothing is left undone, unless an end was asked for
test_a_signal_while_a_topic_is_waited_for() {
	local command status tool
	id=$(fresh_id)
	while read -r want command; do
		rm -f err
		# shellcheck disable=SC2086
		kafka-$command -v -t $id --wait 1m >out 2>err &
		tool=$!
		wait_for 20 grep -q 'waiting' err
		kill -TERM $tool
		status=0
		wait $tool || status=$?
		[ $status = $want ] || fail "kafka-$command: status $status: $(cat err)"
	done <<-EOF
		0 to-pipe
		0 to-pipe -G g-$id
		75 to-pipe -e
		0 to-s3 ./lake
		0 to-s3 -j 2 ./lake
		75 to-s3 -e ./lake
		0 window --tumble 1h -a n=count
	EOF
}

# ---- kafka-to-pipe ----

test_a_group_goes_on_where_it_was() {
	id=$(fresh_id)
	make_trips 5000 >trips.json
	create_topic $id 3
	s3-to-kafka -q -t $id trips.json
	: >got
	for _ in 1 2 3 4; do kafka-to-pipe -q -t $id -G g-$id -c 1000 -e >>got; done
	kafka-to-pipe -q -t $id -G g-$id -e >>got
	expect_same_lines trips.json got
	[ -z "$(kafka-to-pipe -q -t $id -G g-$id -e)" ]
}

test_a_reader_that_leaves_loses_nothing() {
	id=$(fresh_id)
	make_trips 50000 >trips.json
	create_topic $id 2
	s3-to-kafka -q -t $id trips.json
	set +o pipefail
	{ rc=0; kafka-to-pipe -q -t $id -G g-$id -e || rc=$?; echo $rc >status; } | head -n 700 >got
	set -o pipefail
	expect_text status 141
	kafka-to-pipe -q -t $id -G g-$id -e >>got
	# what was in the pipe when the reader left is written and gone (record-stream(7)): at most a pipe's
	# capacity and a chunk
	LC_ALL=C sort -u got | wc -l >count
	[ "$(cat count)" -ge 48000 ] || fail "only $(cat count) of 50000"
}

test_where_to_start_and_to_end() {
	id=$(fresh_id)
	create_topic $id 1
	seq 1 10 >in
	s3-to-kafka -q -t $id in
	[ "$(kafka-to-pipe -q -t $id -o 7 -e | tr '\n' ' ')" = '8 9 10 ' ]
	[ "$(kafka-to-pipe -q -t $id -o -2 -e | tr '\n' ' ')" = '9 10 ' ]
	[ "$(kafka-to-pipe -q -t $id -c 3 | tr '\n' ' ')" = '1 2 3 ' ]
	[ -z "$(kafka-to-pipe -q -t $id -o end -e)" ]
	[ "$(kafka-to-pipe -q -t $id -o s@1000 -o "e@$(($(date +%s) * 1000 + 60000))" -e | wc -l)" = 10 ]
	[ -z "$(kafka-to-pipe -q -t $id -o beginning -o e@1000 -e)" ]
}

test_envelopes_carry_everything() {
	id=$(fresh_id)
	create_topic $id 1
	printf 'k1|{"a":1}\n' | kcat -P -t $id -b "$BOOTSTRAP_SERVERS" -K '|' -H h1=v1 -H h2=v2
	printf 'k2|' | kcat -P -t $id -b "$BOOTSTRAP_SERVERS" -K '|' -Z
	printf '\xff\xfe\n' | kcat -P -t $id -b "$BOOTSTRAP_SERVERS"
	kafka-to-pipe -q -t $id -e -J >got
	jq -es '.[0].key == "k1" and .[0].payload == "{\"a\":1}" and .[0].headers == ["h1","v1","h2","v2"]
		and .[0].partition == 0 and .[0].offset == 0 and .[1].key == "k2" and .[1].payload == null
		and .[2].payload_base64 == "//4="' got >/dev/null || fail "$(cat got)"
}

test_offsets_that_have_expired() {
	id=$(fresh_id)
	create_topic $id 1
	seq 1 100 >in
	s3-to-kafka -q -t $id in
	kafka-to-pipe -q -t $id -G g-$id -c 10 >/dev/null
	services topic delete-records $id 0 40 >/dev/null
	expect_status 65 kafka-to-pipe -q -t $id -G g-$id -e
	expect_line "^kafka-to-pipe: $id\[0\]@10: .*starts at 40.*30" err
	[ ! -s out ]
	expect_status 65 kafka-to-pipe -q -t $id -o 5 -e
	# the beginning is where the log begins
	[ "$(kafka-to-pipe -q -t $id -e | head -n 1)" = 41 ]
}

test_a_broker_that_dies_is_waited_for() {
	id=$(fresh_id)
	create_topic $id 2
	seq 1 1000 >in
	s3-to-kafka -q -t $id in
	kafka-to-pipe -q -t $id -G g-$id -X session.timeout.ms=6000 >got 2>err &
	local reader=$! status=0
	lines() { [ "$(wc -l <got)" -ge "$1" ]; }
	wait_for 20 lines 1000
	services kill kafka >/dev/null
	# longer than a session: the group goes on without this member, which must join anew
	sleep 7
	services start kafka >/dev/null 2>&1
	seq 1001 2000 >in2
	s3-to-kafka -q -t $id in2
	(wait_for 80 lines 2000) || fail "$(cat err)"
	kill -TERM $reader
	wait $reader || status=$?
	[ $status = 0 ] || fail "status $status: $(cat err)"
	seq 1 2000 >want
	# what was written and not yet committed may come again
	expect_all_lines want got
}

# ---- kafka-to-s3 ----

test_a_lake_after_kill_9_has_everything_once() {
	id=$(fresh_id)
	make_trips 30000 >trips.json
	create_topic $id 4
	s3-to-kafka -q -t $id trips.json
	for delay in 0.15 0.3 0.45; do
		kafka-to-s3 -q -t $id -G g-$id --time dropoff_datetime --path "$lake_path/hour={@hour}" \
			--max-records 50 -X session.timeout.ms=6000 ./lake 2>>err &
		sleep $delay
		kill -KILL $!
		wait $! || true
	done
	# waits until the group has given the killed members up, and their partitions come to it
	kafka-to-s3 -q -t $id -G g-$id -e --time dropoff_datetime --path "$lake_path/hour={@hour}" \
		--max-records 50 ./lake
	lines_of_lake >got
	expect_same_lines trips.json got
	# nothing but whole files: no line is cut, no hidden file is left
	[ -z "$(find lake -name '.*' ! -name . -print -quit)" ]
}

test_members_of_a_lake_come_and_go() {
	id=$(fresh_id)
	make_trips 20000 >trips.json
	create_topic $id 4
	s3-to-kafka -q -t $id --time dropoff_datetime --speedup 30000 trips.json &
	local replay=$! one two status=0
	member() {
		exec kafka-to-s3 -v -t $id -G g-$id --time dropoff_datetime --path "$lake_path" --max-age 300ms \
			-X session.timeout.ms=6000 ./lake 2>$1.err
	}
	member one & one=$!
	wait_for 30 grep -q published one.err
	member two & two=$!
	wait_for 30 grep -q published two.err
	kill -TERM $one
	wait $one || status=$?
	[ $status = 0 ] || fail "the first member ended with $status: $(cat one.err)"
	wait $replay
	all_there() { [ "$(lines_of_lake | LC_ALL=C sort -u | wc -l)" -ge 20000 ]; }
	wait_for 40 all_there
	kill -TERM $two
	wait $two || status=$?
	[ $status = 0 ] || fail "the second member ended with $status: $(cat two.err)"
	lines_of_lake >got
	# members that are asked to leave publish and commit first: nothing twice
	expect_same_lines trips.json got
}

test_dead_letters_go_to_a_topic_with_their_place() {
	id=$(fresh_id)
	create_topic $id 1
	create_topic dead-$id 1
	printf '{"t":1546300800000}\nbroken\n{"t":1546300800001}\n' >in
	s3-to-kafka -q -t $id in
	expect_status 65 kafka-to-s3 -q -t $id -G g-$id -e --time t --path 'd={@day}' ./lake
	expect_line "^kafka-to-s3: $id\[0\]@1: byte 0: " err
	expect_status 0 kafka-to-s3 -q -t $id -G g-$id -e --time t --path 'd={@day}' --dead-letter dead-$id ./lake
	kafka-to-pipe -q -t dead-$id -e >dead
	jq -es --arg t $id 'length == 1 and .[0].topic == $t and .[0].offset == 1 and .[0].payload == "broken"
		and .[0].error.tool == "kafka-to-s3" and .[0].error.byte == 0' dead >/dev/null || fail "$(cat dead)"
	lines_of_lake >got
	grep -v broken in >want
	expect_same_lines want got
}

run_tests
