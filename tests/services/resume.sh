#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# s3-to-kafka --resume-id against a real broker: killed at any moment and started again, every line is
# there once, and in order by key, for a read_committed reader.
#
# RESUME_KILLS=N: how many times each campaign kills (25; hundreds take minutes); RESUME_SEED=N: of the
# moments. TEST_ONLY=killed runs the campaigns alone.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

kills=${RESUME_KILLS:-25}
# 20000 lines are 200 s of event time: each of the runs gets its share
pace=$(awk -v kills="$kills" 'BEGIN { print 500 / kills }')
RANDOM=${RESUME_SEED:-1}

# make_lines FROM TO: by key k, event times t up to 500 ms out of order, lines of many lengths
make_lines() {
	LC_ALL=C awk -v from="$1" -v to="$2" 'BEGIN {
		for (n = from; n <= to; n++)
			printf "{\"k\":\"%d\",\"t\":16000%09.0f,\"n\":%d,\"x\":\"%.*s\"}\n", n % 7,
				n * 10 + (n * 7919) % 500, n, n % 97, \
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	}'
}

# four objects, plain and compressed, with a blank line
make_objects() {
	mkdir in
	make_lines 1 8000 >in/a.json
	make_lines 8001 12000 | lz4 -q >in/b.json.lz4
	{ echo; make_lines 12001 16000; } | gzip >in/c.json.gz
	make_lines 16001 20000 >in/d.json
	make_lines 1 20000 >all
}

# committed TOPIC: how many records a read_committed reader sees
committed() {
	kafka-to-pipe -q -t "$1" -e | wc -l
}

# has_committed TOPIC COUNT: more than so many
has_committed() {
	[ "$(committed "$1")" -gt "$2" ]
}

# committed_to_java TOPIC: the values, for Kafka's own consumer, each in the partition Java would choose
committed_to_java() {
	services topic read "$1" >java
	awk -F'\t' '$1 != $3' java >elsewhere
	expect_same /dev/null elsewhere
	cut -f 6- java
}

# by_key FILE: stable, so that the order within each key is seen
by_key() {
	LC_ALL=C sort -s -t'"' -k4,4 "$1"
}

# what an uninterrupted run gives, in order by key: WANT OPTIONS...
make_want() {
	s3-to-kafka -q "${@:2}" in >uninterrupted
	by_key uninterrupted >"$1"
}

# every line once, each key's in the order of an uninterrupted run
expect_exactly() {
	local id=$1 want=$2
	committed_to_java "$id" >lines
	LC_ALL=C sort lines | uniq -d | head -n 3 >twice
	[ ! -s twice ] || fail "twice: $(cat twice)"
	by_key lines >got.by_key
	expect_same "$want" got.by_key
}

# run_killed N OPTIONS...: kills N runs at seeded moments, then lets one end
run_killed() {
	local n=$1 i status progress=0
	shift
	for ((i = 0; i < n; i++)); do
		s3-to-kafka -q "$@" in 2>>err.killed &
		sleep "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", 0.03 + r / 32768 * 0.6 }')"
		kill -KILL $! 2>/dev/null || :
		status=0
		wait $! 2>/dev/null || status=$?
		case $status in
		137) progress=$((progress + 1)) ;;
		0) ;; # it had come to the end before
		*) fail "status $status: $(cat err.killed)" ;;
		esac
	done
	[ $progress -gt $((n / 2)) ] || fail "only $progress of $n were killed before their end"
	expect_status 0 s3-to-kafka "$@" --speedup max in
}

# ---- killed ----

test_killed_and_started_again_gives_each_line_once() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}'
	run_killed "$kills" -t "$id" --key '{k}' --resume-id "$id" --time t --speedup "$pace" \
		--commit-interval 50ms
	expect_exactly "$id" want
}

test_killed_with_a_reorder_horizon() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}' --time t --reorder 40
	run_killed "$kills" -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 40 --speedup "$pace" \
		--commit-interval 50ms
	expect_exactly "$id" want
}

# two folders, each merged, then re-sorted; the times moved by what the first run found
test_killed_while_merging_and_moving_times() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	mkdir in in/x in/y
	make_lines 1 10000 >lines
	for i in 0 1 2; do awk "NR % 3 == $i" lines >in/x/$i.json; done
	make_lines 10001 20000 >lines
	for i in 0 1; do awk "NR % 2 == $i" lines | gzip >in/y/$i.json.gz; done
	make_want want --key '{k}' --time t --merge --reorder 20
	run_killed "$kills" -t "$id" --key '{k}' --resume-id "$id" --time t --merge --reorder 20 \
		--shift-to-now --speedup "$pace" --commit-interval 50ms
	# one shift for all, and without it everything is as it was
	committed_to_java "$id" >moved
	first=$(jq -r 'select(.n == 1) | .t' moved)
	shift_ms=$((first - $(jq -r 'select(.n == 1) | .t' <(zcat -f in/x/*))))
	awk -v d=$shift_ms '{
		match($0, /"t":[0-9]+/); t = substr($0, RSTART + 4, RLENGTH - 4)
		printf "%s\"t\":%.0f%s\n", substr($0, 1, RSTART - 1), t - d, substr($0, RSTART + RLENGTH)
	}' moved >lines
	by_key lines >got.by_key
	expect_same want got.by_key
}

test_killed_at_full_speed() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	mkdir in
	for i in 0 1 2; do make_lines $((i * 200000 + 1)) $((i * 200000 + 200000)) >in/$i.json; done
	make_want want --key '{k}' --time t --reorder 1000
	for ((i = 0; i < 8; i++)); do
		s3-to-kafka -q -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 1000 \
			--commit-interval 20ms -z lz4 in 2>>err.killed &
		sleep "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", 0.1 + r / 32768 * 0.3 }')"
		kill -KILL $! 2>/dev/null || :
		wait $! 2>/dev/null || :
	done
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 1000 -z lz4 in
	expect_exactly "$id" want
}

# ---- stopped, finished, changed ----

test_stopped_and_started_again() {
	local id replay status total=0
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}' --time t --reorder 40
	for _ in 1 2 3; do
		s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 40 --speedup 20 in 2>err &
		replay=$!
		wait_for 60 has_committed "$id" $total
		kill -TERM $replay
		status=0
		wait $replay || status=$?
		[ $status = 75 ] || fail "status $status: $(cat err)"
		# what was sent is committed, and counted
		sent=$(sed -n 's/.* read: \([0-9]*\) delivered.*/\1/p' err)
		[ "$sent" -gt 0 ] || fail "$(cat err)"
		total=$((total + sent))
		[ "$(committed "$id")" = $total ]
	done
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 40 in
	expect_line "going on behind [0-9]+ records read, $total of them sent" err
	expect_exactly "$id" want
}

test_a_finished_id_does_nothing_until_objects_are_added() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" in
	expect_line '20000 records read: 20000 delivered' err
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" in
	expect_line ' 0 records read: 0 delivered' err
	expect_line 'was finished before, and nothing was added' err
	make_lines 20001 21000 >in/e.json
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" in
	expect_line ' 1000 records read: 1000 delivered' err
	make_want want --key '{k}'
	expect_exactly "$id" want
}

test_what_was_sent_must_not_change() {
	local id
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	expect_status 0 s3-to-kafka -q -t "$id" --key '{k}' --resume-id "$id" -c 9000 in
	# another option
	expect_status 65 s3-to-kafka -q -t "$id" --key '{n}' --resume-id "$id" in
	expect_line '^s3-to-kafka: --resume-id .*: the options have changed: --key was \{k\} and is \{n\}' err
	expect_status 65 s3-to-kafka -q -t "$id" --resume-id "$id" --time t --reorder 3 in
	expect_line '--key was \{k\} and is not given' err
	expect_line '--reorder was not given and is 3' err
	expect_status 65 s3-to-kafka -q -t "$id" --key '{k}' --resume-id "$id" -X partitioner=fnv1a in
	expect_line '-X partitioner was not given and is fnv1a' err
	# an object already read, one being read, one before it
	cp -p in/a.json kept
	echo '{}' >>in/a.json
	expect_status 65 s3-to-kafka -q -t "$id" --key '{k}' --resume-id "$id" in
	expect_line 'the objects up to in/b.json.lz4 are not what they were' err
	cp -p kept in/a.json
	cp -p in/a.json in/0.json
	expect_status 65 s3-to-kafka -q -t "$id" --key '{k}' --resume-id "$id" in
	rm in/0.json
	# what is behind may: one object more
	make_lines 20001 20100 >in/e.json
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" in
	expect_line ' 11100 records read: 11100 delivered' err
	make_want want --key '{k}'
	expect_exactly "$id" want
	# forgotten, it begins anew
	expect_status 0 s3-to-kafka --resume-id "$id" --resume-forget
	expect_line "resume-id $id is forgotten" err
	expect_status 66 s3-to-kafka --resume-id "$id" --resume-forget
	expect_line "nothing is kept under --resume-id $id in topic sluice-resume" err
	expect_status 0 s3-to-kafka -t "$id" --key '{n}' --resume-id "$id" -c 10 in
	expect_line ' 10 records read: 10 delivered' err
}

test_a_count_is_of_all_runs() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	make_objects
	expect_status 0 s3-to-kafka -q -t "$id" --resume-id "$id" -c 100 in
	expect_status 0 s3-to-kafka -q -t "$id" --resume-id "$id" -c 100 in
	[ "$(committed "$id")" = 100 ]
	expect_status 0 s3-to-kafka -q -t "$id" --resume-id "$id" -c 150 in
	kafka-to-pipe -q -t "$id" -e >got
	head -n 150 all >want
	expect_same want got
}

# ---- records that cannot be sent ----

test_a_bad_record_stops_before_it_and_letters_are_in_the_transaction() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	create_topic "$id-dead" 1
	mkdir in
	{ make_lines 1 50; echo broken; make_lines 51 100; } >in/a.json
	make_lines 1 100 >want
	expect_status 65 s3-to-kafka -q -t "$id" --resume-id "$id" --time t --reorder 10 in
	expect_line '^s3-to-kafka: in/a.json:51: ' err
	# again at the same place, and nothing more is sent
	before=$(committed "$id")
	expect_status 65 s3-to-kafka -q -t "$id" --resume-id "$id" --time t --reorder 10 in
	expect_line '^s3-to-kafka: in/a.json:51: ' err
	[ "$(committed "$id")" = "$before" ]
	expect_status 0 s3-to-kafka -t "$id" --resume-id "$id" --time t --reorder 10 --dead-letter "$id-dead" in
	expect_line ' 1 rejected' err
	kafka-to-pipe -q -t "$id" -e >got
	s3-to-kafka -q --time t --reorder 10 --dead-letter ./letters in >want
	expect_same want got
	[ "$(kafka-to-pipe -q -t "$id-dead" -e | jq -r .payload)" = broken ]
	# once, also when it is started again
	expect_status 0 s3-to-kafka -q -t "$id" --resume-id "$id" --time t --reorder 10 --dead-letter "$id-dead" in
	[ "$(kafka-to-pipe -q -t "$id-dead" -e | wc -l)" = 1 ]
}

# ---- two at once, brokers that go ----

test_the_second_of_two_takes_over() {
	local id first status=0
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}'
	s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --speedup 20 --commit-interval 200ms in 2>err.first &
	first=$!
	wait_for 60 has_committed "$id" 0
	expect_status 0 s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t in
	wait $first || status=$?
	[ $status = 75 ] || fail "status $status: $(cat err.first)"
	expect_line 'another process has taken it over' err.first
	# which is all there is to say
	expect_no_line 'TXNERR|librdkafka' err.first
	expect_line 'going on behind [1-9]' err
	expect_exactly "$id" want
}

test_a_broker_that_dies_is_waited_for() {
	local id replay
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}' --time t --reorder 40
	s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --reorder 40 --speedup 20 in 2>err &
	replay=$!
	wait_for 60 has_committed "$id" 0
	services kill kafka >/dev/null
	sleep 2
	services start kafka >/dev/null 2>&1
	wait $replay || fail "$(cat err)"
	expect_exactly "$id" want
}

# longer than a transaction may be open: the broker aborts it, and the replay goes back and on
test_a_broker_that_is_silent_for_long() {
	local id replay
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}'
	s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --speedup 20 \
		-X transaction.timeout.ms=3000 in 2>err &
	replay=$!
	wait_for 60 has_committed "$id" 0
	services pause kafka >/dev/null
	sleep 8
	services resume kafka >/dev/null
	wait $replay || fail "$(cat err)"
	expect_line 'going back to what is committed' err
	expect_exactly "$id" want
}

# the process sleeps past its transaction's timeout: what looks like being fenced is not
test_a_process_that_was_stopped_for_long_goes_on() {
	local id replay
	id=$(fresh_id)
	create_topic "$id" 3
	make_objects
	make_want want --key '{k}'
	s3-to-kafka -t "$id" --key '{k}' --resume-id "$id" --time t --speedup 20 \
		-X transaction.timeout.ms=2000 in 2>err &
	replay=$!
	wait_for 60 has_committed "$id" 0
	kill -STOP $replay
	# the broker looks for such transactions every 10 s
	sleep 14
	kill -CONT $replay
	wait $replay || fail "$(cat err)"
	expect_exactly "$id" want
}

# ---- the topic that keeps positions ----

test_the_topic_is_made_compacted_or_refused() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	create_topic "$id-bad" 1
	mkdir in
	make_lines 1 10 >in/a.json
	expect_status 0 s3-to-kafka -q -t "$id" --resume-id x --resume-topic "$id-states" in
	kafka-to-pipe -q -t "$id-states" -e -J | tail -n 1 |
		jq -e '.key == "x" and (.payload | fromjson | .done and .counts.sent == 10)' >/dev/null
	expect_status 2 s3-to-kafka -q -t "$id" --resume-id x --resume-topic "$id-bad" in
	expect_line 'cleanup.policy=delete' err
	# what is in it must be ours
	create_topic "$id-foreign" 1 cleanup.policy=compact
	printf 'x|{"a":1}\n' | kcat -P -t "$id-foreign" -b "$BOOTSTRAP_SERVERS" -K '|'
	expect_status 65 s3-to-kafka -q -t "$id" --resume-id x --resume-topic "$id-foreign" in
	expect_line 'key x: not the position of a replay: it has no version' err
	[ "$(committed "$id")" = 10 ]
}

test_ids_do_not_disturb_each_other() {
	local id
	id=$(fresh_id)
	create_topic "$id" 1
	mkdir in
	make_lines 1 3000 >in/a.json
	s3-to-kafka -q -t "$id" --resume-id "$id-1" --rate 1500 in &
	s3-to-kafka -q -t "$id" --resume-id "$id-2" --rate 1500 --commit-interval 100ms in &
	wait %1
	wait %2
	kafka-to-pipe -q -t "$id" -e | LC_ALL=C sort | uniq -c | awk '$1 != 2' >other
	expect_same /dev/null other
	[ "$(committed "$id")" = 6000 ]
}

run_tests
