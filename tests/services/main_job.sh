#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job joined by topics on a real broker, in any order of starting: the same windows.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

replay() {
	s3-to-kafka -q -t trips-$id --wait 30s --key '{vendor_id}' --time dropoff_datetime \
		--speedup 1000000 trips.json
}

# run in the background: exec, so that signals reach the tool
aggregate() {
	exec kafka-window -q -t trips-$id --wait 30s --output-topic windows-$id --idle-close 2s "${window_options[@]}"
}

land() {
	exec kafka-to-s3 -q -t windows-$id --wait 30s --time window_time --path "$lake_path" --max-age 1s ./lake
}

lake_lines() {
	[ "$(lines_of_lake | wc -l)" -ge "$1" ]
}

expect_windows() {
	lines_of_lake | found_windows >got
	expect_same want got
	expect_lake_paths lake
}

prepare() {
	id=$(fresh_id)
	make_trips 20000 >trips.json
	expected_windows trips.json >want
}

stop_jobs() {
	local job status
	for job in "$@"; do
		kill -TERM "$job"
		status=0
		wait "$job" || status=$?
		# endless input, everything drained
		[ "$status" = 0 ] || fail "a tool ended with $status: $(cat ./*.err)"
	done
}

test_topics_first_then_from_source_to_lake() {
	prepare
	create_topic trips-$id 4
	create_topic windows-$id 2
	replay
	aggregate 2>window.err &
	local window=$!
	land 2>lake.err &
	local lake=$!
	wait_for 60 lake_lines "$(wc -l <want)"
	stop_jobs $window $lake
	expect_windows
}

# the lake and the windows wait for topics that are not there yet
test_from_lake_to_source() {
	prepare
	land 2>lake.err &
	local lake=$!
	aggregate 2>window.err &
	local window=$!
	sleep 1
	create_topic windows-$id 2
	replay 2>replay.err &
	local replay=$!
	sleep 1
	create_topic trips-$id 4
	wait $replay
	wait_for 60 lake_lines "$(wc -l <want)"
	stop_jobs $window $lake
	expect_windows
}

# bounded, as cron would run it: each to its end, one after another
test_one_after_another_with_exit_at_end() {
	prepare
	create_topic trips-$id 4
	create_topic windows-$id 2
	replay
	kafka-window -q -t trips-$id -e --output-topic windows-$id "${window_options[@]}"
	kafka-to-s3 -q -t windows-$id -e --time window_time --path "$lake_path" ./lake
	expect_windows
	# nothing new: nothing more
	kafka-to-s3 -q -t windows-$id -e --time window_time --path "$lake_path" ./lake
	expect_windows
}

test_from_topic_to_pipe_to_pipe() {
	prepare
	create_topic trips-$id 1
	replay
	kafka-to-pipe -q -t trips-$id -e >copy.json
	LC_ALL=C sort trips.json >a
	LC_ALL=C sort copy.json >b
	expect_same a b
	kafka-to-pipe -q -t trips-$id -e | kafka-window -q "${window_options[@]}" |
		kafka-to-s3 -q --time window_time --path "$lake_path" ./lake
	expect_windows
}

run_tests
