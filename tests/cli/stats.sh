#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --stats-file: numbers that Prometheus takes, of the moment while a tool works and of the whole at its end.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/numbers.sh
. "$top_srcdir/tests/numbers.sh"

# lines COUNT [FIRST]
lines() {
	seq "${2:-1}" $((${2:-1} + $1 - 1)) | sed 's/.*/{"n":&}/'
}

test_of_the_whole_run() {
	lines 250 >in
	expect_status 0 kafka-to-lambda --batch-size 100 --stats-file a.prom --stats-label job_name='a "b"' \
		-- cat <in
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 250
	expect_number a.prom sluice_read_bytes_total $(($(wc -c <in) - 250))
	expect_number a.prom sluice_records_delivered_total 250
	expect_number a.prom sluice_records_rejected_total 0
	expect_number a.prom sluice_requests_total 3
	expect_number a.prom sluice_requests_in_flight 0
	expect_number a.prom sluice_processes 0
	expect_line '^sluice_requests_total\{tool="kafka-to-lambda",job_name="a \\"b\\""\} 3$' a.prom
	# a pipe has no lag
	expect_no_line sluice_lag a.prom
	[ "$(find . -name '*a.prom*')" = ./a.prom ]
}

# what has another's name is left alone, whatever that name is; two runs write each its own
test_files_of_others_are_left_alone() {
	local i
	lines 3 >in
	echo mine | tee a.prom.tmp >.a.prom
	for i in $(seq 5); do
		kafka-to-lambda -q --stats-interval 100ms --stats-file a.prom --stats-label n="$i" -- cat <in >/dev/null &
	done
	wait
	expect_exposition a.prom
	expect_number a.prom sluice_records_delivered_total 3
	expect_text a.prom.tmp mine
	expect_text .a.prom mine
	[ "$(find . -name '*a.prom*' | wc -l)" = 3 ] || fail "$(find .)"
}

# a number of the text: this moment's, so that the file is not seen before it is whole
has_number() {
	[ -e "$1" ] && [ "$(number "$1" "$2")" = "$3" ]
}

test_while_it_works() {
	mkfifo in
	kafka-to-lambda -q --batch-window 0 --stats-interval 100ms --stats-file a.prom -- cat <in >/dev/null &
	local tool=$!
	exec 3>in
	lines 10 >&3
	wait_for 30 has_number a.prom sluice_records_delivered_total 10
	expect_number a.prom sluice_processes 1
	expect_exposition a.prom
	lines 5 >&3
	wait_for 30 has_number a.prom sluice_records_delivered_total 15
	exec 3>&-
	wait $tool
	expect_number a.prom sluice_processes 0
	expect_number a.prom sluice_records_delivered_total 15
}

# what a run did before it failed counts
test_of_a_run_that_fails() {
	lines 3 >in
	expect_status 65 kafka-to-lambda --retries 0 --workers 1 --stats-file a.prom -- false <in
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 3
	expect_number a.prom sluice_records_delivered_total 0
}

test_a_place_that_is_none() {
	lines 3 >in
	expect_status 73 kafka-to-lambda --stats-file not/there.prom -- touch ran <in
	expect_line '^kafka-to-lambda: not/there.prom: No such file or directory$' err
	expect_status 73 kafka-to-lambda --stats-file /dev/null -- touch ran <in
	expect_line '^kafka-to-lambda: /dev/null: not a regular file$' err
	expect_status 2 kafka-to-lambda --stats-file a.prom --stats-label topic=a -- touch ran <in
	expect_status 2 kafka-to-lambda --stats-file a.prom --stats-interval 5 -- touch ran <in
	[ ! -e ran ]
}

# the directory goes away: the work does not
test_a_place_that_goes_away() {
	mkdir place
	mkfifo in
	kafka-to-lambda --batch-window 0 --stats-interval 100ms --stats-file place/a.prom -- cat <in 2>err >/dev/null &
	local tool=$!
	exec 3>in
	lines 10 >&3
	wait_for 30 test -s place/a.prom
	# at once: it is written to ten times a second
	mv place away
	wait_for 30 grep -q 'stats-file: place/a.prom: No such file' err
	lines 5 >&3
	exec 3>&-
	wait $tool
	expect_line '15 records read: 15 delivered' err
	[ "$(grep -c stats-file err)" = 1 ] || fail "$(cat err)"
}

test_of_a_generator() {
	expect_status 0 gen-to-kafka --model taxi-ride -c 300 --stats-file a.prom
	expect_exposition a.prom
	expect_number a.prom sluice_records_made_total 300
	expect_number a.prom sluice_records_delivered_total 300
	expect_number a.prom sluice_records_open 0
	expect_number a.prom sluice_processes 0
	expect_no_line sluice_records_read a.prom
}

test_of_a_replay() {
	lines 20 >in
	expect_status 0 s3-to-kafka -c 15 --stats-file a.prom --stats-label n=1 in
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 15
	expect_number a.prom sluice_records_delivered_total 15
	expect_number a.prom sluice_records_filtered_total 0
	expect_number a.prom sluice_records_open 0
	# no event time was asked for
	expect_no_line sluice_event_time a.prom
	printf '%s\n' '{"at":"2019-01-01T00:00:00Z"}' '{"at":"2019-01-01T00:00:09.9Z"}' '{"at":"then"}' >in
	expect_status 0 s3-to-kafka --time at --seek 2019-01-01T00:00:01Z --dead-letter ./letters --stats-file a.prom in
	expect_number a.prom sluice_records_read_total 3
	expect_number a.prom sluice_records_delivered_total 1
	expect_number a.prom sluice_records_filtered_total 1
	expect_number a.prom sluice_records_rejected_total 1
	expect_number a.prom sluice_processes 0
	expect_status 66 s3-to-kafka --stats-file b.prom not-there
	[ ! -e b.prom ]
	expect_status 73 s3-to-kafka --stats-file not/there.prom in
	[ ! -s out ]
}

test_of_windows() {
	printf '{"at":%s,"k":"a"}\n' 1000 2000 61000 62000 3000 63000 >in
	echo '{"at":"never","k":"b"}' >>in
	expect_status 0 kafka-window --tumble 1m --time at --by k -a n=count --dead-letter ./letters \
		--stats-file a.prom <in
	expect_exposition a.prom
	expect_number a.prom sluice_records_read_total 7
	expect_number a.prom sluice_read_bytes_total $(($(wc -c <in) - 7))
	expect_number a.prom sluice_records_aggregated_total 5
	expect_number a.prom sluice_records_late_total 1
	expect_number a.prom sluice_records_rejected_total 1
	expect_number a.prom sluice_records_filtered_total 0
	expect_number a.prom sluice_windows_total 2
	expect_number a.prom sluice_rows_total 2
	expect_number a.prom sluice_windows_open 0
	expect_number a.prom sluice_processes 0
	expect_number a.prom sluice_event_time_seconds 120
	expect_no_line sluice_lag a.prom
}

test_of_windows_that_are_open() {
	mkfifo in
	kafka-window -q --stats-interval 100ms --stats-file a.prom --tumble 1m --time at -a n=count <in >out &
	local tool=$!
	exec 3>in
	printf '{"at":%s}\n' 1000 2000 61000 >&3
	wait_for 30 has_number a.prom sluice_records_aggregated_total 3
	# its row is written when nothing more is at hand
	wait_for 30 has_number a.prom sluice_rows_total 1
	expect_number a.prom sluice_windows_total 1
	expect_number a.prom sluice_windows_open 1
	expect_number a.prom sluice_event_time_seconds 61
	[ "$(number a.prom sluice_state_bytes)" -gt 0 ]
	exec 3>&-
	wait $tool
}

test_no_dry_run_writes() {
	lines 3 >in
	expect_status 0 kafka-to-lambda --dry-run --stats-file a.prom -- cat <in
	[ ! -e a.prom ]
}

run_tests
