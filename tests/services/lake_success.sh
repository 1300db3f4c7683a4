#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 --success-after: which paths of the lake are complete, and when.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"
# shellcheck source=tests/services/lake_lib.sh
. "$top_srcdir/tests/services/lake_lib.sh"

files_of_lake() {
	find -H lake -type f -not -path 'lake/_sluice/*' -not -path '*/.*' "$@" 2>/dev/null
}

# begin PARTITIONS: a fresh topic, $topic
begin() {
	topic=$(fresh_id)
	create_topic "$topic" "$1"
	: >in
}

# minutes FROM TO: a record for each minute of that month
minutes() {
	awk -v from="$1" -v to="$2" 'BEGIN {
		for (i = from; i < to; i++)
			printf "{\"id\":%d,\"t\":\"2019-01-%02dT%02d:%02d:30Z\"}\n", i, 1 + i / 1440, i / 60 % 24, i % 60
	}'
}

# put FROM TO [OPTION-OF-S3-TO-KAFKA...]: those into the topic
put() {
	minutes "$1" "$2" >more.json
	shift 2
	s3-to-kafka -q -t "$topic" "$@" more.json
	cat more.json >>in
}

# to_each PARTITIONS FROM TO: a record for each minute into each partition
to_each() {
	local p
	for p in $(seq 0 $(($1 - 1))); do put "$2" "$3" -p "$p"; done
}

path='h={@hour}'

land() {
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --time t --path "$path" --success-after 10m "$@" "$target"
}

# complete HOUR...: those have their _SUCCESS, and no others
complete() {
	find -H lake -name _SUCCESS | LC_ALL=C sort >got.paths
	for hour in "$@"; do echo "lake/h=$hour/_SUCCESS"; done >want.paths
	cmp -s want.paths got.paths
}

expect_complete() {
	complete "$@" || expect_same want.paths got.paths
}

test_event_time_completes_a_path() {
	begin 2
	to_each 2 0 69
	land -e
	expect_complete
	# 01:09:30 of both; not of one
	put 69 71 -p 0
	land -e
	expect_complete
	put 69 71 -p 1
	land -e
	expect_complete 00
	jq -e '.time == 1546305030000 and .pending == {"h=01": 1546308000000}' "lake/_sluice/$topic-00001" >/dev/null
	[ ! -s lake/h=00/_SUCCESS ]
	# the next run has nothing to do, and one of another day finds what waits
	land -e
	to_each 2 71 200
	land -e
	expect_complete 00 01 02
	lines_of_lake | LC_ALL=C sort >got
	LC_ALL=C sort in >want
	expect_same want got
}

test_in_s3() {
	in_s3
	test_event_time_completes_a_path
	# a replay passes over it, and over the marks
	s3-to-kafka -q "$target/" | LC_ALL=C sort >got
	expect_same want got
	mv lake old
	target=lake
	in_s3
	test_late_records_are_added
}

test_late_records_are_added() {
	begin 1
	to_each 1 0 200
	land -e
	expect_complete 00 01 02
	touch -d 2001-01-01 lake/h=00/_SUCCESS
	put 5 6
	land -e
	expect_complete 00 01 02
	[ "$(stat -c %y lake/h=00/_SUCCESS | cut -c 1-4)" = 2001 ]
	[ "$(ls lake/h=00 | wc -l)" = 3 ]
	jq -e '.pending == {"h=03": 1546315200000}' "lake/_sluice/$topic-00000" >/dev/null
}

# a partition that is behind holds up the others; not one that has nothing to say for long
test_quiet_partitions() {
	begin 3
	put 0 300 -p 0
	put 0 62 -p 1
	land -e --success-after 1m
	# the third never had a record
	expect_complete
	# all is published, and quiet for longer
	runs_to() {
		land -e --success-after 2s
		complete "$@"
	}
	wait_for 30 runs_to 00 01 02 03 04
	jq -e 'has("pending") | not' "lake/_sluice/$topic-00000" >/dev/null
}

# without -e: no record comes after the last
test_a_member_that_waits() {
	local tool status=0
	begin 2
	put 0 130 -p 0
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --time t --path 'h={@hour}' --success-after 2s --max-age 100ms lake 2>err &
	tool=$!
	wait_for 60 complete 00 01 02
	kill -TERM "$tool"
	wait "$tool" || status=$?
	[ "$status" = 0 ] || fail "exit status $status: $(cat err)"
}

# a member that is not told of them yet does not leave them out
test_partitions_that_are_added() {
	local tool status=0
	begin 1
	land -c 200 &
	tool=$!
	wait_for 60 test -f "lake/_sluice/$topic-00000"
	services topic grow "$topic" 2
	put 5 6 -p 1
	put 0 200 -p 0
	wait "$tool" || status=$?
	[ "$status" = 0 ]
	expect_complete
	land -e
	expect_complete
	put 200 201 -p 1
	land -e
	expect_complete 00 01 02
}

# what is not read yet is not quiet, however long ago the last was
test_what_waits_in_the_log_is_not_quiet() {
	begin 2
	to_each 2 0 10
	land -e
	jq -c '.at = 1000' "lake/_sluice/$topic-00001" >mark
	cp mark "lake/_sluice/$topic-00001"
	to_each 2 10 20
	# only some of the first partition
	put 20 100 -p 0
	land -c 5
	expect_complete
	land -e
	expect_complete
}

# the hour since the month began
hour_of() {
	printf '%02d-%02d' $((1 + $1 / 24)) $(($1 % 24))
}

# static membership: the next takes the place of the dead one without waiting for its session's end
test_members_are_killed() {
	local round slot kills=${SLUICE_KILLS:-8} members=("" "") path='h={@day}-{@hour}' hour
	RANDOM=${SLUICE_SEED:-5}
	echo "SLUICE_KILLS=$kills SLUICE_SEED=${SLUICE_SEED:-5}"
	[ "$kills" -le 370 ] || fail "the month has no room for so many"
	mkdir lake
	begin 4
	for round in $(seq "$kills"); do
		for slot in 0 1; do
			[ -z "${members[slot]}" ] || continue
			kafka-to-s3 -q -t "$topic" -G "g-$topic" --time t --path "$path" --success-after 10m \
				--max-records $((10 + RANDOM % 60)) --max-age 200ms -X group.instance.id=$slot lake 2>>err &
			members[slot]=$!
		done
		# two hours and eight minutes, then two and so on: never past ten minutes of an hour
		put $(((round - 1) * 120 + 8 * (round > 1))) $((round * 120 + 8)) --key '{id}'
		sleep "$((RANDOM % 2)).$((RANDOM % 10))"
		[ ! -e "lake/h=$(hour_of $((round * 2 - 1)))/_SUCCESS" ] || fail "complete too early"
		slot=$((RANDOM % 2))
		kill -KILL "${members[slot]}" || fail "a member has ended: $(cat err)"
		wait "${members[slot]}" 2>/dev/null || true
		members[slot]=
		echo "round $round: $(find lake -name _SUCCESS | wc -l) complete"
	done
	for slot in 0 1; do
		[ -n "${members[slot]}" ] || continue
		kill -TERM "${members[slot]}"
		wait "${members[slot]}" || true
	done
	to_each 4 $((kills * 120 + 8)) $((kills * 120 + 9))
	land -e
	for hour in $(seq 0 $((kills * 2 - 2))); do
		hour_of "$hour"
		echo
	done >hours
	# shellcheck disable=SC2046
	expect_complete $(cat hours)
	lines_of_lake | LC_ALL=C sort >got
	LC_ALL=C sort in >want
	expect_same want got
}

run_tests
