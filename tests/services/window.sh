#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-window on a real broker: restarts, kills, a second member, idle partitions, late records.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/trips.sh
. "$top_srcdir/tests/trips.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

prepare() {
	id=$(fresh_id)
	make_trips "$1" >trips.json
	expected_windows trips.json >want
	create_topic $id "$2"
	create_topic out-$id 1
}

# for the background: exec, so that signals reach the tool
aggregate() {
	exec kafka-window -t $id -G g-$id --output-topic out-$id "${window_options[@]}" "$@"
}

# in the foreground exec would end the test where it stands, and well
aggregate_once() {
	(aggregate "$@")
}

rows() {
	kafka-to-pipe -q -t out-$id -e
}

has_rows() {
	[ "$(rows | wc -l)" -ge "$1" ]
}

# aggregate_in_runs N: trips.json arrives while so many runs are stopped by a signal, and another goes to the end;
# nothing is late
aggregate_in_runs() {
	local i job status replay
	# 170,000 s of event time in about six seconds
	s3-to-kafka -q -t $id --time dropoff_datetime --speedup 28000 trips.json &
	replay=$!
	for i in $(seq "$1"); do
		aggregate 2>err.$i &
		job=$!
		sleep 1.5
		kill -TERM $job
		status=0
		wait $job || status=$?
		[ $status = 0 ] || fail "run $i ended with $status: $(cat err.$i)"
		expect_line ', 0 late, 0 rejected' err.$i
	done
	wait $replay
	aggregate_once -e 2>err.last
	expect_line ', 0 late, 0 rejected' err.last
}

# three clean restarts in the middle of windows: nothing lost, no closed window given out twice, no
# record that is read again counted late
test_clean_restarts_are_exactly_once() {
	prepare 20000 4
	aggregate_in_runs 3
	# a run began in the middle of windows, or this test shows nothing
	grep -hoE '[0-9]+ windows open' err.* | grep -q '[1-9]' || fail "no window was open at a restart"
	rows | found_windows >got
	expect_same want got
}

# an analyst at a prompt: one question, another, the first again
test_jobs_on_standard_output_do_not_share_a_group() {
	prepare 2000 2
	s3-to-kafka -q -t $id trips.json
	kafka-window -q -t $id -e --time dropoff_datetime --tumble 1d -a n=count >counts
	kafka-window -q -t $id -e --time dropoff_datetime --tumble 1d -a revenue=sum:total_amount >sums
	[ "$(jq -s 'map(.n) | add' counts)" = 2000 ] || fail "$(cat counts)"
	[ "$(wc -l <sums)" = "$(wc -l <counts)" ] || fail "$(cat sums)"
	expect_line '"revenue":[0-9]' sums
	kafka-window -q -t $id -e --time dropoff_datetime --tumble 1d -a n=count >again
	[ ! -s again ] || fail "$(cat again)"
}

# the same for sessions: one of each of three keys is open all the time
test_sessions_survive_clean_restarts() {
	local window_options=(--session 90s --out-of-order 1s --time dropoff_datetime --by vendor_id -a n=count)
	prepare 20000 4
	jq -r '"\(.vendor_id) \(.dropoff_datetime | sub("\\.000Z"; "Z") | fromdate)"' trips.json |
		awk '$1 in last && $2 - last[$1] > 90 { print $1, first[$1], last[$1] + 90, n[$1]; n[$1] = 0 }
			!n[$1] { first[$1] = $2 }
			{ last[$1] = $2; n[$1]++ }
			END { for (k in last) print k, first[k], last[k] + 90, n[k] }' | sort >want
	aggregate_in_runs 3
	grep -hoE '[0-9]+ windows open' err.* | grep -q '[1-9]' || fail "no session was open at a restart"
	# what is read again is little more than the open sessions, and was given out before
	grep -q 'of windows given out before' err.* || fail "nothing was read again: $(cat err.*)"
	rows | jq -r '[.vendor_id, (.window_start, .window_end | sub("\\.000Z"; "Z") | fromdate), .n] | join(" ")' |
		sort >got
	expect_same want got
}

# windows that hop, of records in disorder that are behind the watermark, over clean restarts: the
# revisions of each window and key rise, and end where all records are in
test_updates_survive_clean_restarts() {
	local window_options=(--hop '1h,20m' --lateness 30d --emit updates --time pickup_datetime --by vendor_id -a n=count)
	prepare 8000 4
	# begun up to an hour and a half before they ended, in order of the end
	jq -c '.pickup_datetime = ((.dropoff_datetime | sub("\\.000Z"; "Z") | fromdate) - .trip_id * 7919 % 5400 | todate)' \
		trips.json >both && mv both trips.json
	jq -r '"\(.vendor_id) \(.pickup_datetime | fromdate)"' trips.json |
		awk '{ for (i = 0; i < 3; i++) n[$1 " " ($2 - $2 % 1200 - i * 1200)]++ }
			END { for (k in n) print k, n[k] }' | sort >want
	aggregate_in_runs 2
	rows | jq -r '[.vendor_id, (.window_start | sub("\\.000Z"; "Z") | fromdate), .revision, .n] | join(" ")' >all
	awk '$3 != $4 || $3 <= n[$1 " " $2] { print "after", n[$1 " " $2], $0; exit 1 } { n[$1 " " $2] = $3 }' all ||
		fail "a revision does not rise"
	[ "$(wc -l <all)" -gt "$(wc -l <want)" ] || fail "nothing was updated"
	awk '{ n[$1 " " $2] = $3 } END { for (k in n) print k, n[k] }' all | sort >got
	expect_same want got
}

test_killed_runs_repeat_whole_rows_at_most() {
	local delay
	prepare 20000 4
	s3-to-kafka -q -t $id --time dropoff_datetime --speedup 40000 trips.json &
	local replay=$!
	for delay in 0.7 1.1 0.4; do
		aggregate -q 2>err &
		sleep $delay
		kill -KILL $!
		wait $! || true
	done
	wait $replay
	# until the group has seen that the killed members are gone, it may give them partitions: exit
	# status 75, and a supervisor starts the tool again
	local status=75
	while [ $status = 75 ]; do
		status=0
		aggregate_once -q -e || status=$?
	done
	[ $status = 0 ]
	rows | found_windows >all
	sort -u all >got
	expect_same want got
}

test_a_second_member_is_told_why_it_cannot_be() {
	local status=0
	prepare 100 2
	aggregate -v 2>first.err &
	local first=$!
	wait_for 30 grep -q '2 of 2 partitions' first.err
	aggregate_once 2>second.err || status=$?
	[ $status = 75 ] || fail "status $status: $(cat second.err)"
	expect_line 'partitions of .* needs them all' second.err
	wait $first || true
}

test_an_empty_partition_holds_nothing_up() {
	prepare 6000 4
	# one key: one partition of four has all of it
	aggregate --idle 1s 2>err &
	local job=$! status=0
	s3-to-kafka -q -t $id -p 2 trips.json
	# one more record, a day later, closes the windows before it without any --idle-close
	echo '{"vendor_id":1,"dropoff_datetime":"2019-01-05T00:00:00.000Z","passenger_count":1,"total_amount":1}' |
		s3-to-kafka -q -t $id -p 2
	wait_for 20 has_rows "$(wc -l <want)"
	kill -TERM $job
	wait $job || status=$?
	[ $status = 0 ]
	rows | found_windows >got
	expect_same want got
}

test_the_last_windows_close_when_nothing_comes() {
	prepare 3000 3
	aggregate --idle-close 1s 2>err &
	local job=$!
	s3-to-kafka -q -t $id --key '{vendor_id}' trips.json
	wait_for 20 has_rows "$(wc -l <want)"
	kill -TERM $job
	wait $job
	rows | found_windows >got
	expect_same want got
	# started again: what is closed stays closed
	aggregate_once -e 2>err
	expect_line '^kafka-window: 0 records read' err
	rows | found_windows >got
	expect_same want got
}

test_late_records_go_to_a_topic() {
	prepare 100 1
	create_topic late-$id 1
	{
		echo '{"vendor_id":1,"dropoff_datetime":"2019-02-01T00:30:00.000Z","passenger_count":1,"total_amount":1}'
		echo '{"vendor_id":1,"dropoff_datetime":"2019-02-01T02:00:00.000Z","passenger_count":1,"total_amount":1}'
		echo '{"vendor_id":1,  "dropoff_datetime":"2019-02-01T00:40:00.000Z","passenger_count":1,"total_amount":1}'
	} >in
	s3-to-kafka -q -t $id in
	aggregate_once -e --late late-$id 2>err
	expect_line '3 records read: 2 in windows, 1 late, 0 rejected' err
	kafka-to-pipe -q -t late-$id -e >late
	sed -n 3p in >want
	expect_same want late
}

test_keys_of_rows_are_the_group() {
	prepare 1000 2
	s3-to-kafka -q -t $id trips.json
	aggregate_once -q -e
	kafka-to-pipe -q -t out-$id -e -J | jq -r '"\(.key) \(.payload | fromjson | .vendor_id)"' >keys
	[ -s keys ]
	awk '$1 != $2 { exit 1 }' keys
	kafka-window -q -t $id -G two-$id -e --output-topic out-$id --tumble 1d --time dropoff_datetime \
		--by vendor_id,passenger_count -a n=count
	kafka-to-pipe -q -t out-$id -o -1 -e -J | jq -r .key | grep -qE '^\[[0-9],[0-9]\]$'
	kafka-window -q -t $id -G three-$id -e --output-topic out-$id --tumble 1d --time dropoff_datetime \
		--by vendor_id -a n=count --key '{vendor_id}/{window_start}'
	kafka-to-pipe -q -t out-$id -o -1 -e -J | jq -r .key | grep -qE '^[0-9]/2019-01-0'
}

# one partition is a day ahead of the other when the tool is stopped: after the start neither the
# partition that is known first nor the old watermark of one that is read again may close windows
test_partitions_far_apart_survive_a_restart() {
	local job i status=0
	prepare 6000 2
	# odd lines are in partition 0, even ones in 1; of these only a third has come yet
	awk 'NR % 2' trips.json >ahead
	awk 'NR % 2 == 0' trips.json >behind
	head -n 1000 behind >behind.1
	tail -n +1001 behind >behind.2
	s3-to-kafka -q -t $id -p 0 ahead
	s3-to-kafka -q -t $id -p 1 behind.1
	for i in 1 2; do
		aggregate 2>err.$i &
		job=$!
		wait_for 20 has_rows 1
		sleep 2
		kill -TERM $job
		wait $job || status=$?
		[ $status = 0 ] || fail "run $i ended with $status: $(cat err.$i)"
		expect_line ', 0 late, 0 rejected.* windows open' err.$i
	done
	s3-to-kafka -q -t $id -p 1 behind.2
	aggregate_once -e 2>err.3
	expect_line ', 0 late, 0 rejected' err.3
	rows | found_windows >got
	expect_same want got
}

# windows half built can be finished only by the shape they were begun with
test_another_shape_is_refused_while_windows_are_open() {
	prepare 1000 1
	s3-to-kafka -q -t $id trips.json
	aggregate 2>err &
	local job=$!
	wait_for 20 has_rows 3
	sleep 0.5
	kill -TERM $job
	wait $job
	expect_line '1 windows? open' err
	expect_status 65 kafka-window -q -t $id -G g-$id -e --tumble 5m --time dropoff_datetime -a n=count
	expect_line 'windows of the shape tumble:3600000' err
	# finished by the old options, the group takes another
	(aggregate -q -e)
	expect_status 0 kafka-window -q -t $id -G g-$id -e --tumble 5m --time dropoff_datetime -a n=count
}

# windows whose records were forgotten are not begun again by another lateness or other rows
test_other_options_open_no_closed_window() {
	local job options
	for options in '--emit updates --lateness 30m' '--lateness 0s'; do
		local window_options=(--tumble 1h --time t -a n=count)
		id=$(fresh_id)
		create_topic $id 1
		create_topic out-$id 1
		printf '{"t":%d}\n' 600000 4200000 7500000 | s3-to-kafka -q -t $id
		# shellcheck disable=SC2086 # words
		aggregate $options 2>err.1 &
		job=$!
		wait_for 20 has_rows 2
		sleep 0.5
		kill -TERM $job
		wait $job
		printf '{"t":%d}\n' 1200000 4800000 | s3-to-kafka -q -t $id
		aggregate_once -e --emit updates --lateness 10h 2>err.2
		rows | jq -r '"\(.window_start[11:16]) \(.n)"' >>got
	done
	# the hour from one on was held in the first case, so that it is updated
	printf '%s\n' '00:00 1' '01:00 1' '01:00 2' '02:00 1' '00:00 1' '01:00 1' '02:00 1' >want
	expect_same want got
}

test_a_rejected_record_is_put_away_once() {
	local i
	prepare 10 1
	{
		echo '{"vendor_id":1,"dropoff_datetime":"2019-03-01T00:00:00Z","passenger_count":1,"total_amount":1}'
		echo 'broken'
		echo '{"vendor_id":1,"dropoff_datetime":"2019-03-01T00:10:00Z","passenger_count":1,"total_amount":1}'
	} >in
	s3-to-kafka -q -t $id in
	for i in 1 2 3; do
		aggregate --dead-letter ./letters 2>err.$i &
		sleep 1.8
		kill -TERM $!
		wait $!
	done
	# read again each time with the window it lies in
	expect_line '3 records read: 2 in windows, 0 late, 0 rejected, 1 of' err.3
	[ "$(wc -l <letters)" = 1 ] || fail "$(wc -l <letters) letters"
}

# with -e a partition that has nothing more must not keep the windows of the others open
test_finished_partitions_hold_no_state() {
	prepare 10 2
	seq 1 200000 | awk '{ printf "{\"t\":%d}\n", $1 * 1000 }' | s3-to-kafka -q -t $id -p 0
	expect_status 0 kafka-window -t $id -G g-$id -e --tumble 1s --time t -a n=count --max-state 1M
	expect_line '200000 windows, 200000 rows delivered' err
}

run_tests
