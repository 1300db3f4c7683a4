#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kafka-to-s3 from a real broker: names, positions, restarts, members that come and go.
# shellcheck source=tests/lib.sh
. "${srcdir:-.}/tests/lib.sh"
# shellcheck source=tests/services/lib.sh
. "$top_srcdir/tests/services/lib.sh"

# prepare RECORDS PARTITIONS: ./in into a fresh topic, $topic
prepare() {
	topic=$(fresh_id)
	create_topic "$topic" "$2"
	awk -v count="$1" 'BEGIN {
		for (i = 0; i < count; i++)
			printf "{\"id\":%d,\"p\":%d,\"pad\":\"%060d\"}\n", i, i * 7919 % 5, i
	}' >in
	s3-to-kafka -q -t "$topic" --key '{id}' in
}

land() {
	kafka-to-s3 -t "$topic" -G "g-$topic" --path 'p={p}' "$@" lake
}

# start_land OPTION...: in the background, its process in $tool
start_land() {
	kafka-to-s3 -q -t "$topic" -G "g-$topic" --path 'p={p}' "$@" lake &
	tool=$!
}

lines_of_lake() {
	find lake -type f -exec cat {} + 2>/dev/null
}

# every record, none twice
expect_all_once() {
	lines_of_lake | LC_ALL=C sort >got
	LC_ALL=C sort in >want
	expect_same want got
}

# every record; some twice
expect_all() {
	lines_of_lake | LC_ALL=C sort -u >got
	LC_ALL=C sort in >want
	expect_same want got
}

expect_committed() {
	[ "$(services group offsets "g-$topic" | awk '{ sum += $3 } END { print sum + 0 }')" = "$1" ] || {
		services group offsets "g-$topic"
		fail "not $1 records are committed"
	}
}

# what a file is called is what it holds
expect_true_names() {
	local file part first last
	while read -r file; do
		part=${file##*/"$topic"-}
		IFS=-. read -r part first last _ <<<"$part"
		kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$topic" -p "$((10#$part))" -o "$((10#$first))" -c 1 >a
		kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$topic" -p "$((10#$part))" -o "$((10#$last))" -c 1 >b
		head -n 1 "$file" | cmp - a
		tail -n 1 "$file" | cmp - b
	done < <(find lake -type f)
}

test_to_the_end_and_not_again() {
	prepare 20000 3
	expect_status 0 land -e
	expect_line '20000 records read: 20000 delivered, 0 rejected; 15 files' err
	expect_all_once
	expect_committed 20000
	expect_status 0 land -e
	expect_line ' 0 records read' err
	expect_all_once
	command -v kcat >/dev/null || skip "kcat is not installed"
	expect_true_names
}

test_what_was_published_before_is_recognised() {
	prepare 1000 1
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_status 0 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_line '; 20 files, [0-9]+ bytes, 20 of them there already$' err
	[ "$(find lake -type f | wc -l)" = 20 ]
	# other records under a name that is taken
	find lake -type f | head -n 1 | xargs cp "$(find lake -type f | tail -n 1)"
	expect_status 73 kafka-to-s3 -t "$topic" -p 0 -e -z zstd --path '{p}' --max-records 50 lake
	expect_line 'exists and holds something else' err
}

test_a_signal_drains_and_the_next_goes_on() {
	prepare 20000 3
	local round tool status
	for round in 1 2 3; do
		start_land 2>err
		sleep 1
		[ $round = 3 ] && sleep 2
		kill -TERM $tool
		status=0
		wait $tool || status=$?
		[ $status = 0 ] || fail "exit status $status: $(cat err)"
	done
	expect_all_once
	expect_committed 20000
}

has_more_lines() {
	[ "$(lines_of_lake | wc -l)" -gt "$1" ]
}

# static membership: the next takes the place of the dead one without waiting for its session's end
test_killed_at_any_moment_nothing_is_lost() {
	prepare 200000 3
	local round tool lines=0
	mkdir lake
	for round in 1 2 3 4 5 6; do
		start_land --max-records 100 -X group.instance.id=one 2>err
		# on a fast disk all may be there already
		[ "$lines" -gt 150000 ] || wait_for 30 has_more_lines "$lines"
		sleep "$((RANDOM % 2)).$((RANDOM % 10))"
		kill -KILL $tool
		wait $tool 2>/dev/null || true
		# nothing half, nothing hidden
		[ -z "$(find lake -name '.*' -type f)" ]
		lines_of_lake | jq -e . >/dev/null
		lines=$(lines_of_lake | LC_ALL=C sort -u | wc -l)
		echo "round $round: $lines records, $(lines_of_lake | wc -l) lines"
	done
	expect_status 0 land -e --max-records 100 -X group.instance.id=one
	expect_all
	expect_committed 200000
}

test_members_come_and_go() {
	prepare 50000 4
	local tool first second status=0
	start_land --max-records 700 2>err.1
	first=$tool
	sleep 0.5
	start_land --max-records 700 2>err.2
	second=$tool
	sleep 3
	kill -TERM $first
	wait $first || status=$?
	[ $status = 0 ] || fail "exit status $status: $(cat err.1)"
	expect_status 0 land -q -e
	kill -TERM $second
	wait $second || status=$?
	[ $status = 0 ] || fail "exit status $status: $(cat err.2)"
	expect_status 0 land -q -e
	# partitions were handed over whole: no record twice
	expect_all_once
	expect_committed 50000
}

test_age_publishes_and_commits() {
	prepare 100 1
	local tool status=0
	start_land --max-age 300ms 2>err
	wait_for 20 test -d lake/p=4
	wait_for 20 lake_has 100
	expect_all_once
	sleep 1.5
	expect_committed 100
	kill -TERM $tool
	wait $tool || status=$?
	[ $status = 0 ]
}

lake_has() {
	[ "$(lines_of_lake | wc -l)" = "$1" ]
}

test_a_bad_record_is_where_the_commit_ends() {
	prepare 10 1
	echo '{"id":1,' | s3-to-kafka -q -t "$topic"
	printf '%s\n' '{"id":11,"p":1}' | tee -a in | s3-to-kafka -q -t "$topic"
	expect_status 65 land -e
	expect_line "$topic\[0\]@10: byte 8: " err
	expect_committed 10
	[ "$(lines_of_lake | wc -l)" = 10 ]
	expect_status 0 land -e --dead-letter ./dead
	expect_line ' 2 records read: 1 delivered, 1 rejected' err
	[ "$(jq -r .offset dead)" = 10 ]
	[ "$(jq -r .payload dead)" = '{"id":1,' ]
	expect_committed 12
	expect_all_once
}

test_tombstones() {
	command -v kcat >/dev/null || skip "kcat is not installed"
	prepare 10 1
	printf 'key:\n' | kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K: -Z
	expect_status 65 land -e
	expect_line "$topic\[0\]@10: .*tombstone" err
	expect_status 0 land -e --skip-tombstones
	expect_line ' 1 records read: 0 delivered, 0 rejected, 1 filtered' err
	expect_committed 11
}

test_the_timestamp_of_a_record() {
	prepare 10 1
	expect_status 0 kafka-to-s3 -t "$topic" -e --path '{@topic}/{@partition}/{@year}' lake
	[ "$(find lake -type f | wc -l)" = 1 ]
	[ -d "lake/$topic/0/$(date -u +%Y)" ] || [ -d "lake/$topic/0/$(date -u -d yesterday +%Y)" ]
}

test_a_failing_write_commits_only_what_appeared() {
	prepare 20000 1
	(
		trap '' XFSZ
		ulimit -f 100
		expect_status 74 kafka-to-s3 -t "$topic" -G "g-$topic" -e --max-records 5000 lake
	)
	local committed
	committed=$(services group offsets "g-$topic" | awk '{ print $3 }')
	[ "$(lines_of_lake | wc -l)" = "$committed" ]
	expect_status 0 kafka-to-s3 -t "$topic" -G "g-$topic" -e lake
	expect_all_once
}

run_tests
