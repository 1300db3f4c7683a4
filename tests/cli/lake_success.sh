#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 --success-after from pipes.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"

# hours COUNT: a record for each
hours() {
	awk -v count="$1" 'BEGIN { for (i = 0; i < count; i++) printf "{\"t\":\"2019-01-01T%02d:30:00Z\",\"p\":%d}\n", i, i % 2 }'
}

# shellcheck disable=SC2120 # expect_status gives it arguments
land() {
	kafka-to-s3 -q --time t --path 'p={p}/h={@hour}' --success-after 10m "$@" lake
}

complete() {
	find lake -name _SUCCESS | wc -l
}

test_the_end_of_a_pipe_completes_all() {
	hours 5 >in
	# without a time, and so without an hour
	echo '{"p":7}' >>in
	hours 5 | sed 's/"p":./"p":9/' >>in
	expect_status 0 land --max-records 3 --run-id one <in
	# five of p=0 and p=1, one of p=7, five of p=9
	[ "$(complete)" = 11 ]
	[ -z "$(find lake -name _SUCCESS -size +0)" ]
	[ -f lake/p=7/h=__DEFAULT_PARTITION__/_SUCCESS ]
	# those that exist are left
	touch -d 2001-01-01 lake/p=9/h=00/_SUCCESS
	expect_status 0 land --run-id two <in
	[ "$(date -r lake/p=9/h=00/_SUCCESS +%Y)" = 2001 ]
	expect_status 0 land --run-id three </dev/null
}

test_another_end_completes_nothing() {
	local tool status=0
	{ hours 5; echo broken; hours 5; } >in
	expect_status 65 land <in
	[ "$(complete)" = 0 ]
	[ "$(find lake -name '*.json' | wc -l)" = 5 ]
	rm -r lake
	mkfifo pipe
	kafka-to-s3 -q --time t --path 'p={p}/h={@hour}' --success-after 10m --max-age 50ms lake <pipe &
	tool=$!
	exec 9>pipe
	hours 5 >&9
	wait_for 20 test -d lake/p=0/h=04
	kill -TERM "$tool"
	wait "$tool" || status=$?
	exec 9>&-
	[ "$status" = 75 ]
	[ "$(complete)" = 0 ]
}

test_a_count_completes_nothing() {
	hours 5 >in
	expect_status 0 land -c 5 <in
	[ "$(complete)" = 0 ]
	[ "$(find lake -name '*.json' | wc -l)" = 5 ]
	expect_status 0 land -c 6 --run-id two <in
	[ "$(complete)" = 5 ]
}

test_without_the_option_there_is_none() {
	hours 3 | kafka-to-s3 -q --time t --path 'h={@hour}' lake
	[ "$(complete)" = 0 ]
}

test_a_replay_passes_over_it() {
	hours 5 >in
	land <in
	[ "$(complete)" = 5 ]
	find lake -type f | LC_ALL=C sort | xargs s3-to-kafka -q | LC_ALL=C sort >got
	LC_ALL=C sort in >want
	expect_same want got
}

test_usage() {
	expect_status 2 kafka-to-s3 --success-after 10m --path 'p={p}' lake </dev/null
	expect_line '--success-after needs a --path with parts of the event time' err
	expect_status 2 kafka-to-s3 --success-after 10m lake </dev/null
	expect_status 2 kafka-to-s3 --success-after 10m --path '{@day}' -b 127.0.0.1:1 -t a -p 0 lake
	expect_line '--success-after needs a group' err
	expect_status 2 kafka-to-s3 --success-after 10m --path $'d\xff={@day}' --time t lake </dev/null
	expect_line '--success-after needs a --path that is UTF-8' err
	expect_status 2 kafka-to-s3 --success-after 10 --path '{@day}' --time t lake </dev/null
	expect_status 0 kafka-to-s3 --success-after 0s --path '{@day}' --time t lake </dev/null
}

run_tests
